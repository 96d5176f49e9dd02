//! The server's side: routes, the choice of the answer, and streams that notice when nobody listens any more.

use std::{fs, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use axum::{
    Json as JsonBody, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::{
    FakeRequest, FakeSeen, Shared,
    check::check,
    script::{FakeAnswer, FakeScript, FakeStep, FakeStyle},
    wire::{Writer, error},
};

/// A request may be this long: whole conversations with documents.
const BODY: usize = 32 << 20;
const FLOOD: usize = 64 << 10;

type Sender = mpsc::Sender<Result<Bytes, std::io::Error>>;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(answer))
        .route("/v1/models", get(models))
        // For programs that cannot call our methods: browser tests.
        .route("/fake/requests", get(requests))
        .route("/fake/seen", get(seen))
        .route("/fake/release", post(release))
        .with_state(shared)
}

pub(super) fn read_script(file: &Path) -> Result<FakeScript> {
    let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no script", file.display()))
}

impl Shared {
    fn note(&self, change: impl FnOnce(&mut FakeSeen)) {
        self.seen.send_modify(change);
    }

    fn script(&self) -> Result<FakeScript> {
        self.file.as_deref().map_or_else(|| Ok(self.script.lock().clone()), read_script)
    }

    fn wrong(&self, reason: String) -> Response {
        let answer = error("invalid_request", &reason);
        self.wrongs.lock().push(reason);
        (StatusCode::BAD_REQUEST, JsonBody(answer)).into_response()
    }

    /// The answer that the script has for a request.
    fn choose(&self, script: &FakeScript, body: &Json) -> Option<FakeAnswer> {
        let mut used = self.used.lock();
        for (at, rule) in script.when.iter().enumerate().filter(|(_, rule)| rule.matches(body)) {
            let used = used.entry(Some(at)).or_default();
            if let Some(answer) = rule.answers.get(*used) {
                *used += 1;
                return Some(answer.clone());
            }
            if let Some(last) = rule.answers.last().filter(|_| rule.repeat) {
                return Some(last.clone());
            }
        }
        let used = used.entry(None).or_default();
        let next = script.answers.get(*used).cloned();
        *used += usize::from(next.is_some());
        next.or_else(|| script.always.clone())
    }
}

fn key_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    Some(value.strip_prefix("Bearer ").unwrap_or(value).to_owned())
}

fn wrong_key(script: &FakeScript, headers: &HeaderMap) -> Option<Response> {
    let key = script.key.as_ref()?;
    let given = key_of(headers);
    (given.as_ref() != Some(key)).then(|| {
        // Real servers repeat what they were given.
        let message = format!("Incorrect API key provided: {}.", given.unwrap_or_default());
        (StatusCode::UNAUTHORIZED, JsonBody(error("invalid_api_key", &message))).into_response()
    })
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let script = match shared.script() {
        Ok(script) => script,
        Err(error) => return shared.wrong(format!("{error:#}")),
    };
    if let Some(refusal) = wrong_key(&script, &headers) {
        return refusal;
    }
    let names = if script.models.is_empty() { vec!["fake-model".to_owned()] } else { script.models };
    let data: Vec<Json> = names
        .iter()
        .map(|name| json!({ "id": name, "object": "model", "created": 1_767_323_045, "owned_by": "fake" }))
        .collect();
    JsonBody(json!({ "object": "list", "data": data })).into_response()
}

async fn requests(State(shared): State<Arc<Shared>>) -> JsonBody<Vec<Json>> {
    JsonBody(shared.requests.lock().iter().map(|request| request.body.clone()).collect())
}

async fn seen(State(shared): State<Arc<Shared>>) -> JsonBody<Json> {
    let seen = *shared.seen.borrow();
    let wrongs = shared.wrongs.lock().clone();
    JsonBody(json!({
        "requests": seen.requests, "gates": seen.gates, "disconnects": seen.disconnects, "sent": seen.sent,
        "wrongs": wrongs,
    }))
}

async fn release(State(shared): State<Arc<Shared>>) {
    shared.gate.add_permits(1);
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let headers = request.headers().clone();
    let Ok(body) = axum::body::to_bytes(request.into_body(), BODY).await else {
        return shared.wrong("the request broke off or is too long".to_owned());
    };
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| !kind.as_bytes().starts_with(b"application/json")) {
        return shared.wrong("the request is not called application/json".to_owned());
    }
    let Ok(body) = serde_json::from_slice::<Json>(&body) else {
        return shared.wrong("the request is no JSON".to_owned());
    };
    let number = {
        let mut requests = shared.requests.lock();
        requests.push(FakeRequest { body: body.clone(), key: key_of(&headers) });
        requests.len()
    };
    shared.note(|seen| seen.requests += 1);
    let script = match shared.script() {
        Ok(script) => script,
        Err(error) => return shared.wrong(format!("{error:#}")),
    };
    if let Some(refusal) = wrong_key(&script, &headers) {
        return refusal;
    }
    if let Err(reason) = check(&body) {
        return shared.wrong(format!("request {number}: {reason}"));
    }
    let model = body["model"].as_str().unwrap_or_default();
    if !script.models.is_empty() && !script.models.iter().any(|name| name == model) {
        let message = format!("The model `{model}` does not exist or you do not have access to it.");
        return (StatusCode::NOT_FOUND, JsonBody(error("model_not_found", &message))).into_response();
    }
    match shared.choose(&script, &body) {
        None => shared.wrong(format!("request {number}: the script has no answer for it")),
        Some(answer) => give(shared.clone(), answer, number, &body).await,
    }
}

async fn give(shared: Arc<Shared>, answer: FakeAnswer, number: usize, body: &Json) -> Response {
    let mut watcher = Watcher { shared: shared.clone(), done: false };
    match answer {
        FakeAnswer::Silent => std::future::pending().await,
        FakeAnswer::HangUp => {
            watcher.done();
            // A body that breaks before its first byte takes the connection with it.
            let broken = stream::iter([Err::<Bytes, _>(std::io::Error::other("cut on purpose"))]);
            ([(header::CONTENT_LENGTH, "1000")], Body::from_stream(broken)).into_response()
        }
        FakeAnswer::Reply { status, media_type, body, times, retry_after, headers } => {
            let body = Bytes::from(body);
            let parts = stream::unfold((0, watcher), move |(sent, mut watcher)| {
                let body = body.clone();
                async move {
                    if sent == times {
                        watcher.done();
                        return None;
                    }
                    Some((Ok::<_, std::io::Error>(body), (sent + 1, watcher)))
                }
            });
            let mut response = Response::new(Body::from_stream(parts));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            if let Ok(value) = HeaderValue::from_str(&media_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, value);
            }
            if let Some(value) = retry_after.and_then(|value| HeaderValue::from_str(&value).ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        FakeAnswer::Stream { steps, style } if body["stream"] != true => {
            watcher.done();
            JsonBody(Writer::new(style, number, body).whole(&steps)).into_response()
        }
        FakeAnswer::Stream { steps, style } => {
            let (sender, receiver) = mpsc::channel(1);
            let writer = Writer::new(style, number, body);
            #[expect(clippy::disallowed_methods, reason = "it ends with its connection")]
            tokio::spawn(play(steps, writer, sender, watcher));
            let parts = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
            ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], Body::from_stream(parts)).into_response()
        }
    }
}

/// Plays the steps. Ends early when nobody listens.
async fn play(steps: Vec<FakeStep>, writer: Writer, sender: Sender, mut watcher: Watcher) {
    let (listener, shared) = (sender.clone(), watcher.shared.clone());
    tokio::select! {
        // The watcher notes the departure when it is dropped.
        () = listener.closed() => {}
        played = play_all(steps, writer, sender, &shared) => {
            if played.is_some() {
                watcher.done();
            }
        }
    }
}

/// `None` if the listener has gone.
async fn play_all(steps: Vec<FakeStep>, mut writer: Writer, sender: Sender, shared: &Shared) -> Option<()> {
    let style = writer.style.clone();
    let starts_raw =
        matches!(steps.first(), Some(FakeStep::Raw(_) | FakeStep::Bytes(_) | FakeStep::Stall | FakeStep::Stop));
    if !starts_raw {
        send(&sender, writer.start(), &style).await?;
    }
    for step in &steps {
        match step {
            FakeStep::Gate => {
                shared.note(|seen| seen.gates += 1);
                shared.gate.acquire().await.ok()?.forget();
            }
            FakeStep::PauseMs(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            FakeStep::Flood { bytes, chunks } => flood(&writer, &sender, *bytes, *chunks).await?,
            FakeStep::Stall => std::future::pending().await,
            FakeStep::Cut => return sender.send(Err(std::io::Error::other("cut on purpose"))).await.ok(),
            FakeStep::Stop => return Some(()),
            other => {
                for event in writer.step(other) {
                    send(&sender, event, &style).await?;
                }
            }
        }
    }
    for event in writer.end() {
        send(&sender, event, &style).await?;
    }
    Some(())
}

async fn send(sender: &Sender, event: Vec<u8>, style: &FakeStyle) -> Option<()> {
    let event = Bytes::from(event);
    let size = style.cut_every.unwrap_or(event.len()).max(1);
    let mut from = 0;
    while from < event.len() {
        let to = event.len().min(from + size);
        sender.send(Ok(event.slice(from..to))).await.ok()?;
        from = to;
        // Lets the connection write this part before it gets the next.
        tokio::task::yield_now().await;
    }
    Some(())
}

async fn flood(writer: &Writer, sender: &Sender, bytes: u64, chunks: bool) -> Option<()> {
    let text = "x".repeat(FLOOD);
    let part = Bytes::from(if chunks { writer.delta(&json!({ "content": text })) } else { text.into_bytes() });
    if !chunks {
        sender.send(Ok(Bytes::from_static(b"data: "))).await.ok()?;
    }
    let mut sent = 0;
    while sent < bytes {
        sender.send(Ok(part.clone())).await.ok()?;
        sent += part.len() as u64;
    }
    Some(())
}

/// Notes how an answer ended, whichever way it is dropped.
struct Watcher {
    shared: Arc<Shared>,
    done: bool,
}

impl Watcher {
    fn done(&mut self) {
        self.done = true;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let done = self.done;
        self.shared.note(|seen| {
            if done {
                seen.sent += 1;
            } else {
                seen.disconnects += 1;
                seen.disconnected_at = Some(std::time::Instant::now());
            }
        });
    }
}
