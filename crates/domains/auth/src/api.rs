//! Routes: who am I, the page behind an owner link, sign-ins.

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use botserver_kernel::{ErrorKind, Fault, PersonId, Role};
use botserver_web::{Caller, Json, Locale, Path, Problem, Query, RequestFacts, SignIn};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Auth, Error,
    model::{OwnerSession, OwnerSessionId},
    pages,
};

/// All routes of this room.
pub(crate) fn routes(auth: Auth) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(enter_page, enter))
        .routes(routes!(enter_style))
        .routes(routes!(sign_out))
        .routes(routes!(list_sessions))
        .routes(routes!(revoke_session))
        .with_state(auth)
}

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// `visitor` or `owner`.
    #[schema(value_type = String, example = "visitor")]
    kind: Role,
    /// The person; the same as long as the browser keeps its cookie.
    #[schema(value_type = String, example = "usr_0192f0c1a2b37c4d8e9f001122334455")]
    id: PersonId,
}

#[utoipa::path(get, path = "/api/v1/me", tag = "auth", summary = "Who the caller is",
    responses((status = 200, body = Me)))]
async fn me(Caller(principal): Caller) -> Json<Me> {
    Json(Me { kind: principal.role, id: principal.person_id })
}

/// The token of an owner link.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
struct TokenParameter {
    /// From the link.
    #[serde(default)]
    token: String,
}

#[utoipa::path(get, path = "/owner/enter", tag = "auth", summary = "The page behind an owner link",
    description = "Opening it does not use the link up; its button does.",
    params(TokenParameter), responses((status = 200, description = "a page", content_type = "text/html", body = String)))]
async fn enter_page(locale: Locale, Query(TokenParameter { token }): Query<TokenParameter>) -> Response {
    html(StatusCode::OK, pages::enter(locale, &token))
}

#[utoipa::path(post, path = "/owner/enter", tag = "auth", summary = "Use an owner link up",
    request_body(content = TokenParameter, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "signed in; go to `/owner`"),
              (status = 403, description = "the link does not work", content_type = "text/html", body = String),
              (status = 429, description = "too many attempts", body = Problem)))]
async fn enter(
    State(auth): State<Auth>,
    Caller(visitor): Caller,
    facts: RequestFacts,
    locale: Locale,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let token = url::form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let token = token.map(|(_, value)| value.into_owned()).unwrap_or_default();
    let client = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match auth.enter(&visitor, &token, client, &facts).await {
        Ok(entered) => {
            let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, "/owner")]).into_response();
            response.headers_mut().extend(entered.set_cookie.map(|cookie| (header::SET_COOKIE, cookie)));
            Ok(response)
        }
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(html(StatusCode::FORBIDDEN, pages::refused(locale))),
        Err(error) => Err(error.into()),
    }
}

#[utoipa::path(get, path = "/owner/enter.css", tag = "auth", summary = "The style of the page behind an owner link",
    responses((status = 200, description = "a style sheet", content_type = "text/css", body = String)))]
async fn enter_style() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))], pages::STYLE).into_response()
}

fn html(status: StatusCode, page: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // The address has the token. To our own server it may go: with `no-referrer` browsers would
        // send the form with the origin `null`, which we refuse.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    ];
    (status, headers, page).into_response()
}

#[utoipa::path(post, path = "/api/v1/owner/sign-out", tag = "auth", summary = "End this sign-in",
    responses((status = 204, description = "signed out"), (status = 401, description = "not signed in", body = Problem)))]
async fn sign_out(State(auth): State<Auth>, sign_in: SignIn, facts: RequestFacts) -> Result<Response, Problem> {
    let cleared = auth.sign_out(sign_in, &facts).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().extend(cleared.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(response)
}

/// A browser that is signed in as owner.
#[derive(Debug, Serialize, ToSchema)]
struct SessionItem {
    /// Its id.
    #[schema(value_type = String, example = "ses_0192f0c1a2b37c4d8e9f001122334455")]
    id: OwnerSessionId,
    /// The browser's own description.
    client: String,
    /// When it signed in.
    #[schema(format = DateTime)]
    created_at: String,
    /// A recent request of it, to the minute.
    #[schema(format = DateTime)]
    seen_at: String,
    /// When it ends in any case.
    #[schema(format = DateTime)]
    expires_at: String,
    /// It is the one that asks.
    current: bool,
}

/// The sign-ins.
#[derive(Debug, Serialize, ToSchema)]
struct SessionList {
    /// The newest first; all of them.
    items: Vec<SessionItem>,
    /// Always absent: there is one page.
    next_cursor: Option<String>,
}

impl SessionItem {
    fn new(session: OwnerSession, current: Option<SignIn>) -> Result<Self, Problem> {
        Ok(Self {
            id: session.id,
            client: session.client,
            created_at: rfc3339(session.created_at_ms)?,
            seen_at: rfc3339(session.seen_at_ms)?,
            expires_at: rfc3339(session.expires_at_ms)?,
            current: current == Some(SignIn(session.id.uuid().as_u128())),
        })
    }
}

fn rfc3339(ms: i64) -> Result<String, Problem> {
    let time = botserver_kernel::Timestamp::from_millisecond(ms).map_err(|error| Problem::internal(&error))?;
    Ok(time.to_string())
}

#[utoipa::path(get, path = "/api/v1/owner/sessions", tag = "auth", summary = "Browsers that are signed in as owner",
    responses((status = 200, body = SessionList), (status = 403, description = "not an owner", body = Problem)))]
async fn list_sessions(
    State(auth): State<Auth>,
    Caller(principal): Caller,
    current: Option<SignIn>,
) -> Result<Json<SessionList>, Problem> {
    let sessions = auth.list_sessions(&principal).await?;
    let items = sessions.into_iter().map(|session| SessionItem::new(session, current)).collect::<Result<_, _>>()?;
    Ok(Json(SessionList { items, next_cursor: None }))
}

#[utoipa::path(delete, path = "/api/v1/owner/sessions/{id}", tag = "auth", summary = "End a sign-in at once",
    params(("id" = String, Path, description = "The sign-in")),
    responses((status = 204, description = "ended"), (status = 403, description = "not an owner", body = Problem),
              (status = 404, description = "there is none", body = Problem)))]
async fn revoke_session(
    State(auth): State<Auth>,
    Caller(principal): Caller,
    Path(id): Path<OwnerSessionId>,
) -> Result<StatusCode, Problem> {
    auth.revoke_session(&principal, id).await.map_err(|error: Error| Problem::from(error))?;
    Ok(StatusCode::NO_CONTENT)
}
