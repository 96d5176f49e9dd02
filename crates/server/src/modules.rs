//! The one list of modules, and the keywords that belong to no domain.

use std::sync::Arc;

use botserver_data::{DataService, Elsewhere};
use botserver_db::Migration;
use botserver_http::HttpClient;
use botserver_kernel::{Clock, IdSource};
use botserver_knowledge::Knowledge;
use botserver_llm::Llm;
use botserver_module::Module;
use botserver_runtime::{Dice, GetElsewhere, Handler, Keyword, SystemDice};

/// The tables of all rooms, in the order in which they are made.
pub(crate) fn migrations() -> Vec<Migration> {
    let mut all = Vec::new();
    all.extend_from_slice(botserver_engines::migrations::MIGRATIONS);
    all.extend_from_slice(botserver_auth::MIGRATIONS);
    all.extend_from_slice(botserver_packages::MIGRATIONS);
    all.extend_from_slice(botserver_session::MIGRATIONS);
    all.extend_from_slice(botserver_data::MIGRATIONS);
    all.extend_from_slice(botserver_knowledge::MIGRATIONS);
    all.extend_from_slice(botserver_llm::MIGRATIONS);
    all.extend_from_slice(crate::problems::MIGRATIONS);
    all
}

/// The rooms that offer keywords.
pub(crate) fn rooms_with_keywords(
    data: &DataService,
    knowledge: &Knowledge,
    llm: &Llm,
    client: &Arc<HttpClient>,
) -> Vec<Module> {
    vec![
        botserver_context::module(),
        botserver_data::module(data, elsewhere(knowledge, client)),
        botserver_knowledge::module(knowledge),
        botserver_llm::module(llm),
    ]
}

/// Where the random numbers and the new ids of scripts come from.
pub(crate) struct Chance {
    pub(crate) dice: Arc<dyn Dice>,
    pub(crate) ids: Arc<dyn IdSource>,
}

impl Chance {
    /// Those that nobody can foresee.
    pub(crate) fn of_this_machine(ids: &Arc<dyn IdSource>) -> Self {
        Self { dice: Arc::new(SystemDice), ids: ids.clone() }
    }
}

/// All keywords of this build: those of the rooms, which are taken out of them, and the runtime's own.
pub(crate) fn keywords(
    rooms: &mut [Module],
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
    client: &Arc<HttpClient>,
) -> Vec<Keyword> {
    keywords_with(rooms, clock, ids, &Chance::of_this_machine(ids), client)
}

/// [`keywords`] with chance of one's own.
pub(crate) fn keywords_with(
    rooms: &mut [Module],
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
    chance: &Chance,
    client: &Arc<HttpClient>,
) -> Vec<Keyword> {
    let mut all = runtime_keywords(clock, ids, chance, client);
    all.extend(rooms.iter_mut().flat_map(|room| std::mem::take(&mut room.keywords)));
    all
}

/// The keywords of the runtime itself.
fn runtime_keywords(
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
    chance: &Chance,
    client: &Arc<HttpClient>,
) -> Vec<Keyword> {
    let mut all = botserver_runtime::conversation_keywords(ids);
    all.extend(botserver_runtime::clock_keywords_with(clock, &chance.ids, &chance.dice));
    let elsewhere = GetElsewhere { session: botserver_context::session_path(), file: Handler::Missing };
    all.extend(botserver_runtime::http_keywords(client, elsewhere));
    all.extend(botserver_runtime::keywords_not_built());
    all
}

/// What DELETE does with an address, and with a file of the drive, which is not part of this build; and FIND with a
/// collection of documents.
fn elsewhere(knowledge: &Knowledge, client: &Arc<HttpClient>) -> Elsewhere {
    Elsewhere {
        url: botserver_runtime::delete_url(client),
        file: Handler::Missing,
        collection: botserver_knowledge::find_in_collection(knowledge),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use botserver_db::{ConnectionTrait as _, Db, Dialect, row};
    use botserver_testkit::db_tests;

    /// Belongs to nobody: which migrations have run.
    const NOBODYS: [&str; 1] = ["schema_migrations"];

    /// The columns of every table, and whether each may be empty.
    async fn columns(db: &Db) -> BTreeMap<String, BTreeMap<String, bool>> {
        let query = match db.dialect() {
            Dialect::Sqlite => {
                "SELECT t.name AS table_name, c.name AS column_name, c.\"notnull\" = 0 AS may_be_empty \
                 FROM sqlite_master t JOIN pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'"
            }
            Dialect::Postgres => {
                "SELECT table_name, column_name, is_nullable = 'YES' AS may_be_empty FROM information_schema.columns \
                 WHERE table_schema = current_schema()"
            }
        };
        let mut tables: BTreeMap<String, BTreeMap<String, bool>> = BTreeMap::new();
        let statement = sea_orm::Statement::from_string(db.read().get_database_backend(), query);
        for found in db.read().query_all_raw(statement).await.expect("the catalogue") {
            let (table, column): (String, String) =
                (row(&found, "table_name").expect("a name"), row(&found, "column_name").expect("a name"));
            tables.entry(table).or_default().insert(column, row(&found, "may_be_empty").expect("a word"));
        }
        tables
    }

    db_tests! {
        migrations: crate::modules::migrations();

        async fn every_table_says_whose_its_rows_are(db: Db) {
            let tables = columns(&db).await;
            let rooms: BTreeSet<&str> = tables.keys().filter_map(|name| name.split('_').next()).collect();
            for room in ["auth", "data", "engine", "knowledge", "llm", "packages", "session", "system"] {
                assert!(rooms.contains(room), "{room} has no table: {rooms:?}");
            }
            for (table, columns) in tables.iter().filter(|(name, _)| !NOBODYS.contains(&name.as_str())) {
                assert_eq!(columns.get("org_id"), Some(&false), "{table} must have a column org_id that is never empty");
            }
        }
    }
}
