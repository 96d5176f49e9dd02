//! Calls of tools that come in pieces: which piece belongs to which call, although providers number them in every way.
//! Knows no protocol's names.

use std::collections::HashSet;

use botserver_kernel::{IdSource as _, RandomIds};
use botserver_ports::{ModelMessage, ModelToolCall};
use serde::de::IgnoredAny;

/// A piece of a call.
#[derive(Debug, Default)]
pub(crate) struct Piece {
    pub(crate) index: Option<u64>,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

#[derive(Debug, Default)]
struct Slot {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Slot {
    fn is_complete(&self) -> bool {
        !self.arguments.is_empty() && serde_json::from_str::<IgnoredAny>(&self.arguments).is_ok()
    }

    /// Whether a piece begins a new call although it has this one's number, or none.
    fn is_followed_by(&self, piece: &Piece) -> bool {
        if !piece.id.is_empty() && !self.id.is_empty() && piece.id != self.id {
            // Ids that grow with each piece exist nowhere; a new id without a name does not either.
            return !piece.name.is_empty();
        }
        if piece.name.is_empty() {
            return false;
        }
        // Some repeat id and name in every piece; some send several whole calls without ids under one number.
        let same = !piece.id.is_empty() && piece.id == self.id;
        !same && (piece.name != self.name || (self.is_complete() && !piece.arguments.is_empty()))
    }
}

/// The calls of one answer.
#[derive(Debug)]
pub(crate) struct Calls {
    slots: Vec<Slot>,
    /// Ids of earlier calls in the conversation; a new call may not have one of them.
    taken: HashSet<String>,
}

impl Calls {
    pub(crate) fn after(messages: &[ModelMessage]) -> Self {
        let earlier = messages.iter().flat_map(|message| match message {
            ModelMessage::Assistant { tool_calls, .. } => tool_calls.as_slice(),
            _ => &[],
        });
        Self { slots: Vec::new(), taken: earlier.map(|call| call.id.clone()).collect() }
    }

    pub(crate) fn add(&mut self, piece: Piece) {
        let known = match piece.index {
            Some(index) => self.slots.iter().rposition(|slot| slot.index == Some(index)),
            None if !piece.id.is_empty() => match self.slots.iter().rposition(|slot| slot.id == piece.id) {
                None if piece.name.is_empty() => self.slots.len().checked_sub(1),
                found => found,
            },
            None => self.slots.len().checked_sub(1),
        };
        let slot = known.and_then(|at| self.slots.get_mut(at)).filter(|slot| !slot.is_followed_by(&piece));
        if let Some(slot) = slot {
            if slot.name.is_empty() {
                slot.name = piece.name;
            }
            if slot.id.is_empty() {
                slot.id = piece.id;
            }
            slot.arguments.push_str(&piece.arguments);
        } else {
            let Piece { index, id, name, arguments } = piece;
            self.slots.push(Slot { index, id, name, arguments });
        }
    }

    /// The calls with ids of their own. Those that a limit cut in the middle are left out.
    pub(crate) fn finish(&mut self, cut: bool) -> Vec<ModelToolCall> {
        let mut slots = std::mem::take(&mut self.slots);
        slots.retain(|slot| !slot.name.is_empty() && (!cut || slot.is_complete()));
        slots
            .into_iter()
            .map(|Slot { mut id, name, mut arguments, .. }| {
                if arguments.trim().is_empty() {
                    "{}".clone_into(&mut arguments);
                }
                while id.is_empty() || !self.taken.insert(id.clone()) {
                    id = new_id();
                }
                ModelToolCall { id, name, arguments }
            })
            .collect()
    }
}

/// Nine letters and digits: the one form that no provider refuses.
fn new_id() -> String {
    let uuid = RandomIds.next_uuid().simple().to_string();
    // The end of it is random, the beginning is the time.
    uuid.chars().skip(uuid.len().saturating_sub(9)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(index: Option<u64>, id: &str, name: &str, arguments: &str) -> Piece {
        Piece { index, id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
    }

    fn read(pieces: Vec<Piece>) -> Vec<(String, String, String)> {
        let mut calls = Calls::after(&[]);
        for piece in pieces {
            calls.add(piece);
        }
        calls.finish(false).into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
    }

    #[test]
    fn pieces_find_their_call_however_they_are_numbered() {
        let (zero, one) = (Some(0), Some(1));
        let ways = [
            // As documented.
            vec![
                piece(zero, "a", "f", ""),
                piece(zero, "", "", "{\"n\""),
                piece(zero, "", "", ":1}"),
                piece(one, "b", "g", ""),
                piece(one, "", "", "{}"),
            ],
            // Mixed.
            vec![
                piece(zero, "a", "f", "{"),
                piece(one, "b", "g", "{"),
                piece(zero, "", "", "\"n\":1}"),
                piece(one, "", "", "}"),
            ],
            // Id and name again in each piece.
            vec![
                piece(zero, "a", "f", "{\"n\""),
                piece(zero, "a", "f", ":1}"),
                piece(zero, "a", "f", ""),
                piece(one, "b", "g", "{"),
                piece(one, "b", "g", "}"),
            ],
            // The same number for all.
            vec![piece(zero, "a", "f", "{\"n\":1}"), piece(zero, "b", "g", "{}")],
            // No number.
            vec![piece(None, "a", "f", "{\"n\""), piece(None, "", "", ":1}"), piece(None, "b", "g", "{}")],
            vec![piece(None, "a", "f", "{\"n\":1}"), piece(None, "b", "g", "")],
        ];
        for way in ways {
            let shown = format!("{way:?}");
            let expected =
                [("a", "f", "{\"n\":1}"), ("b", "g", "{}")].map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
            assert_eq!(read(way), expected, "{shown}");
        }
    }

    #[test]
    fn calls_without_ids_or_with_old_ones_get_new_ones() {
        for pieces in [
            vec![piece(Some(0), "", "f", "{"), piece(Some(0), "", "f", "\"n\":1}"), piece(Some(1), "", "f", "{}")],
            vec![piece(None, "", "f", "{\"n\":1}"), piece(None, "", "f", "{}")],
            vec![piece(Some(0), "", "f", "{\"n\":1}"), piece(Some(0), "", "f", "{}")],
        ] {
            let shown = format!("{pieces:?}");
            let found = read(pieces);
            assert_eq!(found.len(), 2, "{shown}: {found:?}");
            assert!(found[0].0.len() == 9 && found[0].0 != found[1].0, "{found:?}");
            assert_eq!((found[0].2.as_str(), found[1].2.as_str()), ("{\"n\":1}", "{}"));
        }
        let earlier = ModelToolCall { id: "call_0".to_owned(), name: "f".to_owned(), arguments: "{}".to_owned() };
        let mut calls = Calls::after(&[ModelMessage::Assistant { text: String::new(), tool_calls: vec![earlier] }]);
        calls.add(piece(Some(0), "call_0", "f", "{}"));
        calls.add(piece(Some(1), "call_1", "f", "{\"half"));
        let found = calls.finish(true);
        assert_eq!(found.len(), 1);
        assert_ne!(found[0].id, "call_0");
    }
}
