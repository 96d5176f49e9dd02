//! Files by key: attachments, packages, exports. Embedded: a folder; at scale: S3.

use std::pin::Pin;

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault};
use bytes::Bytes;
use futures_util::Stream;

/// A body that is never held whole.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, ObjectError>> + Send>>;

/// A failure of the object store.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// Keys are relative, `/`-separated, without `.`, `..`, empty parts, backslashes and control characters.
    #[error("`{0}` is not a valid object key")]
    InvalidKey(String),
    /// There is none.
    #[error("no object `{0}`")]
    NotFound(String),
    /// There is one already and `put_new` was asked for.
    #[error("the object `{0}` exists already")]
    Exists(String),
    /// The body was longer than allowed; nothing was kept.
    #[error("the object is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The body ended with an error; nothing was kept.
    #[error("the upload broke off: {0}")]
    Interrupted(String),
    /// The store failed.
    #[error("the object store failed: {0}")]
    Unavailable(String),
}

impl Fault for ObjectError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::InvalidKey(_) | Self::Interrupted(_) => ErrorKind::Invalid,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Exists(_) => ErrorKind::Conflict,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Files by key. A put is atomic: readers see the old object or the new one, whole.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Stores a body of at most `limit` bytes, replacing what was there; returns its size.
    async fn put(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError>;

    /// Stores a body only if the key is free.
    async fn put_new(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError>;

    /// The body from `offset` to the end.
    async fn get(&self, key: &str, offset: u64) -> Result<ByteStream, ObjectError>;

    /// Size, without reading; `None` if there is none.
    async fn info(&self, key: &str) -> Result<Option<ObjectInfo>, ObjectError>;

    /// Removes an object; removing what is absent is no error.
    async fn delete(&self, key: &str) -> Result<(), ObjectError>;

    /// Everything under a prefix (`a/b/`), in key order, at most `limit`, after the key `after`.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<ObjectInfo>, ObjectError>;

    /// Can it be written to? For `readyz` and `doctor`.
    async fn check(&self) -> Result<(), ObjectError>;
}
