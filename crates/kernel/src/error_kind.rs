//! The kinds of failure every crate's error maps to once; `web` turns them into a status and a problem.

use serde::Serialize;

/// What went wrong, from the caller's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ErrorKind {
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    RateLimited,
    Unavailable,
    Unsupported,
    Internal,
}

impl ErrorKind {
    /// True when the same request may succeed later.
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable)
    }
}

/// An error that knows its kind and its stable code; every crate's `Error` implements it.
pub trait Fault: std::error::Error {
    /// The kind.
    fn kind(&self) -> ErrorKind;

    /// Stable, snake case, part of the API: `queue_full`, `not_found`.
    fn code(&self) -> &'static str {
        match self.kind() {
            ErrorKind::Invalid => "invalid",
            ErrorKind::Unauthenticated => "unauthenticated",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::RateLimited => "rate_limited",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Unsupported => "unsupported",
            ErrorKind::Internal => "internal",
        }
    }

    /// Seconds after which to try again, when known.
    fn retry_after_seconds(&self) -> Option<u64> {
        None
    }
}
