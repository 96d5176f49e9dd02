//! What is read before a script runs: PARAM, DESCRIPTION, SET SCHEDULE, WEBHOOK, ALLOW ROLE, and the
//! dispatch to procedures, tables and events.

use std::sync::Arc;

use botserver_basic_types::{Value, ValueObject};

use super::{BlockKind, PResult, Parser};
use crate::{
    ast::{Block, Expr, ExprKind, ParamDecl, ParamType, ScheduleDecl},
    codes::Code,
    lexer::{Part, TokenKind},
};

const PARAM_CLAUSES: &[&str] = &["LIKE", "DESCRIPTION", "REQUIRED", "OPTIONAL", "ENUM", "DEFAULT"];

impl Parser<'_> {
    /// A declaration at the cursor; false when the words begin something else.
    pub(super) fn declaration(&mut self, word: &str, next: &str, out: &mut Block) -> PResult<bool> {
        let next_is_text = matches!(self.token_at(self.at + 1).kind, TokenKind::Text(_));
        let start = self.loc();
        // `PUBLIC SUB` of older BASICs: every procedure of a script is.
        if matches!(word, "PRIVATE" | "PUBLIC" | "FRIEND" | "SHARED") && matches!(next, "SUB" | "FUNCTION") {
            self.advance();
            let (word, next) = (self.upper_at(self.at).to_owned(), self.upper_at(self.at + 1).to_owned());
            return self.declaration(&word, &next, out);
        }
        match (word, next) {
            ("PARAM", _) if !next.is_empty() => self.top_level(start, "PARAM", Self::params)?,
            ("DESCRIPTION", _) => self.description()?,
            ("WEBHOOK", _) if next_is_text => self.top_level(start, "WEBHOOK", Self::webhook)?,
            ("ALLOW", "ROLE") | ("ALLOW_ROLE", _) => self.top_level(start, "ALLOW ROLE", Self::allow_role)?,
            ("TABLE", _) if !next.is_empty() || next_is_text => self.top_level(start, "TABLE", Self::table)?,
            ("CREATE", "INDEX" | "UNIQUE") => self.top_level(start, "CREATE INDEX", Self::index_decl)?,
            ("SUB", _) if !next.is_empty() => self.top_level(start, "SUB", |parser| parser.procedure(false))?,
            ("FUNCTION", _) if !next.is_empty() => {
                self.top_level(start, "FUNCTION", |parser| parser.procedure(true))?;
            }
            ("INCLUDE", _) if next_is_text || !next.is_empty() => self.top_level(start, "INCLUDE", Self::include)?,
            ("ON", _) if next != "ERROR" && (next_is_text || !next.is_empty()) => {
                self.top_level(start, "an event block", |parser| parser.event(out))?;
            }
            ("SET", "SCHEDULE" | "SCHEDULER") | ("SET_SCHEDULE", _) => return self.schedule(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn top_level<T>(
        &mut self,
        start: crate::ast::Loc,
        what: &str,
        parse: impl FnOnce(&mut Self) -> PResult<T>,
    ) -> PResult<T> {
        if !self.open.is_empty() || self.single_line > 0 {
            self.error(Code::NestedDeclaration, start, format!("{what} cannot stand inside a block"));
        }
        parse(self)
    }

    fn description(&mut self) -> PResult<()> {
        let start = self.at;
        self.advance();
        let text: Arc<str> = match self.token().kind {
            TokenKind::RawLine => {
                let text = Arc::from(self.slice(self.loc()));
                self.advance();
                text
            }
            _ => self.literal_text("the text of DESCRIPTION")?,
        };
        if !self.describes_param(start) || self.script.params.is_empty() {
            self.script.description = Some(text);
        } else if let Some(param) = self.script.params.last_mut() {
            param.description = Some(text);
        }
        Ok(())
    }

    /// A DESCRIPTION on the line right after a PARAM without one describes the parameter, when it is
    /// indented or another DESCRIPTION is left for the script.
    fn describes_param(&self, start: usize) -> bool {
        let Some(param) = self.script.params.last() else { return false };
        let token = self.token_at(start);
        let between = self.source.get(param.loc.end as usize..token.loc.start as usize).unwrap_or("");
        let directly = between.matches('\n').count() == 1;
        let indented = between.ends_with([' ', '\t']);
        let another =
            || (self.at..self.tokens.len()).any(|at| self.is_word_at(at, "DESCRIPTION") && self.line_ends_at(at - 1));
        param.description.is_none() && directly && (indented || another())
    }

    fn params(&mut self) -> PResult<()> {
        let start = self.loc();
        self.advance();
        // `PARAM a, b`: texts without more.
        loop {
            let name = self.name("the name of the parameter")?;
            let mut param = ParamDecl {
                name,
                kind: ParamType::String,
                options: Vec::new(),
                example: None,
                description: None,
                required: true,
                default: None,
                loc: start,
            };
            if self.take_word("AS") {
                self.param_type(&mut param)?;
            }
            self.param_clauses(&mut param)?;
            param.loc = self.since(start);
            self.script.params.push(param);
            if !self.take_symbol(",") {
                return Ok(());
            }
        }
    }

    fn param_type(&mut self, param: &mut ParamDecl) -> PResult<()> {
        if matches!(self.token().kind, TokenKind::Text(_)) {
            let mut texts = vec![self.literal_text("an allowed value")?];
            while self.take_symbol(",") {
                texts.push(self.literal_text("an allowed value")?);
            }
            // One text is what the author says about the value, several are the values.
            if texts.len() == 1 {
                param.description = texts.pop();
            } else {
                param.options = texts;
            }
            return Ok(());
        }
        let name = self.name("a type")?;
        param.kind = match &*name.key {
            "email" => ParamType::Email,
            "phone" | "mobile" => ParamType::Phone,
            "qrcode" | "image" | "file" | "audio" | "video" => ParamType::File,
            "date" => ParamType::Date,
            "datetime" => ParamType::DateTime,
            "integer" | "int" => ParamType::Integer,
            "number" | "float" | "double" | "decimal" => ParamType::Number,
            "boolean" | "bool" => ParamType::Boolean,
            "array" | "list" => ParamType::Array,
            "object" | "map" => ParamType::Object,
            _ => ParamType::String,
        };
        Ok(())
    }

    fn param_clauses(&mut self, param: &mut ParamDecl) -> PResult<()> {
        loop {
            if self.take_word("LIKE") {
                let start = self.loc();
                if let Some(example) = self.example_without_quotes() {
                    param.example = Some(example);
                    continue;
                }
                let value = self.with_stops(PARAM_CLAUSES, Self::expression)?;
                let raw = self.slice(self.since(start)).trim();
                // `LIKE 25/12/2024` is a sum to the parser and a date to the author.
                param.example = Some(constant(&value).unwrap_or_else(|| Value::text(raw)));
            } else if self.take_word("DESCRIPTION") {
                param.description = Some(self.literal_text("the text of DESCRIPTION")?);
            } else if self.take_word("OPTIONAL") {
                param.required = false;
            } else if self.take_word("REQUIRED") {
                param.required = true;
            } else if self.take_word("DEFAULT") {
                param.required = false;
                param.default = Some(self.with_stops(PARAM_CLAUSES, Self::expression)?);
            } else if self.take_word("ENUM") {
                param.options = self.enum_texts()?;
            } else if self.at_line_end() || self.is_symbol(",") {
                return Ok(());
            } else {
                let message = format!("{} is no part of a PARAM", self.shown());
                let help = super::suggest::nearest(self.word(), PARAM_CLAUSES.iter().copied());
                let help = help.map(|word| format!("Did you mean `{word}`?"));
                let kind = self.word().to_lowercase();
                let is_type = ["string", "text", "number", "integer", "int", "boolean", "date", "email", "phone"]
                    .contains(&&*kind);
                let help = if is_type && help.is_none() {
                    Some(format!("Write `PARAM {} AS {kind}`.", param.name.text))
                } else {
                    help
                };
                let loc = self.loc();
                self.report(botserver_basic_types::Severity::Error, Code::BadParam, loc, message, help);
                return Err(super::Bail);
            }
        }
    }

    /// `LIKE Dark roast`: several words, up to the next clause or the end of the line.
    fn example_without_quotes(&mut self) -> Option<Value> {
        let clause = |at: usize| PARAM_CLAUSES.iter().any(|own| self.is_word_at(at, own));
        let end = (self.at..self.tokens.len()).find(|at| self.line_ends_at(*at) || clause(*at))?;
        let word = |at: usize| !self.word_at(at).is_empty();
        let neighbours = (self.at + 1..end).any(|at| word(at) && word(at - 1));
        let quoted = (self.at..end).any(|at| matches!(self.token_at(at).kind, TokenKind::Text(_)));
        if !neighbours || quoted {
            return None;
        }
        let text = self.slice(self.loc().to(self.token_at(end - 1).loc)).trim();
        self.at = end;
        Some(Value::text(text))
    }

    fn enum_texts(&mut self) -> PResult<Vec<Arc<str>>> {
        let text = |value: &Expr| constant(value).map(|value| Arc::from(botserver_basic_types::ops::to_text(&value)));
        let start = self.loc();
        let values = if self.is_symbol("[") {
            self.bracketed("]", |parser| parser.list("]"))?
        } else {
            let mut values = vec![self.with_stops(PARAM_CLAUSES, Self::operand)?];
            while self.take_symbol(",") {
                values.push(self.with_stops(PARAM_CLAUSES, Self::operand)?);
            }
            values
        };
        match values.iter().map(text).collect() {
            Some(texts) => Ok(texts),
            None => self.bail(Code::NotLiteral, self.since(start), "the values of ENUM must be written out"),
        }
    }

    fn webhook(&mut self) -> PResult<()> {
        self.advance();
        let loc = self.loc();
        let name = self.literal_text("the name of the webhook")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            return self.bail(Code::BadWebhook, loc, "a webhook is named with letters, digits, `-` and `_`");
        }
        self.script.webhooks.push((name, loc));
        Ok(())
    }

    fn allow_role(&mut self) -> PResult<()> {
        if !self.take_words(&["ALLOW", "ROLE"]) {
            self.advance();
        }
        loop {
            let loc = self.loc();
            let role = self.literal_text("the role")?;
            self.script.allowed_roles.push((role, loc));
            if !self.take_symbol(",") {
                return Ok(());
            }
        }
    }

    /// `SET SCHEDULE every 2 hours`: when it runs in words, without quotes.
    fn schedule_without_quotes(&self, from: usize, end: usize) -> Option<String> {
        let begins = ["EVERY", "AT", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "WEEKDAYS", "WEEKENDS"];
        let fits = |at: usize| {
            matches!(self.token_at(at).kind, TokenKind::Word | TokenKind::Int(_)) || self.is_symbol_at(at, ":")
        };
        let plain = begins.iter().any(|own| self.is_word_at(from, own)) && (from..end).all(fits);
        if !plain || !self.open.is_empty() || self.procedure || self.single_line > 0 {
            return None;
        }
        Some(self.slice(self.token_at(from).loc.to(self.token_at(end - 1).loc)).to_owned())
    }

    /// SET SCHEDULE with fixed texts at top level is a declaration; anything else is left to the keyword.
    fn schedule(&mut self) -> PResult<bool> {
        let words = if self.word().contains('_') { 1 } else { 2 };
        let mut end = self.at + words;
        let mut fixed = true;
        let mut named = None;
        while !self.line_ends_at(end) {
            match &self.token_at(end).kind {
                TokenKind::Text(parts) => fixed &= matches!(&**parts, [Part::Text(_)]),
                TokenKind::Symbol(",") => {}
                TokenKind::Word if self.is_word_at(end, "TO") && named.is_none() => named = Some(end),
                _ => fixed = false,
            }
            end += 1;
        }
        if let Some(phrase) = self.schedule_without_quotes(self.at + words, end) {
            let start = self.loc();
            let loc = self.token_at(self.at + words).loc.to(self.token_at(end - 1).loc);
            self.at = end;
            let args = vec![Expr::new(loc, ExprKind::Literal(Value::text(phrase)))];
            self.script.schedules.push(ScheduleDecl { args, body: None, loc: self.since(start) });
            return Ok(true);
        }
        if !fixed || !self.open.is_empty() || self.procedure || self.single_line > 0 {
            if self.grammar.keyword("SET SCHEDULE").is_none() {
                let loc = self.loc().to(self.token_at(self.at + words - 1).loc);
                return self.bail(
                    Code::NotLiteral,
                    loc,
                    "SET SCHEDULE needs fixed texts at the top level of the script",
                );
            }
            return Ok(false);
        }
        let start = self.loc();
        let from = self.at;
        self.at += words - 1;
        self.advance();
        let mut args = Vec::new();
        while !self.at_line_end() {
            if self.take_symbol(",") || self.take_word("TO") {
                continue;
            }
            args.push(self.operand()?);
        }
        if args.is_empty() {
            return self.expected("when it runs, such as \"every day at 9am\"");
        }
        let loc = self.since(start);
        let has_end = self.names.schedule_ends.last().is_some_and(|end| *end > from);
        let body = if named.is_some() && has_end {
            let mut body = Block::new();
            self.statements(&mut body, Some(BlockKind::Schedule));
            self.close(start, "SET SCHEDULE", &[&["END", "SCHEDULE"]]);
            Some(body)
        } else {
            None
        };
        self.script.schedules.push(ScheduleDecl { args, body, loc });
        Ok(true)
    }
}

/// The value of an expression that is written out.
pub(super) fn constant(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Literal(value) => Some(value.clone()),
        ExprKind::Array(items) => items.iter().map(constant).collect::<Option<_>>().map(Value::Array),
        ExprKind::Object(fields) => fields
            .iter()
            .map(|(name, value)| Some((name.clone(), constant(value)?)))
            .collect::<Option<ValueObject>>()
            .map(Value::Object),
        _ => None,
    }
}
