//! Speaks with language models: OpenAI's chat completions wherever they are spoken, Anthropic's and Google's own APIs, and
//! the local servers that can be offered. Knows the ports and the outbound client, not what is asked or why.
//!
//! Invariants: every wait ends within the request's limits; a dropped answer closes its connection; no sentence that leaves
//! this crate holds a key.

mod answer;
mod anthropic;
mod calls;
mod discover;
mod fault;
mod gemini;
mod listing;
mod openai;
mod sse;
mod system;
mod target;
mod think;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use botserver_http::{HttpClient, Method, Request, StreamingResponse};
use botserver_ports::{ChatModel, ModelEndpoint, ModelError, ModelFault, ModelRequest, ModelStream};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use serde_json::Value as Json;
use tokio::time::{Instant, timeout_at};

use crate::{
    answer::Reader,
    calls::Calls,
    fault::Speaker,
    openai::Quirks,
    target::{Protocol, Target},
};

pub use discover::{Offer, discover};
pub use listing::Listing;

/// What is read of an error.
const ERROR_BODY: usize = 64 << 10;
/// A list of models.
const LIST: Duration = Duration::from_secs(15);
/// How many refusals of single fields are put right in one request.
const CORRECTIONS: usize = 4;
/// How many models are remembered with what they refuse.
const REMEMBERED: usize = 1_000;

/// Models behind HTTP.
pub struct HttpModels {
    http: Arc<HttpClient>,
    /// What servers turned out to refuse, so that it is not tried again with every message.
    quirks: Mutex<HashMap<(String, String), Quirks>>,
}

impl HttpModels {
    /// Speaks through the guarded client.
    pub fn new(http: Arc<HttpClient>) -> Self {
        Self { http, quirks: Mutex::default() }
    }

    fn quirks(&self, target: &Target, model: &str) -> Quirks {
        let known = self.quirks.lock().get(&(target.url(""), model.to_owned())).copied();
        known.unwrap_or_else(|| Quirks::of_host(&target.host))
    }

    fn remember(&self, target: &Target, model: &str, quirks: Quirks) {
        let mut all = self.quirks.lock();
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert((target.url(""), model.to_owned()), quirks);
    }

    async fn open(
        &self,
        request: Request,
        speaker: &Speaker,
        deadline: Instant,
        patience: Duration,
    ) -> Result<StreamingResponse, ModelError> {
        match timeout_at(deadline, self.http.open(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(speaker.http(&error, false)),
            Err(_) => {
                let seconds = patience.as_secs_f64().ceil();
                let message = format!("{} did not begin to answer within {seconds} seconds.", speaker.host);
                Err(ModelError::new(ModelFault::TimedOut, message))
            }
        }
    }
}

#[async_trait]
impl ChatModel for HttpModels {
    async fn ask(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let target = Target::of(&request.endpoint)?;
        let mut speaker = Speaker::new(&target.host, &request.endpoint);
        self.begin(&target, &mut speaker, request).await.map_err(|error| speaker.named(error))
    }

    async fn models(&self, endpoint: &ModelEndpoint) -> Result<Vec<String>, ModelError> {
        let target = Target::of(endpoint)?;
        let mut speaker = Speaker::new(&target.host, endpoint);
        self.list(&target, &mut speaker, endpoint).await.map_err(|error| speaker.named(error))
    }
}

impl HttpModels {
    async fn begin(
        &self,
        target: &Target,
        speaker: &mut Speaker,
        request: ModelRequest,
    ) -> Result<ModelStream, ModelError> {
        let limits = request.limits;
        let started = Instant::now();
        let patience = limits.first.min(limits.total);
        let begun_by = answer::after(started, patience);
        let mut quirks = self.quirks(target, &request.endpoint.model);
        let mut corrections = 0;
        loop {
            let sent = write(target, &request, quirks).map_err(|error| speaker.http(&error, false))?;
            let response = self.open(sent, speaker, begun_by, patience).await?;
            let (status, headers) = (response.status, response.headers.clone());
            speaker.remember(&headers);
            if (200..300).contains(&status) {
                if corrections > 0 {
                    self.remember(target, &request.endpoint.model, quirks);
                }
                let calls = Calls::after(&request.messages);
                let reader: Box<dyn Reader> = match target.protocol {
                    Protocol::OpenAi => Box::new(openai::ChatReader::new(speaker.clone(), calls)),
                    Protocol::Anthropic => Box::new(anthropic::MessagesReader::new(speaker.clone(), calls)),
                    Protocol::Gemini => Box::new(gemini::GenerateReader::new(speaker.clone(), calls)),
                };
                return Ok(answer::pieces(response, reader, speaker.clone(), limits, started));
            }
            let body = beginning(response, begun_by).await;
            let error = speaker.status(status, &headers, &body);
            match quirks.learn(target.protocol, &request, status, error.fault, &body) {
                Some(learnt) if corrections < CORRECTIONS => quirks = learnt,
                _ => return Err(error),
            }
            corrections += 1;
        }
    }

    async fn list(
        &self,
        target: &Target,
        speaker: &mut Speaker,
        endpoint: &ModelEndpoint,
    ) -> Result<Vec<String>, ModelError> {
        let url = match target.protocol {
            Protocol::OpenAi => target.url("models"),
            Protocol::Anthropic => with_query(&target.url("models"), "limit=1000"),
            Protocol::Gemini => with_query(&target.url("models"), "pageSize=1000"),
        };
        let request = Request::new(Method::GET, &url, target.trust)
            .and_then(|request| sign(request, target, endpoint))
            .map_err(|error| speaker.http(&error, false))?;
        let deadline = Instant::now() + LIST;
        let response = self.open(request, speaker, deadline, LIST).await?;
        let (status, headers) = (response.status, response.headers.clone());
        speaker.remember(&headers);
        if !(200..300).contains(&status) {
            let body = beginning(response, deadline).await;
            return Err(speaker.status(status, &headers, &body));
        }
        let mut all = BytesMut::new();
        let mut body = response.body;
        let read = async {
            while let Some(part) = body.next().await {
                all.extend_from_slice(&part.map_err(|error| speaker.http(&error, true))?);
            }
            Ok(())
        };
        timeout_at(deadline, read).await.unwrap_or_else(|_| {
            let message = format!("{} did not send its list of models within {} seconds.", target.host, LIST.as_secs());
            Err(ModelError::new(ModelFault::TimedOut, message))
        })?;
        let list: Json =
            serde_json::from_slice(&all).map_err(|_| speaker.malformed("something that is no list of models"))?;
        names(&list).ok_or_else(|| speaker.malformed("something that is no list of models"))
    }
}

/// The request as the provider wants it.
fn write(target: &Target, request: &ModelRequest, quirks: Quirks) -> botserver_http::Result<Request> {
    let (path, body) = match target.protocol {
        Protocol::OpenAi => (target.url("chat/completions"), openai::body(request, quirks)),
        Protocol::Anthropic => (target.url("messages"), anthropic::body(request, quirks)),
        Protocol::Gemini => {
            let path = format!("models/{}:streamGenerateContent", request.endpoint.model.trim_start_matches("models/"));
            (with_query(&target.url(&path), "alt=sse"), gemini::body(request, quirks))
        }
    };
    let mut sent = Request::new(Method::POST, &path, target.trust)?
        .body(body.to_string(), "application/json")
        .header("accept", "text/event-stream")?;
    sent = sign(sent, target, &request.endpoint)?;
    // Our own limits are narrower; these only catch what they forget.
    sent.timeout = request.limits.total;
    sent.max_body = answer::wire_limit(request.limits.bytes) as u64;
    Ok(sent)
}

fn sign(request: Request, target: &Target, endpoint: &ModelEndpoint) -> botserver_http::Result<Request> {
    let request = match target.protocol {
        Protocol::Anthropic => request.header("anthropic-version", anthropic::VERSION)?,
        Protocol::OpenAi | Protocol::Gemini => request,
    };
    let Some(key) = endpoint.key.as_ref().map(|key| key.expose().trim()).filter(|key| !key.is_empty()) else {
        return Ok(request);
    };
    let mut request = match target.protocol {
        Protocol::OpenAi if target.host.ends_with(".azure.com") => request.header("api-key", key)?,
        Protocol::OpenAi => request.header("authorization", &format!("Bearer {key}"))?,
        Protocol::Anthropic => request.header("x-api-key", key)?,
        Protocol::Gemini => request.header("x-goog-api-key", key)?,
    };
    for name in ["api-key", "authorization", "x-api-key", "x-goog-api-key"] {
        if let Some(value) = request.headers.get_mut(name) {
            value.set_sensitive(true);
        }
    }
    Ok(request)
}

fn with_query(url: &str, pair: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{pair}")
}

/// The beginning of a body, as far as it comes in time: what an error says.
async fn beginning(response: StreamingResponse, deadline: Instant) -> Vec<u8> {
    let (mut found, mut body) = (Vec::new(), response.body);
    while found.len() < ERROR_BODY
        && let Ok(Some(Ok(part))) = timeout_at(deadline, body.next()).await
    {
        found.extend_from_slice(&part);
    }
    if found.len() > ERROR_BODY {
        found.truncate(ERROR_BODY);
        // The last word is cut, and half a key does not look like one.
        let end = found.iter().rposition(u8::is_ascii_whitespace).unwrap_or(ERROR_BODY / 2);
        found.truncate(end);
    }
    found
}

/// The names in a list of models, as OpenAI, Together, Ollama and Google write it.
pub(crate) fn names(list: &Json) -> Option<Vec<String>> {
    let items = [&list["data"], &list["models"], list].into_iter().find_map(Json::as_array)?;
    let chats = |item: &&Json| {
        let methods = item["supportedGenerationMethods"].as_array();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent"))
    };
    let name = |item: &Json| ["id", "name", "model"].iter().find_map(|field| item[*field].as_str()).map(str::to_owned);
    let names = items.iter().filter(chats).filter_map(name);
    Some(names.map(|name| name.trim_start_matches("models/").to_owned()).collect())
}
