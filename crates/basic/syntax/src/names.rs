//! A walk over the tokens before parsing that collects what the script gives names to. Keywords are not
//! reserved, so what a bare word means depends on whether the script uses it as a variable somewhere.

use std::sync::Arc;

use foldhash::HashSet;

use crate::{
    fold,
    lexer::{Token, TokenKind},
};

/// Objects and values that every script can read without assigning them.
pub(crate) const PREDEFINED: &[&str] = &[
    "user", "session", "bot", "channel", "username", "mobile", "admin", "params", "body", "headers", "fields", "event",
    "new", "old", "llm",
];

/// What the script names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    variables: HashSet<Arc<str>>,
    /// Variables that the host gives to every script.
    given: HashSet<Arc<str>>,
    pub(crate) arrays: HashSet<Arc<str>>,
    pub(crate) constants: HashSet<Arc<str>>,
    pub(crate) procedures: HashSet<Arc<str>>,
    /// Labels that some GOTO, GOSUB or RESUME names.
    targets: HashSet<Arc<str>>,
    pub(crate) has_include: bool,
    pub(crate) has_error_handler: bool,
    /// Token indexes of `END ON` and `END WEBHOOK`, and of `ON` at the start of a statement.
    pub(crate) event_ends: Vec<usize>,
    pub(crate) event_starts: Vec<usize>,
    /// Token indexes of `END SCHEDULE`.
    pub(crate) schedule_ends: Vec<usize>,
}

impl Names {
    /// True when the script assigns or declares the name somewhere.
    pub(crate) fn is_variable(&self, name: &str) -> bool {
        fold::lower(name, |key| self.variables.contains(key))
    }

    /// True when it can be read as a variable: assigned, or given by the surroundings.
    pub(crate) fn is_known(&self, name: &str) -> bool {
        fold::lower(name, |key| self.variables.contains(key) || PREDEFINED.contains(&key) || self.given.contains(key))
    }

    pub(crate) fn is_array(&self, name: &str) -> bool {
        !self.arrays.is_empty() && fold::lower(name, |key| self.arrays.contains(key))
    }

    pub(crate) fn is_target(&self, name: &str) -> bool {
        !self.targets.is_empty() && fold::lower(name, |key| self.targets.contains(key))
    }

    pub(crate) fn is_procedure(&self, name: &str) -> bool {
        !self.procedures.is_empty() && fold::lower(name, |key| self.procedures.contains(key))
    }

    /// The lower-case spelling of a name, shared with the other places that write it.
    pub(crate) fn key(&self, name: &str) -> Arc<str> {
        fold::lower(name, |key| self.variables.get(key).cloned().unwrap_or_else(|| Arc::from(key)))
    }
}

/// Collects the names of a token list; `more` are variables that the host gives to every script.
pub(crate) fn collect(
    source: &str,
    upper: &str,
    tokens: &[Token],
    more: &[Arc<str>],
    procedures: &[Arc<str>],
) -> Names {
    let mut names = Names {
        given: more.iter().cloned().collect(),
        procedures: procedures.iter().cloned().collect(),
        variables: HashSet::with_capacity_and_hasher(tokens.len() / 8, foldhash::fast::RandomState::default()),
        ..Names::default()
    };
    let mut walk = Walk { source, upper, tokens, names: &mut names, in_with: false, in_table: false };
    let mut at = 0;
    let mut starts = true;
    while let Some(token) = tokens.get(at) {
        if starts {
            walk.statement(at);
        }
        starts = match &token.kind {
            TokenKind::Newline | TokenKind::Symbol(":") => true,
            TokenKind::Word => match walk.upper(at) {
                "THEN" | "ELSE" => true,
                "GOTO" | "GOSUB" | "RESUME" => {
                    walk.target(at + 1);
                    false
                }
                _ => false,
            },
            _ => false,
        };
        // What stands in brackets begins no statement.
        let inside = token.partner != u32::MAX && (token.partner as usize) > at;
        at = if inside { token.partner as usize } else { at + 1 };
    }
    names
}

struct Walk<'a> {
    source: &'a str,
    /// The source in upper case, for recognizing words.
    upper: &'a str,
    tokens: &'a [Token],
    names: &'a mut Names,
    in_with: bool,
    in_table: bool,
}

/// The word at an index of the tokens.
fn text_of<'a>(source: &'a str, tokens: &[Token], at: usize) -> Option<&'a str> {
    let token = tokens.get(at).filter(|token| matches!(token.kind, TokenKind::Word))?;
    source.get(token.loc.start as usize..token.loc.end as usize)
}

impl<'a> Walk<'a> {
    fn word(&self, at: usize) -> Option<&'a str> {
        text_of(self.source, self.tokens, at)
    }

    fn upper(&self, at: usize) -> &'a str {
        text_of(self.upper, self.tokens, at).unwrap_or("")
    }

    fn symbol(&self, at: usize, wanted: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token { kind: TokenKind::Symbol(symbol), .. }) if *symbol == wanted)
    }

    fn line_ends(&self, at: usize) -> bool {
        matches!(self.tokens.get(at), None | Some(Token { kind: TokenKind::Newline | TokenKind::Eof, .. }))
    }

    fn variable(&mut self, at: usize) {
        let Some(word) = self.word(at) else { return };
        let variables = &mut self.names.variables;
        fold::lower(word, |key| {
            if !variables.contains(key) {
                variables.insert(Arc::from(key));
            }
        });
    }

    fn target(&mut self, at: usize) {
        if let Some(word) = self.word(at) {
            self.names.targets.insert(Arc::from(word.to_lowercase()));
        }
    }

    /// The place of `=` when the tokens from `at` on are an lvalue followed by it.
    fn assignment(&self, mut at: usize) -> bool {
        if self.word(at).is_none() {
            return false;
        }
        loop {
            at += 1;
            let Some(token) = self.tokens.get(at) else { return false };
            match token.kind {
                TokenKind::Symbol("=") => return true,
                TokenKind::Symbol(".") if self.word(at + 1).is_some() => at += 1,
                TokenKind::Symbol("[" | "(") if token.partner != u32::MAX => at = token.partner as usize,
                _ => return false,
            }
        }
    }

    fn statement(&mut self, at: usize) {
        let first = self.upper(at);
        let second = self.upper(at + 1);
        match (first, second) {
            ("END", "WITH") => self.in_with = false,
            ("END", "TABLE") => self.in_table = false,
            ("END", "ON" | "WEBHOOK" | "EVENT") => self.names.event_ends.push(at),
            ("END", "SCHEDULE") => self.names.schedule_ends.push(at),
            _ if self.in_with || self.in_table => {}
            _ if self.assignment(at) => self.variable(at),
            ("WITH", _) if self.word(at + 1).is_some() => {
                self.variable(at + 1);
                self.in_with = true;
            }
            ("TABLE", _) if self.word(at + 1).is_some() => self.in_table = true,
            ("ON", "ERROR") => self.names.has_error_handler |= self.upper(at + 2) == "GOTO",
            ("ON", _) => self.names.event_starts.push(at),
            ("SET" | "LET", _) if self.assignment(at + 1) => self.variable(at + 1),
            ("CONST", _) => {
                self.variable(at + 1);
                let key = self.names.key(self.word(at + 1).unwrap_or(""));
                self.names.constants.insert(key);
            }
            ("DIM" | "REDIM", _) => self.list(at + 1, true),
            ("PARAM", _) => self.list(at + 1, false),
            ("FOR", "EACH") => self.variable(at + 2),
            ("FOR" | "FOREACH" | "FOR_EACH" | "CATCH", _) => self.variable(at + 1),
            ("HEAR", _) => self.hear(at + 1),
            ("SUB" | "FUNCTION", _) => self.procedure(at + 1),
            ("PRIVATE" | "PUBLIC" | "FRIEND" | "SHARED", "SUB" | "FUNCTION") => self.procedure(at + 2),
            ("INCLUDE", _) => self.names.has_include = true,
            _ => {}
        }
        self.into(at);
    }

    /// `a, b(5), c` after DIM and PARAM.
    fn list(&mut self, mut at: usize, arrays: bool) {
        while self.word(at).is_some() {
            self.variable(at);
            if arrays {
                let key = self.names.key(self.word(at).unwrap_or(""));
                self.names.arrays.insert(key);
            }
            at += 1;
            if self.symbol(at, "(") {
                at = self.tokens.get(at).map_or(at, |token| token.partner as usize).saturating_add(1);
            }
            if !self.symbol(at, ",") {
                return;
            }
            at += 1;
        }
    }

    fn hear(&mut self, at: usize) {
        let target = match self.upper(at) {
            "AS" if self.line_ends(at + 2) => at + 1,
            // `HEAR "prompt" AS v`
            "" if self.upper(at + 1) == "AS" => at + 2,
            _ => at,
        };
        self.variable(target);
    }

    fn procedure(&mut self, at: usize) {
        let Some(name) = self.word(at) else { return };
        let name = Arc::from(name.to_lowercase());
        self.names.procedures.insert(name);
        let Some(open) = self.tokens.get(at + 1).filter(|_| self.symbol(at + 1, "(")) else { return };
        if open.partner == u32::MAX {
            return;
        }
        for index in at + 2..open.partner as usize {
            if self.symbol(index - 1, "(") || self.symbol(index - 1, ",") {
                let by = matches!(self.upper(index), "BYVAL" | "BYREF") && self.word(index + 1).is_some();
                self.variable(index + usize::from(by));
            }
        }
    }

    /// `… INTO v` at the end of a keyword.
    fn into(&mut self, at: usize) {
        let mut end = at;
        while end < at + 64 && !self.line_ends(end) {
            end += 1;
        }
        if end >= at + 2 && self.upper(end - 2) == "INTO" {
            self.variable(end - 1);
        }
    }
}
