//! Keywords over tables, files and memory, as scripts use them: each test is a script, parsed and run by
//! the real machine on both databases.
#![cfg(test)]

mod conditions;
mod copies;
mod files;
mod forms;
mod memory;
mod schema;
mod world;
