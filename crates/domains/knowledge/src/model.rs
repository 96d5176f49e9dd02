//! The nouns: collections, documents in their stages, passages with their places, and the indexes of a library.
//! Knows no SQL and no wire format.

use std::sync::Arc;

use botserver_kernel::{BotId, Id, Kind, OrgId};

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal;)*) => {
        /// What this room's ids name.
        pub mod kinds {
            $($(#[$doc])* #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)] pub struct $kind;)*
        }
        $(impl Kind for kinds::$kind { const PREFIX: &'static str = $prefix; }
        $(#[$doc])* pub type $alias = Id<kinds::$kind>;)*
    };
}

kinds! {
    /// A collection of documents.
    Collection CollectionId "col";
    /// A document.
    Document DocumentId "doc";
}

/// One index that a library has, and what made its vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Name of the index.
    pub index: String,
    /// What made the vectors; empty for an index of words only.
    pub embedder: String,
    /// Numbers in a vector; 0 for words only.
    pub dimensions: usize,
}

/// All collections of a bot, or a folder that was indexed by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryRow {
    /// The bot; a folder has an id of the same kind.
    pub bot_id: BotId,
    /// Whose.
    pub org_id: OrgId,
    /// The bot's name, or the folder's.
    pub name: Arc<str>,
    /// The folder's path; `None` for a bot.
    pub folder: Option<String>,
    /// The index that answers.
    pub serving: Generation,
    /// The index that is being built to take its place.
    pub building: Option<Generation>,
    /// How many indexes there have been.
    pub generation: i64,
    /// True while the index that answers is being filled anew because it was damaged.
    pub rebuilding: bool,
    /// What its owner should know: a permissions file that cannot be read, folders that are too many.
    pub problems: Vec<String>,
}

/// How a collection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum CollectionState {
    Ready,
    Indexing,
    /// Most of its files vanished at once; its owner is asked.
    Held,
    Empty,
}

impl CollectionState {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Indexing => "indexing",
            Self::Held => "held",
            Self::Empty => "empty",
        }
    }
}

/// A collection with its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its bot.
    pub bot_id: BotId,
    /// Its name: the sub-folder's.
    pub name: String,
    /// How many files vanished at once and wait for a decision; 0 when it is not held.
    pub missing: i64,
    /// Documents.
    pub documents: i64,
    /// Passages that can be found.
    pub passages: i64,
    /// Documents that could not be read.
    pub failed: i64,
    /// Documents that are not finished.
    pub waiting: i64,
    /// Documents that are kept although their files are gone.
    pub kept: i64,
    /// Bytes of all documents.
    pub bytes: i64,
    /// Unix milliseconds of the last change.
    pub updated_at_ms: i64,
}

impl Collection {
    /// How it is.
    pub const fn state(&self) -> CollectionState {
        if self.missing > 0 {
            CollectionState::Held
        } else if self.waiting > 0 {
            CollectionState::Indexing
        } else if self.documents == 0 {
            CollectionState::Empty
        } else {
            CollectionState::Ready
        }
    }
}

/// The stages of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum DocumentState {
    Waiting,
    Reading,
    Embedding,
    Indexed,
    Failed,
    Cancelled,
}

impl DocumentState {
    /// The word, as stored.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Reading => "reading",
            Self::Embedding => "embedding",
            Self::Indexed => "indexed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// By its word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Reading, Self::Embedding, Self::Indexed, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|own| own.word() == word)
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its bot.
    pub bot_id: BotId,
    /// Its collection.
    pub collection_id: CollectionId,
    /// Its path below the folder of the documents.
    pub path: String,
    /// Bytes.
    pub size: i64,
    /// When the file was modified, in Unix nanoseconds.
    pub modified_ns: i64,
    /// Hash of the content that was read last.
    pub hash: Option<String>,
    /// The title that it has itself.
    pub title: Option<String>,
    /// ISO 639-1, once it was read.
    pub language: Option<String>,
    /// Its stage.
    pub state: DocumentState,
    /// Pages read so far.
    pub pages_done: i32,
    /// Pages, where it has any.
    pub pages: Option<i32>,
    /// Passages.
    pub passages: i32,
    /// Why it failed, or why the stage is tried again.
    pub error: Option<String>,
    /// What was left out and why.
    pub warnings: Vec<String>,
    /// Who may read it.
    pub grants: Vec<String>,
    /// How often the current stage was tried.
    pub attempts: i32,
    /// Counts the contents that it had: work on an old one is thrown away.
    pub revision: i64,
    /// The revision whose passages can be found.
    pub served: Option<i64>,
    /// Its file is gone, and its owner said that it stays.
    pub kept: bool,
    /// Unix milliseconds of the last change.
    pub updated_at_ms: i64,
}

impl Document {
    /// The file's name.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// What people call it: its own title, or the file's name without extension.
    pub fn shown_title(&self) -> String {
        match self.title.as_deref().map(str::trim) {
            Some(title) if !title.is_empty() => title.to_owned(),
            _ => {
                let name = self.file_name();
                name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
            }
        }
    }

    /// By its name.
    pub fn media_type(&self) -> String {
        mime_guess::from_path(&self.path).first_or_octet_stream().to_string()
    }
}

/// A piece of a document that can be found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passage {
    /// Its place among the document's passages, from 0.
    pub number: u32,
    /// The headings above it, outermost first, joined with ` › `.
    pub place: String,
    /// The page on which it begins.
    pub page: Option<u32>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The first row of a table that it holds.
    pub row: Option<u32>,
    /// Its text.
    pub text: String,
    /// About how many tokens it has.
    pub tokens: u32,
}

/// How well a passage fits a question, as far as words and meaning can tell. In order: the best is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is merely the least unlike.
    Poor,
    /// It may help, but probably does not answer.
    Near,
    /// It answers the question, or is headed by it.
    Good,
}

/// A passage that was found, with all that a citation needs.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundPassage {
    /// The document.
    pub document: DocumentId,
    /// What people call the document.
    pub title: String,
    /// Its path below the folder of the documents.
    pub path: String,
    /// The collection's name.
    pub collection: String,
    /// The passage.
    pub passage: Passage,
    /// What it was ranked by.
    pub score: f32,
    /// BM25, if its words were found.
    pub lexical: Option<f32>,
    /// Cosine, if its meaning was near.
    pub cosine: Option<f32>,
    /// How sure it is that it answers the question.
    pub fit: Fit,
    /// Why it was found, in words.
    pub why: String,
}
