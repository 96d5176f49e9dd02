//! `BEGIN TALK`, `BEGIN SYSTEM PROMPT` and `BEGIN MAIL`: uses of keywords with raw text as argument.

use std::sync::Arc;

use botserver_basic_types::{Severity, Value};

use super::{PResult, Parser};
use crate::{
    ast::{ArgExpr, Expr, ExprKind, KeywordCall, Loc},
    codes::Code,
    lexer::{Part, TextBlock},
};

impl Parser<'_> {
    /// `BEGIN TALK … END TALK` as a use of the keyword that sends a text.
    pub(super) fn text_block(&mut self, block: &TextBlock, start: Loc) -> PResult<KeywordCall> {
        let header = Loc::new(start.start, block.header.end);
        let (name, wanted): (&str, &[&str]) = match block.what {
            "TALK" => ("TALK", &[]),
            "SYSTEM PROMPT" => ("SYSTEM PROMPT", &[]),
            _ => ("SEND MAIL", &["to", "subject", "body"]),
        };
        let Some(keyword) = self.grammar.keyword(name) else {
            return self.bail(Code::MissingKeyword, header, format!("`BEGIN {}` needs the keyword {name}", block.what));
        };
        let has_all = |names: &&Vec<Arc<str>>| {
            !names.is_empty() && wanted.iter().all(|wanted| names.iter().any(|name| **name == **wanted))
        };
        let Some(form) = keyword.arg_names.iter().position(|names| has_all(&names)) else {
            return self.bail(Code::MissingKeyword, header, format!("{name} takes no text"));
        };
        let (keyword_name, effect, missing) = (keyword.name.clone(), keyword.effect, keyword.missing.clone());
        let first_arg = keyword.arg_names[form].first().cloned().unwrap_or_default();
        if let Some(capability) = missing {
            let message = format!("{name} needs {capability}, not available in this build");
            self.report(Severity::Warning, Code::MissingCapability, header, message, None);
        }
        let args = if block.what == "MAIL" {
            self.mail_block(block)?
        } else {
            vec![(first_arg, ArgExpr::Expr(self.lines(start, &block.lines)?))]
        };
        Ok(KeywordCall { keyword: keyword_name, form: form as u16, args, effect, learns_key: None, loc: header })
    }

    fn lines(&mut self, start: Loc, lines: &[Vec<crate::lexer::Part>]) -> PResult<Expr> {
        let mut parts: Vec<Part> = Vec::new();
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            for part in line {
                match part {
                    Part::Text(more) => text.push_str(more),
                    Part::Code(loc) => {
                        if !text.is_empty() {
                            parts.push(Part::Text(Arc::from(std::mem::take(&mut text))));
                        }
                        parts.push(Part::Code(*loc));
                    }
                }
            }
        }
        if !text.is_empty() || parts.is_empty() {
            parts.push(Part::Text(Arc::from(text)));
        }
        self.joined(start, &parts)
    }

    fn mail_block(&mut self, block: &TextBlock) -> PResult<Vec<(Arc<str>, ArgExpr)>> {
        let raw = self.slice(block.header);
        let to_text = raw.trim();
        let to_start = block.header.start + (raw.len() - raw.trim_start().len()) as u32;
        let to_loc = Loc::new(to_start, to_start + to_text.len() as u32);
        // `BEGIN MAIL someone@example.com`: an address needs no quotes.
        let bare = to_text.contains('@') && !to_text.starts_with(['"', '\'']) && !to_text.contains(['(', '+', ' ']);
        let to =
            if bare { Expr::new(to_loc, ExprKind::Literal(Value::text(to_text))) } else { self.interpolated(to_loc)? };
        let mut lines = block.lines.as_slice();
        let mut subject: Vec<Part> = vec![Part::Text(Arc::from(""))];
        if let Some((first, rest)) = lines.split_first()
            && let Some(Part::Text(text)) = first.first()
            && text.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("subject:"))
        {
            let mut parts = first.clone();
            parts[0] = Part::Text(Arc::from(text[8..].trim_start()));
            subject = parts;
            lines = rest;
        }
        while let Some((first, rest)) = lines.split_first()
            && matches!(first.as_slice(), [Part::Text(text)] if text.trim().is_empty())
        {
            lines = rest;
        }
        let subject = self.joined(block.header, &subject)?;
        let body = self.lines(block.header, lines)?;
        Ok(vec![
            (Arc::from("to"), ArgExpr::Expr(to)),
            (Arc::from("subject"), ArgExpr::Expr(subject)),
            (Arc::from("body"), ArgExpr::Expr(body)),
        ])
    }
}
