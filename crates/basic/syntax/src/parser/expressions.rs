//! Operators and their precedence.

use botserver_basic_types::{BinaryOp, UnaryOp, Value};

use super::{Columns, PResult, Parser};
use crate::{
    ast::{Expr, ExprKind, MAX_HEIGHT},
    codes::Code,
    lexer::TokenKind,
};

/// Binding strengths, loosest first (language reference, section 1.4).
pub(super) mod level {
    pub(in crate::parser) const TERNARY: u8 = 1;
    pub(in crate::parser) const COALESCE: u8 = 2;
    pub(in crate::parser) const OR: u8 = 3;
    pub(in crate::parser) const AND: u8 = 4;
    pub(in crate::parser) const COMPARE: u8 = 6;
    pub(in crate::parser) const CONCAT: u8 = 7;
    pub(in crate::parser) const ADD: u8 = 8;
    pub(in crate::parser) const MULTIPLY: u8 = 9;
    pub(in crate::parser) const UNARY: u8 = 10;
    pub(in crate::parser) const POWER: u8 = 11;
}

/// What stands between two operands.
#[derive(Clone, Copy, PartialEq)]
enum Infix {
    Binary(BinaryOp, u8),
    In,
    Between,
    Is,
    /// `STARTS WITH`, `ENDS WITH`: the function of that name.
    Affix(&'static str),
    Ternary,
}

impl Infix {
    const fn level(self) -> u8 {
        match self {
            Self::Binary(_, level) => level,
            Self::In | Self::Between | Self::Is | Self::Affix(_) => level::COMPARE,
            Self::Ternary => level::TERNARY,
        }
    }
}

impl<'s> Parser<'s> {
    /// A whole expression.
    pub(super) fn expression(&mut self) -> PResult<Expr> {
        self.expression_at(level::TERNARY)
    }

    /// An expression whose operators bind at least as strongly as `least`.
    pub(super) fn expression_at(&mut self, least: u8) -> PResult<Expr> {
        self.deeper(|parser| {
            let left = parser.prefix()?;
            parser.operators(left, least)
        })
    }

    /// A node, unless the tree would grow too tall.
    pub(super) fn node(&mut self, start: crate::ast::Loc, kind: ExprKind) -> PResult<Expr> {
        let expr = Expr::new(self.since(start), kind);
        if expr.height > MAX_HEIGHT {
            let message = format!("an expression of more than {MAX_HEIGHT} steps");
            return self.bail(Code::TooDeep, start, message);
        }
        Ok(expr)
    }

    fn prefix(&mut self) -> PResult<Expr> {
        let start = self.loc();
        let (op, operand_level) = match self.token().kind {
            TokenKind::Symbol("-") => (Some(UnaryOp::Negate), level::UNARY),
            TokenKind::Symbol("+") => (None, level::UNARY),
            TokenKind::Symbol("!") => (Some(UnaryOp::Not), level::COMPARE),
            TokenKind::Word if self.is_word("NOT") && !self.is_plain_variable() => (Some(UnaryOp::Not), level::COMPARE),
            _ => return self.operand(),
        };
        if matches!(self.token().kind, TokenKind::Word) {
            self.note_word(self.at);
        }
        self.advance();
        let operand = self.expression_at(operand_level)?;
        match (op, &operand.kind) {
            (None, _) => Ok(operand),
            (Some(UnaryOp::Negate), ExprKind::Literal(Value::Int(value))) => {
                let value = value.checked_neg().map_or(Value::Float(-(*value as f64)), Value::Int);
                self.node(start, ExprKind::Literal(value))
            }
            (Some(UnaryOp::Negate), ExprKind::Literal(Value::Float(value))) => {
                let value = Value::Float(-value);
                self.node(start, ExprKind::Literal(value))
            }
            (Some(op), _) => self.node(start, ExprKind::Unary(op, Box::new(operand))),
        }
    }

    /// `not`, `mod` … used as the name of a variable: assigned somewhere and nothing to operate on here.
    fn is_plain_variable(&self) -> bool {
        self.names.is_variable(self.word()) && (self.line_ends_at(self.at + 1) || self.is_symbol_at(self.at + 1, ","))
    }

    /// Goes on from a left operand as long as operators bind at least as strongly as `least`.
    pub(super) fn operators(&mut self, mut left: Expr, least: u8) -> PResult<Expr> {
        let start = left.loc;
        while let Some((infix, negated)) = self.infix() {
            if infix.level() < least {
                break;
            }
            if matches!(self.token().kind, TokenKind::Word) {
                self.note_words(self.at..self.at + 1 + usize::from(negated));
            }
            self.advance();
            if negated {
                self.advance();
            }
            self.continue_line();
            let kind = self.right_side(infix, negated, left)?;
            left = self.node(start, kind)?;
        }
        Ok(left)
    }

    /// An operator at the end of a line continues it.
    pub(super) fn continue_line(&mut self) {
        if self.at_line_end() && !self.at_end() {
            self.skip_newlines();
        }
    }

    /// The operator at the cursor, and whether `NOT` stands before it. A line that begins with an operator
    /// that cannot begin a statement continues the line before.
    fn infix(&mut self) -> Option<(Infix, bool)> {
        if self.at_line_end() && !self.at_end() {
            let mut next = self.at;
            while matches!(self.token_at(next).kind, TokenKind::Newline) {
                next += 1;
            }
            let continues = match self.token_at(next).kind {
                TokenKind::Symbol("+" | "*" | "&" | "||" | "&&" | "??" | "?") => true,
                TokenKind::Word => {
                    (self.is_word_at(next, "AND") || self.is_word_at(next, "OR"))
                        && !self.is_symbol_at(next + 1, "=")
                        && !self.line_ends_at(next + 1)
                }
                _ => false,
            };
            if !continues {
                return None;
            }
            self.at = next;
        }
        let binary = |op, level| Some((Infix::Binary(op, level), false));
        match self.token().kind {
            TokenKind::Symbol(symbol) => match symbol {
                "^" => binary(BinaryOp::Power, level::POWER),
                "*" if self.is_symbol_at(self.at + 1, ",") || self.line_ends_at(self.at + 1) => None,
                "*" => binary(BinaryOp::Multiply, level::MULTIPLY),
                "/" => binary(BinaryOp::Divide, level::MULTIPLY),
                "%" => binary(BinaryOp::Modulo, level::MULTIPLY),
                "+" => binary(BinaryOp::Add, level::ADD),
                "-" => binary(BinaryOp::Subtract, level::ADD),
                "&" => binary(BinaryOp::Concat, level::CONCAT),
                "=" if self.context.stop_at_equal => None,
                "=" | "==" => binary(BinaryOp::Equal, level::COMPARE),
                "<>" | "!=" => binary(BinaryOp::NotEqual, level::COMPARE),
                "<" => binary(BinaryOp::Less, level::COMPARE),
                ">" => binary(BinaryOp::Greater, level::COMPARE),
                "<=" | "=<" => binary(BinaryOp::LessEqual, level::COMPARE),
                ">=" | "=>" => binary(BinaryOp::GreaterEqual, level::COMPARE),
                "&&" => binary(BinaryOp::And, level::AND),
                "||" => binary(BinaryOp::Or, level::OR),
                "??" => binary(BinaryOp::Coalesce, level::COALESCE),
                "?" => Some((Infix::Ternary, false)),
                _ => None,
            },
            TokenKind::Word => self.word_infix(),
            _ => None,
        }
    }

    fn word_infix(&self) -> Option<(Infix, bool)> {
        let word = self.word();
        if word.len() > 8 || self.is_stop(word) {
            return None;
        }
        let negated = word.eq_ignore_ascii_case("NOT");
        let word = self.upper_at(self.at + usize::from(negated));
        let compare = |op| Infix::Binary(op, level::COMPARE);
        let infix = match word {
            "MOD" if !negated => Infix::Binary(BinaryOp::Modulo, level::MULTIPLY),
            "AND" if !negated => Infix::Binary(BinaryOp::And, level::AND),
            "OR" if !negated => Infix::Binary(BinaryOp::Or, level::OR),
            "XOR" if !negated => Infix::Binary(BinaryOp::Xor, level::OR),
            "LIKE" => compare(BinaryOp::Like),
            "ILIKE" => compare(BinaryOp::ILike),
            "CONTAINS" => compare(BinaryOp::Contains),
            "IN" => Infix::In,
            "BETWEEN" => Infix::Between,
            "IS" if !negated => Infix::Is,
            "STARTS" | "ENDS" if self.is_word_at(self.at + usize::from(negated) + 1, "WITH") => {
                let name = if word == "STARTS" { "STARTSWITH" } else { "ENDSWITH" };
                self.grammar.function(name)?;
                Infix::Affix(name)
            }
            _ => return None,
        };
        Some((infix, negated))
    }

    fn right_side(&mut self, infix: Infix, negated: bool, left: Expr) -> PResult<ExprKind> {
        let start = left.loc;
        let left = Box::new(left);
        Ok(match infix {
            Infix::Binary(BinaryOp::Power, level) => {
                // Right associative, and `2 ^ -1` is allowed.
                ExprKind::Binary(BinaryOp::Power, left, Box::new(self.expression_at(level)?))
            }
            Infix::Binary(op, level::COMPARE) => {
                let mut right = self.right_of_comparison(level::CONCAT)?;
                // `id = id` would be true for every row: the right one can only be meant as the variable.
                if let (ExprKind::Column { name: own, .. }, ExprKind::Column { table: None, name }) =
                    (&left.kind, &right.kind)
                    && own.eq_ignore_ascii_case(name)
                {
                    right.kind = ExprKind::Variable(self.make_name(right.loc));
                }
                let compared = ExprKind::Binary(op, left, Box::new(right));
                if !negated {
                    return Ok(compared);
                }
                ExprKind::Unary(UnaryOp::Not, Box::new(self.node(start, compared)?))
            }
            Infix::Binary(op, level) => ExprKind::Binary(op, left, Box::new(self.expression_at(level + 1)?)),
            Infix::Affix(name) => {
                self.take_word("WITH");
                let part = self.expression_at(level::CONCAT)?;
                let call = ExprKind::Function { name: std::sync::Arc::from(name), args: vec![*left, part] };
                if !negated {
                    return Ok(call);
                }
                ExprKind::Unary(UnaryOp::Not, Box::new(self.node(start, call)?))
            }
            Infix::In => return self.right_of_in(left, negated),
            Infix::Between => {
                let low = self.right_of_comparison(level::CONCAT)?;
                self.continue_line();
                self.expect_word("AND")?;
                let high = self.right_of_comparison(level::CONCAT)?;
                ExprKind::Between { operand: left, low: Box::new(low), high: Box::new(high), negated }
            }
            Infix::Is => {
                let negated = self.take_word("NOT");
                if self.take_word("NULL") || self.take_word("NOTHING") {
                    return Ok(ExprKind::IsNull { operand: left, negated });
                }
                // `x IS TRUE`, `x IS "a"`: equality by another name.
                let right = self.right_of_comparison(level::CONCAT)?;
                let op = if negated { BinaryOp::NotEqual } else { BinaryOp::Equal };
                ExprKind::Binary(op, left, Box::new(right))
            }
            Infix::Ternary => {
                let yes = Box::new(self.expression_at(level::TERNARY)?);
                self.continue_line();
                if !self.take_symbol(":") {
                    return self.half_a_choice();
                }
                self.continue_line();
                ExprKind::Ternary { condition: left, yes, no: Box::new(self.expression_at(level::TERNARY)?) }
            }
        })
    }

    fn right_of_comparison(&mut self, level: u8) -> PResult<Expr> {
        let columns = self.context.columns;
        if columns == Columns::Left {
            self.context.columns = Columns::Right;
        }
        let right = self.expression_at(level);
        self.context.columns = columns;
        right
    }

    fn right_of_in(&mut self, needle: Box<Expr>, negated: bool) -> PResult<ExprKind> {
        let op = if negated { BinaryOp::NotIn } else { BinaryOp::In };
        if !self.is_symbol("(") {
            let right = self.right_of_comparison(level::CONCAT)?;
            return Ok(ExprKind::Binary(op, needle, Box::new(right)));
        }
        let columns = self.context.columns;
        if columns == Columns::Left {
            self.context.columns = Columns::Right;
        }
        let list = self.bracketed(")", |parser| parser.list(")"));
        self.context.columns = columns;
        let mut list = list?;
        // `x IN (names)` looks into the array `names`.
        if list.len() == 1 && !matches!(list[0].kind, ExprKind::Literal(_) | ExprKind::Interpolated(_)) {
            return Ok(ExprKind::Binary(op, needle, Box::new(list.remove(0))));
        }
        Ok(ExprKind::InList { needle, list, negated })
    }

    /// Expressions separated by commas up to `closer`, which is not consumed; a last comma is tolerated.
    pub(super) fn list(&mut self, closer: &str) -> PResult<Vec<Expr>> {
        let mut items = Vec::new();
        while !self.is_symbol(closer) {
            items.push(self.expression()?);
            if !self.take_symbol(",") {
                break;
            }
        }
        Ok(items)
    }

    /// A condition of IF, WHILE and so on: commands in it end at AND, OR and comparisons.
    pub(super) fn condition(&mut self, stops: &[&'static str]) -> PResult<Expr> {
        self.with_stops(stops, |parser| {
            parser.context.in_condition = true;
            parser.expression()
        })
    }

    /// Parses with more words that end an operand.
    pub(super) fn with_stops<T>(
        &mut self,
        stops: &[&'s str],
        parse: impl FnOnce(&mut Self) -> PResult<T>,
    ) -> PResult<T> {
        self.within(|context| context.stops.extend(stops), parse)
    }

    /// True when the word ends an operand here.
    pub(super) fn is_stop(&self, word: &str) -> bool {
        self.context.stops.iter().any(|stop| stop.eq_ignore_ascii_case(word))
            || (self.single_line > 0 && word.eq_ignore_ascii_case("ELSE"))
    }

    /// True when the token at an index can begin an operand of a call without brackets: a text, a number, a
    /// name, a literal list or object. Signs and round brackets are left to the operators.
    pub(super) fn begins_operand(&self, at: usize) -> bool {
        match self.token_at(at).kind {
            TokenKind::Text(_) | TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::Symbol("{") => true,
            TokenKind::Symbol("-") => self.token_at(at).spaced && !self.token_at(at + 1).spaced,
            TokenKind::Word => {
                let word = self.word_at(at);
                if word.eq_ignore_ascii_case("NOT") {
                    return !["IN", "LIKE", "BETWEEN", "ILIKE", "CONTAINS"].iter().any(|w| self.is_word_at(at + 1, w));
                }
                !self.is_stop(word) && (self.names.is_variable(word) || !is_joint(word))
            }
            _ => false,
        }
    }
}

/// Words that join parts of a statement, so that they begin no operand unless the script uses them as names.
fn is_joint(word: &str) -> bool {
    const JOINTS: &[&str] = &[
        "AND", "OR", "XOR", "MOD", "IN", "IS", "LIKE", "ILIKE", "CONTAINS", "BETWEEN", "THEN", "ELSE", "TO", "STEP",
        "DO", "AS", "WITH", "BY", "WHERE", "FROM", "INTO", "USING", "ORDER", "GROUP", "LIMIT",
    ];
    word.len() <= 8 && JOINTS.iter().any(|joint| word.eq_ignore_ascii_case(joint))
}
