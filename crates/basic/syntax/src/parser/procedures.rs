//! SUB and FUNCTION, and the ways to call them and other dialogs.

use std::sync::Arc;

use botserver_basic_types::Value;

use super::{BlockKind, PResult, Parser};
use crate::{
    ast::{Block, Expr, ExprKind, Name, Procedure, Stmt, StmtKind},
    codes::Code,
    lexer::TokenKind,
};

impl Parser<'_> {
    /// `SUB name(a, b) … END SUB`
    pub(super) fn procedure(&mut self, returns: bool) -> PResult<()> {
        let start = self.loc();
        self.advance();
        let name = self.name("the name of the procedure")?;
        let head = self.at;
        let params = if self.is_symbol("(") { self.bracketed(")", Self::parameters) } else { Ok(Vec::new()) };
        // After a mistake in the brackets the body is read all the same.
        let params = params.unwrap_or_else(|_| {
            self.recover(head);
            Vec::new()
        });
        if self.take_word("AS") {
            self.name("a type")?;
        }
        if self.is_symbol("{") && self.line_ends_at(self.at + 1) {
            return self.braces(start, if returns { "END FUNCTION" } else { "END SUB" });
        }
        let loc = self.since(start);
        let outer_open = std::mem::take(&mut self.open);
        let outer = std::mem::replace(&mut self.procedure, true);
        let outer_result = std::mem::replace(&mut self.result, returns.then(|| name.clone()));
        let body = self.label_scope(|parser| {
            let mut body = Block::new();
            parser.statements(&mut body, Some(BlockKind::Procedure));
            body
        });
        self.procedure = outer;
        self.result = outer_result;
        self.open = outer_open;
        let body = if returns { result_by_name(body, &name) } else { body };
        let ends: &[&[&str]] = &[&["END", "SUB"], &["END", "FUNCTION"]];
        let ends: Vec<&[&str]> = if returns { ends.iter().rev().copied().collect() } else { ends.to_vec() };
        self.close(start, if returns { "FUNCTION" } else { "SUB" }, &ends);
        if !self.defined.insert(name.key.clone()) {
            let message = format!("`{}` is defined for the second time", name.text);
            self.error(Code::DuplicateProcedure, name.loc, message);
            return Ok(());
        }
        self.script.procedures.push(Procedure { name, params, returns, body, loc });
        Ok(())
    }

    fn parameters(&mut self) -> PResult<Vec<Name>> {
        let mut params = Vec::new();
        while !self.is_symbol(")") {
            if (self.is_word("BYVAL") || self.is_word("BYREF")) && !self.word_at(self.at + 1).is_empty() {
                self.advance();
            }
            params.push(self.name("a parameter")?);
            if self.take_word("AS") {
                self.name("a type")?;
            }
            if !self.take_symbol(",") {
                if !self.word().is_empty() {
                    return self.missing_parameter_comma();
                }
                break;
            }
        }
        Ok(params)
    }

    /// `FUNCTION f(a b)`
    fn missing_parameter_comma<T>(&mut self) -> PResult<T> {
        let (loc, before) = (self.loc(), self.slice(self.token_at(self.at - 1).loc).to_owned());
        let name = self.slice(loc).to_owned();
        let message = format!("`,` is missing between `{before}` and `{name}`");
        self.error_help(Code::MissingOperator, loc, message, format!("Write `{before}, {name}`."));
        Err(super::Bail)
    }

    /// `CALL name(a)`, `CALL name a`, `CALL "file.bas"`
    pub(super) fn call_keyword(&mut self) -> PResult<StmtKind> {
        self.advance();
        let word = self.word();
        if !word.is_empty() && (self.names.is_procedure(word) || (!self.names.is_variable(word) && !self.is_dotted())) {
            let name = self.name("a procedure")?;
            let args = self.call_arguments()?;
            if self.names.is_procedure(&name.key) {
                return Ok(StmtKind::CallProcedure { name, args });
            }
            let file = Expr::new(name.loc, ExprKind::Literal(Value::Text(name.text)));
            self.note_script(&file);
            return Ok(StmtKind::CallScript { file, args });
        }
        self.script_call()
    }

    fn is_dotted(&self) -> bool {
        self.is_symbol_at(self.at + 1, ".") || self.is_symbol_at(self.at + 1, "[")
    }

    /// `RUN "file.bas"`
    pub(super) fn run(&mut self) -> PResult<StmtKind> {
        self.advance();
        self.script_call()
    }

    fn script_call(&mut self) -> PResult<StmtKind> {
        let file = self.within(|context| context.comma_ends = true, Self::expression)?;
        self.note_script(&file);
        let args = self.call_arguments()?;
        Ok(StmtKind::CallScript { file, args })
    }

    /// Remembers the script that a literal names.
    pub(super) fn note_script(&mut self, file: &Expr) {
        if let ExprKind::Literal(Value::Text(name)) = &file.kind {
            self.script.called.push((name.clone(), file.loc));
        }
    }

    fn call_arguments(&mut self) -> PResult<Vec<Expr>> {
        if self.is_symbol("(") {
            return self.bracketed(")", |parser| parser.list(")"));
        }
        let mut args = Vec::new();
        self.take_symbol(",");
        while !self.at_statement_end() {
            args.push(self.expression()?);
            if !self.take_symbol(",") {
                break;
            }
            self.continue_line();
        }
        Ok(args)
    }

    /// `INCLUDE "file.bas"`
    pub(super) fn include(&mut self) -> PResult<()> {
        self.advance();
        let loc = self.loc();
        if !matches!(self.token().kind, TokenKind::Text(_)) {
            let name: Arc<str> = self.name("a file")?.text;
            self.script.includes.push((name, loc));
            return Ok(());
        }
        let file = self.literal_text("the file of INCLUDE")?;
        self.script.includes.push((file, loc));
        Ok(())
    }
}

/// In a FUNCTION that gives its own name a value, as in older BASICs, that value is the result.
fn result_by_name(mut body: Block, name: &Name) -> Block {
    if assigns(&body, &name.key) {
        let value = Expr::new(name.loc, ExprKind::Variable(name.clone()));
        body.push(Stmt { loc: name.loc, kind: StmtKind::Return(Some(value)) });
    }
    body
}

/// True when some statement of the block gives the name a value.
fn assigns(block: &Block, key: &str) -> bool {
    block.iter().any(|stmt| match &stmt.kind {
        StmtKind::Assign { target, .. } => target.path.is_empty() && *target.name.key == *key,
        StmtKind::If { branches, otherwise } => {
            branches.iter().any(|(_, body)| assigns(body, key)) || otherwise.iter().any(|body| assigns(body, key))
        }
        StmtKind::For { body, .. }
        | StmtKind::ForEach { body, .. }
        | StmtKind::While { body, .. }
        | StmtKind::Do { body, .. } => assigns(body, key),
        StmtKind::Select { cases, otherwise, .. } => {
            cases.iter().any(|case| assigns(&case.body, key)) || otherwise.iter().any(|body| assigns(body, key))
        }
        StmtKind::Try { body, catch, finally } => {
            assigns(body, key)
                || catch.iter().any(|catch| assigns(&catch.body, key))
                || finally.iter().any(|body| assigns(body, key))
        }
        _ => false,
    })
}
