//! Settings and `config.csv` as an operator and an author write them.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bot;
mod server;
