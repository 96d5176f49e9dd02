//! Keywords of the runtime against the world outside.
#![cfg(test)]

mod http;
