//! The nouns: lanes, items, executions, timers.

use botserver_kernel::{BotId, OrgId, PersonId};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

/// One line of turns: the conversation's id, or a job's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(pub Uuid);

/// A lane to be made.
#[derive(Clone, Debug)]
pub struct NewLane {
    /// Its id.
    pub id: LaneId,
    /// Whose.
    pub org_id: OrgId,
    /// The bot that answers in it.
    pub bot_id: BotId,
    /// The person, if there is one.
    pub person_id: Option<PersonId>,
    /// `conversation` or `job`.
    pub kind: &'static str,
    /// Where answers are delivered: `web`, later `whatsapp:+55…`.
    pub channel: String,
}

/// A lane as a turn sees it.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its id.
    pub id: LaneId,
    /// Whose.
    pub org_id: OrgId,
    /// The bot.
    pub bot_id: BotId,
    /// The person, if there is one.
    pub person_id: Option<PersonId>,
    /// The channel.
    pub channel: String,
    /// Grows with every commit; every commit checks it.
    pub version: i64,
    /// The number of the newest event.
    pub last_seq: i64,
    /// The state document.
    pub state: Map<String, Json>,
    /// Executions that run or wait.
    pub executions: Vec<Execution>,
    /// True when it was read from the database: there may be journal entries of a turn that died.
    pub(crate) cold: bool,
}

impl Lane {
    /// True while a script of the lane sleeps (WAIT) and goes on within that many milliseconds: to people the turn
    /// is still running.
    pub(crate) fn sleeps_briefly(&self, now_ms: i64, short_wait_ms: i64) -> bool {
        self.executions.iter().any(|own| match own.wait {
            Some(Wait::Timer { due_ms }) => own.status == Status::Waiting && due_ms - now_ms <= short_wait_ms,
            _ => false,
        })
    }
}

/// What an item of the inbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A person wrote.
    Message,
    /// A person opened the conversation.
    Open,
    /// A timer is due.
    Timer,
    /// Something happened that somebody waits for.
    Event,
    /// Run a script: a schedule, a webhook, a test.
    Call,
}

impl ItemKind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Open => "open",
            Self::Timer => "timer",
            Self::Event => "event",
            Self::Call => "call",
        }
    }

    pub(crate) fn read(word: &str) -> Option<Self> {
        [Self::Message, Self::Open, Self::Timer, Self::Event, Self::Call].into_iter().find(|kind| kind.word() == word)
    }
}

/// Something that arrived and is committed.
#[derive(Clone, Debug)]
pub struct InboxItem {
    /// The row.
    pub id: Uuid,
    /// Whose.
    pub org_id: OrgId,
    /// For which lane.
    pub lane_id: LaneId,
    /// What it is.
    pub kind: ItemKind,
    /// The sender's own id, unique per channel: a second one is a no-op.
    pub channel_message_id: String,
    /// The content; its shape belongs to who sent it.
    pub payload: Json,
    /// Unix milliseconds.
    pub arrived_at_ms: i64,
    /// True once a checkpoint of its turn is committed.
    pub taken: bool,
}

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Status {
    Running,
    Waiting,
    Done,
    Failed,
    Cancelled,
}

impl Status {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(crate) fn read(word: &str) -> Option<Self> {
        [Self::Running, Self::Waiting, Self::Done, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|status| status.word() == word)
    }

    /// True when it will never run again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What an execution waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The person's next message; with a moment (Unix milliseconds) at which it gives up, if there is one.
    Input {
        /// When it gives up.
        until_ms: Option<i64>,
    },
    /// A moment.
    Timer {
        /// When, in Unix milliseconds.
        due_ms: i64,
    },
    /// A named event.
    Event(String),
    /// A decision.
    Approval(String),
    /// Another execution.
    Child(Uuid),
}

impl Wait {
    pub(crate) fn columns(&self) -> (&'static str, Option<String>, Option<i64>) {
        match self {
            Self::Input { until_ms } => ("input", None, *until_ms),
            Self::Timer { due_ms } => ("timer", None, Some(*due_ms)),
            Self::Event(key) => ("event", Some(key.clone()), None),
            Self::Approval(key) => ("approval", Some(key.clone()), None),
            Self::Child(id) => ("child", Some(id.to_string()), None),
        }
    }

    pub(crate) fn read(kind: &str, key: Option<String>, due_ms: Option<i64>) -> Option<Self> {
        Some(match kind {
            "input" => Self::Input { until_ms: due_ms },
            "timer" => Self::Timer { due_ms: due_ms? },
            "event" => Self::Event(key?),
            "approval" => Self::Approval(key?),
            "child" => Self::Child(key?.parse().ok()?),
            _ => return None,
        })
    }
}

/// One run of a program.
#[derive(Clone, Debug)]
pub struct Execution {
    /// Its id; derived from the item that started it, so that a replay finds its journal.
    pub id: Uuid,
    /// The execution that waits for this one.
    pub parent_id: Option<Uuid>,
    /// `dialog`, `tool`, `job`, `webhook`, `event`, `agent`.
    pub kind: String,
    /// What runs: the script.
    pub program: String,
    /// The content hash of the package version it is pinned to.
    pub program_version: String,
    /// Where it stands.
    pub status: Status,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// How many snapshots of it are committed; numbers its effects together with their place in the turn.
    pub turn: i32,
    /// Its state, when it runs or waits.
    pub snapshot: Option<Vec<u8>>,
    /// The item whose turn it serves or served last.
    pub item_id: Option<Uuid>,
    /// Why it failed.
    pub error: Option<String>,
    /// True once a row exists.
    pub(crate) stored: bool,
}

impl Execution {
    /// True for the run that [`Execution::start`] made for the item as its `nth`.
    pub fn began_with(&self, item: &InboxItem, nth: u32) -> bool {
        self.id == Uuid::new_v5(&item.id, &nth.to_be_bytes())
    }

    /// The `nth` run that another one waits for, in the turn of an item.
    pub fn child(parent: &Self, item: &InboxItem, nth: u32, kind: &str, program: &str, program_version: &str) -> Self {
        let id = Self::child_id(parent.id, nth);
        Self { id, parent_id: Some(parent.id), ..Self::start(item, 0, kind, program, program_version) }
    }

    /// The id of that run: its parent waits for it under this name.
    pub fn child_id(parent: Uuid, nth: u32) -> Uuid {
        Uuid::new_v5(&parent, &nth.to_be_bytes())
    }

    /// A new run for an item; `nth` tells several of one item apart.
    pub fn start(item: &InboxItem, nth: u32, kind: &str, program: &str, program_version: &str) -> Self {
        Self {
            id: Uuid::new_v5(&item.id, &nth.to_be_bytes()),
            parent_id: None,
            kind: kind.to_owned(),
            program: program.to_owned(),
            program_version: program_version.to_owned(),
            status: Status::Running,
            wait: None,
            turn: 0,
            snapshot: None,
            item_id: Some(item.id),
            error: None,
            stored: false,
        }
    }
}

/// A moment at which something must happen, surviving restarts.
#[derive(Clone, Debug)]
pub struct TimerRow {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub org_id: OrgId,
    /// The lane that gets the item.
    pub lane_id: LaneId,
    /// The execution that waits, if one does.
    pub execution_id: Option<Uuid>,
    /// `wake`, `timeout`, `schedule`.
    pub kind: String,
    /// When, in Unix milliseconds.
    pub due_ms: i64,
    /// What the item will carry.
    pub payload: Json,
}
