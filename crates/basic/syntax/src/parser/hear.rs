//! HEAR in all its spellings.

use std::sync::Arc;

use botserver_basic_types::{HearType, Severity};

use super::{PResult, Parser, suggest};
use crate::{
    ast::{Expr, ExprKind, Hear, HearKind, LValue},
    codes::Code,
    lexer::{Part, TokenKind},
};

impl Parser<'_> {
    /// The cursor stands after HEAR.
    pub(super) fn hear_statement(&mut self) -> PResult<Hear> {
        // `HEAR "prompt" AS v [TYPE]`
        if matches!(self.token().kind, TokenKind::Text(_)) {
            let prompt = self.with_stops(&["AS"], Self::expression)?;
            self.expect_word("AS")?;
            let target = self.lvalue()?;
            let mut hear = self.hear_parts(Some(target), true)?;
            hear.prompt.get_or_insert(prompt);
            return Ok(hear);
        }
        // `HEAR AS v`
        if self.is_word("AS") && !self.is_word_at(self.at + 1, "AS") && self.line_ends_at(self.at + 2) {
            self.advance();
        }
        if self.token().kind != TokenKind::Word {
            let loc = self.here();
            let message = format!("HEAR needs a variable for the answer, found {}", self.shown());
            self.error_help(Code::BadHear, loc, message, "Write `HEAR answer` or `HEAR answer AS EMAIL`.");
            return Err(super::Bail);
        }
        let target = self.lvalue()?;
        self.hear_parts(Some(target), false)
    }

    /// `HEAR`, `HEAR "prompt"`, `HEAR AS EMAIL WITH "prompt"` as a value; the cursor stands on HEAR.
    pub(super) fn hear_expression(&mut self) -> PResult<Expr> {
        let start = self.loc();
        self.note_word(self.at);
        self.advance();
        let prompt = match self.token().kind {
            TokenKind::Text(_) => Some(self.with_stops(&["AS", "DEFAULT"], Self::expression)?),
            _ => None,
        };
        let mut hear = self.hear_parts(None, false)?;
        if prompt.is_some() {
            hear.prompt = prompt;
        }
        self.node(start, ExprKind::Hear(Box::new(hear)))
    }

    /// `[AS …] [WITH prompt] [DEFAULT e]`; after a reversed HEAR the type stands without AS.
    fn hear_parts(&mut self, target: Option<LValue>, bare_type: bool) -> PResult<Hear> {
        let mut hear = Hear { target, kind: HearKind::Type(HearType::Any), prompt: None, default: None };
        if self.take_word("AS") || (bare_type && !self.word().is_empty() && !self.is_any_word(&["WITH", "DEFAULT"])) {
            self.hear_kind(&mut hear)?;
        }
        loop {
            if self.take_word("WITH") {
                hear.prompt = Some(self.with_stops(&["DEFAULT"], Self::expression)?);
            } else if self.take_word("DEFAULT") {
                hear.default = Some(self.with_stops(&["WITH"], Self::expression)?);
            } else if self.is_symbol(",")
                && hear.prompt.is_none()
                && matches!(self.token_at(self.at + 1).kind, TokenKind::Text(_))
            {
                // `HEAR age AS INTEGER, "How old are you?"`
                self.advance();
                hear.prompt = Some(self.with_stops(&["DEFAULT"], Self::expression)?);
            } else if matches!(self.token().kind, TokenKind::Text(_)) && hear.prompt.is_none() {
                // `HEAR photo AS IMAGE "Send a photo"`
                hear.prompt = Some(self.with_stops(&["DEFAULT"], Self::expression)?);
            } else {
                return Ok(hear);
            }
        }
    }

    fn hear_kind(&mut self, hear: &mut Hear) -> PResult<()> {
        match self.token().kind.clone() {
            TokenKind::Text(parts) => self.menu(hear, &parts),
            TokenKind::Symbol("[") => {
                hear.kind = HearKind::List(self.operand()?);
                Ok(())
            }
            TokenKind::Word => self.hear_type(hear),
            _ => self.expected("a type, such as EMAIL, or the texts of a menu"),
        }
    }

    /// A named type, or a variable that holds the options.
    fn hear_type(&mut self, hear: &mut Hear) -> PResult<()> {
        let loc = self.loc();
        let word = self.word();
        let extended = self.is_symbol_at(self.at + 1, ".") || self.is_symbol_at(self.at + 1, "[");
        // Two words make one type: `CREDIT CARD`, `QR CODE`.
        let pair = format!("{word} {}", self.word_at(self.at + 1));
        if !extended
            && !self.word_at(self.at + 1).is_empty()
            && let Some(kind) = HearType::from_name(&pair)
        {
            self.advance();
            self.advance();
            hear.kind = HearKind::Type(kind);
            return Ok(());
        }
        if !extended && let Some(kind) = HearType::from_name(word) {
            self.advance();
            hear.kind = HearKind::Type(kind);
            return Ok(());
        }
        if word.eq_ignore_ascii_case("MENU") && matches!(self.token_at(self.at + 1).kind, TokenKind::Text(_)) {
            self.advance();
            return self.hear_kind(hear);
        }
        if extended || self.names.is_known(word) {
            hear.kind = HearKind::List(self.operand()?);
            return Ok(());
        }
        let help = suggest::nearest(word, HearType::names()).map_or_else(
            || "The types are EMAIL, NAME, INTEGER, NUMBER, BOOLEAN, DATE, HOUR, MONEY, MOBILE and so on.".to_owned(),
            |name| format!("Did you mean `{name}`?"),
        );
        self.report(Severity::Error, Code::UnknownHearType, loc, format!("HEAR knows no type `{word}`"), Some(help));
        self.advance();
        Ok(())
    }

    fn menu(&mut self, hear: &mut Hear, parts: &Arc<[Part]>) -> PResult<()> {
        let single = !self.is_symbol_at(self.at + 1, ",");
        if single && let [Part::Text(text)] = &**parts {
            if let Some(kind) = HearType::from_name(text) {
                self.advance();
                hear.kind = HearKind::Type(kind);
                return Ok(());
            }
            // One text that reads like a question is the prompt, not a menu of one.
            if text.contains('?') || text.contains(' ') {
                hear.prompt = Some(self.with_stops(&["WITH", "DEFAULT"], Self::expression)?);
                return Ok(());
            }
        }
        let (mut options, mut free) = (Vec::new(), false);
        loop {
            if self.is_symbol("*") {
                self.advance();
                free = true;
            } else {
                let option = self.with_stops(&["WITH", "DEFAULT"], |parser| {
                    parser.within(|context| context.comma_ends = true, Self::expression)
                })?;
                options.push(option);
            }
            if !self.take_symbol(",") {
                break;
            }
            self.continue_line();
        }
        hear.kind = HearKind::Menu { options, free };
        Ok(())
    }
}
