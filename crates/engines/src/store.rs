//! All queries of the engine, except the batched commit and the batched inbox.

use botserver_db::{ConnectionTrait, OrgScope, QueryResult, Tx, row};
use botserver_kernel::{BotId, OrgId, PersonId};
use sea_orm::DbErr;
use sea_query::{Cond, Expr, ExprTrait, Order, Query, Value};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    CommittedEvent, Error, EventText, Execution, InboxItem, ItemKind, ItemState, Lane, LaneId, NewLane, Result, Status,
    Wait,
};

/// Makes a lane, in the transaction that makes what it belongs to.
pub async fn insert_lane(tx: &Tx, lane: &NewLane, now_ms: i64) -> Result<(), DbErr> {
    let scope = OrgScope(lane.org_id);
    let mut insert = scope.insert(
        "engine_lanes",
        &["id", "bot_id", "person_id", "kind", "channel", "version", "last_seq", "created_at_ms", "updated_at_ms"],
    );
    insert.values_panic(scope.values([
        lane.id.0.into(),
        lane.bot_id.uuid().into(),
        lane.person_id.map(PersonId::uuid).into(),
        lane.kind.into(),
        lane.channel.clone().into(),
        0_i64.into(),
        0_i64.into(),
        now_ms.into(),
        now_ms.into(),
    ]));
    tx.execute(&insert).await.map(drop)
}

/// Removes lanes with everything that belongs to them.
pub async fn delete_lanes(tx: &Tx, org_id: OrgId, lanes: &[LaneId]) -> Result<(), DbErr> {
    let scope = OrgScope(org_id);
    let ids = || lanes.iter().map(|lane| Value::from(lane.0));
    let executions =
        scope.select("engine_executions").column("id").and_where(Expr::col("lane_id").is_in(ids())).to_owned();
    tx.execute(scope.delete("engine_journal").and_where(Expr::col("execution_id").in_subquery(executions))).await?;
    for table in ["engine_executions", "engine_inbox", "engine_outbox", "engine_timers"] {
        tx.execute(scope.delete(table).and_where(Expr::col("lane_id").is_in(ids()))).await?;
    }
    tx.execute(scope.delete("engine_lanes").and_where(Expr::col("id").is_in(ids()))).await.map(drop)
}

/// The committed events of a lane after a number, oldest first.
pub async fn events(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    lane: LaneId,
    after: i64,
    limit: u64,
) -> Result<Vec<CommittedEvent>> {
    let mut select = OrgScope(org_id).select("engine_outbox");
    select
        .columns(["seq", "at_ms", "payload"])
        .and_where(Expr::col("lane_id").eq(lane.0))
        .and_where(Expr::col("seq").gt(after))
        .order_by("seq", Order::Asc)
        .limit(limit);
    let rows = connection.query_all(&select).await.map_err(Error::statement("reading events"))?;
    rows.iter()
        .map(|found| {
            let event = EventText::from_text(row(found, "payload")?).map_err(|error| DbErr::Type(error.to_string()))?;
            Ok(CommittedEvent { seq: row(found, "seq")?, at_ms: row(found, "at_ms")?, event })
        })
        .collect::<Result<_, DbErr>>()
        .map_err(Error::statement("reading events"))
}

/// The number of the newest event of a lane; 0 when it has none.
pub async fn newest_seq(connection: &impl ConnectionTrait, org_id: OrgId, lane: LaneId) -> Result<i64> {
    let mut select = OrgScope(org_id).select("engine_lanes");
    select.column("last_seq").and_where(Expr::col("id").eq(lane.0));
    let found = connection.query_one(&select).await.map_err(Error::statement("reading a conversation"))?;
    match found {
        Some(found) => row(&found, "last_seq").map_err(Error::statement("reading a conversation")),
        None => Ok(0),
    }
}

/// A run that waits for the person's next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// The run.
    pub execution: Uuid,
    /// How many of its snapshots are committed: once it has gone on there is one more.
    pub turn: i32,
    /// Another run waits for its result.
    pub is_child: bool,
}

/// The run of a lane that waits for the person, if one does; one that another waits for comes first.
pub async fn hearing(connection: &impl ConnectionTrait, org_id: OrgId, lane: LaneId) -> Result<Option<Hearing>> {
    let broken = || Error::statement("looking for a question");
    let mut select = OrgScope(org_id).select("engine_executions");
    select
        .columns(["id", "turn", "parent_id"])
        .and_where(Expr::col("lane_id").eq(lane.0))
        .and_where(Expr::col("status").eq("waiting"))
        .and_where(Expr::col("wait_kind").eq("input"));
    let rows = connection.query_all(&select).await.map_err(broken())?;
    let read = |found: &QueryResult| {
        let parent: Option<Uuid> = row(found, "parent_id")?;
        Ok(Hearing { execution: row(found, "id")?, turn: row(found, "turn")?, is_child: parent.is_some() })
    };
    let found = rows.iter().map(read).collect::<Result<Vec<_>, DbErr>>().map_err(broken())?;
    Ok(found.iter().find(|own| own.is_child).or(found.first()).copied())
}

/// The row of an item by its sender's id, and where it stands.
pub(crate) async fn find_item(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    lane: LaneId,
    channel: &str,
    channel_message_id: &str,
) -> Result<Option<(Uuid, ItemState)>> {
    let mut select = OrgScope(org_id).select("engine_inbox");
    select
        .columns(["id", "status"])
        .and_where(Expr::col("lane_id").eq(lane.0))
        .and_where(Expr::col("channel").eq(channel))
        .and_where(Expr::col("channel_message_id").eq(channel_message_id));
    let Some(found) = connection.query_one(&select).await.map_err(Error::statement("finding a message"))? else {
        return Ok(None);
    };
    let read = || Ok((row(&found, "id")?, ItemState::read(&row::<String>(&found, "status")?)));
    read().map(Some).map_err(Error::statement("finding a message"))
}

/// True while the turn of an item sleeps in a short WAIT that ends before `latest_ms`.
pub(crate) async fn sleeps_for(
    connection: &impl ConnectionTrait,
    lane: LaneId,
    channel_message_id: &str,
    latest_ms: i64,
) -> Result<bool> {
    let select = Query::select()
        .column("payload")
        .from("engine_timers")
        .and_where(Expr::col("lane_id").eq(lane.0))
        .and_where(Expr::col("kind").eq("wake"))
        .and_where(Expr::col("status").eq("armed"))
        .and_where(Expr::col("due_ms").lte(latest_ms))
        .to_owned();
    let rows = connection.query_all(&select).await.map_err(Error::statement("reading timers"))?;
    let names = |found| {
        let payload: Json = serde_json::from_str(&row::<String>(found, "payload").ok()?).ok()?;
        payload.get("item")?.as_str().map(|item| item == channel_message_id)
    };
    Ok(rows.iter().any(|found| names(found) == Some(true)))
}

/// The package versions that some execution of a bot still runs or waits in.
pub async fn waiting_versions(connection: &impl ConnectionTrait, org_id: OrgId, bot_id: BotId) -> Result<Vec<String>> {
    let mut select = OrgScope(org_id).select("engine_executions");
    select
        .distinct()
        .column("program_version")
        .and_where(Expr::col("bot_id").eq(bot_id.uuid()))
        .and_where(Expr::col("status").is_in(["running", "waiting"]));
    let rows = connection.query_all(&select).await.map_err(Error::statement("reading versions in use"))?;
    rows.iter()
        .map(|found| row(found, "program_version"))
        .collect::<Result<_, DbErr>>()
        .map_err(Error::statement("reading versions in use"))
}

/// The messages of a lane that no turn has ended yet, in arrival order.
pub async fn queued_items(connection: &impl ConnectionTrait, lane: LaneId) -> Result<Vec<InboxItem>> {
    let select = Query::select()
        .columns(["id", "org_id", "lane_id", "kind", "channel_message_id", "payload", "status", "arrived_at_ms"])
        .from("engine_inbox")
        .and_where(Expr::col("lane_id").eq(lane.0))
        .and_where(Expr::col("status").is_in(["queued", "taken"]))
        .order_by_expr(Expr::cust("CASE status WHEN 'taken' THEN 0 ELSE 1 END"), Order::Asc)
        .order_by("arrived_at_ms", Order::Asc)
        .order_by("id", Order::Asc)
        .to_owned();
    let rows = connection.query_all(&select).await.map_err(Error::statement("reading the inbox"))?;
    rows.iter().map(read_item).collect::<Result<_, DbErr>>().map_err(Error::statement("reading the inbox"))
}

pub(crate) fn read_item(found: &QueryResult) -> Result<InboxItem, DbErr> {
    let kind: String = row(found, "kind")?;
    let payload: String = row(found, "payload")?;
    let status: String = row(found, "status")?;
    Ok(InboxItem {
        id: row(found, "id")?,
        org_id: OrgId::new(row(found, "org_id")?),
        lane_id: LaneId(row(found, "lane_id")?),
        kind: ItemKind::read(&kind).ok_or_else(|| DbErr::Type(format!("inbox kind `{kind}`")))?,
        channel_message_id: row(found, "channel_message_id")?,
        payload: serde_json::from_str(&payload).map_err(|error| DbErr::Type(error.to_string()))?,
        arrived_at_ms: row(found, "arrived_at_ms")?,
        taken: status == "taken",
    })
}

/// A lane with the executions that run or wait in it.
pub(crate) async fn load_lane(connection: &impl ConnectionTrait, id: LaneId) -> Result<Option<Lane>> {
    let select = Query::select()
        .columns(["org_id", "bot_id", "person_id", "channel", "version", "last_seq", "state"])
        .from("engine_lanes")
        .and_where(Expr::col("id").eq(id.0))
        .to_owned();
    let operation = "reading a conversation";
    let Some(found) = connection.query_one(&select).await.map_err(Error::statement(operation))? else {
        return Ok(None);
    };
    let mut lane = read_lane(&found, id).map_err(Error::statement(operation))?;
    let select = Query::select()
        .columns([
            "id",
            "parent_id",
            "kind",
            "program",
            "program_version",
            "status",
            "wait_kind",
            "wait_key",
            "wait_due_ms",
            "turn",
            "snapshot",
            "item_id",
            "error",
        ])
        .from("engine_executions")
        .and_where(Expr::col("lane_id").eq(id.0))
        .and_where(Expr::col("status").is_in(["running", "waiting"]))
        .order_by("id", Order::Asc)
        .to_owned();
    let rows = connection.query_all(&select).await.map_err(Error::statement(operation))?;
    lane.executions =
        rows.iter().map(read_execution).collect::<Result<_, DbErr>>().map_err(Error::statement(operation))?;
    Ok(Some(lane))
}

fn read_lane(found: &QueryResult, id: LaneId) -> Result<Lane, DbErr> {
    let state: Option<String> = row(found, "state")?;
    Ok(Lane {
        id,
        org_id: OrgId::new(row(found, "org_id")?),
        bot_id: BotId::new(row(found, "bot_id")?),
        person_id: row::<Option<Uuid>>(found, "person_id")?.map(PersonId::new),
        channel: row(found, "channel")?,
        version: row(found, "version")?,
        last_seq: row(found, "last_seq")?,
        state: match state {
            Some(text) => serde_json::from_str(&text).map_err(|error| DbErr::Type(error.to_string()))?,
            None => serde_json::Map::new(),
        },
        executions: Vec::new(),
        cold: true,
    })
}

fn read_execution(found: &QueryResult) -> Result<Execution, DbErr> {
    let status: String = row(found, "status")?;
    let wait_kind: Option<String> = row(found, "wait_kind")?;
    let wait = match wait_kind {
        Some(kind) => Wait::read(&kind, row(found, "wait_key")?, row(found, "wait_due_ms")?),
        None => None,
    };
    Ok(Execution {
        id: row(found, "id")?,
        parent_id: row(found, "parent_id")?,
        kind: row(found, "kind")?,
        program: row(found, "program")?,
        program_version: row(found, "program_version")?,
        status: Status::read(&status).ok_or_else(|| DbErr::Type(format!("execution status `{status}`")))?,
        wait,
        turn: row(found, "turn")?,
        snapshot: row(found, "snapshot")?,
        item_id: row(found, "item_id")?,
        error: row(found, "error")?,
        stored: true,
    })
}

/// The outcomes that a turn which died has journaled already, by number.
pub(crate) async fn journal(
    connection: &impl ConnectionTrait,
    execution: Uuid,
    turn: i32,
) -> Result<std::collections::HashMap<i32, String>> {
    let select = Query::select()
        .columns(["number", "outcome"])
        .from("engine_journal")
        .and_where(Expr::col("execution_id").eq(execution))
        .and_where(Expr::col("turn").eq(turn))
        .to_owned();
    let rows = connection.query_all(&select).await.map_err(Error::statement("reading the journal"))?;
    rows.iter()
        .map(|found| Ok((row(found, "number")?, row(found, "outcome")?)))
        .collect::<Result<_, DbErr>>()
        .map_err(Error::statement("reading the journal"))
}

/// Lanes in which something is left to do after a restart.
pub(crate) async fn unfinished_lanes(connection: &impl ConnectionTrait) -> Result<Vec<LaneId>> {
    let mut select = Query::select();
    select
        .distinct()
        .column("lane_id")
        .from("engine_inbox")
        .cond_where(Cond::all().add(Expr::col("status").is_in(["queued", "taken"])));
    let mut running = Query::select();
    running.distinct().column("lane_id").from("engine_executions").and_where(Expr::col("status").eq("running"));
    select.union(sea_query::UnionType::Distinct, running);
    let rows = connection.query_all(&select).await.map_err(Error::statement("looking for unfinished turns"))?;
    rows.iter()
        .map(|found| Ok(LaneId(row(found, "lane_id")?)))
        .collect::<Result<_, DbErr>>()
        .map_err(Error::statement("looking for unfinished turns"))
}

/// Takes a queued message back; false when a turn has it already.
pub(crate) async fn withdraw(tx: &Tx, org_id: OrgId, lane: LaneId, item: Uuid) -> Result<bool, DbErr> {
    let mut update = OrgScope(org_id).update("engine_inbox");
    update
        .value("status", "withdrawn")
        .and_where(Expr::col("id").eq(item))
        .and_where(Expr::col("lane_id").eq(lane.0))
        .and_where(Expr::col("status").eq("queued"));
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}
