//! Channel-neutral components: what a bot says, as parts that each channel renders its own way, and the events
//! of a conversation as the chat protocol sends them. Knows no channel, no storage.

mod event;
mod part;

pub use event::{ChatEvent, ScriptError, Speaker, ToolEvent, ToolState};
pub use part::{FilePart, HearInput, Part, Source, Suggestion, plain_text};
