//! INSERT: new rows; a key that exists already is an error.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, BasicError, DataExpr, Effect, KeywordDecl, Result, Value};
use botserver_db::Tx;
use botserver_runtime::{CallContext, Keyword};

use super::{
    arguments::{actor, row_of, rows_of, table_name},
    save::nameless,
};
use crate::{DataService, Row, is_csv};

/// INSERT in all its forms.
pub(super) fn insert(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "INSERT",
        &[
            "INSERT INTO table:word [ON connection:word] VALUES value:expr [ON connection:word]",
            "INSERT INTO table:word [ON connection:word] WITH assigns:values [ON connection:word]",
            "INSERT INTO table:word , list:fields [ON connection:word]",
            "INSERT table:word , list:fields [ON connection:word]",
            "INSERT table:word WITH assigns:values [ON connection:word]",
            "INSERT table:word VALUES value:expr [ON connection:word]",
        ],
        Effect::Local,
        "Adds a row, or a list of rows, and gives it back with its key and defaults.",
        "INSERT INTO \"orders\" VALUES { customer: \"Ada\", total: 12.5 }",
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
    let rows = match (args.get("list"), args.get("assigns")) {
        (Some(Arg::Assignments(list)), _) => match list.as_slice() {
            [only] if matches!(&only.value, DataExpr::Value(Value::Object(_) | Value::Array(_) | Value::Rows(_))) => {
                match &only.value {
                    DataExpr::Value(value) => rows_of(value)?,
                    _ => Vec::new(),
                }
            }
            // Values by position, as the columns are declared.
            many => {
                let mut columns = service.column_names(tx, actor, &table).await?;
                if columns.is_empty() && is_csv(&table) {
                    // A new file: its columns are called like the variables.
                    columns = many.iter().map(|pair| pair.column.clone()).collect();
                    if let Some(at) = columns.iter().position(String::is_empty) {
                        return Err(nameless("INSERT INTO", &table, at));
                    }
                }
                if many.len() > columns.len() {
                    return Err(BasicError::invalid(format!(
                        "INSERT gives {} values, but `{table}` has {} columns",
                        many.len(),
                        columns.len()
                    )));
                }
                let mut row = Row::new();
                for (column, pair) in columns.iter().zip(many) {
                    let DataExpr::Value(value) = &pair.value else {
                        return Err(BasicError::invalid("a value of INSERT names a column"));
                    };
                    row.insert(Arc::from(column.as_str()), value.clone());
                }
                vec![row]
            }
        },
        (_, Some(Arg::Assignments(pairs))) => vec![row_of(pairs, actor)?],
        _ => rows_of(&args.value("value"))?,
    };
    let mut inserted = service.insert(tx, actor, &table, &rows).await?;
    let count = inserted.len() as i64;
    let mut result = match inserted.len() {
        1 => inserted.remove(0),
        _ => Row::new(),
    };
    let key = service.key_of_saved(actor, tx, &table, &result).await?.map_or(Value::Null, |(_, id)| id);
    for (name, value) in [("id", key), ("success", Value::Bool(true)), ("rows_affected", Value::Int(count))] {
        if !result.keys().any(|own| own.eq_ignore_ascii_case(name)) {
            result.insert(Arc::from(name), value);
        }
    }
    Ok(Value::Object(result))
}
