//! Driving a program: its steps, its numbered effects, and when the state is committed before one.

use std::{collections::HashMap, time::Duration};

use serde_json::json;
use uuid::Uuid;

use super::{Drive, Turn, internal};
use crate::{
    Execution, Failure, ItemState, Outcome, Program, Status, Step, TimerRow, TurnError, Wait, at_once::Fresh,
    program::TIMED_OUT, store,
};

/// The sender of a message waits at most this long for a turn that reads; then the message is stored by itself.
const QUICK: Duration = Duration::from_millis(100);

/// The numbered effects of one execution in one of its turns.
pub(super) struct Effects {
    /// Outcomes that a turn which died has journaled.
    pub(super) journaled: HashMap<i32, Outcome>,
    next: i32,
    /// Outcomes that the next local effect writes with its own.
    pub(super) unwritten: Vec<(i32, Outcome)>,
    pub(super) wrote_journal: bool,
    /// Something happened since the last commit.
    pub(super) dirty: bool,
}

impl Turn<'_> {
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
            if self.deadline.is_some_and(|deadline| deadline <= tokio::time::Instant::now()) {
                return Ok(Drive::Failed(too_long()));
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
                Step::Hold => self.held(program).await?,
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
                            // Why it has none, the loop finds out.
                            None => continue,
                        },
                    };
                    program.resume(outcome);
                    effects.dirty = true;
                }
            }
        }
    }

    /// Waits as long as somebody holds the program, or until the person stops it. Nothing is committed meanwhile but
    /// the message itself, so a crash repeats the turn; other lanes go on.
    async fn held(&mut self, program: &mut dyn Program) -> Result<(), TurnError> {
        self.store_item().await?;
        self.announce_working().await;
        let began = tokio::time::Instant::now();
        let cancel = self.cancel.clone();
        tokio::select! {
            () = program.hold(&self.buffer) => {}
            () = cancel.cancelled() => {}
        }
        if let Some(deadline) = &mut self.deadline {
            *deadline += began.elapsed();
        }
        Ok(())
    }

    /// Performs an effect that has no recorded outcome; `None` when the person stopped the turn meanwhile, or the
    /// time was over.
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
                        () = passed(self.deadline) => return Ok(None),
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
}

/// Ends when the moment has come, if there is one.
async fn passed(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn too_long() -> Failure {
    Failure { message: "it took longer than it may".to_owned(), detail: json!(TIMED_OUT) }
}
