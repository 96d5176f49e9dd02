//! What a person sends, as a client gives it and as the inbox keeps it.

use botserver_kernel::{AttachmentId, MessageId};
use botserver_ui_tree::{FilePart, Part};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Characters of a message.
pub(crate) const LONGEST: usize = 16_000;
/// Files of a message.
const MOST_FILES: usize = 10;

/// A message that a client hands in.
#[derive(Clone, Debug, Default)]
pub struct SendMessage {
    /// Made by the client: sending it twice is one message.
    pub id: Option<MessageId>,
    /// The text.
    pub text: String,
    /// Files that were uploaded to this conversation.
    pub attachments: Vec<AttachmentId>,
    /// The action of a suggestion.
    pub action: Option<String>,
    /// The client's language.
    pub locale: String,
    /// An earlier message of the person that this one takes the place of.
    pub replaces: Option<MessageId>,
    /// Instead of a message: an earlier one to be answered anew.
    pub regenerate: Option<MessageId>,
}

impl SendMessage {
    /// The text without zero characters, which PostgreSQL cannot store.
    pub(crate) fn storable_text(&self) -> String {
        self.text.replace('\0', "")
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.regenerate.is_some() {
            return Ok(());
        }
        if self.text.trim_matches(|c: char| c.is_whitespace() || c == '\0').is_empty() && self.attachments.is_empty() {
            return Err(Error::EmptyMessage);
        }
        // Bytes first: counting the characters of megabytes would be a gift to whoever sends them.
        if self.text.len() > LONGEST * 4 || self.text.chars().count() > LONGEST {
            return Err(Error::TooLong { limit: LONGEST });
        }
        if self.attachments.len() > MOST_FILES {
            return Err(Error::TooLong { limit: MOST_FILES });
        }
        Ok(())
    }
}

/// A message in the inbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct InboxMessage {
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<FilePart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    #[serde(default)]
    pub(crate) locale: String,
    /// The message of the person that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaces: Option<String>,
    /// No message, but the wish to have this earlier one answered anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) regenerate: Option<String>,
}

impl InboxMessage {
    /// As the transcript shows it; a secret answer is not shown.
    pub(crate) fn parts(&self, secret: bool) -> Vec<Part> {
        let mut parts = Vec::with_capacity(1 + self.files.len());
        if !self.text.trim().is_empty() {
            let text = if secret { "••••••••".to_owned() } else { self.text.clone() };
            parts.push(Part::Text { text });
        }
        parts.extend(self.files.iter().cloned().map(Part::File));
        parts
    }
}

impl InboxMessage {
    /// The names of the files as code, so that nothing in them is Markdown.
    pub(crate) fn file_names(&self) -> String {
        let names = self.files.iter().map(|file| format!("`{}`", file.filename.replace(['`', '\n', '\r'], " ")));
        names.collect::<Vec<_>>().join(", ")
    }
}

/// What opening a conversation puts into the inbox.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct InboxOpen {
    #[serde(default)]
    pub(crate) locale: String,
}

/// What happens to a conversation besides messages, as the inbox keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum InboxEvent {
    /// It has another title.
    Rename(InboxRename),
    /// The person does not want to answer what a tool asks.
    Leave(InboxLeave),
}

/// What a rename puts into the inbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InboxRename {
    pub(crate) title: String,
}

/// Which question is left: that of a run as it stood when the person stopped it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InboxLeave {
    pub(crate) execution: uuid::Uuid,
    pub(crate) turn: i32,
}
