//! `LIKE`, `ILIKE`, `CONTAINS` and `IN`.

use super::{compare::equal, member::find_key, text::text_of};
use crate::{Heap, Result, Val};

/// Whether text matches a pattern in which `%` stands for any characters and `_` for one.
pub fn like(text: &str, pattern: &str, ignore_case: bool) -> bool {
    if ignore_case {
        return matches(&text.to_lowercase(), &pattern.to_lowercase());
    }
    matches(text, pattern)
}

/// Walks both at once and, on a mismatch, lets the last `%` take one character more: no recursion.
fn matches(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut rest_of_pattern = pattern.clone();
        let wanted = rest_of_pattern.next();
        if wanted == Some('%') {
            pattern = rest_of_pattern;
            retry = Some((text.clone(), pattern.clone()));
            continue;
        }
        let mut rest_of_text = text.clone();
        match (rest_of_text.next(), wanted) {
            (None, None) => return true,
            (Some(have), Some(wanted)) if wanted == '_' || wanted == have => {
                text = rest_of_text;
                pattern = rest_of_pattern;
            }
            _ => {
                let Some((mut from, after)) = retry.take() else { return false };
                if from.next().is_none() {
                    return false;
                }
                text = from.clone();
                pattern = after.clone();
                retry = Some((from, after));
            }
        }
    }
}

/// `container CONTAINS item` and `item IN container`: an element of a list (compared also as text), a
/// part of a text, a key of an object.
pub fn contains(heap: &Heap, container: &Val, item: &Val) -> Result<bool> {
    match container {
        Val::Null | Val::Secret(_) => Ok(false),
        Val::Array(handle) | Val::Rows(handle, _) => {
            let wanted = text_of(heap, item)?;
            for element in heap.array(*handle) {
                if equal(heap, element, item)? || text_of(heap, element)? == wanted {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Val::Object(handle) => {
            let name = text_of(heap, item)?;
            Ok(heap.object(*handle).is_some_and(|fields| find_key(fields, &name).is_some()))
        }
        _ => Ok(text_of(heap, container)?.contains(&*text_of(heap, item)?)),
    }
}
