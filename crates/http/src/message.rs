//! A request with its limits, and what came back.

use std::{pin::Pin, time::Duration};

use base64::Engine as _;
use bytes::Bytes;
use futures_util::Stream;
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};

use crate::{Error, Result, Trust, parse_url};

/// Longest body by default: 10 MB.
const MAX_BODY: u64 = 10 * 1024 * 1024;

/// A request to send.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST, …
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// What goes with it; across hosts only harmless ones follow a redirect.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
    /// Who chose the address.
    pub trust: Trust,
    /// From the first look-up to the last byte.
    pub timeout: Duration,
    /// The longest body that is accepted, in bytes.
    pub max_body: u64,
}

impl Request {
    /// A request with the default limits: 30 seconds for GET, 60 for the others, a body of 10 MB.
    /// A user and password in the address become a header.
    pub fn new(method: Method, url: &str, trust: Trust) -> Result<Self> {
        let mut url = parse_url(url)?;
        let mut headers = HeaderMap::new();
        if let Some(value) = basic_credentials(&url) {
            headers.insert(AUTHORIZATION, value);
        }
        strip_credentials(&mut url);
        let timeout = Duration::from_secs(if method == Method::GET { 30 } else { 60 });
        Ok(Self { method, url, headers, body: None, trust, timeout, max_body: MAX_BODY })
    }

    /// Adds a header, replacing one of the same name. Headers that frame the message are not accepted.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let bad = || Error::BadHeader { name: name.chars().take(60).collect() };
        let header = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| bad())?;
        if FRAMING.contains(&header.as_str()) {
            return Err(bad());
        }
        let value = HeaderValue::from_str(value.trim()).map_err(|_| bad())?;
        self.headers.insert(header, value);
        Ok(self)
    }

    /// Sets the body, and its type unless a header says so already.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>, content_type: &'static str) -> Self {
        self.body = Some(body.into());
        self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(content_type));
        self
    }
}

/// Headers that the client itself writes.
const FRAMING: &[&str] =
    &["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive", "expect"];

fn basic_credentials(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let mut pair = plain(url.username());
    pair.push(b':');
    pair.extend(plain(url.password().unwrap_or_default()));
    let mut value =
        HeaderValue::from_str(&format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Takes user and password out of an address. Both setters fail only where there can be none.
pub(crate) fn strip_credentials(url: &mut Url) {
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// An answer with its whole body.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    /// The body, as sent (never decompressed: we do not ask for compression).
    pub body: Bytes,
}

impl Response {
    /// True for 200 to 299.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The media type without parameters, lower case.
    pub fn media_type(&self) -> Option<String> {
        let text = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The body as text: UTF-8, or in the character set that the sender names. `None` when it is no text.
    pub fn text(&self) -> Option<String> {
        let named = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(|text| {
            let (_, rest) = text.split_once("charset=")?;
            let label = rest.split(';').next()?.trim().trim_matches('"');
            encoding_rs::Encoding::for_label(label.as_bytes())
        });
        let encoding = named.unwrap_or(encoding_rs::UTF_8);
        let (text, _, broken) = encoding.decode(&self.body);
        (!broken).then(|| text.into_owned())
    }
}

/// An answer whose body is still on its way.
pub struct StreamingResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// Where it came from, after redirects.
    pub url: Url,
    /// The body; ends with an error when it is longer than allowed or a piece takes longer than the
    /// request's time limit.
    pub body: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

impl std::fmt::Debug for StreamingResponse {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StreamingResponse")
            .field("status", &self.status)
            .field("url", &self.url.host_str())
            .finish_non_exhaustive()
    }
}
