//! The client against servers on this machine and against made-up name servers.
#![cfg(test)]

mod exchange;
mod guard;
mod limits;
mod redirects;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::Router;
use botserver_http::{HostPort, HttpClient, OutboundPolicy, Resolve, Resolved};

/// A server on a free port; stops with the test.
async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test's runtime ends it")]
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// A client that may reach these servers.
fn client(open: &[SocketAddr]) -> HttpClient {
    HttpClient::new(OutboundPolicy {
        allow: open.iter().map(|address| HostPort::new(address.ip().to_string(), address.port())).collect(),
    })
}

/// Answers every look-up with the next of its answers; the last one stays.
struct FakeNames {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
    names: Mutex<Vec<String>>,
}

impl FakeNames {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        Arc::new(Self {
            answers: answers.iter().map(|one| one.iter().map(|text| text.parse().unwrap()).collect()).collect(),
            asked: AtomicUsize::new(0),
            names: Mutex::default(),
        })
    }
}

impl Resolve for FakeNames {
    fn resolve(&self, host: &str) -> Resolved {
        self.names.lock().unwrap().push(host.to_owned());
        let at = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[at].clone();
        Box::pin(async move { Ok(answer) })
    }
}
