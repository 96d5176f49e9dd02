//! Values that may be lost, and messages to whoever listens now. Embedded: in process; at scale: Valkey.

use std::time::Duration;

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault};
use bytes::Bytes;

/// The cache or the broker cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("the cache is unavailable: {0}")]
pub struct CacheError(pub String);

impl Fault for CacheError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

/// Short-lived values by key. Anything in it may vanish at any time.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The value, unless it is absent or expired.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError>;

    /// Stores a value for at most `ttl`.
    async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), CacheError>;

    /// Removes a value; removing what is absent is no error.
    async fn remove(&self, key: &str) -> Result<(), CacheError>;

    /// Counts one more in the window that `key` names and returns the count; the window starts with the
    /// first count and lasts `window`.
    async fn count(&self, key: &str, window: Duration) -> Result<u64, CacheError>;
}

/// Messages to whoever listens now, at most once, in order per channel and publisher.
#[async_trait]
pub trait PubSub: Send + Sync {
    /// Tells everybody who listens on `channel`.
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), CacheError>;

    /// Listens from now on.
    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>, CacheError>;
}

/// One listener.
#[async_trait]
pub trait Subscription: Send {
    /// The next message; `None` when messages were lost because this listener was too slow: read the
    /// truth from the database and go on listening.
    async fn next(&mut self) -> Option<Bytes>;
}
