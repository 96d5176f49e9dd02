//! The labelled set of `bench/data/retrieval` through the real index and the real model: nDCG@10 and recall@10.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use botserver_ports::{
    EmbedKind, Embedder, Fusion, IndexChange, IndexDocument, IndexPassage, IndexQuery, IndexSpec, SearchIndex as _,
};
use botserver_search::FolderIndex;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::report::{Section, Table};

/// Places that count.
const AT: usize = 10;
/// Less than this says nothing, by what the set says of itself.
const NOISE: f64 = 0.02;

pub(crate) struct Passage {
    id: String,
    language: String,
    pub(crate) title: String,
    pub(crate) text: String,
}

impl Passage {
    pub(crate) fn whole(&self) -> String {
        format!("{}\n{}", self.title, self.text)
    }
}

struct Question {
    language: String,
    text: String,
    relevant: BTreeMap<String, u32>,
}

pub(crate) struct LabelledSet {
    pub(crate) passages: Vec<Passage>,
    questions: Vec<Question>,
}

fn lines(file: &Path) -> Result<Vec<Json>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn text(line: &Json, name: &str) -> Result<String> {
    Ok(line[name].as_str().with_context(|| format!("no {name} in {line}"))?.to_owned())
}

impl LabelledSet {
    pub(crate) fn read(bench: &Path) -> Result<Self> {
        let folder = bench.join("data/retrieval");
        let passage = |line: &Json| {
            let (id, language) = (text(line, "id")?, text(line, "lang")?);
            Ok(Passage { id, language, title: text(line, "title")?, text: text(line, "text")? })
        };
        let question = |line: &Json| {
            let relevant = serde_json::from_value(line["relevant"].clone())?;
            Ok(Question { language: text(line, "lang")?, text: text(line, "question")?, relevant })
        };
        let passages: Result<Vec<Passage>> = lines(&folder.join("passages.jsonl"))?.iter().map(passage).collect();
        let questions: Result<Vec<Question>> = lines(&folder.join("questions.jsonl"))?.iter().map(question).collect();
        Ok(Self { passages: passages?, questions: questions? })
    }

    /// Each passage as a document, with its vector where there are vectors.
    pub(crate) fn changes(&self, vectors: &[Vec<f32>]) -> Vec<IndexChange> {
        let put = |(number, own): (usize, &Passage)| {
            IndexChange::Put(IndexDocument {
                id: Uuid::from_u128(number as u128),
                collection: Uuid::nil(),
                language: own.language.clone(),
                grants: vec!["all".to_owned()],
                passages: vec![IndexPassage {
                    number: 0,
                    title: own.title.clone(),
                    text: own.text.clone(),
                    vector: vectors.get(number).cloned(),
                }],
            })
        };
        self.passages.iter().enumerate().map(put).collect()
    }
}

/// Sums of nDCG@10 and of recall@10, and how many they are of.
#[derive(Clone, Copy, Default)]
struct Score([f64; 2], usize);

impl Score {
    fn add(&mut self, ndcg: f64, recall: f64) {
        self.0 = [self.0[0] + ndcg, self.0[1] + recall];
        self.1 += 1;
    }

    fn mean(&self) -> [f64; 2] {
        self.0.map(|sum| sum / self.1.max(1) as f64)
    }
}

fn score(question: &Question, found: &[&str]) -> (f64, f64) {
    let worth = |grade: u32, place: usize| f64::from((1_u32 << grade) - 1) / ((place + 2) as f64).log2();
    let grade = |id: &&str| question.relevant.get(*id).copied().unwrap_or(0);
    let gained: f64 = found.iter().map(grade).enumerate().map(|(place, grade)| worth(grade, place)).sum();
    let mut grades: Vec<u32> = question.relevant.values().copied().collect();
    grades.sort_unstable_by(|one, two| two.cmp(one));
    let most: f64 = grades.iter().take(AT).enumerate().map(|(place, grade)| worth(*grade, place)).sum();
    let hits = found.iter().filter(|id| grade(id) > 0).count();
    (gained / most, hits as f64 / question.relevant.len().min(AT) as f64)
}

pub(crate) async fn measure(set: &LabelledSet, embedder: &impl Embedder, folder: &Path) -> Result<Section> {
    let answered: Vec<&Question> = set.questions.iter().filter(|own| !own.relevant.is_empty()).collect();
    let mut section = Section {
        title: "Retrieval: quality",
        method: format!(
            "{} passages and {} questions with an answer, English and Portuguese, labelled by reading \
             (`bench/data/retrieval`), through the index and the embedder of the server ({}, int8). The means over the \
             questions of nDCG@10 and recall@10; a difference of less than {NOISE} says nothing.",
            set.passages.len(),
            answered.len(),
            embedder.name(),
        ),
        ..Section::default()
    };
    let index = FolderIndex::open(folder);
    let spec = IndexSpec { name: "labelled".to_owned(), dimensions: embedder.dimensions().await? };
    let texts: Vec<String> = set.passages.iter().map(Passage::whole).collect();
    let vectors = embedder.embed(&texts, EmbedKind::Passage).await?;
    index.apply(&spec, set.changes(&vectors)).await?;
    let asked: Vec<String> = answered.iter().map(|own| own.text.clone()).collect();
    let asked = embedder.embed(&asked, EmbedKind::Query).await?;
    // Words, meaning, both.
    let mut scores: BTreeMap<&str, [Score; 3]> = BTreeMap::new();
    for (question, vector) in answered.iter().zip(asked) {
        for (way, scored) in [(true, false), (false, true), (true, true)].into_iter().enumerate() {
            let query = IndexQuery {
                text: if scored.0 { question.text.clone() } else { String::new() },
                language: None,
                vector: scored.1.then(|| vector.clone()),
                collections: Vec::new(),
                grants: vec!["all".to_owned()],
                limit: AT,
                fusion: Fusion::default(),
            };
            let hits = index.search(&spec, query).await?;
            let found: Vec<&str> = hits
                .iter()
                .filter_map(|hit| set.passages.get(hit.document.as_u128() as usize))
                .map(|own| own.id.as_str())
                .collect();
            ensure!(found.len() == hits.len(), "a passage that nobody put in was found");
            let (ndcg, recall) = score(question, &found);
            for group in ["all", question.language.as_str()] {
                scores.entry(group).or_default()[way].add(ndcg, recall);
            }
        }
    }
    let mut table = Table::new(
        "",
        &[
            "questions asked in",
            "lexical: nDCG@10",
            "recall@10",
            "vector: nDCG@10",
            "recall@10",
            "fused: nDCG@10",
            "recall@10",
        ],
    );
    for (group, name) in [("en", "English"), ("pt", "Portuguese"), ("all", "both languages")] {
        let Some(ways) = scores.get(group) else { continue };
        let means = ways.map(|own| own.mean());
        let cells = means.iter().flatten().map(|mean| format!("{mean:.3}"));
        table.row([format!("{name} ({})", ways[0].1)].into_iter().chain(cells));
        let [words, meaning, both] = means.map(|[ndcg, _]| ndcg);
        eprintln!("  {name}: words {words:.3}, meaning {meaning:.3}, both {both:.3}");
        section.goal(
            &format!("fused ranking beside its better half, {name}, nDCG@10"),
            "no worse",
            format!("{both:.3} beside {:.3}", words.max(meaning)),
            both >= words.max(meaning) - NOISE,
        );
    }
    section.tables.push(table);
    Ok(section)
}
