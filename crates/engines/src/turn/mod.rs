//! One turn: what it is about, what its handler may ask, and what it has changed so far.

mod commit;
mod drive;
mod local;

use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Execution, Failure, InboxItem, ItemKind, Lane, LaneNotice, Status, TimerRow, TurnBuffer, TurnError, Wait,
    at_once::Fresh, engine::Inner, timers::STOPPED,
};

/// A turn that is being run.
pub struct Turn<'e> {
    engine: &'e Inner,
    lane: &'e mut Lane,
    item: InboxItem,
    /// What this turn says; the handler and its programs add to it.
    pub buffer: TurnBuffer,
    cancel: CancellationToken,
    /// Executions whose row must be written by the next commit.
    touched: Vec<Uuid>,
    disarm: Vec<Uuid>,
    forget_journal: Vec<Uuid>,
    timers: Vec<TimerRow>,
    said_anything: bool,
    /// The typing indicator is on: this turn or the one before its short sleep has announced it.
    announced_working: bool,
    /// The item while no row stands for it.
    fresh: Option<Fresh>,
    /// When what runs has taken too long.
    deadline: Option<tokio::time::Instant>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum TurnEnd {
    Done,
    Waiting,
    Failed,
    Cancelled,
    Refused,
}

impl TurnEnd {
    const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }
}

/// Where a program stands after [`Turn::drive`].
#[derive(Debug)]
pub enum Drive {
    /// It ended with a value.
    Done(Json),
    /// It waits; the turn is over.
    Waiting,
    /// It failed.
    Failed(Failure),
    /// The person stopped it.
    Cancelled,
}

impl<'e> Turn<'e> {
    pub(crate) fn new(
        engine: &'e Inner,
        lane: &'e mut Lane,
        item: InboxItem,
        fresh: Option<Fresh>,
        cancel: CancellationToken,
    ) -> Self {
        let buffer = TurnBuffer { state: lane.state.clone(), ..TurnBuffer::default() };
        let announced_working =
            item.kind == ItemKind::Timer && lane.sleeps_briefly(engine.clock.now_ms(), engine.options.short_wait_ms);
        Self {
            engine,
            lane,
            item,
            buffer,
            cancel,
            touched: Vec::new(),
            disarm: Vec::new(),
            forget_journal: Vec::new(),
            timers: Vec::new(),
            said_anything: false,
            announced_working,
            fresh,
            deadline: None,
        }
    }

    /// What this turn is about.
    pub const fn item(&self) -> &InboxItem {
        &self.item
    }

    /// The lane, as committed when the turn began.
    pub const fn lane(&self) -> &Lane {
        self.lane
    }

    /// Now, in Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.engine.clock.now_ms()
    }

    /// A new id, for messages.
    pub fn new_uuid(&self) -> Uuid {
        self.engine.ids.next_uuid()
    }

    /// What clients know this turn by: the message it answers, also after a short sleep in between.
    fn item_name(&self) -> String {
        let before = self.item.payload.get("item").and_then(Json::as_str);
        before.filter(|_| self.item.kind == ItemKind::Timer).unwrap_or(&self.item.channel_message_id).to_owned()
    }

    /// The execution that a turn which died was running: it must be driven on before anything else.
    pub fn interrupted(&self) -> Option<Execution> {
        self.lane.executions.iter().find(|own| own.status == Status::Running).cloned()
    }

    /// A run of the lane that is not over.
    pub fn find_execution(&self, id: Uuid) -> Option<Execution> {
        self.lane.executions.iter().find(|own| own.id == id && !own.status.is_over()).cloned()
    }

    /// From now on what runs may take that long; then it fails. `None`: as long as it likes.
    pub fn allow(&mut self, time: Option<std::time::Duration>) {
        self.deadline = time.map(|time| tokio::time::Instant::now() + time);
    }

    /// The newest execution that waits for the person.
    pub fn waiting_for_input(&self) -> Option<Execution> {
        self.lane.executions.iter().rev().find(|own| matches!(own.wait, Some(Wait::Input { .. }))).cloned()
    }

    /// The execution a timer item is about, if it still waits in the turn the timer was set in.
    pub fn waiting_for_timer(&self) -> Option<Execution> {
        let id: Uuid = self.item.payload.get("execution")?.as_str()?.parse().ok()?;
        let turn = self.item.payload.get("turn")?.as_i64()?;
        let found = self.lane.executions.iter().find(|own| own.id == id)?;
        (found.status == Status::Waiting && i64::from(found.turn) == turn).then(|| found.clone())
    }

    /// True when a person has stopped the sleep that this timer was to end.
    pub fn was_stopped(&self) -> bool {
        self.item.payload.get(STOPPED).and_then(Json::as_bool).unwrap_or(false)
    }

    /// Ends an execution of the lane that waits.
    pub fn cancel_one(&mut self, id: Uuid) {
        self.cancel_those(|own| own.id == id);
    }

    /// Ends every execution of the lane that runs or waits.
    pub fn cancel_all(&mut self) {
        self.cancel_those(|_| true);
    }

    fn cancel_those(&mut self, is_meant: impl Fn(&Execution) -> bool) {
        for execution in self.lane.executions.iter_mut().filter(|own| is_meant(own)) {
            execution.status = Status::Cancelled;
            execution.wait = None;
            execution.snapshot = None;
            self.touched.push(execution.id);
            self.disarm.push(execution.id);
            self.forget_journal.push(execution.id);
        }
    }

    async fn announce_working(&mut self) {
        if !std::mem::replace(&mut self.announced_working, true) {
            self.engine.publish(self.lane.id, &LaneNotice::Working(true)).await;
        }
    }

    fn place(&mut self, execution: Execution) {
        match self.lane.executions.iter_mut().find(|own| own.id == execution.id) {
            Some(own) => *own = execution,
            None => self.lane.executions.push(execution),
        }
    }

    fn execution(&mut self, id: Uuid) -> Result<&mut Execution, TurnError> {
        self.lane
            .executions
            .iter_mut()
            .find(|own| own.id == id)
            .ok_or_else(|| TurnError::Internal("the execution left its lane".to_owned()))
    }
}

fn internal(error: crate::Error) -> TurnError {
    match error {
        crate::Error::Db(error) => TurnError::Db(error),
        other => TurnError::Internal(other.to_string()),
    }
}
