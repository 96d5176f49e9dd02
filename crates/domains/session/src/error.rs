//! What can go wrong with conversations.

use botserver_kernel::{ErrorKind, Fault};
use botserver_ports::{Denied, ObjectError};

/// Result of this room.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none, or the caller may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The caller may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The idempotency key stands for another request.
    #[error("this `Idempotency-Key` was used for another request; make a new one")]
    KeyUsed,
    /// A value that is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The file store failed.
    #[error(transparent)]
    Objects(#[from] ObjectError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] botserver_db::Error),
    /// The engine could not read.
    #[error(transparent)]
    Engine(#[from] botserver_engines::Error),
}

impl Error {
    pub(crate) fn statement(operation: &'static str) -> impl FnOnce(sea_orm::DbErr) -> Self {
        move |source| Self::Db(botserver_db::Error::statement(operation, source))
    }
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Denied(denied) => denied.kind(),
            Self::KeyUsed => ErrorKind::Conflict,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Objects(error) => error.kind(),
            Self::Db(error) => error.kind(),
            Self::Engine(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::KeyUsed => "idempotency_key_used",
            Self::NotFound(_) => "not_found",
            Self::Denied(denied) => denied.code(),
            Self::Invalid(_) => "invalid",
            Self::Objects(error) => error.code(),
            Self::Db(error) => error.code(),
            Self::Engine(error) => error.code(),
        }
    }
}
