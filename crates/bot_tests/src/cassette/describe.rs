//! Requests and answers of HTTP as a cassette has them: what matters, without secrets, so that people can read it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use botserver_http::{Error, HeaderMap, HeaderName, HeaderValue, Request, Response, Url};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::masks::{Secrets, is_secret};

/// Headers of requests that say nothing about what is wanted, or that differ in every run.
const NOISE: [&str; 7] =
    ["accept", "accept-encoding", "accept-language", "content-length", "host", "idempotency-key", "user-agent"];
/// Headers of answers that somebody may look at.
const KEPT: [&str; 8] = [
    "content-disposition",
    "content-language",
    "content-type",
    "etag",
    "last-modified",
    "link",
    "location",
    "retry-after",
];

/// A request as a cassette has it.
pub(super) fn request(request: &Request, secrets: &Secrets) -> Json {
    let mut own = Map::new();
    own.insert("method".to_owned(), request.method.as_str().into());
    own.insert("url".to_owned(), secrets.masked_url(&request.url).into());
    let wanted = |name: &str| !NOISE.contains(&name) && !is_secret(name);
    let headers = headers(&request.headers, wanted, secrets);
    if !headers.is_empty() {
        own.insert("headers".to_owned(), Json::Object(headers));
    }
    if let Some(bytes) = request.body.as_ref().filter(|body| !body.is_empty()) {
        let (name, value) = body(bytes, &request.headers, secrets);
        match name {
            "base64" => own.insert("binary".to_owned(), json!({"sha256": digest(bytes), "bytes": bytes.len()})),
            _ => own.insert(name.to_owned(), sorted(&value)),
        };
    }
    Json::Object(own)
}

/// An answer as a cassette has it.
pub(super) fn answer(request: &Request, outcome: &Result<Response, Error>, secrets: &Secrets) -> Json {
    let response = match outcome {
        Ok(response) => response,
        Err(error) => return json!({"error": secrets.masked(&error.to_string())}),
    };
    let mut own = Map::new();
    own.insert("status".to_owned(), response.status.into());
    if response.url != request.url {
        own.insert("url".to_owned(), secrets.masked_url(&response.url).into());
    }
    let headers = headers(&response.headers, |name| KEPT.contains(&name), secrets);
    if !headers.is_empty() {
        own.insert("headers".to_owned(), Json::Object(headers));
    }
    if !response.body.is_empty() {
        let (name, value) = body(&response.body, &response.headers, secrets);
        own.insert(name.to_owned(), value);
    }
    Json::Object(own)
}

/// The answer that a cassette has.
pub(super) fn replayed(request: &Request, answer: &Json) -> Result<Response, Error> {
    let broken = |what: &str| Error::Exchange { message: format!("the cassette is broken: {what}") };
    if let Some(message) = answer["error"].as_str() {
        return Err(Error::Exchange { message: message.to_owned() });
    }
    let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let url = answer["url"].as_str().and_then(|url| Url::parse(url).ok());
    let mut headers = HeaderMap::new();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        let name = HeaderName::from_bytes(name.as_bytes()).ok();
        let (Some(name), Some(value)) = (name, value) else { return Err(broken("a header cannot be read")) };
        headers.insert(name, value);
    }
    let body = match (answer.get("json"), answer["text"].as_str(), answer["base64"].as_str()) {
        (Some(body), _, _) => Bytes::from(body.to_string()),
        (_, Some(text), _) => Bytes::from(text.to_owned()),
        (_, _, Some(text)) => STANDARD.decode(text).map_err(|_| broken("a body is not base64"))?.into(),
        _ => Bytes::new(),
    };
    let status = status.ok_or_else(|| broken("an answer has no status"))?;
    Ok(Response { status, headers, url: url.unwrap_or_else(|| request.url.clone()), body })
}

fn headers(all: &HeaderMap, wanted: impl Fn(&str) -> bool, secrets: &Secrets) -> Map<String, Json> {
    let mut kept: Vec<(&str, &str)> = all
        .iter()
        .filter(|(name, value)| wanted(name.as_str()) && !value.is_sensitive())
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    kept.sort_unstable();
    kept.into_iter().map(|(name, value)| (name.to_owned(), secrets.masked(value).into())).collect()
}

/// How a body is kept: as JSON, as text, or as bytes.
fn body(bytes: &Bytes, headers: &HeaderMap, secrets: &Secrets) -> (&'static str, Json) {
    let named = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Ok(value) = serde_json::from_slice::<Json>(bytes)
        && (value.is_object() || value.is_array() || named.contains("json"))
    {
        return ("json", secrets.masked_json(&value));
    }
    match std::str::from_utf8(bytes) {
        // Pairs have no line ends, and a form without a type is a text.
        Ok(text) if named.starts_with("application/x-www-form-urlencoded") => {
            let pairs = Url::parse(&format!("x:?{text}")).ok();
            let masked = pairs.map(|own| secrets.masked_pairs(own.query_pairs()));
            ("text", masked.unwrap_or_else(|| secrets.masked(text)).into())
        }
        Ok(text) => ("text", secrets.masked(text).into()),
        Err(_) => ("base64", STANDARD.encode(bytes).into()),
    }
}

/// A value with its fields in the order of their names: whoever writes it in another order means the same.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(sorted).collect(),
        Json::Object(fields) => {
            let mut fields: Vec<(&String, &Json)> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            fields.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect()
        }
        other => other.clone(),
    }
}

/// What stands for bytes that nobody can read.
pub(super) fn digest(bytes: &[u8]) -> String {
    let first = Sha256::digest(bytes).iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{first:016x}")
}
