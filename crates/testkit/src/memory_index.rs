//! A search index in a map, for tests of what uses one. Its words are compared by their first letters, its rankings
//! are fused by rank alone: good enough to find things, not to judge how well they are found.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use botserver_ports::{
    IndexChange, IndexDocument, IndexError, IndexHit, IndexPassage, IndexQuery, IndexSpec, IndexStats, SearchIndex,
};
use parking_lot::Mutex;
use uuid::Uuid;

/// How many letters of a word count: a stemmer for every language.
const STEM: usize = 5;
/// How many passages of each ranking are fused.
const DEPTH: usize = 200;
/// The constant of reciprocal rank fusion.
const K: f32 = 60.0;

/// Indexes in memory.
#[derive(Debug, Default)]
pub struct MemoryIndex(Mutex<BTreeMap<String, Held>>);

#[derive(Clone, Debug)]
struct Held {
    dimensions: usize,
    documents: BTreeMap<Uuid, IndexDocument>,
}

impl MemoryIndex {
    /// What is in an index as it was put there, in the order of ids.
    pub fn contents(&self, index: &str) -> Vec<IndexDocument> {
        self.0.lock().get(index).map(|held| held.documents.values().cloned().collect()).unwrap_or_default()
    }
}

fn check_name(name: &str) -> Result<(), IndexError> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || !name.chars().all(fits) {
        return Err(IndexError::Unavailable(format!("`{name}` cannot be the name of an index")));
    }
    Ok(())
}

fn check_length(index: &IndexSpec, expected: usize, given: usize) -> Result<(), IndexError> {
    if expected == given {
        return Ok(());
    }
    Err(IndexError::Dimensions { index: index.name.clone(), expected, given })
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.to_lowercase().chars().take(STEM).collect()).collect()
}

fn counts(passage: &IndexPassage) -> HashMap<String, f32> {
    let mut counts = HashMap::new();
    for word in words(&passage.title).into_iter().chain(words(&passage.text)) {
        *counts.entry(word).or_insert(0.0) += 1.0;
    }
    counts
}

/// Each passage's BM25, for passages with one of the words.
fn lexical(passages: &[(Uuid, &IndexPassage)], text: &str) -> Vec<(f32, usize)> {
    let wanted: HashSet<String> = words(text).into_iter().collect();
    let counted: Vec<_> = passages.iter().map(|(_, passage)| counts(passage)).collect();
    let length = |counts: &HashMap<String, f32>| counts.values().sum::<f32>();
    let average = (counted.iter().map(length).sum::<f32>() / counted.len().max(1) as f32).max(1.0);
    let rarity = |word: &String| {
        let with = counted.iter().filter(|counts| counts.contains_key(word)).count() as f32;
        (1.0 + (counted.len() as f32 - with + 0.5) / (with + 0.5)).ln()
    };
    let rarities: Vec<(&String, f32)> = wanted.iter().map(|word| (word, rarity(word))).collect();
    let score = |counts: &HashMap<String, f32>| {
        let norm = 1.2 * (0.25 + 0.75 * length(counts) / average);
        let part = |(word, rarity): &(&String, f32)| {
            counts.get(*word).map_or(0.0, |count| rarity * count * 2.2 / (count + norm))
        };
        rarities.iter().map(part).sum::<f32>()
    };
    let scored = counted.iter().enumerate().map(|(place, counts)| (score(counts), place));
    best(scored.filter(|(score, _)| *score > 0.0).collect())
}

/// The share of the question's words that a passage has.
fn coverage(passage: &IndexPassage, text: &str) -> f32 {
    let (wanted, counts): (HashSet<String>, _) = (words(text).into_iter().collect(), counts(passage));
    wanted.iter().filter(|word| counts.contains_key(*word)).count() as f32 / wanted.len().max(1) as f32
}

fn nearest(passages: &[(Uuid, &IndexPassage)], question: &[f32]) -> Vec<(f32, usize)> {
    let cosine = |vector: &Vec<f32>| vector.iter().zip(question).map(|(one, two)| one * two).sum::<f32>();
    let scored = passages
        .iter()
        .enumerate()
        .filter_map(|(place, (_, passage))| passage.vector.as_ref().map(|vector| (cosine(vector), place)));
    best(scored.collect())
}

/// Best first; of equal ones the first stays first.
fn best(mut scored: Vec<(f32, usize)>) -> Vec<(f32, usize)> {
    scored.sort_by(|one, two| two.0.total_cmp(&one.0));
    scored.truncate(DEPTH);
    scored
}

impl Held {
    fn check(&self, index: &IndexSpec, changes: &[IndexChange]) -> Result<(), IndexError> {
        check_length(index, self.dimensions, index.dimensions)?;
        for change in changes {
            let IndexChange::Put(document) = change else { continue };
            for vector in document.passages.iter().filter_map(|passage| passage.vector.as_ref()) {
                check_length(index, self.dimensions, vector.len())?;
            }
        }
        Ok(())
    }

    fn search(&self, query: &IndexQuery) -> Vec<IndexHit> {
        let readable = self.documents.values().filter(|document| {
            document.grants.iter().any(|grant| query.grants.contains(grant))
                && (query.collections.is_empty() || query.collections.contains(&document.collection))
        });
        let passages: Vec<(Uuid, &IndexPassage)> =
            readable.flat_map(|document| document.passages.iter().map(|passage| (document.id, passage))).collect();
        let by_words = lexical(&passages, &query.text);
        let by_meaning = query.vector.as_ref().map(|vector| nearest(&passages, vector)).unwrap_or_default();
        let mut hits: BTreeMap<usize, IndexHit> = BTreeMap::new();
        for (ranking, weight, words) in
            [(by_words, query.fusion.lexical, true), (by_meaning, query.fusion.vector, false)]
        {
            for (rank, (score, place)) in ranking.into_iter().enumerate() {
                let Some((document, passage)) = passages.get(place) else { continue };
                let (document, number) = (*document, passage.number);
                let new = IndexHit { document, number, score: 0.0, lexical: None, cosine: None, coverage: None };
                let hit = hits.entry(place).or_insert(new);
                hit.score += weight / (K + rank as f32 + 1.0);
                *(if words { &mut hit.lexical } else { &mut hit.cosine }) = Some(score);
                if words {
                    hit.coverage = Some(coverage(passage, &query.text));
                }
            }
        }
        let mut hits: Vec<IndexHit> = hits.into_values().collect();
        hits.sort_by(|one, two| two.score.total_cmp(&one.score));
        hits.truncate(query.limit);
        hits
    }
}

#[async_trait]
impl SearchIndex for MemoryIndex {
    async fn apply(&self, index: &IndexSpec, changes: Vec<IndexChange>) -> Result<(), IndexError> {
        check_name(&index.name)?;
        let mut indexes = self.0.lock();
        let empty = Held { dimensions: index.dimensions, documents: BTreeMap::new() };
        indexes.get(&index.name).unwrap_or(&empty).check(index, &changes)?;
        let documents = &mut indexes.entry(index.name.clone()).or_insert(empty).documents;
        for change in changes {
            match change {
                IndexChange::Put(document) => {
                    documents.insert(document.id, document);
                }
                IndexChange::Grant { id, grants } => {
                    if let Some(document) = documents.get_mut(&id) {
                        document.grants = grants;
                    }
                }
                IndexChange::Remove { id } => {
                    documents.remove(&id);
                }
            }
        }
        Ok(())
    }

    async fn search(&self, index: &IndexSpec, query: IndexQuery) -> Result<Vec<IndexHit>, IndexError> {
        check_name(&index.name)?;
        let indexes = self.0.lock();
        let Some(held) = indexes.get(&index.name) else { return Ok(Vec::new()) };
        held.check(index, &[])?;
        if let Some(vector) = &query.vector {
            check_length(index, held.dimensions, vector.len())?;
        }
        Ok(held.search(&query))
    }

    async fn documents(&self, index: &IndexSpec) -> Result<Vec<Uuid>, IndexError> {
        check_name(&index.name)?;
        Ok(self.0.lock().get(&index.name).map(|held| held.documents.keys().copied().collect()).unwrap_or_default())
    }

    async fn stats(&self, index: &IndexSpec) -> Result<IndexStats, IndexError> {
        check_name(&index.name)?;
        let indexes = self.0.lock();
        let Some(held) = indexes.get(&index.name) else { return Ok(IndexStats::default()) };
        let passages = || held.documents.values().flat_map(|document| &document.passages);
        Ok(IndexStats {
            documents: held.documents.len() as u64,
            passages: passages().count() as u64,
            vectors: passages().filter(|passage| passage.vector.is_some()).count() as u64,
            bytes: passages().map(|passage| passage.text.len() as u64).sum(),
        })
    }

    async fn list(&self) -> Result<Vec<String>, IndexError> {
        Ok(self.0.lock().keys().cloned().collect())
    }

    async fn drop_index(&self, name: &str) -> Result<(), IndexError> {
        check_name(name)?;
        self.0.lock().remove(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn the_index_fake_keeps_the_contract() -> anyhow::Result<()> {
        crate::contract::search_index(async || Ok(Arc::new(MemoryIndex::default()) as Arc<dyn SearchIndex>)).await
    }
}
