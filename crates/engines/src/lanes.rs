//! Running lanes: one task per lane with something to do, one turn at a time, in arrival order.

use std::{
    collections::{HashSet, VecDeque},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use crate::{
    InboxItem, ItemKind, Lane, LaneId, LaneNotice, Status, Turn, TurnEnd, TurnError, Wait, at_once::Fresh,
    engine::Inner, store,
};

/// What is known in memory about a lane with something to do.
#[derive(Default)]
pub(crate) struct LaneSlot {
    /// Items that wait, in arrival order.
    pub(crate) queue: VecDeque<InboxItem>,
    /// The item that found the lane idle and is about to have its turn; no row stands for it yet.
    pub(crate) fresh: Option<Fresh>,
    /// A task runs this lane.
    pub(crate) running: bool,
    /// The queue may lack items that the database has: read them first.
    reload: bool,
    /// Items that are being committed and will be added when they are.
    pub(crate) incoming: usize,
    /// How many of those are messages.
    pub(crate) incoming_messages: usize,
    /// Items that were read from the database while others were incoming: they may be among those.
    loaded: HashSet<Uuid>,
    /// A script of the lane sleeps for a short while: to people the turn is still running.
    pub(crate) asleep: bool,
    /// The turn that runs.
    pub(crate) current: Option<Running>,
}

/// A turn that runs.
#[derive(Debug)]
pub(crate) struct Running {
    item: Uuid,
    cancel: CancellationToken,
    /// Cancelled when this is dropped: the turn is committed, or begins anew.
    over: CancellationToken,
    _guard: DropGuard,
}

impl Running {
    fn new(item: Uuid, cancel: CancellationToken) -> Self {
        let over = CancellationToken::new();
        Self { item, cancel, over: over.clone(), _guard: over.drop_guard() }
    }
}

impl LaneSlot {
    /// Nothing holds the slot in memory.
    fn is_idle(&self) -> bool {
        !self.running && self.queue.is_empty() && self.fresh.is_none() && self.incoming == 0 && !self.asleep
    }

    fn messages(&self) -> usize {
        self.queue.iter().filter(|item| item.kind == ItemKind::Message).count()
    }

    fn listing(&self) -> Vec<(String, serde_json::Value)> {
        self.queue
            .iter()
            .filter(|item| item.kind == ItemKind::Message)
            .map(|item| (item.channel_message_id.clone(), item.payload.clone()))
            .collect()
    }
}

impl Inner {
    /// True while a turn runs, or sleeps for a short while.
    pub(crate) fn is_working(&self, lane: LaneId) -> bool {
        self.lanes.get(&lane).is_some_and(|slot| slot.asleep || slot.current.is_some())
    }

    /// True while a script of the lane sleeps for a short while.
    pub(crate) fn is_asleep(&self, lane: LaneId) -> bool {
        self.lanes.get(&lane).is_some_and(|slot| slot.asleep)
    }

    /// Notes that the end of a turn is committed, and whether the lane sleeps now.
    pub(crate) fn turn_is_over(&self, lane: LaneId, asleep: bool) {
        if let Some(mut slot) = self.lanes.get_mut(&lane) {
            slot.current = None;
            slot.asleep = asleep;
        }
    }

    pub(crate) fn waiting_messages(&self, lane: LaneId) -> usize {
        self.lanes.get(&lane).map_or(0, |slot| slot.messages())
    }

    pub(crate) fn queue(&self, lane: LaneId) -> Vec<(String, serde_json::Value)> {
        self.lanes.get(&lane).map(|slot| slot.listing()).unwrap_or_default()
    }

    pub(crate) async fn publish_queue(&self, lane: LaneId) {
        let listing = self.queue(lane);
        self.publish(lane, &LaneNotice::Queue(listing)).await;
    }

    /// Removes an item from the queue; false when a turn has it.
    pub(crate) fn unqueue(&self, lane: LaneId, item: Uuid) -> bool {
        let Some(mut slot) = self.lanes.get_mut(&lane) else { return false };
        let before = slot.queue.len();
        slot.queue.retain(|own| own.id != item || own.taken);
        slot.queue.len() < before
    }

    /// Asks the running turn to stop; gives what is cancelled when it is over.
    pub(crate) fn cancel(&self, lane: LaneId) -> Option<CancellationToken> {
        let slot = self.lanes.get(&lane)?;
        let running = slot.current.as_ref()?;
        running.cancel.cancel();
        Some(running.over.clone())
    }

    /// True when this node will run the item, or runs it.
    pub(crate) fn has(&self, lane: LaneId, item: Uuid) -> bool {
        self.lanes.get(&lane).is_some_and(|slot| {
            slot.queue.iter().any(|own| own.id == item)
                || slot.fresh.as_ref().is_some_and(|own| own.arriving.item.id == item)
                || slot.current.as_ref().is_some_and(|own| own.item == item)
        })
    }

    /// Announces that an item of this lane is being committed; [`Inner::arrived`] must follow. With a limit it is a
    /// message: answers how many wait before it, `None` when that is too many.
    pub(crate) fn expect(&self, lane: LaneId, limit: Option<usize>) -> Option<usize> {
        let mut slot = self.lanes.entry(lane).or_default();
        let ahead = slot.messages() + slot.incoming_messages;
        if let Some(limit) = limit {
            if ahead >= limit {
                return None;
            }
            slot.incoming_messages += 1;
        }
        slot.incoming += 1;
        Some(ahead)
    }

    /// The item that was to run at once has to wait: its sender stores it.
    fn let_wait(&self, lane: LaneId) {
        if let Some(mut slot) = self.lanes.get_mut(&lane) {
            slot.fresh = None;
        }
    }

    /// Nothing runs any more, or not yet; what is stored is taken up by the start.
    fn leave(&self, lane: LaneId) {
        if let Some(mut slot) = self.lanes.get_mut(&lane) {
            *slot = LaneSlot {
                incoming: slot.incoming,
                incoming_messages: slot.incoming_messages,
                queue: std::mem::take(&mut slot.queue),
                reload: true,
                ..LaneSlot::default()
            };
        }
    }

    /// An expected item is committed (or is none, after all).
    pub(crate) fn arrived(self: &Arc<Self>, lane: LaneId, message: bool, item: Option<InboxItem>) {
        let item = {
            let mut slot = self.lanes.entry(lane).or_default();
            slot.incoming -= 1;
            slot.incoming_messages -= usize::from(message);
            // A lane that was read from the database between the commit and now has the item already.
            let item = item.filter(|item| !slot.loaded.contains(&item.id));
            if slot.incoming == 0 {
                slot.loaded.clear();
            }
            item
        };
        if item.is_some() {
            self.wake(lane, item);
        } else {
            self.lanes.remove_if(&lane, |_, slot| slot.is_idle());
            self.rested.notify_waiters();
        }
    }

    /// Adds an item to a lane, or asks it to look into the database (`None`), and makes sure that it runs.
    pub(crate) fn wake(self: &Arc<Self>, lane: LaneId, item: Option<InboxItem>) {
        let (start, tell) = {
            let mut slot = self.lanes.entry(lane).or_default();
            slot.reload |= item.is_none();
            slot.queue.extend(item);
            (!std::mem::replace(&mut slot.running, true), slot.current.is_some())
        };
        if start {
            let inner = self.clone();
            self.tasks.spawn(async move { inner.run_lane(lane).await });
        } else if tell {
            let inner = self.clone();
            self.tasks.spawn(async move { inner.publish_queue(lane).await });
        }
    }

    pub(crate) async fn run_lane(self: Arc<Self>, id: LaneId) {
        self.clone().run_turns(id).await;
        self.rested.notify_waiters();
    }

    async fn run_turns(self: Arc<Self>, id: LaneId) {
        let mut lane = self.cache.remove(&id).map(Arc::unwrap_or_clone);
        let mut pause = Duration::from_millis(50);
        loop {
            let permit = if let Ok(permit) = self.turns.try_acquire() {
                permit
            } else {
                self.let_wait(id);
                let Ok(permit) = self.turns.acquire().await else { return };
                permit
            };
            if self.stop.is_cancelled() {
                return self.leave(id);
            }
            let turned = self.next_turn(id, &mut lane).await;
            drop(permit);
            match turned {
                Ok(true) => pause = Duration::from_millis(50),
                Ok(false) => {
                    if let Some(lane) = lane {
                        self.cache.insert(id, Arc::new(lane));
                    }
                    return;
                }
                Err(TurnError::Stopping) => return self.leave(id),
                Err(error) => {
                    // Whatever was half done is read again from what is committed.
                    lane = None;
                    if let Some(mut slot) = self.lanes.get_mut(&id) {
                        slot.reload = true;
                        slot.current = None;
                        slot.fresh = None;
                    }
                    if !matches!(error, TurnError::Conflict) {
                        tracing::warn!(%error, lane = %id.0, "a turn could not be committed; it is run again");
                        tokio::select! {
                            () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(5)),
                            () = self.stop.cancelled() => return,
                        }
                    }
                }
            }
        }
    }

    /// Runs the next turn, if there is one; false when the lane has nothing to do now.
    async fn next_turn(self: &Arc<Self>, id: LaneId, lane: &mut Option<Lane>) -> Result<bool, TurnError> {
        let known = self.lanes.get_mut(&id).map(|mut slot| {
            let reload = std::mem::take(&mut slot.reload) || lane.is_none();
            reload.then(|| slot.queue.iter().map(|item| item.id).collect::<HashSet<_>>())
        });
        if let Some(known) = known.unwrap_or_default() {
            // The lane before its items: an item that is listed had no turn when the version was read.
            let Some(loaded) = store::load_lane(self.db.read(), id).await.map_err(database)? else {
                self.lose(id);
                return Ok(false);
            };
            let items = store::queued_items(self.db.read(), id).await.map_err(database)?;
            if let Some(mut slot) = self.lanes.get_mut(&id) {
                // What memory had before we read and the database does not list has had its turn; what came while
                // we read may be in both. The database has the order.
                slot.queue.retain(|own| !known.contains(&own.id) && items.iter().all(|item| item.id != own.id));
                if slot.incoming > 0 {
                    slot.loaded.extend(items.iter().map(|item| item.id));
                }
                for item in items.into_iter().rev() {
                    slot.queue.push_front(item);
                }
            }
            *lane = Some(loaded);
        }
        let Some(lane) = lane.as_mut() else { return Ok(false) };
        let Some((item, fresh, cancel)) = self.take(id, lane) else {
            if self.waiting_messages(id) > 0 {
                self.publish_queue(id).await;
                self.look_after(lane);
            }
            return Ok(false);
        };
        self.turn(lane, item, fresh, cancel).await?;
        if let Some(mut slot) = self.lanes.get_mut(&id) {
            slot.current = None;
        }
        Ok(true)
    }

    /// The lane is gone: so is what waits for it.
    fn lose(&self, id: LaneId) {
        if let Some(mut slot) = self.lanes.get_mut(&id) {
            *slot =
                LaneSlot { incoming: slot.incoming, incoming_messages: slot.incoming_messages, ..LaneSlot::default() };
        }
        self.lanes.remove_if(&id, |_, slot| slot.is_idle());
    }

    /// Messages wait for a script that sleeps. Another node may wake it, and does not know of them.
    fn look_after(self: &Arc<Self>, lane: &Lane) {
        let timers = lane.executions.iter().filter_map(|own| match own.wait {
            Some(Wait::Timer { due_ms }) => Some(due_ms),
            _ => None,
        });
        let left = timers.min().unwrap_or_default() - self.clock.now_ms();
        let patience = Duration::from_millis(u64::try_from(left).unwrap_or(0)) + Duration::from_secs(1);
        let (inner, id) = (self.clone(), lane.id);
        self.tasks.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(patience) => if inner.waiting_messages(id) > 0 {
                    inner.wake(id, None);
                },
                () = inner.stop.cancelled() => {}
            }
        });
    }

    /// The item of the next turn. A script that sleeps for a short while keeps messages waiting; an item whose turn
    /// has begun comes before all others.
    fn take(&self, id: LaneId, lane: &Lane) -> Option<(InboxItem, Option<Fresh>, CancellationToken)> {
        let asleep = lane.sleeps_briefly(self.clock.now_ms(), self.options.short_wait_ms);
        let waits = |item: &InboxItem| asleep && matches!(item.kind, ItemKind::Message | ItemKind::Open);
        let mut slot = self.lanes.get_mut(&id)?;
        let index =
            slot.queue.iter().position(|item| item.taken).or_else(|| slot.queue.iter().position(|item| !waits(item)));
        // An item without a row goes first or not at once.
        let fresh = slot.fresh.take().filter(|fresh| slot.queue.is_empty() && !waits(&fresh.arriving.item));
        let interrupted = lane.executions.iter().find(|own| own.status == Status::Running);
        let fresh = fresh.filter(|_| interrupted.is_none());
        let queued = index.and_then(|index| slot.queue.remove(index));
        let Some(item) = queued.or_else(|| fresh.as_ref().map(|fresh| fresh.arriving.item.clone())) else {
            if interrupted.is_some() {
                tracing::error!(lane = %id.0, "an execution runs without its item");
            }
            slot.running = false;
            drop(slot);
            // Only if nothing came in between: then the slot is marked running again.
            self.lanes.remove_if(&id, |_, slot| slot.is_idle());
            return None;
        };
        let cancel = CancellationToken::new();
        slot.current = Some(Running::new(item.id, cancel.clone()));
        Some((item, fresh, cancel))
    }

    async fn turn(
        &self,
        lane: &mut Lane,
        item: InboxItem,
        fresh: Option<Fresh>,
        cancel: CancellationToken,
    ) -> Result<(), TurnError> {
        let Some(handler) = self.handler.get() else { return Err(TurnError::Stopping) };
        let had_queue = self.waiting_messages(lane.id) > 0;
        let id = lane.id;
        let mut turn = Turn::new(self, lane, item, fresh, cancel);
        let ran = AssertUnwindSafe(handler.run(&mut turn)).catch_unwind().await;
        let end = match ran {
            Ok(Ok(end)) => end,
            Ok(Err(TurnError::Internal(reason))) => {
                tracing::error!(%reason, lane = %id.0, "a turn broke");
                give_up(handler.as_ref(), &mut turn, &reason)
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                tracing::error!(lane = %id.0, "a turn panicked");
                give_up(handler.as_ref(), &mut turn, "the turn panicked")
            }
        };
        turn.finish(end).await?;
        if had_queue {
            self.publish_queue(id).await;
        }
        Ok(())
    }
}

/// A turn that broke ends; what waited in the lane ends with it, so that the conversation can go on.
fn give_up(handler: &dyn crate::TurnHandler, turn: &mut Turn<'_>, reason: &str) -> TurnEnd {
    turn.cancel_all();
    handler.broke(turn, reason);
    TurnEnd::Failed
}

fn database(error: crate::Error) -> TurnError {
    match error {
        crate::Error::Db(error) => TurnError::Db(error),
        other => TurnError::Internal(other.to_string()),
    }
}
