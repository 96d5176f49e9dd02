//! The agent loop as a durable program: ask the model, run the tools it calls, ask again, until there is an answer.
//!
//! Each question to the model is a slow read: what came before is committed first, and a crash in the middle of the
//! answer asks anew from there. Each call of a tool is a run of its own, which the agent waits for; so a tool may ask
//! the person something, and no tool runs twice. Only tools that the dialog added are ever run, whatever a document or
//! a result talks the model into.

mod listen;
mod prepare;
mod state;

use std::sync::Arc;

use async_trait::async_trait;
use botserver_context::Window;
use botserver_engines::{
    Execution, Failure, LocalFailure, LocalWork, Note, Outcome, Program, Step, TextDelta, TurnBuffer, Wait,
};
use botserver_kernel::{Clock, IdSource, MessageId};
use botserver_ports::{
    AnswerFormat, ChatModel, EndReason, ModelError, ModelFault, ModelMessage, ModelRequest, ModelToolCall,
};
use botserver_ui_tree::{ChatEvent, Part, Source, Speaker, ToolEvent, ToolState};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use tokio::time::Instant;
use uuid::Uuid;

pub use self::state::{OpenCall, Question};
use self::{
    listen::Listener,
    prepare::prepare,
    state::{Heard, Prepared, Reply, State},
};
use crate::{ModelSettings, Tool, records, tools};

/// Answers of the model to one message: who still calls tools then goes round in circles.
const MOST_ROUNDS: u32 = 10;
/// Runs of tools for one message.
const MOST_RUNS: u32 = 40;
/// Bytes of one result that the model is given.
const LONGEST_RESULT: usize = 16 << 10;
/// Characters of a result that people see.
const SHOWN_RESULT: usize = 2_000;
/// Bytes to a token, for results: they are cut by size.
const BYTES_PER_TOKEN: usize = 3;

/// What the first question is put together from, besides the question itself.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Earlier messages, oldest first.
    pub history: Vec<(Speaker, String)>,
    /// Passages that the person may read, best first; their numbers are given here.
    pub passages: Vec<Source>,
    /// Documents were searched, whether or not something was found.
    pub searched: bool,
    /// One line on the day and the place in time, for the instructions.
    pub today: String,
}

/// Reads what the first question needs. Runs inside the recorded read, so it may take its time.
#[async_trait]
pub trait Gather: Send + Sync {
    /// Reads it; the error is for the owner.
    async fn gather(&self, question: &Question) -> Result<Gathered, String>;
}

/// The text of an answer up to now, for whoever joins.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the chat protocol's `stream` frame")]
pub struct SoFar {
    pub message: String,
    pub turn: String,
    pub attempt: i64,
    pub text: String,
    pub reasoning: String,
}

/// Shows an answer while it is being written.
#[async_trait]
pub trait AnswerSink: Send + Sync {
    /// More has come.
    async fn show(&self, so_far: &SoFar, deltas: Vec<TextDelta>);
}

/// What the agent stands on while it runs; nothing of it is in the snapshot.
pub struct AgentDeps {
    /// Speaks with models.
    pub model: Arc<dyn ChatModel>,
    /// Which model, how.
    pub settings: ModelSettings,
    /// Reads history and passages.
    pub gather: Arc<dyn Gather>,
    /// Shows what comes.
    pub sink: Arc<dyn AnswerSink>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The agent's own run, as its calls name their parent.
    pub execution: Uuid,
    /// The turn, as events name it.
    pub turn: String,
}

/// The result of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolResult {
    /// What it answered, or why it could not.
    pub text: String,
    /// True if it could not.
    pub failed: bool,
}

/// The model and its tools, answering one message.
pub struct Agent {
    state: State,
    deps: AgentDeps,
    reply: Option<Reply>,
    heard: Arc<Mutex<Heard>>,
}

impl Agent {
    /// A new one.
    pub fn start(question: Question, deps: AgentDeps) -> Self {
        let answer = MessageId::new(deps.ids.next_uuid()).to_string();
        let state = State { question, answer, ..State::default() };
        Self { state, deps, reply: None, heard: Arc::default() }
    }

    /// Takes a saved one up.
    pub fn restore(saved: &[u8], deps: impl FnOnce(&Question) -> Option<AgentDeps>) -> Result<Self, String> {
        let state = State::decode(saved)?;
        let deps = deps(&state.question).ok_or("its model is not configured any more")?;
        Ok(Self { state, deps, reply: None, heard: Arc::default() })
    }

    /// What it answers.
    pub fn question(&self) -> &Question {
        &self.state.question
    }

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
    fn take(&mut self, reply: Reply, turn: &mut TurnBuffer) -> Option<Step> {
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

    /// Asks the model; the first time what it is asked is put together.
    async fn ask(&mut self) -> Reply {
        let started = Instant::now();
        *self.heard.lock() = Heard::default();
        let mut reply = Reply { prepared: None, heard: Heard::default(), ms: 0, first_ms: None, failed: None };
        let messages = if self.state.messages.is_empty() {
            match self.prepare().await {
                Ok(prepared) => reply.prepared.insert(prepared).messages.clone(),
                Err(reason) => {
                    reply.failed = Some((ModelFault::Rejected, reason));
                    return reply;
                }
            }
        } else {
            self.state.messages.clone()
        };
        let settings = &self.deps.settings;
        let request = ModelRequest {
            endpoint: settings.endpoint.clone(),
            messages,
            tools: self.state.question.tools.iter().map(|tool| tool.spec.clone()).collect(),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            format: AnswerFormat::Text,
            limits: settings.limits,
        };
        let mut listener = Listener {
            model: self.deps.model.clone(),
            sink: self.deps.sink.clone(),
            message: self.state.answer.clone(),
            turn: self.deps.turn.clone(),
            heard: self.heard.clone(),
            started: Instant::now(),
            first_ms: None,
            attempt: self.deps.clock.now_ms(),
        };
        let listened = tokio::time::timeout(settings.limits.total, listener.listen(&request)).await;
        let listened = listened.unwrap_or_else(|_| {
            let after = settings.limits.total.as_secs();
            Err(ModelError::new(ModelFault::TimedOut, format!("the model took longer than {after} seconds")))
        });
        reply.failed = listened.err().map(|error| (error.fault, error.message));
        reply.heard = std::mem::take(&mut *self.heard.lock());
        reply.first_ms = listener.first_ms;
        reply.ms = started.elapsed().as_millis() as u64;
        reply
    }

    async fn prepare(&self) -> Result<Prepared, String> {
        let gathered = self.deps.gather.gather(&self.state.question).await?;
        let (question, settings) = (self.state.question.clone(), self.deps.settings.clone());
        let preparing = tokio::task::spawn_blocking(move || prepare(&question, &settings, gathered));
        preparing.await.map_err(|error| error.to_string())
    }

    /// How the first request was put together, once it is known.
    pub fn window(&self) -> Option<&Window> {
        self.state.window.as_ref()
    }
}

#[async_trait]
impl Program for Agent {
    fn step(&mut self, turn: &mut TurnBuffer) -> Step {
        if let Some(reply) = self.reply.take()
            && let Some(step) = self.take(reply, turn)
        {
            return step;
        }
        match self.state.calls.front() {
            Some(call) => Step::Wait(Wait::Child(Execution::child_id(self.deps.execution, call.run))),
            None => Step::Read { slow: true },
        }
    }

    async fn read(&mut self) -> Outcome {
        let reply = self.ask().await;
        // Plain data with text keys always serialises.
        serde_json::to_string(&reply).unwrap_or_default()
    }

    fn local(&mut self) -> LocalWork {
        Box::new(|_| Box::pin(async { Err(LocalFailure::Script("the agent changes nothing by itself".to_owned())) }))
    }

    async fn write(&mut self, _: &str) -> Outcome {
        String::new()
    }

    fn resume(&mut self, outcome: Outcome) {
        self.reply = Some(serde_json::from_str(&outcome).unwrap_or_else(|error| Reply {
            prepared: None,
            heard: Heard::default(),
            ms: 0,
            first_ms: None,
            failed: Some((ModelFault::Malformed, format!("a recorded answer cannot be read: {error}"))),
        }));
    }

    fn snapshot(&mut self) -> Vec<u8> {
        self.state.encode()
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

/// The beginning of a text in at most so many bytes, and how many are left out.
fn cut(text: &str, most: usize) -> (&str, usize) {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), text.len() - end)
}
