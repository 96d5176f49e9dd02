//! SAVE: update the row with the same key, or insert it.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, Assignment, BasicError, DataExpr, Effect, KeywordDecl, Result, Value};
use botserver_db::Tx;
use botserver_runtime::{CallContext, Keyword};

use super::{
    arguments::{actor, object, row_of, rows_of, table_name},
    merge::count_in_report,
};
use crate::{Actor, Changes, DataService, Row, is_csv};

/// SAVE in all its forms.
pub(super) fn save(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "SAVE",
        &[
            "SAVE table:word , values:fields [ON connection:word]",
            "SAVE table:word WITH assigns:values [ON connection:word]",
            "SAVE value:expr TO table:word [ON connection:word]",
            "SAVE table:word values:fields [ON connection:word]",
        ],
        Effect::Local,
        "Writes a row, a list of rows, or values named like the variables they stand in; a row with the same key is \
         replaced field by field. An object without a key learns the one it was saved under.",
        "SAVE \"customers\", customer",
    )
    .returning()
    .teaching_key(&["values", "value"]);
    Keyword::local(decl, move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move { run(&service, cx, tx, &args).await })
    })
}

async fn run(service: &DataService, cx: &CallContext, tx: &Tx, args: &Args) -> Result<Value> {
    let actor = actor(cx);
    let table = table_name(args)?;
    let rows = match (args.get("values"), args.get("assigns")) {
        (Some(Arg::Assignments(values)), _) => positional(service, actor, tx, &table, values).await?,
        (_, Some(Arg::Assignments(pairs))) => vec![row_of(pairs, actor)?],
        _ => rows_of(&args.value("value"))?,
    };
    if rows.is_empty() {
        return Ok(result(&table, None, Changes::default()));
    }
    let (saved, changes) = service.save(tx, actor, &table, &rows).await?;
    count_in_report(service, actor, tx, cx, &table, changes).await?;
    let key = match saved.as_slice() {
        [row] => service.key_of_saved(actor, tx, &table, row).await?,
        _ => None,
    };
    Ok(result(&table, key, changes))
}

fn result(table: &str, key: Option<(String, Value)>, changes: Changes) -> Value {
    let (key, id) = key.map_or((Value::Null, Value::Null), |(name, id)| (Value::text(name), id));
    object([
        ("command", Value::text("save")),
        ("table", Value::text(table)),
        ("key", key),
        ("id", id),
        ("rows_affected", Value::Int((changes.inserted + changes.updated + changes.unchanged) as i64)),
    ])
}

/// `SAVE t, obj`, `SAVE t, id, obj`, `SAVE t, id, a, b` and `SAVE "f.csv", a, b`.
async fn positional(
    service: &DataService,
    actor: Actor<'_>,
    tx: &Tx,
    table: &str,
    values: &[Assignment],
) -> Result<Vec<Row>> {
    let plain: Vec<(&str, Value)> = values
        .iter()
        .map(|pair| match &pair.value {
            DataExpr::Value(value) => Ok((pair.column.as_str(), value.clone())),
            _ => Err(BasicError::invalid("a value of SAVE names a column")),
        })
        .collect::<Result<_>>()?;
    match plain.as_slice() {
        [(_, value)] if is_record(value) || value.is_null() => rows_of(value),
        // The identifier comes first, the object after it.
        [(name, id), (_, value)] if matches!(value, Value::Object(_)) && !is_record(id) => {
            let mut rows = rows_of(value)?;
            let key = service.key_name_for_save(actor, tx, table, name).await?;
            for row in &mut rows {
                if !id.is_null() && !row.keys().any(|own| own.eq_ignore_ascii_case(&key)) {
                    row.insert(Arc::from(key.as_str()), id.clone());
                }
            }
            Ok(rows)
        }
        many => {
            let columns = service.column_names(tx, actor, table).await.unwrap_or_default();
            let mut row = Row::new();
            for (index, (name, value)) in many.iter().enumerate() {
                // Named like its variable; a value without a name takes the column at its position.
                let known = columns.iter().find(|own| own.eq_ignore_ascii_case(name));
                let by_position = || columns.get(index).filter(|own| !row.contains_key(own.as_str()));
                let column = match (known, name.is_empty()) {
                    (Some(known), _) => known.clone(),
                    (None, true) => by_position().cloned().ok_or_else(|| nameless("SAVE", table, index))?,
                    // The first value is the key, whatever its variable is called.
                    (None, false) if index == 0 && !columns.is_empty() && !is_csv(table) => columns[0].clone(),
                    (None, false) => (*name).to_owned(),
                };
                row.insert(Arc::from(column), value.clone());
            }
            Ok(vec![row])
        }
    }
}

pub(super) fn nameless(keyword: &str, table: &str, index: usize) -> BasicError {
    BasicError::invalid(format!("value {} of {keyword} \"{table}\" has no name, so its column is not known", index + 1))
        .with_help(format!("Put it into a variable named like the column, or write {keyword} … WITH column = value."))
}

const fn is_record(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Array(_) | Value::Rows(_))
}
