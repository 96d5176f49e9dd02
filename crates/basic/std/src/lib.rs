//! The pure functions of the language (LEFT, FORMAT, DATEADD, SORT, …), the evaluator of conditions
//! over rows, and the validators of HEAR. Values print and compare as `basic/types::ops` says.
//! Knows no syntax, no clock, no dice and no I/O: what needs those is a keyword of the runtime.
#![forbid(unsafe_code)]

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
pub mod records;
mod strings;
mod text;
mod written;

use std::{collections::HashMap, sync::LazyLock};

use botserver_basic_types::FunctionDecl;

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
        convert::FUNCTIONS,
        records::FUNCTIONS,
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

/// The function of a name or alias, ignoring case, a final `$`, and blank against `_`
/// (`group by` is `GROUP_BY`).
pub fn find(name: &str) -> Option<&'static FunctionDecl> {
    let plain = name.strip_suffix('$').unwrap_or(name);
    let plain: String = plain.chars().map(|c| if c == ' ' { '_' } else { c.to_ascii_uppercase() }).collect();
    BY_NAME.get(&plain).copied()
}
