//! Where readers put what they find: cleans text, counts what is taken against the limits, knows whether any text was
//! seen. Who receives it (lines for the parent, Markdown for a person, a list for a test) is a function.

use botserver_ports::{Block, ExtractError, ExtractLimits};
use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

use crate::limits::Size;

/// What a document's reader says, in order.
pub(crate) enum Said {
    Progress { done: u32, of: Option<u32> },
    Block(Block),
}

/// What every block counts beside its text, so that millions of tiny ones are too much as well.
const BLOCK: u64 = 32;
/// The same for a cell.
const CELL: u64 = 4;

/// The way out of a reader.
pub(crate) struct Output<'a> {
    say: &'a mut dyn FnMut(Said) -> Result<(), ExtractError>,
    pub(crate) limits: ExtractLimits,
    taken: u64,
    has_text: bool,
    pub(crate) title: Option<String>,
    pub(crate) pages: Option<u32>,
    pub(crate) warnings: Vec<String>,
}

impl<'a> Output<'a> {
    pub(crate) fn new(limits: ExtractLimits, say: &'a mut dyn FnMut(Said) -> Result<(), ExtractError>) -> Self {
        Self { say, limits, taken: 0, has_text: false, title: None, pages: None, warnings: Vec::new() }
    }

    /// True once a word was found.
    pub(crate) const fn has_text(&self) -> bool {
        self.has_text
    }

    /// How far the reading is.
    pub(crate) fn progress(&mut self, done: u32, of: Option<u32>) -> Result<(), ExtractError> {
        (self.say)(Said::Progress { done, of })
    }

    /// Remembers the document's own title, the first one that says something.
    pub(crate) fn title(&mut self, title: &str) {
        let title = one_line(&clean(title));
        if self.title.is_none() && !title.is_empty() {
            self.title = Some(title);
        }
    }

    /// Says how many pages there are; too many are refused before any work.
    pub(crate) fn pages(&mut self, pages: u32) -> Result<(), ExtractError> {
        if pages > self.limits.pages {
            return Err(ExtractError::Limit(format!(
                "the document has {pages} pages, and at most {} are read; split it",
                self.limits.pages
            )));
        }
        self.pages = Some(pages);
        Ok(())
    }

    pub(crate) fn page(&mut self, number: u32) -> Result<(), ExtractError> {
        self.put(Block::Page { number }, 0)
    }

    pub(crate) fn sheet(&mut self, name: &str) -> Result<(), ExtractError> {
        let name = one_line(&clean(name));
        let length = name.len();
        self.put(Block::Sheet { name }, length)
    }

    pub(crate) fn heading(&mut self, level: u8, text: &str) -> Result<(), ExtractError> {
        let text = one_line(&clean(text));
        if text.is_empty() {
            return Ok(());
        }
        self.has_text = true;
        let length = text.len();
        self.put(Block::Heading { level: level.clamp(1, 6), text }, length)
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), ExtractError> {
        let text = clean(text);
        let text = text.trim_matches('\n').trim_end();
        if text.trim().is_empty() {
            return Ok(());
        }
        self.has_text = true;
        self.put(Block::Text { text: text.to_owned() }, text.len())
    }

    pub(crate) fn columns(&mut self, names: &[String]) -> Result<(), ExtractError> {
        let names: Vec<String> = names.iter().map(|name| one_line(&clean(name))).collect();
        self.has_text |= names.iter().any(|name| !name.is_empty());
        let length = length_of(&names);
        self.put(Block::Columns { names }, length)
    }

    pub(crate) fn row(&mut self, cells: &[String], number: Option<u32>) -> Result<(), ExtractError> {
        let cells: Vec<String> = cells.iter().map(|cell| clean(cell).trim().to_owned()).collect();
        if cells.iter().all(String::is_empty) {
            return Ok(());
        }
        self.has_text = true;
        let length = length_of(&cells);
        self.put(Block::Row { cells, number }, length)
    }

    fn put(&mut self, block: Block, length: usize) -> Result<(), ExtractError> {
        self.taken += length as u64 + BLOCK;
        if self.taken > self.limits.output {
            return Err(ExtractError::Limit(format!(
                "the document has more than {} of text; split it",
                Size(self.limits.output)
            )));
        }
        (self.say)(Said::Block(block))
    }
}

fn length_of(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.len() + CELL as usize).sum()
}

/// Composed letters, no control characters, no soft hyphens, one kind of line break.
fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => {
                if letters.peek() != Some(&'\n') {
                    clean.push('\n');
                }
            }
            '\n' | '\t' => clean.push(letter),
            '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            '\u{a0}' | '\u{202f}' | '\u{2007}' => clean.push(' '),
            '\u{ad}' | '\u{feff}' | '\u{200b}' | '\u{200c}' | '\u{2060}' => {}
            letter if letter.is_control() => {}
            // Ligatures that fonts leave in PDFs; nobody types them into a search.
            '\u{fb00}' => clean.push_str("ff"),
            '\u{fb01}' => clean.push_str("fi"),
            '\u{fb02}' => clean.push_str("fl"),
            '\u{fb03}' => clean.push_str("ffi"),
            '\u{fb04}' => clean.push_str("ffl"),
            letter => clean.push(letter),
        }
    }
    if is_nfc_quick(clean.chars()) == IsNormalized::Yes { clean } else { clean.nfc().collect() }
}

/// The words on one line.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned() {
        assert_eq!(clean("a\u{308}rger\r\nund\u{ad}soft\0 \u{fb01}n\u{a0}x"), "ärger\nundsoft fin x");
        assert_eq!(one_line("  a \n b "), "a b");
    }

    #[test]
    fn too_much_text_is_refused() {
        let limits = ExtractLimits { output: 200, ..ExtractLimits::default() };
        let mut blocks = 0;
        let mut say = |_| {
            blocks += 1;
            Ok(())
        };
        let mut output = Output::new(limits, &mut say);
        assert_eq!(output.text(&"x".repeat(100)), Ok(()));
        assert_eq!(output.text(" \n"), Ok(()), "nothing is no block");
        assert!(matches!(output.text(&"x".repeat(100)), Err(ExtractError::Limit(_))));
        assert_eq!(blocks, 1);
    }
}
