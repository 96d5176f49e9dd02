//! What a turn knows of its conversation: for whom it acts, in which language, and the room's part of the state.

use botserver_engines::{Turn, TurnError};
use botserver_kernel::{PersonId, Principal, Role};
use serde::de::DeserializeOwned;
use serde_json::json;

/// The key of this room in the state document.
const KEY: &str = "bot";

/// For whom the turn acts.
pub(super) fn principal(turn: &Turn<'_>) -> Principal {
    let lane = turn.lane();
    Principal {
        org_id: lane.org_id,
        person_id: lane.person_id.unwrap_or_else(|| PersonId::new(uuid::Uuid::nil())),
        role: if lane.person_id.is_some() { Role::Visitor } else { Role::System },
    }
}

pub(super) fn payload<T: DeserializeOwned>(turn: &Turn<'_>) -> Result<T, TurnError> {
    serde_json::from_value(turn.item().payload.clone())
        .map_err(|error| TurnError::Internal(format!("an inbox item cannot be read: {error}")))
}

pub(super) fn turn_name(turn: &Turn<'_>) -> String {
    turn.item().id.simple().to_string()
}

pub(super) fn state_flag(turn: &Turn<'_>, name: &str) -> bool {
    turn.buffer.state.get(KEY).and_then(|own| own.get(name)?.as_bool()).unwrap_or(false)
}

pub(super) fn set_state_flag(turn: &mut Turn<'_>, name: &str, on: bool) {
    if state_flag(turn, name) != on {
        set_state(turn, name, json!(on));
    }
}

pub(super) fn set_state(turn: &mut Turn<'_>, name: &str, value: serde_json::Value) {
    let own = turn.buffer.state_mut(KEY);
    if !own.is_object() {
        *own = json!({});
    }
    own[name] = value;
}

pub(super) fn locale(turn: &Turn<'_>) -> String {
    let stored = turn.buffer.state.get(KEY).and_then(|own| own.get("locale")?.as_str());
    stored.unwrap_or("en").to_owned()
}

pub(super) fn remember_locale(turn: &mut Turn<'_>, given: &str) {
    if !given.is_empty() && locale(turn) != given {
        set_state(turn, "locale", json!(given));
    }
}

/// A number of the state.
pub(super) fn state_number(turn: &Turn<'_>, name: &str) -> Option<i64> {
    turn.buffer.state.get(KEY)?.get(name)?.as_i64()
}
