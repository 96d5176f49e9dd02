//! A site with this room only, and a browser that keeps its cookies.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
};
use botserver_auth::{Auth, AuthDeps, AuthSettings};
use botserver_db::Db;
use botserver_kernel::{IdSource, RandomIds};
use botserver_ports::Cache;
use botserver_testkit::{FixedClock, MemoryCache};
use botserver_web::{Health, Metrics, Peer, RateLimiter, ReservedNames, Site, Stack, WebSettings};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) struct House {
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<FixedClock>,
    router: Router,
}

impl House {
    pub(crate) async fn open(db: &Db) -> Self {
        Self::with(db, WebSettings::default()).await
    }

    /// As behind a proxy that ends TLS.
    pub(crate) async fn open_secure(db: &Db) -> Self {
        let public_url = "https://bots.example".parse().ok();
        Self::with(db, WebSettings { public_url, ..WebSettings::default() }).await
    }

    async fn with(db: &Db, settings: WebSettings) -> Self {
        let clock = Arc::new(FixedClock::default());
        let cache: Arc<dyn Cache> = Arc::new(MemoryCache::default());
        let limiter = RateLimiter::new(cache, clock.clone());
        let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
        let deps = AuthDeps {
            db: db.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            limiter: limiter.clone(),
            settings: AuthSettings::default(),
        };
        let auth = Auth::open(deps).await.expect("open");
        let stack = Stack {
            settings: Arc::new(settings),
            ids,
            authenticator: auth.authenticator(),
            limiter,
            metrics: Metrics::default(),
        };
        let module = botserver_auth::module(&auth);
        let router = Site::new(Health::default(), ReservedNames::default()).routes(module.routes).build(stack);
        Self { auth, clock, router }
    }

    pub(crate) async fn owner_link(&self) -> String {
        self.auth.issue_owner_link().await.expect("a link").path.expose().clone()
    }
}

/// Keeps cookies and has an address.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) address: Option<&'static str>,
    /// The last `Set-Cookie` values, whole.
    pub(crate) set_cookies: Vec<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, house: &House, path: &str) -> Answer {
        self.send(house, "GET", path, "").await
    }

    pub(crate) async fn send(&mut self, house: &House, method: &str, path: &str, form: &str) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header("user-agent", "Test/1");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if !form.is_empty() {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        let mut request = request.body(Body::from(form.to_owned())).expect("a request");
        if let Some(address) = self.address {
            request.extensions_mut().insert(Peer(address.parse().expect("an address")));
        }
        let response = house.router.clone().oneshot(request).await.expect("infallible");
        let (head, body) = response.into_parts();
        self.set_cookies.clear();
        for cookie in head.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("text");
            self.set_cookies.push(cookie.to_owned());
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a pair");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: head.status, headers: head.headers, body }
    }

    /// `kind` and `id` of `/me`.
    pub(crate) async fn me(&mut self, house: &House) -> (String, String) {
        let me = self.get(house, "/api/v1/me").await.json();
        let text = |name: &str| me[name].as_str().expect("text").to_owned();
        (text("kind"), text("id"))
    }

    /// Opens an owner link and presses its button.
    pub(crate) async fn enter(&mut self, house: &House, link: &str) -> Answer {
        let token = link.split_once("token=").expect("a token").1.to_owned();
        self.send(house, "POST", "/owner/enter", &format!("token={token}")).await
    }

    pub(crate) fn cookie_named(&self, part: &str) -> (String, String) {
        let found = self.cookies.iter().find(|(name, _)| name.contains(part)).expect("a cookie");
        (found.0.clone(), found.1.clone())
    }
}
