//! The adapter against a fake that stalls, cuts, drips and lies, against the wire of other providers, and against a real
//! small model.
#![cfg(test)]

mod answers;
mod limits;
mod native;
mod outbound;
mod real;
mod refusals;

use std::{sync::Arc, time::Duration};

use botserver_http::{HttpClient, OutboundPolicy};
use botserver_kernel::Secret;
use botserver_models::HttpModels;
use botserver_ports::{
    AnswerFormat, ChatModel as _, EndReason, ModelEndpoint, ModelError, ModelLimits, ModelMessage, ModelPicture,
    ModelPiece, ModelRequest, ModelToolCall, ModelUsage, ToolSpec,
};
use futures_util::StreamExt as _;
use serde_json::json;

const KEY: &str = "sk-live-0123456789abcdefghij";

fn models() -> HttpModels {
    HttpModels::new(Arc::new(HttpClient::new(OutboundPolicy::default())))
}

fn endpoint(url: &str) -> ModelEndpoint {
    ModelEndpoint {
        provider: "openai".to_owned(),
        url: Some(url.to_owned()),
        key: Some(Secret::new(KEY.to_owned())),
        model: "fake-model".to_owned(),
        trusted: true,
    }
}

fn user(text: &str) -> ModelMessage {
    ModelMessage::user(text)
}

/// A question about a small picture.
fn shown(text: &str) -> ModelMessage {
    let picture = ModelPicture {
        id: "att_1".to_owned(),
        name: "dot.gif".to_owned(),
        media_type: "image/gif".to_owned(),
        data: b"GIF89a\x01".as_slice().into(),
    };
    ModelMessage::User { text: text.to_owned(), pictures: vec![picture] }
}

/// The bytes of that picture.
const DOT: &str = "R0lGODlhAQ==";

fn system(text: &str) -> ModelMessage {
    ModelMessage::System { text: text.to_owned() }
}

fn assistant(text: &str, tool_calls: Vec<ModelToolCall>) -> ModelMessage {
    ModelMessage::Assistant { text: text.to_owned(), tool_calls }
}

fn call(id: &str, name: &str, arguments: &str) -> ModelToolCall {
    ModelToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

fn result(call_id: &str, name: &str, text: &str) -> ModelMessage {
    ModelMessage::Tool { call_id: call_id.to_owned(), name: name.to_owned(), text: text.to_owned() }
}

fn weather() -> ToolSpec {
    ToolSpec {
        name: "weather".to_owned(),
        description: "The weather of a city".to_owned(),
        schema: json!({ "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] }),
    }
}

fn request(url: &str) -> ModelRequest {
    ModelRequest {
        endpoint: endpoint(url),
        messages: vec![user("hello")],
        tools: Vec::new(),
        temperature: None,
        max_tokens: None,
        format: AnswerFormat::Text,
        limits: ModelLimits::default(),
    }
}

/// Short waits, for tests of what ends them.
fn impatient(url: &str) -> ModelRequest {
    let short = Duration::from_millis(300);
    let limits = ModelLimits { first: short, idle: short, total: Duration::from_secs(20), bytes: 1 << 20 };
    ModelRequest { limits, ..request(url) }
}

/// A whole answer.
#[derive(Debug, Default, PartialEq)]
struct Answer {
    text: String,
    reasoning: String,
    calls: Vec<ModelToolCall>,
    end: Option<(EndReason, Option<ModelUsage>)>,
    pieces: usize,
}

impl Answer {
    /// Names and arguments; ids are made up.
    fn called(&self) -> Vec<(&str, &str)> {
        self.calls.iter().map(|call| (call.name.as_str(), call.arguments.as_str())).collect()
    }

    fn reason(&self) -> EndReason {
        self.end.unwrap().0
    }
}

/// What came, and how it failed if it did. Nothing may follow the end or an error.
async fn read(request: ModelRequest) -> (Answer, Option<ModelError>) {
    let mut answer = Answer::default();
    let mut stream = match models().ask(request).await {
        Ok(stream) => stream,
        Err(error) => return (answer, Some(error)),
    };
    let mut failed = None;
    while let Some(piece) = stream.next().await {
        assert!(answer.end.is_none() && failed.is_none(), "{piece:?} after the end");
        answer.pieces += 1;
        match piece {
            Ok(ModelPiece::Text(text)) => answer.text.push_str(&text),
            Ok(ModelPiece::Reasoning(text)) => answer.reasoning.push_str(&text),
            Ok(ModelPiece::Call(call)) => answer.calls.push(call),
            Ok(ModelPiece::End { reason, usage }) => answer.end = Some((reason, usage)),
            Err(error) => failed = Some(error),
        }
    }
    assert!(answer.end.is_some() != failed.is_some(), "neither an end nor an error: {answer:?}");
    if let Some(error) = &failed {
        assert!(!error.message.contains(KEY) && !error.message.to_lowercase().contains("bearer"), "{error}");
    }
    (answer, failed)
}

async fn answered(request: ModelRequest) -> Answer {
    let (answer, failed) = read(request).await;
    assert_eq!(failed, None, "{answer:?}");
    answer
}

async fn failed(request: ModelRequest) -> ModelError {
    let (answer, failed) = read(request).await;
    failed.unwrap_or_else(|| panic!("an answer instead of an error: {answer:?}"))
}
