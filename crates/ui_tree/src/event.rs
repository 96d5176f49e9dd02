//! The events of a conversation; `turn.end` is added by the engine, which alone knows when a turn is over.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{HearInput, Part, Suggestion};

/// Who said a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person.
    Person,
    /// The bot.
    Bot,
}

/// A committed event, as in the chat protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChatEvent {
    /// A message of the transcript.
    Message {
        /// `msg_…`
        id: String,
        /// Who said it.
        role: Speaker,
        /// What.
        parts: Vec<Part>,
        /// The turn it belongs to.
        turn: String,
        /// The model that made it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        /// A person stopped it: the text is what had come until then.
        #[serde(default, skip_serializing_if = "is_false")]
        stopped: bool,
        /// It ended at the limit of tokens.
        #[serde(default, skip_serializing_if = "is_false")]
        cut: bool,
    },
    /// A tool that the model called; the same id again replaces what was known.
    Tool(ToolEvent),
    /// What was said from an event on, until this one, does not count any more: it was answered anew, or edited.
    Superseded {
        /// The number of the first event that does not count.
        from: i64,
        /// The number of the last one, if it is not the one before this event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// The messages among them.
        messages: Vec<String>,
    },
    /// Replaces the suggestion chips.
    Suggestions {
        /// The chips; empty clears them.
        items: Vec<Suggestion>,
    },
    /// The bot waits for an answer of this kind, or no longer does.
    Hear {
        /// What is asked for.
        input: Option<HearInput>,
    },
    /// The turn failed.
    Error {
        /// `msg_…`
        id: String,
        /// A short title for people.
        title: String,
        /// A sentence for people.
        detail: String,
        /// What support can be told; the same stands in the log.
        reference: String,
        /// The person's message it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// For the owner only; channels remove it for everybody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        script: Option<ScriptError>,
        /// True when the answer can be asked for again.
        #[serde(default, skip_serializing_if = "is_false")]
        retry: bool,
    },
    /// The conversation was renamed.
    Conversation {
        /// Its new title.
        title: String,
    },
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolEvent {
    /// Unique in the conversation.
    pub id: String,
    /// The script.
    pub name: String,
    /// What it does, in one line.
    pub title: String,
    /// What it was called with.
    pub arguments: Json,
    /// Where it stands.
    pub state: ToolState,
    /// What it answered, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// The turn it was called in.
    pub turn: String,
}

/// Where a call of a tool stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ToolState {
    Running,
    Done,
    Failed,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(on: &bool) -> bool {
    !*on
}

/// Where a script failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptError {
    /// Path inside the package.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// The source line.
    pub source: String,
    /// Blanks and carets that stand under the failing part of the source line.
    pub caret: String,
    /// What happened.
    pub message: String,
    /// What to do, if we know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl ChatEvent {
    /// A message that no model made.
    pub fn message(id: String, role: Speaker, parts: Vec<Part>, turn: String) -> Self {
        Self::Message { id, role, parts, turn, model: None, stopped: false, cut: false }
    }

    /// The JSON that is committed and sent.
    pub fn to_json(&self) -> Json {
        // Plain data with text keys always serialises.
        serde_json::to_value(self).unwrap_or(Json::Null)
    }
}
