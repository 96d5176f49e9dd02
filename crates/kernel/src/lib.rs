//! The words every crate uses: ids, clock, error kinds, principals, permissions, paging, events, secrets.
//! Pure and tiny: no async, no HTTP, no SQL. Every edit rebuilds the world, so it changes by ADR only.

mod clock;
mod error_kind;
mod event;
mod id;
mod paging;
mod principal;
mod secret;

pub use clock::{Clock, SystemClock, Timestamp};
pub use error_kind::{ErrorKind, Fault};
pub use event::Event;
pub use id::{
    AttachmentId, BotId, ConversationId, ExecutionId, Id, IdError, IdSource, Kind, MessageId, OrgId, PersonId,
    RandomIds, RequestId, TimerId, kinds,
};
pub use paging::{Cursor, Page, PageRequest};
pub use principal::{Permission, Principal, Role};
pub use secret::Secret;
