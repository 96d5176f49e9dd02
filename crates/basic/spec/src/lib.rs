//! The language guide and the pages about keywords, which authors read and tests run. Every `basic` block of a page is
//! executed and its conversation compared with the `dialogue` block under it, so that no page can lie: the guide by the
//! tests here, the keywords, which need services, by those of the server. Knows no parser and no machine.
#![forbid(unsafe_code)]

mod example;

pub use example::{Example, Expected, examples};

/// One page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// File name without folder, such as `05-loops.md`.
    pub file: &'static str,
    /// Its Markdown.
    pub text: &'static str,
}

macro_rules! pages {
    ($folder:literal: $($file:literal),* $(,)?) => {
        &[$(Page { file: $file, text: include_str!(concat!("../", $folder, "/", $file)) }),*]
    };
}

/// The pages of the guide, in reading order.
pub const PAGES: &[Page] = pages![
    "guide":
    "00-tour.md",
    "01-first-script.md",
    "02-values.md",
    "03-expressions.md",
    "04-decisions.md",
    "05-loops.md",
    "06-procedures.md",
    "07-asking.md",
    "08-blocks.md",
    "09-errors.md",
    "10-text.md",
    "11-numbers.md",
    "12-dates.md",
    "13-lists.md",
    "14-records.md",
    "15-tools.md",
    "16-older-scripts.md",
    "17-events.md",
    "18-from-vb.md",
    "19-from-general-bots.md",
];

/// The pages about keywords: what each does with the services of a server.
pub const KEYWORD_PAGES: &[Page] = pages![
    "keywords":
    "conversation.md",
    "clock.md",
    "memory.md",
    "tables.md",
    "web.md",
    "models.md",
    "documents.md",
];
