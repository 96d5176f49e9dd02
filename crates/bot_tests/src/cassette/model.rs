//! The tape between the agent and its models: questions are known by their messages and tools, whoever answers them, and
//! answers come in the pieces in which they came.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_ports::{
    AnswerFormat, ChatModel, EndReason, ModelEndpoint, ModelError, ModelFault, ModelMessage, ModelPiece, ModelRequest,
    ModelStream, ModelToolCall, ModelUsage,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value as Json, json};

use super::{Mode, Secrets, Tape, describe::digest};

/// A model that is recorded, or replayed without one.
pub struct TapedModel {
    model: Arc<dyn ChatModel>,
    tape: Arc<Tape>,
}

impl TapedModel {
    /// In front of a model.
    pub fn new(model: Arc<dyn ChatModel>, tape: Arc<Tape>) -> Self {
        Self { model, tape }
    }
}

#[async_trait]
impl ChatModel for TapedModel {
    async fn ask(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let secrets = self.tape.secrets();
        let question = question(&request, &secrets);
        if self.tape.mode() == Mode::Replay {
            let answer = self.tape.replay(&question);
            return replayed(&answer.map_err(|message| ModelError::new(ModelFault::Unreachable, message))?);
        }
        match self.model.ask(request).await {
            Ok(pieces) => Ok(recorded(pieces, self.tape.clone(), question, secrets)),
            Err(error) => {
                self.tape.record(question, json!({"error": error_json(&error)}));
                Err(error)
            }
        }
    }

    async fn models(&self, endpoint: &ModelEndpoint) -> Result<Vec<String>, ModelError> {
        match self.tape.mode() {
            Mode::Record => self.model.models(endpoint).await,
            Mode::Replay => {
                Err(ModelError::new(ModelFault::Unreachable, "a test asks no provider for its list of models"))
            }
        }
    }
}

/// What makes a question the same: the model, the messages, the tools and the shape of the answer.
fn question(request: &ModelRequest, secrets: &Secrets) -> Json {
    let mut own = Map::new();
    own.insert("model".to_owned(), request.endpoint.model.as_str().into());
    own.insert("messages".to_owned(), request.messages.iter().map(|message| readable(message, secrets)).collect());
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| secrets.masked_json(&json!(tool)));
        own.insert("tools".to_owned(), tools.collect());
    }
    if request.format != AnswerFormat::Text {
        own.insert("format".to_owned(), secrets.masked_json(&json!(request.format)));
    }
    Json::Object(own)
}

/// A message as people read it: its lines as a list, arguments as JSON, a picture by its name and what it shows.
fn readable(message: &ModelMessage, secrets: &Secrets) -> Json {
    let lines = |text: &str| {
        let text = secrets.masked(text);
        if text.contains('\n') { text.split('\n').collect() } else { Json::from(text) }
    };
    match message {
        ModelMessage::System { text } => json!({"role": "system", "text": lines(text)}),
        ModelMessage::User { text, pictures } if pictures.is_empty() => json!({"role": "user", "text": lines(text)}),
        ModelMessage::User { text, pictures } => {
            let shown: Vec<Json> = pictures
                .iter()
                .map(|own| json!({"name": own.name, "media_type": own.media_type, "sha256": digest(&own.data)}))
                .collect();
            json!({"role": "user", "text": lines(text), "pictures": shown})
        }
        ModelMessage::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({"role": "assistant", "text": lines(text)})
        }
        ModelMessage::Assistant { text, tool_calls } => {
            let calls: Vec<Json> = tool_calls.iter().map(call_json).collect();
            json!({"role": "assistant", "text": lines(text), "tool_calls": calls})
        }
        ModelMessage::Tool { call_id, name, text } => {
            json!({"role": "tool", "call_id": call_id, "name": name, "text": lines(text)})
        }
    }
}

fn call_json(call: &ModelToolCall) -> Json {
    // What is no JSON stays as the model wrote it.
    let arguments = serde_json::from_str(&call.arguments).ok().filter(Json::is_object);
    json!({"id": call.id, "name": call.name, "arguments": arguments.unwrap_or_else(|| call.arguments.as_str().into())})
}

fn error_json(error: &ModelError) -> Json {
    json!({
        "fault": error.fault, "message": error.message, "retry_after": error.retry_after, "status": error.status,
    })
}

fn error_of(value: &Json) -> ModelError {
    let fault = serde_json::from_value(value["fault"].clone()).unwrap_or(ModelFault::Failed);
    let mut error = ModelError::new(fault, value["message"].as_str().unwrap_or_default());
    error.retry_after = value["retry_after"].as_u64();
    error.status = value["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    error
}

struct Recording {
    pieces: ModelStream,
    tape: Arc<Tape>,
    question: Option<Json>,
    secrets: Secrets,
    heard: Vec<Json>,
}

impl Recording {
    fn hear(&mut self, piece: &Result<ModelPiece, ModelError>) {
        self.heard.push(match piece {
            Ok(ModelPiece::Text(text)) => json!({"text": self.secrets.masked(text)}),
            Ok(ModelPiece::Reasoning(text)) => json!({"reasoning": self.secrets.masked(text)}),
            Ok(ModelPiece::Call(call)) => json!({"call": call_json(call)}),
            Ok(ModelPiece::End { reason, usage }) => json!({"end": reason, "usage": usage}),
            Err(error) => json!({"error": error_json(error)}),
        });
        let over = matches!(piece, Ok(ModelPiece::End { .. }) | Err(_));
        if let Some(question) = self.question.take_if(|_| over) {
            self.tape.record(question, json!({"pieces": std::mem::take(&mut self.heard)}));
        }
    }
}

/// Passes the pieces on and keeps them.
fn recorded(pieces: ModelStream, tape: Arc<Tape>, question: Json, secrets: Secrets) -> ModelStream {
    let own = Recording { pieces, tape, question: Some(question), secrets, heard: Vec::new() };
    Box::pin(stream::unfold(own, async |mut own| {
        let piece = own.pieces.next().await?;
        own.hear(&piece);
        Some((piece, own))
    }))
}

/// The pieces that a cassette has.
fn replayed(answer: &Json) -> Result<ModelStream, ModelError> {
    if let Some(error) = answer.get("error") {
        return Err(error_of(error));
    }
    let pieces = answer["pieces"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pieces: Vec<Result<ModelPiece, ModelError>> = pieces.iter().map(piece_of).collect();
    Ok(Box::pin(stream::iter(pieces)))
}

fn piece_of(value: &Json) -> Result<ModelPiece, ModelError> {
    let broken = || ModelError::new(ModelFault::Malformed, "a piece of the cassette cannot be read");
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    if let Some(text) = text("text") {
        return Ok(ModelPiece::Text(text));
    }
    if let Some(text) = text("reasoning") {
        return Ok(ModelPiece::Reasoning(text));
    }
    if let Some(call) = value.get("call") {
        let word = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        let arguments = call["arguments"].as_str().map_or_else(|| call["arguments"].to_string(), str::to_owned);
        return Ok(ModelPiece::Call(ModelToolCall { id: word("id"), name: word("name"), arguments }));
    }
    if let Some(error) = value.get("error") {
        return Err(error_of(error));
    }
    let reason: EndReason = serde_json::from_value(value["end"].clone()).map_err(|_| broken())?;
    let usage: Option<ModelUsage> = serde_json::from_value(value["usage"].clone()).map_err(|_| broken())?;
    Ok(ModelPiece::End { reason, usage })
}
