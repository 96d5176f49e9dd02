//! Where in a text something is: bytes here, lines and units of UTF-16 (or bytes, if the client can) on the wire.
//! Lines end with `\n`, `\r\n` or `\r`, as the protocol says. Knows no language.

use std::ops::Range;

use lsp_types::{Position, Range as WireRange};

/// What a client counts columns in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of two bytes; what every client understands.
    #[default]
    Utf16,
}

/// The lines of a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// First byte of every line.
    starts: Vec<u32>,
    length: u32,
}

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if ends {
                starts.push(at as u32 + 1);
            }
        }
        Self { starts, length: bytes.len() as u32 }
    }

    /// The lines of a file on disk. Editors take a mark at its beginning away before they count.
    pub(crate) fn of_file(text: &str) -> Self {
        let mut lines = Self::of(text);
        if text.starts_with('\u{feff}') {
            lines.starts[0] = '\u{feff}'.len_utf8() as u32;
        }
        lines
    }

    pub(crate) fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line that a byte is in, from 0.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start as usize <= offset).saturating_sub(1)
    }

    /// The bytes of a line without its end.
    pub(crate) fn line(&self, text: &str, line: usize) -> Range<usize> {
        let Some(start) = self.starts.get(line).map(|start| *start as usize) else {
            return text.len()..text.len();
        };
        let next = self.starts.get(line + 1).map_or(self.length as usize, |next| *next as usize);
        let inside = text.get(start..next).unwrap_or("");
        start..start + inside.trim_end_matches(['\n', '\r']).len()
    }

    /// The byte of a place; a place behind the end of its line is the end of the line.
    pub(crate) fn offset(&self, text: &str, place: Position, encoding: Encoding) -> usize {
        let line = place.line as usize;
        if line >= self.count() {
            return text.len();
        }
        let own = self.line(text, line);
        let wanted = place.character as usize;
        let inside = text.get(own.clone()).unwrap_or("");
        match encoding {
            Encoding::Utf8 => own.start + floor(inside, wanted),
            Encoding::Utf16 if inside.is_ascii() => own.start + wanted.min(inside.len()),
            Encoding::Utf16 => {
                let mut units = 0;
                for (at, letter) in inside.char_indices() {
                    units += letter.len_utf16();
                    if units > wanted {
                        return own.start + at;
                    }
                }
                own.end
            }
        }
    }

    /// The place of a byte.
    pub(crate) fn place(&self, text: &str, offset: usize, encoding: Encoding) -> Position {
        let offset = floor(text, offset);
        let line = self.line_of(offset);
        let own = self.line(text, line);
        let before = text.get(own.start..offset.clamp(own.start, own.end)).unwrap_or("");
        let character = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 if before.is_ascii() => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        Position { line: line as u32, character: character as u32 }
    }

    /// The places of a range of bytes.
    pub(crate) fn range(&self, text: &str, range: Range<usize>, encoding: Encoding) -> WireRange {
        WireRange {
            start: self.place(text, range.start, encoding),
            end: self.place(text, range.end.max(range.start), encoding),
        }
    }
}

/// The nearest beginning of a character at or before a byte.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn units_of_utf_16_are_counted() {
        let text = "a\u{e4}\u{1f600}b\r\nsecond\rthird\n";
        let lines = Lines::of(text);
        assert_eq!(lines.count(), 4);
        let b = text.find('b').expect("b");
        assert_eq!(lines.place(text, b, Encoding::Utf16), place(0, 4));
        assert_eq!(lines.place(text, b, Encoding::Utf8), place(0, 7));
        assert_eq!(lines.offset(text, place(0, 4), Encoding::Utf16), b);
        assert_eq!(lines.offset(text, place(0, 7), Encoding::Utf8), b);
        // Inside of a character is its beginning; behind the line is its end, before the line break.
        assert_eq!(lines.offset(text, place(0, 3), Encoding::Utf16), 3);
        assert_eq!(lines.offset(text, place(0, 99), Encoding::Utf16), b + 1);
        assert_eq!(lines.offset(text, place(99, 0), Encoding::Utf16), text.len());
        assert_eq!(lines.place(text, text.find("third").expect("third"), Encoding::Utf16), place(2, 0));
    }

    #[test]
    fn a_mark_at_the_beginning_of_a_file_is_no_column() {
        let text = "\u{feff}TALK 1\n";
        assert_eq!(Lines::of_file(text).place(text, 3, Encoding::Utf16), place(0, 0));
        assert_eq!(Lines::of(text).place(text, 3, Encoding::Utf16), place(0, 1));
    }
}
