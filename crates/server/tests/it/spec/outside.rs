//! What the scripts of the pages reach outside: a web service that says what it was asked.

use axum::{
    Json, Router,
    body::Bytes,
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

/// The service; gone when dropped.
pub(super) struct Service {
    pub(super) address: String,
    _server: JoinSet<()>,
}

impl Service {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let router = Router::new().fallback(answer);
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("it serves until the test ends") });
        Self { address, _server: server }
    }
}

async fn answer(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    match uri.path() {
        "/rates" => Json(json!({"eur": 1.1, "brl": 5.42})).into_response(),
        "/motd" => "Tea is served.".into_response(),
        path => {
            let text = String::from_utf8_lossy(&body).into_owned();
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            Json(json!({
                "method": method.as_str(), "path": path, "query": uri.query().unwrap_or_default(), "body": body,
                "authorization": header("authorization"), "language": header("accept-language"),
                "has_key": !header("idempotency-key").is_empty(),
            }))
            .into_response()
        }
    }
}
