//! A real model of 135 million parameters in llama.cpp. What it says is its own affair; how it comes is ours.

use std::time::Duration;

use botserver_http::{HttpClient, Method, OutboundPolicy, Request, Trust};
use botserver_ports::{AnswerFormat, ChatModel as _, EndReason, ModelPiece, ModelRequest, ToolSpec};
use futures_util::StreamExt as _;
use serde_json::{Value as Json, json};

use crate::{answered, assistant, endpoint, models, request, system, user};

/// How often a test looks whether the model has noticed something.
const LOOK: Duration = Duration::from_millis(20);

/// The server's address. Without a server the tests fail: a test that is skipped where nobody looks is none.
fn url() -> String {
    let url = std::env::var_os("TEST_MODEL_URL").and_then(|url| url.into_string().ok());
    url.expect(
        "TEST_MODEL_URL is not set: run `make test`, or `cargo xtask model` in another terminal and set what it prints, \
         or `cargo xtask model -- cargo nextest run …`",
    )
}

fn asked(text: &str) -> ModelRequest {
    ModelRequest { messages: vec![user(text)], max_tokens: Some(40), temperature: Some(0.0), ..request(&url()) }
}

async fn stats() -> Json {
    let http = HttpClient::new(OutboundPolicy::default());
    let stats = url().replace("/v1", "/stats");
    let response = http.send(Request::new(Method::GET, &stats, Trust::Operator).unwrap()).await.unwrap();
    serde_json::from_slice(&response.body).unwrap()
}

// One after the other, and as one test: the server has one model and counts for all.
#[tokio::test]
async fn model_of_135_million_parameters_answers() {
    assert!(!models().models(&endpoint(&url())).await.unwrap().is_empty());
    text_streams().await;
    roles_are_kept().await;
    a_tools_schema_is_kept_to().await;
    a_form_is_kept_to().await;
    who_leaves_stops_the_model().await;
}

async fn text_streams() {
    let answer = answered(asked("Write two sentences about the sea.")).await;
    assert!(answer.text.len() > 20, "{answer:?}");
    assert!(answer.pieces > 5, "{answer:?}");
    let (_, usage) = answer.end.unwrap();
    let usage = usage.unwrap();
    assert!(usage.input > 5 && usage.output > 5, "{usage:?}");
}

async fn roles_are_kept() {
    let messages = vec![
        system("You are a pirate."),
        user("My name is Ada."),
        assistant("Aye, Ada!", Vec::new()),
        user("What is my name?"),
    ];
    answered(ModelRequest { messages, ..asked("") }).await;
    let prompt = stats().await["prompt"].as_str().unwrap().to_owned();
    let expected = "<|im_start|>system\nYou are a pirate.<|im_end|>\n<|im_start|>user\nMy name is Ada.<|im_end|>\n\
                    <|im_start|>assistant\nAye, Ada!<|im_end|>\n<|im_start|>user\nWhat is my name?<|im_end|>\n\
                    <|im_start|>assistant\n";
    assert!(prompt.ends_with(expected), "{prompt}");
}

async fn a_tools_schema_is_kept_to() {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": { "enum": ["Paris", "Rome"] },
            "unit": { "enum": ["celsius", "fahrenheit"] },
            "tomorrow": { "type": "boolean" },
        },
        "required": ["city", "unit", "tomorrow"],
    });
    let weather = ToolSpec { name: "weather".to_owned(), description: "The weather of a city".to_owned(), schema };
    let sent = ModelRequest { tools: vec![weather], max_tokens: Some(100), ..asked("What is the weather in Paris?") };
    let answer = answered(sent).await;
    assert_eq!(answer.reason(), EndReason::Calls, "{answer:?}");
    assert_eq!(answer.calls.len(), 1, "{answer:?}");
    assert_eq!(answer.calls[0].name, "weather");
    let arguments: Json = serde_json::from_str(&answer.calls[0].arguments).unwrap();
    assert!(["Paris", "Rome"].contains(&arguments["city"].as_str().unwrap()), "{arguments}");
    assert!(arguments["tomorrow"].is_boolean(), "{arguments}");
}

async fn a_form_is_kept_to() {
    let schema = json!({
        "type": "object",
        "properties": { "mood": { "enum": ["good", "bad"] } },
        "required": ["mood"],
        "additionalProperties": false,
    });
    let answer = answered(ModelRequest { format: AnswerFormat::Schema(schema), ..asked("What a lovely day!") }).await;
    let value: Json = serde_json::from_str(&answer.text).unwrap();
    assert!(["good", "bad"].contains(&value["mood"].as_str().unwrap()), "{value}");
}

async fn who_leaves_stops_the_model() {
    let before = stats().await;
    let long = ModelRequest { max_tokens: Some(1_500), ..asked("Tell a very long story of a dragon.") };
    let adapter = models();
    let mut stream = adapter.ask(long).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(ModelPiece::Text(_)))) {}
    drop(stream);
    loop {
        let now = stats().await;
        assert_eq!(now["finished"], before["finished"], "it went on to the end");
        if now["stopped"].as_u64() > before["stopped"].as_u64() {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    // It takes the next question.
    assert!(!answered(asked("Hello!")).await.text.is_empty());
}
