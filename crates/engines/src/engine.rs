//! The engine: what the server starts, what channels hand messages to, what rooms listen to.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use botserver_db::{Db, Dialect, Tx, WriteFuture};
use botserver_kernel::{Clock, IdSource};
use botserver_ports::{PubSub, Subscription};
use dashmap::DashMap;
use sea_orm::DbErr;
use serde_json::Value as Json;
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    Accepted, CommitExtension, Error, InboxItem, ItemKind, ItemState, Lane, LaneId, LaneNotice, NewItem, Result, Turn,
    TurnCommit, TurnEnd, TurnError,
    accept::{Arriving, accept_batch},
    batch::Batcher,
    commit::commit_turns,
    lanes::LaneSlot,
    store,
};

/// What a turn does; implemented by the `bot` domain.
#[async_trait]
pub trait TurnHandler: Send + Sync {
    /// Runs one turn. [`Turn::interrupted`] comes first, if there is one.
    async fn run(&self, turn: &mut Turn<'_>) -> std::result::Result<TurnEnd, TurnError>;

    /// Adds what the person is told when `run` failed for a reason that is nobody's fault but ours.
    fn broke(&self, turn: &mut Turn<'_>, reason: &str);
}

/// What can be set.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// How many turns run side by side.
    pub concurrent_turns: usize,
    /// How many messages of a conversation may wait for its turn.
    pub queue_limit: usize,
    /// A message waits for a script that sleeps (WAIT) at most this long; longer sleeps let it pass.
    pub short_wait_ms: i64,
    /// Memory for lanes that are not running, in bytes.
    pub cache_bytes: u64,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { concurrent_turns: 256, queue_limit: 20, short_wait_ms: 60_000, cache_bytes: 8 << 20 }
    }
}

/// The engine; clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) pubsub: Arc<dyn PubSub>,
    pub(crate) handler: OnceLock<Arc<dyn TurnHandler>>,
    pub(crate) options: EngineOptions,
    commits: Batcher<TurnCommit, std::result::Result<Option<i64>, String>>,
    pub(crate) inbox: Batcher<Arriving, Result<Accepted>>,
    pub(crate) lanes: DashMap<LaneId, LaneSlot>,
    pub(crate) cache: moka::sync::Cache<LaneId, Arc<Lane>>,
    pub(crate) turns: Semaphore,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) timers_changed: Notify,
    /// Told whenever a lane has come to rest.
    pub(crate) rested: Notify,
}

/// Turns or messages per batch: bounds the wait of the first for the last.
const BATCH: usize = 256;

impl Engine {
    /// An engine over a database; it runs nothing before [`Engine::start`].
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        pubsub: Arc<dyn PubSub>,
        extensions: Vec<Arc<dyn CommitExtension>>,
        options: EngineOptions,
    ) -> Self {
        let tasks = TaskTracker::new();
        // SQLite has one writer; PostgreSQL commits several batches side by side.
        let workers = if db.dialect() == Dialect::Sqlite { 1 } else { 2 };
        let commit_db = db.clone();
        let extensions = Arc::new(extensions);
        let commits = Batcher::start(&tasks, workers, BATCH, move |turns| {
            let (db, extensions) = (commit_db.clone(), extensions.clone());
            async move { commit_batch(&db, extensions, turns).await }
        });
        let inbox_db = db.clone();
        let inbox = Batcher::start(&tasks, workers, BATCH, move |items| {
            let db = inbox_db.clone();
            async move { accept_batch(&db, items).await }
        });
        let cache = moka::sync::Cache::builder()
            .max_capacity(options.cache_bytes)
            .weigher(|_, lane: &Arc<Lane>| {
                let snapshots: usize =
                    lane.executions.iter().filter_map(|own| own.snapshot.as_ref()).map(|bytes| bytes.len() + 400).sum();
                (600 + snapshots + lane.state.len() * 200).try_into().unwrap_or(u32::MAX)
            })
            .build();
        let inner = Inner {
            db,
            clock,
            ids,
            pubsub,
            handler: OnceLock::new(),
            commits,
            inbox,
            lanes: DashMap::new(),
            cache,
            turns: Semaphore::new(options.concurrent_turns),
            options,
            tasks,
            stop: CancellationToken::new(),
            timers_changed: Notify::new(),
            rested: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Sets what turns do, takes up what a crash left, and starts the timers.
    pub async fn start(&self, handler: Arc<dyn TurnHandler>) -> Result<()> {
        if self.inner.handler.set(handler).is_err() {
            return Ok(());
        }
        for lane in store::unfinished_lanes(self.inner.db.read()).await? {
            self.inner.wake(lane, None);
        }
        let inner = self.inner.clone();
        self.inner.tasks.spawn(crate::timers::run(inner));
        Ok(())
    }

    /// Starts the turn of something that arrived, or queues it; answers when it is committed.
    pub async fn accept(&self, new: NewItem) -> Result<Accepted> {
        let inner = &self.inner;
        if inner.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        let limit = if new.kind == ItemKind::Message { Some(inner.options.queue_limit) } else { None };
        let Some(ahead) = inner.expect(new.lane_id, limit) else {
            // What is committed already is acknowledged again, however many wait.
            let found =
                store::find_item(inner.db.read(), new.org_id, new.lane_id, &new.channel, &new.channel_message_id);
            return match found.await? {
                Some((item_id, state)) => {
                    let found = Accepted { item_id, lane_id: new.lane_id, state, duplicate: true, ahead: 0 };
                    inner.told(found, &new.channel_message_id).await
                }
                None => Err(Error::QueueFull { limit: inner.options.queue_limit }),
            };
        };
        let item = InboxItem {
            id: inner.ids.next_uuid(),
            org_id: new.org_id,
            lane_id: new.lane_id,
            kind: new.kind,
            channel_message_id: new.channel_message_id,
            payload: new.payload,
            arrived_at_ms: inner.clock.now_ms(),
            taken: false,
        };
        let name = item.channel_message_id.clone();
        let arriving = Arriving { channel: new.channel, item };
        let task = inner.clone();
        // A task of its own: a caller who goes away must not leave a committed message without its turn.
        let committed = inner.tasks.spawn(async move {
            let (lane, message) = (arriving.item.lane_id, limit.is_some());
            if let Some(saved) = task.run_at_once(&arriving, message)
                && let Ok(state) = saved.await
            {
                return Ok(Accepted { item_id: arriving.item.id, lane_id: lane, state, duplicate: false, ahead: 0 });
            }
            let item = arriving.item.clone();
            let committed = task.inbox.submit(arriving).await.unwrap_or(Err(Error::Stopping));
            let fresh = committed.as_ref().is_ok_and(|accepted| !accepted.duplicate);
            task.arrived(lane, message, fresh.then_some(item));
            if let Ok(Accepted {
                item_id, lane_id, state: ItemState::Queued | ItemState::Taken, duplicate: true, ..
            }) = committed
                && !task.has(lane_id, item_id)
            {
                // The node that took it may be gone.
                task.wake(lane_id, None);
            }
            committed
        });
        let accepted = committed.await.map_err(|_| Error::Stopping)??;
        inner.told(Accepted { ahead, ..accepted }, &name).await
    }

    /// The row of an item by its sender's id, and where it stands.
    pub async fn find_item(
        &self,
        org_id: botserver_kernel::OrgId,
        lane: LaneId,
        channel: &str,
        channel_message_id: &str,
    ) -> Result<Option<(Uuid, ItemState)>> {
        store::find_item(self.inner.db.read(), org_id, lane, channel, channel_message_id).await
    }

    /// Takes a message back that no turn has taken.
    pub async fn withdraw(&self, org_id: botserver_kernel::OrgId, lane: LaneId, item_id: Uuid) -> Result<()> {
        if !self.inner.unqueue(lane, item_id) {
            return Err(Error::AlreadyTaken);
        }
        let gone = self
            .inner
            .db
            .write("withdrawing a message", move |tx| {
                Box::pin(async move {
                    store::withdraw(tx, org_id, lane, item_id)
                        .await
                        .map_err(|source| botserver_db::Error::statement("withdrawing a message", source))
                })
            })
            .await;
        if !matches!(gone, Ok(true)) {
            // It is not in our memory any more, but it still stands in the database.
            self.inner.wake(lane, None);
        }
        self.inner.publish_queue(lane).await;
        if gone? { Ok(()) } else { Err(Error::AlreadyTaken) }
    }

    /// Stops the running turn of a lane, also one whose script sleeps for a short while; `None` when none runs.
    pub async fn cancel(&self, lane: LaneId) -> Result<Option<Cancelled>> {
        let running = self.inner.cancel(lane);
        // A turn that has just gone to sleep may still be there; stopping it would come too late.
        let asleep = self.inner.is_asleep(lane) && crate::timers::end_sleep(&self.inner, lane).await?;
        Ok((running.is_some() || asleep).then_some(Cancelled { over: running }))
    }

    /// Forgets a lane whose rows were deleted and tells its listeners.
    pub async fn forget(&self, lane: LaneId) {
        self.inner.cancel(lane);
        self.inner.cache.invalidate(&lane);
        self.inner.publish(lane, &LaneNotice::Deleted).await;
    }

    /// The messages that wait for their turn: the sender's ids and the payloads.
    pub fn queue(&self, lane: LaneId) -> Vec<(String, Json)> {
        self.inner.queue(lane)
    }

    /// True while a turn of the lane runs.
    pub fn is_working(&self, lane: LaneId) -> bool {
        self.inner.is_working(lane)
    }

    /// How many turns run now.
    pub fn running_turns(&self) -> usize {
        self.inner.options.concurrent_turns - self.inner.turns.available_permits()
    }

    /// Listens to a lane from now on. Read [`crate::events`] after subscribing, so that nothing is missed.
    pub async fn subscribe(&self, lane: LaneId) -> Result<Box<dyn Subscription>> {
        self.inner.pubsub.subscribe(&channel(lane)).await.map_err(|_| Error::Stopping)
    }

    /// Tells the listeners of lanes what no commit tells them.
    pub fn announcer(&self) -> Announcer {
        Announcer { pubsub: self.inner.pubsub.clone() }
    }

    /// Lets the running turns finish, at most that long. What is left goes on after the next start.
    pub async fn stop(&self, patience: Duration) {
        self.inner.stop.cancel();
        let all = self.inner.options.concurrent_turns.try_into().unwrap_or(u32::MAX);
        // A turn that is over has given its permit back; whoever still runs then is taken up after the restart.
        let _ = tokio::time::timeout(patience, self.inner.turns.acquire_many(all)).await;
    }
}

/// A turn that was asked to stop.
#[derive(Debug)]
pub struct Cancelled {
    over: Option<CancellationToken>,
}

impl Cancelled {
    /// Waits, for so long at most, until what the turn did before it was stopped is committed, and with it that it was.
    pub async fn committed(self, patience: Duration) {
        if let Some(over) = self.over {
            // Who is impatient learns it from the events.
            let _ = tokio::time::timeout(patience, over.cancelled()).await;
        }
    }
}

/// Tells the listeners of lanes what no commit tells them: the pieces of a message that is being written.
#[derive(Clone)]
pub struct Announcer {
    pubsub: Arc<dyn PubSub>,
}

impl Announcer {
    /// Tells whoever listens now.
    pub async fn tell(&self, lane: LaneId, notice: &LaneNotice) {
        // Listeners that miss this read the truth from the outbox when they reconnect.
        if let Err(error) = self.pubsub.publish(&channel(lane), notice.encode().into()).await {
            tracing::warn!(%error, "could not tell listeners about a turn");
        }
    }
}

impl Inner {
    /// What a sender is told about an item that had arrived before: one whose turn sleeps for a short while is not done.
    async fn told(&self, accepted: Accepted, channel_message_id: &str) -> Result<Accepted> {
        if !accepted.duplicate || accepted.state != ItemState::Done {
            return Ok(accepted);
        }
        let latest = self.clock.now_ms().saturating_add(self.options.short_wait_ms);
        let sleeps = store::sleeps_for(self.db.read(), accepted.lane_id, channel_message_id, latest).await?;
        Ok(if sleeps { Accepted { state: ItemState::Taken, ..accepted } } else { accepted })
    }

    pub(crate) async fn commit(&self, commit: TurnCommit) -> std::result::Result<Option<i64>, TurnError> {
        match self.commits.submit(commit).await {
            Some(Ok(last_seq)) => Ok(last_seq),
            Some(Err(text)) => Err(TurnError::Db(botserver_db::Error::Statement {
                operation: "committing turns",
                source: DbErr::Custom(text),
            })),
            None => Err(TurnError::Stopping),
        }
    }

    pub(crate) async fn publish(&self, lane: LaneId, notice: &LaneNotice) {
        Announcer { pubsub: self.pubsub.clone() }.tell(lane, notice).await;
    }
}

fn channel(lane: LaneId) -> String {
    format!("lane/{}", lane.0.simple())
}

/// Commits a batch; when the batch as a whole fails, each turn is tried alone so that one cannot fail the others.
async fn commit_batch(
    db: &Db,
    extensions: Arc<Vec<Arc<dyn CommitExtension>>>,
    turns: Vec<TurnCommit>,
) -> Vec<std::result::Result<Option<i64>, String>> {
    let turns = Arc::new(turns);
    match commit_once(db, extensions.clone(), turns.clone(), true).await {
        Ok(outcome) => return outcome.into_iter().map(Ok).collect(),
        Err(error) => tracing::warn!(%error, turns = turns.len(), "a batch of turns failed; each is tried alone"),
    }
    let mut outcomes = Vec::with_capacity(turns.len());
    for turn in turns.iter() {
        let alone = commit_once(db, extensions.clone(), Arc::new(vec![turn.clone()]), false).await;
        outcomes.push(alone.map(|outcome| outcome.first().copied().flatten()));
    }
    outcomes
}

async fn commit_once(
    db: &Db,
    extensions: Arc<Vec<Arc<dyn CommitExtension>>>,
    turns: Arc<Vec<TurnCommit>>,
    shared: bool,
) -> std::result::Result<Vec<Option<i64>>, String> {
    let dialect = db.dialect();
    let done = if shared {
        db.write_shared("commit turns", move |tx| commit_within(tx, dialect, turns, extensions)).await
    } else {
        db.write("commit turns", move |tx| commit_within(tx, dialect, turns, extensions)).await
    };
    done.map_err(|error: botserver_db::Error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })
}

fn commit_within(
    tx: &Tx,
    dialect: Dialect,
    turns: Arc<Vec<TurnCommit>>,
    extensions: Arc<Vec<Arc<dyn CommitExtension>>>,
) -> WriteFuture<'_, Vec<Option<i64>>, botserver_db::Error> {
    Box::pin(async move {
        commit_turns(tx, dialect, &turns, &extensions)
            .await
            .map_err(|source| botserver_db::Error::statement("committing turns", source))
    })
}

impl Accepted {
    /// The word clients see.
    pub const fn state_word(&self) -> &'static str {
        match self.state {
            ItemState::Queued => "queued",
            ItemState::Taken => "taken",
            ItemState::Done => "done",
            ItemState::Withdrawn => "withdrawn",
        }
    }
}
