//! The pure functions of the language (LEFT, FORMAT, DATEADD, SORT, …), the evaluator of conditions
//! over rows, and the validators of HEAR. Values print and compare as `basic/types::ops` says.
//! Knows no syntax, no clock, no dice and no I/O: what needs those is a keyword of the runtime.
#![forbid(unsafe_code)]

mod aggregates;
mod args;
mod arrays;
mod civil;
pub mod condition;
mod convert;
mod dates;
mod decimal;
mod format;
pub mod hear;
mod json;
mod math;
mod order;
pub mod records;
pub mod schedule;
mod strings;
mod text;
mod written;

use std::{collections::HashMap, sync::LazyLock};

use botserver_basic_types::{BasicError, FunctionDecl, Heap, HeapLimits, Result, Value};

pub use civil::parse as parse_date;
pub use format::format_value;

/// Every function, family by family.
static FUNCTIONS: LazyLock<Vec<FunctionDecl>> = LazyLock::new(|| {
    [
        strings::FUNCTIONS,
        format::FUNCTIONS,
        math::FUNCTIONS,
        dates::FUNCTIONS,
        arrays::FUNCTIONS,
        order::FUNCTIONS,
        convert::FUNCTIONS,
        records::FUNCTIONS,
        aggregates::FUNCTIONS,
        json::FUNCTIONS,
        written::FUNCTIONS,
    ]
    .concat()
});

static BY_NAME: LazyLock<HashMap<String, &'static FunctionDecl>> = LazyLock::new(|| {
    functions()
        .iter()
        .flat_map(|function| {
            std::iter::once(&function.name).chain(function.aliases).map(move |name| ((*name).to_owned(), function))
        })
        .collect()
});

/// Every function of the library.
pub fn functions() -> &'static [FunctionDecl] {
    &FUNCTIONS
}

/// The function of a name or alias, ignoring case and a final `$`.
pub fn find(name: &str) -> Option<&'static FunctionDecl> {
    let plain = name.strip_suffix('$').unwrap_or(name);
    BY_NAME.get(&plain.to_ascii_uppercase()).copied()
}

/// Calls a function with detached values, for keywords that share its rules; too few or too many
/// arguments are an error.
pub fn call(name: &str, args: &[Value]) -> Result<Value> {
    let function = find(name).ok_or_else(|| BasicError::invalid(format!("there is no function {name}")))?;
    if args.len() < usize::from(function.min) || args.len() > usize::from(function.max) {
        return Err(BasicError::invalid(format!("{} takes other arguments: {}", function.name, function.params)));
    }
    let mut heap = Heap::new(HeapLimits::default());
    let args = args.iter().map(|arg| heap.attach(arg)).collect::<Result<Vec<_>>>()?;
    let value = (function.run)(&mut heap, &args)?;
    heap.detach(&value)
}
