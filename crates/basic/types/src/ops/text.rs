//! The printing rule: null and secrets as nothing, floats without trailing zeros, dates as ISO,
//! files as their address, lists and objects as JSON.

use std::{borrow::Cow, fmt::Write as _};

use crate::{BasicError, Date, Handle, Heap, Result, Val, Value};

/// Lists and objects nested deeper than this contain themselves, or might as well.
pub(crate) const MAX_DEPTH: usize = 128;

/// The text of a detached value: null and secrets print as nothing, dates as ISO, files as their
/// address, lists and objects as JSON.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::Null | Value::Secret(_) => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float_to_text(*value),
        Value::Text(text) => text.to_string(),
        Value::Date(date) => date.to_string(),
        Value::File(file) => file.url.to_string(),
        Value::Array(_) | Value::Object(_) | Value::Rows(_) => value.to_json().to_string(),
    }
}

/// A number without trailing zeros: `2`, `2.5`, `0.1`.
pub fn float_to_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    // Fifteen significant digits hide the noise of binary fractions (0.1 + 0.2).
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    rounded.to_string()
}

/// The text of a value in the machine; borrowed where it is text already.
pub fn text_of<'a>(heap: &'a Heap, value: &'a Val) -> Result<Cow<'a, str>> {
    Ok(match value {
        Val::Text(text) => Cow::Borrowed(text),
        Val::Null | Val::Secret(_) => Cow::Borrowed(""),
        Val::Bool(true) => Cow::Borrowed("true"),
        Val::Bool(false) => Cow::Borrowed("false"),
        Val::File(file) => Cow::Borrowed(&file.url),
        _ => {
            let mut out = String::new();
            write_text(heap, value, &mut out)?;
            Cow::Owned(out)
        }
    })
}

/// Appends the text of a value; an error if that makes a text longer than the heap allows.
pub fn write_text(heap: &Heap, value: &Val, out: &mut String) -> Result<()> {
    match value {
        Val::Null | Val::Secret(_) => {}
        Val::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Val::Int(value) => push(out, value),
        Val::Float(value) => out.push_str(&float_to_text(*value)),
        Val::Text(text) => {
            heap.spend_bytes(text.len())?;
            out.push_str(text);
        }
        Val::Date(date) => push(out, date),
        Val::File(file) => out.push_str(&file.url),
        Val::Array(_) | Val::Object(_) | Val::Rows(..) => write_json(heap, value, out, 0)?,
    }
    check_len(heap, out.len())
}

/// The error of a text that is too long, if it is.
pub(crate) fn check_len(heap: &Heap, len: usize) -> Result<()> {
    if len > heap.limits.text_len {
        return Err(BasicError::limit(format!("a text may have at most {} MiB", heap.limits.text_len >> 20)));
    }
    Ok(())
}

fn push(out: &mut String, value: impl std::fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

fn write_json(heap: &Heap, value: &Val, out: &mut String, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(BasicError::limit("a value contains itself or is nested more than 128 deep"));
    }
    heap.spend(16)?;
    match value {
        Val::Null | Val::Secret(_) => out.push_str("null"),
        Val::Bool(_) | Val::Int(_) => write_text(heap, value, out)?,
        Val::Float(number) if !number.is_finite() => out.push_str("null"),
        Val::Float(number) => out.push_str(&float_to_text(*number)),
        Val::Text(text) => {
            heap.spend(text.len())?;
            write_json_text(text, out);
        }
        Val::Date(date) => write_json_date(*date, out),
        Val::Array(handle) => write_json_array(heap, *handle, out, depth)?,
        Val::Object(handle) => write_json_object(heap, *handle, out, depth)?,
        Val::Rows(handle, single) => match (single, heap.array(*handle)) {
            (true, [row]) => write_json(heap, row, out, depth + 1)?,
            _ => write_json_array(heap, *handle, out, depth)?,
        },
        Val::File(file) => {
            out.push_str("{\"url\":");
            write_json_text(&file.url, out);
            out.push_str(",\"filename\":");
            write_json_text(&file.filename, out);
            out.push_str(",\"mime_type\":");
            write_json_text(&file.mime_type, out);
            push(out, format_args!(",\"size\":{}}}", file.size));
        }
    }
    // A value shared many times can print exponentially large: stop as soon as it is too long.
    check_len(heap, out.len())
}

fn write_json_array(heap: &Heap, handle: Handle, out: &mut String, depth: usize) -> Result<()> {
    out.push('[');
    for (index, item) in heap.array(handle).iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_json(heap, item, out, depth + 1)?;
    }
    out.push(']');
    Ok(())
}

fn write_json_object(heap: &Heap, handle: Handle, out: &mut String, depth: usize) -> Result<()> {
    out.push('{');
    for (index, (name, value)) in heap.object(handle).into_iter().flatten().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_json_text(name, out);
        out.push(':');
        write_json(heap, value, out, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn write_json_date(date: Date, out: &mut String) {
    push(out, format_args!("\"{date}\""));
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            control if control < ' ' => push(out, format_args!("\\u{:04x}", control as u32)),
            other => out.push(other),
        }
    }
    out.push('"');
}
