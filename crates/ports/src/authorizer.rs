//! Permission: the only way to ask whether a principal may do something.

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault, OrgId, Permission, PersonId, Principal};

/// What an action is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its organisation.
    pub org_id: OrgId,
    /// The kind, the first half of the permission word: `conversation`, `bot`, `system`.
    pub kind: &'static str,
    /// Its id as stored, if it is one thing.
    pub id: Option<uuid::Uuid>,
    /// Whose it is, if it is somebody's.
    pub owner: Option<PersonId>,
}

/// A refusal. Callers answer 404 for what the principal may not even know of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only the owner may do this (`{permission}`); `botserver owner link` prints a link that signs in as the owner")]
pub struct Denied {
    /// What was asked for.
    pub permission: String,
}

impl Fault for Denied {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Forbidden
    }
}

/// Decides. Implemented by the `auth` domain.
#[async_trait]
pub trait Authorizer: Send + Sync {
    /// May `principal` do `permission` on `resource`?
    async fn authorize(
        &self,
        principal: &Principal,
        permission: &Permission,
        resource: &Resource,
    ) -> Result<(), Denied>;
}
