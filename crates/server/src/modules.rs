//! The one list of modules, and the keywords that belong to no domain.

use std::sync::Arc;

use botserver_db::Migration;
use botserver_kernel::{Clock, IdSource};
use botserver_runtime::Keyword;

/// The tables of all rooms, in the order in which they are made.
pub(crate) fn migrations() -> Vec<Migration> {
    let mut all = Vec::new();
    all.extend_from_slice(botserver_engines::migrations::MIGRATIONS);
    all.extend_from_slice(botserver_auth::MIGRATIONS);
    all.extend_from_slice(botserver_packages::MIGRATIONS);
    all.extend_from_slice(botserver_session::MIGRATIONS);
    all
}

/// The keywords of the runtime itself.
pub(crate) fn runtime_keywords(
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> Vec<Keyword> {
    let mut all = botserver_runtime::conversation_keywords(ids);
    all.extend(botserver_runtime::clock_keywords(clock, ids));
    all
}
