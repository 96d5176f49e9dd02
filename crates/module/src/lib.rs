//! The one shape in which a domain plugs into the server.

use botserver_db::Migration;
use botserver_runtime::Keyword;
use utoipa_axum::router::OpenApiRouter;

/// What a domain brings. `server` has one list of them; adding a domain is a folder, a dependency line and
/// a line in that list.
#[derive(Default)]
pub struct Module {
    /// The domain's word: folder, tables, routes, permissions and log fields begin with it.
    pub name: &'static str,
    /// Its HTTP routes, with their OpenAPI, its state already applied.
    pub routes: OpenApiRouter,
    /// The BASIC keywords it offers.
    pub keywords: Vec<Keyword>,
    /// Its tables.
    pub migrations: Vec<Migration>,
}
