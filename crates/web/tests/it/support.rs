//! A site with routes to be tested on, and requests in one line.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::State,
    response::Response,
};
use botserver_kernel::{ErrorKind, Fault, OrgId, PersonId, Principal, Role};
use botserver_ports::Cache;
use botserver_testkit::{FixedClock, MemoryCache, SeqIds};
use botserver_web::{
    Authenticated, Authenticator, Caller, ClientAddress, Deadline, Health, IdempotencyKey, Json, Locale, Metrics,
    PageParameters, PageQuery, Path, Peer, Problem, Query, RateLimiter, RequestFacts, RequestId, ReservedNames, Site,
    SocketUpgrade, Sockets, Stack, WebSettings,
};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// Believes the header `x-person`; gives a cookie to whoever has none.
struct Believing;

#[async_trait]
impl Authenticator for Believing {
    async fn authenticate(&self, headers: &HeaderMap, _: &RequestFacts) -> Result<Authenticated, Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if text("x-person") == Some("broken") {
            return Err(Problem::internal(&"no identity today"));
        }
        let person = text("x-person").and_then(|number| number.parse().ok());
        let role = if text("x-role") == Some("owner") { Role::Owner } else { Role::Visitor };
        let person_id = PersonId::new(Uuid::from_u128(person.unwrap_or(1)));
        Ok(Authenticated {
            principal: Principal { org_id: OrgId::new(Uuid::from_u128(9)), person_id, role },
            sign_in: None,
            set_cookies: if person.is_none() { vec![HeaderValue::from_static("who=1; HttpOnly")] } else { vec![] },
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the kettle is cold")]
    Internal(#[source] std::io::Error),
    #[error("the door at 10.0.0.1 is shut")]
    Away,
    #[error("20 messages wait already")]
    QueueFull,
}

impl Fault for Failure {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Internal(_) => ErrorKind::Internal,
            Self::Away => ErrorKind::Unavailable,
            Self::QueueFull => ErrorKind::RateLimited,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Internal(_) => "internal",
            Self::Away => "unavailable",
            Self::QueueFull => "queue_full",
        }
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        matches!(self, Self::QueueFull).then_some(7)
    }
}

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) sockets: Sockets,
    /// A request of `/api/v1/wait` has arrived.
    pub(crate) arrived: Arc<Notify>,
    /// It may be answered.
    pub(crate) go_on: Arc<Notify>,
    /// The body of `/api/v1/endless` was dropped.
    pub(crate) dropped: Arc<Notify>,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Order {
    item: String,
    count: u32,
}

#[derive(Debug, Deserialize, IntoParams)]
struct Search {
    count: u32,
}

#[utoipa::path(post, path = "/api/v1/orders", responses((status = 200)))]
async fn order(Json(order): Json<Order>) -> Json<Value> {
    Json(json!({ "item": order.item, "count": order.count }))
}

#[utoipa::path(get, path = "/api/v1/public", responses((status = 200)))]
async fn public() -> impl axum::response::IntoResponse {
    ([("cache-control", "public, max-age=300")], "the same for everybody")
}

#[utoipa::path(get, path = "/api/v1/who", responses((status = 200)))]
async fn who(
    Caller(who): Caller,
    ClientAddress(address): ClientAddress,
    locale: Locale,
    IdempotencyKey(key): IdempotencyKey,
    id: RequestId,
    facts: RequestFacts,
) -> Json<Value> {
    Json(json!({
        "role": who.role, "person": who.person_id, "address": address, "locale": locale, "key": key,
        "request_id": id.as_str(), "secure": facts.secure, "embed": facts.embed, "local": facts.local,
    }))
}

#[utoipa::path(get, path = "/api/v1/list", params(PageParameters), responses((status = 200)))]
async fn list(PageQuery(page): PageQuery) -> Json<Value> {
    Json(json!({ "limit": page.limit, "after": page.after.map(|cursor| cursor.0) }))
}

#[utoipa::path(get, path = "/api/v1/things/{id}", params(("id" = String, Path)), responses((status = 200)))]
async fn thing(Path(id): Path<PersonId>, Query(search): Query<Search>) -> Json<Value> {
    Json(json!({ "id": id, "count": search.count }))
}

#[utoipa::path(get, path = "/api/v1/fail/{how}", params(("how" = String, Path)), responses((status = 500)))]
async fn fail(Path(how): Path<String>) -> Result<(), Problem> {
    match how.as_str() {
        "panic" => panic!("somebody left the gas on"),
        "away" => Err(Failure::Away)?,
        "queue" => Err(Failure::QueueFull)?,
        _ => Err(Failure::Internal(std::io::Error::other("password=hunter2")))?,
    }
    Ok(())
}

#[utoipa::path(get, path = "/api/v1/wait", responses((status = 200)))]
async fn wait(State(shared): State<Shared>) -> &'static str {
    shared.arrived.notify_one();
    shared.go_on.notified().await;
    "done"
}

#[utoipa::path(get, path = "/api/v1/patient", responses((status = 200)))]
async fn patient(State(shared): State<Shared>, deadline: Deadline) -> &'static str {
    deadline.extend(Duration::from_hours(1));
    shared.arrived.notify_one();
    shared.go_on.notified().await;
    "done"
}

struct TellDrop(Arc<Notify>);

impl Drop for TellDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[utoipa::path(get, path = "/api/v1/endless", responses((status = 200)))]
async fn endless(State(shared): State<Shared>) -> Body {
    let tell = TellDrop(shared.dropped.clone());
    let chunks = futures_util::stream::repeat_with(move || {
        let _kept = &tell;
        Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b'x'; 8_192]))
    });
    Body::from_stream(chunks)
}

#[utoipa::path(get, path = "/api/v1/socket", responses((status = 101)))]
async fn socket(State(shared): State<Shared>, upgrade: SocketUpgrade) -> Result<Response, Problem> {
    shared.sockets.accept(upgrade, "test.v1", |mut socket, shutdown| async move {
        loop {
            let message = tokio::select! {
                message = socket.recv() => message,
                () = shutdown.cancelled() => return,
            };
            match message {
                Some(Ok(message)) => drop(socket.send(message).await),
                _ => return,
            }
        }
    })
}

/// A site under test.
pub(crate) struct TestSite {
    pub(crate) router: Router,
    pub(crate) shared: Shared,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) reserved: ReservedNames,
    pub(crate) shutdown: CancellationToken,
}

impl TestSite {
    pub(crate) fn new() -> Self {
        Self::with(WebSettings::default(), Health::default())
    }

    pub(crate) fn with_settings(settings: WebSettings) -> Self {
        Self::with(settings, Health::default())
    }

    pub(crate) fn with(settings: WebSettings, health: Health) -> Self {
        let settings = Arc::new(settings);
        let (metrics, shutdown) = (Metrics::default(), CancellationToken::new());
        let clock = Arc::new(FixedClock::default());
        let cache: Arc<dyn Cache> = Arc::new(MemoryCache::default());
        let shared = Shared {
            sockets: Sockets::new(settings.clone(), &metrics, shutdown.clone()),
            arrived: Arc::default(),
            go_on: Arc::default(),
            dropped: Arc::default(),
        };
        let routes = OpenApiRouter::new()
            .routes(routes!(order))
            .routes(routes!(who))
            .routes(routes!(public))
            .routes(routes!(list))
            .routes(routes!(thing))
            .routes(routes!(fail))
            .routes(routes!(wait))
            .routes(routes!(patient))
            .routes(routes!(endless))
            .routes(routes!(socket))
            .with_state(shared.clone());
        let stack = Stack {
            settings,
            ids: Arc::new(SeqIds::default()),
            authenticator: Arc::new(Believing),
            limiter: RateLimiter::new(cache, clock.clone()),
            metrics,
        };
        let reserved = ReservedNames::default();
        let router = Site::new(health, reserved.clone()).routes(routes).build(stack);
        Self { router, shared, clock, reserved, shutdown }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(get(path, &[])).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(get(path, headers)).await
    }
}

pub(crate) fn get(path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    request("GET", path, headers, Body::empty())
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("a request")
}

/// The same request as if it came from that address.
pub(crate) fn from_address(mut request: Request<Body>, address: &str) -> Request<Body> {
    request.extensions_mut().insert(Peer(address.parse().expect("an address")));
    request
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Checks that it is a problem of that status and code, and returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:botserver:problem:{code}"));
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| text.len() > 10), "{problem}");
        }
        problem
    }
}
