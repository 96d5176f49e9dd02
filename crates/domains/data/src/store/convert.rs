//! Between values of the language and values of columns, both ways, the same on both databases.
//!
//! Scripts get: integers as whole numbers, decimals and doubles as numbers with a fraction, booleans,
//! dates and moments as dates, times and UUIDs as text, JSON as lists and objects, bytes as Base64 text.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use botserver_basic_types::{
    Date, Value,
    ops::{self, Number},
};
use sea_orm::{DbErr, QueryResult};

use crate::{Column, Error, Kind, Result};

/// A value as it is bound.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stored {
    Null,
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

/// The value for a column; an error that names both when it does not fit.
pub(crate) fn to_stored(table: &str, column: &Column, value: &Value, postgres: bool) -> Result<Stored> {
    convert(column.kind, column.length, column.scale, value, postgres).map_err(|reason| Error::BadValue {
        table: table.to_owned(),
        column: column.name.clone(),
        value: shown(value),
        reason,
    })
}

fn shown(value: &Value) -> String {
    let text = ops::to_text(value);
    let short: String = text.chars().take(40).collect();
    let dots = if short.len() < text.len() { "…" } else { "" };
    format!("\"{short}{dots}\"")
}

/// The value in the form of a kind; the error says why not.
pub(crate) fn convert(
    kind: Kind,
    length: Option<u32>,
    scale: Option<u32>,
    value: &Value,
    postgres: bool,
) -> Result<Stored, String> {
    let is_text = matches!(kind, Kind::String | Kind::Text);
    match value {
        Value::Null => return Ok(Stored::Null),
        Value::Text(text) if text.trim().is_empty() && !is_text => return Ok(Stored::Null),
        Value::Rows(rows) if rows.rows.is_empty() => return Ok(Stored::Null),
        Value::Secret(_) => return Err("a secret is not kept in a table".into()),
        _ => {}
    }
    match kind {
        Kind::String | Kind::Text => text(kind, length, value),
        Kind::Integer | Kind::BigInt => match number(value)? {
            Number::Int(value) => Ok(Stored::Int(value)),
            Number::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => Ok(Stored::Int(value as i64)),
            Number::Float(_) => Err("it is not a whole number; declare the column as number(12,2) or double".into()),
        },
        Kind::Double => finite(number(value)?.as_f64()).map(Stored::Float),
        Kind::Decimal => decimal(length, scale, number(value)?, postgres),
        Kind::Boolean => boolean(value).map(Stored::Bool),
        Kind::Date => date(value).map(|date| Stored::Text(Date { date_only: true, ..date }.to_string())),
        Kind::DateTime => date(value).map(|date| Stored::Text(Date { date_only: false, ..date }.to_string())),
        Kind::Time => time(value).map(Stored::Text),
        Kind::Uuid => uuid::Uuid::try_parse(ops::to_text(value).trim())
            .map(|id| Stored::Text(id.to_string()))
            .map_err(|_| "it is not a UUID".into()),
        Kind::Json => Ok(Stored::Text(value.to_json().to_string().replace("\\u0000", ""))),
        Kind::Binary => {
            BASE64.decode(ops::to_text(value).trim()).map(Stored::Bytes).map_err(|_| "it is not Base64".into())
        }
    }
}

fn text(kind: Kind, length: Option<u32>, value: &Value) -> Result<Stored, String> {
    let text = ops::to_text(value);
    if text.contains('\0') {
        return Err("a text must not hold a zero character".into());
    }
    if kind == Kind::String
        && let Some(most) = length
        && text.chars().count() > most as usize
    {
        return Err(format!("it is longer than {most} characters"));
    }
    Ok(Stored::Text(text))
}

fn number(value: &Value) -> Result<Number, String> {
    match value {
        Value::Int(value) => Ok(Number::Int(*value)),
        Value::Float(value) => Ok(Number::Float(*value)),
        Value::Bool(value) => Ok(Number::Int(i64::from(*value))),
        Value::Text(text) => ops::parse_number(text).ok_or_else(|| "it is not a number".into()),
        _ => Err("it is not a number".into()),
    }
}

fn finite(value: f64) -> Result<f64, String> {
    if value.is_finite() { Ok(value) } else { Err("it is not a finite number".into()) }
}

/// Rounds to the declared digits here, so that both databases hold the same number.
fn decimal(length: Option<u32>, scale: Option<u32>, value: Number, postgres: bool) -> Result<Stored, String> {
    let value = finite(value.as_f64())?;
    let Some(scale) = scale.map(|scale| scale as usize) else {
        return Ok(if postgres { Stored::Text(value.to_string()) } else { Stored::Float(value) });
    };
    // Through the shortest decimal form, so that 2.675 rounds as people expect.
    let rounded = round_half_up(value, scale);
    if let Some(digits) = length
        && rounded.abs() >= 10_f64.powi(digits as i32 - scale as i32)
    {
        return Err(format!(
            "it has more than {} digits before the point",
            digits as usize - scale.min(digits as usize)
        ));
    }
    Ok(if postgres { Stored::Text(format!("{rounded:.scale$}")) } else { Stored::Float(rounded) })
}

fn round_half_up(value: f64, scale: usize) -> f64 {
    let factor = 10_f64.powi(scale as i32);
    let shifted: f64 = format!("{value}e{scale}").parse().unwrap_or(value * factor);
    format!("{}e-{scale}", shifted.round()).parse().unwrap_or(shifted.round() / factor)
}

pub(crate) fn boolean(value: &Value) -> Result<bool, String> {
    let bad = || "it is not TRUE or FALSE".to_owned();
    match value {
        Value::Bool(value) => Ok(*value),
        Value::Int(value @ (0 | 1)) => Ok(*value == 1),
        Value::Float(value) if value.fract() == 0.0 => boolean(&Value::Int(*value as i64)),
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(bad()),
        },
        _ => Err(bad()),
    }
}

pub(crate) fn date(value: &Value) -> Result<Date, String> {
    match value {
        Value::Date(date) => Ok(*date),
        Value::Text(text) => ops::parse_iso(text).ok_or_else(|| "it is not a date such as 2026-01-31".into()),
        _ => Err("it is not a date".into()),
    }
}

fn time(value: &Value) -> Result<String, String> {
    if let Value::Date(date) = value {
        let (hour, minute, second) = date.hms();
        return Ok(format!("{hour:02}:{minute:02}:{second:02}"));
    }
    ops::parse_iso(&format!("2000-01-01 {}", ops::to_text(value).trim()))
        .filter(|date| !date.date_only)
        .map(|date| {
            let (hour, minute, second) = date.hms();
            format!("{hour:02}:{minute:02}:{second:02}")
        })
        .ok_or_else(|| "it is not a time such as 14:30".into())
}

/// The value at a position of a row, as selected by [`crate::store::rows`] for that kind.
pub(crate) fn from_row(row: &QueryResult, index: usize, kind: Kind) -> Result<Value, DbErr> {
    let text = |row: &QueryResult| row.try_get_by_index::<Option<String>>(index);
    Ok(match kind {
        Kind::String | Kind::Text | Kind::Uuid => text(row)?.map_or(Value::Null, Value::text),
        Kind::Time => text(row)?.map_or(Value::Null, |time| Value::text(time.get(..8).unwrap_or(&time))),
        Kind::Integer | Kind::BigInt => row.try_get_by_index::<Option<i64>>(index)?.map_or(Value::Null, Value::Int),
        Kind::Decimal | Kind::Double => row.try_get_by_index::<Option<f64>>(index)?.map_or(Value::Null, Value::Float),
        Kind::Boolean => row.try_get_by_index::<Option<bool>>(index)?.map_or(Value::Null, Value::Bool),
        Kind::Date | Kind::DateTime => {
            text(row)?.map_or(Value::Null, |text| ops::parse_iso(&text).map_or_else(|| Value::text(&text), Value::Date))
        }
        Kind::Json => text(row)?.map_or(Value::Null, |text| {
            serde_json::from_str(&text).map_or_else(|_| Value::text(&text), |json| Value::from_json(&json))
        }),
        Kind::Binary => row
            .try_get_by_index::<Option<Vec<u8>>>(index)?
            .map_or(Value::Null, |bytes| Value::text(BASE64.encode(bytes))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_as_people_expect() {
        for (value, scale, expected) in [
            (2.675, 2, 2.68),
            (1.005, 2, 1.01),
            (-1.005, 2, -1.01),
            (10.0, 2, 10.0),
            (0.1 + 0.2, 2, 0.3),
            (7.5, 0, 8.0),
        ] {
            assert_eq!(round_half_up(value, scale).to_string(), expected.to_string(), "{value}");
        }
        assert!(decimal(Some(4), Some(2), Number::Float(99.994), false).is_ok());
        assert!(decimal(Some(4), Some(2), Number::Float(99.995), false).is_err());
    }
}
