//! What can go wrong with a bot's data, for scripts (numbers 2000 to 2999) and for the API.

use botserver_basic_types::BasicError;
use botserver_kernel::{ErrorKind, Fault};

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of this domain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No table of that name.
    #[error("there is no table `{name}`{}", suggestion(nearest.as_deref()))]
    NoTable {
        /// What was asked for.
        name: String,
        /// The most similar name that exists.
        nearest: Option<String>,
    },
    /// No column of that name.
    #[error("`{table}` has no column `{name}`{}", suggestion(nearest.as_deref()))]
    NoColumn {
        /// The table or file.
        table: String,
        /// What was asked for.
        name: String,
        /// The most similar name that exists.
        nearest: Option<String>,
    },
    /// No file of that name.
    #[error("there is no file `{path}`")]
    NoFile {
        /// The path, as written.
        path: String,
    },
    /// A table that lives in an external database.
    #[error("`{table}` needs the connection `{connection}`; external databases are not available in this build")]
    Connection {
        /// The table.
        table: String,
        /// The connection.
        connection: String,
    },
    /// A row with this key exists already.
    #[error("`{table}` already has a row with this key")]
    Duplicate {
        /// The table.
        table: String,
    },
    /// A column that must not be empty is.
    #[error("`{column}` of `{table}` must have a value")]
    Missing {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A CHECK of the table is not fulfilled.
    #[error("the row breaks a rule (CHECK) of `{table}`")]
    Check {
        /// The table.
        table: String,
    },
    /// A value that its column cannot hold.
    #[error("`{column}` of `{table}` cannot hold {value}: {reason}")]
    BadValue {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The value, shortened.
        value: String,
        /// Why.
        reason: String,
    },
    /// More rows than a script may hold.
    #[error("{what} gives more than {limit} rows; add LIMIT or a narrower filter")]
    TooManyRows {
        /// The table or file.
        what: String,
        /// `database-max-rows`.
        limit: u64,
    },
    /// The principal has not the role that the table asks for.
    #[error("you may not {action} `{table}`")]
    Forbidden {
        /// `read` or `write`.
        action: &'static str,
        /// The table.
        table: String,
    },
    /// Something else that the caller can mend.
    #[error("{0}")]
    Invalid(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] botserver_db::Error),
    /// The expression itself raised an error.
    #[error(transparent)]
    Basic(#[from] BasicError),
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

impl Error {
    /// Names the operation of a raw database error.
    pub(crate) fn statement(operation: &'static str, source: sea_orm::DbErr) -> Self {
        Self::Db(botserver_db::Error::statement(operation, source))
    }
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NoTable { .. } | Self::NoFile { .. } => ErrorKind::NotFound,
            Self::NoColumn { .. }
            | Self::Missing { .. }
            | Self::Check { .. }
            | Self::BadValue { .. }
            | Self::Invalid(_)
            | Self::Basic(_) => ErrorKind::Invalid,
            Self::Connection { .. } => ErrorKind::Unsupported,
            Self::Duplicate { .. } => ErrorKind::Conflict,
            Self::TooManyRows { .. } => ErrorKind::TooLarge,
            Self::Forbidden { .. } => ErrorKind::Forbidden,
            Self::Db(error) => error.kind(),
        }
    }
}

impl From<Error> for BasicError {
    fn from(error: Error) -> Self {
        let number = match &error {
            Error::Basic(own) => return own.clone(),
            Error::NoTable { .. } => 2001,
            Error::NoColumn { .. } => 2002,
            Error::Duplicate { .. } => 2003,
            Error::Missing { .. } | Error::Check { .. } => 2004,
            Error::TooManyRows { .. } => 2005,
            Error::Connection { .. } => 2006,
            Error::BadValue { .. } => 13,
            Error::NoFile { .. } => 3001,
            Error::Forbidden { .. } => 5003,
            Error::Invalid(_) => 4000,
            Error::Db(source) => {
                // Its words are for the log, and without the details, which hold values of rows.
                let cause = std::error::Error::source(source).map(ToString::to_string);
                tracing::error!(error = %source, cause, "data: the database failed");
                return Self::new(2000, "the database could not do this; try again");
            }
        };
        Self::new(number, error.to_string())
    }
}
