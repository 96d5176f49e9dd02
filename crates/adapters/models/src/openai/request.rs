//! Our request as the JSON of chat completions, and what a server that refuses a field wants instead.

use botserver_ports::{AnswerFormat, ModelFault, ModelMessage, ModelRequest, ModelToolCall};
use serde_json::{Map, Value as Json, json};

use crate::target::Protocol;

const JSON_ONLY: &str = "Answer with one JSON value and nothing else.";

/// What a server does not take. Learnt from its refusals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// The limit of tokens has its newer name, `max_completion_tokens`.
    pub(crate) new_token_limit: bool,
    /// The limit was refused under both names.
    no_token_limit: bool,
    no_stream_options: bool,
    no_temperature: bool,
    no_format: bool,
}

impl Quirks {
    /// Before anything is learnt: newer models of OpenAI refuse the older name, most other servers ignore the newer one.
    pub(crate) fn of_host(host: &str) -> Self {
        let new_token_limit = host == "api.openai.com" || host.ends_with(".openai.azure.com");
        Self { new_token_limit, ..Self::default() }
    }

    pub(crate) const fn refuses_format(self) -> bool {
        self.no_format
    }

    pub(crate) const fn refuses_temperature(self) -> bool {
        self.no_temperature
    }

    /// Learns from a refusal; `None` if another request would fare no better.
    pub(crate) fn learn(
        self,
        protocol: Protocol,
        request: &ModelRequest,
        status: u16,
        fault: ModelFault,
        body: &[u8],
    ) -> Option<Self> {
        let is_openai = protocol == Protocol::OpenAi;
        if !matches!(status, 400 | 422) || fault == ModelFault::TooLong {
            return None;
        }
        let text = String::from_utf8_lossy(body).to_lowercase();
        let refused =
            ["support", "unknown", "unrecognized", "unexpected", "extra", "permitted", "allowed", "deprecated"];
        let refuses = |name: &str| text.contains(name) && refused.iter().any(|word| text.contains(word));
        let mut learnt = self;
        if is_openai
            && request.max_tokens.is_some()
            && !self.no_token_limit
            && (refuses("max_tokens") || refuses("max_completion_tokens"))
        {
            let first = !self.new_token_limit && text.contains("max_tokens");
            learnt.new_token_limit = first;
            learnt.no_token_limit = !first;
        } else if is_openai && !self.no_stream_options && text.contains("stream_options") {
            learnt.no_stream_options = true;
        } else if request.temperature.is_some() && !self.no_temperature && refuses("temperature") {
            learnt.no_temperature = true;
        } else if request.format != AnswerFormat::Text
            && !self.no_format
            && (text.contains("response_format") || text.contains("output_config"))
        {
            learnt.no_format = true;
        }
        (learnt != self).then_some(learnt)
    }
}

/// The body of the request.
pub(crate) fn body(request: &ModelRequest, quirks: Quirks) -> Json {
    let mut body = Map::new();
    body.insert("model".to_owned(), request.endpoint.model.clone().into());
    body.insert("messages".to_owned(), messages(request, quirks).into());
    if !request.tools.is_empty() {
        let tools: Vec<Json> = request
            .tools
            .iter()
            .map(|tool| {
                let function = json!({ "name": tool.name, "description": tool.description, "parameters": tool.schema });
                json!({ "type": "function", "function": function })
            })
            .collect();
        body.insert("tools".to_owned(), tools.into());
    }
    if !quirks.no_format {
        match &request.format {
            AnswerFormat::Text => {}
            AnswerFormat::Json => {
                body.insert("response_format".to_owned(), json!({ "type": "json_object" }));
            }
            AnswerFormat::Schema(schema) => {
                let schema = json!({ "name": "answer", "schema": schema, "strict": is_strict(schema) });
                body.insert("response_format".to_owned(), json!({ "type": "json_schema", "json_schema": schema }));
            }
        }
    }
    if let Some(temperature) = request.temperature.filter(|_| !quirks.no_temperature) {
        body.insert("temperature".to_owned(), temperature.into());
    }
    if let Some(limit) = request.max_tokens.filter(|_| !quirks.no_token_limit) {
        let name = if quirks.new_token_limit { "max_completion_tokens" } else { "max_tokens" };
        body.insert(name.to_owned(), limit.into());
    }
    body.insert("stream".to_owned(), true.into());
    if !quirks.no_stream_options {
        body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    body.into()
}

fn messages(request: &ModelRequest, quirks: Quirks) -> Vec<Json> {
    let (system, rest) = crate::system::split(&request.messages);
    let mut system: Vec<String> = system.into_iter().map(str::to_owned).collect();
    match &request.format {
        AnswerFormat::Schema(_) if !quirks.no_format => {}
        AnswerFormat::Text => {}
        // OpenAI refuses the JSON mode where no message says the word.
        AnswerFormat::Json => {
            let said = request.messages.iter().any(says_json);
            if quirks.no_format || !said {
                system.push(JSON_ONLY.to_owned());
            }
        }
        AnswerFormat::Schema(schema) => {
            system.push(format!("{JSON_ONLY} It must fit this JSON Schema: {schema}"));
        }
    }
    let mut messages = Vec::new();
    if !system.is_empty() {
        messages.push(json!({ "role": "system", "content": system.join("\n\n") }));
    }
    messages.extend(rest.iter().filter_map(message));
    messages
}

fn says_json(message: &ModelMessage) -> bool {
    let (ModelMessage::System { text }
    | ModelMessage::User { text, .. }
    | ModelMessage::Assistant { text, .. }
    | ModelMessage::Tool { text, .. }) = message;
    text.to_lowercase().contains("json")
}

/// A message; `None` for one that says nothing, which providers refuse.
fn message(message: &ModelMessage) -> Option<Json> {
    Some(match message {
        ModelMessage::System { text } if text.is_empty() => return None,
        ModelMessage::System { text } => json!({ "role": "system", "content": text }),
        ModelMessage::User { text, pictures } if pictures.is_empty() => {
            if text.is_empty() {
                return None;
            }
            json!({ "role": "user", "content": text })
        }
        ModelMessage::User { text, pictures } => {
            let text = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
            let pictures = pictures.iter().map(|own| {
                let url = format!("data:{};base64,{}", own.media_type, crate::system::base64(own));
                json!({ "type": "image_url", "image_url": { "url": url } })
            });
            json!({ "role": "user", "content": text.into_iter().chain(pictures).collect::<Vec<_>>() })
        }
        ModelMessage::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            if text.is_empty() {
                return None;
            }
            json!({ "role": "assistant", "content": text })
        }
        ModelMessage::Assistant { text, tool_calls } => {
            let content = if text.is_empty() { Json::Null } else { text.clone().into() };
            let calls: Vec<Json> = tool_calls.iter().map(call).collect();
            json!({ "role": "assistant", "content": content, "tool_calls": calls })
        }
        ModelMessage::Tool { call_id, text, .. } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": text })
        }
    })
}

fn call(call: &ModelToolCall) -> Json {
    let function = json!({ "name": call.name, "arguments": crate::system::arguments(call).to_string() });
    json!({ "id": call.id, "type": "function", "function": function })
}

/// Whether a schema keeps to what OpenAI's strict mode asks for: every object closed, every property required.
fn is_strict(schema: &Json) -> bool {
    let Some(fields) = schema.as_object() else { return true };
    if let Some(properties) = fields.get("properties").and_then(Json::as_object) {
        let required: Vec<&str> =
            fields.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
        let closed = fields.get("additionalProperties") == Some(&Json::Bool(false));
        if !closed || properties.keys().any(|name| !required.contains(&name.as_str())) {
            return false;
        }
    } else if fields.get("type").is_some_and(|kind| kind == "object") {
        return false;
    }
    fields.values().all(|value| match value {
        Json::Object(_) => is_strict(value),
        Json::Array(items) => items.iter().all(is_strict),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_closed_schemas_are_strict() {
        let closed = json!({ "type": "object", "additionalProperties": false, "required": ["a"],
            "properties": { "a": { "type": "array", "items": { "type": "string" } } } });
        assert!(is_strict(&closed));
        let mut open = closed.clone();
        open["required"] = json!([]);
        assert!(!is_strict(&open));
        let mut deep = closed;
        deep["properties"]["a"]["items"] = json!({ "type": "object" });
        assert!(!is_strict(&deep));
    }
}
