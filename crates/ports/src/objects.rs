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
    /// Keys are relative, `/`-separated, without `.`, `..`, empty parts, backslashes, control characters and
    /// white space around a part; at most 1,024 bytes, a part at most 255.
    #[error("`{0}` is not a valid object key")]
    InvalidKey(String),
    /// There is none.
    #[error("no object `{0}`")]
    NotFound(String),
    /// There is one already and `put_new` was asked for.
    #[error("the object `{0}` exists already")]
    Exists(String),
    /// The body was longer than allowed; nothing was kept.
    #[error("the file is larger than {}, which is the most that is taken here", size(*limit))]
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

/// A size for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{} KB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
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

/// Whether a key is one that every store can keep: see [`ObjectError::InvalidKey`].
pub fn check_object_key(key: &str) -> Result<(), ObjectError> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.len() <= 255
            && part.trim() == part
            && !part.chars().any(|c| c == '\\' || c.is_control())
    };
    if key.len() <= 1024 && key.split('/').all(is_part) {
        return Ok(());
    }
    Err(ObjectError::InvalidKey(key.chars().take(200).flat_map(char::escape_debug).collect()))
}

/// Whether a prefix is empty or a key and a `/`.
pub fn check_object_prefix(prefix: &str) -> Result<(), ObjectError> {
    match prefix.strip_suffix('/') {
        Some(folder) => check_object_key(folder),
        None if prefix.is_empty() => Ok(()),
        None => Err(ObjectError::InvalidKey(prefix.chars().take(200).flat_map(char::escape_debug).collect())),
    }
}

/// Files by key. A put is atomic: readers see the old object or the new one, whole.
#[async_trait]
pub trait ObjectStore: Send + Sync {
    /// Stores a body of at most `limit` bytes, replacing what was there; returns its size.
    async fn put(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError>;

    /// Stores a body only if the key is free.
    async fn put_new(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError>;

    /// The body from `offset` to the end; nothing if that is beyond the end.
    async fn get(&self, key: &str, offset: u64) -> Result<ByteStream, ObjectError>;

    /// Size, without reading; `None` if there is none.
    async fn info(&self, key: &str) -> Result<Option<ObjectInfo>, ObjectError>;

    /// Removes an object; removing what is absent is no error.
    async fn delete(&self, key: &str) -> Result<(), ObjectError>;

    /// Everything under a prefix (empty or `a/b/`), in the order of the keys' bytes, at most `limit`, after
    /// the key `after`, which need not exist.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<ObjectInfo>, ObjectError>;

    /// Can it be written to? For `readyz` and `doctor`.
    async fn check(&self) -> Result<(), ObjectError>;
}
