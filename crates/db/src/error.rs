//! What can go wrong with a database.

use botserver_kernel::{ErrorKind, Fault};

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the database or of its use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is none we know.
    #[error("`{0}` is not a database address; use sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME")]
    BadUrl(String),
    /// The file or server cannot be opened.
    #[error("cannot open the database {url}")]
    Open {
        /// The address without its password.
        url: String,
        /// Why.
        source: sea_orm::DbErr,
    },
    /// A statement failed.
    #[error("the database refused {operation}")]
    Statement {
        /// The name of the write or query.
        operation: &'static str,
        /// Why.
        source: sea_orm::DbErr,
    },
    /// A unique key exists already.
    #[error("{operation}: the same key exists already")]
    Duplicate {
        /// The name of the write.
        operation: &'static str,
    },
    /// The row was changed by somebody else meanwhile.
    #[error("{operation}: changed by somebody else meanwhile")]
    Conflict {
        /// The name of the write.
        operation: &'static str,
    },
    /// The closure of a write panicked; nothing of it was kept.
    #[error("{operation}: the write panicked; nothing of it was kept")]
    Panicked {
        /// The name of the write.
        operation: &'static str,
    },
    /// Another write that shared the transaction failed; nothing of this one was kept.
    #[error("{operation}: another write of the same batch failed; nothing of this one was kept")]
    BatchFailed {
        /// The name of the write.
        operation: &'static str,
    },
    /// A domain's migrations are not numbered 1, 2, 3 …: a mistake in this build.
    #[error("the migrations of {domain} are not numbered 1, 2, 3 …: {number} is missing or there twice")]
    Numbering {
        /// The domain.
        domain: &'static str,
        /// The first number that is wrong.
        number: u32,
    },
    /// The database was written by a newer release.
    #[error(
        "the database holds migration {domain}/{number}, which this build does not know: it was written by a newer \
         release; start that release, or restore a backup from before the upgrade"
    )]
    Newer {
        /// The domain.
        domain: String,
        /// Its migration.
        number: i32,
    },
    /// A migration failed; nothing of it remains.
    #[error("migration {domain}/{number} failed; nothing of it was kept")]
    Migration {
        /// The domain.
        domain: &'static str,
        /// Its migration.
        number: u32,
        /// Why.
        source: sea_orm::DbErr,
    },
    /// A copy of the database could not be written.
    #[error("cannot copy the database to {path}")]
    Copy {
        /// Where to.
        path: String,
        /// Why.
        source: sea_orm::DbErr,
    },
    /// A copy of the database could not be read back.
    #[error("cannot restore the database {url} from {path}; nothing of it was kept")]
    Restore {
        /// The address without its password.
        url: String,
        /// Where from.
        path: String,
        /// Why.
        source: sea_orm::DbErr,
    },
    /// A copy is read back into an empty database only.
    #[error("the database {url} is not empty; a copy is restored into an empty database or schema only")]
    NotEmpty {
        /// The address without its password.
        url: String,
    },
    /// The writer has stopped: the server is shutting down.
    #[error("the database writer has stopped")]
    Stopped,
}

impl Error {
    /// Names the operation of a raw database error, and tells unique-key violations apart.
    pub fn statement(operation: &'static str, source: sea_orm::DbErr) -> Self {
        if matches!(source.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))) {
            return Self::Duplicate { operation };
        }
        Self::Statement { operation, source }
    }
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Duplicate { .. } | Self::Conflict { .. } => ErrorKind::Conflict,
            Self::BadUrl(_) => ErrorKind::Invalid,
            Self::Open { .. } | Self::Stopped => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        }
    }
}
