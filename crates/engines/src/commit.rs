//! Committing turns: the check of all lanes in one statement (the version is the expected one, the item has not had
//! its turn), then one multi-row statement per table for the winners. Losers change nothing and are run again alone.

use std::{collections::HashMap, sync::Arc};

use botserver_db::{ConnectionTrait, Dialect, Statements, Tx, row};
use botserver_kernel::{BotId, OrgId, PersonId};
use sea_orm::{DbErr, Statement};
use sea_query::{Expr, ExprTrait, OnConflict, Query, Value};
use uuid::Uuid;

use crate::{
    Execution, LaneId, NewEvent, Note, TimerRow,
    accept::{Arriving, DONE, NO_PAYLOAD, insert_items},
};

/// Everything one turn, or one checkpoint of it, changes.
#[derive(Clone, Debug)]
pub struct TurnCommit {
    /// The lane.
    pub lane_id: LaneId,
    /// Whose.
    pub org_id: OrgId,
    /// The bot.
    pub bot_id: BotId,
    /// The person, if there is one.
    pub person_id: Option<PersonId>,
    /// The version the turn began from.
    pub expected_version: i64,
    /// The new state document, if it changed.
    pub state: Option<String>,
    /// The events, in order; they get their numbers here.
    pub events: Vec<NewEvent>,
    /// Executions that began, moved or ended.
    pub executions: Vec<Execution>,
    /// What becomes of the item of this turn.
    pub item: Option<ItemStep>,
    /// Timers to arm.
    pub timers: Vec<TimerRow>,
    /// Executions whose timers are not needed any more.
    pub disarm: Vec<Uuid>,
    /// Executions whose journal this commit makes obsolete.
    pub forget_journal: Vec<Uuid>,
    /// What rooms add to it, for their extensions.
    pub notes: Vec<Note>,
    /// Unix milliseconds.
    pub at_ms: i64,
}

/// What a commit does with the item of its turn.
#[derive(Clone, Debug)]
pub struct ItemStep {
    /// Its row.
    pub id: Uuid,
    /// Its status from now on: `taken` or `done`.
    pub status: &'static str,
    /// The row, when this commit stores it.
    pub(crate) new: Option<Arriving>,
}

impl ItemStep {
    /// A step of an item that is stored.
    pub const fn stored(id: Uuid, status: &'static str) -> Self {
        Self { id, status, new: None }
    }
}

/// Rows that a domain adds to the turns of a batch, with multi-row statements of its own store.
pub trait CommitExtension: Send + Sync {
    /// Adds them; the number of the first event of each turn stands beside it.
    fn extend(&self, turns: &[(&TurnCommit, i64)], statements: &mut Statements) -> Result<(), DbErr>;
}

/// Rows per INSERT: stays below SQLite's 32,766 bound values for the widest table.
const ROWS: usize = 1_000;

/// Commits a batch; answers, for each turn, the lane's newest event number, or `None` when the version had moved, or
/// the item had its turn, was taken back, or is new here and stored already.
pub async fn commit_turns(
    tx: &Tx,
    dialect: Dialect,
    turns: &[TurnCommit],
    extensions: &[Arc<dyn CommitExtension>],
) -> Result<Vec<Option<i64>>, DbErr> {
    let advanced = advance_lanes(tx, dialect, turns).await?;
    let outcome: Vec<Option<i64>> = turns.iter().map(|turn| advanced.get(&turn.lane_id.0).copied()).collect();
    let winners: Vec<(&TurnCommit, i64)> = turns
        .iter()
        .zip(&outcome)
        .filter_map(|(turn, last)| last.map(|last| (turn, last - turn.events.len() as i64 + 1)))
        .collect();
    if winners.is_empty() {
        return Ok(outcome);
    }
    let mut statements = Statements::new(tx);
    insert_events(&mut statements, &winners);
    upsert_executions(&mut statements, &winners);
    move_items(&mut statements, &winners);
    change_timers(&mut statements, &winners);
    let forgotten: Vec<Value> =
        winners.iter().flat_map(|(turn, _)| &turn.forget_journal).map(|id| Value::from(*id)).collect();
    if !forgotten.is_empty() {
        let mut delete = Query::delete();
        delete.from_table("engine_journal").and_where(Expr::col("execution_id").is_in(forgotten));
        statements.push(&delete);
    }
    for extension in extensions {
        extension.extend(&winners, &mut statements)?;
    }
    statements.run(tx).await?;
    Ok(outcome)
}

/// One `UPDATE … FROM (VALUES …)` over all lanes whose version is still the expected one and whose item is open.
async fn advance_lanes(tx: &Tx, dialect: Dialect, turns: &[TurnCommit]) -> Result<HashMap<Uuid, i64>, DbErr> {
    let mut values: Vec<Value> = Vec::with_capacity(turns.len() * 8);
    let mut rows = String::new();
    for (index, turn) in turns.iter().enumerate() {
        if index > 0 {
            rows.push(',');
        }
        let row = match dialect {
            Dialect::Sqlite => "(?,?,?,?,?,?,?,?)".to_owned(),
            Dialect::Postgres => {
                let types = ["uuid", "bigint", "bigint", "text", "bigint", "uuid", "text", "text"];
                let numbered = types.iter().zip(index * types.len() + 1..);
                let columns: Vec<String> = numbered.map(|(name, number)| format!("${number}::{name}")).collect();
                format!("({})", columns.join(","))
            }
        };
        rows.push_str(&row);
        let new = turn.item.as_ref().and_then(|item| item.new.as_ref());
        values.extend([
            turn.lane_id.0.into(),
            turn.expected_version.into(),
            (turn.events.len() as i64).into(),
            turn.state.clone().into(),
            turn.at_ms.into(),
            turn.item.as_ref().map(|item| item.id).into(),
            new.map(|arriving| arriving.channel.as_str()).into(),
            new.map(|arriving| arriving.item.channel_message_id.as_str()).into(),
        ]);
    }
    let sql = format!(
        "WITH step(lane, expected, added, doc, at, item, channel, new) AS (VALUES {rows}) \
         UPDATE engine_lanes SET version = version + 1, last_seq = last_seq + step.added, \
         state = COALESCE(step.doc, state), updated_at_ms = step.at \
         FROM step WHERE engine_lanes.id = step.lane AND engine_lanes.version = step.expected \
         AND CASE WHEN step.item IS NULL THEN TRUE \
         WHEN step.new IS NULL THEN EXISTS (SELECT 1 FROM engine_inbox \
         WHERE engine_inbox.id = step.item AND engine_inbox.status IN ('queued', 'taken')) \
         ELSE NOT EXISTS (SELECT 1 FROM engine_inbox WHERE engine_inbox.org_id = engine_lanes.org_id \
         AND engine_inbox.channel = step.channel AND engine_inbox.channel_message_id = step.new) END \
         RETURNING id, last_seq"
    );
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    tx.query_all_raw(statement).await?.iter().map(|found| Ok((row(found, "id")?, row(found, "last_seq")?))).collect()
}

fn insert_events(statements: &mut Statements, winners: &[(&TurnCommit, i64)]) {
    let rows: Vec<_> = winners
        .iter()
        .flat_map(|(turn, first)| turn.events.iter().zip(*first..).map(move |(event, seq)| (turn, seq, event)))
        .collect();
    for chunk in rows.chunks(ROWS) {
        let mut insert = Query::insert();
        insert.into_table("engine_outbox").columns(["lane_id", "seq", "org_id", "payload", "at_ms"]);
        for (turn, seq, event) in chunk {
            insert.values_panic([
                Expr::value(turn.lane_id.0),
                Expr::value(*seq),
                Expr::value(turn.org_id.uuid()),
                Expr::value(event.text.as_str()),
                Expr::value(turn.at_ms),
            ]);
        }
        statements.push(&insert);
    }
}

fn upsert_executions(statements: &mut Statements, winners: &[(&TurnCommit, i64)]) {
    let rows: Vec<_> = winners
        .iter()
        .flat_map(|(turn, _)| turn.executions.iter().map(move |execution| (turn, execution)))
        // What began and ended within one commit leaves no row: nothing can ask for it again.
        .filter(|(_, execution)| execution.stored || !execution.status.is_over())
        .collect();
    for chunk in rows.chunks(ROWS) {
        let mut insert = Query::insert();
        insert.into_table("engine_executions").columns([
            "id",
            "org_id",
            "lane_id",
            "bot_id",
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
            "updated_at_ms",
        ]);
        for (turn, execution) in chunk {
            let (wait_kind, wait_key, wait_due_ms) = match &execution.wait {
                Some(wait) => {
                    let (kind, key, due) = wait.columns();
                    (Some(kind), key, due)
                }
                None => (None, None, None),
            };
            insert.values_panic([
                Expr::value(execution.id),
                Expr::value(turn.org_id.uuid()),
                Expr::value(turn.lane_id.0),
                Expr::value(turn.bot_id.uuid()),
                Expr::value(execution.parent_id),
                Expr::value(execution.kind.as_str()),
                Expr::value(execution.program.as_str()),
                Expr::value(execution.program_version.as_str()),
                Expr::value(execution.status.word()),
                Expr::value(wait_kind),
                Expr::value(wait_key),
                Expr::value(wait_due_ms),
                Expr::value(execution.turn),
                Expr::value(execution.snapshot.clone()),
                Expr::value(execution.item_id),
                Expr::value(execution.error.clone()),
                Expr::value(turn.at_ms),
            ]);
        }
        insert.on_conflict(
            OnConflict::column("id")
                .update_columns([
                    "status",
                    "wait_kind",
                    "wait_key",
                    "wait_due_ms",
                    "turn",
                    "snapshot",
                    "item_id",
                    "error",
                    "updated_at_ms",
                ])
                .to_owned(),
        );
        statements.push(&insert);
    }
}

fn move_items(statements: &mut Statements, winners: &[(&TurnCommit, i64)]) {
    let items = || winners.iter().filter_map(|(turn, _)| turn.item.as_ref());
    for status in ["taken", DONE] {
        let stored: Vec<Value> = items()
            .filter(|item| item.new.is_none() && item.status == status)
            .map(|item| Value::from(item.id))
            .collect();
        if !stored.is_empty() {
            let mut update = Query::update();
            update.table("engine_inbox").value("status", status).and_where(Expr::col("id").is_in(stored));
            if status == DONE {
                update.value("payload", NO_PAYLOAD);
            }
            statements.push(&update);
        }
    }
    let new: Vec<_> = items().filter_map(|item| Some((item.new.as_ref()?, item.status))).collect();
    if !new.is_empty() {
        statements.push(&insert_items(new.into_iter()));
    }
}

fn change_timers(statements: &mut Statements, winners: &[(&TurnCommit, i64)]) {
    let disarmed: Vec<Value> = winners.iter().flat_map(|(turn, _)| &turn.disarm).map(|id| Value::from(*id)).collect();
    if !disarmed.is_empty() {
        let mut update = Query::update();
        update
            .table("engine_timers")
            .value("status", "cancelled")
            .and_where(Expr::col("execution_id").is_in(disarmed))
            .and_where(Expr::col("status").eq("armed"));
        statements.push(&update);
    }
    let rows: Vec<&TimerRow> = winners.iter().flat_map(|(turn, _)| &turn.timers).collect();
    for chunk in rows.chunks(ROWS) {
        let mut insert = Query::insert();
        insert.into_table("engine_timers").columns([
            "id",
            "org_id",
            "lane_id",
            "execution_id",
            "kind",
            "due_ms",
            "payload",
            "status",
        ]);
        for timer in chunk {
            insert.values_panic([
                Expr::value(timer.id),
                Expr::value(timer.org_id.uuid()),
                Expr::value(timer.lane_id.0),
                Expr::value(timer.execution_id),
                Expr::value(timer.kind.as_str()),
                Expr::value(timer.due_ms),
                Expr::value(timer.payload.to_string()),
                Expr::value("armed"),
            ]);
        }
        statements.push(&insert);
    }
}
