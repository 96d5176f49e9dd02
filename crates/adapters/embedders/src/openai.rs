//! An embedder behind an address that speaks as OpenAI does: `POST {url}/embeddings`. Knows no provider by name.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use base64::Engine as _;
use botserver_http::{HttpClient, Method, Request, Response, Trust};
use botserver_kernel::Secret;
use botserver_ports::{EmbedError, EmbedKind, Embedder};
use serde::{Deserialize, Serialize};

/// Texts in one request.
const TEXTS: usize = 96;
/// Letters in one request; a single text may have more.
const LETTERS: usize = 200_000;
const TIMEOUT: Duration = Duration::from_mins(1);
/// Longest answer: vectors as numbers in text.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
const TRIES: u32 = 4;
/// Before the second try; each later one waits twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// A service that wants us to wait longer has failed.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Where the service is and how it is asked.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// The address before `/embeddings`, such as `https://api.openai.com/v1`.
    pub url: String,
    /// The key, if it wants one.
    pub key: Option<Secret<String>>,
    /// The model's name.
    pub model: String,
    /// The length of its vectors, if it is known; else the service is asked.
    pub dimensions: Option<usize>,
    /// Who chose the address.
    pub trust: Trust,
}

/// A service.
pub struct OpenAiEmbedder {
    http: Arc<HttpClient>,
    settings: OpenAiSettings,
    name: String,
    dimensions: OnceLock<usize>,
    /// Whether it has refused to write vectors as base64.
    plain: AtomicBool,
}

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Numbers,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Numbers {
    List(Vec<f32>),
    Base64(String),
}

#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reason {
    Object { message: String },
    Text(String),
}

enum Failure {
    /// Trying again may help, after this time if the service says so.
    Later(String, Option<Duration>),
    /// It refuses what was asked.
    Refused(String),
    Final(String),
}

impl OpenAiEmbedder {
    /// A service; nothing is sent yet.
    pub fn new(http: Arc<HttpClient>, settings: OpenAiSettings) -> Self {
        let dimensions = OnceLock::new();
        if let Some(known) = settings.dimensions {
            // New, so it is empty.
            let _ = dimensions.set(known);
        }
        // The address belongs to the name: two services may call different models the same.
        let host = settings.url.split("://").last().unwrap_or_default().split(['/', '?']).next().unwrap_or_default();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let name = format!("{}@{host}", settings.model);
        Self { http, settings, name, dimensions, plain: AtomicBool::new(false) }
    }

    async fn batch(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut pause = PAUSE;
        let mut tried = 0;
        loop {
            tried += 1;
            let plain = self.plain.load(Ordering::Relaxed);
            match self.ask(texts, plain).await {
                Ok(vectors) => return Ok(vectors),
                Err(Failure::Refused(_)) if !plain => self.plain.store(true, Ordering::Relaxed),
                Err(Failure::Later(_, wait)) if tried < TRIES && wait.is_none_or(|wait| wait <= LONGEST_PAUSE) => {
                    tokio::time::sleep(wait.unwrap_or(pause)).await;
                    pause *= 2;
                }
                Err(Failure::Later(reason, _) | Failure::Refused(reason) | Failure::Final(reason)) => {
                    return Err(EmbedError::Service(reason));
                }
            }
        }
    }

    async fn ask(&self, texts: &[String], plain: bool) -> Result<Vec<Vec<f32>>, Failure> {
        let encoding_format = (!plain).then_some("base64");
        let ask = Ask { model: &self.settings.model, input: texts, encoding_format };
        let body = serde_json::to_vec(&ask).map_err(|error| Failure::Final(error.to_string()))?;
        let url = format!("{}/embeddings", self.settings.url.trim_end_matches('/'));
        let request = || -> botserver_http::Result<Request> {
            let mut request = Request::new(Method::POST, &url, self.settings.trust)?.body(body, "application/json");
            if let Some(key) = &self.settings.key {
                request = request.header("authorization", &format!("Bearer {}", key.expose()))?;
                for value in request.headers.values_mut() {
                    value.set_sensitive(true);
                }
            }
            (request.timeout, request.max_body) = (TIMEOUT, MAX_ANSWER);
            Ok(request)
        };
        let request = request().map_err(|error| Failure::Final(error.to_string()))?;
        let response = self.http.send(request).await.map_err(|error| match error {
            botserver_http::Error::Connect { .. }
            | botserver_http::Error::Broken { .. }
            | botserver_http::Error::Timeout { .. } => Failure::Later(error.to_string(), None),
            error => Failure::Final(error.to_string()),
        })?;
        if !response.is_success() {
            return Err(self.failure(&response));
        }
        let answer: Answer = match serde_json::from_slice(&response.body) {
            Ok(answer) => answer,
            // Some answer 200 with an error in it.
            Err(_) if serde_json::from_slice::<Refusal>(&response.body).is_ok() => {
                return Err(Failure::Final(self.reason(&response)));
            }
            Err(_) => return Err(Failure::Final("the answer is not a list of vectors".to_owned())),
        };
        self.vectors(answer, texts.len())
    }

    fn failure(&self, response: &Response) -> Failure {
        let reason = self.reason(response);
        let wait = response.headers.get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        match response.status {
            408 | 429 | 500..=599 => Failure::Later(reason, wait.map(Duration::from_secs)),
            400 | 422 => Failure::Refused(reason),
            _ => Failure::Final(reason),
        }
    }

    /// The status and what the service says about it, without the key, which some of them repeat.
    fn reason(&self, response: &Response) -> String {
        let said = match serde_json::from_slice(&response.body) {
            Ok(Refusal { error: Reason::Object { message } | Reason::Text(message) }) => message,
            Err(_) => String::new(),
        };
        let said = match &self.settings.key {
            Some(key) if !key.expose().is_empty() => said.replace(key.expose().as_str(), "••••"),
            _ => said,
        };
        let said: String = said.chars().take(300).collect();
        let said = if said.is_empty() { String::new() } else { format!(": {said}") };
        format!("status {}{said}", response.status)
    }

    fn vectors(&self, answer: Answer, count: usize) -> Result<Vec<Vec<f32>>, Failure> {
        if answer.data.len() != count {
            return Err(Failure::Final(format!("{} vectors came for {count} texts", answer.data.len())));
        }
        let mut vectors = vec![Vec::new(); count];
        for (place, item) in answer.data.into_iter().enumerate() {
            let vector =
                unit(item.embedding.read().ok_or_else(|| Failure::Final("a vector is not numbers".to_owned()))?)
                    .ok_or_else(|| Failure::Final("a vector points nowhere".to_owned()))?;
            let expected = *self.dimensions.get_or_init(|| vector.len());
            if vector.len() != expected {
                let given = vector.len();
                return Err(Failure::Final(format!("a vector has {given} numbers instead of {expected}")));
            }
            match vectors.get_mut(item.index.unwrap_or(place)) {
                Some(free) if free.is_empty() => *free = vector,
                _ => return Err(Failure::Final("the vectors are numbered wrongly".to_owned())),
            }
        }
        Ok(vectors)
    }
}

impl Numbers {
    fn read(self) -> Option<Vec<f32>> {
        match self {
            Self::List(numbers) => Some(numbers),
            Self::Base64(text) => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
                let (numbers, rest) = bytes.as_chunks::<4>();
                rest.is_empty().then(|| numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
        }
    }
}

/// With length 1.
fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    if !length.is_finite() || length <= 0.0 {
        return None;
    }
    for number in &mut vector {
        *number /= length;
    }
    Some(vector)
}

#[async_trait]
impl Embedder for OpenAiEmbedder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn dimensions(&self) -> Result<usize, EmbedError> {
        if self.dimensions.get().is_none() {
            self.batch(&["How long is a vector?".to_owned()]).await?;
        }
        self.dimensions.get().copied().ok_or_else(|| EmbedError::Service("no vector came".to_owned()))
    }

    async fn embed(&self, texts: &[String], _: EmbedKind) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut rest = texts;
        while !rest.is_empty() {
            let mut letters = 0;
            let fits = |text: &&String| {
                letters += text.len();
                letters <= LETTERS
            };
            let count = rest.iter().take(TEXTS).take_while(fits).count().max(1);
            let (batch, after) = rest.split_at(count.min(rest.len()));
            vectors.extend(self.batch(batch).await?);
            rest = after;
        }
        Ok(vectors)
    }
}
