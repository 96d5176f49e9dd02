//! Calls functions with values written as JSON and shows results as the language prints them.

use botserver_basic_std::find;
use botserver_basic_types::{Heap, HeapLimits, Result, Val, Value, ops};
use serde_json::Value as Json;

/// Calls a function; arguments as JSON, with `"@date:2026-11-22"` for a date value.
pub(crate) fn call(name: &str, args: &Json) -> Result<String> {
    let mut heap = Heap::new(HeapLimits::default());
    let value = call_on(&mut heap, name, args)?;
    Ok(ops::text_of(&heap, &value)?.into_owned())
}

pub(crate) fn call_on(heap: &mut Heap, name: &str, args: &Json) -> Result<Val> {
    let function = find(name).unwrap_or_else(|| panic!("no function {name}"));
    let args: Vec<Val> = args.as_array().expect("a list of arguments").iter().map(|arg| val(heap, arg)).collect();
    assert!(args.len() >= usize::from(function.min) && args.len() <= usize::from(function.max), "{name}: arity");
    (function.run)(heap, &args)
}

pub(crate) fn val(heap: &mut Heap, json: &Json) -> Val {
    if let Some(date) = json.as_str().and_then(|text| text.strip_prefix("@date:")) {
        return Val::Date(botserver_basic_std::parse_date(date).expect("a date"));
    }
    if let Some(rows) = json.get("@rows") {
        let Val::Array(handle) = val(heap, rows) else { panic!("rows are a list") };
        return Val::Rows(handle, false);
    }
    heap.attach(&Value::from_json(json)).expect("fits")
}

/// Asserts every `(function, arguments, printed result)`; `!` starts an expected error message.
pub(crate) fn check(table: &[(&str, Json, &str)]) {
    let mut failures = Vec::new();
    for (name, args, expected) in table {
        let shown = match call(name, args) {
            Ok(text) => text,
            Err(error) => format!("!{}", error.message),
        };
        if shown != *expected {
            failures.push(format!("{name}({args})\n   is {shown:?}\n  not {expected:?}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
