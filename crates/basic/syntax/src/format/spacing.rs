//! The blanks between two tokens of a line.

use crate::lexer::{Token, TokenKind};

/// Operators that always stand between blanks.
const APART: &[&str] = &["=", "==", "<>", "!=", "<", ">", "<=", ">=", "=<", "=>", "&", "&&", "||", "??"];

/// The tokens of a line and the blanks before each, as the author wrote them.
pub(super) struct Tokens<'a> {
    pub(super) tokens: &'a [Token],
    /// True when something stands between a token and the one before it.
    pub(super) apart: &'a [bool],
}

impl Tokens<'_> {
    fn symbol(&self, at: usize) -> &'static str {
        match self.tokens.get(at).map(|token| &token.kind) {
            Some(TokenKind::Symbol(symbol)) => symbol,
            // The `;` of a line with several statements.
            Some(TokenKind::Newline) => ";",
            _ => "",
        }
    }

    fn ends_operand(&self, at: usize) -> bool {
        match self.tokens.get(at).map(|token| &token.kind) {
            Some(TokenKind::Word | TokenKind::Int(_) | TokenKind::Float(_) | TokenKind::Text(_)) => true,
            Some(TokenKind::Symbol(symbol)) => matches!(*symbol, ")" | "]" | "}"),
            _ => false,
        }
    }

    /// True for a `+` between two operands; `TALK +x` stays as it is.
    fn is_sum(&self, at: usize) -> bool {
        let left = self.apart.get(at).copied().unwrap_or_default();
        let right = self.apart.get(at + 1).copied().unwrap_or_default();
        self.symbol(at) == "+" && at > 0 && self.ends_operand(at - 1) && (right || !left)
    }

    /// True when a blank belongs before the token at an index.
    pub(super) fn blank_before(&self, at: usize) -> bool {
        let (left, right) = (self.symbol(at - 1), self.symbol(at));
        let written = self.apart.get(at).copied().unwrap_or_default();
        match (left, right) {
            (_, ";" | "," | ")" | "]") | ("(" | "[", _) => false,
            (";" | ",", _) => true,
            _ if APART.contains(&left) || APART.contains(&right) => true,
            _ if self.is_sum(at) || self.is_sum(at - 1) => true,
            _ => written,
        }
    }
}
