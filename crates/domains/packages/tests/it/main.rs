//! Packages from the folder on disk to what serves.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing helper fails its test")]

mod api;
mod compiling;
mod preparing;
mod publishing;
mod samples;
mod scaffolding;
mod scanning;
mod support;
mod watching;
