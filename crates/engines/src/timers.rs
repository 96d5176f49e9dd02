//! Durable timers: what is due becomes an item of its lane, exactly once, also after a restart.

use std::{collections::HashMap, sync::Arc, time::Duration};

use botserver_db::{ConnectionTrait, Tx, row};
use sea_orm::DbErr;
use sea_query::{Cond, Expr, ExprTrait, OnConflict, Order, Query, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{Error, InboxItem, ItemKind, LaneId, Result, engine::Inner, store};

/// Timers fired per transaction.
const BATCH: u64 = 200;
/// Look at least this often: another node may have armed an earlier one.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);

pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        let sleep = match fire_due(&inner).await {
            Ok(Some(next_ms)) => {
                let left = next_ms - inner.clock.now_ms();
                Duration::from_millis(u64::try_from(left).unwrap_or(0)).min(LONGEST_SLEEP)
            }
            Ok(None) => LONGEST_SLEEP,
            Err(error) => {
                tracing::warn!(%error, "timers could not be read; trying again");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(sleep) => {}
            () = inner.timers_changed.notified() => {}
            () = inner.stop.cancelled() => return,
        }
    }
}

/// Fires everything that is due and answers when the next one is.
pub(crate) async fn fire_due(inner: &Arc<Inner>) -> Result<Option<i64>> {
    loop {
        let now = inner.clock.now_ms();
        let select = Query::select()
            .columns(["id", "lane_id", "due_ms"])
            .from("engine_timers")
            .and_where(Expr::col("status").eq("armed"))
            .order_by("due_ms", Order::Asc)
            .limit(BATCH)
            .to_owned();
        let rows = inner.db.read().query_all(&select).await.map_err(Error::statement("reading timers"))?;
        let armed = rows
            .iter()
            .map(|found| Ok((row(found, "id")?, LaneId(row(found, "lane_id")?), row(found, "due_ms")?)))
            .collect::<Result<Vec<(Uuid, LaneId, i64)>, DbErr>>()
            .map_err(Error::statement("reading timers"))?;
        let due: Vec<(Uuid, LaneId)> =
            armed.iter().filter(|(_, _, due)| *due <= now).map(|(id, lane, _)| (*id, *lane)).collect();
        if due.is_empty() {
            return Ok(armed.first().map(|(_, _, due)| *due));
        }
        for (_, lane) in &due {
            inner.expect(*lane, None);
        }
        let ids: Vec<Uuid> = due.iter().map(|(id, _)| *id).collect();
        let fired = inner
            .db
            .write("firing timers", move |tx| {
                Box::pin(async move { fire(tx, &ids, now).await.map_err(Error::statement("firing timers")) })
            })
            .await;
        let mut items: HashMap<Uuid, InboxItem> =
            fired.as_deref().unwrap_or_default().iter().map(|item| (item.id, item.clone())).collect();
        for (id, lane) in due {
            inner.arrived(lane, false, items.remove(&id));
        }
        fired?;
    }
}

/// What the item of a timer carries when a person has stopped the sleep.
pub(crate) const STOPPED: &str = "stopped";

/// Wakes a script that sleeps for a short while, to be told that it was stopped; false when none does any more.
pub(crate) async fn end_sleep(inner: &Arc<Inner>, lane: LaneId) -> Result<bool> {
    let now = inner.clock.now_ms();
    let latest = now.saturating_add(inner.options.short_wait_ms);
    let ended = inner.db.write("ending a sleep", move |tx| {
        Box::pin(async move { hurry(tx, lane, now, latest).await.map_err(Error::statement("ending a sleep")) })
    });
    let ended = ended.await?;
    inner.timers_changed.notify_one();
    Ok(ended)
}

async fn hurry(tx: &Tx, lane: LaneId, now: i64, latest: i64) -> Result<bool, DbErr> {
    let armed = || {
        Cond::all()
            .add(Expr::col("lane_id").eq(lane.0))
            .add(Expr::col("kind").eq("wake"))
            .add(Expr::col("status").eq("armed"))
            .add(Expr::col("due_ms").lte(latest))
    };
    let select = Query::select().columns(["id", "payload"]).from("engine_timers").cond_where(armed()).to_owned();
    let found = tx.query_all(&select).await?;
    let mut ended = false;
    for timer in &found {
        let payload: String = row(timer, "payload")?;
        let mut payload: Json = serde_json::from_str(&payload).map_err(|error| DbErr::Type(error.to_string()))?;
        payload[STOPPED] = Json::Bool(true);
        let mut update = Query::update();
        update
            .table("engine_timers")
            .value("due_ms", now)
            .value("payload", payload.to_string())
            .and_where(Expr::col("id").eq(row::<Uuid>(timer, "id")?))
            .cond_where(armed());
        ended |= tx.execute(&update).await?.rows_affected() > 0;
    }
    Ok(ended)
}

/// Marks timers as fired and puts their items into the inbox; another node may have been faster with some.
async fn fire(tx: &Tx, due: &[Uuid], now: i64) -> Result<Vec<InboxItem>, DbErr> {
    let mut update = Query::update();
    update
        .table("engine_timers")
        .value("status", "fired")
        .and_where(Expr::col("id").is_in(due.iter().map(|id| Value::from(*id))))
        .and_where(Expr::col("status").eq("armed"))
        .returning(Query::returning().columns(["id", "org_id", "lane_id", "payload"]));
    let fired = tx.query_all(&update).await?;
    if fired.is_empty() {
        return Ok(Vec::new());
    }
    let mut insert = Query::insert();
    insert.into_table("engine_inbox").columns([
        "id",
        "org_id",
        "lane_id",
        "kind",
        "channel",
        "channel_message_id",
        "payload",
        "status",
        "arrived_at_ms",
    ]);
    for found in &fired {
        let id: Uuid = row(found, "id")?;
        insert.values_panic([
            // The timer's own id: firing is once, whoever does it.
            Expr::value(id),
            Expr::value(row::<Uuid>(found, "org_id")?),
            Expr::value(row::<Uuid>(found, "lane_id")?),
            Expr::value(ItemKind::Timer.word()),
            Expr::value("timer"),
            Expr::value(id.simple().to_string()),
            Expr::value(row::<String>(found, "payload")?),
            Expr::value("queued"),
            Expr::value(now),
        ]);
    }
    insert
        .on_conflict(OnConflict::columns(["org_id", "channel", "channel_message_id"]).do_nothing().to_owned())
        .returning(Query::returning().columns([
            "id",
            "org_id",
            "lane_id",
            "kind",
            "channel_message_id",
            "payload",
            "status",
            "arrived_at_ms",
        ]));
    tx.query_all(&insert).await?.iter().map(store::read_item).collect()
}
