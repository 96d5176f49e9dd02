//! Who sends a request, and who may do what. Visitors are a signed cookie and nothing else; an owner is
//! a visitor whose browser has opened a one-time link that the server printed.
//!
//! Invariants: nothing that opens a door is stored, only its hash; nothing that opens a door is logged;
//! no other room depends on this one, they ask the `Authorizer` port and take a `web::Caller`.

mod api;
mod authorizer;
mod cookies;
mod error;
mod keyring;
#[path = "../migrations/mod.rs"]
mod migrations;
mod model;
mod pages;
mod service;
mod store;

use botserver_module::Module;

pub use authorizer::TableAuthorizer;
pub use error::{Error, Result};
pub use migrations::MIGRATIONS;
pub use model::{AuthSettings, OwnerLink, OwnerSession, OwnerSessionId, OwnerSessionKind};
pub use service::{Auth, AuthDeps};

/// The room as the server plugs it in. Run [`MIGRATIONS`] before [`Auth::open`].
pub fn module(auth: &Auth) -> Module {
    Module { name: "auth", routes: api::routes(auth.clone()), migrations: MIGRATIONS.to_vec(), ..Module::default() }
}
