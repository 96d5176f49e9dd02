//! Calls of tools: which one waits, what people see of it, and what the model is told.

use botserver_engines::{Execution, TurnBuffer};
use botserver_ports::{ModelMessage, ModelToolCall};
use botserver_ui_tree::{ChatEvent, Source, ToolEvent, ToolState};
use serde_json::json;

use super::{Agent, OpenCall, ToolResult, prepare};
use crate::{Tool, tools};

/// Bytes of one result that the model is given.
const LONGEST_RESULT: usize = 16 << 10;
/// Characters of a result that people see.
pub(super) const SHOWN_RESULT: usize = 2_000;

impl Agent {
    /// The call it waits for, and the tool that is meant, if there is one of that name.
    pub fn open_call(&self) -> Option<(OpenCall, Option<Tool>)> {
        let call = self.state.calls.front()?;
        Some((call.clone(), tools::find(&self.state.question.tools, &call.call.name).cloned()))
    }

    /// The result of a call of a tool that is not there.
    pub fn no_such_tool(&self, name: &str) -> ToolResult {
        let text = format!("error: there is no tool `{name}`; {}", tools::names(&self.state.question.tools));
        ToolResult { text, failed: true }
    }

    /// Takes passages that were searched for while the model answers: they are data, numbered after those that it has
    /// already, and may be cited like them.
    pub fn cite(&mut self, found: Vec<Source>) -> ToolResult {
        let mut shown = Vec::with_capacity(found.len());
        for own in found {
            let same = |known: &&Source| known.document == own.document && known.text == own.text;
            let known = self.state.sources.iter().find(same).cloned();
            let number = self.state.sources.iter().map(|known| known.number).max().unwrap_or(0) + 1;
            shown.push(known.unwrap_or_else(|| {
                let new = Source { number, ..own };
                self.state.sources.push(new.clone());
                new
            }));
        }
        let nothing = || "The documents do not contain anything about this.".to_owned();
        let text = if shown.is_empty() { nothing() } else { prepare::passages(&shown) };
        ToolResult { text, failed: false }
    }

    /// Tells the person that a tool runs, once.
    pub fn announce_call(&mut self, turn: &mut TurnBuffer) {
        let Some(call) = self.state.calls.front_mut() else { return };
        if !std::mem::replace(&mut call.announced, true) {
            let call = call.call.clone();
            self.tool_event(&call, ToolState::Running, None, turn);
        }
    }

    /// Gives the result of the call it waits for.
    pub fn answer_call(&mut self, result: ToolResult, turn: &mut TurnBuffer) {
        let Some(OpenCall { call, .. }) = self.state.calls.front().cloned() else { return };
        let most = LONGEST_RESULT.min(self.state.room).max(200);
        let (text, rest) = cut(&result.text, most);
        let text = if rest > 0 { format!("{text}\n[{rest} more bytes were left out]") } else { text.to_owned() };
        self.state.room = self.state.room.saturating_sub(text.len());
        let state = if result.failed { ToolState::Failed } else { ToolState::Done };
        self.tool_event(&call, state, Some(&result.text), turn);
        self.state.calls.pop_front();
        self.state.messages.push(ModelMessage::Tool { call_id: call.id, name: call.name, text });
    }

    fn tool_event(&self, call: &ModelToolCall, state: ToolState, result: Option<&str>, turn: &mut TurnBuffer) {
        let run = self.state.calls.front().map_or(0, |open| open.run);
        let tool = tools::find(&self.state.question.tools, &call.name);
        let arguments = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!(call.arguments));
        let event = ToolEvent {
            id: format!("run_{}", Execution::child_id(self.deps.execution, run).simple()),
            name: tool.map_or_else(|| call.name.clone(), |tool| tool.script.clone()),
            title: tool.map_or_else(|| call.name.clone(), |tool| tool.title.clone()),
            arguments,
            state,
            result: result.map(|text| text.chars().take(SHOWN_RESULT).collect::<String>().replace('\0', "")),
            turn: self.deps.turn.clone(),
        };
        turn.events.push(ChatEvent::Tool(event).to_json());
    }
}

/// The beginning of a text in at most so many bytes, and how many are left out.
fn cut(text: &str, most: usize) -> (&str, usize) {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), text.len() - end)
}
