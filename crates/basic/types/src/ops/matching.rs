//! `LIKE`, `ILIKE`, `CONTAINS` and `IN`.

use super::{compare::equal, member::find_key, text::text_of};
use crate::{Heap, Result, Val};

/// Characters that are looked at before they are paid for.
const UNPAID: usize = 1_024;

/// Whether text matches a pattern in which `%` stands for any characters and `_` for one. Patterns without `_` take
/// time in proportion to the text; the others pay for what they try, and end with an error when that is too much.
pub fn like(heap: &Heap, text: &str, pattern: &str, ignore_case: bool) -> Result<bool> {
    heap.spend_bytes(text.len() + pattern.len())?;
    if ignore_case {
        heap.spend(text.len() + pattern.len())?;
        return matches(heap, &text.to_lowercase(), &pattern.to_lowercase());
    }
    matches(heap, text, pattern)
}

/// The pieces between the `%` are found one after the other, each at its first place: if a later one fits at all, it
/// fits behind the earliest place of those before it.
fn matches(heap: &Heap, text: &str, pattern: &str) -> Result<bool> {
    let Some((first, rest)) = pattern.split_once('%') else {
        return Ok(start(text, pattern) == Ok(text.len()));
    };
    let Ok(length) = start(text, first) else { return Ok(false) };
    let text = text.get(length..).unwrap_or_default();
    let (middle, last) = rest.rsplit_once('%').map_or((None, rest), |(middle, last)| (Some(middle), last));
    // The last piece stands at the end, which is as many characters long.
    let Some(end) = back(text, last.chars().count()) else { return Ok(false) };
    let (mut text, tail) = text.split_at(end);
    if start(tail, last).is_err() {
        return Ok(false);
    }
    for piece in middle.into_iter().flat_map(|middle| middle.split('%')) {
        match find(heap, text, piece)? {
            Some(behind) => text = text.get(behind..).unwrap_or_default(),
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// The length of the start of a text that fits a piece; else how far it fits.
fn start(text: &str, piece: &str) -> std::result::Result<usize, usize> {
    let mut rest = text.chars();
    for (at, wanted) in piece.chars().enumerate() {
        if !rest.next().is_some_and(|have| wanted == '_' || wanted == have) {
            return Err(at);
        }
    }
    Ok(text.len() - rest.as_str().len())
}

/// Where the last so many characters of a text begin.
fn back(text: &str, count: usize) -> Option<usize> {
    if count == 0 {
        return Some(text.len());
    }
    text.char_indices().rev().nth(count - 1).map(|(at, _)| at)
}

/// The end of the first place that fits a piece.
fn find(heap: &Heap, text: &str, piece: &str) -> Result<Option<usize>> {
    if !piece.contains('_') {
        return Ok(text.find(piece).map(|at| at + piece.len()));
    }
    let mut unpaid = 0;
    for (at, _) in text.char_indices().chain(std::iter::once((text.len(), ' '))) {
        match start(text.get(at..).unwrap_or_default(), piece) {
            Ok(length) => return Ok(Some(at + length)),
            Err(fits) => unpaid += fits + 2,
        }
        if unpaid > UNPAID {
            heap.spend(std::mem::take(&mut unpaid))?;
        }
    }
    heap.spend(unpaid)?;
    Ok(None)
}

/// `container CONTAINS item` and `item IN container`: an element of a list (compared also as text), a
/// part of a text, a key of an object.
pub fn contains(heap: &Heap, container: &Val, item: &Val) -> Result<bool> {
    match container {
        Val::Null | Val::Secret(_) => Ok(false),
        Val::Array(handle) | Val::Rows(handle, _) => {
            let wanted = text_of(heap, item)?;
            for element in heap.array(*handle) {
                heap.spend(8)?;
                if equal(heap, element, item)? || same_text(heap, &text_of(heap, element)?, &wanted)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Val::Object(handle) => {
            let name = text_of(heap, item)?;
            Ok(heap.object(*handle).is_some_and(|fields| find_key(fields, &name).is_some()))
        }
        _ => {
            let (whole, part) = (text_of(heap, container)?, text_of(heap, item)?);
            heap.spend_bytes(whole.len() + part.len())?;
            Ok(whole.contains(&*part))
        }
    }
}

/// Whether two texts are the same; looking costs only where they might be.
fn same_text(heap: &Heap, a: &str, b: &str) -> Result<bool> {
    if a.len() != b.len() {
        return Ok(false);
    }
    heap.spend_bytes(a.len())?;
    Ok(a == b)
}
