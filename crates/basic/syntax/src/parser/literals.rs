//! Texts, lists and objects.

use std::sync::Arc;

use botserver_basic_types::Value;

use super::{PResult, Parser};
use crate::{
    ast::{Expr, ExprKind, Loc, TextPart},
    lexer::{Part, TokenKind},
};

impl Parser<'_> {
    /// The text token at the cursor.
    pub(super) fn text_literal(&mut self, parts: &Arc<[Part]>) -> PResult<Expr> {
        let start = self.loc();
        self.advance();
        self.joined(start, parts)
    }

    /// A text of parts; the cursor stands after it.
    pub(super) fn joined(&mut self, start: Loc, parts: &[Part]) -> PResult<Expr> {
        if let [Part::Text(text)] = parts {
            return self.node(start, ExprKind::Literal(Value::Text(text.clone())));
        }
        let mut joined = Vec::with_capacity(parts.len());
        for part in parts {
            joined.push(match part {
                Part::Text(text) => TextPart::Text(text.clone()),
                Part::Code(loc) => TextPart::Expr(self.interpolated(*loc)?),
            });
        }
        self.node(start, ExprKind::Interpolated(joined))
    }

    /// `[a, b]`
    pub(super) fn array_literal(&mut self) -> PResult<Expr> {
        let start = self.loc();
        let items = self.bracketed("]", |parser| parser.list("]"))?;
        self.node(start, ExprKind::Array(items))
    }

    /// `{ k: v }`, `#{ "k": v }`
    pub(super) fn object_literal(&mut self) -> PResult<Expr> {
        let start = self.loc();
        self.no_arrow()?;
        let fields = self.bracketed("}", |parser| {
            let mut fields: Vec<(Arc<str>, Expr)> = Vec::new();
            while !parser.is_symbol("}") {
                let key = parser.object_key()?;
                if !parser.take_symbol("=") && !parser.take_symbol(":") {
                    return parser.missing_colon();
                }
                let value = parser.expression()?;
                // Written twice: the last value wins, in the first place, as in JSON.
                fields.push((key, value));
                if !parser.take_symbol(",") {
                    break;
                }
            }
            Ok(fields)
        })?;
        self.node(start, ExprKind::Object(fields))
    }

    fn object_key(&mut self) -> PResult<Arc<str>> {
        match &self.token().kind {
            TokenKind::Text(parts) => match &**parts {
                [Part::Text(text)] => {
                    let key = text.clone();
                    self.advance();
                    Ok(key)
                }
                _ => self.literal_text("the name of a field"),
            },
            TokenKind::Word | TokenKind::Int(_) => {
                // `content-type: x` needs no quotes in JSON-like habits of authors.
                let start = self.loc();
                self.advance();
                while self.is_symbol("-") && !self.token().spaced && self.token_at(self.at + 1).kind == TokenKind::Word
                {
                    self.advance();
                    self.advance();
                }
                Ok(Arc::from(self.slice(self.since(start)).trim_end()))
            }
            _ => self.expected("the name of a field"),
        }
    }
}
