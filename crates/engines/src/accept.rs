//! The inbox: what arrives is committed before its sender is answered, and twice is once.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use botserver_db::{ConnectionTrait, Db, Tx, row};
use botserver_kernel::OrgId;
use sea_orm::DbErr;
use sea_query::{Cond, Expr, ExprTrait, InsertStatement, OnConflict, Query};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{Error, InboxItem, ItemKind, LaneId, Result};

/// Something that arrives.
#[derive(Clone, Debug)]
pub struct NewItem {
    /// Whose.
    pub org_id: OrgId,
    /// For which lane; it exists.
    pub lane_id: LaneId,
    /// What it is.
    pub kind: ItemKind,
    /// Through which channel.
    pub channel: String,
    /// The sender's own id: a second item with the same one is a no-op.
    pub channel_message_id: String,
    /// The content.
    pub payload: Json,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// It waits for its turn.
    Queued,
    /// A turn has it.
    Taken,
    /// Its turn has ended.
    Done,
    /// It was taken back.
    Withdrawn,
}

impl ItemState {
    pub(crate) fn read(word: &str) -> Self {
        match word {
            "taken" => Self::Taken,
            "done" => Self::Done,
            "withdrawn" => Self::Withdrawn,
            _ => Self::Queued,
        }
    }
}

/// The committed item.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The item's row.
    pub item_id: Uuid,
    /// For which lane it was first sent.
    pub lane_id: LaneId,
    /// Where it stands.
    pub state: ItemState,
    /// True when it had arrived before.
    pub duplicate: bool,
    /// How many wait before it.
    pub ahead: usize,
}

/// The status of an item whose turn has ended.
pub(crate) const DONE: &str = "done";
/// What stays of an item's content then: what it said is in the history, and a password is nowhere. The row stays, so
/// that the same message is refused for ever.
pub(crate) const NO_PAYLOAD: &str = "{}";

/// An item that is to be stored, if it is new.
#[derive(Clone, Debug)]
pub(crate) struct Arriving {
    pub(crate) channel: String,
    pub(crate) item: InboxItem,
}

/// Commits items together; answers, for each, the row that stands for it. When the batch as a whole fails, each is
/// tried alone so that one cannot fail the others.
pub(crate) async fn accept_batch(db: &Db, batch: Vec<Arriving>) -> Vec<Result<Accepted>> {
    let batch = Arc::new(batch);
    let all = batch.clone();
    let together = db.write_shared("inbox", move |tx| {
        Box::pin(async move { insert(tx, &all).await.map_err(Error::statement("storing messages")) })
    });
    let error: Error = match together.await {
        Ok(accepted) => return accepted.into_iter().map(Ok).collect(),
        Err(error) => error,
    };
    tracing::warn!(%error, messages = batch.len(), "a batch of messages failed; each is tried alone");
    let mut outcomes = Vec::with_capacity(batch.len());
    for arriving in batch.iter() {
        let alone = accept_once(db, Arc::new(vec![arriving.clone()])).await;
        outcomes.push(alone.and_then(|mut accepted| accepted.pop().ok_or(Error::Stopping)));
    }
    outcomes
}

async fn accept_once(db: &Db, batch: Arc<Vec<Arriving>>) -> Result<Vec<Accepted>> {
    db.write("inbox", move |tx| {
        Box::pin(async move { insert(tx, &batch).await.map_err(Error::statement("storing messages")) })
    })
    .await
}

const COLUMNS: [&str; 9] =
    ["id", "org_id", "lane_id", "kind", "channel", "channel_message_id", "payload", "status", "arrived_at_ms"];

/// The statement that stores items, each with its status.
pub(crate) fn insert_items<'a>(items: impl Iterator<Item = (&'a Arriving, &'static str)>) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table("engine_inbox").columns(COLUMNS);
    for (Arriving { channel, item }, status) in items {
        insert.values_panic([
            Expr::value(item.id),
            Expr::value(item.org_id.uuid()),
            Expr::value(item.lane_id.0),
            Expr::value(item.kind.word()),
            Expr::value(channel.as_str()),
            Expr::value(item.channel_message_id.as_str()),
            Expr::value(if status == DONE { NO_PAYLOAD.to_owned() } else { item.payload.to_string() }),
            Expr::value(status),
            Expr::value(item.arrived_at_ms),
        ]);
    }
    insert
}

async fn insert(tx: &Tx, batch: &[Arriving]) -> Result<Vec<Accepted>, DbErr> {
    let mut insert = insert_items(batch.iter().map(|arriving| (arriving, "queued")));
    insert.on_conflict(OnConflict::columns(["org_id", "channel", "channel_message_id"]).do_nothing().to_owned());
    let inserted = tx.execute(&insert).await?.rows_affected();
    // As a rule nothing is repeated, and then nothing needs to be read.
    let fresh: HashSet<Uuid> = if inserted == batch.len() as u64 {
        batch.iter().map(|arriving| arriving.item.id).collect()
    } else {
        let ids = batch.iter().map(|arriving| sea_query::Value::from(arriving.item.id));
        let select = Query::select().column("id").from("engine_inbox").and_where(Expr::col("id").is_in(ids)).to_owned();
        tx.query_all(&select).await?.iter().map(|found| row(found, "id")).collect::<Result<_, DbErr>>()?
    };
    let mut known = HashMap::new();
    let repeated: Vec<_> = batch.iter().filter(|arriving| !fresh.contains(&arriving.item.id)).collect();
    if !repeated.is_empty() {
        let mut same = Cond::any();
        for Arriving { channel, item } in &repeated {
            same = same.add(
                Cond::all()
                    .add(Expr::col("org_id").eq(item.org_id.uuid()))
                    .add(Expr::col("channel").eq(channel.as_str()))
                    .add(Expr::col("channel_message_id").eq(item.channel_message_id.as_str())),
            );
        }
        let select = Query::select()
            .columns(["id", "org_id", "lane_id", "channel", "channel_message_id", "status"])
            .from("engine_inbox")
            .cond_where(same)
            .to_owned();
        for found in tx.query_all(&select).await? {
            let key: (Uuid, String, String) =
                (row(&found, "org_id")?, row(&found, "channel")?, row(&found, "channel_message_id")?);
            let status: String = row(&found, "status")?;
            let standing = (row::<Uuid>(&found, "id")?, LaneId(row(&found, "lane_id")?), ItemState::read(&status));
            known.insert(key, standing);
        }
    }
    batch
        .iter()
        .map(|Arriving { channel, item }| {
            if fresh.contains(&item.id) {
                return Ok(Accepted {
                    item_id: item.id,
                    lane_id: item.lane_id,
                    state: ItemState::Queued,
                    duplicate: false,
                    ahead: 0,
                });
            }
            let key = (item.org_id.uuid(), channel.clone(), item.channel_message_id.clone());
            let (item_id, lane_id, state) =
                *known.get(&key).ok_or_else(|| DbErr::RecordNotFound("a repeated message".to_owned()))?;
            Ok(Accepted { item_id, lane_id, state, duplicate: true, ahead: 0 })
        })
        .collect()
}
