//! Tests of the function library: tables of calls and results, HEAR answers, laws.
//! Expressions are built by hand here; the same examples run through the machine in `basic/spec`.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a failing helper fails its test")]

mod arrays;
mod conditions;
mod dates;
mod declarations;
mod formats;
mod hear;
mod laws;
mod math;
mod records;
mod schedules;
mod support;
mod texts;
