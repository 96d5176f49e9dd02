//! The parts of a message, suggestion chips, and the input a HEAR asks for.

use serde::{Deserialize, Serialize};

/// One part of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Markdown. Raw HTML in it is text.
    Text {
        /// The text.
        text: String,
    },
    /// A file.
    File(FilePart),
    /// What a model thought before it answered.
    Reasoning {
        /// Markdown.
        text: String,
        /// How long it thought.
        seconds: f64,
    },
    /// The passages that the text refers to as `[1]`, `[2]`.
    Sources {
        /// In the order of their numbers.
        items: Vec<Source>,
    },
    /// Options to choose one of; answering sends the label as text.
    Menu {
        /// The labels.
        options: Vec<String>,
    },
}

/// A passage of a document that an answer rests on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// How the text refers to it.
    pub number: u32,
    /// `doc_…`
    pub document: String,
    /// The collection it is in.
    pub collection: String,
    /// The document's title.
    pub title: String,
    /// Where in the document: headings, row.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Page or slide, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Sheet of a workbook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The passage.
    pub text: String,
    /// Where the reader may fetch the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A file in a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilePart {
    /// Where it can be fetched by who may read the conversation.
    pub url: String,
    /// Its name with extension.
    pub filename: String,
    /// Its media type.
    pub mime_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// What is written under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// A chip: pressing it sends `text`, and `action` unchanged if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// What is shown.
    pub label: String,
    /// What is sent.
    pub text: String,
    /// What it means to the bot: `tool:NAME`, `context:NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
}

/// The kind of answer a bot waits for, for the channel to show the right input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HearInput {
    /// The HEAR type in lower case.
    pub kind: String,
    /// The labels of a menu.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The media types of a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<String>,
    /// 1 for the first try.
    pub attempt: u32,
    /// True when the answer must not be shown.
    pub secret: bool,
}

/// The message for terminals, search and previews.
pub fn plain_text(parts: &[Part]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match part {
            Part::Text { text } => lines.push(text.clone()),
            Part::File(file) => {
                lines.extend(file.caption.clone());
                lines.push(format!("[{}] {}", file.filename, file.url));
            }
            Part::Reasoning { .. } | Part::Sources { .. } => {}
            Part::Menu { options } => {
                lines.extend(options.iter().enumerate().map(|(index, option)| format!("{}. {option}", index + 1)));
            }
        }
    }
    lines.join("\n")
}
