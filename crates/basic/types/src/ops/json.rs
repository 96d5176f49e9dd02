//! Reading JSON straight onto the machine's heap, within its limits.

use std::{fmt, sync::Arc};

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{BasicError, Heap, Object, Result, Text, Val};

/// Reads a text that is one JSON value.
pub fn read_json(heap: &mut Heap, text: &str) -> Result<Val> {
    heap.note_bytes(text.len());
    let mut source = serde_json::Deserializer::from_str(text);
    let mut failure = None;
    let read = OntoHeap { heap, failure: &mut failure }.deserialize(&mut source).and_then(|value| {
        source.end()?;
        Ok(value)
    });
    match (read, failure) {
        (_, Some(limit)) => Err(limit),
        (Ok(value), None) => Ok(value),
        (Err(error), None) => Err(BasicError::invalid(format!("this is not JSON: {error}"))),
    }
}

/// The list or object inside a text that is JSON, also in a Markdown fence, as models answer it;
/// null if there is none.
pub fn json_view(heap: &mut Heap, text: &str) -> Result<Val> {
    heap.note_bytes(text.len());
    let Some(start) = text.find(['{', '[']) else { return Ok(Val::Null) };
    // Only the first JSON value counts: prose or a closing fence may follow it.
    let mut source = serde_json::Deserializer::from_str(text.get(start..).unwrap_or_default());
    let mut failure = None;
    let read = OntoHeap { heap, failure: &mut failure }.deserialize(&mut source);
    match (read, failure) {
        (_, Some(limit)) => Err(limit),
        (Ok(value), None) => Ok(value),
        (Err(_), None) => Ok(Val::Null),
    }
}

/// Builds values where they will live, without a tree in between. A limit of the heap is kept aside,
/// because serde's errors are text.
struct OntoHeap<'a> {
    heap: &'a mut Heap,
    failure: &'a mut Option<BasicError>,
}

impl OntoHeap<'_> {
    fn again(&mut self) -> OntoHeap<'_> {
        OntoHeap { heap: self.heap, failure: self.failure }
    }

    fn keep<T, E: serde::de::Error>(&mut self, result: Result<T>) -> Result<T, E> {
        result.map_err(|error| {
            let shown = E::custom(&error.message);
            *self.failure = Some(error);
            shown
        })
    }
}

impl<'de> DeserializeSeed<'de> for OntoHeap<'_> {
    type Value = Val;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Val, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OntoHeap<'_> {
    type Value = Val;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Val, E> {
        Ok(Val::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Val, E> {
        Ok(Val::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Val, E> {
        Ok(Val::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Val, E> {
        Ok(i64::try_from(value).map_or(Val::Float(value as f64), Val::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Val, E> {
        Ok(Val::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Val, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: serde::de::Error>(mut self, value: String) -> Result<Val, E> {
        let room = self.heap.charge(value.len());
        self.keep(room)?;
        Ok(Val::Text(Text::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut source: A) -> Result<Val, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(self.again())? {
            items.push(item);
            self.heap.note(16);
            if items.len() > self.heap.limits.array_len {
                break;
            }
        }
        let handle = self.heap.new_array(items);
        self.keep(handle).map(Val::Array)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut source: A) -> Result<Val, A::Error> {
        let mut fields = Object::default();
        while let Some(name) = source.next_key::<String>()? {
            let room = self.heap.charge(name.len());
            self.keep(room)?;
            let value = source.next_value_seed(self.again())?;
            fields.insert(Arc::from(name), value);
            self.heap.note(64);
            // Counted as a whole by `new_object`; stop a flood before that.
            if fields.len() > self.heap.limits.array_len {
                return Err(A::Error::custom("too many fields"));
            }
        }
        let handle = self.heap.new_object(fields);
        self.keep(handle).map(Val::Object)
    }
}
