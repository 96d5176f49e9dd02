//! Who acts, and the words for what may be done. Decisions are made by the `Authorizer` port.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{OrgId, PersonId};

/// What a principal is in its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Talks with bots, known by a signed cookie only.
    Visitor,
    /// Runs this installation.
    Owner,
    /// The server itself: timers, schedules, the file watcher.
    System,
}

/// Who acts, in which organisation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Principal {
    /// The organisation every query is limited to.
    pub org_id: OrgId,
    /// The person; the server itself has a fixed one.
    pub person_id: PersonId,
    /// The role.
    pub role: Role,
}

impl Principal {
    /// The server itself, in that organisation.
    pub const fn system(org_id: OrgId) -> Self {
        Self { org_id, person_id: PersonId::new(uuid::Uuid::nil()), role: Role::System }
    }
}

/// A permission word, `resource.action`: `conversation.read`, `system.read`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Permission(pub Cow<'static, str>);

impl Permission {
    /// From a literal.
    pub const fn new(word: &'static str) -> Self {
        Self(Cow::Borrowed(word))
    }
}
