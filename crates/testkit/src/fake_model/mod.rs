//! A server that speaks OpenAI's chat completions as they are documented, answers from a script, and can stall, cut, drip
//! and lie. It checks every request and fails the test that sends a wrong one. Knows no agent loop and no adapter.

mod check;
mod script;
mod serve;
mod wire;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use parking_lot::Mutex;
use serde_json::Value as Json;
use tokio::sync::{Semaphore, watch};

pub use script::{FakeAnswer, FakeCall, FakeRule, FakeScript, FakeStep, FakeStyle, FakeUsage};

/// After this long a wait of a test is given up, so that it fails with a reason.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that came.
#[derive(Clone, Debug)]
pub struct FakeRequest {
    /// Its body.
    pub body: Json,
    /// The key it carried.
    pub key: Option<String>,
}

impl FakeRequest {
    /// The messages.
    pub fn messages(&self) -> &[Json] {
        self.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The roles of the messages, in order.
    pub fn roles(&self) -> Vec<&str> {
        self.messages().iter().filter_map(|message| message["role"].as_str()).collect()
    }

    /// The text of the last message.
    pub fn last_text(&self) -> &str {
        let Some(message) = self.messages().last() else { return "" };
        let part = |parts: &'_ Vec<Json>| parts.iter().position(|part| part["type"] == "text");
        let content = &message["content"];
        let content = content.as_array().and_then(part).map_or(content, |at| &content[at]["text"]);
        content.as_str().unwrap_or_default()
    }

    /// The pictures of all messages, as data addresses.
    pub fn pictures(&self) -> Vec<&str> {
        let parts = self.messages().iter().filter_map(|message| message["content"].as_array()).flatten();
        parts.filter_map(|part| part["image_url"]["url"].as_str()).collect()
    }

    /// The names of the tools that were offered.
    pub fn tools(&self) -> Vec<&str> {
        let tools = self.body["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
        tools.iter().filter_map(|tool| tool["function"]["name"].as_str()).collect()
    }
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FakeSeen {
    /// Requests for an answer.
    pub requests: usize,
    /// Arrivals at a gate.
    pub gates: usize,
    /// Answers that the client did not wait for: it closed the connection.
    pub disconnects: usize,
    /// When the last client closed its connection.
    pub disconnected_at: Option<Instant>,
    /// Answers that were sent to their end, whatever that was.
    pub sent: usize,
}

/// The server. When dropped it fails the test if a request broke the protocol.
pub struct FakeModel {
    shared: Arc<Shared>,
    address: SocketAddr,
    server: tokio::task::AbortHandle,
}

struct Shared {
    script: Mutex<FakeScript>,
    /// Read anew for each request, if there is one.
    file: Option<PathBuf>,
    /// How many answers of each rule are used up; those in order under `None`.
    used: Mutex<HashMap<Option<usize>, usize>>,
    requests: Mutex<Vec<FakeRequest>>,
    wrongs: Mutex<Vec<String>>,
    seen: watch::Sender<FakeSeen>,
    gate: Semaphore,
}

impl FakeModel {
    /// A server on a free port that has nothing to say yet.
    pub async fn start() -> Result<Self> {
        Self::listen(0, FakeScript::default(), None).await
    }

    /// A server on a port (0: a free one) that reads its script from a JSON file, anew for each request.
    pub async fn from_file(file: &Path, port: u16) -> Result<Self> {
        serve::read_script(file)?;
        Self::listen(port, FakeScript::default(), Some(file.to_owned())).await
    }

    async fn listen(port: u16, script: FakeScript, file: Option<PathBuf>) -> Result<Self> {
        let listener =
            tokio::net::TcpListener::bind(("127.0.0.1", port)).await.context("no port for the fake model")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            file,
            used: Mutex::default(),
            requests: Mutex::default(),
            wrongs: Mutex::default(),
            seen: watch::channel(FakeSeen::default()).0,
            gate: Semaphore::new(0),
        });
        let router = serve::router(shared.clone());
        #[expect(clippy::disallowed_methods, reason = "the test ends it by dropping the fake")]
        let server = tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle();
        Ok(Self { shared, address, server })
    }

    /// The address for `llm-url`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next answer, after those that already wait.
    pub fn answer(&self, answer: FakeAnswer) {
        self.shared.script.lock().answers.push(answer);
    }

    /// Answers for certain requests.
    pub fn when(&self, rule: FakeRule) {
        self.shared.script.lock().when.push(rule);
    }

    /// The answer to every request that nothing else answers.
    pub fn always(&self, answer: FakeAnswer) {
        self.shared.script.lock().always = Some(answer);
    }

    /// From now on requests must carry this key.
    pub fn require_key(&self, key: &str) {
        self.shared.script.lock().key = Some(key.to_owned());
    }

    /// The models that exist; any name is taken while none is set.
    pub fn set_models(&self, models: &[&str]) {
        self.shared.script.lock().models = models.iter().map(|&name| name.to_owned()).collect();
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<FakeRequest> {
        self.shared.requests.lock().clone()
    }

    /// What has happened so far.
    pub fn seen(&self) -> FakeSeen {
        *self.shared.seen.borrow()
    }

    /// Lets one stream through one gate, now or when it comes there.
    pub fn release(&self) {
        self.shared.gate.add_permits(1);
    }

    /// Waits until something has happened; fails the test if it does not.
    pub async fn until(&self, what: &str, mut is_so: impl FnMut(&FakeSeen) -> bool) -> FakeSeen {
        let mut seen = self.shared.seen.subscribe();
        let waited =
            tokio::time::timeout(PATIENCE, async { seen.wait_for(|seen| is_so(seen)).await.map(|seen| *seen) });
        let found = waited.await.ok().and_then(Result::ok);
        assert!(found.is_some(), "the fake model waited in vain for {what}; it saw {:?}", self.seen());
        found.unwrap_or_default()
    }

    /// Waits for the n-th request.
    pub async fn until_requests(&self, n: usize) {
        self.until("a request", |seen| seen.requests >= n).await;
    }

    /// Waits until streams have come to gates n times.
    pub async fn until_gates(&self, n: usize) {
        self.until("a stream at its gate", |seen| seen.gates >= n).await;
    }

    /// Waits until clients have left n times in the middle of an answer.
    pub async fn until_disconnects(&self, n: usize) -> FakeSeen {
        self.until("a client that leaves", |seen| seen.disconnects >= n).await
    }

    /// What was wrong with requests; whoever takes it answers for it: the drop fails the test only for what is left.
    pub fn take_wrongs(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.wrongs.lock())
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.server.abort();
        let wrongs = self.take_wrongs();
        if !std::thread::panicking() {
            assert!(wrongs.is_empty(), "requests to the fake model were wrong: {wrongs:#?}");
        }
    }
}

#[cfg(test)]
mod tests;
