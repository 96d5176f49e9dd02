//! The language guide: pages that authors read and that the tests run. Every `basic` block of a page is
//! executed and its conversation compared with the `dialogue` block under it, so the guide cannot lie.
//! Knows no parser and no machine; those are used by the tests only.
#![forbid(unsafe_code)]

/// One page of the guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// File name without folder, such as `05-loops.md`.
    pub file: &'static str,
    /// Its Markdown.
    pub text: &'static str,
}

macro_rules! pages {
    ($($file:literal),* $(,)?) => {
        /// The pages in reading order.
        pub const PAGES: &[Page] = &[$(Page { file: $file, text: include_str!(concat!("../guide/", $file)) }),*];
    };
}

pages![
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
