//! The HTTP API as one visitor sees it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::{Client, header};
use serde_json::Value as Json;

/// A client for everybody; each visitor brings a cookie.
#[expect(clippy::disallowed_methods, reason = "a person's browser, not the product")]
pub(crate) fn http() -> Client {
    // Another test of this process may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_secs(30)).build().expect("a plain client")
}

/// Somebody with a cookie and an address.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) cookie: String,
    pub(crate) address: String,
}

impl Visitor {
    /// Comes for the first time; `None` when the server is not there.
    pub(crate) async fn arrive(http: &Client, server: &str, address: &str) -> Option<Self> {
        let request = http.get(format!("http://{server}/api/v1/me")).header("x-forwarded-for", address);
        let answer = request.send().await.ok()?;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookie = cookies.collect::<Vec<_>>().join("; ");
        (answer.status().is_success() && !cookie.is_empty()).then(|| Self { cookie, address: address.to_owned() })
    }

    async fn get(&self, http: &Client, url: &str) -> Result<Json> {
        let request = http.get(url).header("cookie", &self.cookie).header("x-forwarded-for", &self.address);
        let answer = request.send().await.with_context(|| url.to_owned())?;
        ensure!(answer.status().is_success(), "{url}: {}", answer.status());
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// All events of a conversation.
    pub(crate) async fn events(&self, http: &Client, server: &str, conversation: &str) -> Result<Vec<Json>> {
        let found = self.get(http, &format!("http://{server}/api/v1/conversations/{conversation}/events")).await?;
        found["items"].as_array().cloned().context("a page of events")
    }

    /// All messages of a conversation.
    pub(crate) async fn messages(&self, http: &Client, server: &str, conversation: &str) -> Result<Vec<Json>> {
        let url = format!("http://{server}/api/v1/conversations/{conversation}/messages?limit=100");
        let found = self.get(http, &url).await?;
        ensure!(found["next_cursor"].is_null(), "all of them");
        found["items"].as_array().cloned().context("a page of messages")
    }
}
