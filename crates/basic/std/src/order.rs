//! SORT and UNIQUE: what the elements of a list are sorted by, and which of them are equal.

use std::{cmp::Ordering, collections::HashSet};

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Result, Text, Val, ops};

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
    /// Where all elements are whole: those beyond 2^53 are not told apart as floats.
    Whole(i64),
    Number(f64),
    Date(i64),
    Text(Text),
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

/// The text of an element; what is text already is not copied. Copies of all elements together have to fit into the
/// machine's memory.
fn shared_text(heap: &Heap, value: &Val, copied: &mut usize) -> Result<Text> {
    if let Val::Text(text) = value {
        return Ok(text.clone());
    }
    let text = ops::text_of(heap, value)?.into_owned();
    *copied += text.len();
    if *copied > heap.limits.bytes {
        return Err(BasicError::limit("the texts of these elements take more memory than a script has"));
    }
    Ok(Text::new(text))
}

/// Sort keys of all elements; texts that all spell numbers sort as numbers, like `<` compares them.
fn sort_keys(heap: &Heap, values: &[Val]) -> Result<Vec<SortKey>> {
    let whole = values.iter().all(|value| matches!(value, Val::Int(_)));
    let numeric_text = values.iter().all(|value| match value {
        Val::Text(text) => text.is_empty() || ops::parse_number(text).is_some(),
        _ => true,
    }) && values.iter().any(|value| matches!(value, Val::Int(_) | Val::Float(_)));
    let mut copied = 0;
    values
        .iter()
        .map(|value| {
            heap.spend(16)?;
            Ok(match value {
                value if ops::is_null(heap, value) => SortKey::Null,
                Val::Bool(value) => SortKey::Bool(*value),
                Val::Int(value) if whole => SortKey::Whole(*value),
                Val::Int(value) => SortKey::Number(*value as f64),
                Val::Float(value) => SortKey::Number(*value),
                Val::Date(date) => SortKey::Date(date.civil_seconds),
                Val::Text(text) if numeric_text => {
                    SortKey::Number(ops::parse_number(text).map_or(0.0, ops::Number::as_f64))
                }
                other => SortKey::Text(shared_text(heap, other, &mut copied)?),
            })
        })
        .collect()
}

/// Pays for sorting before it begins: every element is compared about as often as the list can be halved.
fn pay_for_sorting(heap: &Heap, keys: &[SortKey]) -> Result<()> {
    let halvings = keys.len().checked_ilog2().map_or(0, |halvings| halvings as usize + 1);
    for key in keys {
        let length = if let SortKey::Text(text) = key { text.len() } else { 0 };
        heap.spend(halvings * 4)?;
        heap.spend_bytes(halvings.saturating_mul(length))?;
    }
    Ok(())
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
    let keys = match &name {
        Some(name) => {
            heap.spend(values.len().saturating_mul(16))?;
            let by: Vec<Val> = values.iter().map(|row| field(heap, row, name)).collect();
            sort_keys(heap, &by)?
        }
        None => sort_keys(heap, &values)?,
    };
    pay_for_sorting(heap, &keys)?;
    let mut keyed: Vec<(SortKey, Val)> = keys.into_iter().zip(values).collect();
    keyed.sort_by(|a, b| {
        let order = a.0.cmp(&b.0);
        if descending { order.reverse() } else { order }
    });
    new_like(heap, arg(args, 0), keyed.into_iter().map(|(_, value)| value).collect())
}

fn unique(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let name = if args.len() > 1 { Some(text(heap, args, 1)?.into_owned()) } else { None };
    let values = items(heap, args, 0)?;
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    let mut copied = 0;
    for value in values {
        // Values that print alike are equal in the language (1 and "1").
        let key = match &name {
            Some(name) => shared_text(heap, &field(heap, &value, name), &mut copied)?,
            None => shared_text(heap, &value, &mut copied)?,
        };
        heap.spend(64 + key.len())?;
        if seen.insert(key) {
            kept.push(value);
        }
    }
    new_like(heap, arg(args, 0), kept)
}
