//! AGGREGATE over tables and CSV files. Over lists it is a function of `basic/std`.

use std::sync::Arc;

use botserver_basic_types::{Args, BasicError, Effect, KeywordDecl, Result, Rows, Value, ops};
use botserver_runtime::{CallContext, Keyword};

use super::arguments::{actor, condition};
use crate::{DataService, Find, Row};

/// AGGREGATE in all its forms.
pub(super) fn aggregate(service: DataService) -> Keyword {
    let decl = KeywordDecl::new(
        "AGGREGATE",
        &[
            "AGGREGATE source:expr , function:expr , column:expr [, filter:filter]",
            "AGGREGATE source:word function:(SUM|AVG|AVERAGE|COUNT|MIN|MAX) column:word [WHERE where:cond] [GROUP BY \
             group:word]",
            "AGGREGATE source:word COUNT [WHERE where:cond] [GROUP BY group:word]",
        ],
        Effect::Read,
        "SUM, AVG, COUNT, MIN or MAX of a column of a table, a file or a list; with GROUP BY one row per group.",
        "paid = AGGREGATE \"orders\" SUM total WHERE status = \"paid\"",
    )
    .returning();
    Keyword::read(decl, move |cx, args| {
        let service = service.clone();
        Box::pin(async move { run(&service, cx, &args).await })
    })
}

async fn run(service: &DataService, cx: &CallContext, args: &Args) -> Result<Value> {
    let actor = actor(cx);
    let mut source = args.value("source");
    let mut function = match args.get("function") {
        Some(botserver_basic_types::Arg::Word(word)) => word.to_string(),
        Some(_) => args.text("function"),
        None => "COUNT".to_owned(),
    };
    let mut column = args.text("column");
    // AGGREGATE "SUM", rows, "f" and AGGREGATE rows, "SUM", "f" are both written.
    if !is_function(&function) && source.as_text().is_some_and(is_function) {
        let name = ops::to_text(&source);
        source = args.value("function");
        function = name;
    }
    if !is_function(&function) {
        return Err(BasicError::invalid(format!("AGGREGATE knows SUM, AVG, COUNT, MIN and MAX, not {function}")));
    }
    if column == "*" {
        column.clear();
    }
    let group = args.text("group");
    let group = Some(group.trim()).filter(|group| !group.is_empty());
    if let Value::Array(_) | Value::Rows(_) | Value::Null = source {
        let rows = rows_of_list(&source);
        return Ok(grouped(rows, &function, column.trim(), group));
    }
    let table = ops::to_text(&source);
    let filter = condition(service, actor, &table, args).await?;
    if crate::is_csv(&table) {
        let rows = service.find(actor, &table, &Find { filter, ..Find::default() }).await?;
        return Ok(grouped(rows.rows, &function, column.trim(), group));
    }
    Ok(service.aggregate(actor, &table, &function, column.trim(), group, filter.as_ref()).await?)
}

fn is_function(name: &str) -> bool {
    ["SUM", "AVG", "AVERAGE", "COUNT", "MIN", "MAX"].iter().any(|own| name.trim().eq_ignore_ascii_case(own))
}

/// Records as they are; plain values as records with one nameless field.
fn rows_of_list(value: &Value) -> Vec<Row> {
    match value {
        Value::Rows(rows) => rows.rows.clone(),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::Object(fields) => fields.clone(),
                other => [(Arc::from(""), other.clone())].into_iter().collect(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn grouped(rows: Vec<Row>, function: &str, column: &str, group: Option<&str>) -> Value {
    let Some(group) = group else { return over(&rows, function, column) };
    let mut groups: Vec<(Value, Vec<Row>)> = Vec::new();
    for row in rows {
        let key = crate::service::field(&row, group);
        match groups.iter_mut().find(|(own, _)| *own == key) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    let rows = groups
        .into_iter()
        .map(|(key, rows)| {
            [(Arc::from(group), key), (Arc::from(function.to_lowercase()), over(&rows, function, column))]
                .into_iter()
                .collect()
        })
        .collect();
    Value::Rows(Rows { rows, single: false })
}

/// Missing values do not count; COUNT of nothing is 0, the others are null.
pub(super) fn over(rows: &[Row], function: &str, column: &str) -> Value {
    let function = function.trim().to_ascii_uppercase();
    if function == "COUNT" && column.is_empty() && !rows.iter().any(|row| row.contains_key("")) {
        return Value::Int(rows.len() as i64);
    }
    let values = rows.iter().map(|row| crate::service::field(row, column));
    let values: Vec<Value> = values.filter(|value| !value.is_null() && value.as_text() != Some("")).collect();
    if function == "COUNT" {
        return Value::Int(values.len() as i64);
    }
    let number = |value: &Value| match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        Value::Text(text) => ops::parse_number(text).map(ops::Number::as_f64),
        _ => None,
    };
    let numbers: Vec<f64> = values.iter().filter_map(number).collect();
    match function.as_str() {
        "MIN" | "MAX" => {
            let least = function == "MIN";
            let better = |new: &Value, old: &Value| {
                let ordering = match (number(new), number(old)) {
                    (Some(a), Some(b)) => a.total_cmp(&b),
                    _ => ops::to_text(new).cmp(&ops::to_text(old)),
                };
                if least { ordering.is_lt() } else { ordering.is_gt() }
            };
            values.into_iter().reduce(|old, new| if better(&new, &old) { new } else { old }).unwrap_or(Value::Null)
        }
        _ if numbers.is_empty() => Value::Null,
        "SUM" => whole(numbers.iter().sum(), &values),
        _ => Value::Float(numbers.iter().sum::<f64>() / numbers.len() as f64),
    }
}

/// A sum of whole numbers is one.
fn whole(sum: f64, values: &[Value]) -> Value {
    if values.iter().all(|value| matches!(value, Value::Int(_))) { Value::Int(sum as i64) } else { Value::Float(sum) }
}
