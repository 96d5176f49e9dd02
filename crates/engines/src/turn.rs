//! One turn: drives programs, numbers and journals their effects, commits checkpoints and the end.

use std::{collections::HashMap, time::Duration};

use botserver_db::ConnectionTrait;
use sea_query::{Expr, ExprTrait, LockType, Query};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    CommittedEvent, Execution, Failure, InboxItem, ItemKind, ItemState, ItemStep, Lane, LocalFailure, NewEvent,
    Outcome, Program, Status, Step, TimerRow, TurnBuffer, TurnCommit, TurnError, Wait, accept::Fresh, engine::Inner,
    store, timers::STOPPED,
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
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum TurnEnd {
    Done,
    Waiting,
    Failed,
    Cancelled,
}

impl TurnEnd {
    const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Waiting => "waiting",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
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

/// The sender of a message waits at most this long for a turn that reads; then the message is stored by itself.
const QUICK: Duration = Duration::from_millis(100);

/// The numbered effects of one execution in one of its turns.
struct Effects {
    /// Outcomes that a turn which died has journaled.
    journaled: HashMap<i32, Outcome>,
    next: i32,
    /// Outcomes that the next local effect writes with its own.
    unwritten: Vec<(i32, Outcome)>,
    wrote_journal: bool,
    /// Something happened since the last commit.
    dirty: bool,
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

    /// Runs a program until it ends, waits, fails or is stopped. The execution is new, waiting, or interrupted.
    pub async fn drive(&mut self, execution: Execution, program: &mut dyn Program) -> Result<Drive, TurnError> {
        let id = execution.id;
        // An interrupted program asks for its pending effect again; until that is answered nothing is new.
        let interrupted = execution.status == Status::Running && execution.stored;
        let mut effects = Effects {
            journaled: HashMap::new(),
            next: 0,
            unwritten: Vec::new(),
            wrote_journal: false,
            dirty: !interrupted,
        };
        if self.lane.cold && execution.stored {
            effects.journaled = store::journal(self.engine.db.read(), id, execution.turn).await.map_err(internal)?;
            effects.wrote_journal = !effects.journaled.is_empty();
        }
        if matches!(execution.wait, Some(Wait::Input { until_ms: Some(_) })) {
            self.disarm.push(id);
        }
        self.place(execution);
        let drive = self.run(id, program, &mut effects).await?;
        if effects.wrote_journal {
            self.forget_journal.push(id);
        }
        let waits = if matches!(drive, Drive::Waiting) { Some(program.snapshot()) } else { None };
        let found = self.execution(id)?;
        found.status = match &drive {
            Drive::Waiting => Status::Waiting,
            Drive::Done(_) => Status::Done,
            Drive::Failed(_) => Status::Failed,
            Drive::Cancelled => Status::Cancelled,
        };
        // PostgreSQL cannot store a zero character, and the message may quote anything.
        found.error = if let Drive::Failed(failure) = &drive { Some(failure.message.replace('\0', "")) } else { None };
        if waits.is_none() {
            found.wait = None;
        }
        found.snapshot = waits;
        self.touched.push(id);
        Ok(drive)
    }

    async fn run(&mut self, id: Uuid, program: &mut dyn Program, effects: &mut Effects) -> Result<Drive, TurnError> {
        loop {
            if self.cancel.is_cancelled() {
                return Ok(Drive::Cancelled);
            }
            match program.step(&mut self.buffer) {
                Step::Done(value) => return Ok(Drive::Done(value)),
                Step::Failed(failure) => return Ok(Drive::Failed(failure)),
                Step::Yield => {
                    effects.dirty = true;
                    // What takes a while does not keep its sender waiting.
                    self.store_item().await?;
                    self.announce_working().await;
                    tokio::task::yield_now().await;
                }
                Step::Wait(wait) => {
                    self.wait(id, wait)?;
                    return Ok(Drive::Waiting);
                }
                effect => {
                    let number = effects.next;
                    effects.next += 1;
                    let outcome = match effects.journaled.remove(&number) {
                        Some(outcome) => outcome,
                        None => match self.perform(id, program, effects, number, &effect).await? {
                            Some(outcome) => outcome,
                            None => return Ok(Drive::Cancelled),
                        },
                    };
                    program.resume(outcome);
                    effects.dirty = true;
                }
            }
        }
    }

    /// Performs an effect that has no recorded outcome; `None` when the person stopped the turn meanwhile.
    async fn perform(
        &mut self,
        id: Uuid,
        program: &mut dyn Program,
        effects: &mut Effects,
        mut number: i32,
        effect: &Step,
    ) -> Result<Option<Outcome>, TurnError> {
        let execution = self.execution(id)?;
        let flush = match effect {
            Step::Read { slow } => *slow,
            Step::Write => true,
            // The journal of an execution without a row could not be found after a crash, nor its version.
            _ => !execution.stored,
        };
        if flush && effects.dirty {
            self.checkpoint(id, program, effects).await?;
            number = 0;
            effects.next = 1;
        }
        if !matches!(effect, Step::Read { slow: false }) {
            self.store_item().await?;
        }
        match effect {
            Step::Read { slow } => {
                if *slow {
                    self.announce_working().await;
                }
                let cancel = self.cancel.clone();
                let mut reading = program.read();
                let outcome = loop {
                    tokio::select! {
                        outcome = &mut reading => break outcome,
                        () = cancel.cancelled() => return Ok(None),
                        () = tokio::time::sleep(QUICK), if self.fresh.is_some() => self.store_item().await?,
                    }
                };
                drop(reading);
                effects.unwritten.push((number, outcome.clone()));
                Ok(Some(outcome))
            }
            Step::Write => {
                self.announce_working().await;
                let turn = self.execution(id)?.turn;
                // A write that has begun is not abandoned: whether it happened would be unknown.
                let outcome = program.write(&format!("{}/{turn}/{number}", id.simple())).await;
                effects.unwritten.push((number, outcome.clone()));
                Ok(Some(outcome))
            }
            _ => self.local(id, program, effects, number).await.map(Some),
        }
    }

    /// A local change, its journal entry, the unwritten entries before it, and the check that the lane is still
    /// ours: one transaction.
    async fn local(
        &mut self,
        id: Uuid,
        program: &mut dyn Program,
        effects: &mut Effects,
        number: i32,
    ) -> Result<Outcome, TurnError> {
        let work = program.local();
        let (lane, version, org) = (self.lane.id, self.lane.version, self.lane.org_id);
        let turn = self.execution(id)?.turn;
        let item = (!self.item.taken).then_some(self.item.id);
        let earlier = effects.unwritten.clone();
        let done = self.engine.db.write("local effect", move |tx| {
            Box::pin(async move {
                let named = |source| LocalFailure::Db(botserver_db::Error::statement("local effect", source));
                let mut guard = Query::select();
                guard
                    .column("version")
                    .from("engine_lanes")
                    .and_where(Expr::col("id").eq(lane.0))
                    .and_where(Expr::col("version").eq(version))
                    // Or another node could end this turn before we commit.
                    .lock(LockType::Update);
                if tx.query_one(&guard).await.map_err(named)?.is_none() {
                    return Err(LocalFailure::Db(botserver_db::Error::Conflict { operation: "local effect" }));
                }
                let outcome = work(tx).await?;
                let mut insert = Query::insert();
                insert.into_table("engine_journal").columns(["org_id", "execution_id", "turn", "number", "outcome"]);
                for (number, outcome) in earlier.iter().chain(std::iter::once(&(number, outcome.clone()))) {
                    insert.values_panic([
                        Expr::value(org.uuid()),
                        Expr::value(id),
                        Expr::value(turn),
                        Expr::value(*number),
                        Expr::value(outcome.as_str()),
                    ]);
                }
                tx.execute(&insert).await.map_err(named)?;
                if let Some(item) = item {
                    // From now on this turn must be replayed with this very item.
                    let mut update = Query::update();
                    update
                        .table("engine_inbox")
                        .value("status", "taken")
                        .and_where(Expr::col("id").eq(item))
                        .and_where(Expr::col("status").is_in(["queued", "taken"]));
                    if tx.execute(&update).await.map_err(named)?.rows_affected() == 0 {
                        return Err(LocalFailure::Db(botserver_db::Error::Conflict { operation: "local effect" }));
                    }
                }
                Ok(outcome)
            })
        });
        match done.await {
            Ok(outcome) => {
                effects.unwritten.clear();
                effects.wrote_journal = true;
                self.item.taken = true;
                Ok(outcome)
            }
            Err(LocalFailure::Script(outcome)) => {
                effects.unwritten.push((number, outcome.clone()));
                Ok(outcome)
            }
            // The journal has this number already, or the version moved: another node runs this turn.
            Err(LocalFailure::Db(
                botserver_db::Error::Conflict { .. } | botserver_db::Error::Duplicate { operation: "local effect" },
            )) => Err(TurnError::Conflict),
            Err(LocalFailure::Db(error @ botserver_db::Error::Panicked { .. })) => {
                Err(TurnError::Internal(error.to_string()))
            }
            Err(LocalFailure::Db(error)) => Err(TurnError::Db(error)),
        }
    }

    /// Stores the item of this turn, if no commit has yet.
    async fn store_item(&mut self) -> Result<(), TurnError> {
        let Some(Fresh { arriving, saved }) = self.fresh.take() else { return Ok(()) };
        let Some(stored) = self.engine.inbox.submit(arriving).await else { return Err(TurnError::Stopping) };
        // Its sender, whom nobody answers then, learns the rest by storing it again.
        if stored.map_err(internal)?.duplicate {
            return Err(TurnError::Conflict);
        }
        let _ = saved.send(ItemState::Taken);
        Ok(())
    }

    fn wait(&mut self, id: Uuid, wait: Wait) -> Result<(), TurnError> {
        let due = match &wait {
            Wait::Timer { due_ms } => Some(("wake", *due_ms)),
            Wait::Input { until_ms: Some(due_ms) } => Some(("timeout", *due_ms)),
            _ => None,
        };
        let execution = self.execution(id)?;
        execution.wait = Some(wait);
        // The commit of this turn raises the execution's turn by one; the timer is for that one.
        let turn = execution.turn + 1;
        if let Some((kind, due_ms)) = due {
            self.timers.push(TimerRow {
                id: self.engine.ids.next_uuid(),
                org_id: self.lane.org_id,
                lane_id: self.lane.id,
                execution_id: Some(id),
                kind: kind.to_owned(),
                due_ms,
                payload: json!({"execution": id, "turn": turn, "kind": kind, "item": self.item_name()}),
            });
        }
        Ok(())
    }

    /// Commits the state before a slow effect: what was said is seen, and a crash goes on from here.
    async fn checkpoint(
        &mut self,
        id: Uuid,
        program: &mut dyn Program,
        effects: &mut Effects,
    ) -> Result<(), TurnError> {
        let snapshot = program.snapshot();
        let item_id = self.item.id;
        let execution = self.execution(id)?;
        execution.status = Status::Running;
        execution.wait = None;
        execution.snapshot = Some(snapshot);
        execution.item_id = Some(item_id);
        self.touched.push(id);
        if std::mem::take(&mut effects.wrote_journal) {
            self.forget_journal.push(id);
        }
        self.commit("taken").await?;
        self.item.taken = true;
        effects.unwritten.clear();
        effects.journaled.clear();
        effects.dirty = false;
        Ok(())
    }

    /// Commits the end of the turn. A script that sleeps for a short while has not ended it: its end is told when
    /// the script goes on to something else.
    pub(crate) async fn finish(mut self, end: TurnEnd) -> Result<(), TurnError> {
        let asleep = self.lane.sleeps_briefly(self.now_ms(), self.engine.options.short_wait_ms);
        let silent = matches!(self.item.kind, ItemKind::Open | ItemKind::Event)
            && self.buffer.events.is_empty()
            && !self.said_anything;
        // A timer whose script had gone on already is about nothing.
        let idle_timer = self.item.kind == ItemKind::Timer && self.touched.is_empty();
        if !(asleep || silent || idle_timer) {
            let item = self.item_name();
            self.buffer.events.push(json!({
                "kind": "turn.end", "turn": self.item.id.simple().to_string(), "item": item, "outcome": end.word(),
            }));
        }
        self.commit("done").await?;
        self.lane.executions.retain(|execution| !execution.status.is_over());
        self.lane.cold = false;
        self.engine.set_asleep(self.lane.id, asleep);
        if asleep != self.announced_working {
            self.engine.publish(self.lane.id, &crate::LaneNotice::Working(asleep)).await;
        }
        Ok(())
    }

    async fn commit(&mut self, item_status: &'static str) -> Result<(), TurnError> {
        let state = if self.buffer.state_changed {
            Some(serde_json::to_string(&self.buffer.state).map_err(|error| TurnError::Internal(error.to_string()))?)
        } else {
            None
        };
        self.touched.sort_unstable();
        self.touched.dedup();
        let mut executions = Vec::with_capacity(self.touched.len());
        for id in std::mem::take(&mut self.touched) {
            let execution = self.execution(id)?;
            execution.turn += 1;
            executions.push(execution.clone());
        }
        let at_ms = self.now_ms();
        let new = self.fresh.as_ref().map(|fresh| fresh.arriving.clone());
        let events = std::mem::take(&mut self.buffer.events).into_iter().map(NewEvent::new);
        let events = events.collect::<Result<Vec<_>, _>>().map_err(|error| TurnError::Internal(error.to_string()))?;
        let texts: Vec<_> = events.iter().map(|event| event.text.clone()).collect();
        let commit = TurnCommit {
            lane_id: self.lane.id,
            org_id: self.lane.org_id,
            bot_id: self.lane.bot_id,
            person_id: self.lane.person_id,
            expected_version: self.lane.version,
            state,
            events,
            executions,
            item: Some(ItemStep { id: self.item.id, status: item_status, new }),
            timers: std::mem::take(&mut self.timers),
            disarm: std::mem::take(&mut self.disarm),
            forget_journal: std::mem::take(&mut self.forget_journal),
            at_ms,
        };
        let timers = !commit.timers.is_empty();
        let last_seq = self.engine.commit(commit).await?.ok_or(TurnError::Conflict)?;
        if let Some(fresh) = self.fresh.take() {
            // Whoever sent it may be gone; what is committed stands.
            let _ = fresh.saved.send(ItemState::read(item_status));
        }
        self.lane.version += 1;
        self.lane.last_seq = last_seq;
        self.buffer.log.drain(..).for_each(|line| line.write());
        if std::mem::take(&mut self.buffer.state_changed) {
            self.lane.state.clone_from(&self.buffer.state);
        }
        for execution in &mut self.lane.executions {
            execution.stored |= !execution.status.is_over();
        }
        if timers {
            self.engine.timers_changed.notify_one();
        }
        if !texts.is_empty() {
            self.said_anything = true;
            let first = last_seq - texts.len() as i64 + 1;
            let committed =
                texts.into_iter().zip(first..).map(|(event, seq)| CommittedEvent { seq, at_ms, event }).collect();
            self.engine.publish(self.lane.id, &crate::LaneNotice::Events(committed)).await;
        }
        Ok(())
    }

    async fn announce_working(&mut self) {
        if !std::mem::replace(&mut self.announced_working, true) {
            self.engine.publish(self.lane.id, &crate::LaneNotice::Working(true)).await;
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
