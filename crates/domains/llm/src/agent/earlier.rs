//! Earlier calls of tools with their results, as the model reads them again: each call with its result, or neither, since
//! no provider takes one without the other.

use botserver_context::Candidate;
use botserver_ports::{ModelMessage, ModelToolCall};
use botserver_ui_tree::{ToolEvent, ToolState};
use serde_json::Value as Json;

use super::calls::SHOWN_RESULT;
use crate::{Tool, tools};

/// Characters of an id: nine letters and digits are the one form that no provider refuses.
const ID: usize = 9;
/// The result of a call that was ended before it had one.
const NO_RESULT: &str = "error: this call was ended before it had a result";
/// Tokens of a call besides its texts: two messages, and the fields around a call.
const AROUND: usize = 24;

/// An earlier call of a tool, with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierCall {
    /// How many of the earlier messages come before it.
    pub after: usize,
    /// What the model wrote.
    pub call: ModelToolCall,
    /// What it was told.
    pub result: String,
}

impl EarlierCall {
    /// A call as the transcript keeps it; `None` for a search in the documents, which is made anew for each message, with
    /// what the person may read now.
    pub fn of(event: &ToolEvent, after: usize, tools: &[Tool]) -> Option<Self> {
        let search = Tool::search_documents();
        if event.name == search.script && !tools.iter().any(|tool| tool.script == search.script && !tool.built_in) {
            return None;
        }
        let known = tools.iter().find(|tool| tool.script == event.name);
        let name = known.map_or_else(|| tools::tool_name(&event.name), |tool| tool.spec.name.clone());
        let digits: Vec<char> = event.id.chars().filter(char::is_ascii_alphanumeric).collect();
        // The end of it is random.
        let id: String = digits.iter().skip(digits.len().saturating_sub(ID)).collect();
        if name.is_empty() || id.is_empty() {
            return None;
        }
        let arguments = match &event.arguments {
            Json::String(unreadable) => unreadable.clone(),
            other => other.to_string(),
        };
        let mut result = match (&event.result, event.state) {
            (Some(result), _) => result.clone(),
            (None, ToolState::Done) => "done".to_owned(),
            (None, _) => NO_RESULT.to_owned(),
        };
        if result.chars().count() >= SHOWN_RESULT {
            result.push_str("\n[the rest was left out]");
        }
        Some(Self { after, call: ModelToolCall { id, name, arguments }, result })
    }

    /// What it takes of the window.
    pub(super) fn candidate(&self) -> Candidate {
        let text = format!("{}\n{}", self.call.arguments, self.result);
        Candidate { name: self.call.name.clone(), text, more: AROUND }
    }

    /// The call and its result.
    pub(super) fn messages(&self) -> [ModelMessage; 2] {
        let Self { call, result, .. } = self;
        let (call_id, name, text) = (call.id.clone(), call.name.clone(), result.clone());
        let call = ModelMessage::Assistant { text: String::new(), tool_calls: vec![call.clone()] };
        [call, ModelMessage::Tool { call_id, name, text }]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(name: &str, result: Option<&str>, state: ToolState) -> ToolEvent {
        let id = "run_0123456789abcdef0123456789abcdef".to_owned();
        let (title, turn) = (String::new(), "t".to_owned());
        let result = result.map(str::to_owned);
        ToolEvent { id, name: name.to_owned(), title, arguments: json!({"n": 1}), state, result, turn }
    }

    #[test]
    fn a_call_has_a_name_an_id_and_a_result_that_every_provider_takes() {
        let own = EarlierCall::of(&event("track order", Some("Lisbon"), ToolState::Done), 3, &[]).unwrap();
        assert_eq!((own.call.name.as_str(), own.call.id.as_str(), own.after), ("track_order", "789abcdef", 3));
        assert_eq!((own.call.arguments.as_str(), own.result.as_str()), (r#"{"n":1}"#, "Lisbon"));
        let own = EarlierCall::of(&event("slow", None, ToolState::Running), 0, &[]).unwrap();
        assert_eq!(own.result, NO_RESULT);
        let long = "ä".repeat(SHOWN_RESULT);
        let own = EarlierCall::of(&event("slow", Some(&long), ToolState::Failed), 0, &[]).unwrap();
        assert!(own.result.ends_with("left out]"));
        assert_eq!(EarlierCall::of(&event("search_documents", Some("x"), ToolState::Done), 0, &[]), None);
    }
}
