//! `+ - * / MOD ^ &`. Whole numbers stay whole until they overflow; then they become floats. What is too large for
//! those is error 6.

use super::{
    dates, noun,
    number::{Number, to_number},
    text::{check_len, write_text},
};
use crate::{BasicError, Heap, Result, Text, Val};

/// `a + b`: adds numbers, concatenates if either is text, joins lists, moves a date by seconds.
pub fn add(heap: &mut Heap, left: &Val, right: &Val) -> Result<Val> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => Ok(a.checked_add(*b).map_or_else(|| Val::Float(*a as f64 + *b as f64), Val::Int)),
        (Val::Null, Val::Null) => Ok(Val::Null),
        (Val::Text(_) | Val::Secret(_) | Val::File(_), _) | (_, Val::Text(_) | Val::Secret(_) | Val::File(_)) => {
            concat(heap, left, right)
        }
        (Val::Array(a) | Val::Rows(a, _), Val::Array(b) | Val::Rows(b, _)) => {
            let joined = heap.array(*a).iter().chain(heap.array(*b)).cloned().collect();
            heap.new_array(joined).map(Val::Array)
        }
        (Val::Null, Val::Array(list) | Val::Rows(list, _)) | (Val::Array(list) | Val::Rows(list, _), Val::Null) => {
            let copy = heap.array(*list).to_vec();
            heap.new_array(copy).map(Val::Array)
        }
        (Val::Date(date), Val::Int(_) | Val::Float(_) | Val::Null)
        | (Val::Int(_) | Val::Float(_) | Val::Null, Val::Date(date)) => {
            let moved = if matches!(left, Val::Date(_)) { right } else { left };
            shift(*date, to_number(moved)?, false)
        }
        (Val::Array(_) | Val::Rows(..) | Val::Object(_) | Val::Date(_), _)
        | (_, Val::Array(_) | Val::Rows(..) | Val::Object(_) | Val::Date(_)) => {
            Err(BasicError::type_mismatch(format!("cannot add {} and {}", noun(left), noun(right))))
        }
        _ => match (to_number(left)?, to_number(right)?) {
            (Number::Int(a), Number::Int(b)) => {
                Ok(a.checked_add(b).map_or_else(|| Val::Float(a as f64 + b as f64), Val::Int))
            }
            (a, b) => finite(a.as_f64() + b.as_f64()),
        },
    }
}

/// `a & b`: the texts of both, one after the other.
pub fn concat(heap: &mut Heap, left: &Val, right: &Val) -> Result<Val> {
    // A number takes twenty characters at most.
    let room = |value: &Val| if let Val::Text(text) = value { text.len() } else { 20 };
    let mut out = String::with_capacity(room(left) + room(right));
    write_text(heap, left, &mut out)?;
    write_text(heap, right, &mut out)?;
    check_len(heap, out.len())?;
    heap.charge(out.len())?;
    Ok(Val::Text(Text::new(out)))
}

/// `a - b`; two dates give the seconds between them.
pub fn subtract(left: &Val, right: &Val) -> Result<Val> {
    match (left, right) {
        (Val::Date(a), Val::Date(b)) => Ok(Val::Int(a.civil_seconds - b.civil_seconds)),
        (Val::Date(date), Val::Int(_) | Val::Float(_) | Val::Null) => shift(*date, to_number(right)?, true),
        _ => match (to_number(left)?, to_number(right)?) {
            (Number::Int(a), Number::Int(b)) => {
                Ok(a.checked_sub(b).map_or_else(|| Val::Float(a as f64 - b as f64), Val::Int))
            }
            (a, b) => finite(a.as_f64() - b.as_f64()),
        },
    }
}

/// `a * b`
pub fn multiply(left: &Val, right: &Val) -> Result<Val> {
    match (to_number(left)?, to_number(right)?) {
        (Number::Int(a), Number::Int(b)) => {
            Ok(a.checked_mul(b).map_or_else(|| Val::Float(a as f64 * b as f64), Val::Int))
        }
        (a, b) => finite(a.as_f64() * b.as_f64()),
    }
}

/// `a / b`: always real division; error 11 when `b` is zero.
pub fn divide(left: &Val, right: &Val) -> Result<Val> {
    let (a, b) = (to_number(left)?.as_f64(), to_number(right)?.as_f64());
    if b == 0.0 {
        return Err(BasicError::new(11, "division by zero"));
    }
    finite(a / b)
}

/// `a MOD b`: the remainder with the sign of `a`; error 11 when `b` is zero.
pub fn modulo(left: &Val, right: &Val) -> Result<Val> {
    match (to_number(left)?, to_number(right)?) {
        (_, Number::Int(0)) => Err(BasicError::new(11, "division by zero")),
        // wrapping_rem: i64::MIN MOD -1 is 0.
        (Number::Int(a), Number::Int(b)) => Ok(Val::Int(a.wrapping_rem(b))),
        (_, b) if b.as_f64() == 0.0 => Err(BasicError::new(11, "division by zero")),
        (a, b) => finite(a.as_f64() % b.as_f64()),
    }
}

/// `a ^ b`: whole when both are whole, `b` is not negative and the result fits.
pub fn power(left: &Val, right: &Val) -> Result<Val> {
    let (a, b) = (to_number(left)?, to_number(right)?);
    if let (Number::Int(base), Number::Int(exponent)) = (a, b)
        && let Ok(exponent) = u32::try_from(exponent)
        && let Some(result) = base.checked_pow(exponent)
    {
        return Ok(Val::Int(result));
    }
    let (base, exponent) = (a.as_f64(), b.as_f64());
    if base == 0.0 && exponent < 0.0 {
        return Err(BasicError::new(11, "division by zero"));
    }
    if base < 0.0 && exponent.fract() != 0.0 {
        return Err(BasicError::invalid("a negative number has no broken power"));
    }
    finite(base.powf(exponent))
}

/// A result that must be a number.
pub fn finite(value: f64) -> Result<Val> {
    if value.is_finite() {
        return Ok(Val::Float(value));
    }
    Err(BasicError::new(6, "the result is too large for a number"))
}

/// `-a`
pub fn negate(value: &Val) -> Result<Val> {
    Ok(match to_number(value)? {
        Number::Int(value) => value.checked_neg().map_or_else(|| Val::Float(-(value as f64)), Val::Int),
        Number::Float(value) => Val::Float(-value),
    })
}

fn shift(date: crate::Date, seconds: Number, back: bool) -> Result<Val> {
    let seconds = match seconds {
        Number::Int(value) => value,
        Number::Float(value) => value.round() as i64,
    };
    let seconds = if back { seconds.checked_neg() } else { Some(seconds) };
    seconds
        .and_then(|seconds| dates::shift(date, seconds))
        .map(Val::Date)
        .ok_or_else(|| BasicError::new(6, "the date is outside of the years 0 to 9999"))
}
