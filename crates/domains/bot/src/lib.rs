//! Talking with bots: the request pipeline ([`turn`], one file that reads like the list in the design), the chat
//! socket, and the routes for messages.
//!
//! Invariants: a message is answered only after it is committed; one turn at a time per conversation; what a client
//! sends as an action is obeyed only if this conversation offered it.

mod api;
mod error;
mod message;
mod sentences;
mod service;
mod socket;
mod stream;
mod turn;

use std::sync::Arc;

use botserver_module::Module;
use botserver_web::Sockets;

pub use error::{Error, Result};
pub use message::SendMessage;
pub use service::{ChatDependencies, ChatService, Sent};
pub use turn::{BotTurns, ScriptProblem};

/// The room as the server plugs it in.
pub fn module(service: Arc<ChatService>, sockets: Sockets) -> Module {
    Module { name: "bot", routes: api::routes(service, sockets), ..Module::default() }
}
