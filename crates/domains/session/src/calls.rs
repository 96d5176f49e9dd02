//! The calls of tools in a conversation, as its events tell them. Events are never changed, so what does not count any
//! more is known from those that say so.

use std::collections::HashMap;

use botserver_engines::{CommittedEvent, LaneId, events};
use botserver_kernel::{ConversationId, Principal};
use botserver_ui_tree::{ChatEvent, ToolEvent, ToolState};

use crate::{Result, SessionService};

/// Events that are read at once.
const PAGE: u64 = 500;
/// Events that are read at most: what a history of any sensible length has.
const MOST: usize = 20_000;

/// A call of a tool, and the number of the event that tells the last of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCall {
    /// The event's number: that of the result, if there is one.
    pub seq: i64,
    /// The call.
    pub tool: ToolEvent,
}

impl SessionService {
    /// The calls of tools that count from one event on up to another, oldest first.
    pub async fn tool_calls(
        &self,
        principal: &Principal,
        id: ConversationId,
        from: i64,
        until: i64,
    ) -> Result<Vec<StoredCall>> {
        let conversation = self.load(principal, id).await?;
        let mut all = Vec::new();
        let mut after = from.saturating_sub(1);
        loop {
            let found = events(self.db.read(), conversation.org_id, LaneId(id.uuid()), after, PAGE).await?;
            let is_last = found.len() < PAGE as usize;
            after = found.last().map_or(after, |event| event.seq);
            // Events of other kinds, and their texts, need not be kept.
            all.extend(found.iter().filter_map(told));
            if is_last || all.len() > MOST {
                break;
            }
        }
        Ok(counting(all, until))
    }
}

/// What an event tells about calls.
enum Told {
    Call(ToolEvent),
    /// These do not count, the last one included.
    Superseded(i64, i64),
}

fn told(event: &CommittedEvent) -> Option<(i64, Told)> {
    let seq = event.seq;
    match serde_json::from_str(event.event.as_str()) {
        Ok(ChatEvent::Tool(tool)) => Some((seq, Told::Call(tool))),
        Ok(ChatEvent::Superseded { from, until, .. }) => {
            Some((seq, Told::Superseded(from, until.unwrap_or(i64::MAX).min(seq - 1))))
        }
        _ => None,
    }
}

fn counting(all: Vec<(i64, Told)>, until: i64) -> Vec<StoredCall> {
    let mut gone = Vec::new();
    let mut calls: Vec<StoredCall> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (seq, told) in all {
        match told {
            Told::Superseded(from, last) => gone.push(from..=last),
            Told::Call(tool) => {
                let place = *places.entry(tool.id.clone()).or_insert(calls.len());
                match calls.get_mut(place) {
                    // The same call again: it has gone on.
                    Some(known) if tool.state != ToolState::Running => *known = StoredCall { seq, tool },
                    Some(_) => {}
                    None => calls.push(StoredCall { seq, tool }),
                }
            }
        }
    }
    calls.retain(|call| call.seq < until && !gone.iter().any(|range| range.contains(&call.seq)));
    calls.sort_by_key(|call| call.seq);
    calls
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::*;

    fn call(seq: i64, id: &str, state: ToolState) -> (i64, Told) {
        let (name, title, turn) = ("track".to_owned(), String::new(), "t".to_owned());
        let result = (state != ToolState::Running).then(|| format!("result of {id}"));
        (seq, Told::Call(ToolEvent { id: id.to_owned(), name, title, arguments: Json::Null, state, result, turn }))
    }

    #[test]
    fn a_call_is_told_once_with_its_last_state_if_it_counts() {
        let all = || {
            vec![
                call(1, "a", ToolState::Running),
                call(2, "a", ToolState::Done),
                call(4, "b", ToolState::Running),
                call(5, "b", ToolState::Failed),
                call(8, "c", ToolState::Running),
                (9, Told::Superseded(4, 6)),
                call(11, "d", ToolState::Running),
                call(12, "d", ToolState::Done),
            ]
        };
        let ids = |until| counting(all(), until).into_iter().map(|own| own.tool.id).collect::<Vec<_>>();
        assert_eq!(ids(i64::MAX), ["a", "c", "d"]);
        assert_eq!(ids(10), ["a", "c"]);
        assert_eq!(counting(all(), 3)[0].tool.result.as_deref(), Some("result of a"));
    }
}
