//! Anthropic and Gemini: what goes out, and what their documented streams become.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
};
use botserver_ports::{AnswerFormat, EndReason, ModelFault, ModelRequest, ModelUsage};
use serde_json::{Value as Json, json};

use crate::{Answer, DOT, KEY, assistant, call, read, request, result, shown, system, user, weather};

struct Seen {
    uri: String,
    headers: HeaderMap,
    body: Json,
}

type Shared = Arc<(String, Mutex<Option<Seen>>)>;

async fn reply(State(shared): State<Shared>, request: Request) -> ([(&'static str, &'static str); 1], String) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    *shared.1.lock().unwrap() = Some(Seen { uri: parts.uri.to_string(), headers: parts.headers, body });
    ([("content-type", "text/event-stream")], shared.0.clone())
}

/// Asks a provider that answers with a text, whatever it is asked.
async fn ask(
    provider: &str,
    stream: &str,
    change: impl FnOnce(&mut ModelRequest),
) -> (Result<Answer, ModelFault>, Seen) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shared: Shared = Arc::new((stream.to_owned(), Mutex::default()));
    let router = Router::new().fallback(reply).with_state(shared.clone());
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let mut sent = request(&format!("http://{address}"));
    sent.endpoint.provider = provider.to_owned();
    change(&mut sent);
    let (answer, failed) = read(sent).await;
    let seen = shared.1.lock().unwrap().take().unwrap();
    (failed.map_or(Ok(answer), |error| Err(error.fault)), seen)
}

fn conversation(request: &mut ModelRequest) {
    request.messages = vec![
        system("You help."),
        assistant("Welcome!", Vec::new()),
        user("Weather?"),
        assistant("", vec![call("a", "weather", r#"{"city":"Bonn"}"#), call("b", "weather", "{}")]),
        result("a", "weather", "rain"),
        result("b", "weather", r#"{"sky":"blue"}"#),
        user("So?"),
    ];
    request.tools = vec![weather()];
    request.temperature = Some(1.5);
}

const CLAUDE: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"usage":{"input_tokens":25,"cache_read_input_tokens":100,"cache_creation_input_tokens":5,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: ping
data: {"type": "ping"}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"I look."}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"toolu_1","name":"weather","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"city\": \"K"}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"öln\"}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":89}}

event: message_stop
data: {"type":"message_stop"}

"#;

#[tokio::test]
async fn anthropic_is_asked_and_understood() {
    let (answer, seen) = ask("anthropic", CLAUDE, conversation).await;
    let answer = answer.unwrap();
    assert_eq!((answer.reasoning.as_str(), answer.text.as_str()), ("Hm.", "I look."));
    assert_eq!(answer.calls, [call("toolu_1", "weather", r#"{"city": "Köln"}"#)]);
    let usage = ModelUsage { input: 130, output: 89, cached: 100 };
    assert_eq!(answer.end, Some((EndReason::Calls, Some(usage))));

    assert_eq!(seen.uri, "/v1/messages");
    assert_eq!(seen.headers["x-api-key"], KEY);
    assert_eq!(seen.headers["anthropic-version"], "2023-06-01");
    assert!(!seen.headers.contains_key("authorization"));
    let expected = json!({
        "model": "fake-model",
        "max_tokens": 8192,
        "system": "You help.",
        "messages": [
            { "role": "user", "content": [{ "type": "text", "text": "(The conversation begins.)" }] },
            { "role": "assistant", "content": [{ "type": "text", "text": "Welcome!" }] },
            { "role": "user", "content": [{ "type": "text", "text": "Weather?" }] },
            { "role": "assistant", "content": [
                { "type": "tool_use", "id": "a", "name": "weather", "input": { "city": "Bonn" } },
                { "type": "tool_use", "id": "b", "name": "weather", "input": {} },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "content": "rain" },
                { "type": "tool_result", "tool_use_id": "b", "content": r#"{"sky":"blue"}"# },
                { "type": "text", "text": "So?" },
            ] },
        ],
        "tools": [{ "name": "weather", "description": "The weather of a city", "input_schema": weather().schema }],
        "temperature": 1.0,
        "stream": true,
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn anthropics_errors_and_ends_are_clear() {
    let (start, _) = CLAUDE.split_once("event: content_block_stop").unwrap();
    let (cut, _) = ask("anthropic", start, |_| ()).await;
    assert_eq!(cut.unwrap_err(), ModelFault::Cut);
    let overloaded = format!(
        "{start}event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}}}\n\n"
    );
    let (failed, _) = ask("anthropic", &overloaded, |_| ()).await;
    assert_eq!(failed.unwrap_err(), ModelFault::Failed);
    let schema = json!({ "type": "object" });
    let (answer, seen) = ask("anthropic", &CLAUDE.replace("\"tool_use\",\"stop", "\"max_tokens\",\"stop"), |request| {
        request.format = AnswerFormat::Schema(schema.clone());
    })
    .await;
    assert_eq!(answer.unwrap().reason(), EndReason::Length);
    assert_eq!(seen.body["output_config"], json!({ "format": { "type": "json_schema", "schema": schema } }));
}

const GEMINI: &str = r#"data: {"candidates":[{"content":{"parts":[{"text":"Hm.","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":40,"totalTokenCount":40}}

data: {"candidates":[{"content":{"parts":[{"text":"I look."},{"functionCall":{"name":"weather","args":{"city":"Köln"}},"thoughtSignature":"Cs0B"},{"functionCall":{"name":"weather","args":{}}}],"role":"model"},"index":0}]}

data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":40,"candidatesTokenCount":12,"thoughtsTokenCount":30,"cachedContentTokenCount":8,"totalTokenCount":82}}

"#;

#[tokio::test]
async fn gemini_is_asked_and_understood() {
    let (answer, seen) = ask("gemini", GEMINI, |request| {
        conversation(request);
        request.endpoint.model = "gemini-3-flash".to_owned();
    })
    .await;
    let answer = answer.unwrap();
    assert_eq!((answer.reasoning.as_str(), answer.text.as_str()), ("Hm.", "I look."));
    assert_eq!(answer.called(), [("weather", r#"{"city":"Köln"}"#), ("weather", "{}")]);
    assert_ne!(answer.calls[0].id, answer.calls[1].id);
    let usage = ModelUsage { input: 40, output: 42, cached: 8 };
    assert_eq!(answer.end, Some((EndReason::Calls, Some(usage))));

    assert_eq!(seen.uri, "/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse");
    assert_eq!(seen.headers["x-goog-api-key"], KEY);
    let expected = json!({
        "systemInstruction": { "parts": [{ "text": "You help." }] },
        "contents": [
            { "role": "model", "parts": [{ "text": "Welcome!" }] },
            { "role": "user", "parts": [{ "text": "Weather?" }] },
            { "role": "model", "parts": [
                { "functionCall": { "name": "weather", "args": { "city": "Bonn" } },
                  "thoughtSignature": "skip_thought_signature_validator" },
                { "functionCall": { "name": "weather", "args": {} } },
            ] },
            { "role": "user", "parts": [
                { "functionResponse": { "name": "weather", "response": { "output": "rain" } } },
                { "functionResponse": { "name": "weather", "response": { "sky": "blue" } } },
                { "text": "So?" },
            ] },
        ],
        "tools": [{ "functionDeclarations": [
            { "name": "weather", "description": "The weather of a city", "parametersJsonSchema": weather().schema },
        ] }],
        "generationConfig": { "temperature": 1.5 },
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn geminis_errors_and_ends_are_clear() {
    let (first, _) = GEMINI.split_once("\n\n").unwrap();
    for (stream, fault) in [
        (format!("{first}\n\n"), ModelFault::Cut),
        (
            format!("{first}\n\ndata: {{\"error\":{{\"code\":503,\"message\":\"x\",\"status\":\"UNAVAILABLE\"}}}}\n\n"),
            ModelFault::Failed,
        ),
        (GEMINI.replace("STOP", "MALFORMED_FUNCTION_CALL"), ModelFault::Malformed),
        (
            r#"[{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]"#.to_owned(),
            ModelFault::RateLimited,
        ),
    ] {
        let (failed, _) = ask("gemini", &stream, |_| ()).await;
        assert_eq!(failed.unwrap_err(), fault, "{stream}");
    }
    let (answer, _) = ask("gemini", "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"}}\n\n", |_| ()).await;
    assert_eq!(answer.unwrap().reason(), EndReason::Filtered);
}

#[tokio::test]
async fn pictures_go_out_as_each_provider_takes_them() {
    let (_, seen) = ask("anthropic", "{}", |request| request.messages = vec![shown("What is it?")]).await;
    assert_eq!(
        seen.body["messages"],
        json!([{ "role": "user", "content": [
            { "type": "image", "source": { "type": "base64", "media_type": "image/gif", "data": DOT } },
            { "type": "text", "text": "What is it?" },
        ] }])
    );
    let (_, seen) = ask("gemini", "{}", |request| request.messages = vec![shown("")]).await;
    let picture = json!({ "inlineData": { "mimeType": "image/gif", "data": DOT } });
    assert_eq!(seen.body["contents"], json!([{ "role": "user", "parts": [picture] }]));
}

/// A history that begins in the middle, with a call of an earlier message.
#[tokio::test]
async fn a_history_that_begins_with_a_call_is_one_that_providers_take() {
    let change = |request: &mut ModelRequest| {
        request.messages = vec![
            system("You help."),
            assistant("One moment.", Vec::new()),
            assistant("", vec![call("a", "weather", "{}")]),
            result("a", "weather", "rain"),
            assistant("It rains.", Vec::new()),
            user("And now?"),
        ];
        request.tools = vec![weather()];
    };
    let (_, seen) = ask("gemini", GEMINI, change).await;
    let contents = seen.body["contents"].as_array().unwrap().clone();
    let roles: Vec<_> = contents.iter().map(|own| own["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "model", "user", "model", "user"]);
    assert_eq!(contents[1]["parts"][0]["text"], "One moment.");
    assert_eq!(contents[1]["parts"][1]["functionCall"]["name"], "weather");
    assert_eq!(contents[2]["parts"][0]["functionResponse"]["name"], "weather");
    let (_, seen) = ask("anthropic", CLAUDE, change).await;
    let messages = seen.body["messages"].as_array().unwrap().clone();
    let roles: Vec<_> = messages.iter().map(|own| own["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user", "assistant", "user"]);
    assert_eq!(messages[2]["content"][0]["type"], "tool_result");
}
