//! Whether a request keeps to the documented format of chat completions, and to what strict chat templates of local
//! servers ask for beyond it.

use std::collections::BTreeSet;

use base64::Engine as _;
use serde_json::Value as Json;

/// Fields that OpenAI documents and that we may use; a new one is a decision.
const FIELDS: &[&str] = &[
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "user",
    "reasoning_effort",
    "n",
];

/// What is wrong with the body of a request; nothing if all is well.
pub(super) fn check(body: &Json) -> Result<(), String> {
    let fields = body.as_object().ok_or("the body is no JSON object")?;
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(format!("`{unknown}` is no field of a request"));
    }
    if body["model"].as_str().is_none_or(str::is_empty) {
        return Err("`model` must be a name".to_owned());
    }
    let tools = tools(body)?;
    messages(body)?;
    format(body)?;
    if let Some(choice) = fields.get("tool_choice") {
        if tools.is_empty() {
            return Err("`tool_choice` without `tools`".to_owned());
        }
        if !(choice.is_object() || matches!(choice.as_str(), Some("none" | "auto" | "required"))) {
            return Err(format!("`tool_choice` must be none, auto, required or an object, not {choice}"));
        }
    }
    if fields.get("stream").is_some_and(|stream| !stream.is_boolean()) {
        return Err("`stream` must be true or false".to_owned());
    }
    if fields.contains_key("stream_options") && body["stream"] != true {
        return Err("`stream_options` is only allowed with `stream`".to_owned());
    }
    if let Some(temperature) = fields.get("temperature")
        && !temperature.as_f64().is_some_and(|temperature| (0.0..=2.0).contains(&temperature))
    {
        return Err(format!("`temperature` must be between 0 and 2, not {temperature}"));
    }
    if fields.contains_key("max_tokens") && fields.contains_key("max_completion_tokens") {
        return Err("`max_tokens` and `max_completion_tokens` exclude each other".to_owned());
    }
    for name in ["max_tokens", "max_completion_tokens"] {
        if fields.get(name).is_some_and(|limit| limit.as_u64().is_none_or(|limit| limit == 0)) {
            return Err(format!("`{name}` must be a positive whole number"));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn tools(body: &Json) -> Result<BTreeSet<&str>, String> {
    let mut names = BTreeSet::new();
    let Some(tools) = body.get("tools") else { return Ok(names) };
    let tools = tools.as_array().filter(|tools| !tools.is_empty()).ok_or("`tools` must be a list with tools")?;
    for tool in tools {
        let function = &tool["function"];
        let name = function["name"].as_str().unwrap_or_default();
        if tool["type"] != "function" || !is_name(name) {
            return Err(format!("`{name}` is no name of a function: letters, digits, _ and -, at most 64"));
        }
        if !names.insert(name) {
            return Err(format!("the tool `{name}` is there twice"));
        }
        if function.get("description").is_some_and(|text| !text.is_string()) {
            return Err(format!("the description of `{name}` must be a text"));
        }
        if let Some(schema) = function.get("parameters") {
            let properties = schema.get("properties");
            if schema["type"] != "object" || properties.is_some_and(|properties| !properties.is_object()) {
                return Err(format!("the parameters of `{name}` must be a JSON Schema of an object"));
            }
            let required = schema.get("required").map(|names| names.as_array().cloned().unwrap_or_default());
            for needed in required.unwrap_or_default() {
                let known =
                    needed.as_str().is_some_and(|needed| properties.is_some_and(|own| own.get(needed).is_some()));
                if !known {
                    return Err(format!("`{name}` requires {needed}, which it does not describe"));
                }
            }
        }
    }
    Ok(names)
}

fn messages(body: &Json) -> Result<(), String> {
    let messages =
        body["messages"].as_array().filter(|all| !all.is_empty()).ok_or("`messages` must be a list with messages")?;
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut system = true;
    for (at, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role != "tool" && !open.is_empty() {
            return Err(format!("message {at} ({role}) comes before the results of the calls {open:?}"));
        }
        match role {
            "system" | "developer" => {
                if !system {
                    return Err(format!("message {at} is a system message after the conversation began"));
                }
                if at > 0 {
                    return Err("more than one system message: templates of local models refuse that".to_owned());
                }
                text(message, at)?;
            }
            "user" => {
                text(message, at)?;
                parts(message, at)?;
            }
            "assistant" => {
                open = calls(message, at)?;
                for id in &open {
                    if !seen.insert(id) {
                        return Err(format!("the id `{id}` is used by two calls"));
                    }
                }
                if open.is_empty() {
                    text(message, at)?;
                }
            }
            "tool" => {
                let id = message["tool_call_id"].as_str().unwrap_or_default();
                if !open.remove(id) {
                    return Err(format!("message {at} answers the call `{id}`, which is not open"));
                }
                if !message["content"].is_string() {
                    return Err(format!("message {at} (tool) has no text"));
                }
            }
            other => return Err(format!("message {at} has the role `{other}`")),
        }
        system = system && matches!(role, "system" | "developer");
    }
    if !open.is_empty() {
        return Err(format!("no results for the calls {open:?}"));
    }
    if messages.last().is_some_and(|last| last["role"] == "system") {
        return Err("nothing but a system message".to_owned());
    }
    Ok(())
}

fn text(message: &Json, at: usize) -> Result<(), String> {
    match &message["content"] {
        Json::String(text) if !text.is_empty() => Ok(()),
        Json::Array(parts) if !parts.is_empty() && parts.iter().all(|part| part["type"].is_string()) => Ok(()),
        _ => Err(format!("message {at} ({}) has no content", message["role"].as_str().unwrap_or_default())),
    }
}

/// The parts of a person's message: texts, and pictures as OpenAI documents them.
fn parts(message: &Json, at: usize) -> Result<(), String> {
    for part in message["content"].as_array().into_iter().flatten() {
        match part["type"].as_str() {
            Some("text") if part["text"].as_str().is_some_and(|text| !text.is_empty()) => {}
            Some("image_url") => {
                let url = part["image_url"]["url"].as_str().unwrap_or_default();
                picture(url).map_err(|reason| format!("message {at} has a picture that is none: {reason}"))?;
            }
            _ => return Err(format!("message {at} has a part that is no text and no picture: {part}")),
        }
    }
    Ok(())
}

/// A data address with a picture inside whose first bytes are those of its type.
fn picture(url: &str) -> Result<(), String> {
    let (kind, data) = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .ok_or("its address is no `data:TYPE;base64,`")?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).map_err(|error| error.to_string())?;
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let fits = match kind {
        "image/png" => begins(b"\x89PNG\r\n\x1a\n"),
        "image/jpeg" => begins(b"\xff\xd8\xff"),
        "image/gif" => begins(b"GIF8"),
        "image/webp" => begins(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
        _ => return Err(format!("{kind} is not taken")),
    };
    if fits { Ok(()) } else { Err(format!("its bytes are no {kind}")) }
}

fn calls(message: &Json, at: usize) -> Result<BTreeSet<&str>, String> {
    let mut ids = BTreeSet::new();
    let Some(calls) = message.get("tool_calls") else { return Ok(ids) };
    let calls = calls.as_array().filter(|all| !all.is_empty()).ok_or("`tool_calls` must be a list with calls")?;
    if !(message["content"].is_null() || message["content"].is_string()) {
        return Err(format!("message {at} has calls and a content that is no text"));
    }
    for call in calls {
        let (id, function) = (call["id"].as_str().unwrap_or_default(), &call["function"]);
        if id.is_empty() || !ids.insert(id) {
            return Err(format!("message {at} has a call without an id of its own"));
        }
        if call["type"] != "function" || !function["name"].as_str().is_some_and(is_name) {
            return Err(format!("message {at} has a call `{id}` of no function"));
        }
        if !function["arguments"].is_string() {
            return Err(format!("the arguments of the call `{id}` must be a text"));
        }
    }
    Ok(ids)
}

fn format(body: &Json) -> Result<(), String> {
    let Some(format) = body.get("response_format") else { return Ok(()) };
    match format["type"].as_str() {
        Some("text") => Ok(()),
        Some("json_object") => {
            let told = body["messages"].to_string().to_lowercase().contains("json");
            if told { Ok(()) } else { Err("`json_object` needs the word JSON in a message".to_owned()) }
        }
        Some("json_schema") => {
            let named = format["json_schema"]["name"].as_str().is_some_and(is_name);
            let shaped = format["json_schema"]["schema"].is_object();
            if named && shaped { Ok(()) } else { Err("`json_schema` needs a name and a schema".to_owned()) }
        }
        _ => Err("`response_format` must be text, json_object or json_schema".to_owned()),
    }
}
