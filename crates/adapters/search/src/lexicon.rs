//! The half that knows words: tantivy's schema, what is written into it, and the search inside a set of slots.

use std::{
    collections::{HashMap, HashSet},
    io,
    path::Path,
};

use botserver_ports::IndexPassage;
use roaring::RoaringBitmap;
use tantivy::{
    DocSet as _, Index, IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Score, Searcher, SegmentMeta,
    SegmentReader, TantivyDocument, Term,
    indexer::{IndexWriterOptions, LogMergePolicy},
    query::{BooleanQuery, BoostQuery, EnableScoring, Occur, Query, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use crate::{
    catalogue::{Catalogue, Entry},
    deadline::Deadline,
    directory::Shelf,
    files::Remembered,
    fusion::ByWords,
    vectors::Best,
    words::{Asked, Words, telling},
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
/// Words of a question that may be a heading, at most.
const HEADING: usize = 12;
/// The share of a title that a question must be for the passage to count as headed by it.
const MUCH: f32 = 0.3;
/// Passages of a segment that are headed by a question, at most.
const MOST_HEADED: usize = 500;
/// Every so many passages the time is looked at.
const LOOKS: u32 = 4_096;
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

    /// What a question asks for in the words of this index.
    pub(crate) fn question(&self, text: &str, languages: &[&str]) -> tantivy::Result<Question> {
        let stemmers: Vec<Words> = match languages {
            [] => vec![Words::of("")],
            some => some.iter().take(LANGUAGES).map(|language| Words::of(language)).collect(),
        };
        let passages = self.searcher.num_docs() as f32;
        let rarity = |count: u64| (1.0 + (passages - count as f32 + 0.5).max(0.0) / (count as f32 + 0.5)).ln();
        let Asked { words, is_empty_talk } = telling(text, languages);
        let mut question = Question { terms: Vec::new(), words: Vec::new(), is_empty_talk };
        let mut seen = HashSet::new();
        for (place, word) in words.into_iter().take(WORDS).enumerate() {
            let mut most = 0;
            for stemmer in &stemmers {
                let term = stemmer.term(&word);
                let mut count = 0;
                for field in [self.fields.text, self.fields.title] {
                    count = count.max(self.searcher.doc_freq(&Term::from_field_text(field, &term))?);
                }
                most = most.max(count);
                if count > 0 && seen.insert(term.clone()) {
                    question.terms.push(Asking { rarity: rarity(count), word: place, term });
                }
            }
            // A word that is nowhere says no more than one that is in a single passage: in a small index it would drown
            // all others.
            question.words.push(rarity(most.max(1)));
        }
        question.terms.sort_by(|one, two| two.rarity.total_cmp(&one.rarity));
        question.terms.truncate(TERMS);
        Ok(question)
    }

    /// The best passages of a set by the words of a question.
    pub(crate) fn search(
        &self,
        question: &Question,
        among: &RoaringBitmap,
        limit: usize,
        deadline: &Deadline,
    ) -> tantivy::Result<ByWords> {
        if question.terms.is_empty() || among.is_empty() || limit == 0 {
            return Ok(ByWords::default());
        }
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for Asking { term, .. } in &question.terms {
            clauses.push((Occur::Should, term_query(self.fields.text, term)));
            clauses.push((Occur::Should, Box::new(BoostQuery::new(term_query(self.fields.title, term), TITLE))));
        }
        let weight = BooleanQuery::new(clauses).weight(EnableScoring::enabled_from_searcher(&self.searcher))?;
        let allowed = Bits::of(among);
        let ideal = question.ideal();
        let mut best = Best::new(limit);
        let mut headed: HashMap<u32, f32> = HashMap::new();
        for (segment, slots) in self.searcher.segment_readers().iter().zip(&self.slots) {
            let slot = |document: u32| slots.get(document as usize).copied().filter(|slot| allowed.has(*slot));
            // Passages that are headed by the question are few. They are looked at apart, so that the many others can
            // still be skipped by what the words are worth at most.
            let titles = self.headed(question, segment)?;
            if !titles.is_empty() {
                let mut scorer = weight.scorer(segment, 1.0)?;
                for (document, share) in titles {
                    let Some(slot) = slot(document) else { continue };
                    if scorer.doc() < document {
                        scorer.seek(document);
                    }
                    let words = if scorer.doc() == document { scorer.score() } else { 0.0 };
                    headed.insert(slot, words + share * ideal);
                }
            }
            if question.is_empty_talk {
                continue;
            }
            // Only what the reader may see raises the bar, so what is skipped below it is not among the best of it.
            let mut looked = 0_u32;
            weight.for_each_pruning(best.threshold(), segment, &mut |document, score| {
                looked = looked.wrapping_add(1);
                if looked.is_multiple_of(LOOKS) && deadline.is_over() {
                    return Score::MAX;
                }
                if let Some(slot) = slot(document) {
                    best.offer(score, slot);
                }
                best.threshold()
            })?;
        }
        let mut ranking: Vec<(f32, u32)> =
            best.sorted().into_iter().filter(|(_, slot)| !headed.contains_key(slot)).collect();
        ranking.extend(headed.into_iter().map(|(slot, score)| (score, slot)));
        ranking.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)));
        ranking.truncate(limit);
        Ok(ByWords { ranking, ideal })
    }

    /// The passages of a segment whose title has every word of the question, in order, with the share of the title that
    /// the question is; only where that is much of it.
    fn headed(&self, question: &Question, segment: &SegmentReader) -> tantivy::Result<Vec<(u32, f32)>> {
        let words = question.words.len();
        let mut found = Vec::new();
        if words > HEADING || (0..words).any(|word| question.terms.iter().all(|asking| asking.word != word)) {
            return Ok(found);
        }
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for word in 0..words {
            let terms = question.terms.iter().filter(|asking| asking.word == word);
            let any = terms.map(|asking| (Occur::Should, term_query(self.fields.title, &asking.term))).collect();
            clauses.push((Occur::Must, Box::new(BooleanQuery::new(any))));
        }
        let weight = BooleanQuery::new(clauses).weight(EnableScoring::disabled_from_searcher(&self.searcher))?;
        let lengths = segment.get_fieldnorms_reader(self.fields.title)?;
        weight.for_each_no_score(segment, &mut |documents| {
            for document in documents {
                let share = words as f32 / lengths.fieldnorm(*document).max(1) as f32;
                if share >= MUCH && found.len() < MOST_HEADED {
                    found.push((*document, share.min(1.0)));
                }
            }
        })?;
        found.sort_unstable_by_key(|(document, _)| *document);
        Ok(found)
    }

    /// How much of a question each of these passages covers, by slot; nothing for those that have none of its words.
    pub(crate) fn coverage(&self, question: &Question, wanted: &[u32]) -> tantivy::Result<HashMap<u32, f32>> {
        let mut covered = HashMap::new();
        if question.is_empty_talk {
            return Ok(wanted.iter().map(|slot| (*slot, 0.0)).collect());
        }
        let (all, wanted): (f32, RoaringBitmap) = (question.ideal(), wanted.iter().copied().collect());
        let bits = Bits::of(&wanted);
        for (segment, slots) in self.searcher.segment_readers().iter().zip(&self.slots) {
            let documents: Vec<(u32, u32)> = (0..)
                .zip(slots)
                .filter(|(_, slot)| bits.has(**slot))
                .map(|(document, slot)| (document, *slot))
                .collect();
            if documents.is_empty() {
                continue;
            }
            let mut words: HashMap<u32, HashSet<usize>> = HashMap::new();
            for field in [self.fields.text, self.fields.title] {
                let inverted = segment.inverted_index(field)?;
                for asking in &question.terms {
                    let term = Term::from_field_text(field, &asking.term);
                    let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
                    for (document, slot) in &documents {
                        if postings.doc() < *document {
                            postings.seek(*document);
                        }
                        if postings.doc() == *document {
                            words.entry(*slot).or_default().insert(asking.word);
                        }
                    }
                }
            }
            for (slot, words) in words {
                let worth: f32 = words.into_iter().filter_map(|word| question.words.get(word)).sum();
                covered.insert(slot, if all > 0.0 { (worth / all).min(1.0) } else { 0.0 });
            }
        }
        Ok(covered)
    }
}

/// A question in the words of an index.
#[derive(Debug)]
pub(crate) struct Question {
    terms: Vec<Asking>,
    /// How rare each of its words is.
    words: Vec<f32>,
    /// Stop words are all there is: they find only what is headed by all of them.
    pub(crate) is_empty_talk: bool,
}

/// A term that the index has.
#[derive(Debug)]
struct Asking {
    rarity: f32,
    /// The place of its word in the question.
    word: usize,
    term: String,
}

impl Question {
    /// What a passage gets that has each of the words once.
    fn ideal(&self) -> f32 {
        self.words.iter().sum()
    }
}

fn term_query(field: Field, term: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, term), IndexRecordOption::WithFreqs))
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
