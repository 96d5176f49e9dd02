//! The envelope of a committed event, through which rooms that may not call each other hear of changes.

use serde::{Deserialize, Serialize};

use crate::OrgId;

/// Something that happened and is committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Dotted name in the past: `package.published`, `conversation.deleted`.
    pub kind: String,
    /// Whose.
    pub org_id: OrgId,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The payload, defined by the room that emits it.
    pub data: serde_json::Value,
}
