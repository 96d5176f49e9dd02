//! AGGREGATE, GROUP_BY and PIVOT: one value, or a table of values, from many rows.

use std::{cmp::Ordering, sync::Arc};

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Object, Result, Val, ops};
use indexmap::IndexMap;

use crate::{
    args::{arg, clip, items, new_array, new_object, plain, text},
    math,
    records::path,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "AGGREGATE",
        &[],
        "operation, rows, [field]",
        (2, 3),
        "SUM, AVG, COUNT, MIN or MAX of a field; nulls are left out; of nothing COUNT is 0, the others null.",
        r#"AGGREGATE("SUM", [{v: 1}, {v: 2}], "v") > 3"#,
        aggregate,
    ),
    plain(
        "PIVOT",
        &[],
        "rows, row, [column], value, [operation]",
        (3, 5),
        "A table with a line for each value of one field and, with a second field, a column for each of its values.",
        r#"JSON(PIVOT([{c: "x", v: 1}, {c: "x", v: 2}], "c", "v")) > [{"c":"x","v":3}]"#,
        pivot,
    ),
    plain(
        "GROUP_BY",
        &["GROUP BY", "GROUPBY"],
        "rows, field, [aggregates]",
        (2, 3),
        "A list of groups with `key`, `items` and `count`, and aggregates such as `SUM(total) AS total`.",
        r#"GROUP_BY([{c: "x"}, {c: "y"}, {c: "x"}], "c")[0].count > 2"#,
        group_by,
    ),
];

/// What can be computed over a field of many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Average,
    Count,
    Min,
    Max,
}

impl Aggregate {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_uppercase().as_str() {
            "SUM" => Self::Sum,
            "AVG" | "AVERAGE" => Self::Average,
            "COUNT" => Self::Count,
            "MIN" => Self::Min,
            "MAX" => Self::Max,
            _ => return None,
        })
    }

    fn required(heap: &Heap, args: &[Val], index: usize) -> Result<Self> {
        let word = text(heap, args, index)?;
        Self::from_word(&word)
            .ok_or_else(|| BasicError::invalid(format!("\"{}\" is not SUM, AVG, COUNT, MIN or MAX", clip(&word))))
    }

    /// The result over the values of a field.
    fn of(self, heap: &Heap, values: Vec<Val>) -> Result<Val> {
        let present: Vec<Val> = values.into_iter().filter(|value| !ops::is_null(heap, value)).collect();
        match self {
            Self::Count => Ok(Val::Int(present.len() as i64)),
            _ if present.is_empty() => Ok(Val::Null),
            Self::Sum => math::total(&present),
            Self::Average => math::mean(&present),
            Self::Min => math::extreme(heap, present, Ordering::Less),
            Self::Max => math::extreme(heap, present, Ordering::Greater),
        }
    }

    /// The result over a field of rows; without a field, or with `*`, rows are counted.
    fn over(self, heap: &Heap, rows: &[Val], name: Option<&str>) -> Result<Val> {
        match name {
            None | Some("*" | "") if self == Self::Count => Ok(Val::Int(rows.len() as i64)),
            None => self.of(heap, rows.to_vec()),
            Some(name) => self.of(heap, rows.iter().map(|row| path(heap, row, name)).collect()),
        }
    }
}

fn aggregate(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let rows_first = matches!(arg(args, 0), Val::Array(_) | Val::Rows(..) | Val::Null);
    let (rows_at, operation_at) = if rows_first { (0, 1) } else { (1, 0) };
    let operation = Aggregate::required(heap, args, operation_at)?;
    let rows = items(heap, args, rows_at)?;
    let name = if args.len() > 2 { Some(text(heap, args, 2)?) } else { None };
    operation.over(heap, &rows, name.as_deref())
}

/// The rows under each value of a field, in order of first appearance.
pub(crate) fn grouped(heap: &Heap, rows: &[Val], name: &str) -> Result<IndexMap<String, (Val, Vec<Val>)>> {
    let mut groups: IndexMap<String, (Val, Vec<Val>)> = IndexMap::new();
    for row in rows {
        let key = path(heap, row, name);
        let shown = ops::text_of(heap, &key)?.into_owned();
        heap.spend(64 + shown.len())?;
        groups.entry(shown).or_insert_with(|| (key, Vec::new())).1.push(row.clone());
    }
    Ok(groups)
}

/// `SUM(total) AS sales, COUNT` as operation, field and name of the result.
fn aggregates(spec: &str) -> Result<Vec<(Aggregate, String, Arc<str>)>> {
    spec.split(',')
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            let upper = part.to_ascii_uppercase();
            let (call, name) = match upper.rfind(" AS ") {
                Some(at) => (part.get(..at).unwrap_or_default(), part.get(at + 4..).map(str::trim)),
                None => (part, None),
            };
            let call = call.trim();
            let (word, inner) = match call.split_once(['(', ':']) {
                Some((word, inner)) => (word, inner.trim().trim_end_matches(')').trim()),
                None => (call, ""),
            };
            let operation = Aggregate::from_word(word)
                .ok_or_else(|| BasicError::invalid(format!("\"{}\" is not SUM, AVG, COUNT, MIN or MAX", clip(word))))?;
            let word = word.trim().to_ascii_lowercase();
            let own = if inner.is_empty() || inner == "*" { word } else { format!("{word}_{inner}") };
            Ok((operation, inner.to_owned(), Arc::from(name.unwrap_or(&own))))
        })
        .collect()
}

fn group_by(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let rows = items(heap, args, 0)?;
    let name = text(heap, args, 1)?.into_owned();
    let wanted = aggregates(&text(heap, args, 2)?)?;
    let mut groups = Vec::new();
    for (_, (key, rows)) in grouped(heap, &rows, &name)? {
        let mut fields = Object::default();
        fields.insert("key".into(), key);
        fields.insert("count".into(), Val::Int(rows.len() as i64));
        for (operation, field, name) in &wanted {
            let field = Some(field.as_str()).filter(|field| !field.is_empty());
            fields.insert(name.clone(), operation.over(heap, &rows, field)?);
        }
        let rows = heap.new_array(rows)?;
        fields.insert("items".into(), Val::Rows(rows, false));
        groups.push(new_object(heap, fields)?);
    }
    new_array(heap, groups)
}

fn pivot(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let rows = items(heap, args, 0)?;
    let name = |index: usize| text(heap, args, index).map(std::borrow::Cow::into_owned);
    let row_field = name(1)?;
    let (column_field, value_field) = match args.len() {
        3 => (None, name(2)?),
        4 if Aggregate::from_word(&name(3)?).is_some() => (None, name(2)?),
        _ => (Some(name(2)?), name(3)?),
    };
    let last_word = Aggregate::from_word(&name(args.len() - 1)?).filter(|_| args.len() > 3);
    let operation =
        if args.len() == 5 { Aggregate::required(heap, args, 4)? } else { last_word.unwrap_or(Aggregate::Sum) };
    let columns: Vec<String> = match &column_field {
        Some(field) => grouped(heap, &rows, field)?.into_keys().collect(),
        None => Vec::new(),
    };
    let mut lines = Vec::new();
    for (_, (key, rows)) in grouped(heap, &rows, &row_field)? {
        let mut fields = Object::default();
        fields.insert(Arc::from(row_field.as_str()), key);
        if let Some(column_field) = &column_field {
            let cells = grouped(heap, &rows, column_field)?;
            for column in &columns {
                let cell = match cells.get(column) {
                    Some((_, rows)) => operation.over(heap, rows, Some(&value_field))?,
                    None => Val::Null,
                };
                fields.insert(Arc::from(column.as_str()), cell);
            }
        } else {
            fields.insert(Arc::from(value_field.as_str()), operation.over(heap, &rows, Some(&value_field))?);
        }
        lines.push(new_object(heap, fields)?);
    }
    new_array(heap, lines)
}
