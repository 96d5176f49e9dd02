//! The local embedder with its real model, the service over HTTP, and how models are installed.
#![cfg(test)]

mod install;
// The set as all tests read it; the whole test kit would bring databases along.
#[path = "../../../../testkit/src/retrieval_set.rs"]
#[expect(dead_code, unreachable_pub, reason = "only what makes and compares vectors is needed here")]
mod labelled;
mod local;
mod openai;
mod retrieval_set;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use axum::Router;
use botserver_http::{HostPort, HttpClient, OutboundPolicy};

/// A server on a free port; stops with the test.
async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A client that may reach this server.
fn client(open: SocketAddr) -> Arc<HttpClient> {
    let allow = vec![HostPort::new(open.ip().to_string(), open.port())];
    Arc::new(HttpClient::new(OutboundPolicy { allow }))
}

/// The wheels that `make test` fetches. Without them the test fails: a test that is skipped where nobody looks is none.
fn wheels() -> Vec<PathBuf> {
    let folder = std::env::var_os("TEST_EMBEDDING_MODEL").map(PathBuf::from).expect(
        "TEST_EMBEDDING_MODEL is not set: run `make test`, or set it to the folder where that keeps the wheels \
         (~/.cache/botserver-models)",
    );
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "whl")).collect()
}
