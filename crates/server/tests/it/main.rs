//! The built program as people use it: its commands, their output and exit status, the server's start and end.
#![cfg(test)]

mod backup;
mod chat;
mod check;
mod config;
mod doctor;
mod run;
mod serve;
mod support;
