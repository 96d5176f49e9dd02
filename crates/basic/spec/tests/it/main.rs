//! Runs the language guide and the examples of all functions.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a failing helper fails its test")]

mod functions;
mod guide;
mod host;
mod runs;
