//! What can go wrong here.

use botserver_kernel::{ErrorKind, Fault};
use botserver_ports::{Denied, ModelError};

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
    /// Nobody has configured one.
    #[error("no language model is configured; set `llm-url` and `llm-model` in config.csv")]
    NoModel,
    /// The model did not answer.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] botserver_db::Error),
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
            Self::NoModel => ErrorKind::Invalid,
            Self::Model(error) => error.kind(),
            Self::Db(error) => error.kind(),
        }
    }
}
