//! What every protocol does to a conversation before it is written: the instructions at its beginning are one text, and
//! arguments are JSON.

use base64::Engine as _;
use botserver_ports::{ModelMessage, ModelPicture, ModelToolCall};
use serde_json::{Value as Json, json};

/// The instructions at the beginning, and the rest. Templates of local models, Anthropic and Gemini know only one text of
/// instructions, before everything else.
pub(crate) fn split(messages: &[ModelMessage]) -> (Vec<&str>, &[ModelMessage]) {
    let instructions = messages.iter().map_while(|message| match message {
        ModelMessage::System { text } => Some(text.as_str()),
        _ => None,
    });
    let texts: Vec<&str> = instructions.collect();
    let rest = messages.split_at(texts.len()).1;
    (texts.into_iter().filter(|text| !text.is_empty()).collect(), rest)
}

/// The arguments of an earlier call. Servers read them and fail at what is no object, so that is wrapped into one.
pub(crate) fn arguments(call: &ModelToolCall) -> Json {
    match serde_json::from_str::<Json>(&call.arguments) {
        Ok(object @ Json::Object(_)) => object,
        Ok(other) => json!({ "value": other }),
        Err(_) => json!({ "unreadable": call.arguments }),
    }
}

/// The bytes of a picture as text.
pub(crate) fn base64(picture: &ModelPicture) -> String {
    base64::engine::general_purpose::STANDARD.encode(&picture.data)
}

/// Every instruction, for protocols that have one place for them.
pub(crate) fn all(messages: &[ModelMessage]) -> Vec<String> {
    let texts = messages.iter().filter_map(|message| match message {
        ModelMessage::System { text } if !text.is_empty() => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}
