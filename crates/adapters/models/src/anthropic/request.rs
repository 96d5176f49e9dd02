//! Our request as the JSON of the Messages API.

use botserver_ports::{AnswerFormat, ModelMessage, ModelRequest};
use serde_json::{Map, Value as Json, json};

use crate::{openai::Quirks, system};

/// The version of the API that this is written for.
pub(crate) const VERSION: &str = "2023-06-01";
/// The API asks for a limit; this one every model since 3.5 takes.
const MAX_TOKENS: u32 = 8_192;
/// What the models before took.
const OLD_MAX_TOKENS: u32 = 4_096;
const JSON_ONLY: &str = "Answer with one JSON value and nothing else.";

/// The body of the request.
pub(crate) fn body(request: &ModelRequest, quirks: Quirks) -> Json {
    let model = &request.endpoint.model;
    let is_old =
        ["claude-2", "claude-3-haiku", "claude-3-sonnet", "claude-3-opus"].iter().any(|old| model.contains(old));
    let mut body = Map::new();
    body.insert("model".to_owned(), model.clone().into());
    let limit = request.max_tokens.unwrap_or(if is_old { OLD_MAX_TOKENS } else { MAX_TOKENS });
    body.insert("max_tokens".to_owned(), limit.into());
    let mut instructions: Vec<String> = system::all(&request.messages);
    match &request.format {
        AnswerFormat::Text => {}
        AnswerFormat::Json => instructions.push(JSON_ONLY.to_owned()),
        AnswerFormat::Schema(schema) if quirks.refuses_format() => {
            instructions.push(format!("{JSON_ONLY} It must fit this JSON Schema: {schema}"));
        }
        AnswerFormat::Schema(schema) => {
            let format = json!({ "format": { "type": "json_schema", "schema": schema } });
            body.insert("output_config".to_owned(), format);
        }
    }
    if !instructions.is_empty() {
        body.insert("system".to_owned(), instructions.join("\n\n").into());
    }
    body.insert("messages".to_owned(), messages(&request.messages).into());
    if !request.tools.is_empty() {
        let tools = request
            .tools
            .iter()
            .map(|tool| json!({ "name": tool.name, "description": tool.description, "input_schema": tool.schema }));
        body.insert("tools".to_owned(), tools.collect());
    }
    if let Some(temperature) = request.temperature.filter(|_| !quirks.refuses_temperature()) {
        // Theirs ends at 1.
        body.insert("temperature".to_owned(), temperature.min(1.0).into());
    }
    body.insert("stream".to_owned(), true.into());
    body.into()
}

/// Messages of one side in a row are one message there, and results of tools belong to the person's side.
fn messages(messages: &[ModelMessage]) -> Vec<Json> {
    let mut turns: Vec<(&str, Vec<Json>)> = Vec::new();
    for message in messages {
        let (role, blocks) = match message {
            ModelMessage::System { .. } => continue,
            ModelMessage::User { text, pictures } => {
                // They read a question about a picture best after it.
                let pictures = pictures.iter().map(|own| {
                    let source = json!({ "type": "base64", "media_type": own.media_type, "data": system::base64(own) });
                    json!({ "type": "image", "source": source })
                });
                ("user", pictures.chain(text_block(text)).collect())
            }
            ModelMessage::Assistant { text, tool_calls } => {
                let calls = tool_calls.iter().map(|call| {
                    json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": system::arguments(call) })
                });
                ("assistant", text_block(text).into_iter().chain(calls).collect::<Vec<_>>())
            }
            ModelMessage::Tool { call_id, text, .. } => {
                ("user", vec![json!({ "type": "tool_result", "tool_use_id": call_id, "content": text })])
            }
        };
        if blocks.is_empty() {
            continue;
        }
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if turns.first().is_some_and(|(role, _)| *role == "assistant") {
        // The bot spoke first, which the API does not allow.
        turns.insert(0, ("user", vec![json!({ "type": "text", "text": "(The conversation begins.)" })]));
    }
    turns.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
}

fn text_block(text: &str) -> Option<Json> {
    // Blocks of blanks are refused.
    (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }))
}
