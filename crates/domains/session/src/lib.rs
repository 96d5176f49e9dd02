//! Conversations: whose they are, their titles, messages, files and ratings.
//!
//! Invariants: a conversation is one lane of the engine and has its id; every answer goes through the caller's
//! organisation and the authorizer, and what the caller may not see does not exist (404); messages are rows that
//! the turn's own commit adds ([`History`]), never written beside it.

mod api;
mod calls;
mod error;
mod history;
mod media;
mod migrations;
mod model;
mod service;
mod store;

use std::sync::Arc;

use botserver_module::Module;

pub use calls::StoredCall;
pub use error::{Error, Result};
pub use history::{History, free_text};
pub use migrations::MIGRATIONS;
pub use model::{Attachment, Conversation, FoundMessage, Rating, StoredMessage};
pub use service::{DeletedWith, NewAttachment, SessionService, UploadLimit};

/// The room as the server plugs it in.
pub fn module(service: Arc<SessionService>) -> Module {
    Module {
        name: "session",
        routes: api::routes(service),
        migrations: migrations::MIGRATIONS.to_vec(),
        ..Module::default()
    }
}
