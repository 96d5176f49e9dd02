//! Operands: literals, names, calls, and what follows them (`.`, `?.`, `[ ]`).

use std::sync::Arc;

use botserver_basic_types::Value;

use super::{Columns, PResult, Parser, expressions::level, foreign_words::foreign_function, suggest};
use crate::{
    ast::{ErrorPart, Expr, ExprKind, LValue, Loc, Step},
    codes::Code,
    grammar::Function,
    lexer::TokenKind,
};

impl Parser<'_> {
    /// One operand with its members and indexes.
    pub(super) fn operand(&mut self) -> PResult<Expr> {
        let first = self.primary()?;
        self.postfix(first)
    }

    fn primary(&mut self) -> PResult<Expr> {
        let start = self.loc();
        match &self.token().kind {
            TokenKind::Int(value) => self.literal(Value::Int(*value)),
            TokenKind::Float(value) => self.literal(Value::Float(*value)),
            TokenKind::Text(parts) => self.text_literal(&parts.clone()),
            TokenKind::Symbol("[") => self.array_literal(),
            TokenKind::Symbol("{") => self.object_literal(),
            TokenKind::Symbol("(") => self.bracketed(")", Self::expression),
            TokenKind::Symbol("*") if self.context.columns != Columns::None => {
                self.advance();
                self.node(start, ExprKind::Star)
            }
            TokenKind::Word => self.word_operand(),
            _ => self.no_value(),
        }
    }

    /// Where a value had to stand.
    fn no_value<T>(&mut self) -> PResult<T> {
        let loc = self.here();
        let last = (0..self.at).rev().find(|at| !self.line_ends_at(*at));
        let before = last.map(|at| self.slice(self.token_at(at).loc)).filter(|text| text.len() < 30);
        let message = match before.filter(|_| self.at_line_end()) {
            Some(before) => format!("a value is missing behind `{before}`"),
            None => format!("a value is missing before {}", self.shown()),
        };
        let comparison = matches!(self.token().kind, TokenKind::Symbol("<" | ">" | "<=" | ">=" | "=" | "<>" | "!="));
        let help = match before {
            Some("%") if self.at_line_end() => {
                Some("A part of a hundred is a number: write `0.5` for 50 %.".to_owned())
            }
            Some(call) if self.at_line_end() && call.eq_ignore_ascii_case("CALL") => {
                Some("Write `CALL \"orders.bas\"`, or `CALL name` for a procedure.".to_owned())
            }
            Some(joint) if comparison && ["and", "or"].iter().any(|own| joint.eq_ignore_ascii_case(own)) => {
                Some(format!("Each comparison names its value: `x > 3 {} x < 5`.", joint.to_uppercase()))
            }
            _ => None,
        };
        self.report(botserver_basic_types::Severity::Error, Code::ExpectedExpression, loc, message, help);
        Err(super::Bail)
    }

    fn literal(&mut self, value: Value) -> PResult<Expr> {
        let start = self.loc();
        self.advance();
        self.node(start, ExprKind::Literal(value))
    }

    fn word_operand(&mut self) -> PResult<Expr> {
        let word = self.word();
        let called = self.is_symbol_at(self.at + 1, "(") && !self.names.is_array(word);
        let empty_call = called && self.is_symbol_at(self.at + 2, ")");
        let extended = self.is_symbol_at(self.at + 1, ".") || self.is_symbol_at(self.at + 1, "?.");
        // `TODAY()` is a call also where a variable has that name: nothing is an index.
        let variable = self.names.is_variable(word) && !empty_call;
        let column = self.context.columns != Columns::None;
        if extended && !self.names.is_known(word) && self.take_namespace() {
            return self.word_operand();
        }
        if !variable && self.foreign_operand() {
            return Err(super::Bail);
        }
        if !variable && self.is_stop(word) {
            let message = format!("a value is missing before {}", self.shown());
            let loc = self.loc();
            return self.bail(Code::ExpectedExpression, loc, message);
        }
        if !variable
            && (!extended || word.eq_ignore_ascii_case("ERR"))
            && let Some(constant) = self.constant_word(called)?
        {
            return Ok(constant);
        }
        if word.eq_ignore_ascii_case("HEAR") && !extended && !called && !variable {
            return self.hear_expression();
        }
        if self.context.columns == Columns::Left && !called {
            return self.column();
        }
        if !(variable && extended)
            && let Some(found) = self.keyword_here(false)
        {
            return self.keyword_expression(found);
        }
        if called {
            return self.call();
        }
        if !variable && !column && self.two_word_function().is_some() {
            return self.call_of_two_words();
        }
        if !variable && !extended && self.names.is_procedure(word) && !column {
            let name = self.name("a name")?;
            let start = name.loc;
            return self.node(start, ExprKind::Procedure { name, args: Vec::new() });
        }
        // `FIRST [1, 2, 3], 2`, but `list[0]` is an element.
        let list = !variable && self.is_symbol_at(self.at + 1, "[") && self.token_at(self.at + 1).spaced;
        let minus = variable && self.is_symbol_at(self.at + 1, "-");
        let operand = list || (!minus && self.begins_operand(self.at + 1));
        if !extended && operand && self.grammar.function(word).is_some() {
            return self.call_without_brackets();
        }
        if column && !self.names.is_known(word) {
            return self.column();
        }
        // A function that takes nothing is a constant: PI.
        if !variable
            && !extended
            && let Some(function) = self.grammar.function(word).filter(|function| function.max == 0)
        {
            let (start, name) = (self.loc(), function.name.clone());
            self.advance();
            return self.function(start, name, Vec::new());
        }
        let name = self.name("a name")?;
        let start = name.loc;
        self.node(start, ExprKind::Variable(name))
    }

    /// `Math.floor(x)`, `JSON.stringify(o)`: the functions of JavaScript's boxes are functions here.
    fn take_namespace(&mut self) -> bool {
        let boxed = ["JSON", "MATH"].iter().any(|own| self.is_word(own));
        let called = self.is_symbol_at(self.at + 3, "(") && self.is_symbol_at(self.at + 1, ".");
        if !boxed || !called || self.grammar.function(self.word_at(self.at + 2)).is_none() {
            return false;
        }
        self.advance();
        self.advance();
        true
    }

    /// Words of other languages before a value; true when one was named.
    fn foreign_operand(&mut self) -> bool {
        let (loc, next) = (self.loc(), self.token_at(self.at + 1).kind == TokenKind::Word);
        let help = match self.upper_at(self.at) {
            "AWAIT" if next => "Nothing needs to be awaited: keywords come back when they are done. Remove the word.",
            "LAMBDA" if next => "A function has a name and stands by itself: `FUNCTION name(x)` … `END FUNCTION`.",
            "NEW" if next && !matches!(self.upper_at(self.at + 1), "ARRAY" | "OBJECT") => {
                "There are no classes: write `NEW OBJECT` or `{}` for an object, `NEW ARRAY` or `[]` for a list."
            }
            _ => return false,
        };
        let message = format!("`{}` is no word of BASIC", self.slice(loc));
        self.error_help(Code::ExpectedExpression, loc, message, help);
        true
    }

    /// A function whose name is written as two words: `GROUP BY`, `JSON PARSE`, `IS NUMERIC`.
    fn two_word_function(&self) -> Option<&Function> {
        let next = self.word_at(self.at + 1);
        if next.is_empty() {
            return None;
        }
        self.grammar.function(&format!("{} {next}", self.word()))
    }

    /// The cursor stands on the first word of [`Self::two_word_function`].
    fn call_of_two_words(&mut self) -> PResult<Expr> {
        let start = self.loc();
        let Some(function) = self.two_word_function() else { return self.expected("a function") };
        let (name, min, max) = (function.name.clone(), function.min, function.max);
        self.advance();
        self.advance();
        if self.is_symbol("(") {
            let args = self.arguments()?;
            return self.function(start, name, args);
        }
        self.bare_arguments(start, name, min, max)
    }

    /// Words with a fixed meaning: TRUE, NULL, NEW ARRAY, ERROR MESSAGE …
    fn constant_word(&mut self, called: bool) -> PResult<Option<Expr>> {
        let start = self.loc();
        let word = self.word();
        if word.len() > 16 {
            return Ok(None);
        }
        let upper = self.upper_at(self.at);
        if !called {
            let value = match upper {
                "TRUE" => Some(Value::Bool(true)),
                "FALSE" => Some(Value::Bool(false)),
                "NULL" | "NOTHING" => Some(Value::Null),
                _ => None,
            };
            if let Some(value) = value {
                return self.literal(value).map(Some);
            }
        }
        let next = self.upper_at(self.at + 1);
        match (upper, next) {
            ("NEW" | "CREATE", "ARRAY" | "OBJECT") => {
                self.advance();
                self.advance();
                if self.is_symbol("(") {
                    self.bracketed(")", |_| Ok(()))?;
                }
                let kind = if next == "ARRAY" { ExprKind::Array(Vec::new()) } else { ExprKind::Object(Vec::new()) };
                return self.node(start, kind).map(Some);
            }
            ("NEW_ARRAY" | "NEW_OBJECT" | "CREATE_OBJECT", _) => {
                self.advance();
                if self.is_symbol("(") {
                    self.bracketed(")", |_| Ok(()))?;
                }
                let kind =
                    if upper.ends_with("ARRAY") { ExprKind::Array(Vec::new()) } else { ExprKind::Object(Vec::new()) };
                return self.node(start, kind).map(Some);
            }
            ("ARRAY", _) if called => {
                self.advance();
                let items = self.bracketed(")", |parser| parser.list(")"))?;
                return self.node(start, ExprKind::Array(items)).map(Some);
            }
            ("IF" | "IIF", _) if called => return self.inline_if().map(Some),
            _ => {}
        }
        self.error_state(upper, next, called)
    }

    /// `ERROR`, `ERR`, `ERROR MESSAGE` and their spellings.
    fn error_state(&mut self, upper: &str, next: &str, called: bool) -> PResult<Option<Expr>> {
        let start = self.loc();
        let (part, words) = match (upper, next) {
            ("ERROR", "MESSAGE" | "DESCRIPTION") => (ErrorPart::Message, 2),
            ("ERROR", "NUMBER" | "CODE") => (ErrorPart::Number, 2),
            ("ERROR", "LINE") => (ErrorPart::Line, 2),
            ("ERROR", _) if !called => (ErrorPart::Flag, 1),
            ("ERROR_MESSAGE" | "ERR_DESCRIPTION" | "ERR_MESSAGE", _) => (ErrorPart::Message, 1),
            ("ERR" | "ERR_NUMBER" | "ERROR_NUMBER", _) => (ErrorPart::Number, 1),
            ("ERL" | "ERR_LINE", _) => (ErrorPart::Line, 1),
            _ => return Ok(None),
        };
        for _ in 0..words {
            self.advance();
        }
        if self.is_symbol("(") {
            self.bracketed(")", |_| Ok(()))?;
        }
        self.node(start, ExprKind::ErrorState(part)).map(Some)
    }

    /// `ERR.MESSAGE$` and friends, once the member is known to follow.
    fn error_member(name: &str) -> Option<ErrorPart> {
        match name.trim_end_matches('$').to_ascii_uppercase().as_str() {
            "MESSAGE" | "DESCRIPTION" => Some(ErrorPart::Message),
            "NUMBER" | "CODE" => Some(ErrorPart::Number),
            "LINE" => Some(ErrorPart::Line),
            _ => None,
        }
    }

    /// `IF(c, a, b)`, `IIF(c, a, b)`: only one side is evaluated.
    fn inline_if(&mut self) -> PResult<Expr> {
        let start = self.loc();
        self.advance();
        let mut args = self.bracketed(")", |parser| parser.list(")"))?;
        if args.len() != 3 {
            let message = format!("`{}` takes a condition and two values", self.slice(start));
            return self.bail(Code::WrongArgumentCount, start, message);
        }
        let (no, yes, condition) = (args.pop(), args.pop(), args.pop());
        match (condition, yes, no) {
            (Some(condition), Some(yes), Some(no)) => {
                let kind = ExprKind::Ternary { condition: Box::new(condition), yes: Box::new(yes), no: Box::new(no) };
                self.node(start, kind)
            }
            _ => self.expected("three values"),
        }
    }

    /// `name`, `table.name`, `item.size` inside a condition.
    fn column(&mut self) -> PResult<Expr> {
        let start = self.loc();
        let mut name: Arc<str> = Arc::from(self.word());
        let mut table = None;
        self.advance();
        while self.is_symbol(".") && self.token_at(self.at + 1).kind == TokenKind::Word {
            self.advance();
            table = Some(name);
            name = Arc::from(self.word());
            self.advance();
        }
        self.node(start, ExprKind::Column { table, name })
    }

    /// `name(…)`: a procedure, a function, an element of a variable, or a mistake.
    fn call(&mut self) -> PResult<Expr> {
        let start = self.loc();
        let word = self.word();
        if self.names.is_procedure(word) {
            let name = self.name("a name")?;
            let args = self.arguments()?;
            return self.node(start, ExprKind::Procedure { name, args });
        }
        if let Some(function) = self.grammar.function(word) {
            let (name, max) = (function.name.clone(), function.max);
            self.advance();
            let mut args = self.arguments()?;
            // `FORMAT (a + b) AS "p"` is one operand too.
            if args.len() == 1 && max >= 2 && self.is_word("AS") && !self.is_stop("AS") {
                self.advance();
                args.push(self.format_word()?);
            }
            return self.function(start, name, args);
        }
        if self.context.columns != Columns::None {
            // SQL functions that only the data layer knows.
            let name = Arc::from(word.to_uppercase());
            self.advance();
            let args = self.arguments()?;
            let call = self.node(start, ExprKind::Function { name, args })?;
            if call.names_column() {
                return Ok(call);
            }
            return self.unknown_function(start, word);
        }
        let name = self.name("a name")?;
        if self.names.is_known(word) {
            let base = self.node(start, ExprKind::Variable(name))?;
            let index = self.bracketed(")", Self::expression)?;
            return self.node(start, ExprKind::Index { base: Box::new(base), index: Box::new(index), safe: false });
        }
        if self.names.has_include {
            let args = self.arguments()?;
            return self.node(start, ExprKind::Procedure { name, args });
        }
        self.unknown_function(start, word)
    }

    fn unknown_function<T>(&mut self, loc: Loc, word: &str) -> PResult<T> {
        let known = self.grammar.function_names().chain(self.names.procedures.iter().map(|name| &**name));
        let near = suggest::nearest(word, known).map(|name| format!("Did you mean `{name}`?"));
        let help = foreign_function(word).map(str::to_owned).or(near);
        let message = format!("there is no function `{word}`");
        self.report(botserver_basic_types::Severity::Error, Code::UnknownFunction, loc, message, help);
        Err(super::Bail)
    }

    fn arguments(&mut self) -> PResult<Vec<Expr>> {
        let columns = self.context.columns;
        self.bracketed(")", |parser| {
            parser.context.in_condition = false;
            parser.context.columns = columns;
            parser.list(")")
        })
    }

    /// A call of a declared function, its arguments counted.
    pub(super) fn function(&mut self, start: Loc, name: Arc<str>, args: Vec<Expr>) -> PResult<Expr> {
        if let Some(function) = self.grammar.function(&name) {
            let (min, max) = (usize::from(function.min), usize::from(function.max));
            if args.len() < min || (args.len() > max && function.max != u8::MAX) {
                let wanted = match (min, max) {
                    _ if function.max == u8::MAX => format!("at least {min}"),
                    _ if min == max => min.to_string(),
                    _ => format!("{min} to {max}"),
                };
                let plural = if wanted == "1" || wanted.ends_with(" 1") { "" } else { "s" };
                let message = format!("`{name}` takes {wanted} argument{plural}, not {}", args.len());
                let loc = self.since(start);
                self.error(Code::WrongArgumentCount, loc, message);
            }
        }
        self.node(start, ExprKind::Function { name, args })
    }

    /// `MAX a, b`, `FORMAT NOW() AS "p"`: the cursor stands on the function's name.
    pub(super) fn call_without_brackets(&mut self) -> PResult<Expr> {
        let start = self.loc();
        let Some(function) = self.grammar.function(self.word()) else { return self.expected("a function") };
        let (name, min, max) = (function.name.clone(), function.min, function.max);
        self.advance();
        self.bare_arguments(start, name, min, max)
    }

    /// The arguments of a call without brackets; the cursor stands behind the function's name.
    fn bare_arguments(&mut self, start: Loc, name: Arc<str>, min: u8, max: u8) -> PResult<Expr> {
        let mut args = Vec::new();
        let strength = if self.context.in_condition { level::CONCAT } else { level::TERNARY };
        let first = self.deeper(Self::operand_or_sign)?;
        // `F x AS y` is one tight operand, so that it can stand inside a chain of `+`.
        if self.is_word("AS") && max >= 2 && !self.is_stop("AS") {
            self.advance();
            args.push(first);
            args.push(self.format_word()?);
            return self.function(start, name, args);
        }
        args.push(self.operators(first, strength)?);
        while self.is_symbol(",") && args.len() < usize::from(max) {
            if self.context.comma_ends && args.len() >= usize::from(min) {
                break;
            }
            self.advance();
            self.continue_line();
            args.push(self.expression_at(strength)?);
        }
        // `SORT rows BY "price" DESC`
        if args.len() < usize::from(max) && self.is_word("BY") && !self.is_stop("BY") {
            self.advance();
            args.push(self.expression_at(strength)?);
            if self.is_any_word(&["ASC", "DESC"]) && args.len() < usize::from(max) {
                let order = self.upper_at(self.at).to_owned();
                args.push(self.literal(Value::text(order))?);
            }
        }
        if args.len() < usize::from(min) && self.begins_operand(self.at) {
            return self.missing_comma();
        }
        self.function(start, name, args)
    }

    fn operand_or_sign(&mut self) -> PResult<Expr> {
        if self.is_symbol("-") || self.is_word("NOT") { self.expression_at(level::UNARY) } else { self.operand() }
    }

    /// What follows AS: a text, or a bare word that stands for itself (`AS JSON`).
    fn format_word(&mut self) -> PResult<Expr> {
        let word = self.word();
        if !word.is_empty() && !self.names.is_variable(word) {
            return self.literal(Value::text(word));
        }
        self.deeper(Self::operand)
    }

    fn postfix(&mut self, mut base: Expr) -> PResult<Expr> {
        let start = base.loc;
        loop {
            let safe = self.is_symbol("?.");
            if safe || (self.is_symbol(".") && !self.line_ends_at(self.at + 1)) {
                self.advance();
                if safe && self.is_symbol("[") {
                    base = self.index(base, true)?;
                    continue;
                }
                base = self.member(start, base, safe)?;
            } else if self.is_symbol("[") && !self.starts_list(&base) {
                base = self.index(base, false)?;
            } else if self.is_symbol("(") && !self.token().spaced && self.can_index(&base) {
                let index = self.bracketed(")", Self::expression)?;
                base =
                    self.node(start, ExprKind::Index { base: Box::new(base), index: Box::new(index), safe: false })?;
            } else {
                return Ok(base);
            }
        }
    }

    /// `IN [1, 2]` and the like never follow an operand directly, but a text does: `"x" ["a"]` is no index.
    fn starts_list(&self, base: &Expr) -> bool {
        self.token().spaced && matches!(base.kind, ExprKind::Literal(_) | ExprKind::Interpolated(_))
    }

    /// `a(i)` on a DIMmed array or on a member (`order.items(0)`).
    fn can_index(&self, base: &Expr) -> bool {
        match &base.kind {
            ExprKind::Variable(name) => self.names.is_array(&name.key),
            ExprKind::Index { .. } => true,
            _ => false,
        }
    }

    fn index(&mut self, base: Expr, safe: bool) -> PResult<Expr> {
        let start = base.loc;
        let index = self.bracketed("]", Self::expression)?;
        self.node(start, ExprKind::Index { base: Box::new(base), index: Box::new(index), safe })
    }

    fn member(&mut self, start: Loc, base: Expr, safe: bool) -> PResult<Expr> {
        if self.token().kind != TokenKind::Word {
            return self.expected("the name of a field after `.`");
        }
        let name = self.word();
        let loc = self.loc();
        self.advance();
        if let ExprKind::ErrorState(ErrorPart::Number) = base.kind
            && let Some(part) = Self::error_member(name)
        {
            return self.node(start, ExprKind::ErrorState(part));
        }
        if self.is_symbol("(") && !self.token().spaced {
            return self.method(start, base, name, loc, safe);
        }
        self.node(start, ExprKind::Member { base: Box::new(base), name: Arc::from(name), safe })
    }

    fn method(&mut self, start: Loc, base: Expr, name: &str, loc: Loc, safe: bool) -> PResult<Expr> {
        let Some(function) = self.grammar.function(name) else {
            // `order.items(0)` indexes a field.
            let base = self.node(start, ExprKind::Member { base: Box::new(base), name: Arc::from(name), safe })?;
            let one = self.token_at(self.at + 1).kind != TokenKind::Symbol(")");
            if !one {
                return self.unknown_function(loc, name);
            }
            let index = self.bracketed(")", Self::expression)?;
            return self.node(start, ExprKind::Index { base: Box::new(base), index: Box::new(index), safe });
        };
        let (name, mutating) = (function.name.clone(), function.mutating);
        let (min, max) = (usize::from(function.min), usize::from(function.max));
        let args = self.arguments()?;
        if let ExprKind::Variable(unknown) = &base.kind
            && !self.names.is_known(&unknown.key)
            && matches!(&*unknown.key, "console" | "debug")
        {
            let message = format!("BASIC has no `{}.{}`", unknown.text, name.to_lowercase());
            let help = "`TALK value` says it to the person, `PRINT value` writes it to the server's log.";
            self.error_help(Code::UnknownStatement, base.loc, message, help);
            return Err(super::Bail);
        }
        if args.len() + 1 < min || (args.len() + 1 > max && max != usize::from(u8::MAX)) {
            let message = format!("`.{}()` has the wrong number of arguments", name.to_lowercase());
            self.error(Code::WrongArgumentCount, self.since(loc), message);
        }
        let mutating = mutating && Self::to_lvalue(&base).is_some();
        self.node(start, ExprKind::Method { base: Box::new(base), name, args, safe, mutating })
    }

    /// The expression as something that can be assigned to, if it is one.
    pub(super) fn to_lvalue(expr: &Expr) -> Option<LValue> {
        let mut path = Vec::new();
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Variable(name) => {
                    path.reverse();
                    return Some(LValue { loc: expr.loc, name: name.clone(), path });
                }
                ExprKind::Member { base, name, safe: false } => {
                    path.push(Step::Member(name.clone()));
                    at = base;
                }
                ExprKind::Index { base, index, safe: false } => {
                    path.push(Step::Index((**index).clone()));
                    at = base;
                }
                _ => return None,
            }
        }
    }
}
