//! What can go wrong with packages, apart from mistakes in them (those are diagnostics).

use std::path::PathBuf;

use botserver_kernel::{ErrorKind, Fault};
use botserver_ports::Denied;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bot of that name or id serves.
    #[error("there is no bot `{0}`")]
    UnknownBot(String),
    /// A theme has no such file.
    #[error("the bot's theme has no file `{0}`")]
    UnknownThemeFile(String),
    /// A version that something is pinned to is not stored.
    #[error("version {hash} of the bot is not kept here")]
    UnknownVersion {
        /// The version.
        hash: String,
    },
    /// A stored version cannot be read by this build.
    #[error("version {hash} of the bot cannot be read: {reason}")]
    DamagedVersion {
        /// The version.
        hash: String,
        /// Why.
        reason: String,
    },
    /// The name cannot be a bot's.
    #[error("`{name}` cannot be a bot's name: {reason}")]
    BadName {
        /// The name.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// A package is made where one is.
    #[error("{0} exists already")]
    Exists(PathBuf),
    /// A path that should be a package is none.
    #[error("{0} is no package: give a folder whose name ends with .gbai")]
    NotAPackage(PathBuf),
    /// The file system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Db(#[from] botserver_db::Error),
    /// The principal may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl Error {
    /// A failed query or write of this room.
    pub(crate) fn statement(operation: &'static str, source: sea_orm::DbErr) -> Self {
        Self::Db(botserver_db::Error::statement(operation, source))
    }
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownBot(_) | Self::UnknownThemeFile(_) | Self::UnknownVersion { .. } => ErrorKind::NotFound,
            Self::BadName { .. } | Self::NotAPackage(_) => ErrorKind::Invalid,
            Self::Exists(_) => ErrorKind::Conflict,
            Self::DamagedVersion { .. } | Self::Io { .. } => ErrorKind::Internal,
            Self::Db(error) => error.kind(),
            Self::Denied(error) => error.kind(),
            Self::Stopping => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownBot(_) => "unknown_bot",
            Self::UnknownVersion { .. } => "unknown_version",
            Self::DamagedVersion { .. } => "damaged_version",
            Self::BadName { .. } => "bad_bot_name",
            Self::Db(error) => error.code(),
            Self::Denied(error) => error.code(),
            Self::UnknownThemeFile(_) => "not_found",
            Self::NotAPackage(_) => "not_a_package",
            Self::Exists(_) => "exists",
            Self::Io { .. } => "internal",
            Self::Stopping => "unavailable",
        }
    }
}
