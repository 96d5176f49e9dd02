//! How values print, compare, add and count as true (language reference, section 1.5).

use crate::Value;

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
    if value == value.trunc() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    // Fifteen significant digits hide the noise of binary fractions (0.1 + 0.2).
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    rounded.to_string()
}
