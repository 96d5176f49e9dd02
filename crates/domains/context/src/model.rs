//! The part of the state document that belongs to this room.

use std::collections::BTreeMap;

use botserver_runtime::TurnBuffer;
use botserver_ui_tree::Suggestion;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

const KEY: &str = "context";

/// Suggestions, contexts, tools and variables of one conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationContext {
    /// The chips as the script left them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Suggestion>,
    /// The chips as the person was last told; a turn that ends with other ones says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Suggestion>,
    /// Named texts for the model (SET CONTEXT).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub contexts: BTreeMap<String, String>,
    /// The context that the person chose with a suggestion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selected: Option<String>,
    /// BEGIN SYSTEM PROMPT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// Scripts that a model may call, by stem, in the order they were added.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// SET SESSION.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, botserver_basic_types::Value>,
}

/// A tool that a suggestion runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The script's stem.
    pub tool: String,
    /// Its first parameters, in order.
    #[serde(default)]
    pub with: Vec<botserver_basic_types::Value>,
}

impl ToolCall {
    /// As the action of a suggestion.
    pub fn to_action(&self) -> String {
        format!("tool:{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads the action of a suggestion.
    pub fn from_action(action: &str) -> Option<Self> {
        serde_json::from_str(action.strip_prefix("tool:")?).ok()
    }
}

impl ConversationContext {
    /// Reads it from a turn's state; what cannot be read counts as empty.
    pub fn load(turn: &TurnBuffer) -> Self {
        turn.state.get(KEY).and_then(|json| serde_json::from_value(json.clone()).ok()).unwrap_or_default()
    }

    /// Puts it back.
    pub fn store(&self, turn: &mut TurnBuffer) {
        // Plain data with text keys always serialises.
        *turn.state_mut(KEY) = serde_json::to_value(self).unwrap_or(Json::Null);
    }

    /// Changes it in place.
    pub fn change<T>(turn: &mut TurnBuffer, change: impl FnOnce(&mut Self) -> T) -> T {
        let mut own = Self::load(turn);
        let answer = change(&mut own);
        own.store(turn);
        answer
    }

    /// The suggestions to announce at the end of a turn, if they are not the ones the person sees; they count as
    /// shown from then on.
    pub fn take_unshown(turn: &mut TurnBuffer) -> Option<Vec<Suggestion>> {
        let mut own = Self::load(turn);
        if own.suggestions == own.shown {
            return None;
        }
        own.shown.clone_from(&own.suggestions);
        own.store(turn);
        Some(own.suggestions)
    }

    /// True when the person was offered this action: nothing else a client sends is obeyed.
    pub fn offers(&self, action: &str) -> bool {
        self.suggestions.iter().chain(&self.shown).any(|own| own.action.as_deref() == Some(action))
    }
}
