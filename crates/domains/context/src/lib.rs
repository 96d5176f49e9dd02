//! What a conversation carries from turn to turn besides its messages: suggestions, contexts, the system prompt,
//! the tools a model may call, and the session's variables; and what of all that fits into a model's window.
//!
//! Invariant: all of it lives in the state document that a turn loads and its commit writes, under the key
//! `context`; nothing here touches the database. That makes every keyword of this room replayable.

mod keywords;
mod model;
mod window;

use std::sync::Arc;

use botserver_module::Module;
use botserver_runtime::Handler;

pub use model::{ConversationContext, ToolCall};
pub use window::{Candidate, PartKind, Tokens, Window, WindowPart, WindowRequest};

/// The room as the server plugs it in.
pub fn module() -> Module {
    Module { name: "context", keywords: keywords::keywords(), ..Module::default() }
}

/// What GET does with a path such as `session.cart`; the argument is `source`.
pub fn session_path() -> Handler {
    Handler::Say(Arc::new(keywords::path_value))
}
