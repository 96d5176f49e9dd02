//! Errors of running scripts and diagnostics of compiling them, both with a place in the source.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Result of anything a script can trap.
pub type Result<T, E = BasicError> = std::result::Result<T, E>;

/// A place in a source file: byte offsets and the 1-based line and column (in characters) of its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Path of the file inside its package, such as `shop.gbdialog/start.bas`.
    pub file: Arc<str>,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Number families of run-time errors (`ERR`), as documented for the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorFamily {
    /// 1xxx
    Network,
    /// 2xxx
    Data,
    /// 3xxx
    File,
    /// 4xxx
    Validation,
    /// 5xxx
    Auth,
    /// 9xxx, and the classic numbers below 1000 (13 type mismatch, 11 division by zero, …)
    System,
}

/// A run-time error: what happened, its number for `ERR`, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasicError {
    /// `ERR`: 13 type mismatch, 1001 timeout, …; 0 when THROWn by the script.
    pub number: u32,
    /// One sentence in plain words.
    pub message: String,
    /// Where the failing statement stands, once known.
    pub span: Option<Span>,
    /// What to do, if we know.
    pub help: Option<String>,
    /// False for limits and cancellation that ON ERROR must not swallow for ever.
    pub trappable: bool,
}

/// What the numbers of errors mean that keywords raise, for the reference.
pub const ERRORS: &[(u32, &str)] = &[
    (13, "a value of another type than is needed"),
    (1000, "nobody answers there, or with something unreadable"),
    (1001, "the time is over"),
    (1002, "there is no such host"),
    (1003, "the address lies in a private network that the operator has not allowed"),
    (1004, "the answer is too large"),
    (2000, "the database could not do it"),
    (2001, "there is no such table"),
    (2002, "the table has no such column"),
    (2003, "a row with this key exists"),
    (2004, "a value is missing, or the table does not take it"),
    (2005, "more rows than `database-max-rows`"),
    (2006, "there is no such connection"),
    (2100, "no language model is configured"),
    (2101, "the language model did not answer"),
    (2102, "the language model answered something else than was asked for"),
    (3001, "there is no such file or collection"),
    (4000, "an argument is not acceptable"),
    (5003, "the person may not do this"),
];

impl BasicError {
    /// An error with a number.
    pub fn new(number: u32, message: impl Into<String>) -> Self {
        Self { number, message: message.into(), span: None, help: None, trappable: true }
    }

    /// 13: the value cannot be used here.
    pub fn type_mismatch(message: impl Into<String>) -> Self {
        Self::new(13, message)
    }

    /// 4000: an argument that is not acceptable.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(4000, message)
    }

    /// 9404: a keyword whose capability is not part of this build.
    pub fn not_available(keyword: &str, capability: &str) -> Self {
        Self::new(9404, format!("{keyword} needs {capability}, not available in this build"))
    }

    /// 90xx: a limit was reached.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(9001, message)
    }

    /// Adds a place, unless one is known.
    #[must_use]
    pub fn at(mut self, span: &Span) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for BasicError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for BasicError {}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; the script runs.
    Warning,
    /// The script cannot be compiled.
    Error,
}

/// What the compiler says about a place in a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable code, such as `B0103`.
    pub code: Arc<str>,
    /// Warning or error.
    pub severity: Severity,
    /// One sentence in plain words.
    pub message: String,
    /// Where.
    pub span: Span,
    /// The suggestion, such as "Did you mean `END IF`?".
    pub help: Option<String>,
}
