//! The keywords of a conversation as scripts use them: parsed, compiled and run by the durable program, each
//! script straight through and again with the program saved and restored wherever it stops.
#![cfg(test)]

mod not_built;
mod stage;
mod state;
mod talking;
mod tools;
