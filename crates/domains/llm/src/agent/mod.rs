//! The agent loop as a durable program: ask the model, run the tools it calls, ask again, until there is an answer.
//!
//! Each question to the model is a slow read: what came before is committed first, and a crash in the middle of the
//! answer asks anew from there. Each call of a tool is a run of its own, which the agent waits for; so a tool may ask
//! the person something, and no tool runs twice. Only tools that the dialog added are ever run, whatever a document or
//! a result talks the model into.

mod ask;
mod calls;
mod earlier;
mod ends;
mod listen;
mod pictures;
mod prepare;
mod state;

use std::sync::Arc;

use async_trait::async_trait;
use botserver_context::Window;
use botserver_engines::{Execution, LocalFailure, LocalWork, Outcome, Program, Step, TextDelta, TurnBuffer, Wait};
use botserver_kernel::{Clock, IdSource, MessageId};
use botserver_ports::{ChatModel, ModelFault, ModelPicture};
use botserver_ui_tree::{Source, Speaker};
use bytes::Bytes;
use parking_lot::Mutex;
use uuid::Uuid;

use self::state::{Heard, Reply, State};
pub use self::{
    earlier::EarlierCall,
    pictures::is_shown,
    state::{OpenCall, Question},
};
use crate::ModelSettings;

/// What the first question is put together from, besides the question itself.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Earlier messages, oldest first.
    pub history: Vec<Earlier>,
    /// Earlier calls of tools, oldest first.
    pub calls: Vec<EarlierCall>,
    /// What is remembered of the person, the newest first: what it is about, and what it is.
    pub facts: Vec<(String, String)>,
    /// Passages that the person may read, best first; their numbers are given here.
    pub passages: Vec<Source>,
    /// Documents were searched, whether or not something was found.
    pub searched: bool,
    /// One line on the day and the place in time, for the instructions.
    pub today: String,
}

/// An earlier message.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// Who wrote it.
    pub speaker: Speaker,
    /// Its text; pictures are named in it.
    pub text: String,
    /// Its pictures, without their bytes.
    pub pictures: Vec<ModelPicture>,
}

/// Reads what the first question needs. Runs inside the recorded read, so it may take its time.
#[async_trait]
pub trait Gather: Send + Sync {
    /// Reads it; the error is for the owner.
    async fn gather(&self, question: &Question) -> Result<Gathered, String>;

    /// Reads the bytes of a picture; the error is for the log.
    async fn picture(&self, picture: &ModelPicture) -> Result<Bytes, String>;
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
    /// The bot's name, for the log.
    pub bot: Arc<str>,
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
