//! The inside of texts: escapes, doubled quotes and `${…}`. Where a text ends is decided here, in time
//! linear in its length.

use std::sync::Arc;

use super::{is_word_char, is_word_start};
use crate::ast::Loc;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// Characters, escapes resolved.
    Text(Arc<str>),
    /// The expression between `${` and `}`.
    Code(Loc),
}

/// A text literal that was read.
pub(super) struct Scanned {
    pub(super) parts: Arc<[Part]>,
    /// One past the closing quote.
    pub(super) end: usize,
    pub(super) closed: bool,
    /// Each `${` before a name, or at the end, that has no `}`.
    pub(super) unclosed: Vec<Loc>,
}

/// Reads the text that opens at `start` and ends with `quote`; `\` as quote stands for `\"` inside a `${…}`.
pub(super) fn scan(source: &str, start: usize, limit: usize, quote: char) -> Scanned {
    if let Some(found) = plain(source, start, limit, quote) {
        return found;
    }
    if let Some(found) = scan_to(source, start, limit, quote, quote != '"') {
        // `TALK "a` and on the next line `TALK "b"`: the quote that closes would stand right before a word.
        let spans_lines = source[start..found.end].contains('\n');
        if !(spans_lines && source[found.end..limit].starts_with(is_word_char)) {
            return found;
        }
    }
    let line_end = source[start..limit].find('\n').map_or(limit, |at| start + at);
    let end = start + source[start..line_end].trim_end().len();
    let opener = super::foreign::opener_len(source, start, quote);
    let text = source.get(start + opener..end).unwrap_or("");
    Scanned {
        parts: Arc::from([Part::Text(Arc::from(text))]),
        end: end.max(start + opener),
        closed: false,
        unclosed: Vec::new(),
    }
}

/// A text of one line in which nothing has a meaning of its own: what nearly all texts are.
fn plain(source: &str, start: usize, limit: usize, quote: char) -> Option<Scanned> {
    let quote =
        u8::try_from(quote).ok().filter(|quote| source.as_bytes().get(start) == Some(quote) && *quote != b'\\')?;
    let inside = source.as_bytes().get(start + 1..limit)?;
    let special = |byte: &u8| *byte == quote || matches!(byte, b'\\' | b'$' | b'\n' | b'\r');
    let len = inside.iter().position(special).filter(|len| inside[*len] == quote)?;
    if inside.get(len + 1) == Some(&quote) {
        return None;
    }
    let text = source.get(start + 1..start + 1 + len)?;
    Some(Scanned {
        parts: Arc::from([Part::Text(Arc::from(text))]),
        end: start + len + 2,
        closed: true,
        unclosed: Vec::new(),
    })
}

fn scan_to(source: &str, start: usize, limit: usize, quote: char, one_line: bool) -> Option<Scanned> {
    let mut parts = Builder::default();
    let mut at = start + super::foreign::opener_len(source, start, quote);
    // Before this place no `${` can find its `}`: remembered so that a text full of `${` stays linear.
    let mut hopeless_before = 0;
    while at < limit {
        let rest = &source[at..limit];
        let next = rest.chars().next()?;
        match next {
            '\\' if quote == '\\' && rest.starts_with("\\\"") => return Some(parts.finish(at + 2)),
            '\\' => {
                let escaped = rest[1..].chars().next()?;
                match escaped {
                    'n' => parts.push('\n'),
                    't' => parts.push('\t'),
                    'r' => parts.push('\r'),
                    '"' | '\\' | '\'' | '$' => parts.push(escaped),
                    _ => {
                        parts.push('\\');
                        parts.push(escaped);
                    }
                }
                at += 1 + escaped.len_utf8();
            }
            _ if next == quote => {
                // `""` is a quote inside the text.
                let len = quote.len_utf8();
                if len > 1 || !rest[1..].starts_with(quote) {
                    return Some(parts.finish(at + len));
                }
                parts.push(quote);
                at += 2;
            }
            '\n' if one_line => return None,
            '\r' if rest.starts_with("\r\n") => at += 1,
            '$' if at >= hopeless_before && rest.starts_with("${") && !rest.starts_with("${{") => {
                match code_end(source, at + 2, limit, Some(quote)) {
                    Ok(end) => {
                        parts.code(Loc::new(at as u32 + 2, end as u32));
                        at = end + 1;
                    }
                    Err(stopped) => {
                        hopeless_before = stopped;
                        let left = rest[2..].trim_start_matches([' ', '\t']);
                        // `\` as quote stands for `\"`; a quote that is doubled does not end the text.
                        let at_end = match left.strip_prefix(quote) {
                            Some(behind) if quote == '\\' => behind.starts_with('"'),
                            Some(behind) => !behind.starts_with(quote),
                            None => false,
                        };
                        parts.open(rest, at, at_end);
                        parts.push('$');
                        at += 1;
                    }
                }
            }
            _ => {
                parts.push(next);
                at += next.len_utf8();
            }
        }
    }
    None
}

/// The place of the `}` that closes a `${`; else how far it is certain that there is none.
fn code_end(source: &str, start: usize, limit: usize, quote: Option<char>) -> Result<usize, usize> {
    // No author writes a longer one; the bound keeps a text full of open `${` linear.
    let limit = limit.min(start + 1000);
    let bytes = source.as_bytes();
    let mut depth = 0usize;
    let mut at = start;
    let mut last = b'{';
    while at < limit {
        let byte = bytes[at];
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' if depth == 0 => return if at == start { Err(at) } else { Ok(at) },
            b'}' | b')' | b']' => depth = depth.saturating_sub(1),
            b'\n' => return Err(at),
            b'"' | b'\'' => {
                let own = quote.is_some_and(|own| own as u32 == u32::from(byte));
                // A quote of the surrounding text is part of the code only when code came before it.
                let nested = !own || depth > 0 || matches!(last, b'=' | b'+' | b',' | b'?' | b':' | b'<' | b'>' | b'&');
                let line = &bytes[at + 1..limit];
                let close = line.iter().position(|b| *b == b'\n' || *b == byte).filter(|close| line[*close] == byte);
                match close {
                    Some(close) if nested && last != b'{' => at += close + 1,
                    _ => return Err(at),
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    Err(limit)
}

/// The lines of a text block: common indentation removed, `${…}` found, nothing else touched.
pub(super) fn block_lines(source: &str, lines: &[Loc], unclosed: &mut Vec<Loc>) -> Vec<Vec<Part>> {
    let text = |loc: &Loc| &source[loc.start as usize..(loc.end.max(loc.start)) as usize];
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let indent = lines.iter().map(text).filter(|line| !line.is_empty()).map(indent_of).min().unwrap_or(0);
    lines
        .iter()
        .map(|loc| {
            let start = (loc.start as usize + indent).min(loc.end as usize);
            block_line(source, start, loc.end as usize, unclosed)
        })
        .collect()
}

fn block_line(source: &str, mut at: usize, end: usize, unclosed: &mut Vec<Loc>) -> Vec<Part> {
    let mut parts = Builder::default();
    let mut hopeless_before = 0;
    while at < end {
        let rest = &source[at..end];
        if at >= hopeless_before && rest.starts_with("${") && !rest.starts_with("${{") {
            match code_end(source, at + 2, end, None) {
                Ok(close) => {
                    parts.code(Loc::new(at as u32 + 2, close as u32));
                    at = close + 1;
                    continue;
                }
                Err(stopped) => {
                    hopeless_before = stopped;
                    parts.open(rest, at, rest[2..].trim().is_empty());
                }
            }
        }
        let Some(next) = rest.chars().next() else { break };
        parts.push(next);
        at += next.len_utf8();
    }
    unclosed.append(&mut parts.unclosed);
    parts.parts()
}

#[derive(Default)]
struct Builder {
    done: Vec<Part>,
    text: String,
    unclosed: Vec<Loc>,
}

impl Builder {
    fn push(&mut self, c: char) {
        self.text.push(c);
    }

    /// `rest` begins with a `${` that has no `}`; before anything but a name or the end of the text nobody meant a value.
    fn open(&mut self, rest: &str, at: usize, at_end: bool) {
        if at_end {
            self.unclosed.push(Loc::new(at as u32, at as u32 + 2));
        } else if rest[2..].starts_with(is_word_start) {
            let end = at + 2 + rest[2..].find(|c| !is_word_char(c)).unwrap_or(rest.len() - 2);
            self.unclosed.push(Loc::new(at as u32, end as u32));
        }
    }

    fn code(&mut self, loc: Loc) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(Arc::from(std::mem::take(&mut self.text))));
        }
        self.done.push(Part::Code(loc));
    }

    fn parts(mut self) -> Vec<Part> {
        if !self.text.is_empty() || self.done.is_empty() {
            self.done.push(Part::Text(Arc::from(self.text)));
        }
        self.done
    }

    fn finish(mut self, end: usize) -> Scanned {
        let unclosed = std::mem::take(&mut self.unclosed);
        Scanned { parts: self.parts().into(), end, closed: true, unclosed }
    }
}
