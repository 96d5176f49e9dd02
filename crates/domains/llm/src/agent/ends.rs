//! What becomes of an answer of the model: a message, calls of tools, a failure, or one that somebody stopped.

use botserver_engines::{Failure, Note, Step, TurnBuffer};
use botserver_kernel::MessageId;
use botserver_ports::{EndReason, ModelFault, ModelMessage};
use botserver_ui_tree::{ChatEvent, Part, Source, Speaker};
use serde_json::{Value as Json, json};

use super::{
    Agent, OpenCall,
    state::{Heard, Prepared, Reply},
};
use crate::records;

/// Answers of the model to one message: who still calls tools then goes round in circles.
const MOST_ROUNDS: u32 = 10;
/// Runs of tools for one message.
const MOST_RUNS: u32 = 40;
/// Bytes to a token, for results: they are cut by size.
const BYTES_PER_TOKEN: usize = 3;

impl Agent {
    /// A person has stopped the answer: what has come until then is kept and marked.
    pub fn stopped(&mut self, turn: &mut TurnBuffer) -> bool {
        let heard = std::mem::take(&mut *self.heard.lock());
        let said = !heard.text.trim().is_empty();
        if said {
            let mark = Mark { stopped: true, cut: false };
            self.push_answer(&heard, mark, turn);
        }
        if !heard.is_empty() || self.state.rounds == 0 {
            turn.notes.push(self.call_note(&heard, 0, None, Some("stopped")));
        }
        said
    }

    /// Handles an answer of the model; `None` when the agent goes on.
    pub(super) fn take(&mut self, reply: Reply, turn: &mut TurnBuffer) -> Option<Step> {
        let Reply { prepared, heard, ms, first_ms, failed } = reply;
        if let Some(Prepared { messages, window, sources }) = prepared {
            let left = window.window.saturating_sub(window.reserved).saturating_sub(window.used);
            self.state.room = left * BYTES_PER_TOKEN;
            self.state.messages = messages;
            self.state.window = Some(window);
            self.state.sources = sources;
        }
        self.state.rounds += 1;
        let fault = failed.as_ref().map(|(fault, _)| records::word(*fault));
        turn.notes.push(self.call_note(&heard, ms, first_ms, fault.as_deref()));
        if let Some((fault, message)) = failed {
            if !heard.text.trim().is_empty() {
                self.push_answer(&heard, Mark { stopped: false, cut: true }, turn);
            }
            return Some(failure(fault, &message));
        }
        let cut = heard.end == Some(EndReason::Length);
        if heard.calls.is_empty() {
            if heard.text.trim().is_empty() {
                let why = match heard.end {
                    Some(EndReason::Filtered) => "the provider withheld the answer",
                    Some(EndReason::Length) => "the answer reached its limit of tokens before it had a word",
                    _ => "the model answered with nothing",
                };
                return Some(failure(ModelFault::Malformed, why));
            }
            self.push_answer(&heard, Mark { stopped: false, cut }, turn);
            return Some(Step::Done(Json::Null));
        }
        if !heard.text.trim().is_empty() {
            self.push_answer(&heard, Mark::default(), turn);
            self.state.answer = MessageId::new(self.deps.ids.next_uuid()).to_string();
        }
        self.state.runs += heard.calls.len() as u32;
        if self.state.rounds >= MOST_ROUNDS || self.state.runs > MOST_RUNS {
            return Some(failure(ModelFault::Rejected, "the model kept calling tools and came to no answer"));
        }
        let first = self.state.runs - heard.calls.len() as u32;
        let calls = (first..).zip(&heard.calls);
        self.state.calls = calls.map(|(run, call)| OpenCall { run, call: call.clone(), announced: false }).collect();
        self.state.messages.push(ModelMessage::Assistant { text: heard.text, tool_calls: heard.calls });
        None
    }

    fn push_answer(&self, heard: &Heard, mark: Mark, turn: &mut TurnBuffer) {
        let mut parts = Vec::with_capacity(3);
        if !heard.reasoning.trim().is_empty() {
            let seconds = (heard.thought_ms as f64 / 100.0).round() / 10.0;
            parts.push(Part::Reasoning { text: storable(&heard.reasoning), seconds });
        }
        let text = storable(&heard.text);
        let cited: Vec<Source> =
            self.state.sources.iter().filter(|own| text.contains(&format!("[{}]", own.number))).cloned().collect();
        parts.push(Part::Text { text });
        if !cited.is_empty() {
            parts.push(Part::Sources { items: cited });
        }
        let message = ChatEvent::Message {
            id: self.state.answer.clone(),
            role: Speaker::Bot,
            parts,
            turn: self.deps.turn.clone(),
            model: Some(self.deps.settings.endpoint.model.clone()),
            stopped: mark.stopped,
            cut: mark.cut,
        };
        turn.events.push(message.to_json());
        if let Some(window) = &self.state.window {
            turn.notes.push(records::trace_note(&self.state.answer, window, self.state.rounds));
        }
    }

    fn call_note(&self, heard: &Heard, ms: u64, first_ms: Option<u64>, fault: Option<&str>) -> Note {
        records::call_note(&records::Call {
            id: self.deps.ids.next_uuid(),
            message: Some(self.state.question.message.clone()),
            model: self.deps.settings.endpoint.model.clone(),
            provider: self.deps.settings.endpoint.provider.clone(),
            usage: heard.usage,
            ms,
            first_ms,
            outcome: fault.unwrap_or("ok").to_owned(),
        })
    }
}

/// What is special about an answer.
#[derive(Clone, Copy, Default)]
struct Mark {
    stopped: bool,
    cut: bool,
}

fn failure(fault: ModelFault, message: &str) -> Step {
    Step::Failed(Failure { message: message.to_owned(), detail: json!({"fault": records::word(fault)}) })
}

/// PostgreSQL cannot store a zero character, and a model may write anything.
fn storable(text: &str) -> String {
    text.trim().replace('\0', "")
}
