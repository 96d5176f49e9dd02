//! A language model that answers a list of messages, piece by piece.

use std::{pin::Pin, time::Duration};

use async_trait::async_trait;
use botserver_kernel::{ErrorKind, Fault, Secret};
use bytes::Bytes;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Where a model is, and how it is spoken to.
#[derive(Clone, Debug)]
pub struct ModelEndpoint {
    /// `openai` (any server that speaks OpenAI's chat completions), `anthropic`, `gemini`, …; as the settings name it.
    pub provider: String,
    /// The address up to and without `/chat/completions`; the provider's own if empty.
    pub url: Option<String>,
    /// The key; local servers need none.
    pub key: Option<Secret<String>>,
    /// The model's name at the provider.
    pub model: String,
    /// True when the address comes from the operator's own settings: only then it may be private.
    pub trusted: bool,
}

/// One message of a request. Roles are kept to the end, never written into one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum ModelMessage {
    /// Instructions of the bot's author.
    System {
        /// The text.
        text: String,
    },
    /// What the person wrote, or data that stands for the person's side.
    User {
        /// The text.
        text: String,
        /// The pictures that came with it; only a model that sees is given any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pictures: Vec<ModelPicture>,
    },
    /// What the model answered.
    Assistant {
        /// The text; may be empty when it only called tools.
        text: String,
        /// The tools it called.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ModelToolCall>,
    },
    /// What a tool answered.
    Tool {
        /// The call it answers.
        call_id: String,
        /// The tool.
        name: String,
        /// The result, or the error, as text.
        text: String,
    },
}

impl ModelMessage {
    /// What a person wrote, without pictures.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User { text: text.into(), pictures: Vec::new() }
    }
}

/// A picture of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPicture {
    /// What it is for who keeps it: the id of an attachment.
    pub id: String,
    /// Its file's name.
    pub name: String,
    /// `image/png`, `image/jpeg`, `image/webp` or `image/gif`.
    pub media_type: String,
    /// Its bytes, there for the request only: never in a snapshot.
    #[serde(skip)]
    pub data: Bytes,
}

/// A call that the model asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelToolCall {
    /// The provider's id of the call; made by the adapter where the provider gives none.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments as the model wrote them: a JSON object if it did well.
    pub arguments: String,
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments: an object.
    pub schema: Json,
}

/// The shape an answer must have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// Text.
    #[default]
    Text,
    /// One JSON value.
    Json,
    /// A JSON value of this JSON Schema.
    Schema(Json),
}

/// How long a provider may take. What it sends is never waited for without one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelLimits {
    /// Until the first piece of the answer.
    pub first: Duration,
    /// Between two pieces.
    pub idle: Duration,
    /// For the whole answer.
    pub total: Duration,
    /// Bytes of text, reasoning and arguments together.
    pub bytes: usize,
}

impl Default for ModelLimits {
    fn default() -> Self {
        Self {
            first: Duration::from_mins(1),
            idle: Duration::from_secs(30),
            total: Duration::from_mins(10),
            bytes: 1 << 20,
        }
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct ModelRequest {
    /// Which model.
    pub endpoint: ModelEndpoint,
    /// The conversation, oldest first.
    pub messages: Vec<ModelMessage>,
    /// What it may call.
    pub tools: Vec<ToolSpec>,
    /// 0 to 2; the provider's own default if absent.
    pub temperature: Option<f64>,
    /// Tokens of the answer; the provider's own default if absent.
    pub max_tokens: Option<u32>,
    /// The shape of the answer.
    pub format: AnswerFormat,
    /// How long it may take.
    pub limits: ModelLimits,
}

/// A piece of an answer. A stream that ends without [`ModelPiece::End`] or an error does not exist.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelPiece {
    /// More of the text.
    Text(String),
    /// More of what the model thinks before it answers.
    Reasoning(String),
    /// A call, once its arguments are complete.
    Call(ModelToolCall),
    /// It is done; nothing follows.
    End {
        /// Why.
        reason: EndReason,
        /// What it took, if the provider said it.
        usage: Option<ModelUsage>,
    },
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It was complete.
    Stop,
    /// It called tools.
    Calls,
    /// It reached the limit of tokens.
    Length,
    /// The provider withheld it.
    Filtered,
}

/// Tokens of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelUsage {
    /// Read, those from the provider's cache included.
    pub input: u64,
    /// Written, reasoning included.
    pub output: u64,
    /// Of `input`: read from the provider's cache.
    pub cached: u64,
}

/// What went wrong, by what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelFault {
    /// The address is refused by the outbound rule, or cannot be read.
    Address,
    /// Nobody answers there.
    Unreachable,
    /// The key is missing or wrong, or the account may not use the model.
    Refused,
    /// No such model.
    NoModel,
    /// Too many requests or no quota left.
    RateLimited,
    /// The bot has called its models as often as its settings allow.
    Limited,
    /// The messages are longer than the model takes.
    TooLong,
    /// The provider calls the request wrong.
    Rejected,
    /// The provider failed (5xx).
    Failed,
    /// It sent something that is no answer.
    Malformed,
    /// It took longer than allowed.
    TimedOut,
    /// The connection broke off in the answer.
    Cut,
    /// It sent more than is taken.
    TooMuch,
}

/// A model that did not answer. `message` is for the owner: it names the cause, never a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What kind of failure.
    pub fault: ModelFault,
    /// One sentence.
    pub message: String,
    /// Seconds after which the provider takes requests again, if it said so.
    pub retry_after: Option<u64>,
    /// Who was asked, if it came to that.
    pub host: Option<String>,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// The provider's name for the request: its support asks for it.
    pub request_id: Option<String>,
}

impl ModelError {
    /// An error of which nothing else is known.
    pub fn new(fault: ModelFault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), retry_after: None, host: None, status: None, request_id: None }
    }

    /// True when the same request may succeed a little later.
    pub const fn is_passing(&self) -> bool {
        matches!(
            self.fault,
            ModelFault::Unreachable
                | ModelFault::RateLimited
                | ModelFault::Failed
                | ModelFault::TimedOut
                | ModelFault::Cut
                | ModelFault::Malformed
        )
    }
}

impl Fault for ModelError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

/// An answer on its way. Dropping it ends the connection to the provider.
pub type ModelStream = Pin<Box<dyn Stream<Item = Result<ModelPiece, ModelError>> + Send>>;

/// Speaks with models.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// Asks; returns once the provider has accepted the request. Every wait obeys the request's limits.
    async fn ask(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;

    /// The models that an endpoint offers, for `doctor` and the test button.
    async fn models(&self, endpoint: &ModelEndpoint) -> Result<Vec<String>, ModelError>;
}
