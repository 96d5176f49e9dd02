//! Text and structure of documents: what a reader sees, in order.

use std::{path::PathBuf, time::Duration};

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// A document to be read.
#[derive(Clone, Debug)]
pub struct ExtractRequest {
    /// The file.
    pub path: PathBuf,
    /// Its name as people know it; its extension and its first bytes decide the format.
    pub name: String,
    /// How much may be spent on it.
    pub limits: ExtractLimits,
}

/// What one document may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractLimits {
    /// Wall time.
    pub time: Duration,
    /// Memory of the process that reads it, in bytes.
    pub memory: u64,
    /// Bytes of text that are taken.
    pub output: u64,
    /// Pages that are read.
    pub pages: u32,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self { time: Duration::from_mins(2), memory: 1 << 30, output: 32 << 20, pages: 5_000 }
    }
}

/// A piece of a document, in reading order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// From here on it is this page (PDF, slides), from 1.
    Page {
        /// Its number.
        number: u32,
    },
    /// From here on it is this sheet of a workbook.
    Sheet {
        /// Its name.
        name: String,
    },
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Its text.
        text: String,
    },
    /// A paragraph, a list item, a line of code: text that belongs together.
    Text {
        /// Its text; line breaks are kept.
        text: String,
    },
    /// The names of a table's columns; the rows that follow belong to it.
    Columns {
        /// The names; may be empty texts.
        names: Vec<String>,
    },
    /// A row of a table.
    Row {
        /// Its cells, as shown.
        cells: Vec<String>,
        /// Its number in the sheet or file, from 1, where rows have one.
        number: Option<u32>,
    },
}

/// A document that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extracted {
    /// The title that the document itself has.
    pub title: Option<String>,
    /// How many pages or slides it has, where it has any.
    pub pages: Option<u32>,
    /// Its content.
    pub blocks: Vec<Block>,
    /// What was left out and why, for its owner: scanned pages without text, a limit.
    pub warnings: Vec<String>,
}

/// Why a document gave nothing. The sentence is for its owner.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// No format that is read.
    #[error("{0}")]
    Unsupported(String),
    /// It needs a password.
    #[error("the document is encrypted; save it without a password")]
    Encrypted,
    /// It is broken, or not what its name says.
    #[error("the document is damaged: {0}")]
    Damaged(String),
    /// It has no text: a scan.
    #[error("the document has no text, only pictures; it must go through text recognition (OCR) first")]
    NoText,
    /// It cost too much: time, memory, output, pages.
    #[error("{0}")]
    Limit(String),
    /// The process that read it died.
    #[error("reading the document failed: {0}")]
    Died(String),
    /// Somebody stopped it.
    #[error("reading the document was cancelled")]
    Cancelled,
}

impl Fault for ExtractError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }
}

/// Hears how far the reading is: pages done, and of how many, if known.
pub type ExtractProgress = Box<dyn Fn(u32, Option<u32>) + Send + Sync>;

/// Reads documents. One that is broken or hostile harms nobody else.
#[async_trait]
pub trait DocumentExtractor: Send + Sync {
    /// Reads one.
    async fn extract(
        &self,
        request: ExtractRequest,
        progress: ExtractProgress,
        cancel: CancellationToken,
    ) -> Result<Extracted, ExtractError>;

    /// The extensions that are read, in lower case, without the dot.
    fn extensions(&self) -> &'static [&'static str];
}
