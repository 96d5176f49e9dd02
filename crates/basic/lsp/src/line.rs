//! The pieces of one statement as it stands under the cursor, however unfinished: words, texts, symbols. A text that
//! is not closed ends with its line here, so that a half-typed quote does no harm to what follows.

use std::ops::Range;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number,
    /// A text in quotes.
    Text {
        /// Its quote is closed.
        closed: bool,
    },
    Symbol,
    Comment,
}

/// A piece and its bytes in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Piece {
    pub(crate) fn text<'s>(&self, source: &'s str) -> &'s str {
        source.get(self.start..self.end).unwrap_or("")
    }

    pub(crate) const fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text { .. })
    }

    /// What stands between the quotes.
    pub(crate) fn inside(&self) -> Range<usize> {
        let closed = matches!(self.kind, Kind::Text { closed: true });
        self.start + 1..(self.end - usize::from(closed)).max(self.start + 1)
    }

    pub(crate) fn is(&self, source: &str, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text(source) == symbol
    }
}

pub(crate) fn is_word_char(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || matches!(letter, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}')
}

/// The pieces of a range; a line break ends a text that is still open.
pub(crate) fn pieces(source: &str, range: Range<usize>) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut at = range.start;
    while let Some(first) = source.get(at..range.end).and_then(|rest| rest.chars().next()) {
        let rest = &source[at..range.end];
        let start = at;
        let line_start = source[range.start..start].trim_end_matches([' ', '\t']).chars().next_back();
        let begins = matches!(line_start, None | Some('\n' | '\r' | '\u{feff}'));
        let kind = match first {
            '"' => {
                let (length, closed) = text_length(rest, '"');
                at += length;
                Kind::Text { closed }
            }
            '\'' if opens_text(source, &found, rest) => {
                let (length, closed) = text_length(rest, '\'');
                at += length;
                Kind::Text { closed }
            }
            '\'' => {
                at += line_length(rest);
                Kind::Comment
            }
            '/' if begins && rest.starts_with("//") => {
                at += line_length(rest);
                Kind::Comment
            }
            '#' if begins && !rest.starts_with("#{") => {
                at += line_length(rest);
                Kind::Comment
            }
            '0'..='9' => {
                at += word_length(rest);
                Kind::Number
            }
            _ if first.is_alphabetic() || first == '_' => {
                at += word_length(rest);
                let word = &source[start..at];
                let ends = rest[word.len()..].chars().next().is_none_or(char::is_whitespace);
                if begins && ends && word.eq_ignore_ascii_case("rem") {
                    at = start + line_length(rest);
                    Kind::Comment
                } else {
                    if source[at..range.end].starts_with('$') && !source[at..range.end].starts_with("${") {
                        at += 1;
                    }
                    Kind::Word
                }
            }
            _ if first.is_whitespace() || first == '\u{feff}' => {
                at += first.len_utf8();
                continue;
            }
            _ => {
                at += if rest.starts_with("?.") { 2 } else { first.len_utf8() };
                Kind::Symbol
            }
        };
        found.push(Piece { kind, start, end: at });
    }
    found
}

fn word_length(text: &str) -> usize {
    text.find(|letter| !is_word_char(letter)).unwrap_or(text.len())
}

fn line_length(text: &str) -> usize {
    text.find(['\n', '\r']).unwrap_or(text.len())
}

/// How long the text is that begins here, and whether it is closed on its line.
fn text_length(text: &str, quote: char) -> (usize, bool) {
    let mut letters = text.char_indices().skip(1).peekable();
    let mut depth = 0usize;
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' | '\r' => return (at, false),
            '\\' => {
                letters.next();
            }
            '$' if text[at..].starts_with("${") && has_end(&text[at..]) => {
                letters.next();
                depth += 1;
            }
            '}' => depth = depth.saturating_sub(1),
            _ if letter == quote && depth == 0 => {
                if letters.peek().is_some_and(|(_, next)| *next == quote) {
                    letters.next();
                } else {
                    return (at + letter.len_utf8(), true);
                }
            }
            _ => {}
        }
    }
    (text.len(), false)
}

/// True if the `${` at the beginning has its `}` on the line.
fn has_end(text: &str) -> bool {
    text[..line_length(text)].contains('}')
}

/// `'` opens a text where a value is expected and a second one follows on the line; else it is a comment.
fn opens_text(source: &str, before: &[Piece], rest: &str) -> bool {
    let expected = match before.last() {
        Some(last) if last.kind == Kind::Symbol => !matches!(last.text(source), ")" | "]" | "}"),
        Some(last) if last.kind == Kind::Word => {
            let word = last.text(source);
            word.chars().all(|letter| !letter.is_lowercase()) && before.len() < 4
        }
        _ => false,
    };
    expected && rest[1..line_length(rest)].contains('\'')
}

/// The `${…}` of a text (or of a line of a text block) that a byte is in: the bytes between its braces.
pub(crate) fn code_at(source: &str, within: Range<usize>, offset: usize) -> Option<Range<usize>> {
    codes(source, within).into_iter().find(|code| code.start <= offset && offset <= code.end)
}

/// The bytes between the braces of each `${…}`; one that is not closed ends with the range.
pub(crate) fn codes(source: &str, within: Range<usize>) -> Vec<Range<usize>> {
    let Some(text) = source.get(within.clone()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("${").map(|open| at + open + 2) {
        let line = open + line_length(&text[open..]);
        let mut depth = 0usize;
        let close = text[open..line].char_indices().find_map(|(place, letter)| {
            match letter {
                '{' | '(' | '[' => depth += 1,
                '}' if depth == 0 => return Some(open + place),
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            None
        });
        let end = close.unwrap_or(line);
        found.push(within.start + open..within.start + end);
        at = end;
    }
    found
}

/// The bytes of the statement that a place is in: its line, with the lines that it goes on from and to.
pub(crate) fn statement(source: &str, offset: usize) -> Range<usize> {
    let mut start = line_start(source, offset);
    let mut end = offset + line_length(source.get(offset..).unwrap_or(""));
    // Nobody writes longer ones, and a file of open brackets must not be read again for every key.
    for _ in 0..MOST_LINES {
        let Some(previous) = start.checked_sub(1).map(|before| line_start(source, before)) else { break };
        if !(goes_on(&source[previous..start]) || is_clause(&source[start..])) {
            break;
        }
        start = previous;
    }
    for _ in 0..MOST_LINES {
        let Some(next) = source.get(end..).and_then(|rest| rest.find('\n')).map(|at| end + at + 1) else { break };
        if next >= source.len() || !(goes_on(&source[line_start(source, end)..next]) || is_clause(&source[next..])) {
            break;
        }
        end = next + line_length(&source[next..]);
    }
    start..end
}

const MOST_LINES: usize = 40;

pub(crate) fn line_start(source: &str, offset: usize) -> usize {
    source.get(..offset).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1)
}

/// True for a line that the next one belongs to.
fn goes_on(line: &str) -> bool {
    let line = line.trim_end();
    if line.trim_start().starts_with(['\'', '#']) || line.trim_start().starts_with("//") {
        return false;
    }
    line.ends_with([',', '(', '[', '{', '+', '&']) || line.ends_with(" _")
}

/// True for a line that begins with a part of a keyword that was begun before.
fn is_clause(line: &str) -> bool {
    let word = line.trim_start_matches([' ', '\t']);
    let word = &word[..word_length(word)];
    ["WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "JOIN", "AND", "OR", "HEADERS"]
        .iter()
        .any(|clause| word.eq_ignore_ascii_case(clause))
}

/// True if a line stands inside of a text block (`BEGIN TALK` and its like); asked of the lines before it.
pub(crate) fn in_text_block(source: &str, offset: usize) -> bool {
    let mut open = false;
    for line in source.get(..line_start(source, offset)).unwrap_or("").lines() {
        let line = line.trim_start();
        let ends = |what: &str| line.get(..what.len()).is_some_and(|own| own.eq_ignore_ascii_case(what));
        if open {
            let mut words = line.split([' ', '\t', '_']).filter(|word| !word.is_empty());
            open = !(words.next().is_some_and(|word| word.eq_ignore_ascii_case("end"))
                && words.next().is_some_and(is_block_word));
        } else if ends("begin") {
            open = line[5..].split([' ', '\t', '_']).find(|word| !word.is_empty()).is_some_and(is_block_word);
        }
    }
    open
}

fn is_block_word(word: &str) -> bool {
    ["TALK", "SYSTEM", "MAIL", "EMAIL"].iter().any(|own| word.trim().eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str) -> Vec<&str> {
        pieces(source, 0..source.len()).iter().map(|piece| piece.text(source)).collect()
    }

    #[test]
    fn a_text_that_is_not_closed_ends_with_its_line() {
        assert_eq!(shown("FIND \"cust\nTALK 1"), ["FIND", "\"cust", "TALK", "1"]);
        assert_eq!(shown("TALK \"a ${f(\"x\")} b\" ' no"), ["TALK", "\"a ${f(\"x\")} b\"", "' no"]);
        assert_eq!(shown("x = 'a' + \"say \\\"b\\\"\""), ["x", "=", "'a'", "+", "\"say \\\"b\\\"\""]);
        assert_eq!(shown("REM FIND \"x\"\nname$ = rec?.id"), ["REM FIND \"x\"", "name$", "=", "rec", "?.", "id"]);
        assert_eq!(shown("TALK \"\u{e4}\u{1f600}"), ["TALK", "\"\u{e4}\u{1f600}"]);
    }

    #[test]
    fn statements_go_over_lines() {
        let text = "a = 1\nrows = FIND \"t\" _\n  WHERE x = 1\n  ORDER BY y\nb = 2\n";
        let place = text.find("x = 1").expect("x");
        assert_eq!(&text[statement(text, place)], "rows = FIND \"t\" _\n  WHERE x = 1\n  ORDER BY y");
        assert_eq!(&text[statement(text, 2)], "a = 1");
        assert_eq!(statement("", 0), 0..0);
    }

    #[test]
    fn values_in_texts_are_found() {
        let text = "TALK \"a ${one} b ${two(\"}\")} c ${thr";
        let found: Vec<&str> = codes(text, 5..text.len()).into_iter().map(|code| &text[code]).collect();
        assert_eq!(found, ["one", "two(\"}\")", "thr"]);
        assert!(in_text_block("BEGIN TALK\nHello\n", 12));
        assert!(!in_text_block("BEGIN TALK\nHello\nEND TALK\nx", 26));
    }
}
