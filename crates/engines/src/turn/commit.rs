//! What a turn commits: checkpoints before slow effects, and its end.

use serde_json::json;
use uuid::Uuid;

use super::{Turn, TurnEnd, drive::Effects};
use crate::{
    CommittedEvent, ItemKind, ItemState, ItemStep, LaneNotice, NewEvent, Program, Status, TurnCommit, TurnError,
    accept::DONE,
};

impl Turn<'_> {
    /// Commits the state before a slow effect: what was said is seen, and a crash goes on from here.
    pub(super) async fn checkpoint(
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
        self.commit("taken", ItemState::Taken).await?;
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
        // Whoever hears of the end finds the lane idle.
        self.commit(DONE, if asleep { ItemState::Taken } else { ItemState::Done }).await?;
        self.lane.executions.retain(|execution| !execution.status.is_over());
        self.lane.cold = false;
        if asleep != self.announced_working {
            self.engine.publish(self.lane.id, &LaneNotice::Working(asleep)).await;
        }
        Ok(())
    }

    /// `told` is where the item stands for its sender: a turn that sleeps for a short while has not ended.
    async fn commit(&mut self, item_status: &'static str, told: ItemState) -> Result<(), TurnError> {
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
            notes: std::mem::take(&mut self.buffer.notes),
            at_ms,
        };
        let timers = !commit.timers.is_empty();
        let last_seq = self.engine.commit(commit).await?.ok_or(TurnError::Conflict)?;
        if let Some(fresh) = self.fresh.take() {
            // Whoever sent it may be gone; what is committed stands.
            let _ = fresh.saved.send(told);
        }
        if item_status == DONE {
            self.engine.turn_is_over(self.lane.id, told == ItemState::Taken);
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
            self.engine.publish(self.lane.id, &LaneNotice::Events(committed)).await;
        }
        Ok(())
    }
}
