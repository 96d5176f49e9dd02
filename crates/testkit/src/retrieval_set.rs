//! The labelled retrieval set of `bench/data/retrieval`: its passages and questions, and the vectors that the real
//! embedding model made of them once, so that tests of quality need no model and give the same figures everywhere.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use botserver_ports::{EmbedError, EmbedKind, Embedder};
use serde::{Deserialize, de::DeserializeOwned};

/// Numbers in a vector of the set.
const NUMBERS: usize = 384;
/// The name of the model that made the vectors.
const MODEL: &str = "stored";

/// A passage.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledPassage {
    /// Its id.
    pub id: String,
    /// `en` or `pt`.
    #[serde(rename = "lang")]
    pub language: String,
    /// The headings above it, joined with ` › `.
    pub title: String,
    /// Its text.
    pub text: String,
}

impl LabelledPassage {
    /// What is embedded: title and text.
    pub fn whole(&self) -> String {
        format!("{}\n{}", self.title, self.text)
    }
}

/// A question with the passages that answer it.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledQuestion {
    /// Its id.
    pub id: String,
    /// `en` or `pt`.
    #[serde(rename = "lang")]
    pub language: String,
    /// What it tries; empty where that does not matter.
    #[serde(default)]
    pub kind: String,
    /// The question before it in the same conversation, for those that lean on one.
    #[serde(default)]
    pub before: String,
    /// Its text.
    pub question: String,
    /// Passages by id, with grade 2 (answers it) or 1 (helps). Empty when nothing answers it.
    #[serde(default)]
    pub relevant: BTreeMap<String, u32>,
}

/// The whole set.
#[derive(Clone, Debug)]
pub struct RetrievalSet {
    /// What is searched.
    pub passages: Vec<LabelledPassage>,
    /// What is asked, also what has no answer.
    pub questions: Vec<LabelledQuestion>,
    /// Second questions of a conversation that mean little by themselves.
    pub follow_ups: Vec<LabelledQuestion>,
    /// Questions about something else altogether.
    pub outside: Vec<LabelledQuestion>,
    vectors: HashMap<u32, Vec<i8>>,
}

impl RetrievalSet {
    /// Reads it from the folder, which a checkout has.
    pub fn load() -> Result<Self> {
        let mut set = Self::without_vectors()?;
        let stored = std::fs::read(folder().join("vectors.bin")).context("vectors.bin")?;
        ensure!(stored.len().is_multiple_of(4 + NUMBERS), "vectors.bin is cut off");
        for record in stored.chunks_exact(4 + NUMBERS) {
            let (key, numbers) = record.split_at(4);
            let numbers = numbers.iter().map(|number| number.cast_signed()).collect();
            set.vectors.insert(u32::from_le_bytes(key.try_into()?), numbers);
        }
        Ok(set)
    }

    /// The same without the vectors: what makes them reads this.
    pub fn without_vectors() -> Result<Self> {
        Ok(Self {
            passages: lines("passages.jsonl")?,
            questions: lines("questions.jsonl")?,
            follow_ups: lines("follow-ups.jsonl")?,
            outside: lines("outside.jsonl")?,
            vectors: HashMap::new(),
        })
    }

    /// Every text that has a vector, each once.
    pub fn texts(&self) -> Vec<String> {
        let mut texts: Vec<String> = self.passages.iter().map(LabelledPassage::whole).collect();
        for own in self.questions.iter().chain(&self.outside).chain(&self.follow_ups) {
            texts.push(own.question.clone());
        }
        for own in &self.follow_ups {
            texts.push(own.before.clone());
            texts.push(joined(&own.before, &own.question));
        }
        texts.sort();
        texts.dedup();
        texts
    }

    /// The vector of a text of the set; blanks and line breaks do not count.
    pub fn vector(&self, text: &str) -> Option<Vec<f32>> {
        let numbers = self.vectors.get(&key(text))?;
        let length = numbers.iter().map(|number| f32::from(*number).powi(2)).sum::<f32>().sqrt();
        Some(numbers.iter().map(|number| f32::from(*number) / length).collect())
    }

    /// The file of vectors, of texts in this order.
    pub fn stored(texts: &[String], vectors: &[Vec<f32>]) -> Vec<u8> {
        let mut stored = Vec::new();
        for (text, vector) in texts.iter().zip(vectors) {
            stored.extend(key(text).to_le_bytes());
            let largest = vector.iter().fold(f32::MIN_POSITIVE, |largest, number| largest.max(number.abs()));
            stored.extend(vector.iter().map(|number| ((number / largest * 127.0).round() as i8).cast_unsigned()));
        }
        stored
    }
}

/// The folder of the set, from wherever in the repository this is compiled.
pub fn folder() -> PathBuf {
    let inside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("bench/data/retrieval"));
    inside.into_iter().find(|folder| folder.is_dir()).unwrap_or_default()
}

/// A question with the one before it, as one text.
pub fn joined(before: &str, question: &str) -> String {
    format!("{before}\n{question}")
}

fn key(text: &str) -> u32 {
    crc32fast::hash(text.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes())
}

fn lines<T: DeserializeOwned>(name: &str) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(folder().join(name)).with_context(|| name.to_owned())?;
    let line = |(number, line)| serde_json::from_str(line).with_context(|| format!("{name}:{number}"));
    (1..).zip(text.lines()).map(line).collect()
}

/// An embedder that knows the texts of the set and no others.
pub struct StoredEmbedder(pub RetrievalSet);

#[async_trait]
impl Embedder for StoredEmbedder {
    fn name(&self) -> &str {
        MODEL
    }

    async fn dimensions(&self) -> Result<usize, EmbedError> {
        Ok(NUMBERS)
    }

    async fn embed(&self, texts: &[String], _: EmbedKind) -> Result<Vec<Vec<f32>>, EmbedError> {
        let vector = |text: &String| {
            let found = self.0.vector(text);
            found.ok_or_else(|| EmbedError::Model(format!("no vector is stored of `{text}`")))
        };
        texts.iter().map(vector).collect()
    }
}
