//! What is known about a request before any handler runs: its id, whence it came, whether it came over
//! https and whether the page is shown inside somebody else's. Computed once by the outermost layer.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::extract::FromRequestParts;
use botserver_kernel::{IdSource, RequestId as RequestUuid};
use http::{HeaderMap, Uri, header, request::Parts};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{Problem, settings::WebSettings};

/// The header that carries the request's id, in and out.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// The id of the request: the client's own, if it is a plain word of at most 64 characters, or a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn accept_or_make(headers: &HeaderMap, ids: &dyn IdSource) -> Self {
        let plain = |text: &&str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        let given = headers.get(REQUEST_ID_HEADER).and_then(|value| value.to_str().ok()).filter(plain);
        match given {
            Some(text) => Self(text.into()),
            None => Self(RequestUuid::new(ids.next_uuid()).to_string().into()),
        }
    }
}

tokio::task_local! {
    static REQUEST_ID: RequestId;
}

/// The id of the request that the current task answers.
pub fn current_request_id() -> Option<RequestId> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

pub(crate) async fn within_request<F: Future>(id: RequestId, work: F) -> F::Output {
    REQUEST_ID.scope(id, work).await
}

/// The address of the connection that a request came in on; `serve` puts it among the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The facts of a request that do not depend on who sent it.
#[derive(Clone, Debug)]
pub struct RequestFacts {
    /// Its id.
    pub id: RequestId,
    /// The client's address: the peer, or what a trusted proxy says of it. `None` in process.
    pub address: Option<IpAddr>,
    /// True when the client spoke https, with us or with a proxy in front of us.
    pub secure: bool,
    /// True when the page is asked for as part of another site's page (`?embed=1`).
    pub embed: bool,
    /// True when a program on this machine asks directly, not through a proxy and not by a foreign name.
    pub local: bool,
}

impl RequestFacts {
    pub(crate) fn new(
        id: RequestId,
        peer: Option<IpAddr>,
        uri: &Uri,
        headers: &HeaderMap,
        settings: &WebSettings,
    ) -> Self {
        let trusted = peer.is_some_and(|peer| settings.trusts(peer));
        let address = peer.map(|peer| if trusted { forwarded_for(headers, settings).unwrap_or(peer) } else { peer });
        let forwarded_https = trusted && text(headers, "x-forwarded-proto").is_some_and(|proto| proto == "https");
        let public_https = settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        let forwarded =
            ["x-forwarded-for", "forwarded", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name));
        Self {
            id,
            address,
            secure: forwarded_https || public_https,
            embed: uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "embed=1")),
            local: peer.is_some_and(|peer| peer.to_canonical().is_loopback())
                && !forwarded
                && names_this_machine(headers),
        }
    }
}

/// The last address in `X-Forwarded-For` that is not one of our own proxies: everything left of it was
/// written by the client and may be a lie.
fn forwarded_for(headers: &HeaderMap, settings: &WebSettings) -> Option<IpAddr> {
    let mut hops = Vec::new();
    for value in headers.get_all("x-forwarded-for") {
        hops.extend(value.to_str().ok()?.split(',').map(str::trim));
    }
    let mut nearest = None;
    for hop in hops.into_iter().rev() {
        let address: IpAddr = hop.parse().ok()?;
        nearest = Some(address);
        if !settings.trusts(address) {
            break;
        }
    }
    nearest
}

/// A name that somebody else's DNS can point at this machine does not count.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = text(headers, header::HOST.as_str()) else { return false };
    match url::Url::parse(&format!("http://{host}")).ok().as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(crate) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl<S: Sync> FromRequestParts<S> for RequestFacts {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(&"the web stack is not applied"))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(RequestFacts::from_request_parts(parts, state).await?.id)
    }
}

/// Until when the request must have been answered; a handler that is known to take long (`?wait=60`, a
/// large upload) moves it.
#[derive(Clone, Debug)]
pub struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    pub(crate) fn after(time: Duration) -> Self {
        Self(Arc::new(Mutex::new(Instant::now() + time)))
    }

    /// Gives the handler at least `time` from now.
    pub fn extend(&self, time: Duration) {
        let mut until = self.0.lock();
        *until = (*until).max(Instant::now() + time);
    }

    /// Resolves when the deadline, with all its extensions, is over.
    pub(crate) async fn passed(&self) {
        loop {
            let until = *self.0.lock();
            if Instant::now() >= until {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Deadline {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Problem::internal(&"the web stack is not applied"))
    }
}
