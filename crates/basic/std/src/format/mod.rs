//! FORMAT: one function for dates, numbers, money and text. What the pattern means depends on what
//! the value is; output is never scanned again, so letters of a month's name are safe.

pub(crate) mod dates;
pub(crate) mod numbers;

use botserver_basic_types::{Date, FunctionDecl, Heap, Result, Val, ops, ops::Number};

use crate::{
    args::{ANY, arg, check_text, new_text, plain, text},
    civil, written,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[plain(
    "FORMAT",
    &[],
    "value, [pattern]",
    (1, ANY),
    "A value as text by a pattern: `dd/MM/yyyy HH:mm`, `#,##0.00`, `0%`, `C2[pt]`, `@`, `JSON`; without a pattern, as it prints.",
    r##"FORMAT(1234.5, "#,##0.00") > 1,234.50"##,
    format,
)];

fn format(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let value = arg(args, 0);
    // `FORMAT("{0} of {1}", a, b)` puts the other arguments into the text.
    if let Val::Text(template) = value
        && args.len() > 1
        && template.contains("{0}")
    {
        let filled = fill_positions(heap, template, args.get(1..).unwrap_or_default())?;
        return new_text(heap, filled);
    }
    if args.len() < 2 || matches!(arg(args, 1), Val::Null) {
        let shown = text(heap, args, 0)?.into_owned();
        return new_text(heap, shown);
    }
    let pattern = text(heap, args, 1)?.into_owned();
    heap.note(pattern.len().saturating_mul(4));
    let shown = format_value(heap, value, &pattern)?;
    new_text(heap, shown)
}

/// Replaces `{0}`, `{1}`, … once, from left to right.
fn fill_positions(heap: &Heap, template: &str, values: &[Val]) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, after) = rest.split_at(open);
        filled.push_str(before);
        let position = placeholder(after);
        match position {
            Some((close, index)) if index < values.len() => {
                ops::write_text(heap, arg(values, index), &mut filled)?;
                rest = after.get(close + 1..).unwrap_or_default();
            }
            _ => {
                filled.push('{');
                rest = after.get(1..).unwrap_or_default();
            }
        }
    }
    filled.push_str(rest);
    check_text(heap, filled.len())?;
    Ok(filled)
}

/// The end and the number of a placeholder at the start of a text. It has three digits at most, so that a text full of
/// opening braces is not searched to its end for each of them.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let close = text.bytes().take(5).position(|byte| byte == b'}')?;
    Some((close, text.get(1..close)?.parse().ok()?))
}

/// A value as text by a pattern. Text that spells a number is formatted as a number, text that reads
/// as a date by a date pattern as a date; a pattern that says nothing about the value leaves it as it
/// prints.
pub fn format_value(heap: &Heap, value: &Val, pattern: &str) -> Result<String> {
    match pattern.trim().to_ascii_uppercase().as_str() {
        "JSON" => return written::json(heap, value),
        "CSV" => return written::csv(heap, value),
        "XML" => return written::xml(heap, value, "root"),
        "YAML" => return written::yaml(heap, value),
        _ => {}
    }
    let shown = ops::text_of(heap, value)?;
    if pattern.contains("{0}") {
        return fill_positions(heap, pattern, std::slice::from_ref(value));
    }
    Ok(match value {
        Val::Date(date) => dates::apply(*date, pattern),
        Val::Int(number) => numbers::apply(Number::Int(*number), pattern).unwrap_or_else(|| shown.into_owned()),
        Val::Float(number) => numbers::apply(Number::Float(*number), pattern).unwrap_or_else(|| shown.into_owned()),
        Val::Text(text) => return format_text(heap, text, pattern),
        _ => shown.into_owned(),
    })
}

fn format_text(heap: &Heap, text: &str, pattern: &str) -> Result<String> {
    if dates::is_pattern(pattern)
        && let Some(date) = civil::parse(text).or_else(|| time_of_day(text))
    {
        return Ok(dates::apply(date, pattern));
    }
    if let Some(shown) = ops::parse_number(text).and_then(|number| numbers::apply(number, pattern)) {
        return Ok(shown);
    }
    if !pattern.contains(['@', '!', '>', '&', '<']) {
        return Ok(text.to_owned());
    }
    let mut shown = String::new();
    for c in pattern.chars() {
        // Every mark may stand for the whole text.
        heap.spend(4 + text.len())?;
        check_text(heap, shown.len())?;
        match c {
            '@' => shown.push_str(text),
            '!' | '>' => shown.push_str(&text.to_uppercase()),
            '&' | '<' => shown.push_str(&text.to_lowercase()),
            other => shown.push(other),
        }
    }
    Ok(shown)
}

/// `14:30` as a moment, so that `FORMAT("14:30", "hh:mm tt")` works.
fn time_of_day(text: &str) -> Option<Date> {
    let civil_seconds = civil::parse_time(text)?;
    Some(Date { civil_seconds, offset_minutes: 0, date_only: false })
}
