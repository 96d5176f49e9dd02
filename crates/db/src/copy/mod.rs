//! A consistent copy of a whole database in one file, written while others read and write it, and back: of SQLite a
//! file of SQLite, of PostgreSQL a script that `psql` reads too.

mod dump;
mod load;

use std::{path::Path, sync::Arc};

use sea_orm::{ConnectionTrait, DbErr, RuntimeErr, sqlx};

use crate::{Db, DbUrl, Error, Result};

/// The line behind each statement of a script; to `psql` it is an empty comment.
const END: &str = "--";
/// The line behind the rows of a COPY.
const END_OF_ROWS: &str = "\\.";

impl Db {
    /// Writes a consistent copy to a file that must not exist. On PostgreSQL it holds the schema of the address and
    /// those of `others` that exist.
    pub async fn copy_to(&self, target: &Path, others: &[String]) -> Result<()> {
        let path = target.display().to_string();
        match self.url() {
            DbUrl::Sqlite(_) => {
                let vacuum = format!("VACUUM INTO '{}'", path.replace('\'', "''"));
                self.migrator().execute_unprepared(&vacuum).await.map(drop)
            }
            DbUrl::Postgres { url, schema } => {
                dump::dump(url, schema.as_deref().unwrap_or(PUBLIC), others, target).await.map_err(Failure::into_db)
            }
        }
        .map_err(|source| Error::Copy { path, source })
    }

    /// Reads a script of [`Db::copy_to`] into an empty PostgreSQL database: all of it, or nothing.
    pub async fn restore(url: &DbUrl, script: &Path) -> Result<()> {
        let failed = |source| Error::Restore { url: url.display(), path: script.display().to_string(), source };
        let DbUrl::Postgres { url: address, schema } = url else {
            return Err(failed(DbErr::Custom("the copy is of PostgreSQL, the database is not".to_owned())));
        };
        match load::load(address, schema.as_deref().unwrap_or(PUBLIC), script).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::NotEmpty { url: url.display() }),
            Err(failure) => Err(failed(failure.into_db())),
        }
    }
}

/// The schema of an address that names none.
const PUBLIC: &str = "public";

/// Of the database or of the file.
enum Failure {
    Database(sqlx::Error),
    File(std::io::Error),
    Script(&'static str),
}

impl Failure {
    fn into_db(self) -> DbErr {
        match self {
            Self::Database(error) => DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error))),
            Self::File(error) => DbErr::Custom(error.to_string()),
            Self::Script(reason) => DbErr::Custom(reason.to_owned()),
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

/// A name as SQL quotes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
