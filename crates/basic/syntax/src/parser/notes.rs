//! What the formatter wants to know of a parse: where statements and the ends of blocks stand and how deep, and
//! which words belong to the language. Taken down only when asked for.

use super::{BlockKind, Parser};

/// The notes of one file.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// First byte and depth of each statement, and of each line that ends or divides a block.
    pub(crate) lines: Vec<(u32, u32)>,
    /// First bytes of the words of the language.
    pub(crate) words: Vec<u32>,
}

/// Levels that the inside of a block stands deeper than its first line: CASE takes one of its own.
const fn levels(kind: BlockKind) -> u32 {
    if matches!(kind, BlockKind::Select) { 2 } else { 1 }
}

impl Parser<'_> {
    /// The token at an index is a word of the language.
    pub(super) fn note_word(&mut self, at: usize) {
        let start = self.token_at(at).loc.start;
        if let Some(notes) = &mut self.notes {
            notes.words.push(start);
        }
    }

    /// The tokens of a range are words of the language.
    pub(super) fn note_words(&mut self, range: std::ops::Range<usize>) {
        if self.notes.is_some() {
            range.for_each(|at| self.note_word(at));
        }
    }

    /// A statement begins at the cursor.
    pub(super) fn note_statement(&mut self) {
        let (start, depth) = (self.loc().start, self.open.iter().map(|kind| levels(*kind)).sum());
        if let Some(notes) = &mut self.notes {
            notes.lines.push((start, depth));
        }
    }

    /// The line at the cursor ends or divides the innermost open block.
    pub(super) fn note_end(&mut self, words: usize) {
        if self.notes.is_none() {
            return;
        }
        self.note_words(self.at..self.at + words);
        let start = self.loc().start;
        let divides = matches!(self.upper_at(self.at), "CASE" | "DEFAULT");
        let outside = self.open.len().saturating_sub(1);
        let depth: u32 = self.open.iter().take(outside).map(|kind| levels(*kind)).sum();
        if let Some(notes) = &mut self.notes {
            notes.lines.push((start, depth + u32::from(divides)));
        }
    }
}
