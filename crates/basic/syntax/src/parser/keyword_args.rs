//! The kinds of arguments that a form can ask for, read one at a time.

use std::sync::Arc;

use botserver_basic_types::{OrderBy, Value};

use super::{Columns, PResult, Parser, expressions::level, keyword_call::Piece};
use crate::{
    ast::{ArgExpr, Expr, ExprKind},
    codes::Code,
    fold,
    grammar::ArgKind,
    lexer::{Part, TokenKind},
};

impl Parser<'_> {
    /// One argument of a kind.
    pub(super) fn piece(&mut self, kind: ArgKind) -> PResult<Piece> {
        let strength = if self.context.in_condition { level::CONCAT } else { level::TERNARY };
        let arg = match kind {
            ArgKind::Word => ArgExpr::Expr(match self.bare_word() {
                Some(word) => word,
                None => self.expression_at(strength)?,
            }),
            ArgKind::Path => ArgExpr::Expr(self.path_argument(strength)?),
            ArgKind::Variable => {
                let start = self.loc();
                match self.variable_path(false)? {
                    Some(path) => ArgExpr::Expr(path),
                    None => return self.bail(Code::NotLiteral, start, "here a variable is named by a text in quotes"),
                }
            }
            ArgKind::Name if self.is_bare_name() => {
                let start = self.loc();
                self.advance();
                while self.is_symbol(".") && !self.word_at(self.at + 1).is_empty() {
                    self.advance();
                    self.advance();
                }
                let text = Value::text(self.slice(self.since(start)));
                ArgExpr::Expr(self.node(start, ExprKind::Literal(text))?)
            }
            ArgKind::Expr | ArgKind::Script | ArgKind::Exprs | ArgKind::Fields | ArgKind::Name => {
                ArgExpr::Expr(self.expression_at(strength)?)
            }
            ArgKind::Filter => {
                let text = self.expression_at(strength)?;
                self.filter_text(text)
            }
            ArgKind::Condition => {
                self.context.columns = Columns::Left;
                self.context.in_condition = true;
                self.context.comma_ends = true;
                ArgExpr::Condition(self.expression()?)
            }
            ArgKind::Assigns => ArgExpr::Assignments(self.pairs(Columns::Right)?),
            ArgKind::Values => ArgExpr::Assignments(self.pairs(Columns::None)?),
            ArgKind::Order => ArgExpr::Order(self.order()?),
            ArgKind::Columns => ArgExpr::Columns(self.columns()?),
            ArgKind::Target => {
                let start = self.loc();
                let operand = self.operand()?;
                return match Self::to_lvalue(&operand) {
                    Some(target) => Ok(Piece::Target(target)),
                    None => self.bail(Code::BadAssignmentTarget, self.since(start), "a variable is needed here"),
                };
            }
        };
        Ok(Piece::Arg(arg))
    }

    /// The token after a name and its `.members`.
    pub(super) fn dotted_end(&self, at: usize) -> usize {
        let mut end = at + 1;
        while self.is_symbol_at(end, ".") && !self.word_at(end + 1).is_empty() {
            end += 2;
        }
        end
    }

    /// A name or dotted name with nothing done to it.
    fn is_bare_name(&self) -> bool {
        let end = self.dotted_end(self.at);
        let ends =
            matches!(self.token_at(end).kind, TokenKind::Symbol("," | ")" | "=") | TokenKind::Newline | TokenKind::Eof);
        !self.word().is_empty() && (ends || self.is_stop(self.word_at(end)))
    }

    /// A name (or dotted name) that no script variable has, standing alone: it means its own spelling.
    fn bare_word(&mut self) -> Option<Expr> {
        let start = self.loc();
        let head = self.word();
        if head.is_empty() || self.names.is_known(head) || self.is_symbol_at(self.at + 1, "(") {
            return None;
        }
        if ["TRUE", "FALSE", "NULL"].iter().any(|constant| head.eq_ignore_ascii_case(constant)) {
            return None;
        }
        let end = self.dotted_end(self.at);
        let next = self.token_at(end);
        let ends = match next.kind {
            TokenKind::Symbol(symbol) => matches!(symbol, "," | ")" | "]" | "}" | "=" | "{"),
            TokenKind::Word => !self.word_at(end).eq_ignore_ascii_case("NOT"),
            TokenKind::Text(_) => false,
            _ => true,
        };
        if !ends || (end == self.at + 1 && self.keyword_here(false).is_some() && !self.line_ends_at(end)) {
            return None;
        }
        let loc = start.to(self.token_at(end - 1).loc);
        self.at = end - 1;
        self.advance();
        Some(Expr::new(loc, ExprKind::Literal(Value::text(self.slice(loc)))))
    }

    /// `GET "order.total"` with a variable `order`, `GET role`, or any expression.
    fn path_argument(&mut self, strength: u8) -> PResult<Expr> {
        let start = self.loc();
        if let Some(path) = self.variable_path(true)? {
            self.own_value = true;
            return Ok(path);
        }
        let own = self.assigning.as_deref();
        if own.is_some_and(|own| fold::lower(self.word(), |word| word == own)) && self.line_ends_at(self.at + 1) {
            self.advance();
            return self.node(start, ExprKind::Literal(Value::text(self.slice(start))));
        }
        match self.bare_word() {
            Some(word) => Ok(word),
            None => self.expression_at(strength),
        }
    }

    /// A text that names a variable, or a field of one (`"order.total"`), as that value. `sure` wants a variable that
    /// the script has, and a field of it.
    fn variable_path(&mut self, sure: bool) -> PResult<Option<Expr>> {
        let start = self.loc();
        let TokenKind::Text(parts) = &self.token().kind else { return Ok(None) };
        let [Part::Text(text)] = &**parts else { return Ok(None) };
        let text = text.clone();
        let mut names = text.split('.');
        let is_name = |name: &str| !name.is_empty() && name.chars().all(crate::lexer::is_word_char);
        let Some(head) = names.next().filter(|_| text.split('.').all(is_name)) else { return Ok(None) };
        if sure && !(text.contains('.') && self.names.is_variable(head)) {
            return Ok(None);
        }
        let name = crate::ast::Name { key: self.names.key(head), text: Arc::from(head), loc: start };
        self.advance();
        let mut path = self.node(start, ExprKind::Variable(name))?;
        for name in names {
            path = self.node(start, ExprKind::Member { base: Box::new(path), name: Arc::from(name), safe: true })?;
        }
        Ok(Some(path))
    }

    /// True for `a =`, `a.b =`, `a AS`, `"a" =`, `"a" AS`.
    pub(super) fn is_pair(&self, at: usize) -> bool {
        let end = match self.token_at(at).kind {
            TokenKind::Word => self.dotted_end(at),
            TokenKind::Text(_) => at + 1,
            _ => return false,
        };
        self.is_symbol_at(end, "=") || self.is_word_at(end, "AS")
    }

    fn pairs(&mut self, columns: Columns) -> PResult<Vec<(Arc<str>, Expr)>> {
        let mut pairs = Vec::new();
        self.context.comma_ends = true;
        self.context.stop_at_equal = false;
        loop {
            let name = self.column_name()?;
            if !self.take_symbol("=") && !self.take_word("AS") {
                return self.expected("`=` or `AS`");
            }
            self.continue_line();
            self.context.columns = columns;
            let value = self.expression();
            self.context.columns = Columns::None;
            pairs.push((name, value?));
            let mut next = self.at + 1;
            while self.token_at(next).kind == TokenKind::Newline {
                next += 1;
            }
            if !self.is_symbol(",") || !self.is_pair(next) {
                return Ok(pairs);
            }
            self.at = next;
        }
    }

    fn order(&mut self) -> PResult<Vec<OrderBy>> {
        let mut keys = Vec::new();
        loop {
            let column = self.column_name()?;
            let descending = self.take_word("DESC") || self.take_word("DESCENDING");
            if !descending && !self.take_word("ASC") {
                self.take_word("ASCENDING");
            }
            keys.push(OrderBy { column: column.to_string(), descending });
            if !self.take_symbol(",") {
                return Ok(keys);
            }
            self.continue_line();
        }
    }

    fn columns(&mut self) -> PResult<Vec<(Expr, Option<String>)>> {
        let mut columns = Vec::new();
        self.context.comma_ends = true;
        self.context.stops.push("AS");
        loop {
            self.context.columns = Columns::Left;
            let column = self.expression();
            self.context.columns = Columns::None;
            let column = column?;
            let alias = if self.take_word("AS") {
                Some(match self.token().kind {
                    TokenKind::Text(_) => self.literal_text("a name")?.to_string(),
                    _ => self.name("a name")?.text.to_string(),
                })
            } else {
                None
            };
            columns.push((column, alias));
            if !self.take_symbol(",") {
                return Ok(columns);
            }
            self.continue_line();
        }
    }

    /// A column in quotes, or the last part of a dotted name.
    fn column_name(&mut self) -> PResult<Arc<str>> {
        if matches!(self.token().kind, TokenKind::Text(_)) {
            return self.literal_text("a column");
        }
        let mut name = self.name("a column")?.text;
        while self.take_symbol(".") {
            name = self.name("a column")?.text;
        }
        Ok(name)
    }
}
