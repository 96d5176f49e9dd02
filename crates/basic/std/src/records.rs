//! Functions over lists of records: FILTER, MAP, FIRST, LAST, the join of two lists and templates. Conditions in text need the parser, which this crate does not know: the caller hands
//! it in as [`ParseCondition`].

use std::sync::Arc;

use botserver_basic_types::{
    BasicError, DataExpr, FunctionDecl, Handle, Heap, HeapLimits, Object, Result, Text, Val, Value, ops,
};

use crate::{
    aggregates::grouped,
    args::{
        arg, check_array, check_text, clip, count, elements, field, items, list, new_array, new_like, new_object,
        new_text, plain, text,
    },
    condition::RowExpr,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "FILTER",
        &[],
        "rows, condition | rows, field, value",
        (2, 3),
        "The rows that fulfil a condition, or whose field equals a value.",
        r#"UBOUND(FILTER([{v: 1}, {v: 2}], "v", 2)) > 1"#,
        filter,
    ),
    plain(
        "MAP",
        &[],
        "rows, fields",
        (2, 2),
        "A field of each row (`name`), some fields (`name, size`), or fields under new names (`a->b, c->d`).",
        r#"MAP([{a: 1, b: 2}], "b") > [2]"#,
        map,
    ),
    plain(
        "FIRST",
        &[],
        "text | list, [count or field]",
        (1, 2),
        "The first word of a text, the first element or elements of a list, or a field of the first row.",
        r#"FIRST("one two") > one"#,
        first,
    ),
    plain(
        "LAST",
        &[],
        "text | list, [count or field]",
        (1, 2),
        "The last word of a text, the last element or elements of a list, or a field of the last row.",
        r"LAST([1, 2, 3], 2) > [2,3]",
        last,
    ),
];

/// The parser of condition texts (`"price > 10 AND name LIKE 'a%'"`).
pub type ParseCondition = fn(&str) -> Result<DataExpr>;

fn no_parser(text: &str) -> Result<DataExpr> {
    Err(BasicError::invalid(format!("\"{}\" is neither a field nor a list of fields", clip(text))))
}

fn filter(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    filter_with(heap, args, no_parser)
}

/// FILTER with conditions in text: what the machine runs, with its parser.
pub fn filter_with(heap: &mut Heap, args: &[Val], parse: ParseCondition) -> Result<Val> {
    let name = text(heap, args, 1)?.into_owned();
    if args.len() < 3 && !is_field(&name) {
        return filter_rows(heap, arg(args, 0), &parse(&name)?);
    }
    let rows = items(heap, args, 0)?;
    let mut kept = Vec::new();
    for row in rows {
        heap.spend(16)?;
        let value = field(heap, &row, &name);
        if if args.len() < 3 { ops::truthy(heap, &value) } else { ops::equal(heap, &value, arg(args, 2))? } {
            kept.push(row);
        }
    }
    new_like(heap, arg(args, 0), kept)
}

/// The rows that fulfil a condition.
pub fn filter_rows(heap: &mut Heap, rows: &Val, condition: &DataExpr) -> Result<Val> {
    let condition = RowExpr::new(heap, condition)?;
    let mut kept = Vec::new();
    for row in items(heap, std::slice::from_ref(rows), 0)? {
        if condition.test(heap, &row)? {
            kept.push(row);
        }
    }
    new_like(heap, rows, kept)
}

/// [`filter_rows`] over detached rows, for keywords such as `FILTER rows WHERE …`.
pub fn filter_values(rows: &Value, condition: &DataExpr) -> Result<Value> {
    let mut heap = Heap::new(HeapLimits::default());
    let rows = heap.attach(rows)?;
    let kept = filter_rows(&mut heap, &rows, condition)?;
    heap.detach(&kept)
}

/// [`map_rows`] over detached rows, for keywords such as `MAP rows WITH …`.
pub fn map_values(rows: &Value, expr: &DataExpr) -> Result<Value> {
    let mut heap = Heap::new(HeapLimits::default());
    let rows = heap.attach(rows)?;
    let mapped = map_rows(&mut heap, &rows, expr)?;
    heap.detach(&mapped)
}

/// The value of an expression for each row.
pub fn map_rows(heap: &mut Heap, rows: &Val, expr: &DataExpr) -> Result<Val> {
    let expr = RowExpr::new(heap, expr)?;
    let values = items(heap, std::slice::from_ref(rows), 0)?
        .iter()
        .map(|row| expr.eval_record(heap, row))
        .collect::<Result<Vec<_>>>()?;
    new_array(heap, values)
}

/// A field's name, perhaps with `item.` or an outer field before it.
fn is_field(text: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    text.trim().split('.').all(word) && !matches!(text.trim().to_ascii_uppercase().as_str(), "TRUE" | "FALSE" | "NULL")
}

/// `name`, `item.name`, `address.city` of a row.
pub(crate) fn path(heap: &Heap, row: &Val, path: &str) -> Val {
    let path = path.trim();
    let path = match path.split_once('.') {
        Some((item, rest)) if item.eq_ignore_ascii_case("item") && matches!(field(heap, row, item), Val::Null) => rest,
        _ => path,
    };
    path.split('.').fold(row.clone(), |value, name| field(heap, &value, name))
}

/// Field and new name of each part of `"a, b->c, d AS e"`; `None` if a part is something else.
fn projection(spec: &str) -> Option<Vec<(String, String)>> {
    spec.split(',')
        .map(|part| {
            let part = part.trim();
            let (name, new_name) = match part.split_once("->") {
                Some((name, new_name)) => (name.trim(), new_name.trim()),
                None => match part.split_whitespace().collect::<Vec<_>>().as_slice() {
                    [name, word, new_name] if word.eq_ignore_ascii_case("AS") => (*name, *new_name),
                    _ => (part, part.rsplit('.').next().unwrap_or(part)),
                },
            };
            (is_field(name) && is_field(new_name)).then(|| (name.to_owned(), new_name.to_owned()))
        })
        .collect()
}

fn map(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    map_with(heap, args, no_parser)
}

/// MAP with expressions in text: what the machine runs, with its parser.
pub fn map_with(heap: &mut Heap, args: &[Val], parse: ParseCondition) -> Result<Val> {
    let spec = text(heap, args, 1)?.into_owned();
    let Some(columns) = projection(&spec) else {
        return map_rows(heap, arg(args, 0), &parse(&spec)?);
    };
    let rows = items(heap, args, 0)?;
    if let [(name, _)] = columns.as_slice()
        && is_field(&spec)
    {
        heap.spend(rows.len().saturating_mul(16))?;
        let values = rows.iter().map(|row| path(heap, row, name)).collect();
        return new_array(heap, values);
    }
    let columns: Vec<(String, Arc<str>)> =
        columns.into_iter().map(|(name, new_name)| (name, Arc::from(new_name))).collect();
    let mut projected = Vec::with_capacity(rows.len());
    for row in &rows {
        heap.spend(32 * columns.len())?;
        let fields: Object = columns.iter().map(|(name, new_name)| (new_name.clone(), path(heap, row, name))).collect();
        projected.push(new_object(heap, fields)?);
    }
    new_like(heap, arg(args, 0), projected)
}

fn first(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    end(heap, args, false)
}

fn last(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    end(heap, args, true)
}

/// FIRST and LAST: what they mean depends on what they get.
fn end(heap: &mut Heap, args: &[Val], last: bool) -> Result<Val> {
    if let Val::Text(whole) = arg(args, 0)
        && !whole.trim_start().starts_with('[')
    {
        let mut words = whole.split_whitespace();
        let word = if last { words.next_back() } else { words.next() }.unwrap_or_default().to_owned();
        return new_text(heap, word);
    }
    let handle = list(heap, args, 0)?;
    let all = elements(heap, handle);
    let one = if last { all.last() } else { all.first() };
    match arg(args, 1) {
        Val::Null => Ok(one.cloned().unwrap_or_default()),
        Val::Text(name) if ops::parse_number(name).is_none() => Ok(one.map_or(Val::Null, |row| field(heap, row, name))),
        _ => {
            let count = count(args, 1)?.min(all.len());
            let part = if last { all.get(all.len() - count..) } else { all.get(..count) };
            let part = part.unwrap_or_default().to_vec();
            new_like(heap, arg(args, 0), part)
        }
    }
}

/// The records of two lists that agree in a field, as one record; the left value wins on a clash.
pub(crate) fn join(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let (left, right) = (items(heap, args, 0)?, items(heap, args, 1)?);
    let name = text(heap, args, 2)?.into_owned();
    let right = grouped(heap, &right, &name)?;
    let mut joined = Vec::new();
    for row in left {
        let key = path(heap, &row, &name);
        // Missing keys agree with nothing.
        if ops::is_null(heap, &key) {
            continue;
        }
        let shown = ops::text_of(heap, &key)?.into_owned();
        for other in right.get(&shown).map(|(_, rows)| rows.as_slice()).unwrap_or_default() {
            let (Val::Object(row), Val::Object(other)) = (&row, other) else { continue };
            let mut fields = heap.object(*row).cloned().unwrap_or_default();
            let added = heap.object(*other).cloned().unwrap_or_default();
            heap.spend(64 + fields.len().saturating_mul(added.len()).saturating_mul(4))?;
            for (name, value) in added {
                if !fields.keys().any(|own| own.eq_ignore_ascii_case(&name)) {
                    fields.insert(name, value);
                }
            }
            joined.push(new_object(heap, fields)?);
            check_array(heap, joined.len())?;
        }
    }
    new_array(heap, joined)
}

/// The template's texts with `{{field}}` filled in from each row.
pub(crate) fn fill_rows(heap: &mut Heap, args: &[Val], template: Handle) -> Result<Val> {
    let template = heap.object(template).cloned().unwrap_or_default();
    let mut filled = Vec::new();
    for row in items(heap, args, 0)? {
        let mut fields = Object::default();
        for (name, value) in &template {
            let value = match value {
                Val::Text(text) if text.contains("{{") => fill_text(heap, text, &row)?,
                other => other.clone(),
            };
            fields.insert(name.clone(), value);
        }
        filled.push(new_object(heap, fields)?);
    }
    new_array(heap, filled)
}

fn fill_text(heap: &mut Heap, template: &str, row: &Val) -> Result<Val> {
    let mut shown = String::new();
    let mut rest = template;
    heap.spend(64 + template.len())?;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        shown.push_str(before);
        let value = path(heap, row, name);
        // A template that is one placeholder keeps the type of the value.
        if before.is_empty() && after.is_empty() && shown.is_empty() {
            return Ok(value);
        }
        ops::write_text(heap, &value, &mut shown)?;
        rest = after;
    }
    shown.push_str(rest);
    check_text(heap, shown.len())?;
    heap.charge(shown.len())?;
    Ok(Val::Text(Text::new(shown)))
}
