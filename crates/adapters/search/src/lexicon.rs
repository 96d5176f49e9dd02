//! The half that knows words: tantivy's schema, what is written into it, and the search inside a set of slots.

use std::{collections::HashSet, io, path::Path};

use botserver_ports::IndexPassage;
use roaring::RoaringBitmap;
use tantivy::{
    Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, SegmentMeta, TantivyDocument, Term,
    indexer::{IndexWriterOptions, LogMergePolicy},
    query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use crate::{
    catalogue::{Catalogue, Entry},
    directory::Shelf,
    files::Remembered,
    fusion::ByWords,
    vectors::Best,
    words::{Words, telling},
};

/// Memory of the writer before it writes a segment.
const BUDGET: usize = 30_000_000;
/// What the words of the title count beside those of the text.
const TITLE: f32 = 0.5;
/// Terms of a question that are looked up; of a longer one the rarest.
const TERMS: usize = 32;
/// Words of a question that are looked at.
const WORDS: usize = 256;
/// Languages that a question in an unknown one is stemmed by.
const LANGUAGES: usize = 6;
/// A segment with so many passages that are gone is written anew.
const GONE: f32 = 0.3;
/// In place of a slot, for a passage that is gone.
const NOWHERE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Fields {
    /// Which putting of a document.
    put: Field,
    /// The place of the passage among those of the document.
    place: Field,
    title: Field,
    text: Field,
}

fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqs).set_fieldnorms(true);
    let words = TextOptions::default().set_indexing_options(words);
    let number: NumericOptions = FAST.into();
    let fields = Fields {
        put: schema.add_u64_field("put", number.clone() | INDEXED),
        place: schema.add_u64_field("place", number),
        title: schema.add_text_field("title", words.clone()),
        text: schema.add_text_field("text", words),
    };
    (schema.build(), fields)
}

/// A change of words.
pub(crate) enum Edit<'a> {
    /// The passages of this putting.
    Add(&'a Entry, &'a [IndexPassage]),
    /// Those of this one are gone.
    Delete(u64),
}

fn open(folder: &Path, segments: &str) -> tantivy::Result<(Shelf, Index)> {
    let shelf = Shelf::open(folder, segments)?;
    let index = if segments.is_empty() {
        Index::create(shelf.clone(), schema().0, IndexSettings::default())?
    } else {
        Index::open(shelf.clone())?
    };
    Ok((shelf, index))
}

/// Makes changes. Returns tantivy's account and its files; nothing of what the account before named is touched.
pub(crate) fn edit(folder: &Path, segments: &str, edits: &[Edit<'_>]) -> tantivy::Result<(String, Vec<Remembered>)> {
    let (shelf, index) = open(folder, segments)?;
    let fields = schema().1;
    let options = IndexWriterOptions::builder()
        .memory_budget_per_thread(BUDGET)
        .num_worker_threads(1)
        .num_merge_threads(1)
        .build();
    let mut writer: IndexWriter = index.writer_with_options(options)?;
    let mut merging = LogMergePolicy::default();
    merging.set_del_docs_ratio_before_merge(GONE);
    writer.set_merge_policy(Box::new(merging));
    for edit in edits {
        match edit {
            Edit::Delete(put) => {
                writer.delete_term(Term::from_field_u64(fields.put, *put));
            }
            Edit::Add(entry, passages) => {
                let words = Words::of(&entry.language);
                for (place, passage) in (0_u64..).zip(*passages) {
                    let mut document = TantivyDocument::new();
                    document.add_u64(fields.put, entry.put);
                    document.add_u64(fields.place, place);
                    document.add_pre_tokenized_text(fields.title, tokens(&words, &passage.title));
                    document.add_pre_tokenized_text(fields.text, tokens(&words, &passage.text));
                    writer.add_document(document)?;
                }
            }
        }
    }
    writer.commit()?;
    writer.wait_merging_threads()?;
    let names = file_names(folder, &index.searchable_segment_metas()?)?;
    let files = names.iter().map(|name| Remembered::look(folder, name)).collect::<io::Result<_>>()?;
    Ok((shelf.segments(), files))
}

fn tokens(words: &Words, text: &str) -> PreTokenizedString {
    let tokens = words.terms(text).into_iter().enumerate();
    let token = |(position, text)| Token { position, text, ..Token::default() };
    PreTokenizedString { text: String::new(), tokens: tokens.map(token).collect() }
}

/// The files of segments. Tantivy does not tell their endings, but all of a segment begin with its id.
fn file_names(folder: &Path, segments: &[SegmentMeta]) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let Ok(name) = entry?.file_name().into_string() else { continue };
        let Some((id, ending)) = name.split_once('.') else { continue };
        let Some(segment) = segments.iter().find(|segment| segment.id().uuid_string() == id) else { continue };
        let deletes = segment.delete_opstamp().map(|stamp| format!("{stamp}.del"));
        let is_old = ending.ends_with("del") && Some(ending) != deletes.as_deref();
        if !is_old && !ending.ends_with("temp") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The words as they are at one moment.
pub(crate) struct Lexicon {
    searcher: Searcher,
    fields: Fields,
    /// For each segment the slots of its documents.
    slots: Vec<Vec<u32>>,
}

impl Lexicon {
    pub(crate) fn open(folder: &Path, segments: &str, catalogue: &Catalogue) -> tantivy::Result<Self> {
        let (_, index) = open(folder, segments)?;
        let reader: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let searcher = reader.searcher();
        let places = catalogue.places();
        let mut slots = Vec::new();
        for segment in searcher.segment_readers() {
            let (put, place) = (segment.fast_fields().u64("put")?, segment.fast_fields().u64("place")?);
            let slot = |document: u32| {
                if segment.alive_bitset().is_some_and(|alive| alive.is_deleted(document)) {
                    return None;
                }
                let (first, count) = places.get(&put.first(document)?)?;
                let place = u32::try_from(place.first(document)?).ok().filter(|place| place < count)?;
                Some(first + place)
            };
            slots.push((0..segment.max_doc()).map(|document| slot(document).unwrap_or(NOWHERE)).collect());
        }
        Ok(Self { searcher, fields: schema().1, slots })
    }

    /// The best passages of a set by the words of a question.
    pub(crate) fn search(
        &self,
        text: &str,
        languages: &[&str],
        among: &RoaringBitmap,
        limit: usize,
    ) -> tantivy::Result<ByWords> {
        let (terms, ideal) = self.terms(text, languages)?;
        if terms.is_empty() || among.is_empty() || limit == 0 {
            return Ok(ByWords::default());
        }
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for term in terms {
            let query =
                |field| Box::new(TermQuery::new(Term::from_field_text(field, &term), IndexRecordOption::WithFreqs));
            clauses.push((Occur::Should, query(self.fields.text)));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(query(self.fields.title), TITLE))));
        }
        let query = BooleanQuery::new(clauses);
        let weight = query.weight(EnableScoring::enabled_from_searcher(&self.searcher))?;
        let allowed = Bits::of(among);
        let mut best = Best::new(limit);
        for (segment, slots) in self.searcher.segment_readers().iter().zip(&self.slots) {
            // Only what the reader may see raises the bar, so what is skipped below it is not among the best of it.
            weight.for_each_pruning(best.threshold(), segment, &mut |document, score| {
                let slot = slots.get(document as usize).copied().unwrap_or(NOWHERE);
                if allowed.has(slot) {
                    best.offer(score, slot);
                }
                best.threshold()
            })?;
        }
        Ok(ByWords { ranking: best.sorted(), ideal })
    }

    /// The terms of a question that there are, and what a passage would get that has each of its words.
    fn terms(&self, text: &str, languages: &[&str]) -> tantivy::Result<(Vec<String>, f32)> {
        let stemmers: Vec<Words> = match languages {
            [] => vec![Words::of("")],
            some => some.iter().take(LANGUAGES).map(|language| Words::of(language)).collect(),
        };
        let passages = self.searcher.num_docs() as f32;
        let rarity = |count: u64| (1.0 + (passages - count as f32 + 0.5).max(0.0) / (count as f32 + 0.5)).ln();
        let (mut terms, mut ideal, mut seen) = (Vec::new(), 0.0, HashSet::new());
        for word in telling(text, languages).into_iter().take(WORDS) {
            let mut most = 0;
            for stemmer in &stemmers {
                let term = stemmer.term(&word);
                let mut count = 0;
                for field in [self.fields.text, self.fields.title] {
                    count = count.max(self.searcher.doc_freq(&Term::from_field_text(field, &term))?);
                }
                most = most.max(count);
                if count > 0 && seen.insert(term.clone()) {
                    terms.push((rarity(count), term));
                }
            }
            ideal += rarity(most);
        }
        terms.sort_by(|one, two| two.0.total_cmp(&one.0));
        terms.truncate(TERMS);
        Ok((terms.into_iter().map(|(_, term)| term).collect(), ideal))
    }
}

/// A set that answers faster than the one it is made of.
struct Bits(Vec<u64>);

impl Bits {
    fn of(set: &RoaringBitmap) -> Self {
        let mut bits = vec![0_u64; set.max().map_or(0, |last| last as usize / 64 + 1)];
        for slot in set {
            if let Some(part) = bits.get_mut(slot as usize / 64) {
                *part |= 1 << (slot % 64);
            }
        }
        Self(bits)
    }

    fn has(&self, slot: u32) -> bool {
        self.0.get(slot as usize / 64).is_some_and(|part| part >> (slot % 64) & 1 == 1)
    }
}
