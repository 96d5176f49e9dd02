//! Turns texts into vectors whose nearness is nearness in meaning.

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault};

/// What a text is for: some models want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedKind {
    /// A question.
    Query,
    /// A passage that questions will find.
    Passage,
}

/// No vectors came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The model's files are not installed, or cannot be used.
    #[error("the embedding model cannot be used: {0}")]
    Model(String),
    /// The service failed; trying again may help.
    #[error("the embedding service failed: {0}")]
    Service(String),
}

impl Fault for EmbedError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

/// Makes vectors of length 1.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// What made the vectors, for ever: vectors of different names are never compared.
    fn name(&self) -> &str;

    /// The length of the list that a vector is, in numbers.
    async fn dimensions(&self) -> Result<usize, EmbedError>;

    /// One vector per text, in order.
    async fn embed(&self, texts: &[String], kind: EmbedKind) -> Result<Vec<Vec<f32>>, EmbedError>;
}
