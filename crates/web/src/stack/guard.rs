//! Around the API and the pages: foreign origins, rate limits, and who it is.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, Method, header};

use super::Stack;
use crate::{
    Problem,
    authenticate::Authenticated,
    origin,
    rate::{RateState, address_key},
    request::RequestFacts,
};

pub(crate) async fn guard(State(stack): State<Arc<Stack>>, mut request: Request, next: Next) -> Response {
    let (method, is_api) = (request.method().clone(), request.uri().path().starts_with("/api/"));
    let facts = request.extensions().get::<RequestFacts>().cloned();
    let admitted = admit(&stack, &method, is_api, request.headers(), facts.as_ref()).await;
    let (who, rate) = match admitted {
        Ok(admitted) => admitted,
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(who.principal);
    if let Some(sign_in) = who.sign_in {
        request.extensions_mut().insert(sign_in);
    }
    let mut response = next.run(request).await;
    // What a cache may give to anybody makes nobody a visitor: pages of other sites load the launcher's script, and
    // who reads them visits us when they open the chat.
    let public =
        response.headers().get(header::CACHE_CONTROL).is_some_and(|value| value.as_bytes().starts_with(b"public"));
    for cookie in who.set_cookies.into_iter().filter(|_| !public) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    if let Some(rate) = rate {
        rate.write(response.headers_mut());
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn admit(
    stack: &Stack,
    method: &Method,
    is_api: bool,
    headers: &HeaderMap,
    facts: Option<&RequestFacts>,
) -> Result<(Authenticated, Option<RateState>), Problem> {
    let settings = &stack.settings;
    origin::check_change(method, headers, settings)?;
    let facts = facts.ok_or_else(|| Problem::internal(&"the outer layer is missing"))?;
    // Before anything costs: whoever drops their cookie is a new visitor each time, but has one address.
    // Programs on this machine are no strangers.
    if let Some(address) = facts.address.filter(|_| !facts.local) {
        stack.limiter.check(settings.rate_per_address, &address_key(address)).await?;
    }
    let who = stack.authenticator.authenticate(headers, facts).await?;
    if !is_api {
        return Ok((who, None));
    }
    let policy = if method.is_safe() { settings.rate_of_reads } else { settings.rate_of_writes };
    let rate = stack.limiter.check(policy, &who.principal.person_id.to_string()).await?;
    Ok((who, Some(rate)))
}
