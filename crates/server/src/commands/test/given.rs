//! What is there before a conversation: rows of tables and values of memories.

use std::sync::Arc;

use botserver_basic_types::{DataExpr, Value};
use botserver_bot_tests::Given;
use botserver_data::Row;
use botserver_kernel::Principal;

use super::{
    play::{Checked, Wrong},
    stage::Stage,
    tables::{of_the_test, owner},
};

/// Keys that a memory may have in a test.
const MOST_KEYS: u64 = 10_000;

/// Makes it so.
pub(super) async fn give(stage: &Stage, you: &Principal, given: &Given) -> Checked {
    let (data, db) = (stage.assembled().data.clone(), &stage.assembled().db);
    let now = stage.actor(stage.system()).now;
    let (bot_id, offset_minutes, max_rows) = {
        let actor = stage.actor(stage.system());
        (actor.bot_id, actor.offset_minutes, actor.max_rows)
    };
    let principal = match given {
        Given::Memory(..) => you.clone(),
        Given::Rows { .. } | Given::Empty { .. } => stage.system().clone(),
    };
    let given = given.clone();
    let done = db.write("what is given in a test", move |tx| {
        Box::pin(async move {
            let actor = botserver_data::Actor { principal: &principal, bot_id, now, offset_minutes, max_rows };
            match &given {
                Given::Rows { table, columns, rows } => {
                    let rows: Vec<Row> = rows.iter().map(|cells| row(columns, cells)).collect();
                    data.insert(tx, actor, table, &rows).await.map(drop)
                }
                Given::Empty { table } => {
                    data.delete(tx, actor, table, &DataExpr::Value(Value::Bool(true))).await.map(drop)
                }
                Given::Memory(scope, key, text) => {
                    let value = value(text);
                    data.remember(tx, actor, owner(*scope), (key, &value), None, MOST_KEYS).await
                }
            }
        })
    });
    let done: Result<(), botserver_data::Error> = done.await;
    Ok(of_the_test(done)?.map_err(|wrong| Wrong::new(format!("it cannot be given: {}", wrong.message))))
}

/// An empty cell is no value.
fn row(columns: &[String], cells: &[String]) -> Row {
    let pairs = columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
    pairs.map(|(column, cell)| (Arc::from(column.as_str()), Value::text(cell.clone()))).collect()
}

/// A number or a truth value where the text is one.
fn value(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => Value::Int(number),
            (_, Ok(number)) if number.is_finite() => Value::Float(number),
            _ => Value::text(text),
        },
    }
}
