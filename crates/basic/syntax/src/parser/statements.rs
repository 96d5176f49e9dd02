//! What a line can be: an assignment first, then the statements of the language, then keywords by
//! longest phrase, labels and calls. Blocks of statements end where the construct around them ends.

use super::{BlockKind, PResult, Parser};
use crate::{
    ast::{Block, Expr, ExprKind, LValue, LoopKind, OnError, Resume, Step, Stmt, StmtKind},
    codes::Code,
    lexer::TokenKind,
};

/// Words that begin statements of the language and therefore never a clause on the next line.
const CORE_STARTS: &[&str] = &[
    "IF",
    "FOR",
    "FOREACH",
    "WHILE",
    "DO",
    "SELECT",
    "SWITCH",
    "SUB",
    "FUNCTION",
    "CALL",
    "RUN",
    "INCLUDE",
    "RETURN",
    "EXIT",
    "CONTINUE",
    "END",
    "GOTO",
    "GOSUB",
    "ON",
    "RESUME",
    "TRY",
    "THROW",
    "RAISE",
    "ASSERT",
    "CLEAR",
    "HEAR",
    "WITH",
    "BEGIN",
    "PARAM",
    "DESCRIPTION",
    "WEBHOOK",
    "ALLOW",
    "TABLE",
    "CREATE",
    "SET",
    "LET",
    "DIM",
    "REDIM",
    "CONST",
    "NEXT",
    "WEND",
    "LOOP",
    "ELSE",
    "ELSEIF",
    "CASE",
    "DEFAULT",
    "CATCH",
    "FINALLY",
    "ENDIF",
];

impl Parser<'_> {
    pub(super) fn begins_core_statement(word: &str) -> bool {
        CORE_STARTS.iter().any(|start| word.eq_ignore_ascii_case(start))
    }

    /// Statements until something that ends the innermost open block (not consumed), or the end of the file.
    pub(super) fn statements(&mut self, out: &mut Block, kind: Option<BlockKind>) {
        if let Some(kind) = kind {
            self.open.push(kind);
        }
        loop {
            self.skip_separators();
            if self.at_end() || self.errors > super::MAX_ERRORS {
                break;
            }
            if let Some((closed, words)) = self.closer() {
                // Its beginning was named as a mistake already.
                if self.forgiven.last() == Some(&(closed, self.open.len())) && !self.divides() {
                    self.forgiven.pop();
                    self.recover(self.at);
                    continue;
                }
                if self.open.contains(&closed) {
                    self.note_end(words);
                    break;
                }
                self.note_statement();
                self.stray_end(closed, words);
                continue;
            }
            let begin = self.at;
            self.statement(out);
            if std::mem::take(&mut self.ended) {
                self.was_ended = true;
                break;
            }
            // A block without its end leaves the cursor at the beginning of the line that shows it; a label may have
            // its statement on the same line.
            let begins = TokenKind::Symbol(":");
            let fresh_line =
                self.at > 0 && (self.line_ends_at(self.at - 1) || self.token_at(self.at - 1).kind == begins);
            if !self.separates_at(self.at) && !fresh_line {
                self.left_over(begin);
            }
        }
        if kind.is_some() {
            self.open.pop();
        }
    }

    /// One statement, or the message why it is none; the cursor stands at its end.
    pub(super) fn statement(&mut self, out: &mut Block) {
        let start = self.at;
        self.note_statement();
        if self.deeper(|parser| parser.try_statement(out)).is_err() {
            self.recover(start);
        }
    }

    fn push(&self, out: &mut Block, start: crate::ast::Loc, kind: StmtKind) {
        out.push(Stmt { loc: self.since(start), kind });
    }

    fn try_statement(&mut self, out: &mut Block) -> PResult<()> {
        let start = self.loc();
        match &self.token().kind {
            TokenKind::Block(block) => {
                let block = block.clone();
                self.advance();
                let call = self.text_block(&block, start)?;
                self.push(out, start, StmtKind::Keyword(call));
                return Ok(());
            }
            TokenKind::Word => {}
            _ => return self.unknown_statement(),
        }
        if let Some(equal) = self.assignment_at(self.at) {
            return self.assignment(out, equal);
        }
        let word = self.upper_at(self.at);
        let next = self.upper_at(self.at + 1);
        let head = self.at;
        if self.label(out)? {
            return Ok(());
        }
        if self.declaration(word, next, out)? || self.control(word, next, out)? {
            self.note_word(head);
            return Ok(());
        }
        if let Some(kind) = self.simple(word, next, out)? {
            self.note_word(head);
            self.push(out, start, kind);
            return Ok(());
        }
        let called = self.is_symbol_at(self.at + 1, ".") || self.is_symbol_at(self.at + 1, "?.");
        if !called
            && !self.names.is_procedure(word)
            && let Some(found) = self.keyword_here(true)
        {
            let (call, target) = self.keyword_statement(found)?;
            let kind = match target {
                Some(target) => {
                    let value = self.node(start, ExprKind::Keyword(Box::new(call)))?;
                    StmtKind::Assign { target, value }
                }
                None => StmtKind::Keyword(call),
            };
            self.push(out, start, kind);
            return Ok(());
        }
        let kind = self.call_statement()?;
        self.push(out, start, kind);
        Ok(())
    }

    /// The index of `=` when an assignment target stands at `at`: `a`, `a.b`, `a[i]`, `a(i)` of an array.
    pub(super) fn assignment_at(&self, at: usize) -> Option<usize> {
        let head = self.word_at(at);
        if head.is_empty() {
            return None;
        }
        let mut end = at + 1;
        loop {
            let token = self.token_at(end);
            let closed = token.partner != u32::MAX && token.partner as usize > end;
            match token.kind {
                TokenKind::Symbol("=" | "+=" | "-=" | "*=" | "/=") => return Some(end),
                TokenKind::Symbol(".") if !self.word_at(end + 1).is_empty() => end += 2,
                TokenKind::Symbol("[") if closed => end = token.partner as usize + 1,
                TokenKind::Symbol("(") if closed && (end > at + 1 || self.names.is_array(head)) => {
                    end = token.partner as usize + 1;
                }
                _ => return None,
            }
        }
    }

    fn assignment(&mut self, out: &mut Block, equal: usize) -> PResult<()> {
        let start = self.loc();
        let target = self.lvalue()?;
        let loc = self.token_at(equal).loc;
        if !self.take_symbol("=") {
            let sign = self.slice(loc);
            let name = self.slice(target.loc);
            let message = format!("BASIC has no `{sign}`");
            let rest = self.source[loc.end as usize..].lines().next().unwrap_or("").trim();
            let value = if rest.is_empty() || rest.len() > 60 { "…" } else { rest };
            let help = format!("Write `{name} = {name} {} {value}`.", &sign[..1]);
            self.error_help(Code::NotBasicOperator, loc, message, help);
            return Err(super::Bail);
        }
        self.continue_line();
        self.check_constant(&target);
        self.assigning = target.path.is_empty().then(|| target.name.key.clone());
        let value = self.expression();
        self.assigning = None;
        let value = value?;
        if target.path.is_empty() {
            self.note_assigned(&target.name, &value);
        }
        self.push(out, start, StmtKind::Assign { target, value });
        Ok(())
    }

    fn check_constant(&mut self, target: &LValue) {
        if self.names.constants.contains(&target.name.key) {
            let message = format!("`{}` is a constant", target.name.text);
            self.error(Code::ConstAssigned, target.loc, message);
        }
    }

    pub(super) fn lvalue(&mut self) -> PResult<LValue> {
        let name = self.name("a variable")?;
        let start = name.loc;
        let mut path = Vec::new();
        loop {
            if self.is_symbol(".") {
                self.advance();
                path.push(Step::Member(self.name("the name of a field")?.text));
            } else if self.is_symbol("[") {
                path.push(Step::Index(self.bracketed("]", Self::expression)?));
            } else if self.is_symbol("(") && (!path.is_empty() || self.names.is_array(&name.key)) {
                path.push(Step::Index(self.bracketed(")", Self::expression)?));
            } else {
                break;
            }
            if path.len() > usize::from(crate::ast::MAX_HEIGHT) {
                return self.bail(Code::TooDeep, start, "a path of too many steps");
            }
        }
        Ok(LValue { loc: self.since(start), name, path })
    }

    /// `name:`
    fn label(&mut self, out: &mut Block) -> PResult<bool> {
        let word = self.word();
        let closes = ["CASE", "DEFAULT", "ELSE"].iter().any(|other| word.eq_ignore_ascii_case(other));
        // A statement may follow on the line when some GOTO names the label.
        let alone = self.line_ends_at(self.at + 2);
        if !self.is_symbol_at(self.at + 1, ":") || closes || !(alone || self.names.is_target(word)) {
            return Ok(false);
        }
        let name = self.name("a label")?;
        self.advance();
        if self.labels.defined.insert(name.key.clone(), name.loc).is_some() {
            let message = format!("the label `{}` stands here for the second time", name.text);
            self.error(Code::DuplicateLabel, name.loc, message);
        }
        self.push(out, name.loc, StmtKind::Label(name));
        Ok(true)
    }

    /// Statements of one line that belong to the language itself.
    fn simple(&mut self, word: &str, next: &str, out: &mut Block) -> PResult<Option<StmtKind>> {
        let alone = self.separates_at(self.at + 1) || (self.single_line > 0 && next == "ELSE");
        Ok(Some(match (word, next) {
            ("SET" | "LET", _) => match self.assignment_at(self.at + 1) {
                Some(equal) => {
                    self.advance();
                    self.assignment(out, equal)?;
                    // The statement has been pushed; its place should include SET.
                    return match out.pop() {
                        Some(stmt) => Ok(Some(stmt.kind)),
                        None => self.expected("an assignment"),
                    };
                }
                None => return Ok(None),
            },
            ("CONST", _) => {
                self.advance();
                let name = self.name("the name of the constant")?;
                self.expect_symbol("=")?;
                StmtKind::Const { name, value: self.expression()? }
            }
            ("DIM" | "REDIM", _) => return self.dim(out, word == "REDIM"),
            ("EXIT", _) => self.exit(next)?,
            ("BREAK", _) if alone && self.grammar.keyword("BREAK").is_none() => {
                self.advance();
                self.check_loop(LoopKind::Any, "BREAK");
                StmtKind::ExitLoop(LoopKind::Any)
            }
            ("CONTINUE", "" | "FOR" | "WHILE" | "DO" | "LOOP" | "ELSE") => {
                self.advance();
                let kind = self.loop_kind();
                self.check_loop(kind, "CONTINUE");
                StmtKind::ContinueLoop(kind)
            }
            ("END", _) if alone => {
                self.advance();
                StmtKind::Exit
            }
            ("RETURN", _) => self.return_statement(alone)?,
            ("GOTO", _) => StmtKind::Goto(self.jump()?),
            ("GOSUB", _) => StmtKind::Gosub(self.jump()?),
            ("RESUME", "NEXT") => {
                self.advance();
                self.advance();
                StmtKind::Resume(Resume::Next)
            }
            ("RESUME", _) if alone && (self.names.has_error_handler || self.grammar.keyword("RESUME").is_none()) => {
                self.advance();
                StmtKind::Resume(Resume::Same)
            }
            ("RESUME", label) if !label.is_empty() && self.line_ends_at(self.at + 2) => {
                StmtKind::Resume(Resume::Label(self.jump()?))
            }
            ("ON", "ERROR") => self.on_error()?,
            ("THROW" | "RAISE", _) => {
                self.advance();
                StmtKind::Throw(self.expression()?)
            }
            ("ASSERT", _) => {
                self.advance();
                let condition = self.condition(&[])?;
                let message = if self.take_symbol(",") { Some(self.expression()?) } else { None };
                StmtKind::Assert { condition, message }
            }
            ("CLEAR", "ERROR") | ("CLEAR_ERROR" | "ERR_CLEAR", _) => {
                self.advance();
                self.take_word("ERROR");
                if self.is_symbol("(") {
                    self.bracketed(")", |_| Ok(()))?;
                }
                StmtKind::ClearError
            }
            ("ERR", _) if self.is_symbol_at(self.at + 1, ".") && self.is_word_at(self.at + 2, "CLEAR") => {
                for _ in 0..3 {
                    self.advance();
                }
                if self.is_symbol("(") {
                    self.bracketed(")", |_| Ok(()))?;
                }
                StmtKind::ClearError
            }
            ("CALL", _) => self.call_keyword()?,
            ("RUN", _) if !self.has_longer_phrase() => self.run()?,
            ("HEAR", _) if !self.has_longer_phrase() => {
                self.advance();
                StmtKind::Hear(self.hear_statement()?)
            }
            _ => return Ok(None),
        }))
    }

    /// True when a declared keyword of two or more words begins here (`RUN PYTHON`, `HEAR FROM MEET`).
    fn has_longer_phrase(&self) -> bool {
        self.keyword_here(true).is_some_and(|found| found.words(self.at) > 1)
    }

    fn dim(&mut self, out: &mut Block, redim: bool) -> PResult<Option<StmtKind>> {
        let start = self.loc();
        self.advance();
        if redim {
            self.take_word("PRESERVE");
        }
        loop {
            let name = self.name("a variable")?;
            let sizes = if self.is_symbol("(") || self.is_symbol("[") {
                let closer = if self.is_symbol("(") { ")" } else { "]" };
                self.bracketed(closer, |parser| parser.list(closer))?
            } else {
                Vec::new()
            };
            if self.take_word("AS") {
                self.name("a type")?;
            }
            let value = if self.take_symbol("=") { Some(self.expression()?) } else { None };
            let kind = match value {
                Some(value) => StmtKind::Assign { target: LValue { loc: name.loc, name, path: Vec::new() }, value },
                None => StmtKind::Dim { name, sizes, redim },
            };
            if !self.take_symbol(",") {
                return Ok(Some(kind));
            }
            self.push(out, start, kind);
        }
    }

    fn loop_kind(&mut self) -> LoopKind {
        for (word, kind) in
            [("FOR", LoopKind::For), ("WHILE", LoopKind::While), ("DO", LoopKind::Do), ("LOOP", LoopKind::Any)]
        {
            if self.take_word(word) {
                return kind;
            }
        }
        LoopKind::Any
    }

    fn check_loop(&mut self, kind: LoopKind, word: &str) {
        let fits = |open: &BlockKind| match kind {
            LoopKind::For => *open == BlockKind::For,
            // `EXIT DO` in a WHILE and the reverse are told apart by no author.
            LoopKind::While | LoopKind::Do => matches!(open, BlockKind::While | BlockKind::Do),
            LoopKind::Any => matches!(open, BlockKind::For | BlockKind::While | BlockKind::Do),
        };
        let inner = self.open.iter().rev().take_while(|open| !matches!(open, BlockKind::Procedure | BlockKind::Event));
        if !inner.into_iter().any(fits) {
            let loc = Expr::new(self.token_at(self.at.saturating_sub(1)).loc, ExprKind::Star).loc;
            let which = match kind {
                LoopKind::For => "FOR loop",
                LoopKind::While => "WHILE loop",
                LoopKind::Do => "DO loop",
                LoopKind::Any => "loop",
            };
            self.error(Code::NoLoop, loc, format!("{word} stands in no {which}"));
        }
    }

    fn exit(&mut self, next: &str) -> PResult<StmtKind> {
        self.advance();
        Ok(match next {
            "FOR" | "WHILE" | "DO" | "LOOP" => {
                let mut kind = self.loop_kind();
                self.check_loop(kind, "EXIT");
                let opens = |kind: BlockKind| self.open.contains(&kind);
                if kind == LoopKind::Do && !opens(BlockKind::Do) {
                    kind = LoopKind::While;
                } else if kind == LoopKind::While && !opens(BlockKind::While) {
                    kind = LoopKind::Do;
                }
                StmtKind::ExitLoop(kind)
            }
            "SUB" | "FUNCTION" => {
                self.advance();
                match &self.result {
                    Some(name) if self.procedure && self.names.is_variable(&name.key) => {
                        StmtKind::Return(Some(Expr::new(name.loc, ExprKind::Variable(name.clone()))))
                    }
                    _ if self.procedure => StmtKind::ExitProcedure,
                    _ => StmtKind::Exit,
                }
            }
            _ => StmtKind::Exit,
        })
    }

    fn return_statement(&mut self, alone: bool) -> PResult<StmtKind> {
        self.advance();
        if alone {
            return Ok(StmtKind::Return(None));
        }
        let pair = self.is_word("WITH")
            && (self.is_word_at(self.at + 2, "AS")
                || self.is_symbol_at(self.at + 2, "=")
                || self.line_ends_at(self.at + 1));
        if !pair {
            return Ok(StmtKind::Return(Some(self.expression()?)));
        }
        let start = self.loc();
        self.advance();
        let mut fields = Vec::new();
        loop {
            self.continue_line();
            let name = self.name("the name of a field")?.text;
            if !self.take_word("AS") {
                self.expect_symbol("=")?;
            }
            let value = self.within(|context| context.comma_ends = true, Self::expression)?;
            fields.push((name, value));
            if !self.take_symbol(",") {
                break;
            }
        }
        Ok(StmtKind::Return(Some(self.node(start, ExprKind::Object(fields))?)))
    }

    /// The label after GOTO and friends; the word itself is consumed too.
    pub(super) fn jump(&mut self) -> PResult<crate::ast::Name> {
        self.advance();
        if matches!(self.token().kind, TokenKind::Int(_)) {
            let message = format!("a label is a name, not the number {}", self.slice(self.loc()));
            let help = "Write `again:` before the line to go to, and `GOTO again`.";
            self.error_help(Code::ExpectedToken, self.loc(), message, help);
            return Err(super::Bail);
        }
        let name = self.name("a label")?;
        self.labels.used.push(name.clone());
        Ok(name)
    }

    fn on_error(&mut self) -> PResult<StmtKind> {
        self.advance();
        self.advance();
        if self.take_words(&["RESUME", "NEXT"]) {
            return Ok(StmtKind::OnError(OnError::ResumeNext));
        }
        let zero = self.token_at(self.at + 1).kind == TokenKind::Int(0);
        if self.is_word("GOTO") && zero {
            self.advance();
            self.advance();
            return Ok(StmtKind::OnError(OnError::Off));
        }
        if self.is_word("GOTO") {
            return Ok(StmtKind::OnError(OnError::Goto(self.jump()?)));
        }
        self.expected("`RESUME NEXT`, `GOTO 0` or `GOTO label`")
    }

    /// A procedure, a function or a method called for its effect; anything else is no statement.
    fn call_statement(&mut self) -> PResult<StmtKind> {
        let word = self.word();
        let plain = !self.is_symbol_at(self.at + 1, "(") && !self.is_symbol_at(self.at + 1, ".");
        if self.names.is_procedure(word) && plain {
            let name = self.name("a procedure")?;
            let mut args = Vec::new();
            while !self.at_statement_end() {
                args.push(self.expression()?);
                if !self.take_symbol(",") {
                    break;
                }
            }
            return Ok(StmtKind::CallProcedure { name, args });
        }
        let function = self.grammar.function(word).is_some();
        let extended = ["(", ".", "?.", "["].iter().any(|symbol| self.is_symbol_at(self.at + 1, symbol));
        let member = self.is_symbol_at(self.at + 1, ".") || self.is_symbol_at(self.at + 1, "?.");
        if member && !self.names.is_known(word) && ["debug", "console"].iter().any(|own| word.eq_ignore_ascii_case(own))
        {
            return self.unknown_statement();
        }
        if !function && !member && !(extended && (self.names.is_known(word) || self.is_call())) {
            return self.unknown_statement();
        }
        if function && self.line_ends_at(self.at + 1) {
            return self.unknown_statement();
        }
        let start = self.at;
        let expr = if function && !extended { self.call_without_brackets()? } else { self.expression()? };
        self.as_statement(expr, start)
    }

    /// `name(…)` at the end of a statement looks like a call, even of an unknown name.
    fn is_call(&self) -> bool {
        self.is_symbol_at(self.at + 1, "(") && !self.token_at(self.at + 1).spaced
    }

    fn as_statement(&mut self, expr: Expr, start: usize) -> PResult<StmtKind> {
        match expr.kind {
            ExprKind::Procedure { name, args } => Ok(StmtKind::CallProcedure { name, args }),
            ExprKind::Keyword(call) => Ok(StmtKind::Keyword(*call)),
            ExprKind::Method { ref base, ref name, ref args, mutating: true, .. } => match Self::to_lvalue(base) {
                Some(target) => Ok(StmtKind::Mutate { target, function: name.clone(), args: args.clone() }),
                None => Ok(StmtKind::Expr(expr)),
            },
            ExprKind::Function { ref name, ref args } => {
                let mutating = self.grammar.function(name).is_some_and(|function| function.mutating);
                let target = args.first().filter(|_| mutating).and_then(Self::to_lvalue);
                match target {
                    Some(target) => {
                        let (function, args) = (name.clone(), args[1..].to_vec());
                        Ok(StmtKind::Mutate { target, function, args })
                    }
                    None => Ok(StmtKind::Expr(expr)),
                }
            }
            ExprKind::Method { .. } | ExprKind::Ternary { .. } => Ok(StmtKind::Expr(expr)),
            _ => {
                self.at = start;
                self.unknown_statement()
            }
        }
    }
}
