//! Statements that hold other statements: IF, loops, SELECT, TRY, WITH, and how their ends are matched.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, Value};

use super::{BlockKind, PResult, Parser, expressions::level};
use crate::{
    ast::{Block, Case, CasePattern, Catch, Expr, ExprKind, Loc, LoopTest, Stmt, StmtKind},
    codes::Code,
    lexer::TokenKind,
};

impl Parser<'_> {
    /// The block that the line at the cursor ends or divides, and how many words say so.
    pub(super) fn closer(&self) -> Option<(BlockKind, usize)> {
        let word = self.word();
        if word.is_empty() || word.len() > 12 || self.assignment_at(self.at).is_some() {
            return None;
        }
        let next = self.upper_at(self.at + 1);
        let ends = |at: usize| self.separates_at(at);
        Some(match self.upper_at(self.at) {
            "END" if next == "ERROR" => return None,
            "END" if next == "CASE" && self.open.last() == Some(&BlockKind::Select) => (BlockKind::Select, 2),
            "END" => (block_named(next)?, 2),
            "ENDIF" | "END_IF" | "ELSE" | "ELSEIF" => (BlockKind::If, 1),
            "ELIF" | "ELSIF" if self.open.contains(&BlockKind::If) => (BlockKind::If, 1),
            "NEXT" if ends(self.at + 1) || ends(self.at + 2) || self.is_symbol_at(self.at + 2, ",") => {
                (BlockKind::For, 1)
            }
            "WEND" | "ENDWHILE" | "END_WHILE" if ends(self.at + 1) => (BlockKind::While, 1),
            "LOOP" if ends(self.at + 1) || matches!(next, "WHILE" | "UNTIL") => (BlockKind::Do, 1),
            "UNTIL"
                if self.open.last() == Some(&BlockKind::Do)
                    || self.forgiven.last() == Some(&(BlockKind::Do, self.open.len())) =>
            {
                (BlockKind::Do, 1)
            }
            "CASE" | "END_SELECT" | "END_SWITCH" | "ENDSELECT" | "ENDSWITCH" => (BlockKind::Select, 1),
            "OTHERWISE" if self.open.last() == Some(&BlockKind::Select) => (BlockKind::Select, 1),
            "DEFAULT" if ends(self.at + 1) || self.is_symbol_at(self.at + 1, ":") => (BlockKind::Select, 1),
            "CATCH" | "FINALLY" | "END_TRY" | "ENDTRY" => (BlockKind::Try, 1),
            "END_FOR" | "ENDFOR" => (BlockKind::For, 1),
            "END_SUB" | "END_FUNCTION" | "ENDSUB" | "ENDFUNCTION" => (BlockKind::Procedure, 1),
            "END_WITH" | "ENDWITH" => (BlockKind::With, 1),
            "END_ON" => (BlockKind::Event, 1),
            _ => return None,
        })
    }

    /// True for a line that divides a block and does not end it.
    pub(super) fn divides(&self) -> bool {
        self.is_any_word(&["ELSE", "ELSEIF", "ELIF", "ELSIF", "CASE", "DEFAULT", "OTHERWISE", "CATCH", "FINALLY"])
    }

    /// The head of a block. After a mistake in it the rest of its line is left and the block is read all the same, so
    /// that its end is not called stray; `sound` is false then.
    fn head(&mut self, parse: impl FnOnce(&mut Self) -> PResult<Expr>) -> (Expr, bool) {
        let (start, loc) = (self.at, self.loc());
        if let Ok(expr) = parse(self) {
            return (expr, true);
        }
        self.recover(start);
        (Expr::new(loc, ExprKind::Literal(Value::Null)), false)
    }

    /// An end without its beginning: the line is passed over.
    pub(super) fn stray_end(&mut self, closed: BlockKind, words: usize) {
        let start = self.loc();
        for _ in 0..words {
            self.advance();
        }
        let loc = self.since(start);
        let text = self.slice(loc).split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        if closed == BlockKind::For {
            self.warning(Code::StrayLoopEnd, loc, format!("{text} ends no loop, the line is ignored"), None);
        } else {
            self.error(Code::StrayEnd, loc, format!("{text} ends nothing that is open here"));
        }
        self.recover(self.at);
    }

    /// Statements up to the end of a block of this kind; the end itself is for the caller.
    fn body(&mut self, kind: BlockKind) -> Block {
        let mut body = Block::new();
        self.statements(&mut body, Some(kind));
        body
    }

    /// Takes one of the ends, or says what is missing at the place where the block began.
    pub(super) fn close(&mut self, start: Loc, what: &str, ends: &[&[&str]]) {
        let joined = ends.iter().any(|words| words.len() == 2 && self.is_word(&words.concat()));
        if joined {
            self.note_word(self.at);
            self.advance();
            return;
        }
        if ends.iter().any(|words| self.take_words(words)) || self.was_ended() {
            return;
        }
        let end = ends.first().map(|words| words.join(" ")).unwrap_or_default();
        let message = format!("{what} has no {end}");
        let help = if self.at_end() {
            self.seems_to_end(start, &end)
        } else {
            let line = self.source.get(..self.loc().start as usize).unwrap_or("").matches('\n').count() + 1;
            format!("{} on line {line} comes first; add {end} before it.", self.shown())
        };
        self.error_help(Code::BlockNotClosed, start, message, help);
    }

    /// IF, loops, SELECT, TRY and WITH; false when the words begin something else.
    pub(super) fn control(&mut self, word: &str, next: &str, out: &mut Block) -> PResult<bool> {
        let start = self.loc();
        let alone = self.separates_at(self.at + 1);
        let kind = match (word, next) {
            ("IF", _) => self.if_statement()?,
            ("FOR", "EACH") | ("FOREACH" | "FOR_EACH", _) => self.for_each()?,
            ("FOR", _) => self.for_to()?,
            ("WHILE", _) => self.while_loop()?,
            ("DO", "WHILE" | "UNTIL" | "") if alone || !next.is_empty() => self.do_loop()?,
            ("SELECT", "CASE") | ("SWITCH", _) => self.select()?,
            ("SELECT", _) if self.case_follows() => self.select()?,
            ("TRY" | "DO", _) if self.is_symbol_at(self.at + 1, "{") && self.line_ends_at(self.at + 2) => {
                self.advance();
                return self.braces(start, if word == "DO" { "LOOP" } else { "END TRY" });
            }
            ("TRY", _) if alone => self.try_block()?,
            ("WITH", _) if !next.is_empty() => self.with_block()?,
            _ => return Ok(false),
        };
        out.push(Stmt { loc: start.to(Loc::new(start.start, start.end)), kind });
        Ok(true)
    }

    fn if_statement(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        self.advance();
        let from = self.at;
        let (condition, sound) = self.head(|parser| parser.condition(&["THEN", "GOTO"]));
        if !sound {
            // What stands behind THEN on the same line is all that such an IF holds.
            let then = (from..self.at).find(|at| self.is_word_at(*at, "THEN"));
            if self.single_line > 0 || then.is_some_and(|then| !self.line_ends_at(then + 1)) {
                return Err(super::Bail);
            }
        }
        if sound && self.is_word("GOTO") {
            self.note_word(self.at);
            let goto = vec![Stmt { loc: self.loc(), kind: StmtKind::Goto(self.jump()?) }];
            return Ok(StmtKind::If { branches: vec![(condition, goto)], otherwise: None });
        }
        if sound {
            self.then(start)?;
        }
        if !self.at_line_end() {
            return self.single_line_if(condition);
        }
        let mut branches = vec![(condition, self.body(BlockKind::If))];
        let mut otherwise = None;
        loop {
            let part = self.loc();
            let slip = self.is_any_word(&["ELIF", "ELSIF"]);
            if slip {
                let message = format!("{} is no word of BASIC", self.shown());
                self.error_help(Code::UnknownStatement, part, message, "Write `ELSE IF … THEN`.");
                self.advance();
            }
            let else_if = slip || self.take_word("ELSEIF") || self.take_words(&["ELSE", "IF"]);
            if else_if && otherwise.is_none() {
                let (condition, sound) = self.head(|parser| parser.condition(&["THEN"]));
                if sound && !slip {
                    self.then(part)?;
                } else if sound {
                    self.take_word("THEN");
                }
                let mut body = Block::new();
                self.rest_of_line(&mut body);
                self.statements(&mut body, Some(BlockKind::If));
                branches.push((condition, body));
            } else if !else_if && self.is_word("ELSE") && otherwise.is_none() {
                self.advance();
                self.take_symbol(":");
                let mut body = Block::new();
                self.rest_of_line(&mut body);
                self.statements(&mut body, Some(BlockKind::If));
                otherwise = Some(body);
            } else if else_if || self.is_word("ELSE") {
                self.error(Code::StrayEnd, part, "nothing can come after the ELSE of this IF but END IF");
                self.recover(self.at);
                let mut dropped = Block::new();
                self.statements(&mut dropped, Some(BlockKind::If));
            } else {
                break;
            }
        }
        self.close(start, "IF", &[&["END", "IF"], &["ENDIF"]]);
        Ok(StmtKind::If { branches, otherwise })
    }

    fn then(&mut self, start: Loc) -> PResult<()> {
        if self.is_symbol("{") && self.line_ends_at(self.at + 1) {
            return self.braces(start, "END IF");
        }
        if !self.take_word("THEN") {
            // `IF a = 1:` of Python.
            let colon = self.is_symbol(":") && self.line_ends_at(self.at + 1);
            let loc = if self.at_line_end() { self.here() } else { self.loc() };
            let line = self.slice(Loc::new(start.start, loc.start)).trim_end().to_owned();
            let rest = self.source[loc.start as usize..].lines().next().unwrap_or("").trim();
            let rest = if colon { "" } else { rest };
            let help = if line.len() + rest.len() < 80 && !line.contains('\n') {
                format!("Write `{}`.", [&*line, "THEN", rest].join(" ").trim_end())
            } else {
                "Write THEN after the condition.".into()
            };
            self.error_help(Code::ExpectedToken, loc, format!("THEN is missing before {}", self.shown()), help);
            if colon {
                self.advance();
            }
        }
        Ok(())
    }

    /// A slip in the word that ends the block was named already.
    fn was_ended(&mut self) -> bool {
        std::mem::take(&mut self.was_ended)
    }

    /// The index of the token that ends the line of the cursor.
    fn line_end_at(&self) -> usize {
        // The last token ends every line.
        (self.at..self.tokens.len()).find(|at| self.line_ends_at(*at)).unwrap_or(self.at)
    }

    fn braces_of_for<T>(&mut self, start: Loc) -> PResult<T> {
        let loc = start.to(self.loc());
        let help = "Write `FOR i = 1 TO 10` and `NEXT` where the loop ends.";
        self.error_help(Code::ForeignBlock, loc, "a FOR loop stands in no braces", help);
        self.skip_braces();
        Err(super::Bail)
    }

    /// Tolerates a statement on the line of ELSE or ELSE IF … THEN.
    fn rest_of_line(&mut self, body: &mut Block) {
        if !self.at_line_end() {
            self.open.push(BlockKind::If);
            self.statement(body);
            self.open.pop();
        }
    }

    fn single_line_if(&mut self, condition: Expr) -> PResult<StmtKind> {
        self.single_line += 1;
        let body = self.one_line();
        self.single_line -= 1;
        let mut otherwise = None;
        if self.is_word("ELSE") {
            self.advance();
            otherwise = Some(self.one_line());
        }
        // `IF a THEN b END IF` on one line says the same twice.
        if (self.is_word("END") && self.is_word_at(self.at + 1, "IF")) || self.is_word("ENDIF") {
            let words = if self.is_word("ENDIF") { 1 } else { 2 };
            self.note_words(self.at..self.at + words);
            (0..words).for_each(|_| self.advance());
        }
        Ok(StmtKind::If { branches: vec![(condition, body)], otherwise })
    }

    /// The statements up to the end of the line, with `:` between them.
    fn one_line(&mut self) -> Block {
        let mut body = Block::new();
        loop {
            self.statement(&mut body);
            if !self.take_symbol(":") || self.at_statement_end() {
                return body;
            }
        }
    }

    fn for_each(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        if !self.take_words(&["FOR", "EACH"]) {
            self.advance();
        }
        let variable = self.loop_variable(start)?;
        let (collection, _) = self.head(|parser| {
            if !parser.take_word("IN") {
                let message = format!("IN is missing before {}", parser.shown());
                let help = format!("Write `FOR EACH {} IN list`.", variable.text);
                let loc = parser.here();
                parser.error_help(Code::ExpectedToken, loc, message, help);
                return Err(super::Bail);
            }
            parser.with_stops(&["DO"], Self::expression)
        });
        self.take_word("DO");
        let body = self.loop_body(start, "FOR EACH")?;
        Ok(StmtKind::ForEach { variable, collection, body })
    }

    fn for_to(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        self.advance();
        let variable = self.loop_variable(start)?;
        if self.is_word("IN") {
            // `FOR x IN list` is FOR EACH without its EACH.
            self.advance();
            let (collection, _) = self.head(|parser| parser.with_stops(&["DO"], Self::expression));
            self.take_word("DO");
            let body = self.loop_body(start, "FOR")?;
            return Ok(StmtKind::ForEach { variable, collection, body });
        }
        let mut bounds = None;
        let (from, _) = self.head(|parser| {
            let (from, to, step) = parser.bounds(&variable.text)?;
            bounds = Some((to, step));
            Ok(from)
        });
        let (to, step) = bounds.unwrap_or_else(|| (from.clone(), None));
        self.take_word("DO");
        let body = self.loop_body(start, "FOR")?;
        Ok(StmtKind::For { variable, from, to, step, body })
    }

    fn loop_variable(&mut self, start: Loc) -> PResult<crate::ast::Name> {
        let brace = |at: usize| self.is_symbol_at(at, "{") && self.line_ends_at(at + 1);
        if self.is_symbol("(")
            && let Some(at) =
                (self.at..self.tokens.len()).take_while(|at| !self.line_ends_at(*at)).find(|at| brace(*at))
        {
            // `for (let i = 0; i < 10; i++) {`
            self.at = at;
            return self.braces_of_for(start);
        }
        if self.is_symbol("(") {
            let help = "Write `FOR i = 1 TO 10` or `FOR EACH item IN list`.";
            let message = "FOR names its variable without brackets";
            let loc = self.loc();
            self.forgiven.push((BlockKind::For, self.open.len()));
            self.error_help(Code::ExpectedToken, loc, message, help);
            return Err(super::Bail);
        }
        self.name("a loop variable")
    }

    /// `= 1 TO 10 STEP 2`
    fn bounds(&mut self, variable: &str) -> PResult<(Expr, Expr, Option<Expr>)> {
        self.expect_symbol("=")?;
        let from = self.with_stops(&["TO", "STEP", "DO"], Self::expression)?;
        if !self.is_word("TO") {
            let message = format!("TO is missing before {}", self.shown());
            let help = format!("Write `FOR {variable} = 1 TO 10`.");
            let loc = self.here();
            self.error_help(Code::ExpectedToken, loc, message, help);
            return Err(super::Bail);
        }
        self.advance();
        let to = self.with_stops(&["STEP", "DO"], Self::expression)?;
        let step = if self.take_word("STEP") { Some(self.with_stops(&["DO"], Self::expression)?) } else { None };
        Ok((from, to, step))
    }

    fn loop_body(&mut self, start: Loc, what: &str) -> PResult<Block> {
        self.line_must_end(start, "NEXT")?;
        let body = self.body(BlockKind::For);
        if self.is_word("NEXT") {
            self.advance();
            // The name after NEXT is for people; a different one is ignored.
            while !self.separates_at(self.at) {
                self.advance();
            }
        } else {
            self.close(start, what, &[&["NEXT"], &["END", "FOR"], &["ENDFOR"]]);
        }
        Ok(body)
    }

    /// Nothing may stand behind the head of a block that ends with `end`.
    fn line_must_end(&mut self, start: Loc, end: &str) -> PResult<()> {
        if self.is_symbol("{") && self.line_ends_at(self.at + 1) {
            return self.braces(start, end);
        }
        if !self.separates_at(self.at) {
            self.left_over(self.at);
        }
        Ok(())
    }

    fn while_loop(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        self.advance();
        let (condition, _) = self.head(|parser| parser.condition(&["DO"]));
        self.take_word("DO");
        self.line_must_end(start, "WEND")?;
        let body = self.body(BlockKind::While);
        self.close(start, "WHILE", &[&["WEND"], &["END", "WHILE"], &["ENDWHILE"]]);
        Ok(StmtKind::While { condition, body })
    }

    fn do_loop(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        self.advance();
        let head = self.loop_test()?;
        self.line_must_end(start, "LOOP")?;
        let body = self.body(BlockKind::Do);
        if self.is_word("UNTIL") {
            let loc = self.loc();
            let line = self.slice(loc.to(self.token_at(self.line_end_at() - 1).loc)).to_owned();
            let message = "a DO ends with LOOP";
            self.error_help(Code::WrongEnd, loc, message, format!("Write `LOOP {line}`."));
            self.recover(self.at);
            return Ok(StmtKind::Do { head, body, tail: None });
        }
        if self.take_word("LOOP") {
            let tail = self.loop_test()?;
            return Ok(StmtKind::Do { head, body, tail });
        }
        self.close(start, "DO", &[&["LOOP"], &["END", "DO"], &["END", "LOOP"]]);
        Ok(StmtKind::Do { head, body, tail: None })
    }

    fn loop_test(&mut self) -> PResult<Option<LoopTest>> {
        let until = self.is_word("UNTIL");
        if !until && !self.is_word("WHILE") {
            return Ok(None);
        }
        self.note_word(self.at);
        self.advance();
        Ok(Some(LoopTest { until, condition: self.condition(&[])? }))
    }

    /// `SELECT e` on one line and CASE on the next is the other spelling of SELECT CASE.
    fn case_follows(&self) -> bool {
        let mut at = self.at;
        while !self.line_ends_at(at) {
            at += 1;
        }
        while self.token_at(at).kind == TokenKind::Newline {
            at += 1;
        }
        self.is_word_at(at, "CASE")
    }

    fn select(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        let switch = self.is_word("SWITCH");
        self.advance();
        if !switch {
            self.take_word("CASE");
        }
        let (subject, _) = self.head(Self::expression);
        self.line_must_end(start, if switch { "END SWITCH" } else { "END SELECT" })?;
        let before = self.body(BlockKind::Select);
        if let Some(first) = before.first() {
            self.error(
                Code::StatementInSelect,
                first.loc,
                "this statement stands before the first CASE and never runs",
            );
        }
        let (mut cases, mut otherwise) = (Vec::new(), None);
        loop {
            let part = self.loc();
            if self.is_word("OTHERWISE") {
                let message = format!("{} is no word of BASIC", self.shown());
                self.error_help(Code::UnknownStatement, part, message, "Write `CASE ELSE`.");
                self.advance();
                otherwise = Some(self.case_body());
            } else if self.take_words(&["CASE", "ELSE"])
                || self.take_words(&["CASE", "DEFAULT"])
                || self.take_word("DEFAULT")
            {
                let body = self.case_body();
                if otherwise.replace(body).is_some() {
                    self.error(Code::StrayEnd, part, "this SELECT has a default already");
                }
            } else if self.take_word("CASE") {
                let patterns = self.patterns(part);
                let body = self.case_body();
                cases.push(Case { loc: part, patterns, body });
            } else {
                break;
            }
        }
        let ends: &[&[&str]] = &[&["END", "SELECT"], &["END", "SWITCH"]];
        let ends: Vec<&[&str]> = if switch { ends.iter().rev().copied().collect() } else { ends.to_vec() };
        if self.is_word("END") && self.is_word_at(self.at + 1, "CASE") {
            let loc = self.loc().to(self.token_at(self.at + 1).loc);
            let help = format!("Write `{}`.", ends[0].join(" "));
            self.error_help(Code::WrongEnd, loc, "END CASE ends nothing", help);
            self.recover(self.at);
            return Ok(StmtKind::Select { subject, cases, otherwise });
        }
        self.close(start, if switch { "SWITCH" } else { "SELECT CASE" }, &ends);
        Ok(StmtKind::Select { subject, cases, otherwise })
    }

    fn case_body(&mut self) -> Block {
        self.take_symbol(":");
        let mut body = Block::new();
        if !self.at_line_end() {
            self.open.push(BlockKind::Select);
            self.statement(&mut body);
            self.open.pop();
        }
        self.statements(&mut body, Some(BlockKind::Select));
        body
    }

    fn patterns(&mut self, start: Loc) -> Vec<CasePattern> {
        let mut patterns = Vec::new();
        let begin = self.at;
        loop {
            let Ok(pattern) = self.pattern() else {
                self.recover(begin);
                break;
            };
            patterns.push(pattern);
            if !self.take_symbol(",") {
                break;
            }
            self.continue_line();
        }
        let _ = start;
        patterns
    }

    fn pattern(&mut self) -> PResult<CasePattern> {
        if self.is_word("IS") && matches!(self.token_at(self.at + 1).kind, TokenKind::Symbol(_)) {
            self.advance();
            let op = match self.token().kind {
                TokenKind::Symbol("=" | "==") => BinaryOp::Equal,
                TokenKind::Symbol("<>" | "!=") => BinaryOp::NotEqual,
                TokenKind::Symbol("<") => BinaryOp::Less,
                TokenKind::Symbol(">") => BinaryOp::Greater,
                TokenKind::Symbol("<=") => BinaryOp::LessEqual,
                TokenKind::Symbol(">=") => BinaryOp::GreaterEqual,
                _ => return self.expected("a comparison"),
            };
            self.advance();
            return Ok(CasePattern::Compare(op, self.expression_at(level::CONCAT)?));
        }
        let word = self.word();
        let ends = self.line_ends_at(self.at + 1)
            || self.is_symbol_at(self.at + 1, ",")
            || self.is_symbol_at(self.at + 1, ":");
        let constant = ["TRUE", "FALSE", "NULL", "NOTHING"].iter().any(|constant| word.eq_ignore_ascii_case(constant));
        if !word.is_empty() && ends && !constant && !self.names.is_known(word) && self.keyword_here(false).is_none() {
            // A bare word that is no variable means itself.
            let loc = self.loc();
            self.advance();
            return Ok(CasePattern::Value(Expr::new(loc, ExprKind::Literal(Value::text(word)))));
        }
        let value =
            self.with_stops(&["TO"], |parser| parser.within(|context| context.comma_ends = true, Self::expression))?;
        if self.take_word("TO") {
            return Ok(CasePattern::Range(value, self.expression()?));
        }
        Ok(CasePattern::Value(value))
    }

    fn try_block(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        self.advance();
        let body = self.body(BlockKind::Try);
        let (mut catch, mut finally) = (None, None);
        if self.take_word("CATCH") {
            let variable = if self.separates_at(self.at) { None } else { Some(self.name("a variable for the error")?) };
            // `CATCH e AS Exception`: there is one kind of error.
            if variable.is_some() && self.take_word("AS") {
                self.name("a type")?;
            }
            catch = Some(Catch { variable, body: self.body(BlockKind::Try) });
        }
        if self.take_word("FINALLY") {
            finally = Some(self.body(BlockKind::Try));
        }
        self.close(start, "TRY", &[&["END", "TRY"]]);
        Ok(StmtKind::Try { body, catch, finally })
    }

    /// `WITH name` and lines `field = value`: a new object for `name`.
    fn with_block(&mut self) -> PResult<StmtKind> {
        let start = self.loc();
        self.advance();
        let target = self.lvalue()?;
        self.line_must_end(start, "END WITH")?;
        let mut fields: Vec<(Arc<str>, Expr)> = Vec::new();
        loop {
            self.skip_newlines();
            if self.at_end() || (self.is_word("END") && !self.is_symbol_at(self.at + 1, "=")) {
                break;
            }
            if self.field_name_at(self.at).is_none() && self.closer().is_some() {
                break;
            }
            let line = self.at;
            match self.with_field() {
                Ok(field) => fields.push(field),
                Err(_) => self.recover(line),
            }
            self.line_must_end(start, "END WITH")?;
        }
        self.close(start, "WITH", &[&["END", "WITH"]]);
        let value = self.node(start, ExprKind::Object(fields))?;
        Ok(StmtKind::Assign { target, value })
    }

    /// The name of the field and the index of `=`, for `field =`, `.field =`, `"field" =` and `.1 =`.
    fn field_name_at(&self, at: usize) -> Option<(Loc, usize)> {
        let at = if self.is_symbol_at(at, ".") { at + 1 } else { at };
        let token = self.token_at(at);
        let fits = matches!(token.kind, TokenKind::Word | TokenKind::Text(_) | TokenKind::Float(_) | TokenKind::Int(_));
        (fits && (self.is_symbol_at(at + 1, "=") || self.is_symbol_at(at + 1, ":"))).then_some((token.loc, at + 1))
    }

    fn with_field(&mut self) -> PResult<(Arc<str>, Expr)> {
        let Some((loc, equal)) = self.field_name_at(self.at) else {
            return self.expected("`field = value` or END WITH");
        };
        let name = Arc::from(self.slice(loc).trim_matches(['"', '\'', '.']));
        self.at = equal;
        self.advance();
        self.continue_line();
        Ok((name, self.expression()?))
    }

    /// Lines after RETURN, EXIT or END on the top level never run (unless a label leads to them).
    pub(super) fn warn_unreachable(&mut self, body: &Block) {
        let ends = |stmt: &Stmt| matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Exit | StmtKind::Goto(_));
        let Some(end) = body.iter().position(ends) else { return };
        let Some(next) = body.get(end + 1) else { return };
        if !body[end + 1..].iter().any(|stmt| matches!(stmt.kind, StmtKind::Label(_))) {
            let help = Some("Put each tool in a file of its own, or remove the lines.".to_owned());
            self.warning(Code::Unreachable, next.loc, "this line and what follows can never run", help);
        }
    }
}

pub(super) fn block_named(word: &str) -> Option<BlockKind> {
    Some(match word {
        "IF" => BlockKind::If,
        "FOR" | "FOREACH" => BlockKind::For,
        "WHILE" => BlockKind::While,
        "DO" | "LOOP" => BlockKind::Do,
        "SELECT" | "SWITCH" => BlockKind::Select,
        "SUB" | "FUNCTION" => BlockKind::Procedure,
        "TRY" => BlockKind::Try,
        "WITH" => BlockKind::With,
        "ON" | "WEBHOOK" | "EVENT" => BlockKind::Event,
        "SCHEDULE" => BlockKind::Schedule,
        _ => return None,
    })
}
