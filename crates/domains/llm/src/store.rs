//! All queries of the room.

use botserver_context::Window;
use botserver_db::{ConnectionTrait, OrgScope, Tx, row};
use botserver_kernel::{BotId, MessageId, OrgId};
use botserver_ports::ModelUsage;
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, Func, Order, Query};
use uuid::Uuid;

use crate::{
    Error, Result,
    records::{CALL_COLUMNS, CALLS, Call, TRACES},
};

/// The day of a call. A constant in the text: PostgreSQL takes a bound value for another expression each time.
const DAY: &str = "at_ms / 86400000";

/// What calls of a bot and a model came to on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// The bot.
    pub bot_id: BotId,
    /// The model.
    pub model: String,
    /// Calls.
    pub calls: i64,
    /// Of these, failed.
    pub failed: i64,
    /// Tokens read, written, and read from the provider's cache.
    pub tokens: ModelUsage,
}

pub(crate) async fn insert_call(
    tx: &Tx,
    call: &Call,
    (org, bot, person, conversation): (OrgId, BotId, Option<Uuid>, Option<Uuid>),
    at_ms: i64,
) -> Result<(), DbErr> {
    let mut insert = Query::insert();
    insert.into_table(CALLS).columns(CALL_COLUMNS).values_panic(call.values(
        org.uuid(),
        bot.uuid(),
        person,
        None,
        conversation,
        at_ms,
    ));
    tx.execute(&insert).await.map(drop)
}

/// By day, newest first, then by bot and model.
pub(crate) async fn usage(connection: &impl ConnectionTrait, org: OrgId, from_ms: i64) -> Result<Vec<UsageRow>> {
    let broken = || Error::statement("adding up usage");
    let day = || Expr::cust(DAY);
    let sum =
        |column: &'static str| Expr::expr(Func::coalesce([Func::sum(Expr::col(column)).into(), Expr::value(0_i64)]));
    let failed = Expr::case(Expr::col("outcome").is_in(["ok", "stopped"]), 0_i64).finally(1_i64);
    let mut select = OrgScope(org).select(CALLS);
    select
        .expr_as(day(), "day")
        .columns(["bot_id", "model"])
        .expr_as(Func::count(Expr::col("id")), "calls")
        .expr_as(Expr::expr(Func::sum(failed)).cast_as("bigint"), "failed")
        .expr_as(sum("input_tokens").cast_as("bigint"), "input")
        .expr_as(sum("output_tokens").cast_as("bigint"), "output")
        .expr_as(sum("cached_tokens").cast_as("bigint"), "cached")
        .and_where(Expr::col("at_ms").gte(from_ms))
        .add_group_by([day(), Expr::col("bot_id"), Expr::col("model")])
        .order_by_expr(day(), Order::Desc)
        .order_by("bot_id", Order::Asc)
        .order_by("model", Order::Asc)
        .limit(2_000);
    let rows = connection.query_all(&select).await.map_err(broken())?;
    let read = |found: &botserver_db::QueryResult| {
        let tokens = |name| row::<i64>(found, name).map(|count| count as u64);
        Ok(UsageRow {
            day: row(found, "day")?,
            bot_id: BotId::new(row(found, "bot_id")?),
            model: row(found, "model")?,
            calls: row(found, "calls")?,
            failed: row(found, "failed")?,
            tokens: ModelUsage { input: tokens("input")?, output: tokens("output")?, cached: tokens("cached")? },
        })
    };
    rows.iter().map(read).collect::<Result<_, DbErr>>().map_err(broken())
}

/// How the window of a message was put together, and in how many answers of the model it came about.
pub(crate) async fn trace(
    connection: &impl ConnectionTrait,
    org: OrgId,
    conversation: Uuid,
    message: MessageId,
) -> Result<Option<(Window, i32)>> {
    let broken = || Error::statement("reading a trace");
    let mut select = OrgScope(org).select(TRACES);
    select
        .columns(["parts", "rounds"])
        .and_where(Expr::col("conversation_id").eq(conversation))
        .and_where(Expr::col("message_id").eq(message.uuid()));
    let Some(found) = connection.query_one(&select).await.map_err(broken())? else { return Ok(None) };
    let text: String = row(&found, "parts").map_err(broken())?;
    let window = serde_json::from_str(&text).map_err(|error| broken()(DbErr::Type(error.to_string())))?;
    Ok(Some((window, row(&found, "rounds").map_err(broken())?)))
}
