//! Traits to the outside: what the rooms need from storage, caches and the keeper of permissions.
//! Each has a contract suite in `testkit` that every adapter passes. No implementation lives here.

mod authorizer;
mod cache;
mod objects;

pub use authorizer::{Authorizer, Denied, Resource};
pub use cache::{Cache, CacheError, PubSub, Subscription};
pub use objects::{ByteStream, ObjectError, ObjectInfo, ObjectStore, check_object_key, check_object_prefix};
