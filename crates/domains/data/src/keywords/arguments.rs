//! Reading arguments: who acts, which table, which condition, which rows.

use std::sync::Arc;

use botserver_basic_syntax::{parse_filter_with, parse_order};
use botserver_basic_types::{
    Arg, Args, Assignment, BasicError, BinaryOp, DataExpr, OrderBy, Result, Value, ValueObject, ops,
};
use botserver_runtime::{CallContext, TYPED_TEXTS};

use crate::{Actor, DataService, Error, Row, fold::fold};

/// Rows that FIND gives at most, unless `database-max-rows` says otherwise.
const MAX_ROWS: u64 = 10_000;

/// For whom a keyword runs.
pub fn actor(cx: &CallContext) -> Actor<'_> {
    let max_rows = cx.config.integer("database-max-rows").and_then(|most| u64::try_from(most).ok());
    let max_rows = max_rows.unwrap_or(MAX_ROWS);
    let offset_minutes = (cx.time_zone.to_offset(cx.now).seconds() / 60) as i16;
    Actor { principal: &cx.principal, bot_id: cx.bot_id, now: cx.now, offset_minutes, max_rows }
}

/// The table that an argument names. `ON "connection"` puts the connection in front.
pub(super) fn table_name(args: &Args) -> Result<String> {
    let name = args.required_text("table")?;
    Ok(match args.text("connection").trim() {
        "" => name,
        connection => format!("{connection}.{name}"),
    })
}

/// The condition of WHERE, WITH or the second argument; `None` where none is written or it is empty.
pub(super) async fn condition(
    service: &DataService,
    actor: Actor<'_>,
    table: &str,
    args: &Args,
) -> Result<Option<DataExpr>> {
    let mut all: Option<DataExpr> = None;
    let typed = typed(args);
    for (name, arg) in &args.0 {
        let own = match (&**name, arg) {
            (
                "where" | "filter" | "with",
                Arg::Condition(DataExpr::Value(value @ (Value::Text(_) | Value::Object(_)))),
            ) => {
                // `WHERE "a = 1"` and `WHERE filter` hold a whole filter in a text.
                filter_value(service, actor, table, value, &typed).await?
            }
            ("where" | "filter" | "with", Arg::Condition(expr)) => Some(expr.clone()),
            ("where" | "filter" | "with", Arg::Value(value)) => {
                filter_value(service, actor, table, value, &typed).await?
            }
            ("with" | "where", Arg::Assignments(pairs)) => equalities(pairs),
            _ => continue,
        };
        let Some(own) = own else { continue };
        all = Some(match all {
            None => own,
            Some(before) => DataExpr::Binary(BinaryOp::And, Box::new(before), Box::new(own)),
        });
    }
    all.map(|expr| fold(&expr, actor).map_err(BasicError::from)).transpose()
}

/// A filter given as a value: a text in the filter grammar, an object (every field equal), or the key of a row.
pub(super) async fn filter_value(
    service: &DataService,
    actor: Actor<'_>,
    table: &str,
    value: &Value,
    typed: &[String],
) -> Result<Option<DataExpr>> {
    match value {
        Value::Null => Ok(None),
        Value::Text(text) if text.trim().is_empty() => Ok(None),
        // One word or number is the key of a row (FIND "orders", id): no condition can be written that way.
        Value::Text(text) if is_key_text(text) => {
            let key = text.trim();
            let number = key.parse::<i64>().ok().filter(|number| number.to_string() == key);
            key_equals(service, actor, table, number.map_or_else(|| Value::text(key), Value::Int)).await
        }
        Value::Text(text) => match filter_text(text, typed)? {
            DataExpr::Value(key @ (Value::Int(_) | Value::Float(_) | Value::Text(_))) => {
                key_equals(service, actor, table, key).await
            }
            other => Ok(Some(other)),
        },
        Value::Object(fields) => {
            equalities_of(fields).map(Some).ok_or_else(|| BasicError::invalid("an object without fields is no filter"))
        }
        Value::Int(_) | Value::Float(_) => key_equals(service, actor, table, value.clone()).await,
        _ => Err(BasicError::type_mismatch("a filter is a text, an object, or the key of a row")),
    }
}

/// Reads a filter that was put together in a variable. What people have typed stays a value in it.
pub(super) fn filter_text(text: &str, typed: &[String]) -> Result<DataExpr> {
    parse_filter_with(text, typed)
        .map_err(|error| BasicError::invalid(format!("the filter \"{}\" cannot be read: {error}", shorten(text))))
}

/// The texts that people have typed in this run and that could be taken for a piece of a condition.
pub(super) fn typed(args: &Args) -> Vec<String> {
    match args.get(TYPED_TEXTS) {
        Some(Arg::Values(values)) => values.iter().map(ops::to_text).collect(),
        _ => Vec::new(),
    }
}

fn is_key_text(text: &str) -> bool {
    !text.trim().is_empty()
        && text.trim().chars().all(|character| character.is_alphanumeric() || "_-".contains(character))
}

async fn key_equals(service: &DataService, actor: Actor<'_>, table: &str, value: Value) -> Result<Option<DataExpr>> {
    let key = service.key_column(actor, table).await?;
    Ok(Some(equals(key, DataExpr::Value(value))))
}

fn equals(column: String, value: DataExpr) -> DataExpr {
    DataExpr::Binary(BinaryOp::Equal, Box::new(DataExpr::Column { table: None, name: column }), Box::new(value))
}

/// Every field equal to its value.
pub(super) fn equalities_of(fields: &ValueObject) -> Option<DataExpr> {
    let pairs: Vec<Assignment> = fields
        .iter()
        .map(|(column, value)| Assignment { column: column.to_string(), value: DataExpr::Value(value.clone()) })
        .collect();
    equalities(&pairs)
}

/// `a = x, b = y` as a condition.
fn equalities(pairs: &[Assignment]) -> Option<DataExpr> {
    pairs
        .iter()
        .map(|pair| equals(pair.column.clone(), pair.value.clone()))
        .reduce(|left, right| DataExpr::Binary(BinaryOp::And, Box::new(left), Box::new(right)))
}

/// A condition that must be there, because without it every row would be meant.
pub(super) fn required(condition: Option<DataExpr>, keyword: &str) -> Result<DataExpr> {
    condition.ok_or_else(|| {
        BasicError::invalid(format!("{keyword} needs a condition that is not empty"))
            .with_help(format!("To mean every row, write {keyword} … WHERE 1 = 1."))
    })
}

/// ORDER BY as keys or as a text.
pub(super) fn order(args: &Args) -> Result<Vec<OrderBy>> {
    match args.get("order") {
        Some(Arg::Order(keys)) => Ok(keys.clone()),
        Some(Arg::Value(Value::Text(text))) => {
            parse_order(text).map_err(|error| BasicError::invalid(format!("ORDER BY cannot be read: {error}")))
        }
        _ => Ok(Vec::new()),
    }
}

/// A count such as LIMIT.
pub(super) fn count(args: &Args, name: &str) -> Result<Option<u64>> {
    match args.value(name) {
        Value::Null => Ok(None),
        Value::Int(value) if value >= 0 => Ok(Some(value as u64)),
        Value::Float(value) if (0.0..1e15).contains(&value) => Ok(Some(value as u64)),
        Value::Text(text) => {
            let number = text.trim().parse::<u64>();
            number.map(Some).map_err(|_| BasicError::invalid(format!("{} must be a number", name.to_uppercase())))
        }
        _ => Err(BasicError::invalid(format!("{} must be a number that is not negative", name.to_uppercase()))),
    }
}

/// Pairs whose values hold no column, as a row. `NOW()` and the like are put in.
pub(super) fn row_of(pairs: &[Assignment], actor: Actor<'_>) -> Result<Row> {
    pairs
        .iter()
        .map(|pair| match fold(&pair.value, actor)? {
            DataExpr::Value(value) => Ok((Arc::from(pair.column.as_str()), value)),
            _ => Err(BasicError::from(Error::Invalid(format!(
                "the value of `{}` names a column, but a new row has none yet",
                pair.column
            )))),
        })
        .collect()
}

/// Rows given as a value: an object, a recordset, or a list of objects. Null is no row (`SAVE "t", list`
/// where the list was never filled does nothing).
pub(super) fn rows_of(value: &Value) -> Result<Vec<Row>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(fields) => Ok(vec![fields.clone()]),
        Value::Rows(rows) => Ok(rows.rows.clone()),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Object(fields) => Ok(fields.clone()),
                Value::Rows(rows) if rows.rows.len() == 1 => Ok(rows.rows[0].clone()),
                other => Err(not_a_row(other)),
            })
            .collect(),
        // JSON as a model or a web service sends it.
        Value::Text(text) if text.trim_start().starts_with(['{', '[']) => {
            let json = serde_json::from_str::<serde_json::Value>(text.trim())
                .map_err(|error| BasicError::invalid(format!("the text is not valid JSON: {error}")))?;
            rows_of(&Value::from_json(&json))
        }
        other => Err(not_a_row(other)),
    }
}

fn not_a_row(value: &Value) -> BasicError {
    BasicError::type_mismatch(format!("a row is an object with fields, not \"{}\"", shorten(&ops::to_text(value))))
}

pub(super) fn shorten(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// An object from names and values.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields: ValueObject = fields.into_iter().map(|(name, value)| (Arc::from(name), value)).collect();
    Value::Object(fields)
}
