//! Scripts in, dialogues out: the conformance list of the language as far as it needs no service, the
//! bytecode, and the laws of snapshots and images.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod agreement;
mod blocks;
mod bytecode;
mod control;
mod debug;
mod errors;
mod expressions;
mod findings;
mod hear;
mod host;
mod images;
mod lexical;
mod limits;
mod procedures;
mod requests;
mod snapshots;
mod tools;
mod work;

/// Runs each script and compares what it says.
fn all(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(host::run(source), *expected, "\n{source}\n");
    }
}
