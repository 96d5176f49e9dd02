//! UPDATE, SET on rows, and DELETE.

use botserver_basic_types::{Arg, Args, BasicError, DataExpr, Effect, KeywordDecl, Result, Value};
use botserver_db::Tx;
use botserver_runtime::{CallContext, Handler, Keyword};

use super::arguments::{actor, condition, filter_value, required, rows_of, table_name};
use crate::{Actor, DataService, fold::fold};

/// UPDATE in all its forms.
pub(super) fn update(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "UPDATE",
        &[
            "UPDATE table:word SET assigns:assigns [WHERE where:cond] [ON connection:word]",
            "UPDATE table:word WITH assigns:assigns [WHERE where:cond] [ON connection:word]",
            "UPDATE table:word , filter:filter , change:expr [ON connection:word]",
            "UPDATE table:word , filter:filter , columns:fields [ON connection:word]",
            "UPDATE table:word , change:expr [WHERE where:cond] [ON connection:word]",
            "UPDATE table:word change:expr [WHERE where:cond] [ON connection:word]",
        ],
        Effect::Local,
        "Sets columns of the rows that fulfil a condition; gives their number.",
        "UPDATE \"orders\" SET status = \"paid\" WHERE id = 7",
    )
    .returning();
    Keyword::local(decl, move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move { change_rows(&service, cx, tx, &args).await })
    })
}

/// `SET "table", "filter", "f=v"`.
pub(super) fn set_rows(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "SET ROWS",
        &["SET table:word , filter:filter , change:expr"],
        Effect::Local,
        "The old spelling of UPDATE.",
        "SET \"orders\", \"id=7\", \"status=paid\"",
    )
    .returning();
    Keyword::local(decl, move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move { change_rows(&service, cx, tx, &args).await })
    })
}

async fn change_rows(service: &DataService, cx: &CallContext, tx: &Tx, args: &Args) -> Result<Value> {
    let actor = actor(cx);
    let table = table_name(args)?;
    let mut filter = condition(service, actor, &table, args).await?;
    let assigned = args.get("assigns").or_else(|| args.get("columns"));
    let set: Vec<(String, DataExpr)> = match (assigned, args.get("change")) {
        (Some(Arg::Assignments(pairs)), _) => {
            pairs.iter().map(|pair| Ok((pair.column.clone(), fold(&pair.value, actor)?))).collect::<Result<_>>()?
        }
        (_, Some(Arg::Value(Value::Text(text)))) if !text.trim_start().starts_with('{') => text_pairs(text, actor)?,
        (_, Some(Arg::Value(value))) => {
            let rows = rows_of(value)?;
            let [row] = rows.as_slice() else {
                return Err(BasicError::invalid("UPDATE takes one object with the new values"));
            };
            let mut pairs: Vec<(String, DataExpr)> =
                row.iter().map(|(name, value)| (name.to_string(), DataExpr::Value(value.clone()))).collect();
            // UPDATE "t" obj: the object says itself which row it is.
            if filter.is_none() {
                let key = service.key_column(actor, &table).await?;
                if let Some(index) = pairs.iter().position(|(name, _)| name.eq_ignore_ascii_case(&key))
                    && let (_, DataExpr::Value(id)) = pairs.remove(index)
                {
                    let named = Value::Object([(std::sync::Arc::from(key.as_str()), id)].into_iter().collect());
                    filter = filter_value(service, actor, &table, &named, &[]).await?;
                }
            }
            pairs
        }
        _ => return Err(BasicError::invalid("UPDATE sets no column")),
    };
    let filter = required(filter, "UPDATE")?;
    let changed = service.update(tx, actor, &table, &set, &filter).await?;
    Ok(Value::Int(changed as i64))
}

/// `"status=paid, total=5"`.
fn text_pairs(text: &str, actor: Actor<'_>) -> Result<Vec<(String, DataExpr)>> {
    let bad = || BasicError::invalid("the change is written \"column=value\", several separated by commas");
    split_pairs(text)
        .into_iter()
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(bad)?;
            let value = value.trim();
            let unquoted = value
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .or_else(|| value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')));
            let value = match unquoted {
                Some(text) => Value::text(text.replace("''", "'")),
                None if value.eq_ignore_ascii_case("null") => Value::Null,
                None => Value::text(value),
            };
            let column = name.trim().trim_matches(['"', '`', '[', ']']).to_owned();
            Ok((column, fold(&DataExpr::Value(value), actor)?))
        })
        .collect()
}

/// Splits at commas outside quotes that begin a new `name =`.
fn split_pairs(text: &str) -> Vec<String> {
    let mut pairs: Vec<String> = Vec::new();
    let mut quote: Option<char> = None;
    let mut own = String::new();
    for character in text.chars() {
        match (quote, character) {
            (None, ',') => pairs.push(std::mem::take(&mut own)),
            (None, '\'' | '"') => {
                // A quote counts only where a value begins: O'Brien has none.
                if own.trim_end().ends_with('=') {
                    quote = Some(character);
                }
                own.push(character);
            }
            (Some(open), _) if character == open => {
                quote = None;
                own.push(character);
            }
            _ => own.push(character),
        }
    }
    pairs.push(own);
    // A comma inside an unquoted value belongs to it.
    let mut joined: Vec<String> = Vec::new();
    for pair in pairs {
        match joined.last_mut() {
            Some(before) if !pair.contains('=') => {
                before.push(',');
                before.push_str(&pair);
            }
            _ => joined.push(pair),
        }
    }
    joined
}

/// DELETE: an address, a table with a condition, or a file.
pub(super) fn delete(service: DataService, url: Handler, file: Handler) -> Keyword {
    let decl = KeywordDecl::new(
        "DELETE",
        &[
            "DELETE target:word [, filter:filter] [WHERE where:cond] [ON connection:word]",
            "DELETE FROM table:word [, filter:filter] [WHERE where:cond] [ON connection:word]",
        ],
        Effect::Local,
        "Deletes the rows of a table that fulfil a condition, or what stands at a web address.",
        "DELETE \"orders\", \"status=cancelled\"",
    )
    .returning();
    let rows = Handler::Local(std::sync::Arc::new(move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move { delete_rows(&service, cx, tx, args).await })
    }));
    Keyword::choice(decl, which_delete, vec![rows, url, file])
}

/// 0 rows, 1 an address, 2 a file.
fn which_delete(args: &Args) -> usize {
    if args.get("table").is_some() {
        return 0;
    }
    let target = args.value("target");
    let text = target.as_text().unwrap_or_default().trim();
    let starts = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if starts("http://") || starts("https://") {
        return 1;
    }
    let condition = args.get("filter").is_some() || args.get("where").is_some();
    usize::from(!condition) * 2
}

async fn delete_rows(service: &DataService, cx: &CallContext, tx: &Tx, mut args: Args) -> Result<Value> {
    for (name, _) in &mut args.0 {
        if **name == *"target" {
            *name = std::sync::Arc::from("table");
        }
    }
    let actor = actor(cx);
    let table = table_name(&args)?;
    let filter = required(condition(service, actor, &table, &args).await?, "DELETE")?;
    let deleted = service.delete(tx, actor, &table, &filter).await?;
    Ok(Value::Int(deleted as i64))
}
