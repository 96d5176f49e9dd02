//! Reading numbers out of values: numeric text counts as a number, null and empty text as zero.

use super::noun;
use crate::{BasicError, Result, Val};

/// A number of either kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
}

impl Number {
    /// As a float.
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<Number> for Val {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(value) => Self::Int(value),
            Number::Float(value) => Self::Float(value),
        }
    }
}

/// A text longer than this spells no number, however many blanks or digits it has.
const LONGEST: usize = 4_096;

/// The number a text spells (trimmed; integers, decimals, exponents; no thousands separators), if any.
pub fn parse_number(text: &str) -> Option<Number> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.trim();
    // Rust also reads "inf", "nan" and "infinity", which are words here.
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    if let Ok(value) = text.parse::<i64>() {
        return Some(Number::Int(value));
    }
    if text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E')) {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Number::Float)
}

/// The number a value counts as; error 13 if it is none.
pub fn to_number(value: &Val) -> Result<Number> {
    match value {
        Val::Int(value) => Ok(Number::Int(*value)),
        Val::Float(value) => Ok(Number::Float(*value)),
        Val::Null => Ok(Number::Int(0)),
        Val::Bool(value) => Ok(Number::Int(i64::from(*value))),
        Val::Text(text) if text.len() <= LONGEST && text.trim().is_empty() => Ok(Number::Int(0)),
        Val::Text(text) => parse_number(text).ok_or_else(|| {
            let shown: String = text.chars().take(40).collect();
            BasicError::type_mismatch(format!("\"{shown}\" is not a number"))
        }),
        _ => Err(BasicError::type_mismatch(format!("{} is not a number", noun(value)))),
    }
}

/// The whole number a value counts as, its fraction cut off.
pub fn to_integer(value: &Val) -> Result<i64> {
    Ok(match to_number(value)? {
        Number::Int(value) => value,
        Number::Float(value) => value.trunc() as i64,
    })
}

/// The position a value names in a list, if it is a number or spells one; negative ones name none.
pub fn to_index(value: &Val) -> Option<usize> {
    let number = match value {
        Val::Int(value) => return usize::try_from(*value).ok(),
        Val::Float(value) => Number::Float(*value),
        Val::Text(text) => parse_number(text)?,
        _ => return None,
    };
    match number {
        Number::Int(value) => usize::try_from(value).ok(),
        Number::Float(value) if (0.0..9e15).contains(&value) => Some(value.trunc() as usize),
        Number::Float(_) => None,
    }
}
