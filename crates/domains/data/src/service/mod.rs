//! The verbs, and the only door for other domains. Every one takes whose data it is about; those that run
//! inside a turn also take the transaction of the turn.

mod aggregate;
mod apply;
mod asked;
mod copies;
mod csv;
mod files;
mod memory;
mod plan;
mod report;
mod rows;

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use botserver_basic_types::{DataExpr, OrderBy, Value, ValueObject};
use botserver_db::Db;
use botserver_kernel::{BotId, IdSource, Principal, Timestamp};
use bytes::Bytes;
use parking_lot::RwLock;

pub use apply::ApplyReport;
pub use asked::TableQuestion;
pub use memory::MemoryOwner;
pub(crate) use memory::{MAX_KEYS, unnamed_fact};
pub use plan::{Place, TablePlan, TableProblem};

use crate::{BotScope, Error, Result, Table, model::nearest, store::Store};

/// Reads seed files of a bot's package: `<table>.csv` for a table that is made, and CSV files that a script
/// names for the first time.
#[async_trait]
pub trait Seeds: Send + Sync {
    /// The file at a path relative to `.gbdata` or, if it is not there, to `.gbdrive`.
    async fn read(&self, bot_id: BotId, path: &str) -> std::io::Result<Option<Bytes>>;
}

/// No package: scripts that run by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSeeds;

#[async_trait]
impl Seeds for NoSeeds {
    async fn read(&self, _: BotId, _: &str) -> std::io::Result<Option<Bytes>> {
        Ok(None)
    }
}

/// For whom, for which bot and when something is done.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// Who acts.
    pub principal: &'a Principal,
    /// The bot whose data it is.
    pub bot_id: BotId,
    /// The moment; what `NOW()` means and what defaults are filled with.
    pub now: Timestamp,
    /// The bot's wall clock at that moment, in minutes from UTC.
    pub offset_minutes: i16,
    /// `database-max-rows`.
    pub max_rows: u64,
}

impl Actor<'_> {
    /// Whose data.
    pub const fn scope(&self) -> BotScope {
        BotScope { org_id: self.principal.org_id, bot_id: self.bot_id }
    }
}

/// What rows are wanted.
#[derive(Clone, Debug, Default)]
pub struct Find {
    /// The condition; everything without one.
    pub filter: Option<DataExpr>,
    /// ORDER BY; in the order of insertion without one.
    pub order: Vec<OrderBy>,
    /// LIMIT.
    pub limit: Option<u64>,
    /// OFFSET.
    pub offset: Option<u64>,
    /// JOIN: the other table and what must hold.
    pub join: Option<(String, DataExpr)>,
}

/// The tables of a bot.
type Tables = Arc<Vec<Arc<Table>>>;

/// A row to write: columns by name.
pub type Row = ValueObject;

/// Bots' tables, CSV files and memory.
#[derive(Clone)]
pub struct DataService {
    db: Db,
    ids: Arc<dyn IdSource>,
    seeds: Arc<dyn Seeds>,
    /// Tables as last read. Nothing removes a table or a column, so that an old entry is at worst too
    /// small: a name that is not found is looked for again in the database.
    tables: Arc<RwLock<HashMap<BotScope, Tables>>>,
}

impl DataService {
    /// The service over a migrated database.
    pub fn new(db: Db, ids: Arc<dyn IdSource>, seeds: Arc<dyn Seeds>) -> Self {
        Self { db, ids, seeds, tables: Arc::default() }
    }

    fn store(&self) -> Store {
        Store { dialect: self.db.dialect() }
    }

    /// The tables of a bot.
    pub async fn tables(&self, actor: Actor<'_>) -> Result<Tables> {
        let known = self.tables.read().get(&actor.scope()).cloned();
        match known {
            Some(known) => Ok(known),
            None => self.reload(actor.scope()).await,
        }
    }

    async fn reload(&self, scope: BotScope) -> Result<Tables> {
        let tables = self.store().tables(self.db.read(), scope).await?;
        let tables: Tables = Arc::new(tables.into_iter().map(Arc::new).collect());
        self.tables.write().insert(scope, tables.clone());
        Ok(tables)
    }

    /// The table of that name. `conn.Table` is a table of an external database, `.Table` one of ours.
    pub async fn table(&self, actor: Actor<'_>, name: &str) -> Result<Arc<Table>> {
        let plain = name.trim().trim_start_matches('.');
        let find = |tables: &[Arc<Table>]| tables.iter().find(|own| crate::model::same_name(&own.name, plain)).cloned();
        // A table that a SAVE made may have been widened by a transaction that was not committed yet.
        if let Some(table) = find(&self.tables(actor).await?).filter(|table| table.declared) {
            return Ok(table);
        }
        // Another process may have made it since.
        let tables = self.reload(actor.scope()).await?;
        if let Some(table) = find(&tables) {
            return Ok(table);
        }
        if let Some((connection, table)) = plain.split_once('.') {
            return Err(Error::Connection { table: table.to_owned(), connection: connection.to_owned() });
        }
        Err(Error::NoTable {
            name: plain.chars().take(80).collect(),
            nearest: nearest(plain, tables.iter().map(|own| &*own.name)),
        })
    }
}

/// True for names that mean a CSV file.
pub fn is_csv(name: &str) -> bool {
    name.trim().len() > 4
        && name.trim().get(name.trim().len() - 4..).is_some_and(|end| end.eq_ignore_ascii_case(".csv"))
}

/// The refusal of files that are tables in other programs.
pub(crate) fn refuse_other_files(name: &str) -> Result<()> {
    let lower = name.trim().to_lowercase();
    if [".xlsx", ".xls", ".ods"].iter().any(|end| lower.ends_with(end)) {
        return Err(Error::Basic(botserver_basic_types::BasicError::not_available(name.trim(), "spreadsheet files")));
    }
    Ok(())
}

/// A field of a row, ignoring case.
pub(crate) fn field(row: &Row, name: &str) -> Value {
    row.get(name)
        .or_else(|| row.iter().find(|(own, _)| crate::model::same_name(own, name)).map(|(_, value)| value))
        .cloned()
        .unwrap_or(Value::Null)
}
