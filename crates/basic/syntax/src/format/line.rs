//! From a script's lines to the lines of its layout.

use std::collections::{HashMap, HashSet};

use super::spacing::Tokens;
use crate::{
    ast::Loc,
    lexer::{self, TextBlock, Token, TokenKind},
    parser::notes::Notes,
};

/// Blanks of one level.
const INDENT: usize = 4;
/// Empty lines in a row that are kept.
const EMPTY_LINES: usize = 2;

/// The script with the places that the notes tell.
pub(super) fn lay_out(source: &str, notes: &Notes) -> String {
    let all = lexer::lex(source, Loc::new(0, source.len() as u32)).tokens;
    let shown = |token: &Token| match token.kind {
        TokenKind::Eof => false,
        TokenKind::Newline => source.get(token.loc.start as usize..token.loc.end as usize) == Some(";"),
        _ => true,
    };
    let mut layout = Layout {
        source,
        depths: notes.lines.iter().copied().collect(),
        words: notes.words.iter().copied().collect(),
        out: String::with_capacity(source.len() + source.len() / 8),
        waiting: Vec::new(),
        open: Vec::new(),
        base: 0,
        in_table: false,
        after_param: false,
    };
    let tokens: Vec<Token> = all.into_iter().filter(shown).collect();
    let mut at = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut next = 0;
    while at < source.len() {
        let line_end = |from: usize| source[from..].find('\n').map_or(source.len(), |found| from + found);
        let (start, first) = (at, next);
        let mut end = line_end(at);
        // A text or a block of text may span lines.
        while let Some(token) = tokens.get(next).filter(|token| (token.loc.start as usize) < end) {
            end = end.max(line_end(token.loc.end as usize));
            next += 1;
        }
        layout.line(start, end, &tokens[first..next]);
        at = end + 1;
    }
    layout.comments_before(None);
    layout.out
}

struct Layout<'s> {
    source: &'s str,
    /// Depth of each statement and end of a block, by its first byte.
    depths: HashMap<u32, u32>,
    /// Words of the language, by their first byte.
    words: HashSet<u32>,
    out: String,
    /// Empty lines and comments before the next line: the comment and how far right it stood.
    waiting: Vec<Option<(&'s str, usize)>>,
    /// For each open bracket the level of the line that it stands in.
    open: Vec<usize>,
    /// Level of the statement that the lines belong to.
    base: usize,
    in_table: bool,
    /// The line before is a PARAM, and no empty line follows it.
    after_param: bool,
}

impl<'s> Layout<'s> {
    fn text(&self, loc: Loc) -> &'s str {
        self.source.get(loc.start as usize..loc.end as usize).unwrap_or("")
    }

    fn is_word(&self, token: Option<&Token>, wanted: &str) -> bool {
        token.is_some_and(|own| matches!(own.kind, TokenKind::Word) && self.text(own.loc).eq_ignore_ascii_case(wanted))
    }

    /// One line of the source, or several that a text joins.
    fn line(&mut self, start: usize, end: usize, tokens: &[Token]) {
        let source = self.source;
        let slice = |from: usize, to: usize| source.get(from..to).unwrap_or("");
        let Some(first) = tokens.first() else {
            let text = slice(start, end);
            let comment = text.trim();
            let place = column(&text[..text.len() - text.trim_start().len()]);
            self.waiting.push((!comment.is_empty()).then_some((comment, place)));
            self.after_param &= !comment.is_empty();
            return;
        };
        let place = column(slice(start, first.loc.start as usize));
        let level = self.level(tokens, place);
        self.comments_before(Some((level, place)));
        let head = self.depths.contains_key(&first.loc.start);
        let param = head && self.is_word(Some(first), "PARAM");
        self.after_param = param;
        self.push_indent(level);
        if let TokenKind::Block(block) = &first.kind {
            self.block(first.loc, block, level);
        } else {
            self.tokens(tokens, param);
            let last = tokens.last().map_or(start, |token| token.loc.end as usize);
            self.tail(slice(last, end));
        }
        self.out.push('\n');
        for token in tokens {
            match token.kind {
                TokenKind::Symbol("(" | "[" | "{") => self.open.push(level),
                TokenKind::Symbol(")" | "]" | "}") => {
                    self.open.pop();
                }
                _ => {}
            }
        }
        if head && self.is_word(Some(first), "TABLE") {
            self.in_table = true;
        }
    }

    /// How deep a line stands.
    fn level(&mut self, tokens: &[Token], place: usize) -> usize {
        let Some(first) = tokens.first() else { return self.base };
        if let Some(innermost) = self.open.last() {
            // Closing brackets stand under the line that opened the outermost of them.
            let closes = |token: &&Token| matches!(token.kind, TokenKind::Symbol(")" | "]" | "}"));
            let closing = tokens.iter().take_while(closes).count();
            return match closing {
                0 => innermost + 1,
                _ => {
                    self.open.len().checked_sub(closing).and_then(|at| self.open.get(at)).copied().unwrap_or(self.base)
                }
            };
        }
        if let Some(depth) = self.depths.get(&first.loc.start) {
            self.base = *depth as usize;
            self.in_table = false;
            // Indented under a PARAM, a DESCRIPTION tells about the parameter.
            let of_param = self.after_param && place > 0 && self.is_word(Some(first), "DESCRIPTION");
            return self.base + usize::from(of_param);
        }
        let second = tokens.get(1);
        let ends = (self.is_word(Some(first), "END")
            && (self.is_word(second, "WITH") || self.is_word(second, "TABLE")))
            || self.is_word(Some(first), "END_WITH")
            || self.is_word(Some(first), "END_TABLE");
        if ends {
            self.in_table = false;
        }
        self.base + usize::from(!ends)
    }

    fn push_indent(&mut self, level: usize) {
        self.out.extend(std::iter::repeat_n(' ', level * INDENT));
    }

    /// Comments and empty lines that stand before a line of that level, which stood that far right.
    fn comments_before(&mut self, line: Option<(usize, usize)>) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut empty = 0;
        for comment in waiting {
            let Some((text, place)) = comment else {
                empty += 1;
                continue;
            };
            self.push_empty(empty);
            empty = 0;
            // Further right than the end of a block, it belongs to the inside of the block.
            let inside = line.is_some_and(|(_, own)| place > own);
            let level = line.map_or(0, |(level, _)| if inside { self.inner(level) } else { level });
            self.push_indent(level);
            self.out.push_str(text);
            self.out.push('\n');
        }
        if line.is_some() {
            self.push_empty(empty);
        }
    }

    /// The level of what stands right before a line: one deeper when the line ends or divides a block.
    fn inner(&self, level: usize) -> usize {
        let last = self.out.lines().next_back().unwrap_or("");
        let before = (last.len() - last.trim_start_matches(' ').len()) / INDENT;
        if before > level { level + 1 } else { level }
    }

    fn push_empty(&mut self, count: usize) {
        if !self.out.is_empty() {
            self.out.extend(std::iter::repeat_n('\n', count.min(EMPTY_LINES)));
        }
    }

    /// The tokens of a line; `as_written` keeps the blanks between them.
    fn tokens(&mut self, tokens: &[Token], as_written: bool) {
        let gap = |at: usize| {
            let from = at.checked_sub(1).and_then(|before| tokens.get(before));
            match (from, tokens.get(at)) {
                (Some(from), Some(to)) => self.source.get(from.loc.end as usize..to.loc.start as usize).unwrap_or(""),
                _ => "",
            }
        };
        let gaps: Vec<&str> = (0..tokens.len()).map(gap).collect();
        let apart: Vec<bool> = gaps.iter().map(|gap| !gap.is_empty()).collect();
        let line = Tokens { tokens, apart: &apart };
        let as_written = as_written || self.in_table;
        for (at, token) in tokens.iter().enumerate() {
            if as_written {
                self.out.push_str(gaps.get(at).copied().unwrap_or(""));
            } else if at > 0 && line.blank_before(at) {
                self.out.push(' ');
            }
            let text = self.text(token.loc);
            let word = matches!(token.kind, TokenKind::Word) && !self.in_table && self.words.contains(&token.loc.start);
            if word || self.goes_on(tokens, at) {
                self.out.push_str(&text.to_uppercase());
            } else if text.contains("\r\n") {
                self.out.push_str(&text.replace("\r\n", "\n"));
            } else {
                self.out.push_str(text);
            }
        }
    }

    /// True for the further words of `ON ERROR RESUME NEXT` and the like, whose first word is one of the language.
    fn goes_on(&self, tokens: &[Token], at: usize) -> bool {
        const MORE: &[&[&str]] = &[
            &["ON", "ERROR", "RESUME", "NEXT"],
            &["ON", "ERROR", "GOTO"],
            &["RESUME", "NEXT"],
            &["CLEAR", "ERROR"],
            &["EXIT", "SUB"],
            &["EXIT", "FUNCTION"],
            &["SET", "SCHEDULE"],
            &["SET", "SCHEDULER"],
            &["ALLOW", "ROLE"],
            &["CREATE", "INDEX"],
            &["CREATE", "UNIQUE", "INDEX"],
            &["ON", "INSERT", "OF"],
            &["ON", "UPDATE", "OF"],
            &["ON", "DELETE", "OF"],
            &["ON", "EMAIL"],
            &["ON", "CHANGE"],
            &["ON", "FORM", "SUBMIT"],
            &["ON", "EVENT"],
        ];
        MORE.iter().any(|phrase| {
            (1..phrase.len().min(at + 1)).any(|word| {
                let head = at - word;
                tokens.get(head).is_some_and(|token| self.words.contains(&token.loc.start))
                    && phrase
                        .iter()
                        .take(word + 1)
                        .enumerate()
                        .all(|(more, own)| self.is_word(tokens.get(head + more), own))
            })
        })
    }

    /// What follows the last token: ` _`, a comment, or nothing.
    fn tail(&mut self, tail: &str) {
        let text = tail.trim_end();
        let (gap, mut text) = text.split_at(text.len() - text.trim_start().len());
        let mut gap = gap.chars().count();
        if let Some(more) = text.strip_prefix('_') {
            self.out.push_str(" _");
            text = more.trim_start();
            gap = more.chars().count() - text.chars().count();
        }
        if !text.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', gap.max(1)));
            self.out.push_str(text);
        }
    }

    /// `BEGIN TALK … END TALK`: the lines inside keep their distances from each other.
    fn block(&mut self, loc: Loc, block: &TextBlock, level: usize) {
        let whole = self.text(loc);
        let header = self.text(block.header).trim();
        let begin = self.text(Loc::new(loc.start, block.header.start));
        self.out.push_str(&begin.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase());
        if !header.is_empty() {
            self.out.push(' ');
            self.out.push_str(header);
        }
        let mut lines: Vec<&str> = whole.split('\n').skip(1).map(str::trim_end).collect();
        let last = lines.pop().unwrap_or("").trim_start();
        let indent_of = |line: &&str| line.len() - line.trim_start_matches([' ', '\t']).len();
        let indent = lines.iter().filter(|line| !line.is_empty()).map(indent_of).min().unwrap_or(0);
        for line in lines {
            self.out.push('\n');
            if !line.is_empty() {
                self.push_indent(level);
                self.out.push_str(line.get(indent..).unwrap_or(""));
            }
        }
        self.out.push('\n');
        self.push_indent(level);
        let (end, comment) = last.split_at(last.find('\'').unwrap_or(last.len()));
        self.out.push_str(&end.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase());
        if !comment.is_empty() {
            self.out.push(' ');
            self.out.push_str(comment);
        }
    }
}

/// How far right a line begins; a tabulator counts as a level.
fn column(blanks: &str) -> usize {
    blanks.chars().map(|blank| if blank == '\t' { INDENT } else { 1 }).sum()
}
