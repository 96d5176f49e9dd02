//! What can go wrong in the engine itself; a failing script is not among it.

use botserver_kernel::{ErrorKind, Fault};

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] botserver_db::Error),
    /// Too many messages wait for the running turn.
    #[error("{limit} messages are waiting already; let the bot answer first")]
    QueueFull {
        /// How many may wait.
        limit: usize,
    },
    /// There is no such lane.
    #[error("no such conversation")]
    NoLane,
    /// A turn has taken the message already.
    #[error("the bot is answering this message already")]
    AlreadyTaken,
    /// The server is shutting down.
    #[error("the server is restarting; try again in a moment")]
    Stopping,
}

impl Error {
    pub(crate) fn statement(operation: &'static str) -> impl FnOnce(sea_orm::DbErr) -> Self {
        move |source| Self::Db(botserver_db::Error::statement(operation, source))
    }
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Db(error) => error.kind(),
            Self::QueueFull { .. } => ErrorKind::RateLimited,
            Self::NoLane => ErrorKind::NotFound,
            Self::AlreadyTaken => ErrorKind::Conflict,
            Self::Stopping => ErrorKind::Unavailable,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Db(error) => error.code(),
            Self::QueueFull { .. } => "queue_full",
            Self::NoLane => "not_found",
            Self::AlreadyTaken => "already_taken",
            Self::Stopping => "unavailable",
        }
    }
}

/// Why a turn could not go on.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// Somebody else moved the lane on; run again from what is committed.
    #[error("the conversation moved on meanwhile")]
    Conflict,
    /// The database failed; try again later.
    #[error(transparent)]
    Db(#[from] botserver_db::Error),
    /// The lane is gone: the conversation was deleted.
    #[error("the conversation was deleted")]
    Gone,
    /// The server stops; the turn is taken up again after the restart.
    #[error("the server stops")]
    Stopping,
    /// A mistake of ours or a damaged snapshot: the turn fails, the conversation goes on.
    #[error("{0}")]
    Internal(String),
}
