//! Passages found by their words and by their meaning, inside what the reader may see.

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault};
use uuid::Uuid;

/// The index cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// It is damaged: drop it and build it anew from SQL and objects.
    #[error("the search index `{index}` is damaged: {reason}")]
    Damaged {
        /// Which.
        index: String,
        /// What was found.
        reason: String,
    },
    /// Vectors of another length than the index has.
    #[error("the search index `{index}` holds vectors of {expected} numbers, not of {given}")]
    Dimensions {
        /// Which.
        index: String,
        /// What it holds.
        expected: usize,
        /// What came.
        given: usize,
    },
    /// It cannot be reached or written.
    #[error("the search index is unavailable: {0}")]
    Unavailable(String),
}

impl Fault for IndexError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

/// What an index is made for; another specification is another index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSpec {
    /// Its name: letters, digits, `-` and `_`; one per bot and generation.
    pub name: String,
    /// Numbers in a vector; 0 for an index without vectors.
    pub dimensions: usize,
}

/// A passage to be found.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexPassage {
    /// Its place in the document, from 0.
    pub number: u32,
    /// Headings, file name: what stands above it. Counts for the words only.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its vector of length 1; as long as the specification says, absent where there are none.
    pub vector: Option<Vec<f32>>,
}

/// A document as the index knows it. Putting it replaces all its passages.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexDocument {
    /// Its id.
    pub id: Uuid,
    /// The collection it is in.
    pub collection: Uuid,
    /// Its language as ISO 639-1 (`en`, `pt`): decides the stemming.
    pub language: String,
    /// Whoever holds one of these may read it: `all`, `role:staff`, `user:…`.
    pub grants: Vec<String>,
    /// Its passages.
    pub passages: Vec<IndexPassage>,
}

/// A change; changes of one call become visible together.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexChange {
    /// Adds a document or replaces all of it.
    Put(IndexDocument),
    /// Other readers, same passages.
    Grant {
        /// The document.
        id: Uuid,
        /// Who may read it from now on.
        grants: Vec<String>,
    },
    /// Removes it.
    Remove {
        /// The document.
        id: Uuid,
    },
}

/// What counts how much when both kinds of search find something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fusion {
    /// Weight of meaning.
    pub vector: f32,
    /// Weight of words.
    pub lexical: f32,
}

impl Default for Fusion {
    fn default() -> Self {
        Self { vector: 0.7, lexical: 0.3 }
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct IndexQuery {
    /// Its words; empty for vectors only.
    pub text: String,
    /// Its language, if known; else every stemming of the index is tried.
    pub language: Option<String>,
    /// Its vector; absent for words only.
    pub vector: Option<Vec<f32>>,
    /// Only these collections; all if empty.
    pub collections: Vec<Uuid>,
    /// What the reader holds; a document is searched when it has one of them. Empty finds nothing.
    pub grants: Vec<String>,
    /// How many passages are wanted.
    pub limit: usize,
    /// How the two rankings become one.
    pub fusion: Fusion,
}

/// A passage that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexHit {
    /// Its document.
    pub document: Uuid,
    /// Its place in the document.
    pub number: u32,
    /// What it was ranked by: higher is better, comparable within one answer only.
    pub score: f32,
    /// BM25, if its words were found.
    pub lexical: Option<f32>,
    /// Cosine, -1 to 1, if its vector was among the nearest.
    pub cosine: Option<f32>,
    /// 0 to 1: how much of what the question says its words cover, rare words counting more; absent when none was
    /// found. 0 for a question of stop words alone, which finds only what is headed by all of them.
    pub coverage: Option<f32>,
}

/// What an index holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IndexStats {
    /// Documents.
    pub documents: u64,
    /// Passages.
    pub passages: u64,
    /// Passages with a vector.
    pub vectors: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Indexes by name. What they hold can be made anew from SQL and objects at any time, so they need no backup.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// Makes changes; they are on disk and found by searches when this returns. The index is made when it is not
    /// there.
    async fn apply(&self, index: &IndexSpec, changes: Vec<IndexChange>) -> Result<(), IndexError>;

    /// The best readable passages, best first. An index that is not there has none.
    async fn search(&self, index: &IndexSpec, query: IndexQuery) -> Result<Vec<IndexHit>, IndexError>;

    /// The documents it holds, to compare with what it should hold.
    async fn documents(&self, index: &IndexSpec) -> Result<Vec<Uuid>, IndexError>;

    /// What it holds; also the check of `doctor`: a damaged index says so here.
    async fn stats(&self, index: &IndexSpec) -> Result<IndexStats, IndexError>;

    /// True if somebody has taken its files away while it was open; cheap enough to be asked after each search. What is
    /// open may go on answering; changes and counts are refused as damage.
    async fn vanished(&self, _index: &IndexSpec) -> bool {
        false
    }

    /// The names of the indexes that are there.
    async fn list(&self) -> Result<Vec<String>, IndexError>;

    /// Removes an index; removing what is absent is no error.
    async fn drop_index(&self, name: &str) -> Result<(), IndexError>;
}
