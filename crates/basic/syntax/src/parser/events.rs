//! `ON … END ON`: handlers of rows, mail, files, forms and named events.

use std::sync::Arc;

use botserver_basic_types::Severity;

use super::{BlockKind, PResult, Parser, suggest};
use crate::{
    ast::{Block, Event, EventHandler, RowChange, Stmt},
    codes::Code,
    lexer::TokenKind,
};

impl Parser<'_> {
    /// The cursor stands on ON.
    pub(super) fn event(&mut self, out: &mut Block) -> PResult<()> {
        let start = self.loc();
        let from = self.at;
        self.advance();
        let event = self.event_kind()?;
        let loc = self.since(start);
        let body = if self.is_word("CALL") {
            let start = self.loc();
            let kind = self.call_keyword()?;
            Some(vec![Stmt { loc: self.since(start), kind }])
        } else {
            self.take_word("DO");
            self.event_body(start, from)
        };
        let _ = out;
        self.script.events.push(EventHandler { event, body, loc });
        Ok(())
    }

    /// The statements up to END ON; `None` when no END ON comes before the next event: the script is the handler.
    fn event_body(&mut self, start: crate::ast::Loc, from: usize) -> Option<Block> {
        let after = |places: &[usize]| places.get(places.partition_point(|at| *at <= from)).copied();
        let end = after(&self.names.event_ends).unwrap_or(usize::MAX);
        if end >= after(&self.names.event_starts).unwrap_or(usize::MAX) {
            return None;
        }
        let outer = std::mem::take(&mut self.open);
        let body = self.label_scope(|parser| {
            let mut body = Block::new();
            parser.statements(&mut body, Some(BlockKind::Event));
            body
        });
        self.open = outer;
        self.close(start, "ON", &[&["END", "ON"], &["END", "EVENT"], &["END", "WEBHOOK"]]);
        Some(body)
    }

    fn event_kind(&mut self) -> PResult<Event> {
        if matches!(self.token().kind, TokenKind::Text(_)) {
            return Ok(Event::Named(self.literal_text("the event")?));
        }
        let loc = self.loc();
        let word = self.upper_at(self.at);
        self.advance();
        let change = match word {
            "INSERT" => Some(RowChange::Insert),
            "UPDATE" => Some(RowChange::Update),
            "DELETE" => Some(RowChange::Delete),
            _ => None,
        };
        if let Some(change) = change {
            self.expect_word("OF")?;
            let table = match self.token().kind {
                TokenKind::Text(_) => self.literal_text("the table")?,
                _ => self.name("the table")?.text,
            };
            return Ok(Event::Row { change, table });
        }
        match word {
            "EVENT" => Ok(Event::Named(self.literal_text("the event")?)),
            "EMAIL" | "MAIL" => {
                let address = self.literal_text("the address")?;
                let (mut from, mut subject) = (None, None);
                loop {
                    if self.take_word("FROM") {
                        from = Some(self.literal_text("the sender")?);
                    } else if self.take_word("SUBJECT") {
                        subject = Some(self.literal_text("the subject")?);
                    } else {
                        return Ok(Event::Email { address, from, subject });
                    }
                }
            }
            "CHANGE" => {
                let path = self.literal_text("the path")?;
                let mut events = vec![Arc::from("create"), Arc::from("modify"), Arc::from("delete")];
                if self.take_word("EVENTS") {
                    let list = self.literal_text("the events")?;
                    events = list.split(',').map(|event| Arc::from(event.trim().to_lowercase())).collect();
                }
                Ok(Event::File { path, events })
            }
            "FORM" => {
                self.expect_word("SUBMIT")?;
                Ok(Event::Form(self.literal_text("the form")?))
            }
            _ => {
                let known = ["ERROR", "INSERT", "UPDATE", "DELETE", "EMAIL", "CHANGE", "FORM", "EVENT"];
                let help = suggest::nearest(word, known.into_iter()).map_or_else(
                    || {
                        "Events are INSERT OF, UPDATE OF, DELETE OF, EMAIL, CHANGE, FORM SUBMIT or a name in quotes."
                            .into()
                    },
                    |near| format!("Did you mean `ON {near}`?"),
                );
                self.report(Severity::Error, Code::BadEvent, loc, format!("`ON {word}` is no event"), Some(help));
                Err(super::Bail)
            }
        }
    }
}
