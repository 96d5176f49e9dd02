//! The database door on both engines.
#![cfg(test)]

mod copies;
mod durability;
mod history;
mod migrations;
mod notes;
mod scope;
mod urls;
mod writer;
