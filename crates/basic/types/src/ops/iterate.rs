//! What `FOR EACH` walks over.

use super::{json::json_view, noun};
use crate::{BasicError, Handle, Heap, Result, Val};

/// A collection that has been looked up once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iterable {
    /// Nothing to walk over.
    Empty,
    /// The elements of a list, or the rows of a recordset.
    Elements(Handle),
    /// The values of an object.
    Fields(Handle),
}

/// What to walk over for a value: null is nothing, text only if it holds a JSON list.
pub fn iterable(heap: &mut Heap, value: &Val) -> Result<Iterable> {
    Ok(match value {
        Val::Null => Iterable::Empty,
        Val::Array(handle) | Val::Rows(handle, _) => Iterable::Elements(*handle),
        Val::Object(handle) => Iterable::Fields(*handle),
        Val::Text(text) => {
            let text = text.clone();
            match json_view(heap, &text)? {
                Val::Array(handle) => Iterable::Elements(handle),
                _ if text.is_empty() => Iterable::Empty,
                _ => return Err(not_a_list(value)),
            }
        }
        Val::Bool(_) | Val::Int(_) | Val::Float(_) | Val::Date(_) | Val::File(_) | Val::Secret(_) => {
            return Err(not_a_list(value));
        }
    })
}

fn not_a_list(value: &Val) -> BasicError {
    BasicError::type_mismatch(format!("FOR EACH needs a list, not {}", noun(value)))
        .with_help("Use SPLIT to make a list from a text.")
}
