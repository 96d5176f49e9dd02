//! Our request as the JSON of `generateContent`.

use botserver_ports::{AnswerFormat, ModelMessage, ModelRequest};
use serde_json::{Map, Value as Json, json};

use crate::{openai::Quirks, system};

/// Since version 3 a call must come back with the signature of its thoughts, which we do not keep; Google documents this
/// word for calls without one.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The body of the request.
pub(crate) fn body(request: &ModelRequest, quirks: Quirks) -> Json {
    let model = request.endpoint.model.trim_start_matches("models/");
    let signs = !["gemini-1", "gemini-2", "gemma"].iter().any(|old| model.starts_with(old));
    let mut body = Map::new();
    let instructions = system::all(&request.messages).join("\n\n");
    if !instructions.is_empty() {
        body.insert("systemInstruction".to_owned(), json!({ "parts": [{ "text": instructions }] }));
    }
    body.insert("contents".to_owned(), contents(&request.messages, signs).into());
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(
            |tool| json!({ "name": tool.name, "description": tool.description, "parametersJsonSchema": tool.schema }),
        );
        body.insert("tools".to_owned(), json!([{ "functionDeclarations": tools.collect::<Vec<_>>() }]));
    }
    let mut settings = Map::new();
    match &request.format {
        AnswerFormat::Text => {}
        AnswerFormat::Json => {
            settings.insert("responseMimeType".to_owned(), "application/json".into());
        }
        AnswerFormat::Schema(schema) => {
            settings.insert("responseMimeType".to_owned(), "application/json".into());
            settings.insert("responseJsonSchema".to_owned(), schema.clone());
        }
    }
    if let Some(temperature) = request.temperature.filter(|_| !quirks.refuses_temperature()) {
        settings.insert("temperature".to_owned(), temperature.into());
    }
    if let Some(limit) = request.max_tokens {
        settings.insert("maxOutputTokens".to_owned(), limit.into());
    }
    if !settings.is_empty() {
        body.insert("generationConfig".to_owned(), settings.into());
    }
    body.into()
}

fn contents(messages: &[ModelMessage], signs: bool) -> Vec<Json> {
    let mut turns: Vec<(&str, Vec<Json>)> = Vec::new();
    for message in messages {
        let (role, parts) = match message {
            ModelMessage::System { .. } => continue,
            ModelMessage::User { text, pictures } => {
                let pictures = pictures
                    .iter()
                    .map(|own| json!({ "inlineData": { "mimeType": own.media_type, "data": system::base64(own) } }));
                ("user", pictures.chain(text_part(text)).collect())
            }
            ModelMessage::Assistant { text, tool_calls } => {
                let calls = tool_calls.iter().enumerate().map(|(at, call)| {
                    let mut part = json!({ "functionCall": { "name": call.name, "args": system::arguments(call) } });
                    // Of parallel calls only the first is signed.
                    if signs && at == 0 {
                        part["thoughtSignature"] = NO_SIGNATURE.into();
                    }
                    part
                });
                ("model", text_part(text).into_iter().chain(calls).collect::<Vec<_>>())
            }
            ModelMessage::Tool { name, text, .. } => {
                let response = match serde_json::from_str::<Json>(text) {
                    Ok(object @ Json::Object(_)) => object,
                    _ => json!({ "output": text }),
                };
                ("user", vec![json!({ "functionResponse": { "name": name, "response": response } })])
            }
        };
        if parts.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(parts),
            _ => turns.push((role, parts)),
        }
    }
    let calls = |(role, parts): &(&str, Vec<Json>)| {
        *role == "model" && parts.iter().any(|part| part["functionCall"].is_object())
    };
    if turns.first().is_some_and(calls) {
        // A call must follow a message of the person, or a result.
        turns.insert(0, ("user", vec![json!({ "text": "(The conversation begins.)" })]));
    }
    turns.into_iter().map(|(role, parts)| json!({ "role": role, "parts": parts })).collect()
}

fn text_part(text: &str) -> Option<Json> {
    (!text.is_empty()).then(|| json!({ "text": text }))
}
