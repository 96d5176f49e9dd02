//! What stands before the cursor, in a statement that may be half-typed in a file with other mistakes: which keyword
//! it belongs to, and which of its arguments comes here. Looks at pieces, not at the tree.

use std::ops::Range;

use crate::{
    forms::{Form, Walk},
    language::{Language, What},
    line::{self, Kind, Piece},
    script::Script,
};

/// The statement that the cursor is in.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) language: &'a Language,
    pub(crate) text: &'a str,
    pub(crate) offset: usize,
    /// What the file says without this statement.
    pub(crate) around: &'a Script,
    /// The bytes of the statement, with the lines it goes on to.
    pub(crate) statement: Range<usize>,
    pub(crate) pieces: Vec<Piece>,
    /// Inside of the `${…}` of a text, or of a text block.
    pub(crate) in_code: bool,
    /// A line of a text block, outside of any `${…}`.
    pub(crate) in_block: bool,
    /// The text that the cursor is in, between its quotes.
    pub(crate) quoted: Option<Piece>,
}

/// A keyword that the pieces before the cursor belong to.
#[derive(Debug)]
pub(crate) struct Governing<'a> {
    pub(crate) keyword: usize,
    pub(crate) form: &'a Form,
    pub(crate) form_index: usize,
    /// Of the pieces after the phrase.
    pub(crate) walk: Walk,
    /// Where its phrase begins and its arguments begin, as indexes of pieces.
    pub(crate) first: usize,
    pub(crate) args: usize,
    /// Other forms of the same phrase.
    pub(crate) forms: &'a [(usize, usize)],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(language: &'a Language, around: &'a Script, text: &'a str, offset: usize) -> Self {
        let mut own = Self {
            language,
            text,
            offset,
            around,
            statement: line::statement(text, offset),
            pieces: Vec::new(),
            in_code: false,
            in_block: false,
            quoted: None,
        };
        if line::in_text_block(text, offset) {
            let start = line::line_start(text, offset);
            let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
            own.statement = start..end;
            match line::code_at(text, start..end, offset) {
                Some(code) => own.enter_code(code),
                None => own.in_block = true,
            }
            return own;
        }
        own.pieces = line::pieces(text, own.statement.clone());
        if let Some(piece) = own.pieces.iter().find(|piece| own.is_inside(piece)).copied() {
            match line::code_at(text, piece.inside(), offset) {
                Some(code) => own.enter_code(code),
                None => own.quoted = Some(piece),
            }
        }
        own
    }

    fn enter_code(&mut self, code: Range<usize>) {
        self.in_code = true;
        self.pieces = line::pieces(self.text, code);
        self.quoted = self.pieces.iter().find(|piece| self.is_inside(piece)).copied();
    }

    /// True for a text whose quotes the cursor is between.
    fn is_inside(&self, piece: &Piece) -> bool {
        let inside = piece.inside();
        piece.is_text() && inside.start <= self.offset && self.offset <= inside.end
    }

    /// True if the cursor is in a comment.
    pub(crate) fn in_comment(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| piece.kind == Kind::Comment && piece.start < self.offset && self.offset <= piece.end)
    }

    /// The piece that the cursor is in or at the end of.
    pub(crate) fn piece(&self) -> Option<(usize, Piece)> {
        let touches = |piece: &Piece| piece.start <= self.offset && self.offset <= piece.end;
        let found = self.pieces.iter().copied().enumerate().filter(|(_, piece)| touches(piece));
        // Between two pieces the word counts.
        found.max_by_key(|(index, piece)| (matches!(piece.kind, Kind::Word | Kind::Text { .. }), *index))
    }

    /// How many pieces stand before the word that is being typed.
    pub(crate) fn before(&self) -> usize {
        if let Some(quoted) = self.quoted {
            return self.pieces.iter().take_while(|piece| piece.start < quoted.start).count();
        }
        let typed = |piece: &Piece| matches!(piece.kind, Kind::Word | Kind::Number) && self.offset <= piece.end;
        self.pieces.iter().take_while(|piece| piece.start < self.offset && !typed(piece)).count()
    }

    /// The first piece of the simple statement that the pieces up to `end` end with: `:` and THEN begin a new one.
    pub(crate) fn segment(&self, end: usize) -> usize {
        let mut depth = 0usize;
        let mut start = 0;
        for (index, piece) in self.pieces.iter().enumerate().take(end) {
            match piece.text(self.text) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                ":" | ";" if depth == 0 && piece.kind == Kind::Symbol => start = index + 1,
                word if piece.kind == Kind::Word
                    && ["THEN", "ELSE"].iter().any(|own| word.eq_ignore_ascii_case(own)) =>
                {
                    start = index + 1;
                }
                _ => {}
            }
        }
        start
    }

    /// The keyword whose arguments the pieces up to `end` end in.
    pub(crate) fn governing(&self, end: usize) -> Option<Governing<'a>> {
        let start = self.segment(end);
        let mut found = None;
        let mut open: Vec<usize> = Vec::new();
        let mut at = start;
        // Keywords in brackets that are closed again are over.
        let mut stack: Vec<Option<Governing<'a>>> = Vec::new();
        while at < end {
            let piece = self.pieces[at];
            match piece.text(self.text) {
                "(" | "[" | "{" if piece.kind == Kind::Symbol => {
                    open.push(at);
                    stack.push(found.take());
                    // The brackets of `USE_KB("n")` are the keyword's own.
                    if let Some(Some(outer)) = stack.last()
                        && outer.args == at
                    {
                        found = stack.last_mut().and_then(Option::take);
                    }
                }
                ")" | "]" | "}" if piece.kind == Kind::Symbol => {
                    open.pop();
                    let before = stack.pop().flatten();
                    found = before.or(found.filter(|own: &Governing<'_>| open.is_empty() && own.args <= at));
                }
                _ if piece.kind == Kind::Word && self.may_begin(start, at) => {
                    if let Some(phrase) = self.language.phrase_at(self.text, &self.pieces[at..end]) {
                        if let What::Keyword(forms) = phrase.what
                            && !(phrase.pieces == 1 && self.around.is_variable(piece.text(self.text)))
                            && let Some(own) = self.keyword(forms, at, at + phrase.pieces, end)
                        {
                            found = Some(own);
                        }
                        at += phrase.pieces;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        found.or_else(|| stack.into_iter().rev().flatten().next())
    }

    /// The form that fits best; none if the keyword takes nothing.
    fn keyword(&self, forms: &'a [(usize, usize)], first: usize, args: usize, end: usize) -> Option<Governing<'a>> {
        let pieces = &self.pieces[args..end];
        let mut best: Option<Governing<'a>> = None;
        for (keyword, form_index) in forms {
            let form = self.language.forms.get(*keyword)?.get(*form_index)?;
            let walk = form.walk(self.text, pieces);
            if !form.parts.is_empty() && best.as_ref().is_none_or(|own| own.walk.score < walk.score) {
                best = Some(Governing { keyword: *keyword, form, form_index: *form_index, walk, first, args, forms });
            }
        }
        best
    }

    /// True where a value or a statement begins: a keyword's phrase may stand here.
    fn may_begin(&self, start: usize, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).filter(|before| *before >= start).map(|before| self.pieces[before]) else {
            return true;
        };
        let text = before.text(self.text);
        match before.kind {
            Kind::Symbol => !matches!(text, ")" | "]" | "}" | "." | "?."),
            Kind::Word => {
                let words =
                    ["AND", "OR", "NOT", "IN", "TO", "AS", "WITH", "RETURN", "TALK", "IF", "UNTIL", "WHILE", "SET"];
                words.iter().any(|own| text.eq_ignore_ascii_case(own))
                    || self.language.phrase_at(self.text, &self.pieces[before_phrase(self, start, at)..at]).is_some()
            }
            _ => false,
        }
    }

    /// The table that a keyword looks at, as far as it is written.
    pub(crate) fn table_of(&self, own: &Governing<'_>) -> Option<&'a str> {
        let pieces = &self.pieces[own.args..];
        let place = own.walk.parts.iter().position(|part| part.is_some_and(|part| own.form.is_table(part)))?;
        let piece = pieces.get(place)?;
        Some(if piece.is_text() { self.text.get(piece.inside())? } else { piece.text(self.text) })
    }

    /// The parts of a chain such as `order.items[0].` that ends before a piece: its first word, and the fields after.
    pub(crate) fn chain(&self, mut dot: usize) -> Option<(Piece, Vec<&'a str>)> {
        let mut fields = Vec::new();
        loop {
            let mut at = dot.checked_sub(1)?;
            let mut depth = 0usize;
            // Brackets between are skipped.
            loop {
                match self.pieces[at].text(self.text) {
                    ")" | "]" => depth += 1,
                    "(" | "[" => depth = depth.saturating_sub(1),
                    _ if depth == 0 => break,
                    _ => {}
                }
                at = at.checked_sub(1)?;
            }
            let piece = self.pieces[at];
            if piece.kind != Kind::Word {
                return None;
            }
            let is_field = at.checked_sub(1).is_some_and(|before| self.is_dot(before));
            if !is_field {
                fields.reverse();
                return Some((piece, fields));
            }
            fields.push(piece.text(self.text));
            dot = at - 1;
        }
    }

    pub(crate) fn is_dot(&self, at: usize) -> bool {
        self.pieces.get(at).is_some_and(|piece| piece.is(self.text, ".") || piece.is(self.text, "?."))
    }
}

/// Where the words before a piece begin.
fn before_phrase(cursor: &Cursor<'_>, start: usize, at: usize) -> usize {
    let words = cursor.pieces[start..at].iter().rev().take_while(|piece| piece.kind == Kind::Word).count();
    at - words
}
