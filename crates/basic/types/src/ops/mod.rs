//! How values print, compare, add and count as true (language reference, section 1.5).
//! `basic/vm` runs its operators through this module and `basic/std` its functions, so that both
//! agree. Pure: knows no syntax, no clock and no host.

mod arithmetic;
mod compare;
mod dates;
mod iterate;
mod json;
mod matching;
mod member;
mod number;
mod text;

pub use arithmetic::{add, concat, divide, finite, modulo, multiply, negate, power, subtract};
pub use compare::{compare, equal};
pub use dates::parse_iso;
pub use iterate::{Iterable, iterable};
pub use json::{json_view, read_json};
pub use matching::{contains, like};
pub use member::{Member, index_get, index_of, index_set, member_get, member_set};
pub use number::{Number, parse_number, to_index, to_integer, to_number};
pub use text::{float_to_text, text_of, to_text, write_text};

use crate::{Heap, Val};

/// Whether a value counts as true: not null, `FALSE`, zero, empty text, `"false"`, `"0"`, an empty
/// array or an empty recordset.
pub fn truthy(heap: &Heap, value: &Val) -> bool {
    match value {
        Val::Null => false,
        Val::Bool(value) => *value,
        Val::Int(value) => *value != 0,
        Val::Float(value) => *value != 0.0 && !value.is_nan(),
        Val::Text(text) => !text.is_empty() && &**text != "0" && !text.eq_ignore_ascii_case("false"),
        Val::Array(handle) | Val::Rows(handle, _) => !heap.array(*handle).is_empty(),
        Val::Secret(text) => !text.is_empty(),
        Val::Date(_) | Val::Object(_) | Val::File(_) => true,
    }
}

/// What `TYPEOF` says.
pub const fn type_name(value: &Val) -> &'static str {
    match value {
        Val::Null => "null",
        Val::Bool(_) => "boolean",
        Val::Int(_) => "integer",
        Val::Float(_) => "float",
        Val::Text(_) | Val::Secret(_) => "string",
        Val::Date(_) => "date",
        Val::Array(_) | Val::Rows(..) => "array",
        Val::Object(_) | Val::File(_) => "object",
    }
}

/// What an error message calls a value of this type.
pub(crate) const fn noun(value: &Val) -> &'static str {
    match value {
        Val::Null => "nothing (null)",
        Val::Bool(_) => "a boolean",
        Val::Int(_) | Val::Float(_) => "a number",
        Val::Text(_) => "a text",
        Val::Date(_) => "a date",
        Val::Array(_) => "a list",
        Val::Rows(..) => "a recordset",
        Val::Object(_) => "an object",
        Val::File(_) => "a file",
        Val::Secret(_) => "a secret",
    }
}

/// True for null and for what compares equal to it: empty text and an empty recordset.
pub fn is_null(heap: &Heap, value: &Val) -> bool {
    match value {
        Val::Null => true,
        Val::Text(text) => text.is_empty(),
        Val::Rows(handle, _) => heap.array(*handle).is_empty(),
        _ => false,
    }
}
