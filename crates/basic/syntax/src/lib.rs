//! From the text of a script to its tree, with diagnostics: lexer, grammar made from keyword
//! declarations, parser with recovery, and the condition grammar of filter texts.
//! Knows no service, no async and no I/O; keywords come in as declarations, never by name.
#![forbid(unsafe_code)]

pub mod ast;
mod codes;
mod filter;
mod fold;
mod format;
mod grammar;
mod lexer;
mod lint;
mod names;
mod parser;
mod print;
mod render;
pub mod walk;

pub use codes::{CODES, CodeInfo};
pub use filter::{FilterError, parse_filter, parse_filter_with, parse_order};
pub use format::format;
pub use grammar::{FunctionSig, Grammar, GrammarError};
pub use lint::{lint, secrets::masked};
pub use parser::{ParseOptions, Parsed, nearest, parse, parse_with};
pub use print::print;
pub use render::render;
