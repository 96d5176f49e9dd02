//! From characters to tokens: lines, comments, the two meanings of `'`, texts over several lines and
//! the raw lines of text blocks. Knows no grammar beyond which words open a block of raw text.

mod foreign;
mod text;

use std::sync::Arc;

pub(crate) use text::Part;

use crate::{ast::Loc, codes::Code};

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A word; its text is the source at its place.
    Word,
    Int(i64),
    Float(f64),
    /// A text with its `${…}` parts.
    Text(Arc<[Part]>),
    /// An operator or bracket.
    Symbol(&'static str),
    /// `BEGIN TALK … END TALK` and friends, whole.
    Block(Arc<TextBlock>),
    /// The rest of a line taken as it is (after DESCRIPTION without quotes).
    RawLine,
    /// End of a line, or `;`.
    Newline,
    Eof,
}

/// A block of raw text.
#[derive(Debug, PartialEq)]
pub(crate) struct TextBlock {
    /// `TALK`, `SYSTEM PROMPT` or `MAIL`.
    pub(crate) what: &'static str,
    /// The rest of the opening line.
    pub(crate) header: Loc,
    /// Lines with common indentation removed.
    pub(crate) lines: Vec<Vec<Part>>,
}

/// A token and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) loc: Loc,
    /// A blank or line end stands before it.
    pub(crate) spaced: bool,
    /// For a bracket: the index of its partner token; `u32::MAX` when it has none.
    pub(crate) partner: u32,
}

/// Something that no script can contain.
pub(crate) struct Fault {
    pub(crate) code: Code,
    pub(crate) loc: Loc,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// What the lexer found.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) errors: Vec<Fault>,
    /// Each `${` before a name that has no `}`: text, but hardly what was meant.
    pub(crate) unclosed: Vec<Loc>,
}

/// Splits `source[range]` into tokens.
pub(crate) fn lex(source: &str, range: Loc) -> Lexed {
    let end = range.end as usize;
    let mut lexer = Lexer {
        source,
        at: range.start as usize,
        end,
        // Scripts have a token for every three or four characters.
        tokens: Vec::with_capacity((end - range.start as usize) / 3 + 2),
        errors: Vec::new(),
        unclosed: Vec::new(),
        open: Vec::new(),
        spaced: true,
        in_table: false,
    };
    if range.start == 0 && source.starts_with('\u{feff}') {
        lexer.at = '\u{feff}'.len_utf8();
    }
    lexer.run();
    Lexed { tokens: lexer.tokens, errors: lexer.errors, unclosed: lexer.unclosed }
}

/// The symbol at the beginning of a text.
fn symbol_at(text: &str) -> Option<&'static str> {
    let (first, rest) = text.as_bytes().split_first()?;
    let second = rest.first().copied().unwrap_or(b' ');
    let symbol = match (first, second) {
        // `c ?.5 : 1` is a ternary; `- -1` and `a --b` are minus signs.
        (b'?', b'.') if !rest.get(1).is_some_and(u8::is_ascii_digit) => "?.",
        (b'?', b'?') => "??",
        (b'&', b'&') => "&&",
        (b'|', b'|') => "||",
        (b'=', b'=') => "==",
        (b'!', b'=') => "!=",
        (b'<', b'>') => "<>",
        (b'<', b'=') => "<=",
        (b'>', b'=') => ">=",
        (b'=', b'<') => "=<",
        (b'=', b'>') => "=>",
        (b'+', b'=') => "+=",
        (b'-', b'=') => "-=",
        (b'*', b'=') => "*=",
        (b'/', b'=') => "/=",
        (b'(', _) => "(",
        (b')', _) => ")",
        (b'[', _) => "[",
        (b']', _) => "]",
        (b'{', _) => "{",
        (b'}', _) => "}",
        (b',', _) => ",",
        (b'.', _) => ".",
        (b':', _) => ":",
        (b'+', _) => "+",
        (b'-', _) => "-",
        (b'*', _) => "*",
        (b'/', _) => "/",
        (b'%', _) => "%",
        (b'^', _) => "^",
        (b'&', _) => "&",
        (b'=', _) => "=",
        (b'<', _) => "<",
        (b'>', _) => ">",
        (b'!', _) => "!",
        (b'?', _) => "?",
        (b'|', _) => "|",
        _ => return None,
    };
    Some(symbol)
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    end: usize,
    tokens: Vec<Token>,
    errors: Vec<Fault>,
    unclosed: Vec<Loc>,
    /// Open brackets: token index and what closes it.
    open: Vec<(usize, &'static str)>,
    spaced: bool,
    in_table: bool,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..self.end).unwrap_or("")
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let loc = Loc::new(start as u32, self.at as u32);
        self.tokens.push(Token { kind, loc, spaced: self.spaced, partner: u32::MAX });
        self.spaced = false;
    }

    fn error(&mut self, code: Code, start: usize, end: usize, message: impl Into<String>) {
        let loc = Loc::new(start as u32, end as u32);
        self.errors.push(Fault { code, loc, message: message.into(), help: None });
    }

    /// The same with what should stand there instead.
    fn error_help(&mut self, code: Code, start: usize, end: usize, message: impl Into<String>, help: String) {
        self.error(code, start, end, message);
        if let Some(fault) = self.errors.last_mut() {
            fault.help = Some(help);
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.source.as_bytes().get(from..self.end).unwrap_or_default();
        rest.iter().position(|byte| *byte == b'\n').map_or(self.end, |at| from + at)
    }

    fn run(&mut self) {
        while let Some(next) = self.source.as_bytes().get(self.at).filter(|_| self.at < self.end) {
            if *next == b' ' {
                self.at += 1;
                self.spaced = true;
                continue;
            }
            if self.at_line_start() && self.line_start() {
                continue;
            }
            self.token();
        }
        let start = self.at;
        self.push(TokenKind::Newline, start);
        self.push(TokenKind::Eof, start);
    }

    fn at_line_start(&self) -> bool {
        self.tokens.last().is_none_or(|token| matches!(token.kind, TokenKind::Newline))
    }

    /// Comments and raw text that only the start of a line can open; true when something was consumed.
    fn line_start(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\r']);
        self.at += rest.len() - trimmed.len();
        let rest = trimmed;
        let word = first_word(rest);
        let comment = rest.starts_with("//")
            || (rest.starts_with('#') && (self.open.is_empty() || !rest.starts_with("#{")))
            || (word.eq_ignore_ascii_case("rem") && !rest[3..].starts_with(['.', '[', '(', '=']));
        if comment {
            self.at = self.line_end(self.at);
            return true;
        }
        if word.eq_ignore_ascii_case("begin") && self.text_block(rest) {
            return true;
        }
        if word.eq_ignore_ascii_case("description") && !self.in_table && self.open.is_empty() {
            let after = rest["description".len()..].trim_start_matches([' ', '\t']);
            if !after.starts_with(['"', '“', '\'', '=', ':', '.', '[', '\r', '\n']) && !after.is_empty() {
                return self.raw_description(rest.len() - after.len());
            }
        }
        if word.eq_ignore_ascii_case("table") {
            let line = &self.source[self.at..self.line_end(self.at)];
            self.in_table = line.split_whitespace().nth(1).is_some_and(|word| word.starts_with(char::is_alphabetic));
        } else if self.in_table && ends_block(rest.split('\n').next().unwrap_or(""), "table") {
            self.in_table = false;
        }
        false
    }

    /// `DESCRIPTION text without quotes`: the rest of the line, as it stands.
    fn raw_description(&mut self, skipped: usize) -> bool {
        let start = self.at;
        self.at += "description".len();
        self.push(TokenKind::Word, start);
        let text_start = start + skipped;
        self.at = text_start + self.source[text_start..self.line_end(text_start)].trim_end().len();
        self.push(TokenKind::RawLine, text_start);
        true
    }

    fn text_block(&mut self, rest: &str) -> bool {
        let line = rest.split('\n').next().unwrap_or("");
        let mut words = line.split_whitespace().skip(1);
        let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let what = if first.eq_ignore_ascii_case("talk") {
            "TALK"
        } else if first.eq_ignore_ascii_case("mail") || first.eq_ignore_ascii_case("email") {
            "MAIL"
        } else if (first.eq_ignore_ascii_case("system") && second.eq_ignore_ascii_case("prompt"))
            || first.eq_ignore_ascii_case("system_prompt")
        {
            "SYSTEM PROMPT"
        } else {
            return self.misspelled_block(line);
        };
        let start = self.at;
        let last_word = if what == "SYSTEM PROMPT" && !first.contains('_') { second } else { first };
        // Both are slices of the same source, so the distance is the header's place.
        let header_start = start + (last_word.as_ptr() as usize - rest.as_ptr() as usize) + last_word.len();
        let header = Loc::new(header_start as u32, (start + line.trim_end().len()) as u32);
        let mut lines = Vec::new();
        self.at = self.line_end(self.at);
        let closed = loop {
            if self.at >= self.end {
                break false;
            }
            self.at += 1;
            let line_end = self.line_end(self.at);
            let line = &self.source[self.at..line_end];
            if ends_block(line, what) || (what == "MAIL" && ends_block(line, "EMAIL")) {
                self.at = line_end;
                break true;
            }
            lines.push(Loc::new(self.at as u32, (self.at + line.trim_end().len()) as u32));
            self.at = line_end;
        };
        if !closed {
            let message = format!("`BEGIN {what}` has no `END {what}`");
            let end = start + line.trim_end().len();
            let missing = || format!("Write `END {what}` on a line of its own where the text ends.");
            let help = self.misspelled_end(&lines, what).unwrap_or_else(missing);
            self.error_help(Code::UnclosedTextBlock, start, end, message, help);
        }
        let lines = text::block_lines(self.source, &lines, &mut self.unclosed);
        self.push(TokenKind::Block(Arc::new(TextBlock { what, header, lines })), start);
        true
    }

    fn token(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        match first {
            'a'..='z' | 'A'..='Z' => self.word(),
            '\n' | ';' => {
                self.at += 1;
                self.push(TokenKind::Newline, start);
                self.spaced = true;
            }
            '_' if !rest[1..].starts_with(is_word_char) && self.continues_line() => {}
            // Invisible characters come along when text is copied from a page.
            _ if first.is_whitespace()
                || matches!(first, '\u{feff}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}') =>
            {
                self.at += first.len_utf8();
                self.spaced = true;
            }
            '"' => self.text('"'),
            '\\' if rest.starts_with("\\\"") => self.text('\\'),
            '\'' if self.apostrophe_opens_text() => self.text('\''),
            '\'' => self.at = self.line_end(self.at),
            '“' | '”' | '„' | '‟' => self.curly_text(first),
            '‘' | '’' | '‚' => self.curly_apostrophe(first),
            '`' => self.backtick(),
            '#' if rest.starts_with("#{") => {
                self.at += 2;
                self.bracket("{", start);
            }
            '0'..='9' => self.number(),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) && !self.after_operand() => self.number(),
            _ if is_word_start(first) => self.word(),
            '$' | '@' if rest[1..].starts_with(is_word_start) => {
                self.at += 1;
                self.word_from(start);
            }
            _ => self.symbol(first),
        }
    }

    /// ` _` at the end of a line joins it with the next.
    fn continues_line(&mut self) -> bool {
        let after = self.at + 1;
        let line_end = self.line_end(after);
        let tail = self.source[after..line_end].trim();
        if !(tail.is_empty() || tail.starts_with('\'')) {
            return false;
        }
        // At the end of a `${…}` it is a name.
        if line_end >= self.end && self.end < self.source.len() {
            return false;
        }
        self.at = (line_end + 1).min(self.end);
        self.spaced = true;
        true
    }

    /// `'` opens a text only where an operand is expected and a second one follows on the line.
    fn apostrophe_opens_text(&self) -> bool {
        let line = &self.source[self.at + 1..self.line_end(self.at + 1)];
        self.expects_operand() && line.contains('\'')
    }

    /// True where a value must follow.
    fn expects_operand(&self) -> bool {
        match self.tokens.last() {
            Some(Token { kind: TokenKind::Symbol(symbol), .. }) => !matches!(*symbol, ")" | "]" | "}"),
            Some(Token { kind: TokenKind::Word, loc, .. }) => {
                let word = &self.source[loc.start as usize..loc.end as usize];
                self.in_table
                    || ["like", "ilike", "contains", "in"].iter().any(|w| word.eq_ignore_ascii_case(w))
                    || self.says(word)
            }
            Some(Token { kind: TokenKind::Newline, .. }) => !self.open.is_empty(),
            _ => false,
        }
    }

    fn after_operand(&self) -> bool {
        match self.tokens.last().map(|token| &token.kind) {
            Some(TokenKind::Symbol(symbol)) => matches!(*symbol, ")" | "]" | "}") && !self.spaced,
            Some(TokenKind::Word | TokenKind::Text(_)) => !self.spaced,
            _ => false,
        }
    }

    fn text(&mut self, quote: char) {
        let start = self.at;
        let scanned = text::scan(self.source, start, self.end, quote);
        self.at = scanned.end;
        self.unclosed.extend(scanned.unclosed);
        if !scanned.closed {
            let help = foreign::closed(self.source, start, scanned.end);
            self.error(Code::UnclosedText, start, scanned.end, "this text has no closing `\"`");
            if let Some(fault) = self.errors.last_mut() {
                fault.help = help;
            }
        }
        self.push(TokenKind::Text(scanned.parts), start);
    }

    fn number(&mut self) {
        let start = self.at;
        let bytes = self.source.as_bytes();
        let digits = |mut at: usize, test: fn(&u8) -> bool| {
            while at < self.end && bytes.get(at).is_some_and(test) {
                at += 1;
            }
            at
        };
        if self.rest().starts_with("0x") || self.rest().starts_with("0X") {
            self.at = digits(start + 2, u8::is_ascii_hexdigit);
            let kind = i64::from_str_radix(&self.source[start + 2..self.at], 16);
            return self.finish_number(start, kind.ok().map(TokenKind::Int));
        }
        let mut at = digits(start, u8::is_ascii_digit);
        let mut whole = true;
        if at + 1 < self.end && bytes[at] == b'.' && bytes[at + 1].is_ascii_digit() {
            whole = false;
            at = digits(at + 1, u8::is_ascii_digit);
        }
        if at < self.end && matches!(bytes[at], b'e' | b'E') {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let after = digits(at + 1 + sign, u8::is_ascii_digit);
            if after > at + 1 + sign {
                whole = false;
                at = after;
            }
        }
        self.at = at;
        let text = &self.source[start..at];
        let int = if whole { text.parse().ok().map(TokenKind::Int) } else { None };
        let float = || text.parse().ok().filter(|value: &f64| value.is_finite()).map(TokenKind::Float);
        self.finish_number(start, int.or_else(float));
    }

    fn finish_number(&mut self, start: usize, kind: Option<TokenKind>) {
        let joined = first_word(self.rest()).len();
        if kind.is_none() || joined > 0 {
            self.at += joined;
            let text = &self.source[start..self.at];
            let message = format!("`{text}` is not a number");
            let plain = text.replace('_', "");
            if plain != text && plain.chars().all(|c| c.is_ascii_digit()) {
                self.error_help(Code::BadNumber, start, self.at, message, format!("Write `{plain}`."));
            } else {
                self.error(Code::BadNumber, start, self.at, message);
            }
        }
        self.push(kind.unwrap_or(TokenKind::Int(0)), start);
    }

    fn word(&mut self) {
        self.word_from(self.at);
    }

    fn word_from(&mut self, start: usize) {
        self.at += first_word(self.rest()).len();
        // `name$` is one name, `name${` is not.
        let rest = self.rest();
        if rest.starts_with('$') && !rest[1..].starts_with(|c| c == '{' || is_word_char(c)) {
            self.at += 1;
        }
        let word = &self.source[start..self.at];
        let ends = self.rest().is_empty() || self.rest().starts_with([' ', '\t', '\r', '\n']);
        if word.eq_ignore_ascii_case("rem") && self.after_complete_operand() && ends {
            self.at = self.line_end(self.at);
            return;
        }
        self.push(TokenKind::Word, start);
    }

    /// For a REM after a statement: the token before it could end one.
    fn after_complete_operand(&self) -> bool {
        match self.tokens.last().map(|token| &token.kind) {
            Some(TokenKind::Text(_) | TokenKind::Int(_) | TokenKind::Float(_)) => true,
            Some(TokenKind::Symbol(symbol)) => matches!(*symbol, ")" | "]" | "}"),
            _ => false,
        }
    }

    fn symbol(&mut self, first: char) {
        let start = self.at;
        let rest = self.rest();
        if self.foreign_comment(rest) {
            return;
        }
        let Some(symbol) = symbol_at(rest) else { return self.unknown_character(first) };
        self.at += symbol.len();
        match symbol {
            "(" | "[" | "{" => self.bracket(symbol, start),
            ")" | "]" | "}" => {
                let own = self.tokens.len();
                self.push(TokenKind::Symbol(symbol), start);
                if let Some((opener, _)) = self.open.pop_if(|(_, closer)| *closer == symbol) {
                    self.tokens[opener].partner = own as u32;
                    self.tokens[own].partner = opener as u32;
                }
            }
            _ => self.push(TokenKind::Symbol(symbol), start),
        }
    }

    fn bracket(&mut self, symbol: &'static str, start: usize) {
        let closer = match symbol {
            "(" => ")",
            "[" => "]",
            _ => "}",
        };
        self.open.push((self.tokens.len(), closer));
        self.push(TokenKind::Symbol(symbol), start);
    }
}

/// True for `END what` alone on a line, `_` counting as a blank.
fn ends_block(line: &str, what: &str) -> bool {
    let mut words = line.trim_end_matches([';', '\r', ' ', '\t']).split(|c: char| c.is_whitespace() || c == '_');
    let mut next = || words.find(|word| !word.is_empty());
    next().is_some_and(|word| word.eq_ignore_ascii_case("end"))
        && what.split(' ').all(|wanted| next().is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
        && next().is_none_or(|word| word.starts_with('\''))
}

fn first_word(text: &str) -> &str {
    let plain = text.bytes().position(|byte| !is_plain_word(byte)).unwrap_or(text.len());
    if text.as_bytes().get(plain).is_none_or(u8::is_ascii) {
        return &text[..plain];
    }
    &text[..text.find(|c| !is_word_char(c)).unwrap_or(text.len())]
}

/// [`is_word_char`] for what most words are made of.
const fn is_plain_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || (c > '\u{2ff}' && !c.is_whitespace() && is_combining(c))
}

/// Accents written as their own character belong to the word before them.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}')
}
