//! What the engine can run: anything that can be stepped, answered and snapshotted.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_db::{Tx, WriteFuture};
use serde_json::{Map, Value as Json};

use crate::Wait;

/// The recorded result of an effect, as the program itself encodes it.
pub type Outcome = String;

/// A program in the middle of its run. After a crash it is restored from its snapshot and must ask for the same
/// pending effect again.
#[async_trait]
pub trait Program: Send {
    /// Runs a slice: until it ends, needs an effect, waits, or has used its fuel. Effects that only add to the turn
    /// go straight into `turn`.
    fn step(&mut self, turn: &mut TurnBuffer) -> Step;

    /// Performs the pending read.
    async fn read(&mut self) -> Outcome;

    /// The pending local change, to be run inside the transaction that also journals it.
    fn local(&mut self) -> LocalWork;

    /// Performs the pending write under its idempotency key.
    async fn write(&mut self, key: &str) -> Outcome;

    /// Gives the outcome of the pending effect; the next step goes on with it.
    fn resume(&mut self, outcome: Outcome);

    /// Its whole state. Asked for only while an effect is pending or it waits.
    fn snapshot(&mut self) -> Vec<u8>;

    /// Stands still until whoever holds it lets it go on; the next step goes on. Dropping the future lets it go on too.
    async fn hold(&mut self, _turn: &TurnBuffer) {}
}

/// Why a program gave control back.
#[derive(Debug)]
pub enum Step {
    /// It ended with a value.
    Done(Json),
    /// It used its slice of fuel; others may run.
    Yield,
    /// Somebody holds it: it goes on when [`Program::hold`] ends, and the time until then does not count.
    Hold,
    /// It looks at the world; `slow` means it may take longer than 50 ms, so that what was said is shown first.
    Read {
        /// May it take longer than 50 ms?
        slow: bool,
    },
    /// It changes our own database.
    Local,
    /// It changes the outside world.
    Write,
    /// It waits.
    Wait(Wait),
    /// It failed.
    Failed(Failure),
}

/// How a program failed; `detail` is for the owner.
#[derive(Clone, Debug)]
pub struct Failure {
    /// One sentence.
    pub message: String,
    /// Everything known, as the program encodes it.
    pub detail: Json,
}

/// The detail of the failure of what took too long.
pub(crate) const TIMED_OUT: &str = "timed out";

impl Failure {
    /// True when it took longer than the turn allowed.
    pub fn is_timeout(&self) -> bool {
        self.detail == TIMED_OUT
    }
}

/// Why a local change did not happen.
pub enum LocalFailure {
    /// The program's own error: rolled back, recorded, and given to the program as the effect's outcome.
    Script(Outcome),
    /// The database failed.
    Db(botserver_db::Error),
}

impl From<botserver_db::Error> for LocalFailure {
    fn from(error: botserver_db::Error) -> Self {
        Self::Db(error)
    }
}

/// A local change as a closure for the writer.
pub type LocalWork = Box<dyn for<'a> FnOnce(&'a Tx) -> WriteFuture<'a, Outcome, LocalFailure> + Send>;

/// What a turn says and changes about the conversation itself; committed with the turn.
#[derive(Debug, Default)]
pub struct TurnBuffer {
    /// Events for the conversation, in order (see the chat protocol).
    pub events: Vec<Json>,
    /// The conversation's state document: suggestions, contexts, tools, session variables; each domain
    /// owns the keys under its own name.
    pub state: Map<String, Json>,
    /// True once `state` differs from what was loaded.
    pub state_changed: bool,
    /// Lines for the server's log. They are written when the turn is committed, so that a turn that is
    /// replayed does not repeat them.
    pub log: Vec<LogLine>,
    /// What rooms write into tables of their own with the commit: their [`crate::CommitExtension`] reads it.
    pub notes: Vec<Note>,
}

/// Something for a room's own tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Whose, and what: `llm.call`.
    pub kind: &'static str,
    /// The content; its shape belongs to the room.
    pub value: Json,
}

/// A line that a program writes to the server's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is.
    pub level: tracing::Level,
    /// Whose program wrote it, such as the name of its bot.
    pub source: Arc<str>,
    /// The line.
    pub message: String,
}

impl LogLine {
    /// Writes it.
    pub fn write(&self) {
        let (source, message) = (&*self.source, &*self.message);
        match self.level {
            tracing::Level::ERROR => tracing::error!(bot = source, message, "script"),
            tracing::Level::WARN => tracing::warn!(bot = source, message, "script"),
            tracing::Level::INFO => tracing::info!(bot = source, message, "script"),
            _ => tracing::debug!(bot = source, message, "script"),
        }
    }
}

impl TurnBuffer {
    /// The part of the state document under `key`, to change.
    pub fn state_mut(&mut self, key: &str) -> &mut Json {
        self.state_changed = true;
        self.state.entry(key.to_owned()).or_insert(Json::Null)
    }
}
