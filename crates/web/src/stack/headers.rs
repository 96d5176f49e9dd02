//! Security headers. A handler that needs others sets them itself; what is there is kept.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS},
};

use crate::{request::RequestFacts, settings::WebSettings};

/// The bot that answers at `/`.
const DEFAULT_BOT: &str = "default";

/// Which policy a path gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// Data.
    Api,
    /// What a browser shows: the page of this bot, if there is one of that name.
    Page(String),
    /// Swagger UI, which styles itself inline.
    Docs,
}

impl Area {
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/api/") {
            Self::Api
        } else if path == "/docs" || path.starts_with("/docs/") {
            Self::Docs
        } else {
            let bot = path.split('/').nth(1).filter(|name| !name.is_empty()).unwrap_or(DEFAULT_BOT);
            Self::Page(bot.to_lowercase())
        }
    }
}

const API: &str = "default-src 'none'; frame-ancestors 'none'";
const DOCS: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https:; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

const FIXED: [(HeaderName, HeaderValue); 5] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

pub(crate) fn write(headers: &mut HeaderMap, area: &Area, facts: &RequestFacts, settings: &WebSettings) {
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, policy(area, facts, settings));
    }
    // Only where the operator said that the public address is https: for a year nothing else would work.
    if facts.secure && settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https") {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static("max-age=31536000"));
    }
}

fn policy(area: &Area, facts: &RequestFacts, settings: &WebSettings) -> HeaderValue {
    match area {
        Area::Api => HeaderValue::from_static(API),
        Area::Docs => HeaderValue::from_static(DOCS),
        Area::Page(bot) if facts.embed => {
            let policy = format!("{PAGE}{}", settings.allowed_origins.as_csp_sources(bot));
            HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(PAGE))
        }
        Area::Page(_) => HeaderValue::from_static(PAGE),
    }
}
