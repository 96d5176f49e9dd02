//! Settings and `config.csv` as an operator and an author write them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod bot;
mod documents;
mod server;
