//! What is wrong with a line of `config.csv`; packages turn it into a diagnostic of the file.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing; the value is taken, or the line harmlessly ignored.
    Warning,
    /// The line cannot be used.
    Error,
}

/// Something to say about a place of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable code, `C….`
    pub code: &'static str,
    /// How bad.
    pub level: Level,
    /// One sentence.
    pub message: String,
    /// What to do, if we know.
    pub help: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// First byte in the file.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}
