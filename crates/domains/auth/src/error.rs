//! What can go wrong with identities.

use botserver_kernel::{ErrorKind, Fault};
use botserver_ports::Denied;
use botserver_web::RateLimited;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Used, expired, mistyped or forged; which of them is nobody's business.
    #[error("this owner link was used already, is older than a day, or is incomplete; make a new one on the server")]
    BadOwnerLink,
    /// Nobody is signed in there.
    #[error("there is no such sign-in")]
    NoSession,
    /// Not with this role.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Too many attempts.
    #[error(transparent)]
    RateLimited(#[from] RateLimited),
    /// The database.
    #[error("the database failed")]
    Db(#[from] botserver_db::Error),
    /// The system's random numbers.
    #[error("the system gives no random numbers")]
    Randomness,
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::BadOwnerLink => ErrorKind::Forbidden,
            Self::NoSession => ErrorKind::NotFound,
            Self::Denied(denied) => denied.kind(),
            Self::RateLimited(limited) => limited.kind(),
            Self::Db(error) => error.kind(),
            Self::Randomness => ErrorKind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadOwnerLink => "bad_owner_link",
            Self::NoSession => "not_found",
            Self::Denied(denied) => denied.code(),
            Self::RateLimited(limited) => limited.code(),
            Self::Db(error) => error.code(),
            Self::Randomness => "internal",
        }
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::RateLimited(limited) => limited.retry_after_seconds(),
            _ => None,
        }
    }
}
