//! The real program from outside: killed at random moments under many conversations, and under load.
#![cfg(test)]

mod api;
mod crash;
mod load;
mod person;
mod server;
mod target;
