//! SORT and UNIQUE: what the elements of a list are sorted by, and which of them are equal.

use std::{cmp::Ordering, collections::HashSet};

use botserver_basic_types::{FunctionDecl, Heap, Result, Val, ops};

use crate::args::{arg, field, items, mutating, new_like, plain, text};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    mutating(
        "SORT",
        &[],
        "list, [field], [\"DESC\"]",
        (1, 3),
        "The list in order; rows by a field.",
        r#"SORT([3, 1, 2], "DESC") > [3,2,1]"#,
        sort,
    ),
    plain(
        "UNIQUE",
        &["DISTINCT"],
        "list, [field]",
        (1, 2),
        "The list without repeated elements, or without rows that repeat a field.",
        "UNIQUE([1, 2, 1]) > [1,2]",
        unique,
    ),
];

/// What an element is sorted by: a total order, kinds one after the other, null first.
#[derive(PartialEq, PartialOrd)]
enum SortKey {
    Null,
    Bool(bool),
    Number(f64),
    Date(i64),
    Text(String),
}

impl SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // total_cmp puts -0 before 0, which are equal here.
            (Self::Number(a), Self::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            _ => self.partial_cmp(other).unwrap_or(Ordering::Equal),
        }
    }
}

/// Sort keys of all elements; texts that all spell numbers sort as numbers, like `<` compares them.
fn sort_keys(heap: &Heap, values: &[Val]) -> Result<Vec<SortKey>> {
    let numeric_text = values.iter().all(|value| match value {
        Val::Text(text) => text.is_empty() || ops::parse_number(text).is_some(),
        _ => true,
    }) && values.iter().any(|value| matches!(value, Val::Int(_) | Val::Float(_)));
    values
        .iter()
        .map(|value| {
            Ok(match value {
                value if ops::is_null(heap, value) => SortKey::Null,
                Val::Bool(value) => SortKey::Bool(*value),
                Val::Int(value) => SortKey::Number(*value as f64),
                Val::Float(value) => SortKey::Number(*value),
                Val::Date(date) => SortKey::Date(date.civil_seconds),
                Val::Text(text) if numeric_text => {
                    SortKey::Number(ops::parse_number(text).map_or(0.0, ops::Number::as_f64))
                }
                other => SortKey::Text(ops::text_of(heap, other)?.into_owned()),
            })
        })
        .collect()
}

fn sort(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let mut name = None;
    let mut descending = false;
    for index in 1..args.len() {
        match text(heap, args, index)?.to_ascii_uppercase().as_str() {
            "DESC" | "DESCENDING" => descending = true,
            "ASC" | "ASCENDING" | "" => {}
            _ => name = Some(text(heap, args, index)?.into_owned()),
        }
    }
    let values = items(heap, args, 0)?;
    let by: Vec<Val> = match &name {
        Some(name) => values.iter().map(|row| field(heap, row, name)).collect(),
        None => values.clone(),
    };
    // Whole numbers beyond 2^53 are not told apart as floats.
    let mut keyed: Vec<(SortKey, i64, Val)> = sort_keys(heap, &by)?
        .into_iter()
        .zip(&by)
        .zip(values)
        .map(|((key, by), value)| (key, if let Val::Int(exact) = by { *exact } else { 0 }, value))
        .collect();
    let exact = by.iter().all(|value| matches!(value, Val::Int(_)));
    keyed.sort_by(|a, b| {
        let order = if exact { a.1.cmp(&b.1) } else { a.0.cmp(&b.0) };
        if descending { order.reverse() } else { order }
    });
    new_like(heap, arg(args, 0), keyed.into_iter().map(|(_, _, value)| value).collect())
}

fn unique(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let name = if args.len() > 1 { Some(text(heap, args, 1)?.into_owned()) } else { None };
    let values = items(heap, args, 0)?;
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for value in values {
        // Values that print alike are equal in the language (1 and "1").
        let key = match &name {
            Some(name) => ops::text_of(heap, &field(heap, &value, name))?.into_owned(),
            None => ops::text_of(heap, &value)?.into_owned(),
        };
        if seen.insert(key) {
            kept.push(value);
        }
    }
    new_like(heap, arg(args, 0), kept)
}
