//! What tests share: a clock and ids that repeat, databases to throw away, in-memory fakes of ports, and
//! the contract suite of each port. Knows no domain, no adapter and no server.

pub mod contract;
mod database;
mod fake_model;
mod fakes;
mod fixed_clock;
mod hash_embedder;
mod memory_cache;
mod memory_index;
mod memory_pubsub;
mod retrieval_set;
mod seq_ids;

pub use database::{on_postgres, on_sqlite};
pub use fake_model::{
    FakeAnswer, FakeCall, FakeModel, FakeRequest, FakeRule, FakeScript, FakeSeen, FakeStep, FakeStyle, FakeUsage,
};
pub use fakes::{MemoryObjects, OpenDoor};
pub use fixed_clock::FixedClock;
pub use hash_embedder::HashEmbedder;
pub use memory_cache::MemoryCache;
pub use memory_index::MemoryIndex;
pub use memory_pubsub::MemoryPubSub;
pub use retrieval_set::{
    LabelledPassage, LabelledQuestion, RetrievalSet, StoredEmbedder, folder as retrieval_folder,
    joined as joined_questions,
};
pub use seq_ids::SeqIds;
