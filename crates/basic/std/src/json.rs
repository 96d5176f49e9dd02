//! Reading JSON straight onto the machine's heap, and the functions that write it.

use std::{fmt, sync::Arc};

use botserver_basic_types::{BasicError, FunctionDecl, Heap, Object, Result, Text, Val, ops};
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use crate::{
    args::{arg, new_text, plain},
    written,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain(
        "JSON",
        &["TOJSON", "JSON_STRINGIFY", "TO_JSON"],
        "value",
        (1, 1),
        "The value as JSON text.",
        r#"JSON({a: [1, "x"]}) > {"a":[1,"x"]}"#,
        stringify,
    ),
    plain(
        "JSON_PARSE",
        &["JSON PARSE", "PARSE_JSON", "FROM_JSON"],
        "text",
        (1, 1),
        "The value that a JSON text describes; what is no text is given back as it is.",
        r#"JSON_PARSE("[1, 2]")[1] > 2"#,
        parse,
    ),
];

fn stringify(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let json = written::json(heap, arg(args, 0))?;
    new_text(heap, json)
}

fn parse(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let Val::Text(text) = arg(args, 0) else { return Ok(arg(args, 0).clone()) };
    if text.trim().is_empty() {
        return Ok(Val::Null);
    }
    match read(heap, text) {
        // Models wrap JSON in a Markdown fence.
        Err(error) if error.trappable && text.contains("```") => match ops::json_view(heap, text)? {
            Val::Null => Err(error),
            found => Ok(found),
        },
        result => result,
    }
}

/// Reads one JSON value.
fn read(heap: &mut Heap, text: &str) -> Result<Val> {
    heap.charge(text.len())?;
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

    fn visit_str<E>(self, value: &str) -> Result<Val, E> {
        Ok(Val::Text(Text::new(value)))
    }

    fn visit_string<E>(self, value: String) -> Result<Val, E> {
        Ok(Val::Text(Text::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut source: A) -> Result<Val, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = source.next_element_seed(self.again())? {
            items.push(item);
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
            let value = source.next_value_seed(self.again())?;
            fields.insert(Arc::from(name), value);
            // Counted as a whole by `new_object`; stop a flood before that.
            if fields.len() > self.heap.limits.array_len {
                return Err(A::Error::custom("too many fields"));
            }
        }
        let handle = self.heap.new_object(fields);
        self.keep(handle).map(Val::Object)
    }
}
