//! `=` and `<`: numbers by value, also against numeric text; text by its characters; null equals empty text.

use std::{cmp::Ordering, sync::Arc};

use super::{
    dates::parse_iso,
    is_null, noun,
    number::{Number, parse_number},
    text::MAX_DEPTH,
};
use crate::{BasicError, Handle, Heap, Result, Val};

/// Elements that one comparison may look at; a value shared many times can be exponentially large.
const MAX_COMPARED: usize = 4_000_000;

/// `a = b`
pub fn equal(heap: &Heap, left: &Val, right: &Val) -> Result<bool> {
    let mut budget = MAX_COMPARED;
    equal_at(heap, left, right, 0, &mut budget)
}

fn equal_at(heap: &Heap, left: &Val, right: &Val, depth: usize, budget: &mut usize) -> Result<bool> {
    Ok(match (left, right) {
        (Val::Int(a), Val::Int(b)) => a == b,
        (Val::Text(a), Val::Text(b)) | (Val::Secret(a), Val::Secret(b)) => {
            if Arc::ptr_eq(&a.0, &b.0) || a.len() != b.len() {
                return Ok(a.len() == b.len());
            }
            heap.spend_bytes(a.len())?;
            a == b
        }
        (Val::Null, other) | (other, Val::Null) => is_null(heap, other),
        (Val::Bool(a), Val::Bool(b)) => a == b,
        (Val::Bool(flag), Val::Text(text)) | (Val::Text(text), Val::Bool(flag)) => {
            text.eq_ignore_ascii_case(if *flag { "true" } else { "false" })
                || parse_number(text).is_some_and(|number| same(number, Number::Int(i64::from(*flag))))
        }
        (Val::File(file), Val::Text(text)) | (Val::Text(text), Val::File(file)) => *file.url == **text,
        (Val::File(a), Val::File(b)) => a == b,
        (Val::Array(a) | Val::Rows(a, _), Val::Array(b) | Val::Rows(b, _)) => {
            a == b || arrays_equal(heap, *a, *b, depth, budget)?
        }
        (Val::Object(a), Val::Object(b)) => a == b || objects_equal(heap, *a, *b, depth, budget)?,
        _ => {
            pay_for_texts(heap, left, right)?;
            ordering(left, right) == Some(Ordering::Equal)
        }
    })
}

/// Comparing reads texts, as texts or as the numbers and dates they spell.
fn pay_for_texts(heap: &Heap, left: &Val, right: &Val) -> Result<()> {
    for value in [left, right] {
        if let Val::Text(text) = value {
            heap.spend(8 + (text.len() >> 2))?;
        }
    }
    Ok(())
}

fn spend(heap: &Heap, depth: usize, budget: &mut usize) -> Result<()> {
    heap.note(8);
    *budget = budget.saturating_sub(1);
    if depth > MAX_DEPTH || *budget == 0 {
        return Err(BasicError::limit("values that contain themselves, or are too large, cannot be compared"));
    }
    Ok(())
}

fn arrays_equal(heap: &Heap, a: Handle, b: Handle, depth: usize, budget: &mut usize) -> Result<bool> {
    let (a, b) = (heap.array(a), heap.array(b));
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b) {
        spend(heap, depth, budget)?;
        if !equal_at(heap, a, b, depth + 1, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn objects_equal(heap: &Heap, a: Handle, b: Handle, depth: usize, budget: &mut usize) -> Result<bool> {
    let (Some(a), Some(b)) = (heap.object(a), heap.object(b)) else { return Ok(false) };
    if a.len() != b.len() {
        return Ok(false);
    }
    for (name, a) in a {
        spend(heap, depth, budget)?;
        let Some(b) = b.get(name) else { return Ok(false) };
        if !equal_at(heap, a, b, depth + 1, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The order of `a` and `b`; `None` when there is none (not a number), an error when the types have none.
pub fn compare(heap: &Heap, left: &Val, right: &Val) -> Result<Option<Ordering>> {
    match (left, right) {
        (Val::Int(a), Val::Int(b)) => Ok(Some(a.cmp(b))),
        (Val::Array(_) | Val::Object(_) | Val::Secret(_), _) | (_, Val::Array(_) | Val::Object(_) | Val::Secret(_)) => {
            Err(no_order(left, right))
        }
        (Val::Rows(handle, _), other) if heap.array(*handle).is_empty() => Ok(ordering(&Val::Null, other)),
        (other, Val::Rows(handle, _)) if heap.array(*handle).is_empty() => Ok(ordering(other, &Val::Null)),
        (Val::Rows(..), _) | (_, Val::Rows(..)) => Err(no_order(left, right)),
        (Val::Text(a), Val::Text(b)) => {
            if Arc::ptr_eq(&a.0, &b.0) {
                return Ok(Some(Ordering::Equal));
            }
            heap.spend_bytes(a.len().min(b.len()))?;
            Ok(Some(a.cmp(b)))
        }
        _ => {
            pay_for_texts(heap, left, right)?;
            Ok(ordering(left, right))
        }
    }
}

/// The same sentence whichever side it stands on: the compiler may exchange them.
#[cold]
fn no_order(left: &Val, right: &Val) -> BasicError {
    let ordered = !matches!(left, Val::Array(_) | Val::Object(_) | Val::Secret(_) | Val::Rows(..));
    let (what, with) = if ordered { (right, left) } else { (left, right) };
    BasicError::type_mismatch(format!("cannot compare {} with {}", noun(what), noun(with)))
}

fn number_of(value: &Val) -> Option<Number> {
    match value {
        Val::Null => Some(Number::Int(0)),
        Val::Bool(value) => Some(Number::Int(i64::from(*value))),
        Val::Int(value) => Some(Number::Int(*value)),
        Val::Float(value) => Some(Number::Float(*value)),
        Val::Text(text) if text.is_empty() => None,
        Val::Text(text) => parse_number(text),
        Val::Date(date) => Some(Number::Int(date.timestamp())),
        _ => None,
    }
}

fn same(a: Number, b: Number) -> bool {
    order(a, b) == Some(Ordering::Equal)
}

fn order(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        (Number::Int(a), Number::Float(b)) => order_mixed(a, b),
        (Number::Float(a), Number::Int(b)) => order_mixed(b, a).map(Ordering::reverse),
    }
}

/// Exact, although a float does not hold every large whole number.
fn order_mixed(a: i64, b: f64) -> Option<Ordering> {
    // 2^63 is the first float above all whole numbers.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() {
        return None;
    }
    if b >= END {
        return Some(Ordering::Less);
    }
    if b < -END {
        return Some(Ordering::Greater);
    }
    let whole = b.trunc();
    Some(a.cmp(&(whole as i64)).then_with(|| 0.0.partial_cmp(&(b - whole)).unwrap_or(Ordering::Equal)))
}

/// The order of two plain values; mixed kinds fall back to the order of their texts.
fn ordering(left: &Val, right: &Val) -> Option<Ordering> {
    match (left, right) {
        (Val::Text(a), Val::Text(b)) => return Some(a.cmp(b)),
        (Val::Date(a), Val::Date(b)) => return Some(a.civil_seconds.cmp(&b.civil_seconds)),
        (Val::Date(date), Val::Text(text)) => {
            if let Some(other) = parse_iso(text) {
                return Some(date.civil_seconds.cmp(&other.civil_seconds));
            }
            return Some(date.to_string().as_str().cmp(text));
        }
        (Val::Text(_), Val::Date(_)) => return ordering(right, left).map(Ordering::reverse),
        (Val::Null, Val::Text(text)) => return Some("".cmp(text)),
        (Val::Text(text), Val::Null) => return Some((**text).cmp("")),
        _ => {}
    }
    match (number_of(left), number_of(right)) {
        (Some(a), Some(b)) => order(a, b),
        _ => Some(plain_text(left).as_str().cmp(&plain_text(right))),
    }
}

fn plain_text(value: &Val) -> String {
    match value {
        Val::Bool(value) => value.to_string(),
        Val::Int(value) => value.to_string(),
        Val::Float(value) => super::float_to_text(*value),
        Val::Text(text) => text.to_string(),
        Val::Date(date) => date.to_string(),
        Val::File(file) => file.url.to_string(),
        Val::Null | Val::Array(_) | Val::Object(_) | Val::Rows(..) | Val::Secret(_) => String::new(),
    }
}
