//! Errors of providers: what kind they are, and that nothing leaks.

use botserver_ports::{AnswerFormat, ModelFault, ModelRequest};
use botserver_testkit::{FakeAnswer, FakeModel, FakeStep};
use serde_json::json;

use crate::{KEY, answered, endpoint, failed, models, request};
use botserver_ports::ChatModel as _;

#[tokio::test]
async fn statuses_become_faults() {
    let model = FakeModel::start().await.unwrap();
    for (answer, fault) in [
        (FakeAnswer::error(401, "invalid_api_key", &format!("Incorrect API key provided: {KEY}")), ModelFault::Refused),
        (FakeAnswer::error(404, "model_not_found", "The model `fake-model` does not exist"), ModelFault::NoModel),
        (FakeAnswer::error(429, "rate_limit_exceeded", "slow down").retry_after("7"), ModelFault::RateLimited),
        (FakeAnswer::error(400, "context_length_exceeded", "too long"), ModelFault::TooLong),
        (FakeAnswer::error(400, "invalid_value", "messages[3]?"), ModelFault::Rejected),
        (FakeAnswer::error(500, "server_error", "oops"), ModelFault::Failed),
        (FakeAnswer::reply(529, "text/plain", "overloaded"), ModelFault::Failed),
        (FakeAnswer::reply(502, "text/html", "<html><body>Bad gateway"), ModelFault::Failed),
        (FakeAnswer::reply(404, "text/html", "<html><body>Not found"), ModelFault::Address),
    ] {
        let told = answer.clone();
        model.answer(answer);
        let error = failed(request(&model.url())).await;
        assert_eq!(error.fault, fault, "{told:?}: {error}");
        assert_eq!(error.retry_after, (fault == ModelFault::RateLimited).then_some(7), "{told:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_said_to_be_none() {
    let model = FakeModel::start().await.unwrap();
    let sse = |text: &str| FakeAnswer::stream([FakeStep::Raw(text.to_owned()), FakeStep::Stop]);
    for (answer, fault) in [
        (
            FakeAnswer::reply(200, "application/json", json!({ "error": { "message": "boom" } }).to_string()),
            ModelFault::Failed,
        ),
        (FakeAnswer::reply(200, "application/json", r#"{"error":"model \"x\" not found"}"#), ModelFault::NoModel),
        (FakeAnswer::reply(200, "application/json", "{}"), ModelFault::Failed),
        (FakeAnswer::reply(200, "application/json", "{\"choices\":[{"), ModelFault::Cut),
        (FakeAnswer::reply(200, "application/json", "{nonsense}"), ModelFault::Malformed),
        (FakeAnswer::reply(200, "text/html", "<!doctype html><html>Sign in"), ModelFault::Malformed),
        (FakeAnswer::reply(200, "text/event-stream", ""), ModelFault::Malformed),
        (FakeAnswer::reply(200, "text/plain", "hello there"), ModelFault::Malformed),
        (FakeAnswer::reply(200, "image/png", "\u{1}\u{2}\u{3}"), ModelFault::Malformed),
        (garbage("gzip"), ModelFault::Malformed),
        (garbage("br"), ModelFault::Malformed),
        (sse("data: [DONE]\n\n"), ModelFault::Malformed),
        (sse("data: {\"choices\": oops\n\n"), ModelFault::Malformed),
        (sse(": nothing\n\n"), ModelFault::Malformed),
        (sse("data: {\"error\":{\"message\":\"overloaded\",\"code\":529}}\n\n"), ModelFault::Failed),
        (sse("event: error\ndata: {\"message\":\"Rate limit reached\"}\n\n"), ModelFault::RateLimited),
        (sse("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n"), ModelFault::Failed),
    ] {
        let told = answer.clone();
        model.answer(answer);
        let error = failed(request(&model.url())).await;
        assert_eq!(error.fault, fault, "{told:?}: {error}");
    }
}

/// Says that it is compressed, and is not; nobody asked for that.
fn garbage(encoding: &str) -> FakeAnswer {
    FakeAnswer::reply(200, "text/event-stream", "\u{1f}\u{b}no such thing").header("content-encoding", encoding)
}

#[tokio::test]
async fn who_failed_is_told_apart_from_what_they_say() {
    let model = FakeModel::start().await.unwrap();
    model.answer(FakeAnswer::error(500, "server_error", "oops").header("x-request-id", "req_42"));
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Cut]));
    let error = failed(request(&model.url())).await;
    let told = (error.host.as_deref(), error.status, error.request_id.as_deref());
    assert_eq!(told, (Some("127.0.0.1"), Some(500), Some("req_42")));
    let error = failed(request(&model.url())).await;
    assert_eq!((error.host.as_deref(), error.status), (Some("127.0.0.1"), None));
}

#[tokio::test]
async fn an_error_in_the_middle_ends_the_answer_with_its_cause() {
    let model = FakeModel::start().await.unwrap();
    let error = format!("data: {{\"error\":{{\"message\":\"GPU on fire, key {KEY}\",\"type\":\"server_error\"}}}}\n\n");
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Raw(error), FakeStep::text("two")]));
    let error = failed(request(&model.url())).await;
    assert_eq!(error.fault, ModelFault::Failed);
    assert_eq!(error.message, "127.0.0.1 ended its answer with an error: GPU on fire, key …");
}

#[tokio::test]
async fn a_refused_field_is_left_out_and_remembered() {
    let model = FakeModel::start().await.unwrap();
    let refuse = |message: &str| FakeAnswer::error(400, "unsupported_parameter", message);
    model.answer(refuse("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."));
    model.answer(refuse("Unsupported value: 'temperature' does not support 0.5 with this model."));
    model.answer(refuse("'response_format.type' must be 'json_schema' or 'text'"));
    model.answer(refuse("unknown field stream_options"));
    model.answer(FakeAnswer::text("{}"));
    let adapter = models();
    let sent = ModelRequest {
        temperature: Some(0.5),
        max_tokens: Some(10),
        format: AnswerFormat::Json,
        ..request(&model.url())
    };
    drop(adapter.ask(sent.clone()).await.unwrap());
    let body = model.requests().last().unwrap().body.clone();
    assert_eq!(body["max_completion_tokens"], 10);
    for gone in ["max_tokens", "temperature", "response_format", "stream_options"] {
        assert!(body.get(gone).is_none(), "{gone}: {body}");
    }
    model.answer(FakeAnswer::text("{}"));
    drop(adapter.ask(sent).await.unwrap());
    assert_eq!(model.requests().len(), 6);
    assert_eq!(model.requests()[5].body, body);
    // What cannot be helped is not tried again.
    model.answer(refuse("Unsupported: 'tools'"));
    assert_eq!(failed(request(&model.url())).await.fault, ModelFault::Rejected);
    model.answer(FakeAnswer::text("x"));
    assert_eq!(answered(request(&model.url())).await.text, "x");
}

#[tokio::test]
async fn lists_of_models_fail_in_the_same_words() {
    let model = FakeModel::start().await.unwrap();
    model.require_key("another");
    let error = models().models(&endpoint(&model.url())).await.unwrap_err();
    assert_eq!(error.fault, ModelFault::Refused);
    assert!(!error.message.contains(KEY), "{error}");
}
