//! `.name` and `[index]`, read and write: field names exact first, then ignoring case; a recordset
//! also acts as its first record; lists grow when written past their end.

use std::sync::Arc;

use super::{dates, json::json_view, noun, number::to_index, text::text_of};
use crate::{BasicError, Handle, Heap, Object, Result, Text, Val};

/// Finds a field: exact, then ignoring case.
pub(crate) fn find_key(fields: &Object, name: &str) -> Option<usize> {
    fields.get_index_of(name).or_else(|| {
        fields.keys().position(|key| {
            key.eq_ignore_ascii_case(name)
                || (!(key.is_ascii() && name.is_ascii()) && key.to_lowercase() == name.to_lowercase())
        })
    })
}

/// Where a field of an object stands, so that a caller may remember it.
pub fn index_of(heap: &Heap, object: Handle, name: &str) -> Option<usize> {
    let fields = heap.object(object)?;
    heap.note_bytes(name.len());
    fields.get_index_of(name).or_else(|| {
        // What is not there as written is compared with every name.
        heap.note(fields.len().saturating_mul(4));
        find_key(fields, name)
    })
}

/// Something that `.name` may be asked of.
pub enum Member {
    /// It is there (or null because it is a field that is not set).
    Value(Val),
    /// This kind of value has no such member; a method may have that name.
    None,
}

/// `value.name`; an error on null and on kinds of values that have no such member.
pub fn member_get(heap: &mut Heap, value: &Val, name: &str) -> Result<Val> {
    match try_member(heap, value, name)? {
        Member::Value(found) => Ok(found),
        Member::None if matches!(value, Val::Null) => {
            Err(BasicError::new(91, format!("cannot read `{name}` of nothing (null)"))
                .with_help(format!("Write `?.{name}` to get null instead of this error.")))
        }
        Member::None => Err(BasicError::new(438, format!("{} has no member `{name}`", noun(value)))),
    }
}

/// `value.name`, telling a missing member from null.
fn try_member(heap: &mut Heap, value: &Val, name: &str) -> Result<Member> {
    let is_length = || name.eq_ignore_ascii_case("length") || name.eq_ignore_ascii_case("count");
    Ok(Member::Value(match value {
        Val::Object(handle) => field(heap, *handle, name).unwrap_or_default(),
        Val::Rows(handle, _) => {
            let rows = heap.array(*handle);
            match rows.first() {
                // A column of that name wins over the number of rows, but only with the exact spelling.
                Some(Val::Object(row)) if !is_length() => field(heap, *row, name).unwrap_or_default(),
                _ if is_length() => Val::Int(rows.len() as i64),
                _ => Val::Null,
            }
        }
        Val::Array(handle) if is_length() => Val::Int(heap.array(*handle).len() as i64),
        Val::Array(handle) => match group(heap, *handle, name)? {
            Some(items) => items,
            None => return Ok(Member::None),
        },
        Val::Text(text) if is_length() => {
            heap.note_bytes(text.len());
            Val::Int(text.chars().count() as i64)
        }
        Val::Text(text) => {
            // What a model answers is text that a script may read as the JSON it contains.
            let text = text.clone();
            match json_view(heap, &text)? {
                Val::Object(handle) => field(heap, handle, name).unwrap_or_default(),
                _ => return Ok(Member::None),
            }
        }
        Val::Date(date) => match dates::member(*date, name) {
            Some(found) => found,
            None => return Ok(Member::None),
        },
        Val::File(file) => match name.to_ascii_lowercase().as_str() {
            "url" | "path" => Val::Text(Text::new(&*file.url)),
            "filename" | "name" => Val::Text(Text::new(&*file.filename)),
            "mime_type" | "type" => Val::Text(Text::new(&*file.mime_type)),
            "size" => Val::Int(file.size as i64),
            _ => return Ok(Member::None),
        },
        Val::Null | Val::Bool(_) | Val::Int(_) | Val::Float(_) | Val::Secret(_) => {
            return Ok(Member::None);
        }
    }))
}

/// A list of groups, as GROUP_BY makes it (records with `key`, `items` and `count`), also answers to the
/// keys of its groups: `groups.Rio` is the items of that group, null if there is none.
fn group(heap: &Heap, list: Handle, key: &str) -> Result<Option<Val>> {
    let groups = heap.array(list);
    let is_group = |value: Option<&Val>| match value {
        Some(Val::Object(handle)) => heap
            .object(*handle)
            .is_some_and(|fields| ["key", "items", "count"].iter().all(|name| fields.contains_key(*name))),
        _ => false,
    };
    if !is_group(groups.first()) {
        return Ok(None);
    }
    for group in groups {
        heap.spend(16)?;
        if let Val::Object(handle) = group
            && let Some(own) = field(heap, *handle, "key")
            && text_of(heap, &own)?.eq_ignore_ascii_case(key)
        {
            return Ok(Some(field(heap, *handle, "items").unwrap_or_default()));
        }
    }
    Ok(Some(Val::Null))
}

fn field(heap: &Heap, object: Handle, name: &str) -> Option<Val> {
    let (_, value) = heap.object(object)?.get_index(index_of(heap, object, name)?)?;
    Some(value.clone())
}

/// `container.name = value`; creates the field. The caller has replaced a null container by a new object.
pub fn member_set(heap: &mut Heap, container: &Val, name: &Arc<str>, value: Val) -> Result<()> {
    let object = match container {
        Val::Object(handle) => *handle,
        Val::Rows(handle, _) => match heap.array(*handle).first() {
            Some(Val::Object(row)) => *row,
            _ => return Err(BasicError::new(91, format!("cannot set `{name}`: the recordset has no rows"))),
        },
        other => {
            return Err(BasicError::new(438, format!("cannot set `{name}` of {}", noun(other))));
        }
    };
    let found = index_of(heap, object, name);
    let Some(fields) = heap.object_mut(object) else { return Ok(()) };
    if let Some(index) = found {
        if let Some((_, slot)) = fields.get_index_mut(index) {
            *slot = value;
        }
        return Ok(());
    }
    fields.insert(name.clone(), value);
    heap.charge(name.len() + 40 + size_of::<Val>())
}

/// `container[index]`: an element, a row, a field, a character; null where there is none.
pub fn index_get(heap: &mut Heap, container: &Val, index: &Val) -> Result<Val> {
    Ok(match container {
        Val::Array(handle) | Val::Rows(handle, _) => match to_index(index) {
            Some(position) => heap.array(*handle).get(position).cloned().unwrap_or_default(),
            None if matches!(index, Val::Int(_) | Val::Float(_) | Val::Null) => Val::Null,
            None => {
                let name = text_of(heap, index)?.into_owned();
                return member_get(heap, container, &name);
            }
        },
        Val::Object(handle) => {
            let name = text_of(heap, index)?;
            field(heap, *handle, &name).unwrap_or_default()
        }
        Val::Text(text) => {
            let text = text.clone();
            heap.note_bytes(text.len());
            match json_view_or_null(heap, &text)? {
                Val::Null => {
                    let position = to_index(index);
                    position
                        .and_then(|position| text.chars().nth(position))
                        .map_or(Val::Null, |found| Val::Text(Text::new(found)))
                }
                parsed => return index_get(heap, &parsed, index),
            }
        }
        Val::Null => {
            return Err(BasicError::new(91, "cannot read an element of nothing (null)")
                .with_help("Write `?.[index]` to get null instead of this error."));
        }
        Val::Date(_) | Val::File(_) => {
            let name = text_of(heap, index)?.into_owned();
            return member_get(heap, container, &name);
        }
        Val::Bool(_) | Val::Int(_) | Val::Float(_) | Val::Secret(_) => {
            return Err(BasicError::new(438, format!("{} has no elements", noun(container))));
        }
    })
}

/// Only text that starts as JSON (or a fence) is looked into: an index into prose is a character.
fn json_view_or_null(heap: &mut Heap, text: &str) -> Result<Val> {
    if text.trim_start().starts_with(['{', '[', '`']) { json_view(heap, text) } else { Ok(Val::Null) }
}

/// `container[index] = value`; lists grow, padded with null. The caller has replaced a null container.
pub fn index_set(heap: &mut Heap, container: &Val, index: &Val, value: Val) -> Result<()> {
    match container {
        Val::Array(handle) => {
            let Some(position) = to_index(index) else {
                return Err(BasicError::new(9, format!("{} is not a position in a list", noun(index))));
            };
            set_element(heap, *handle, position, value)
        }
        Val::Rows(handle, _) => {
            if let Some(position) = to_index(index) {
                return set_element(heap, *handle, position, value);
            }
            let name: Arc<str> = text_of(heap, index)?.into();
            member_set(heap, container, &name, value)
        }
        Val::Object(_) => {
            let name: Arc<str> = text_of(heap, index)?.into();
            member_set(heap, container, &name, value)
        }
        other => Err(BasicError::new(438, format!("cannot set an element of {}", noun(other)))),
    }
}

fn set_element(heap: &mut Heap, handle: Handle, position: usize, value: Val) -> Result<()> {
    let limit = heap.limits.array_len;
    if position >= limit {
        return Err(BasicError::limit(format!("an array may hold at most {limit} elements")));
    }
    let len = heap.array(handle).len();
    if position >= len {
        heap.charge((position + 1 - len) * size_of::<Val>())?;
    }
    if let Some(items) = heap.array_mut(handle) {
        if position >= len {
            items.resize(position + 1, Val::Null);
        }
        if let Some(slot) = items.get_mut(position) {
            *slot = value;
        }
    }
    Ok(())
}
