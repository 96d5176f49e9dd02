//! The outermost layer: request id, log line, counters, panics, deadline, security headers.

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use botserver_kernel::ErrorKind;
use futures_util::FutureExt;
use http::{HeaderValue, Method, header};
use tracing::Instrument;

use super::{Stack, headers};
use crate::{
    Problem,
    problem::ProblemCode,
    request::{Deadline, Peer, REQUEST_ID_HEADER, RequestFacts, RequestId, within_request},
    unread::ReadToEnd,
};

pub(crate) async fn outer(State(stack): State<Arc<Stack>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::accept_or_make(request.headers(), &*stack.ids);
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let facts = RequestFacts::new(id.clone(), peer, request.uri(), request.headers(), &stack.settings);
    let deadline = Deadline::after(stack.settings.request_timeout);
    let method = method_name(request.method());
    // The pattern and not the path: a path may hold a token, a title or what somebody looked for.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let area = headers::Area::of(request.uri().path());
    // A socket lives as long as its people talk.
    let is_upgrade = request.headers().contains_key(header::UPGRADE);
    request.extensions_mut().insert(facts.clone());
    request.extensions_mut().insert(deadline.clone());

    let (request, body) = ReadToEnd::watch(request);
    let span = tracing::info_span!("request", id = id.as_str());
    let work = async {
        tokio::select! {
            answer = AssertUnwindSafe(next.run(request)).catch_unwind() => answer.unwrap_or_else(|panic| after_panic(&*panic)),
            () = deadline.passed(), if !is_upgrade => too_slow(),
        }
    };
    let mut response = within_request(id.clone(), work.instrument(span.clone())).await;

    headers::write(response.headers_mut(), &area, &facts, &stack.settings);
    if let Ok(value) = HeaderValue::try_from(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    if !body.is_reached() {
        // Or a client would send its next request into a connection that is being closed.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let (status, time) = (response.status().as_u16(), started.elapsed());
    stack.metrics.request(method, route, status, time);
    let code = response.extensions().get::<ProblemCode>().map(|code| code.0);
    span.in_scope(|| log(method, route, status, code, time));
    response
}

fn log(method: &str, route: &str, status: u16, code: Option<&str>, time: Duration) {
    let ms = time.as_secs_f64() * 1000.0;
    tracing::info!(target: "botserver_web::access", method, route, status, code, ms, "request");
}

/// Anybody can send any word as the method; ours are few, so that the counters stay few.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn after_panic(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("without a message"), "a handler panicked");
    Problem::unexplained().into_response()
}

fn too_slow() -> Response {
    let detail = "The server took too long and gave up; nothing is known to be wrong with the request.";
    Problem::new(ErrorKind::Unavailable, "timeout", detail).with_retry_after(5).into_response()
}
