//! MERGE and the report of what MERGE and SAVE did. The report is a note in the memory of the person with
//! the bot, so that it survives waits and restarts.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, BasicError, Effect, KeywordDecl, Result, Value, ValueObject, ops};
use botserver_db::Tx;
use botserver_runtime::{CallContext, Keyword};

use super::arguments::{actor, object, row_of, rows_of, table_name};
use crate::{Actor, Changes, DataService, Row};

/// MERGE in all its forms.
pub(super) fn merge(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "MERGE",
        &[
            "MERGE table:word WITH rows:expr BY key:word [ON connection:word]",
            "MERGE table:word , rows:expr , key:expr [, columns:expr] [ON connection:word]",
            "MERGE INTO table:word WITH rows:expr BY key:word [ON connection:word]",
            "MERGE INTO table:word ON match:values WITH assigns:values",
        ],
        Effect::Local,
        "Inserts the rows whose key is new and updates the others; gives {inserted, updated, unchanged, total}.",
        "MERGE \"products\" WITH items BY \"sku\"",
    )
    .returning();
    Keyword::local(decl, move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move { run(&service, cx, tx, &args).await })
    })
}

async fn run(service: &DataService, cx: &CallContext, tx: &Tx, args: &Args) -> Result<Value> {
    let actor = actor(cx);
    let table = table_name(args)?;
    let (rows, keys) = match (args.get("match"), args.get("assigns")) {
        (Some(Arg::Assignments(pairs)), Some(Arg::Assignments(set))) => {
            let mut row = row_of(pairs, actor)?;
            let keys: Vec<String> = row.keys().map(ToString::to_string).collect();
            row.extend(row_of(set, actor)?);
            (vec![row], keys)
        }
        _ => (rows_of(&args.value("rows"))?, names(&args.value("key"))?),
    };
    if keys.is_empty() {
        return Err(BasicError::invalid("MERGE needs the column that identifies a row"));
    }
    let wanted = match args.get("columns") {
        Some(_) => Some(names(&args.value("columns"))?),
        None => None,
    };
    let rows: Vec<Row> = match wanted {
        None => rows,
        Some(wanted) => rows.into_iter().map(|row| only(row, &wanted, &keys)).collect(),
    };
    if let Some(key) = rows.iter().find_map(|row| keys.iter().find(|key| !has(row, key))) {
        return Err(BasicError::invalid(format!("a row of MERGE has no `{key}`")));
    }
    let changes = service.merge(tx, actor, &table, &rows, &keys).await?;
    count_in_report(service, actor, tx, cx, &table, changes).await?;
    Ok(object([
        ("inserted", Value::Int(changes.inserted as i64)),
        ("updated", Value::Int(changes.updated as i64)),
        ("unchanged", Value::Int(changes.unchanged as i64)),
        ("total", Value::Int((changes.inserted + changes.updated + changes.unchanged) as i64)),
    ]))
}

fn names(value: &Value) -> Result<Vec<String>> {
    let texts: Vec<String> = match value {
        Value::Array(items) => items.iter().map(ops::to_text).collect(),
        value => ops::to_text(value).split(',').map(str::to_owned).collect(),
    };
    Ok(texts.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

fn has(row: &Row, name: &str) -> bool {
    row.keys().any(|own| own.eq_ignore_ascii_case(name))
}

fn only(row: Row, wanted: &[String], keys: &[String]) -> Row {
    let keep = |name: &str| wanted.iter().chain(keys).any(|own| own.eq_ignore_ascii_case(name));
    row.into_iter().filter(|(name, _)| keep(name)).collect()
}

/// Adds to the report of this conversation's person.
pub(super) async fn count_in_report(
    service: &DataService,
    actor: Actor<'_>,
    tx: &Tx,
    cx: &CallContext,
    table: &str,
    changes: Changes,
) -> Result<()> {
    let key = report_key(cx);
    let mut report = match service.report(tx, actor, &key).await? {
        Value::Object(report) => report,
        _ => ValueObject::new(),
    };
    let old = report.get(table).cloned().unwrap_or(Value::Null);
    let count = |name: &str| match &old {
        Value::Object(fields) => match fields.get(name) {
            Some(Value::Int(count)) => *count,
            _ => 0,
        },
        _ => 0,
    };
    let new = object([
        ("inserted", Value::Int(count("inserted") + changes.inserted as i64)),
        ("updated", Value::Int(count("updated") + changes.updated as i64)),
        ("unchanged", Value::Int(count("unchanged") + changes.unchanged as i64)),
    ]);
    report.insert(Arc::from(table), new);
    service.save_report(tx, actor, &key, &Value::Object(report)).await?;
    Ok(())
}

/// One report per conversation; jobs share the one of their bot.
fn report_key(cx: &CallContext) -> String {
    cx.conversation_id.map_or_else(|| "report job".to_owned(), |id| format!("report {id}"))
}

/// REPORT.
pub(super) fn report(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "REPORT",
        &["REPORT"],
        Effect::Read,
        "What SAVE and MERGE did since RESET REPORT, one line per table.",
        "TALK REPORT",
    )
    .returning();
    Keyword::read(decl, move |cx, _| {
        let service = service.clone();
        Box::pin(async move {
            let report = service.read_report(actor(cx), &report_key(cx)).await?;
            Ok(Value::text(lines(&report)))
        })
    })
}

fn lines(report: &Value) -> String {
    let Value::Object(tables) = report else { return String::new() };
    let count = |fields: &ValueObject, name: &str| fields.get(name).map(ops::to_text).unwrap_or_default();
    tables
        .iter()
        .filter_map(|(table, fields)| match fields {
            Value::Object(fields) => Some(format!(
                "{table}: {} inserted, {} updated, {} unchanged",
                count(fields, "inserted"),
                count(fields, "updated"),
                count(fields, "unchanged")
            )),
            _ => None,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// RESET REPORT.
pub(super) fn reset_report(service: DataService) -> Keyword {
    let decl =
        KeywordDecl::new("RESET REPORT", &["RESET REPORT"], Effect::Local, "Begins a new report.", "RESET REPORT");
    Keyword::local(decl, move |cx, tx, _| {
        let service = service.clone();
        Box::pin(async move {
            service.save_report(tx, actor(cx), &report_key(cx), &Value::Null).await?;
            Ok(Value::Null)
        })
    })
}
