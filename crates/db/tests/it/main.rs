//! The database door on both engines.
#![cfg(test)]

mod durability;
mod inspect;
mod migrations;
mod notes;
mod scope;
mod urls;
mod writer;
