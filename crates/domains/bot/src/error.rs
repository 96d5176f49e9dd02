//! What can go wrong when somebody talks with a bot.

use botserver_kernel::{ErrorKind, Fault};

/// Result of this room.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The message has neither text nor files.
    #[error("the message is empty")]
    EmptyMessage,
    /// The message is too long.
    #[error("a message may have at most {limit} characters")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// Another conversation has a message of this id.
    #[error("this message id was used already; make a new one")]
    IdTaken,
    /// There is no such message in the queue.
    #[error("there is no such message in the queue")]
    NotQueued,
    /// The message that is to be replaced or answered anew is not in this conversation.
    #[error("there is no such message in this conversation; load it again and choose one that is there")]
    NoSuchMessage,
    /// It is the bot's.
    #[error("this message is the bot's; name the message of yours that it answers")]
    NotYours,
    /// It does not count any more.
    #[error("this message was edited or answered anew meanwhile; choose the version that counts now")]
    Superseded,
    /// No turn has taken it.
    #[error("this message still waits for its turn; take it back and send the new text instead")]
    StillQueued,
    /// A script took it, not the model.
    #[error("a script of the bot took this message, so its answer cannot be made anew; send it again instead")]
    CannotRegenerate,
    /// The bot is not done.
    #[error("the bot is still answering; wait until it is done, or stop it")]
    Busy,
    /// A HEAR waits.
    #[error("the bot waits for an answer; answer its question first, or stop it")]
    WaitingForAnswer,
    /// Too much at once.
    #[error(transparent)]
    RateLimited(#[from] botserver_web::RateLimited),
    /// The conversation.
    #[error(transparent)]
    Session(#[from] botserver_session::Error),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] botserver_engines::Error),
    /// The package.
    #[error(transparent)]
    Packages(#[from] botserver_packages::Error),
}

impl Fault for Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotQueued | Self::NoSuchMessage => ErrorKind::NotFound,
            Self::EmptyMessage => ErrorKind::Invalid,
            Self::TooLong { .. } => ErrorKind::TooLarge,
            Self::IdTaken
            | Self::NotYours
            | Self::Superseded
            | Self::StillQueued
            | Self::CannotRegenerate
            | Self::Busy
            | Self::WaitingForAnswer => ErrorKind::Conflict,
            Self::RateLimited(error) => error.kind(),
            Self::Session(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Packages(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotQueued | Self::NoSuchMessage => "not_found",
            Self::EmptyMessage => "empty_message",
            Self::TooLong { .. } => "too_large",
            Self::IdTaken => "id_taken",
            Self::NotYours => "not_yours",
            Self::Superseded => "superseded",
            Self::StillQueued => "still_queued",
            Self::CannotRegenerate => "cannot_regenerate",
            Self::Busy => "busy",
            Self::WaitingForAnswer => "waiting_for_answer",
            Self::RateLimited(error) => error.code(),
            Self::Session(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Packages(error) => error.code(),
        }
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::RateLimited(error) => error.retry_after_seconds(),
            Self::Engine(botserver_engines::Error::QueueFull { .. }) => Some(1),
            _ => None,
        }
    }
}
