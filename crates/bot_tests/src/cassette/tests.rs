//! Requests that are known, requests that are not, and what a file says.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_http::{Error, Exchange as _, Method, Request, Response, Trust};
use botserver_ports::{
    AnswerFormat, ChatModel, EndReason, ModelEndpoint, ModelError, ModelFault, ModelLimits, ModelMessage, ModelPiece,
    ModelRequest, ModelStream, ModelToolCall, ToolSpec,
};
use futures_util::StreamExt as _;
use serde_json::json;

use super::*;

fn request(url: &str, body: &str) -> Request {
    let request = Request::new(Method::POST, url, Trust::Untrusted).expect("an address");
    let request = request.header("authorization", "Bearer abcdefgh").expect("a header");
    request.body(body.to_owned(), "application/json").header("idempotency-key", "1/2/3").expect("a header")
}

fn response(request: &Request, body: &str) -> Response {
    let mut headers = request.headers.clone();
    headers.insert("set-cookie", "id=1".parse().expect("a header"));
    Response { status: 200, headers, url: request.url.clone(), body: body.to_owned().into() }
}

/// A cassette with one exchange of the test `t`.
fn recorded(url: &str, body: &str, answer: &str) -> Cassette {
    let tape = Tape::new(Mode::Record);
    tape.begin(&Cassette::default(), "t", Secrets::new(["s3cr3t".to_owned()]));
    let asked = request(url, body);
    assert!(tape.answer(&asked).expect("nothing stops it").is_none());
    tape.heard(&asked, &Ok(response(&asked, answer)));
    let mut cassette = Cassette::default();
    cassette.replace("t", &tape);
    cassette
}

#[test]
fn what_was_recorded_comes_again_once() {
    let cassette =
        recorded("https://h.example/x?key=1&q=a", r#"{"b":1,"a":"s3cr3t"}"#, r#"{"z":1,"a":"s3cr3t abcdefgh"}"#);
    let text = cassette.write();
    assert_eq!(Cassette::read(&text), Ok(cassette.clone()));
    for secret in ["s3cr3t", "abcdefgh", "key=1", "set-cookie", "idempotency"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let tape = Tape::new(Mode::Replay);
    tape.begin(&cassette, "t", Secrets::new(["s3cr3t".to_owned()]));
    assert_eq!(tape.unused(), ["POST https://h.example/x?key=(secret)&q=a"]);
    // Another key and another order of the fields are the same request.
    let asked = request("https://h.example/x?key=2&q=a", r#"{"a":"s3cr3t","b":1}"#);
    let answer = tape.answer(&asked).expect("known").expect("an answer");
    assert_eq!(&answer.body[..], br#"{"z":1,"a":"(secret) (secret)"}"#);
    assert_eq!((answer.status, answer.media_type().as_deref()), (200, Some("application/json")));
    assert!(tape.unused().is_empty() && tape.take_missing().is_none());
    assert!(matches!(tape.answer(&asked), Err(Error::Exchange { .. })));
    let missing = tape.take_missing().expect("noted");
    assert_eq!((missing.what.as_str(), missing.difference), ("POST https://h.example/x?key=(secret)&q=a", None));
}

#[test]
fn another_request_is_told_beside_the_nearest() {
    let cassette = recorded("https://h.example/x", r#"{"a":1,"b":2}"#, "fine");
    let tape = Tape::new(Mode::Replay);
    tape.begin(&cassette, "t", Secrets::default());
    let error = tape.answer(&request("https://h.example/x", r#"{"a":1,"b":3}"#)).expect_err("another one");
    assert!(error.to_string().starts_with("POST https://h.example/x is not in the cassette"), "{error}");
    let difference = tape.take_missing().and_then(|own| own.difference).expect("a difference");
    assert!(difference.contains("-     \"b\": 2\n+     \"b\": 3\n"), "{difference}");
    // A test of another name has nothing.
    tape.begin(&cassette, "other", Secrets::default());
    assert!(tape.answer(&request("https://h.example/x", r#"{"a":1,"b":2}"#)).is_err());
}

#[test]
fn failures_and_bytes_come_again_too() {
    let tape = Tape::new(Mode::Record);
    tape.begin(&Cassette::default(), "t", Secrets::default());
    let asked = request("https://h.example/a", "{}");
    tape.heard(&asked, &Err(Error::Connect { host: "h.example".to_owned() }));
    let picture = Response { body: vec![0xff, 0xd8, 0].into(), ..response(&asked, "") };
    tape.heard(&asked, &Ok(picture));
    let mut cassette = Cassette::default();
    cassette.replace("t", &tape);
    let tape = Tape::new(Mode::Replay);
    tape.begin(&Cassette::read(&cassette.write()).expect("readable"), "t", Secrets::default());
    assert_eq!(tape.answer(&asked).expect_err("a failure").to_string(), "h.example does not answer");
    assert_eq!(&tape.answer(&asked).expect("known").expect("an answer").body[..], [0xff, 0xd8, 0]);
}

#[test]
fn other_files_are_refused() {
    for (text, part) in [
        ("{", "EOF"),
        (r#"{"version": 9, "tests": {}}"#, "it has the form 9, and this build reads 1"),
        (r#"{"version": 1, "tests": {}, "more": 1}"#, "unknown field"),
    ] {
        let error = Cassette::read(text).expect_err(text);
        assert!(error.0.contains(part), "{error:?}");
    }
}

/// A model that says these pieces, or an error.
struct Says(Result<Vec<ModelPiece>, ModelError>);

#[async_trait]
impl ChatModel for Says {
    async fn ask(&self, _: ModelRequest) -> Result<ModelStream, ModelError> {
        let pieces = self.0.clone()?;
        Ok(Box::pin(futures_util::stream::iter(pieces.into_iter().map(Ok))))
    }

    async fn models(&self, _: &ModelEndpoint) -> Result<Vec<String>, ModelError> {
        Ok(vec!["small".to_owned()])
    }
}

fn question(text: &str) -> ModelRequest {
    ModelRequest {
        endpoint: ModelEndpoint {
            provider: "openai".to_owned(),
            url: Some("http://127.0.0.1:1/v1".to_owned()),
            key: None,
            model: "small".to_owned(),
            trusted: false,
        },
        messages: vec![ModelMessage::System { text: "Be kind.\nBe short.".to_owned() }, ModelMessage::user(text)],
        tools: vec![ToolSpec { name: "find".to_owned(), description: "Finds.".to_owned(), schema: json!({}) }],
        temperature: None,
        max_tokens: None,
        format: AnswerFormat::Text,
        limits: ModelLimits::default(),
    }
}

async fn asked(model: &TapedModel, text: &str) -> Result<Vec<ModelPiece>, ModelError> {
    let pieces: Vec<_> = model.ask(question(text)).await?.collect().await;
    pieces.into_iter().collect()
}

#[tokio::test]
async fn a_model_answers_again_in_its_pieces() {
    let pieces = vec![
        ModelPiece::Reasoning("Hm.".to_owned()),
        ModelPiece::Text("One ".to_owned()),
        ModelPiece::Text("moment.".to_owned()),
        ModelPiece::Call(ModelToolCall { id: "c1".into(), name: "find".into(), arguments: r#"{"what":"tea"}"#.into() }),
        ModelPiece::End { reason: EndReason::Calls, usage: None },
    ];
    let tape = Arc::new(Tape::new(Mode::Record));
    tape.begin(&Cassette::default(), "t", Secrets::default());
    let model = TapedModel::new(Arc::new(Says(Ok(pieces.clone()))), tape.clone());
    assert_eq!(asked(&model, "Tea?").await, Ok(pieces.clone()));
    let mut cassette = Cassette::default();
    cassette.replace("t", &tape);

    let tape = Arc::new(Tape::new(Mode::Replay));
    tape.begin(&Cassette::read(&cassette.write()).expect("readable"), "t", Secrets::default());
    let nobody = Says(Err(ModelError::new(ModelFault::Failed, "it was asked")));
    let model = TapedModel::new(Arc::new(nobody), tape.clone());
    let other = asked(&model, "Coffee?").await.expect_err("another question");
    assert!(other.message.contains("not in the cassette"), "{other}");
    let missing = tape.take_missing().expect("noted");
    assert_eq!(missing.what, "a question to the model `small` with 2 messages");
    let difference = missing.difference.expect("a difference");
    assert!(difference.contains("-       \"text\": \"Tea?\"\n+       \"text\": \"Coffee?\""), "{difference}");
    assert_eq!(asked(&model, "Tea?").await, Ok(pieces));
}

#[tokio::test]
async fn a_model_fails_again() {
    let mut error = ModelError::new(ModelFault::RateLimited, "Too many requests.");
    error.retry_after = Some(7);
    let tape = Arc::new(Tape::new(Mode::Record));
    tape.begin(&Cassette::default(), "t", Secrets::default());
    let model = TapedModel::new(Arc::new(Says(Err(error.clone()))), tape.clone());
    assert_eq!(asked(&model, "Tea?").await, Err(error.clone()));
    let mut cassette = Cassette::default();
    cassette.replace("t", &tape);
    let tape = Arc::new(Tape::new(Mode::Replay));
    tape.begin(&cassette, "t", Secrets::default());
    let model = TapedModel::new(Arc::new(Says(Ok(Vec::new()))), tape);
    assert_eq!(asked(&model, "Tea?").await, Err(error));
    assert!(model.models(&question("").endpoint).await.is_err());
}
