//! The one list of modules, and the keywords that belong to no domain.

use std::sync::Arc;

use botserver_data::{DataService, DeleteElsewhere};
use botserver_db::Migration;
use botserver_http::HttpClient;
use botserver_kernel::{Clock, IdSource};
use botserver_module::Module;
use botserver_runtime::{GetElsewhere, Handler, Keyword};

/// The tables of all rooms, in the order in which they are made.
pub(crate) fn migrations() -> Vec<Migration> {
    let mut all = Vec::new();
    all.extend_from_slice(botserver_engines::migrations::MIGRATIONS);
    all.extend_from_slice(botserver_auth::MIGRATIONS);
    all.extend_from_slice(botserver_packages::MIGRATIONS);
    all.extend_from_slice(botserver_session::MIGRATIONS);
    all.extend_from_slice(botserver_data::MIGRATIONS);
    all
}

/// The rooms that offer keywords.
pub(crate) fn rooms_with_keywords(data: &DataService, client: &Arc<HttpClient>) -> Vec<Module> {
    vec![botserver_context::module(), botserver_data::module(data, delete_elsewhere(client))]
}

/// All keywords of this build: those of the rooms, which are taken out of them, and the runtime's own.
pub(crate) fn keywords(
    rooms: &mut [Module],
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
    client: &Arc<HttpClient>,
) -> Vec<Keyword> {
    let mut all = runtime_keywords(clock, ids, client);
    all.extend(rooms.iter_mut().flat_map(|room| std::mem::take(&mut room.keywords)));
    all
}

/// The keywords of the runtime itself.
fn runtime_keywords(clock: &Arc<dyn Clock>, ids: &Arc<dyn IdSource>, client: &Arc<HttpClient>) -> Vec<Keyword> {
    let mut all = botserver_runtime::conversation_keywords(ids);
    all.extend(botserver_runtime::clock_keywords(clock, ids));
    let elsewhere = GetElsewhere { session: botserver_context::session_path(), file: Handler::Missing };
    all.extend(botserver_runtime::http_keywords(client, elsewhere));
    all.extend(botserver_runtime::keywords_not_built());
    all
}

/// What DELETE does with an address, and with a file of the drive, which is not part of this build.
fn delete_elsewhere(client: &Arc<HttpClient>) -> DeleteElsewhere {
    DeleteElsewhere { url: botserver_runtime::delete_url(client), file: Handler::Missing }
}
