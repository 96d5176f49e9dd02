//! Runs scripts: the BASIC machine as a durable program, the keyword registry, and the keywords that
//! need no domain (TALK, WAIT, clock, dice, HTTP). Knows no table and no channel.

mod keyword;

pub use keyword::{BoxFuture, CallContext, Handler, Keyword, KeywordRegistry, RegistryError, TurnBuffer};
