//! What the fake answers: built by tests, or read from a JSON file. Knows the protocol's words, not its bytes.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Everything a fake will say. The first rule that matches and has an answer left wins; then `answers` in order;
/// then `always`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FakeScript {
    /// The key that requests must carry; any, or none, if absent.
    pub key: Option<String>,
    /// The models that it lists; `fake-model` if empty. Another model than these is answered with 404.
    pub models: Vec<String>,
    /// Answers for certain requests, whenever they come.
    pub when: Vec<FakeRule>,
    /// Answers in the order of requests.
    pub answers: Vec<FakeAnswer>,
    /// The answer to every other request; without it such a request is an error of the test.
    pub always: Option<FakeAnswer>,
}

/// Answers for requests that look a certain way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FakeRule {
    /// The newest message of the person contains this.
    pub contains: Option<String>,
    /// The role of the last message: `user`, `tool`, …
    pub last: Option<String>,
    /// Answers in order.
    pub answers: Vec<FakeAnswer>,
    /// The last answer is given again and again: right for tests that kill the server and cannot know how often it asks.
    pub repeat: bool,
}

impl FakeRule {
    /// A rule for every request.
    pub fn new(answers: impl IntoIterator<Item = FakeAnswer>) -> Self {
        Self { answers: answers.into_iter().collect(), ..Self::default() }
    }

    /// Only where the newest message of the person contains this.
    #[must_use]
    pub fn contains(mut self, text: impl Into<String>) -> Self {
        self.contains = Some(text.into());
        self
    }

    /// Only where the last message has this role.
    #[must_use]
    pub fn last(mut self, role: impl Into<String>) -> Self {
        self.last = Some(role.into());
        self
    }

    /// The last answer is given again and again.
    #[must_use]
    pub const fn repeating(mut self) -> Self {
        self.repeat = true;
        self
    }

    pub(super) fn matches(&self, body: &Json) -> bool {
        let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let newest = messages.iter().rev().find(|message| message["role"] == "user").map(|message| &message["content"]);
        let contains = self.contains.as_ref().is_none_or(|text| {
            newest.is_some_and(|content| {
                content.as_str().map_or_else(|| content.to_string(), str::to_owned).contains(text)
            })
        });
        let last =
            self.last.as_ref().is_none_or(|role| messages.last().is_some_and(|message| message["role"] == **role));
        contains && last
    }
}

/// The answer to one request.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FakeAnswer {
    /// A stream of chunks, or the same as one object if the request did not ask for a stream.
    Stream {
        /// What happens, in order.
        steps: Vec<FakeStep>,
        /// How the bytes look.
        #[serde(default)]
        style: FakeStyle,
    },
    /// Something else than a stream: an error, an HTML page, nothing.
    Reply {
        /// The status.
        status: u16,
        /// Its `Content-Type`.
        #[serde(default = "json_type")]
        media_type: String,
        /// The body.
        body: String,
        /// How often the body is sent: a large number makes an endless one.
        #[serde(default = "once")]
        times: u64,
        /// `Retry-After`.
        #[serde(default)]
        retry_after: Option<String>,
        /// More headers, by name: `x-request-id`, `content-encoding`, …
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    /// Takes the request and never answers.
    Silent,
    /// Closes the connection instead of an answer.
    HangUp,
}

fn json_type() -> String {
    "application/json".to_owned()
}

const fn once() -> u64 {
    1
}

impl FakeAnswer {
    /// A text in one piece.
    pub fn text(text: impl Into<String>) -> Self {
        Self::stream([FakeStep::Text(text.into())])
    }

    /// A text in several pieces.
    pub fn pieces<T: Into<String>>(pieces: impl IntoIterator<Item = T>) -> Self {
        Self::stream(pieces.into_iter().map(|piece| FakeStep::Text(piece.into())))
    }

    /// Calls of tools, in parallel if there are several.
    pub fn calls<T: Into<String>>(calls: impl IntoIterator<Item = (T, Json)>) -> Self {
        let calls = calls.into_iter().map(|(name, arguments)| FakeCall { name: name.into(), arguments, id: None });
        Self::stream([FakeStep::Calls(calls.collect())])
    }

    /// Steps.
    pub fn stream(steps: impl IntoIterator<Item = FakeStep>) -> Self {
        Self::Stream { steps: steps.into_iter().collect(), style: FakeStyle::default() }
    }

    /// The same with other bytes; only streams have a style.
    #[must_use]
    pub fn styled(self, style: FakeStyle) -> Self {
        match self {
            Self::Stream { steps, .. } => Self::Stream { steps, style },
            other => other,
        }
    }

    /// An error as OpenAI words it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = super::wire::error(code, message).to_string();
        Self::Reply { status, media_type: json_type(), body, times: 1, retry_after: None, headers: Vec::new() }
    }

    /// With `Retry-After`; only replies have it.
    #[must_use]
    pub fn retry_after(self, value: impl Into<String>) -> Self {
        match self {
            Self::Reply { status, media_type, body, times, headers, .. } => {
                Self::Reply { status, media_type, body, times, retry_after: Some(value.into()), headers }
            }
            other => other,
        }
    }

    /// With one more header; only replies have it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Any body.
    pub fn reply(status: u16, media_type: &str, body: impl Into<String>) -> Self {
        Self::Reply {
            status,
            media_type: media_type.to_owned(),
            body: body.into(),
            times: 1,
            retry_after: None,
            headers: Vec::new(),
        }
    }
}

/// One thing that happens in a stream. Where no step ends it, the stream ends as it should: `finish_reason`, usage if it
/// was asked for, `[DONE]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FakeStep {
    /// A piece of the text.
    Text(String),
    /// A piece of the reasoning, as `reasoning_content`.
    Reasoning(String),
    /// Calls of tools, streamed in pieces.
    Calls(Vec<FakeCall>),
    /// The usage that the end tells.
    Usage(FakeUsage),
    /// The `finish_reason` that the end tells.
    Finish(String),
    /// Exactly these characters, past the protocol.
    Raw(String),
    /// Exactly these bytes, past the protocol.
    Bytes(Vec<u8>),
    /// Waits until the test lets it through: [`super::FakeModel::release`].
    Gate,
    /// Waits that long: for a page that a person or a browser looks at; tests in Rust use [`FakeStep::Gate`].
    PauseMs(u64),
    /// Sends pieces of text until this many bytes are out.
    Flood {
        /// How many bytes.
        bytes: u64,
        /// In chunks of the protocol; otherwise one line without an end.
        chunks: bool,
    },
    /// Says nothing more, and keeps the connection.
    Stall,
    /// Breaks the connection off.
    Cut,
    /// Ends the body properly, without the words that should come at the end.
    Stop,
}

impl FakeStep {
    /// A piece of the text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A piece of the reasoning.
    pub fn reasoning(text: impl Into<String>) -> Self {
        Self::Reasoning(text.into())
    }
}

/// A call of a tool.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FakeCall {
    /// The tool.
    pub name: String,
    /// Its arguments; a text is sent as it is, to be wrong on purpose.
    pub arguments: Json,
    /// Its id; a new one if absent.
    #[serde(default)]
    pub id: Option<String>,
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FakeUsage {
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// Of those read, from the cache.
    #[serde(default)]
    pub cached: u64,
}

/// How the bytes of a stream look: every variant here is sent by some real server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FakeStyle {
    /// Cuts the stream into parts of this many bytes, wherever that is.
    pub cut_every: Option<usize>,
    /// Lines end with CR LF.
    pub crlf: bool,
    /// `data:` without a blank.
    pub tight: bool,
    /// Comments between the events, as kept-alive connections have them.
    pub comments: bool,
    /// Each piece of a call repeats its id and name.
    pub repeated_ids: bool,
    /// Calls have no id at all.
    pub no_ids: bool,
    /// Calls have no index.
    pub no_index: bool,
    /// Pieces of parallel calls alternate.
    pub interleaved: bool,
    /// Arguments come whole, as most local servers send them.
    pub whole_arguments: bool,
    /// No `finish_reason`, only `[DONE]`.
    pub no_finish: bool,
    /// No `[DONE]`, only `finish_reason`.
    pub no_done: bool,
    /// The usage stands in the chunk with the `finish_reason`.
    pub usage_with_finish: bool,
    /// Reasoning is called `reasoning`, as vLLM and OpenRouter call it.
    pub plain_reasoning: bool,
}
