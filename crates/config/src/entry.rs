//! One setting as people see it, for `config show --origin` and the owner's page.

use std::{fmt, sync::Arc};

use crate::Origin;

/// Whose setting it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The server's.
    Server,
    /// Every bot's, unless its `config.csv` says otherwise.
    BotDefaults,
    /// One bot's.
    Bot(Arc<str>),
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => out.write_str("server"),
            Self::BotDefaults => out.write_str("bot defaults"),
            Self::Bot(name) => write!(out, "bot {name}"),
        }
    }
}

/// A key, its value and where that came from. A secret's value is already masked, and so is the password of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `server.listen`, `llm-model`.
    pub key: String,
    /// The value as text; dots instead of a secret; `None` when it is not set and has no default.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// True if the value is hidden as a whole.
    pub secret: bool,
    /// True if `config.csv` may not change it.
    pub locked: bool,
    /// Whose it is.
    pub scope: Scope,
}
