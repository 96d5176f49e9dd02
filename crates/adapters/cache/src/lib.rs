//! Cache and pub/sub inside this process: for one server. Several servers share a broker instead.
//! Knows only the ports; nothing here survives the process.

mod memory;
mod pubsub;

pub use memory::MemoryCache;
pub use pubsub::LocalPubSub;
