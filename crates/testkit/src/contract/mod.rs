//! What every adapter of a port promises, as one async function a port. An adapter's test is one line:
//! `contract::objects(async || Ok(Arc::new(…))).await`. Each case gets a store of its own.

mod cache;
mod objects;
mod pubsub;
mod search_index;

pub use cache::cache;
pub use objects::objects;
pub use pubsub::pubsub;
pub use search_index::search_index;
