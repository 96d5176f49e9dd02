//! Values as a debugger shows them: one line each, and what is inside only when somebody opens it, a page at a time.

use std::fmt::Write as _;

use botserver_basic_types::{BasicError, Heap, Object, Result, Val, Value, ops};
use serde::{Deserialize, Serialize};

use super::{Scope, frames::Named};
use crate::Machine;

/// Characters of a text that are shown.
const LONGEST_TEXT: usize = 1_000;
/// Characters of the line that tells what is in a list or an object.
const LONGEST_PREVIEW: usize = 80;
/// Values inside that are named there.
const PREVIEWED: usize = 8;
/// Values that are shown at once.
const LONGEST_PAGE: usize = 10_000;

/// A value with its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The variable, the field, or the position in its list.
    pub name: String,
    /// The value in one line.
    pub value: String,
    /// As TYPEOF names it.
    pub kind: String,
    /// By which its inside is asked for, until the machine goes on; 0 if there is none.
    pub reference: u32,
    /// Fields inside.
    pub named: usize,
    /// Elements inside.
    pub indexed: usize,
}

impl Machine {
    /// The variables of a frame.
    pub fn show_variables(&mut self, frame: usize, scope: Scope) -> Vec<Shown> {
        let named: Vec<Named> = self.named(frame, scope);
        let values: Vec<(String, Val)> = named
            .into_iter()
            .filter_map(|(name, register)| Some((name.to_string(), self.registers.get(register)?.clone())))
            .collect();
        values.into_iter().map(|(name, value)| self.show(name, &value)).collect()
    }

    /// What is inside a value that was shown: `count` of it from `start`; 0 for all.
    pub fn show_inside(&mut self, reference: u32, start: usize, count: usize) -> Vec<Shown> {
        let Some(value) = self.held(reference) else { return Vec::new() };
        let count = if count == 0 { LONGEST_PAGE } else { count.min(LONGEST_PAGE) };
        let inside: Vec<(String, Val)> = match &value {
            Val::Array(handle) | Val::Rows(handle, _) => {
                let items = self.heap.array(*handle).iter().enumerate().skip(start).take(count);
                items.map(|(position, item)| (position.to_string(), item.clone())).collect()
            }
            Val::Object(handle) => {
                let fields = self.heap.object(*handle).into_iter().flatten().skip(start).take(count);
                fields.map(|(name, field)| (name.to_string(), field.clone())).collect()
            }
            _ => Vec::new(),
        };
        inside.into_iter().map(|(name, value)| self.show(name, &value)).collect()
    }

    /// A value that is not the script's.
    pub fn show_value(&mut self, name: &str, value: &Value) -> Shown {
        // Its memory is that of the script; when it has none left, nothing is shown.
        let value = self.heap.attach(value).unwrap_or_default();
        self.show(name.to_owned(), &value)
    }

    /// A value of the machine, and what is inside can be asked for.
    pub(super) fn show(&mut self, name: String, value: &Val) -> Shown {
        let (named, indexed) = match value {
            Val::Array(handle) | Val::Rows(handle, _) => (0, self.heap.array(*handle).len()),
            Val::Object(handle) => (self.heap.object(*handle).map_or(0, Object::len), 0),
            _ => (0, 0),
        };
        let reference = if named + indexed > 0 { self.hold(value.clone()) } else { 0 };
        let kind = if matches!(value, Val::Secret(_)) { "secret" } else { ops::type_name(value) };
        Shown { name, value: line(&self.heap, value), kind: kind.to_owned(), reference, named, indexed }
    }

    /// Sets a field or an element of a value that was shown.
    pub(super) fn set_inside(&mut self, reference: u32, name: &str, value: Val) -> Result<()> {
        let Some(container) = self.held(reference) else {
            return Err(BasicError::new(9000, "what was shown is not there any more"));
        };
        match (&container, name.parse::<i64>()) {
            (Val::Array(_) | Val::Rows(..), Ok(position)) => {
                ops::index_set(&mut self.heap, &container, &Val::Int(position), value)
            }
            _ => ops::member_set(&mut self.heap, &container, &name.into(), value),
        }
    }

    fn held(&self, reference: u32) -> Option<Val> {
        let index = (reference as usize).checked_sub(1)?;
        self.debug.as_deref()?.held.get(index).cloned()
    }

    pub(super) fn hold(&mut self, value: Val) -> u32 {
        let held = &mut self.debug.get_or_insert_default().held;
        held.push(value);
        held.len() as u32
    }
}

/// A value in one line.
pub(super) fn line(heap: &Heap, value: &Val) -> String {
    match value {
        Val::Array(_) | Val::Rows(..) | Val::Object(_) => {
            let mut out = String::new();
            preview(heap, value, 0, &mut out);
            out
        }
        other => simple(heap, other, LONGEST_TEXT),
    }
}

fn simple(heap: &Heap, value: &Val, longest: usize) -> String {
    match value {
        Val::Null => "null".to_owned(),
        Val::Secret(_) => "(secret)".to_owned(),
        Val::Text(text) => quoted(text, longest),
        other => ops::text_of(heap, other).map_or_else(|error| error.message, std::borrow::Cow::into_owned),
    }
}

/// A text as a script would write it, cut where it becomes too long.
fn quoted(text: &str, longest: usize) -> String {
    let mut out = String::from("\"");
    let mut characters = text.chars();
    for character in characters.by_ref().take(longest) {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    let rest = characters.count();
    out.push('"');
    if rest > 0 {
        let _ = write!(out, "… and {rest} more characters");
    }
    out
}

fn preview(heap: &Heap, value: &Val, depth: usize, out: &mut String) {
    let (open, close, len, items): (_, _, _, Vec<(Option<&str>, &Val)>) = match value {
        Val::Array(handle) | Val::Rows(handle, _) => {
            let items = heap.array(*handle);
            ("[", "]", items.len(), items.iter().take(PREVIEWED).map(|item| (None, item)).collect())
        }
        Val::Object(handle) => {
            let fields = heap.object(*handle);
            let named = fields.into_iter().flatten().take(PREVIEWED).map(|(name, own)| (Some(&**name), own));
            ("{", "}", fields.map_or(0, Object::len), named.collect())
        }
        other => return out.push_str(&simple(heap, other, LONGEST_PREVIEW / 4)),
    };
    out.push_str(open);
    for (at, (name, item)) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        if out.chars().count() > LONGEST_PREVIEW || depth > 2 {
            out.push('…');
            break;
        }
        if let Some(name) = name {
            let _ = write!(out, "{name}: ");
        }
        preview(heap, item, depth + 1, out);
    }
    if len > PREVIEWED {
        out.push_str(", …");
    }
    out.push_str(close);
    if depth == 0 && open == "[" {
        let _ = write!(out, " ({len})");
    }
}
