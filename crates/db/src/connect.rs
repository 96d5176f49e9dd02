//! Opening a database and the handle everybody shares.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend,
    sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection},
};

use crate::{
    Error, Result,
    writer::{Kind, Tx, WriteFuture, Writer},
};

/// The SQL dialects we speak; where they differ, two named functions stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one process.
    Sqlite,
    /// A server.
    Postgres,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: what was answered survives a power cut.
    Full,
    /// Nothing: a power cut may take the last commits with it, and an SQLite file as a whole. For tests and throw-away
    /// installations.
    Off,
}

/// Where the database is. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub enum DbUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server's address, with credentials, and the schema to live in, if not `public`.
    Postgres {
        /// The address.
        url: String,
        /// `?schema=` of the address.
        schema: Option<String>,
    },
}

impl DbUrl {
    /// Reads `sqlite://PATH` or `postgres://…[?schema=NAME]`.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::BadUrl(redact(text));
        if let Some(path) = text.strip_prefix("sqlite://") {
            return if path.is_empty() { Err(bad()) } else { Ok(Self::Sqlite(PathBuf::from(path))) };
        }
        let address =
            text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")).ok_or_else(bad)?;
        let (server, query) = address.split_once('?').unwrap_or((address, ""));
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            query.split('&').filter(|pair| !pair.is_empty()).partition(|pair| pair.starts_with("schema="));
        let schema = match ours.as_slice() {
            [] => None,
            [pair] => pair.strip_prefix("schema=").map(str::to_owned),
            _ => return Err(bad()),
        };
        let is_plain = |name: &String| {
            (1..=63).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if server.is_empty() || !schema.as_ref().is_none_or(is_plain) {
            return Err(bad());
        }
        // The driver knows only the short name of the scheme.
        let mut url = format!("postgres://{server}");
        if !theirs.is_empty() {
            url = format!("{url}?{}", theirs.join("&"));
        }
        Ok(Self::Postgres { url, schema })
    }

    /// The address for people: without a password.
    pub fn display(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres { url, schema: None } => redact(url),
            Self::Postgres { url, schema: Some(schema) } => {
                format!("{}{}schema={schema}", redact(url), if url.contains('?') { '&' } else { '?' })
            }
        }
    }
}

impl fmt::Debug for DbUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.display())
    }
}

/// Hides whatever may be a password: what stands between `:` and the last `@`, and `password=`.
fn redact(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let (scheme, rest) = address.find("://").map_or(("", address), |at| address.split_at(at + 3));
    let login_hidden = rest.rsplit_once('@').map_or_else(
        || rest.to_owned(),
        |(login, host)| match login.split_once(':') {
            Some((user, _)) => format!("{user}:••••@{host}"),
            None => rest.to_owned(),
        },
    );
    let hide =
        |pair: &str| if pair.starts_with("password=") { "password=••••".to_owned() } else { pair.to_owned() };
    let query =
        query.map(|query| format!("?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&"))).unwrap_or_default();
    format!("{scheme}{login_hidden}{query}")
}

/// A database: many readers, and the group-commit writer.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    url: DbUrl,
    reader: DatabaseConnection,
    /// For migrations, which run before the first write.
    migrator: DatabaseConnection,
    writer: Writer,
}

/// How many transactions PostgreSQL writes side by side; each of them is a batch.
const POSTGRES_WRITERS: usize = 4;

impl Db {
    /// Opens the database; the file (not its folder) is made if it is missing.
    pub async fn connect(url: &DbUrl) -> Result<Self> {
        Self::connect_with(url, Durability::Full).await
    }

    /// [`Self::connect`], with a say in what commits wait for.
    pub async fn connect_with(url: &DbUrl, durability: Durability) -> Result<Self> {
        let open = |source| Error::Open { url: url.display(), source };
        let (reader, migrator, write_connections) = match url {
            DbUrl::Sqlite(path) => {
                let writer = Database::connect(sqlite_options(path, Access::Write, durability)).await.map_err(open)?;
                let reader = Database::connect(sqlite_options(path, Access::Read, durability)).await.map_err(open)?;
                (reader, writer.clone(), vec![writer])
            }
            DbUrl::Postgres { url: address, schema } => {
                let mut options = ConnectOptions::new(address.clone());
                options
                    .max_connections(8 + POSTGRES_WRITERS as u32)
                    .acquire_timeout(Duration::from_secs(20))
                    .test_before_acquire(false)
                    .sqlx_logging(false);
                reach(address, schema.as_deref()).await.map_err(open)?;
                if let Some(schema) = schema {
                    options.set_schema_search_path(schema.clone());
                }
                if durability == Durability::Off {
                    options.map_sqlx_postgres_opts(|postgres| postgres.options([("synchronous_commit", "off")]));
                }
                let pool = Database::connect(options).await.map_err(open)?;
                (pool.clone(), pool.clone(), vec![pool; POSTGRES_WRITERS])
            }
        };
        let writer = Writer::start(write_connections);
        Ok(Self { inner: Arc::new(Inner { url: url.clone(), reader, migrator, writer }) })
    }

    /// Which SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match self.inner.reader.get_database_backend() {
            DbBackend::Postgres => Dialect::Postgres,
            _ => Dialect::Sqlite,
        }
    }

    /// Its address.
    pub fn url(&self) -> &DbUrl {
        &self.inner.url
    }

    /// A connection for queries. It sees every write that has been answered; on SQLite it cannot write.
    pub fn read(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    pub(crate) fn migrator(&self) -> &DatabaseConnection {
        &self.inner.migrator
    }

    /// Is it there and does it answer?
    pub async fn ping(&self) -> Result<()> {
        let answer = self.inner.reader.execute_unprepared("SELECT 1").await;
        answer.map(drop).map_err(|source| Error::statement("a ping", source))
    }

    /// Runs a short closure in the next write batch and answers after the batch is committed.
    ///
    /// The closure's error or panic rolls back the closure only. `name` appears in logs and errors. A closure
    /// must pass on the error of a statement: PostgreSQL runs nothing after it, so a closure that hides one and
    /// answers `Ok` is rolled back and answered with an error.
    pub async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'a> FnOnce(&'a Tx) -> WriteFuture<'a, T, E> + Send + 'static,
    {
        self.inner.writer.write(name, Kind::Alone, work).await
    }

    /// Like [`Self::write`], for work that its caller can do again: it shares its fate with other such work in the
    /// batch, which makes the batch cheaper. After an error (its own, or [`Error::BatchFailed`]) nothing of it is
    /// there; the caller tries again with [`Self::write`].
    pub async fn write_shared<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'a> FnOnce(&'a Tx) -> WriteFuture<'a, T, E> + Send + 'static,
    {
        self.inner.writer.write(name, Kind::Shared, work).await
    }

    /// Waits for the queued writes and closes the connections.
    pub async fn close(&self) {
        self.inner.writer.stop().await;
        // Closing a pool twice or while a reader still runs is harmless; there is nothing to report.
        let _ = self.inner.reader.clone().close().await;
        let _ = self.inner.migrator.clone().close().await;
    }
}

/// Connects once without the pool, which would try for 20 seconds and then hide the reason; makes the schema.
async fn reach(address: &str, schema: Option<&str>) -> std::result::Result<(), sea_orm::DbErr> {
    let refused = |error| sea_orm::DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(error)));
    let mut connection = PgConnection::connect(address).await.map_err(refused)?;
    if let Some(schema) = schema {
        let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
        // Two servers that start at once may both try; PostgreSQL's IF NOT EXISTS does not cover that.
        if connection.execute(AssertSqlSafe(create.clone())).await.is_err() {
            connection.execute(AssertSqlSafe(create)).await.map_err(refused)?;
        }
    }
    connection.close().await.map_err(refused)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

fn sqlite_options(path: &Path, access: Access, durability: Durability) -> ConnectOptions {
    let path = path.to_owned();
    // FULL: a commit that was answered survives a power cut, not only a killed process.
    let synchronous = if durability == Durability::Full { "FULL" } else { "OFF" };
    // The file's name is given apart: in an address `%`, `?` and `#` would have to be escaped.
    let mut options = ConnectOptions::new("sqlite://");
    options
        .max_connections(if access == Access::Write { 1 } else { 4 })
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(20))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .filename(&path)
                .create_if_missing(access == Access::Write)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", synchronous)
                .pragma("foreign_keys", "ON")
                // Pages that the writer keeps at hand; readers find them in the system's cache.
                .pragma("cache_size", if access == Access::Write { "-8192" } else { "-2048" })
                // What a savepoint or a statement of many rows must remember stays in memory instead of a file.
                .pragma("temp_store", "MEMORY")
                // 16 MiB: the pages that every turn changes go back into the file once for many turns.
                .pragma("wal_autocheckpoint", "4000")
                .busy_timeout(Duration::from_secs(20))
                // Statements of whole batches are large; there are as many of them as sizes of batches.
                .statement_cache_capacity(40)
                // Rows of one batch, so that the connection's thread never waits for whoever reads them.
                .row_buffer_size(256);
            if access == Access::Read { sqlite.pragma("query_only", "ON") } else { sqlite }
        });
    options
}
