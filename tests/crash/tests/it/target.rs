//! The world outside: an HTTP server that remembers under which keys it was asked for what.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use parking_lot::Mutex;
use tokio::{net::TcpListener, task::JoinSet, time::sleep};

/// The key of each request, in order, per step and name.
type Requests = BTreeMap<(String, String), Vec<String>>;
type Keys = Arc<Mutex<Requests>>;

pub(crate) struct Target {
    pub(crate) address: String,
    keys: Keys,
    _server: JoinSet<()>,
}

impl Target {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let keys = Keys::default();
        let router = Router::new().route("/{step}/{name}", post(remember)).with_state(keys.clone());
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router).await.expect("the target serves until the test ends");
        });
        Ok(Self { address, keys, _server: server })
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Requests {
        self.keys.lock().clone()
    }
}

/// Answers 201 after a while that differs, so that the server can die before, during and after.
async fn remember(
    State(keys): State<Keys>,
    Path((step, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> StatusCode {
    sleep(Duration::from_millis(rand::random_range(0..20))).await;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or("no key").to_owned();
    keys.lock().entry((step, name)).or_default().push(key);
    sleep(Duration::from_millis(rand::random_range(0..40))).await;
    StatusCode::CREATED
}
