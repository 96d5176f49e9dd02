//! The built program as people use it: its commands, their output and exit status, the server's start and end, and
//! everything that can be asked of a running server.
#![cfg(test)]

mod answers;
mod attachments;
mod backup;
mod bot_tests;
mod chat;
mod check;
mod config;
mod conversations;
mod dap;
mod debugging;
mod doctor;
mod documents;
mod fmt;
mod ingestion;
mod limits;
mod live;
mod lsp;
mod open;
mod owner;
mod process;
mod quoting;
mod repl;
mod routes;
mod run;
mod samples;
mod sentences;
mod serve;
mod shape;
mod sockets;
mod spec;
mod support;
