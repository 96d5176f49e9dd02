//! From the text of a script to its tree, with diagnostics: lexer, grammar made from keyword
//! declarations, parser with recovery, and the condition grammar of filter strings.
//! Knows no service, no async and no I/O; keywords come in as declarations, never by name.
#![forbid(unsafe_code)]

pub mod ast;
