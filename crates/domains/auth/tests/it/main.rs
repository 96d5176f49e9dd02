//! Identities as a browser sees them, on both databases.
#![cfg(test)]

mod links;
mod support;
mod visitors;
