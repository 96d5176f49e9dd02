//! Copies of tables beside them, and which tables have changed since: SQLite only, for whoever tries something out.

use botserver_db::{ConnectionTrait, Tx, row};
use sea_orm::DbErr;

use super::{SEQUENCE, Store};
use crate::{BotScope, Error, Result, Table};

/// Names the tables that have changed since they were copied.
const CHANGED: &str = "copies_changed";
/// Our own tables that scripts change.
const OWN: [&str; 3] = ["data_tables", "data_files", "data_memory"];

/// A table to be copied: its name in the database, and its columns that can be written.
struct Copied {
    name: String,
    columns: Vec<String>,
    /// A SAVE may have widened it since.
    grows: bool,
}

impl Store {
    /// Copies what scripts of a bot can change, and begins to note what changes.
    pub(crate) async fn keep_copies(self, tx: &Tx, scope: BotScope, tables: &[Table]) -> Result<()> {
        run(tx, &format!("CREATE TABLE IF NOT EXISTS {CHANGED} (name TEXT PRIMARY KEY)")).await?;
        let mut all: Vec<String> = OWN.iter().map(|&name| name.to_owned()).collect();
        all.extend(tables.iter().map(|table| physical(self, scope, &table.name)));
        for name in all {
            let (table, copy) = (quoted(&name), quoted(&copy_of(&name)));
            run(tx, &format!("DROP TABLE IF EXISTS {copy}")).await?;
            run(tx, &format!("CREATE TABLE {copy} AS SELECT * FROM {table}")).await?;
            for event in ["INSERT", "UPDATE", "DELETE"] {
                let trigger = quoted(&format!("copies_{name}_{event}"));
                let literal = name.replace('\'', "''");
                let note = format!(
                    "CREATE TRIGGER IF NOT EXISTS {trigger} AFTER {event} ON {table} BEGIN INSERT INTO {CHANGED} \
                     SELECT '{literal}' WHERE NOT EXISTS (SELECT 1 FROM {CHANGED} WHERE name = '{literal}'); END"
                );
                run(tx, &note).await?;
            }
        }
        run(tx, &format!("DELETE FROM {CHANGED}")).await
    }

    /// The tables that have changed since they were copied, or since they were last brought back.
    pub(crate) async fn changed_since_copies<C: ConnectionTrait>(self, connection: &C) -> Result<Vec<String>> {
        let mut sql = self.sql();
        sql.push("SELECT name FROM ").push(CHANGED).push(" ORDER BY name");
        let broken = |source| Error::statement("what has changed", source);
        let rows = connection.query_all_raw(sql.statement()).await.map_err(broken)?;
        rows.iter().map(|found| row(found, "name")).collect::<Result<_, DbErr>>().map_err(broken)
    }

    /// Makes the tables what they were; `now` are those that are there, `changed` those that differ.
    pub(crate) async fn bring_copies_back(
        self,
        tx: &Tx,
        scope: BotScope,
        now: &[Table],
        changed: &[String],
    ) -> Result<()> {
        for table in now {
            let name = physical(self, scope, &table.name);
            if !is_there(self, tx, &copy_of(&name)).await? {
                run(tx, &format!("DROP TABLE {}", quoted(&name))).await?;
            } else if changed.contains(&name) {
                let columns = table.columns.iter().filter(|column| column.generated.is_none());
                let columns = std::iter::once(SEQUENCE.to_owned()).chain(columns.map(crate::Column::physical));
                restore(self, tx, Copied { name, columns: columns.collect(), grows: !table.declared }).await?;
            }
        }
        for name in OWN.iter().filter(|own| changed.iter().any(|changed| changed == *own)) {
            restore(self, tx, Copied { name: (*name).to_owned(), columns: Vec::new(), grows: false }).await?;
        }
        run(tx, &format!("DELETE FROM {CHANGED}")).await
    }
}

async fn restore(store: Store, tx: &Tx, own: Copied) -> Result<()> {
    let (table, copy) = (quoted(&own.name), quoted(&copy_of(&own.name)));
    run(tx, &format!("DELETE FROM {table}")).await?;
    let mut known = Vec::new();
    for column in &own.columns {
        // A column that a SAVE has added since is in the table and not in its copy.
        if !own.grows || has_column(store, tx, &copy_of(&own.name), column).await? {
            known.push(quoted(column));
        }
    }
    if own.columns.is_empty() {
        return run(tx, &format!("INSERT INTO {table} SELECT * FROM {copy}")).await;
    }
    let columns = known.join(", ");
    run(tx, &format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM {copy}")).await
}

async fn is_there(store: Store, tx: &Tx, name: &str) -> Result<bool> {
    let mut sql = store.sql();
    sql.push("SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = ").bind(name.to_owned());
    Ok(!tx.query_all_raw(sql.statement()).await.map_err(broken)?.is_empty())
}

async fn has_column(store: Store, tx: &Tx, table: &str, column: &str) -> Result<bool> {
    let mut sql = store.sql();
    sql.push("SELECT 1 AS one FROM pragma_table_info(").bind(table.to_owned()).push(") WHERE name = ");
    sql.bind(column.to_owned());
    Ok(!tx.query_all_raw(sql.statement()).await.map_err(broken)?.is_empty())
}

async fn run(tx: &Tx, statement: &str) -> Result<()> {
    tx.execute_unprepared(statement).await.map(drop).map_err(broken)
}

fn broken(source: DbErr) -> Error {
    Error::statement("copies of tables", source)
}

fn physical(store: Store, scope: BotScope, table: &str) -> String {
    let mut sql = store.sql();
    sql.table(scope, table);
    sql.into_text().trim_matches('"').replace("\"\"", "\"")
}

fn copy_of(name: &str) -> String {
    format!("copy_of_{name}")
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
