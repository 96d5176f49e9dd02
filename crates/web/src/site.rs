//! Puts the routes of all rooms together with the pages, the health checks and the API's description,
//! and knows which first path segments are taken, so that no bot gets such a name.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    middleware::from_fn_with_state,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use botserver_kernel::{ErrorKind, Principal, Role};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::{
    ToSchema as _,
    openapi::{Content, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Responses},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Caller, Health, PROBLEM_JSON, Path, Problem, RequestFacts, app, docs, health,
    metrics::Metrics,
    stack::{Stack, guard, outer},
};

/// The first path segments that are routes. Clones share the set; it is complete once the site is built,
/// which `server` does before the first package is read.
#[derive(Clone, Debug, Default)]
pub struct ReservedNames(Arc<OnceLock<BTreeSet<String>>>);

impl ReservedNames {
    /// May no bot have this name? Case does not count, because people type addresses.
    pub fn contains(&self, name: &str) -> bool {
        self.0.get().is_some_and(|names| names.contains(&name.to_lowercase()))
    }

    /// All of them.
    pub fn list(&self) -> Vec<String> {
        self.0.get().map(|names| names.iter().cloned().collect()).unwrap_or_default()
    }
}

/// Collects what the rooms bring and becomes one router.
pub struct Site {
    guarded: OpenApiRouter,
    health: Arc<Health>,
    reserved: ReservedNames,
}

impl Site {
    /// A site with these checks behind `/readyz`.
    pub fn new(health: Health, reserved: ReservedNames) -> Self {
        Self { guarded: OpenApiRouter::new(), health: Arc::new(health), reserved }
    }

    /// Adds a room's routes. Each has its full path (`/api/v1/…`) and stands in its OpenAPI; handlers get
    /// a [`Caller`], and requests have passed the origin check and the rate limits.
    #[must_use]
    pub fn routes(mut self, routes: OpenApiRouter) -> Self {
        self.guarded = self.guarded.merge(routes);
        self
    }

    /// The router with the whole stack around it.
    pub fn build(self, stack: Stack) -> Router {
        let stack = Arc::new(stack);
        let metrics = OpenApiRouter::new().routes(routes!(metrics)).with_state(stack.metrics.clone());
        let (guarded, mut description) = self.guarded.merge(metrics).split_for_parts();
        let checks = OpenApiRouter::new()
            .routes(routes!(health::livez))
            .routes(routes!(health::readyz))
            .routes(routes!(health::healthz))
            .with_state(self.health);
        let (checks, checks_description) = checks.split_for_parts();
        description.merge(checks_description);
        let description = described(description);

        let mut paths: Vec<String> = description.paths.paths.keys().cloned().collect();
        let pages = pages(&mut paths);
        let assets = assets(&description, &mut paths);
        // The same set twice is no error: tests build several sites over one handle.
        let _ = self.reserved.0.set(first_segments(&paths));

        // Inside the layers, or the answer to a method that a route lacks would take the place of CORS.
        guarded
            .merge(pages)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn_with_state(stack.clone(), guard))
            .layer(cors(&stack))
            .merge(checks.merge(assets).method_not_allowed_fallback(wrong_method))
            .fallback(nothing_here)
            .layer(DefaultBodyLimit::max(stack.settings.body_limit_bytes))
            .layer(from_fn_with_state(stack, outer))
    }
}

fn described(description: OpenApi) -> OpenApi {
    let info = InfoBuilder::new()
        .title("BotServer")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Errors are RFC 9457 problems (`application/problem+json`). Lists are `{items, next_cursor}`. The \
             visitor is a signed cookie that the first answer sets.",
        ))
        .build();
    let mut whole = OpenApiBuilder::new().info(info).build();
    whole.merge(description);
    // A placeholder for a whole path is written otherwise in the router.
    let paths = std::mem::take(&mut whole.paths.paths);
    whole.paths.paths = paths.into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    for item in whole.paths.paths.values_mut() {
        let own = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in own.into_iter().flatten() {
            with_problems(&mut operation.responses);
        }
    }
    whole
}

/// Problems have a media type of their own, and every route may answer with one.
fn with_problems(responses: &mut Responses) {
    let problem = Ref::from_schema_name(Problem::name());
    let of_problem = || ContentBuilder::new().schema(Some(problem.clone())).build();
    for response in responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        let is_problem =
            |content: &RefOr<Content>| matches!(content, RefOr::T(own) if own.schema == Some(problem.clone().into()));
        if response.content.values().any(is_problem) {
            response.content.retain(|_, content| !is_problem(content));
            response.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(of_problem()));
        }
    }
    responses.responses.entry("default".to_owned()).or_insert_with(|| {
        let text = "Anything else: what went wrong and what to do.";
        RefOr::T(ResponseBuilder::new().description(text).content(PROBLEM_JSON, of_problem()).build())
    });
}

fn pages(paths: &mut Vec<String>) -> Router {
    let mut router = Router::new();
    let mut add = |path: &str, route| {
        paths.push(path.to_owned());
        router = std::mem::take(&mut router).route(path, route);
    };
    add("/", get(chat_page));
    add("/{bot}", get(chat_page));
    add("/{bot}/", get(without_slash));
    add("/{bot}/c/{conversation}", get(chat_page));
    add("/owner", get(owner_page));
    router
}

/// Files that cost nothing to give and that nobody is asked a cookie for.
fn assets(description: &OpenApi, paths: &mut Vec<String>) -> Router {
    // A description that does not serialise would be a bug of utoipa; the tests read it.
    let document = Bytes::from(serde_json::to_vec(description).unwrap_or_default());
    let mut router = Router::new();
    let mut add = |path: &str, route| {
        paths.push(path.to_owned());
        router = std::mem::take(&mut router).route(path, route);
    };
    add("/openapi.json", get(async move || docs::openapi(document.clone())));
    add("/docs", get(docs::docs_root));
    add("/docs/", get(docs::docs_index));
    add("/docs/{*path}", get(docs::docs_file));
    add("/assets/{*path}", get(root_file));
    let usual = ["embed.js", "icon.svg", "favicon.ico", "robots.txt"].map(str::to_owned);
    for name in app::root_files().into_iter().chain(usual).collect::<BTreeSet<_>>() {
        add(&format!("/{name}"), get(root_file));
    }
    router.layer(CompressionLayer::new())
}

fn first_segments(paths: &[String]) -> BTreeSet<String> {
    paths
        .iter()
        .filter_map(|path| path.split('/').nth(1))
        .filter(|segment| !segment.is_empty() && !segment.starts_with('{'))
        .map(str::to_lowercase)
        .collect()
}

/// Nobody but our own pages, until the operator names other sites.
fn cors(stack: &Stack) -> CorsLayer {
    let origins = stack.settings.allowed_origins.clone();
    let allowed = move |origin: &header::HeaderValue| origin.to_str().is_ok_and(|origin| origins.allows(origin));
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| allowed(origin)))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER])
}

async fn chat_page(headers: HeaderMap) -> Response {
    app::page("index.html", &headers)
}

async fn owner_page(headers: HeaderMap) -> Response {
    app::page("owner.html", &headers)
}

async fn without_slash(Path(bot): Path<String>, uri: Uri) -> Response {
    // A second slash in front would make it another host's address.
    if bot.starts_with(['/', '\\']) {
        return Problem::not_found("Nothing has this address.").into_response();
    }
    let path = uri.path().trim_end_matches('/');
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("{path}{query}")).into_response()
}

async fn root_file(uri: Uri, headers: HeaderMap) -> Response {
    app::file(uri.path().trim_start_matches('/'), &headers)
}

async fn nothing_here(headers: HeaderMap) -> Response {
    app::not_found(&headers)
}

async fn wrong_method(method: Method) -> Problem {
    Problem::new(ErrorKind::Invalid, "wrong_method", format!("This address does not answer to {method}."))
        .with_status(StatusCode::METHOD_NOT_ALLOWED)
}

#[utoipa::path(get, path = "/metrics", tag = "health", summary = "Counters, for Prometheus",
    description = "For the owner, and for programs on the server's own machine.",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
              (status = 404, description = "not for this caller", body = Problem)))]
async fn metrics(
    State(metrics): State<Metrics>,
    Caller(who): Caller,
    facts: RequestFacts,
) -> Result<Response, Problem> {
    let Principal { role, .. } = who;
    if role != Role::Owner && !facts.local {
        return Err(Problem::not_found("Nothing has this address."));
    }
    let mime = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, mime)], metrics.render()).into_response())
}
