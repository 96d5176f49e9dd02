//! Opening a database and the handle everybody shares.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend};

use crate::{
    Error, Result,
    writer::{Tx, WriteFuture, Writer},
};

/// The SQL dialects we speak; where they differ, two named functions stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// One file, one process.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        if let Some(path) = text.strip_prefix("sqlite://") {
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let (url, schema) = match text.split_once("?schema=") {
                Some((url, schema)) => (url.to_owned(), Some(schema.to_owned())),
                None => (text.to_owned(), None),
            };
            let schema_is_plain = schema
                .as_ref()
                .is_none_or(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
            if schema_is_plain {
                return Ok(Self::Postgres { url, schema });
            }
        }
        Err(Error::BadUrl(redact(text)))
    }

    /// The address for people: without a password.
    pub fn display(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres { url, schema } => match schema {
                Some(schema) => format!("{}?schema={schema}", redact(url)),
                None => redact(url),
            },
        }
    }
}

fn redact(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            let user = url[scheme + 3..at].split(':').next().unwrap_or_default();
            format!("{}{user}:••••{}", &url[..scheme + 3], &url[at..])
        }
        _ => url.to_owned(),
    }
}

/// A database: many readers, and the group-commit writer.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    url: DbUrl,
    reader: DatabaseConnection,
    writer: Writer,
}

/// How many transactions PostgreSQL writes side by side; each of them is a batch.
const POSTGRES_WRITERS: usize = 4;

impl Db {
    /// Opens the database; the file (not its folder) is made if it is missing.
    pub async fn connect(url: &DbUrl) -> Result<Self> {
        let open = |source| Error::Open { url: url.display(), source };
        let (reader, write_connections) = match url {
            DbUrl::Sqlite(path) => {
                let address = format!("sqlite://{}?mode=rwc", path.display());
                let writer = Database::connect(sqlite_options(&address, 1)).await.map_err(open)?;
                let reader = Database::connect(sqlite_options(&address, 4)).await.map_err(open)?;
                (reader, vec![writer])
            }
            DbUrl::Postgres { url: address, schema } => {
                let mut options = ConnectOptions::new(address.clone());
                options
                    .max_connections(8 + POSTGRES_WRITERS as u32)
                    .acquire_timeout(Duration::from_secs(20))
                    .test_before_acquire(false)
                    .sqlx_logging(false);
                if let Some(schema) = schema {
                    let first = Database::connect(options.clone()).await.map_err(open)?;
                    first
                        .execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))
                        .await
                        .map_err(open)?;
                    first.close().await.map_err(open)?;
                    options.set_schema_search_path(schema.clone());
                }
                let pool = Database::connect(options).await.map_err(open)?;
                (pool.clone(), vec![pool; POSTGRES_WRITERS])
            }
        };
        let writer = Writer::start(write_connections);
        Ok(Self { inner: Arc::new(Inner { url: url.clone(), reader, writer }) })
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

    /// A connection for queries. It sees every write that has been answered.
    pub fn read(&self) -> &DatabaseConnection {
        &self.inner.reader
    }

    /// Runs a short closure in the next write batch and answers after the batch is committed.
    ///
    /// The closure's error rolls back the closure only. `name` appears in logs and errors.
    pub async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'a> FnOnce(&'a Tx) -> WriteFuture<'a, T, E> + Send + 'static,
    {
        self.inner.writer.write(name, work).await
    }

    /// Waits for the queued writes and closes the connections.
    pub async fn close(&self) {
        self.inner.writer.stop().await;
        // Closing a pool twice or while a reader still runs is harmless; there is nothing to report.
        let _ = self.inner.reader.clone().close().await;
    }
}

fn sqlite_options(address: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(address.to_owned());
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(20))
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                // FULL: a commit that was answered survives a power cut, not only a killed process.
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
                .pragma("cache_size", "-8192")
                .busy_timeout(Duration::from_secs(20))
                .statement_cache_capacity(200)
        });
    options
}
