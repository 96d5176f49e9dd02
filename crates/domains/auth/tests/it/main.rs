//! Identities as a browser sees them, on both databases.

mod links;
mod support;
mod visitors;
