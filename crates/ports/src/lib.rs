//! Traits to the outside: what the rooms need from storage, caches, models and the keeper of permissions.
//! Each has a contract suite in `testkit` that every adapter passes. No implementation lives here.

mod authorizer;
mod cache;
mod chat_model;
mod documents;
mod embedder;
mod objects;
mod search_index;

pub use authorizer::{Authorizer, Denied, Resource};
pub use cache::{Cache, CacheError, PubSub, Subscription};
pub use chat_model::{
    AnswerFormat, ChatModel, EndReason, ModelEndpoint, ModelError, ModelFault, ModelLimits, ModelMessage, ModelPicture,
    ModelPiece, ModelRequest, ModelStream, ModelToolCall, ModelUsage, ToolSpec,
};
pub use documents::{
    Block, DocumentExtractor, ExtractError, ExtractLimits, ExtractProgress, ExtractRequest, Extracted,
};
pub use embedder::{EmbedError, EmbedKind, Embedder};
pub use objects::{ByteStream, ObjectError, ObjectInfo, ObjectStore, check_object_key, check_object_prefix};
pub use search_index::{
    Fusion, IndexChange, IndexDocument, IndexError, IndexHit, IndexPassage, IndexQuery, IndexSpec, IndexStats,
    SearchIndex,
};
