//! What can go wrong with documents and questions.

use botserver_kernel::{ErrorKind, Fault};
use botserver_ports::{Denied, EmbedError, IndexError};

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
    /// A value that is not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The folder of the documents cannot be read.
    #[error(transparent)]
    Source(#[from] crate::SourceError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The embedder failed.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The server is shutting down.
    #[error("the server is stopping")]
    Stopping,
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
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Source(_) | Self::Stopping => ErrorKind::Unavailable,
            Self::Index(error) => error.kind(),
            Self::Embed(error) => error.kind(),
            Self::Db(error) => error.kind(),
        }
    }
}
