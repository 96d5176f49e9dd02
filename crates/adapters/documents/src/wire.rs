//! What the child tells its parent: one JSON object a line on stdout. Progress and blocks as they come, then an end or
//! an error. Both are the same binary, so the lines have no version.

use botserver_ports::{Block, ExtractError};
use serde::{Deserialize, Serialize};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// So many pages are done.
    Progress { done: u32, of: Option<u32> },
    /// The next piece of the document.
    Block(Block),
    /// The document was read to its end.
    End { title: Option<String>, pages: Option<u32>, warnings: Vec<String> },
    /// The document gave nothing, whatever came before.
    Error { kind: Kind, detail: String },
}

/// The kinds of [`ExtractError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Unsupported,
    Encrypted,
    Damaged,
    NoText,
    Limit,
    Died,
    Cancelled,
}

impl Line {
    /// The line of an error.
    pub(crate) fn of_error(error: &ExtractError) -> Self {
        let (kind, detail) = match error {
            ExtractError::Unsupported(detail) => (Kind::Unsupported, detail.as_str()),
            ExtractError::Encrypted => (Kind::Encrypted, ""),
            ExtractError::Damaged(detail) => (Kind::Damaged, detail.as_str()),
            ExtractError::NoText => (Kind::NoText, ""),
            ExtractError::Limit(detail) => (Kind::Limit, detail.as_str()),
            ExtractError::Died(detail) => (Kind::Died, detail.as_str()),
            ExtractError::Cancelled => (Kind::Cancelled, ""),
        };
        Self::Error { kind, detail: detail.to_owned() }
    }
}

/// The error of a line.
pub(crate) fn error_of(kind: Kind, detail: String) -> ExtractError {
    match kind {
        Kind::Unsupported => ExtractError::Unsupported(detail),
        Kind::Encrypted => ExtractError::Encrypted,
        Kind::Damaged => ExtractError::Damaged(detail),
        Kind::NoText => ExtractError::NoText,
        Kind::Limit => ExtractError::Limit(detail),
        Kind::Died => ExtractError::Died(detail),
        Kind::Cancelled => ExtractError::Cancelled,
    }
}
