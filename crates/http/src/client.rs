//! Sends requests: chooses the guarded or the open connection pool, follows redirects by hand so that
//! every hop is judged again, and stops bodies that grow too long.

use std::{
    error::Error as StdError,
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION},
    redirect,
};

use crate::{
    Error, Exchange, OutboundPolicy, Request, Resolve, Response, Result, StreamingResponse, SystemResolver, Trust,
    is_public,
    message::strip_credentials,
    parse_url,
    resolver::{Checked, NoAddress, PrivateAddress},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 10;
/// All response headers together; the parser's own limits come before it.
const MAX_HEADERS: usize = 64 * 1024;
/// What may follow a redirect to another host.
const HARMLESS: &[&str] = &["accept", "accept-language", "content-type", "user-agent", "idempotency-key", "range"];

/// The outbound client. Cheap to share; connections are kept and reused.
pub struct HttpClient {
    policy: OutboundPolicy,
    resolver: Arc<dyn Resolve>,
    /// Made at first use: reading the machine's certificates takes time that a start should not wait for.
    guarded: OnceLock<Result<reqwest::Client>>,
    open: OnceLock<Result<reqwest::Client>>,
    exchange: Option<Arc<dyn Exchange>>,
}

impl HttpClient {
    /// A client for the operator's policy that looks names up with the machine's resolver.
    pub fn new(policy: OutboundPolicy) -> Self {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// A client that looks names up elsewhere.
    pub fn with_resolver(policy: OutboundPolicy, resolver: Arc<dyn Resolve>) -> Self {
        Self { policy, resolver, guarded: OnceLock::new(), open: OnceLock::new(), exchange: None }
    }

    /// Everything goes by this first.
    #[must_use]
    pub fn with_exchange(mut self, exchange: Arc<dyn Exchange>) -> Self {
        self.exchange = Some(exchange);
        self
    }

    /// Sends the request and reads the whole answer.
    pub async fn send(&self, request: Request) -> Result<Response> {
        let (timeout, host) = (request.timeout, host_of(&request.url));
        let work = async { whole(self.open(request).await?).await };
        tokio::time::timeout(timeout, work).await.map_err(|_| Error::Timeout { host, after: timeout })?
    }

    /// Sends the request and hands out the body piece by piece. The time limit holds for the head, and
    /// then for each piece.
    pub async fn open(&self, request: Request) -> Result<StreamingResponse> {
        let Some(exchange) = &self.exchange else { return self.open_outside(request).await };
        let max_body = request.max_body;
        let outcome = if let Some(known) = exchange.answer(&request)? {
            Ok(known)
        } else {
            let asked = request.clone();
            // A recording has the whole answer; nobody waits for its first piece.
            let outcome = async { whole(self.open_outside(request).await?).await }.await;
            exchange.heard(&asked, &outcome);
            outcome
        };
        let Response { status, headers, url, body } = outcome?;
        if body.len() as u64 > max_body {
            return Err(Error::TooLarge { host: host_of(&url), limit: max_body });
        }
        let body = futures_util::stream::once(std::future::ready(Ok(body)));
        Ok(StreamingResponse { status, headers, url, body: Box::pin(body) })
    }

    async fn open_outside(&self, request: Request) -> Result<StreamingResponse> {
        let (timeout, max_body) = (request.timeout, request.max_body);
        let host = host_of(&request.url);
        let response = tokio::time::timeout(timeout, self.follow(request))
            .await
            .map_err(|_| Error::Timeout { host, after: timeout })??;
        let (url, status) = (response.url().clone(), response.status().as_u16());
        let host = host_of(&url);
        let size: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if size > MAX_HEADERS {
            return Err(Error::TooLarge { host, limit: MAX_HEADERS as u64 });
        }
        if response.content_length().is_some_and(|length| length > max_body) {
            return Err(Error::TooLarge { host, limit: max_body });
        }
        let headers = response.headers().clone();
        let body = limited(Box::pin(response.bytes_stream()), host, max_body, timeout);
        Ok(StreamingResponse { status, headers, url, body: Box::pin(body) })
    }

    async fn follow(&self, mut request: Request) -> Result<reqwest::Response> {
        let first = host_of(&request.url);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.hop(&request).await?;
            let Some(next) = next_hop(&request, &response)? else { return Ok(response) };
            request = next;
        }
        Err(Error::TooManyRedirects { host: first, limit: MAX_REDIRECTS })
    }

    async fn hop(&self, request: &Request) -> Result<reqwest::Response> {
        let client = self.client_for(&request.url, request.trust)?;
        let mut builder = client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        builder.send().await.map_err(|error| explain(&error, &request.url))
    }

    fn client_for(&self, url: &Url, trust: Trust) -> Result<&reqwest::Client> {
        let port = url.port_or_known_default().unwrap_or(0);
        let host = host_of(url);
        if trust == Trust::Operator || self.policy.allows(&host, port) {
            return self.open.get_or_init(|| self.build(false)).as_ref().map_err(Clone::clone);
        }
        // Names are judged by the resolver; addresses never reach it, so they are judged here.
        if host.parse::<IpAddr>().is_ok_and(|address| !is_public(address)) {
            return Err(Error::Refused { host, port });
        }
        self.guarded.get_or_init(|| self.build(true)).as_ref().map_err(Clone::clone)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that builds a client")]
    fn build(&self, guarded: bool) -> Result<reqwest::Client> {
        // The server installs its provider at start; tools and tests that did not get ring as well.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Losing a race against another thread means that one is installed now.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        reqwest::Client::builder()
            .user_agent(concat!("BotServer/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .referer(false)
            // A proxy of the environment would look names up itself, past the guard.
            .no_proxy()
            .pool_idle_timeout(Duration::from_mins(1))
            .http2_max_header_list_size(MAX_HEADERS as u32)
            .dns_resolver(Arc::new(Checked { inner: self.resolver.clone(), guarded }))
            .build()
            .map_err(|error| Error::Setup { reason: innermost(&error) })
    }
}

/// An answer with all of its body.
async fn whole(response: StreamingResponse) -> Result<Response> {
    let StreamingResponse { status, headers, url, mut body } = response;
    let mut whole = BytesMut::new();
    while let Some(piece) = body.next().await {
        whole.extend_from_slice(&piece?);
    }
    Ok(Response { status, headers, url, body: whole.freeze() })
}

/// The request that a redirect asks for, if the answer is one.
fn next_hop(request: &Request, response: &reqwest::Response) -> Result<Option<Request>> {
    let status = response.status();
    let keeps_method = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let is_redirect =
        keeps_method || matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER);
    let Some(location) = response.headers().get(LOCATION).filter(|_| is_redirect) else { return Ok(None) };
    let bad = || Error::BadRedirect { host: host_of(&request.url) };
    let joined = location.to_str().ok().and_then(|text| request.url.join(text).ok()).ok_or_else(bad)?;
    let mut url = parse_url(joined.as_str()).map_err(|_| bad())?;
    strip_credentials(&mut url);
    let mut next = request.clone();
    if !keeps_method && request.method != Method::HEAD {
        if request.method != Method::GET {
            next.method = Method::GET;
        }
        next.body = None;
        next.headers.remove(CONTENT_TYPE);
    }
    if url.origin() != request.url.origin() {
        keep_harmless(&mut next.headers);
        // The operator vouched for the first address, not for where it points.
        next.trust = Trust::Untrusted;
    }
    next.url = url;
    Ok(Some(next))
}

/// Across hosts every header might be a credential (`X-Api-Key`), so only known ones go on.
fn keep_harmless(headers: &mut HeaderMap) {
    *headers =
        HARMLESS.iter().filter_map(|name| Some((HeaderName::from_static(name), headers.get(*name)?.clone()))).collect();
}

fn limited(
    stream: impl Stream<Item = reqwest::Result<Bytes>> + Send + Unpin + 'static,
    host: String,
    limit: u64,
    timeout: Duration,
) -> impl Stream<Item = Result<Bytes>> + Send {
    futures_util::stream::unfold(Some((stream, 0_u64)), move |state| {
        let host = host.clone();
        async move {
            let (mut stream, seen) = state?;
            let piece = match tokio::time::timeout(timeout, stream.next()).await {
                Err(_) => return Some((Err(Error::Timeout { host, after: timeout }), None)),
                Ok(None) => return None,
                Ok(Some(Err(_))) => return Some((Err(Error::Broken { host }), None)),
                Ok(Some(Ok(piece))) => piece,
            };
            let seen = seen + piece.len() as u64;
            if seen > limit {
                return Some((Err(Error::TooLarge { host, limit }), None));
            }
            Some((Ok(piece), Some((stream, seen))))
        }
    })
}

/// The host as people know it: an IPv6 address without brackets.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned()
}

fn explain(error: &reqwest::Error, url: &Url) -> Error {
    let host = host_of(url);
    if has_cause::<PrivateAddress>(error) {
        return Error::Refused { host, port: url.port_or_known_default().unwrap_or(0) };
    }
    if has_cause::<NoAddress>(error) {
        return Error::Unknown { host };
    }
    if has_cause::<rustls::Error>(error) {
        return Error::Certificate { host };
    }
    if error.is_timeout() {
        return Error::Timeout { host, after: CONNECT_TIMEOUT };
    }
    if error.is_connect() {
        return Error::Connect { host };
    }
    Error::Broken { host }
}

fn has_cause<E: StdError + 'static>(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        // An io::Error hides what it wraps from `source`.
        if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)
            && has_cause::<E>(inner)
        {
            return true;
        }
        next = error.source();
    }
    false
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
