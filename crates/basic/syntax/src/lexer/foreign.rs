//! Characters that come from word processors and other languages: curly quotes are quotes; what has no meaning in BASIC
//! is named once, with what to write instead, and read as what it was meant to be.

use std::sync::Arc;

use super::{Lexer, Part, TokenKind, ends_block};
use crate::{ast::Loc, codes::Code, parser::nearest};

/// Quotes that a word processor makes of `"`.
const CURLY: [char; 4] = ['“', '”', '„', '‟'];
/// What it makes of `'`.
const CURLY_SINGLE: [char; 3] = ['‘', '’', '‚'];

impl<'s> Lexer<'s> {
    fn rest_of_line(&self, from: usize) -> &'s str {
        &self.source[from..self.line_end(from)]
    }

    /// A text in curly quotes: up to the next one of its line, whichever way it bends, else up to a plain quote.
    pub(super) fn curly_text(&mut self, first: char) {
        let line = self.rest_of_line(self.at + first.len_utf8());
        let close = line.chars().find(|c| CURLY.contains(c)).unwrap_or('"');
        self.text(close);
    }

    /// `‘` and `’` are what `'` is at their place: a text where a value is expected, else a comment.
    pub(super) fn curly_apostrophe(&mut self, first: char) {
        let line = self.rest_of_line(self.at + first.len_utf8());
        let close = line.chars().find(|c| CURLY_SINGLE.contains(c));
        let opens = self.expects_operand() || first != '’';
        match close.filter(|_| opens) {
            Some(close) => self.text(close),
            None => self.at = self.line_end(self.at),
        }
    }

    /// ``text`` in backticks is a text of JavaScript.
    pub(super) fn backtick(&mut self) {
        let start = self.at;
        let line = self.rest_of_line(start + 1);
        let Some(len) = line.find('`') else {
            self.at += 1;
            self.error(Code::UnknownCharacter, start, self.at, "`` ` `` has no meaning here");
            return;
        };
        let inside = &line[..len];
        let help = format!("Write `\"{}\"`.", inside.replace('"', "\"\""));
        let parts: Arc<[Part]> = Arc::from([Part::Text(Arc::from(inside))]);
        self.at = start + len + 2;
        self.error_help(Code::UnknownCharacter, start, self.at, "a text stands in `\"`, not in backticks", help);
        self.push(TokenKind::Text(parts), start);
    }

    /// True behind a word that says the next value: `TALK 'Hello'` can be no comment.
    pub(super) fn says(&self, word: &str) -> bool {
        let first = self.tokens.len() < 2
            || matches!(self.tokens[self.tokens.len() - 2].kind, TokenKind::Newline | TokenKind::Symbol(":"));
        let mut rest = self.rest_of_line(self.at).chars();
        rest.next();
        let rest = rest.as_str();
        let closes = |c: char| c == '\'' || CURLY_SINGLE.contains(&c);
        let whole = rest.find(closes).is_some_and(|close| {
            let behind = rest[close..].trim_start_matches(closes).trim_start();
            behind.is_empty() || behind.starts_with(['+', '&', ','])
        });
        first && whole && ["talk", "print"].iter().any(|own| word.eq_ignore_ascii_case(own))
    }

    /// A comment that is none in BASIC: behind a statement `//` and `#`, anywhere `/* … */` and `<!-- … -->`.
    pub(super) fn foreign_comment(&mut self, rest: &str) -> bool {
        let start = self.at;
        let pairs = [("/*", "*/"), ("<!--", "-->")];
        if let Some((open, close)) = pairs.iter().find(|(open, _)| rest.starts_with(open)) {
            let len = rest.find(close).map_or(rest.len(), |at| at + close.len());
            self.at = start + len;
            let message = format!("a comment begins with `'` and ends with its line, not with `{open}`");
            let comment = rest[open.len()..len].trim_end_matches(close).trim();
            let help = if comment.len() < 80 && !comment.contains('\n') && !comment.is_empty() {
                format!("Write `' {comment}`.")
            } else {
                "Write `'` before each of its lines.".to_owned()
            };
            self.error_help(Code::ForeignComment, start, start + open.len(), message, help);
            return true;
        }
        let hash = rest.starts_with('#');
        if !(rest.starts_with("//") || hash) || self.at_line_start() {
            return false;
        }
        if !hash && self.address_without_quotes() {
            return true;
        }
        let len = if hash { 1 } else { 2 };
        let line_start = self.source[..start].rfind('\n').map_or(0, |at| at + 1);
        let before = self.source[line_start..start].trim();
        let after = self.rest_of_line(start + len).trim().to_owned();
        let help = if before.len() + after.len() < 80 {
            format!("Write `{before} ' {after}`.")
        } else {
            "Write `'` before the comment.".to_owned()
        };
        self.at = self.line_end(start);
        let sign = &rest[..len];
        let message =
            format!("`{sign}` begins a comment only at the beginning of a line; behind a statement it is `'`");
        self.error_help(Code::ForeignComment, start, start + len, message, help);
        true
    }

    /// `GET https://example.com/a`: the address up to the next blank is read as the text it was meant to be.
    fn address_without_quotes(&mut self) -> bool {
        let scheme = self.tokens.len().checked_sub(2).map(|at| self.tokens[at].loc.start as usize);
        let Some(start) = scheme.filter(|start| {
            let written = &self.source[*start..self.at];
            ["http:", "https:"].iter().any(|own| written.eq_ignore_ascii_case(own))
        }) else {
            return false;
        };
        let line = self.rest_of_line(start);
        let len = line.find([' ', '\t', '\r', ',', '"']).unwrap_or(line.len());
        self.at = start + len;
        self.tokens.truncate(self.tokens.len() - 2);
        let address = &line[..len];
        let help = format!("Write `\"{address}\"`.");
        self.error_help(Code::MissingQuotes, start, self.at, "an address stands in quotes", help);
        self.push(TokenKind::Text(Arc::from([Part::Text(Arc::from(address))])), start);
        true
    }

    /// A character without a meaning; signs of typography are read as the operators they look like.
    pub(super) fn unknown_character(&mut self, first: char) {
        let start = self.at;
        self.at += first.len_utf8();
        let meant = match first {
            '–' | '—' | '−' | '‑' => "-",
            '×' | '·' => "*",
            '÷' => "/",
            '≠' => "<>",
            '≤' => "<=",
            '≥' => ">=",
            _ => "",
        };
        if !meant.is_empty() {
            let message = format!("`{first}` is no operator of BASIC");
            self.error_help(Code::UnknownCharacter, start, self.at, message, format!("Write `{meant}`."));
            self.push(TokenKind::Symbol(meant), start);
            return;
        }
        let message = format!("`{first}` has no meaning here");
        let next = self.rest().chars().next().unwrap_or(' ');
        match first {
            '«' | '»' => {
                let help = "Texts stand in plain quotes: `\"`.".to_owned();
                self.error_help(Code::UnknownCharacter, start, self.at, message, help);
            }
            '$' if next == '"' => {
                let help =
                    "Every text takes values: write `\"… ${name} …\"` without a letter or sign before it.".to_owned();
                self.error_help(Code::UnknownCharacter, start, self.at, message, help);
            }
            '$' if next.is_ascii_digit() => {
                let amount: String = self.rest().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
                let amount = amount.trim_end_matches('.');
                let help = format!("Amounts are plain numbers: write `{amount}`, and the currency where it is shown.");
                self.error_help(Code::UnknownCharacter, start, self.at, message, help);
            }
            _ => self.error(Code::UnknownCharacter, start, self.at, message),
        }
        self.spaced = true;
    }

    /// `BEGIN SYTEM PROMPT`: named once, and what follows is its text if an end of such a block comes.
    pub(super) fn misspelled_block(&mut self, line: &str) -> bool {
        let written: Vec<&str> = line.split_whitespace().skip(1).take(2).collect();
        let joined = written.join(" ");
        let known = ["TALK", "MAIL", "EMAIL", "SYSTEM PROMPT"];
        let Some(what) = nearest(&joined, known.into_iter().filter(|own| own.split(' ').count() == written.len()))
        else {
            return false;
        };
        let body = self.line_end(self.at);
        // Bounded, so that a file full of such lines stays linear.
        let lines = self.source[body..self.end].split_inclusive('\n').take(400);
        let (mut end, mut found) = (body, false);
        for line in lines {
            end += line.len();
            let own = line.trim_end();
            if ends_block(own, &what) || ends_block(own, &joined.to_uppercase()) {
                found = true;
                end -= line.len() - own.len();
                break;
            }
        }
        if !found {
            return false;
        }
        let start = self.at;
        let head = line.trim_end().len();
        let message = format!("`{}` begins no block of text", line.trim());
        let help = format!("Did you mean `BEGIN {what}`?");
        self.error_help(Code::UnknownStatement, start, start + head, message, help);
        self.at = end;
        true
    }

    /// The line that was hardly meant as text.
    pub(super) fn misspelled_end(&self, lines: &[Loc], what: &str) -> Option<String> {
        let wanted = format!("END {what}");
        lines.iter().find_map(|loc| {
            let line = self.source[loc.start as usize..loc.end as usize].trim();
            nearest(line, std::iter::once(&*wanted))?;
            let number = self.source[..loc.start as usize].matches('\n').count() + 1;
            Some(format!("Line {number} says `{line}`: did you mean `{wanted}`?"))
        })
    }
}

/// The first quote of a text as it stands in the source.
pub(super) fn opener_len(source: &str, start: usize, quote: char) -> usize {
    if quote == '\\' { 2 } else { source[start..].chars().next().map_or(1, char::len_utf8) }
}

/// What an unclosed text says, as a whole statement could be written.
pub(super) fn closed(source: &str, start: usize, end: usize) -> Option<String> {
    let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = source[line_start..start].trim_start();
    // A curly quote at the end was to close it.
    let inside = source.get(start..end)?.trim_end_matches(CURLY);
    (before.len() + inside.len() < 80).then(|| format!("Write `{before}{inside}\"`."))
}
