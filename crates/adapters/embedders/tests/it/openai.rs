//! A service that answers as OpenAI does, and all the ways in which it does not.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use base64::Engine as _;
use botserver_embedders::{OpenAiEmbedder, OpenAiSettings};
use botserver_http::Trust;
use botserver_kernel::Secret;
use botserver_ports::{EmbedKind, Embedder as _};
use serde_json::{Value, json};

use super::{client, serve};

const KEY: &str = "sk-very-secret";

type Answer = dyn Fn(usize, &HeaderMap, &Value) -> Response + Send + Sync;

/// An embedder of a service that answers so; the first number counts the requests.
async fn embedder(
    dimensions: Option<usize>,
    answer: impl Fn(usize, &HeaderMap, &Value) -> Response + Send + Sync + 'static,
) -> (OpenAiEmbedder, Arc<AtomicUsize>) {
    let (answer, count): (Arc<Answer>, _) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    let handler = move |headers: HeaderMap, Json(body): Json<Value>| {
        let answer = answer(counted.fetch_add(1, Ordering::SeqCst), &headers, &body);
        async move { answer }
    };
    let address = serve(Router::new().route("/v1/embeddings", post(handler))).await;
    let settings = OpenAiSettings {
        url: format!("http://{address}/v1/"),
        key: Some(Secret::new(KEY.to_owned())),
        model: "small".to_owned(),
        dimensions,
        trust: Trust::Untrusted,
    };
    (OpenAiEmbedder::new(client(address), settings), count)
}

/// [length, 1, 0] for each text, the last one first.
fn vectors(body: &Value) -> Response {
    let texts = body["input"].as_array().unwrap();
    let item = |(index, text): (usize, &Value)| {
        let numbers = [text.as_str().unwrap().len() as f32, 1.0, 0.0];
        let embedding = match body["encoding_format"].as_str() {
            Some("base64") => {
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                json!(base64::engine::general_purpose::STANDARD.encode(bytes))
            }
            _ => json!(numbers),
        };
        json!({"index": index, "embedding": embedding})
    };
    let data: Vec<Value> = texts.iter().enumerate().rev().map(item).collect();
    Json(json!({"data": data, "usage": {"total_tokens": 1}})).into_response()
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| "x".repeat(number + 1)).collect()
}

fn check(vectors: &[Vec<f32>]) {
    for (number, vector) in vectors.iter().enumerate() {
        let length = ((number + 1) as f32).hypot(1.0);
        assert!((vector[0] - (number + 1) as f32 / length).abs() < 1e-5, "{number}: {vector:?}");
    }
}

#[tokio::test]
async fn texts_go_in_batches_and_vectors_come_in_order() {
    let (embedder, count) = embedder(None, |_, headers, body| {
        assert_eq!(headers["authorization"], format!("Bearer {KEY}"));
        assert_eq!(body["model"], "small");
        assert!(body["input"].as_array().unwrap().len() <= 96);
        vectors(body)
    })
    .await;
    assert_eq!(embedder.dimensions().await.unwrap(), 3);
    let found = embedder.embed(&texts(250), EmbedKind::Passage).await.unwrap();
    assert_eq!(found.len(), 250);
    check(&found);
    assert_eq!(count.load(Ordering::SeqCst), 4, "one to learn the length, three batches");
    assert!(embedder.name().starts_with("small@127.0.0.1:"), "{}", embedder.name());
}

#[tokio::test]
async fn a_service_that_knows_no_base64_is_asked_for_numbers() {
    let (embedder, count) = embedder(Some(3), |_, _, body| {
        if body.get("encoding_format").is_some() {
            return (StatusCode::BAD_REQUEST, Json(json!({"error": "unknown field"}))).into_response();
        }
        vectors(body)
    })
    .await;
    check(&embedder.embed(&texts(3), EmbedKind::Query).await.unwrap());
    check(&embedder.embed(&texts(3), EmbedKind::Query).await.unwrap());
    assert_eq!(count.load(Ordering::SeqCst), 3, "it is remembered");
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let (embedder, count) = embedder(Some(3), |number, _, body| match number {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
        1 => StatusCode::BAD_GATEWAY.into_response(),
        _ => vectors(body),
    })
    .await;
    check(&embedder.embed(&texts(2), EmbedKind::Query).await.unwrap());
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn failures_are_told_without_the_key() {
    let told = async |answer: fn(&Value) -> Response| {
        let (embedder, _) = embedder(Some(3), move |_, _, body| answer(body)).await;
        embedder.embed(&texts(2), EmbedKind::Query).await.unwrap_err().to_string()
    };
    let wrong_key = |_: &Value| {
        let message = format!("Incorrect API key provided: {KEY}");
        (StatusCode::UNAUTHORIZED, Json(json!({"error": {"message": message}}))).into_response()
    };
    let error = told(wrong_key).await;
    assert!(error.contains("status 401: Incorrect API key") && !error.contains("very"), "{error}");
    let error = told(|_| (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "86400")]).into_response()).await;
    assert!(error.contains("status 503"), "{error}");
    let error = told(|_| Json(json!({"error": {"message": "quota"}})).into_response()).await;
    assert!(error.contains("quota"), "an error under status 200: {error}");
    let error = told(|_| "<html>".into_response()).await;
    assert!(error.contains("not a list of vectors"), "{error}");
    let error = told(|_| Json(json!({"data": [{"embedding": [1.0, 0.0, 0.0]}]})).into_response()).await;
    assert!(error.contains("1 vectors came for 2 texts"), "{error}");
    let error = told(|_| Json(json!({"data": [{"embedding": [1.0]}, {"embedding": [1.0]}]})).into_response()).await;
    assert!(error.contains("1 numbers instead of 3"), "{error}");
    let twice = |_: &Value| {
        let item = json!({"index": 0, "embedding": [1.0, 0.0, 0.0]});
        Json(json!({"data": [item, item]})).into_response()
    };
    let error = told(twice).await;
    assert!(error.contains("numbered wrongly"), "{error}");
    let error =
        told(|_| Json(json!({"data": [{"embedding": [0, 0, 0]}, {"embedding": [0, 0, 0]}]})).into_response()).await;
    assert!(error.contains("points nowhere"), "{error}");
}
