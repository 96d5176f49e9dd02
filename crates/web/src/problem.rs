//! RFC 9457 problems: the one shape of every error answer, made from any `kernel::Fault`.
//! An internal error's cause goes to the log with the request's id, never to the client.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use botserver_kernel::{ErrorKind, Fault};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::request::current_request_id;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error answer. Handlers return `Result<_, Problem>` and use `?` on any [`Fault`].
#[derive(Clone, Debug)]
pub struct Problem(Box<Body>);

/// The JSON object; boxed, so that a `Result` with it stays small.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Body {
    /// A URI that names the kind of problem: `urn:botserver:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "urn:botserver:problem:not_found")]
    type_uri: String,
    /// What went wrong, in general, as a short sentence.
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, example = 404)]
    status: StatusCode,
    /// What went wrong this time and what to do, as a sentence.
    detail: String,
    /// Stable, snake case: programs decide by it.
    #[schema(value_type = String, example = "not_found")]
    code: &'static str,
    /// The id of the request, also in the header `X-Request-Id` and in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// Seconds after which to try again, also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// Further members that belong to this code.
    #[serde(flatten)]
    #[schema(ignore)]
    members: serde_json::Map<String, serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

/// The status that a kind of error has over HTTP.
pub const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

const fn title_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "The request is not valid",
        ErrorKind::Unauthenticated => "Sign-in is needed",
        ErrorKind::Forbidden => "This is not allowed",
        ErrorKind::NotFound => "There is nothing here",
        ErrorKind::Conflict => "The request does not fit the current state",
        ErrorKind::TooLarge => "The request is too large",
        ErrorKind::RateLimited => "Too many requests",
        ErrorKind::Unavailable => "The server cannot do this right now",
        ErrorKind::Unsupported => "This is not supported",
        ErrorKind::Internal => "Something went wrong on the server",
    }
}

impl Problem {
    /// A problem of a kind, with its stable code and a sentence for people.
    pub fn new(kind: ErrorKind, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Body {
            type_uri: format!("urn:botserver:problem:{code}"),
            title: title_of(kind),
            status: status_of(kind),
            detail: detail.into(),
            code,
            request_id: current_request_id().map(|id| id.as_str().to_owned()),
            retry_after: None,
            members: serde_json::Map::new(),
        }))
    }

    /// 400: the caller must change the request.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, code, detail)
    }

    /// 404: there is no such thing, or the caller may not know of it.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, "not_found", detail)
    }

    /// 500, after logging `cause`, which the client never sees.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::unexplained()
    }

    /// 500 without a log line of its own.
    pub(crate) fn unexplained() -> Self {
        Self::new(
            ErrorKind::Internal,
            "internal",
            "The server failed to do this. It is not your mistake; whoever runs this server finds the reason in its \
             log under the request id.",
        )
    }

    /// Another status than the kind's own: 405, 408 and 414 have no kind.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// When to try again.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// A further member of the JSON object, such as the place of a script error.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The general sentence.
    pub fn title(&self) -> &'static str {
        self.0.title
    }

    /// The sentence about this case.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Seconds after which to try again.
    pub fn retry_after(&self) -> Option<u64> {
        self.0.retry_after
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Body::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }
}

/// The code of the problem that a response carries, for the access log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemCode(pub(crate) &'static str);

impl<E: Fault> From<E> for Problem {
    fn from(fault: E) -> Self {
        let (kind, code) = (fault.kind(), fault.code());
        let problem = match kind {
            ErrorKind::Internal => {
                tracing::error!(code, cause = %Chain(&fault), "internal error");
                let mut problem = Self::unexplained();
                problem.0.code = code;
                problem.0.type_uri = format!("urn:botserver:problem:{code}");
                problem
            }
            // Without a code of its own the sentence was written for operators: addresses, file names.
            ErrorKind::Unavailable if code == "unavailable" => {
                tracing::warn!(code, cause = %Chain(&fault), "unavailable");
                Self::new(kind, code, "A part of the server does not answer at the moment. Please try again shortly.")
            }
            ErrorKind::Unavailable => {
                tracing::warn!(code, cause = %Chain(&fault), "unavailable");
                Self::new(kind, code, sentence(&fault))
            }
            // The access log has the code; the sentence may quote what somebody wrote and stays out of logs.
            _ => Self::new(kind, code, sentence(&fault)),
        };
        match fault.retry_after_seconds() {
            Some(seconds) => problem.with_retry_after(seconds),
            None => problem,
        }
    }
}

/// An error's own text as a sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let mut out: String = match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => return String::new(),
    };
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}

/// An error with all its causes.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(out, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // The members are strings and numbers, so serialising cannot fail.
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = Response::new(body.into());
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(ProblemCode(self.0.code));
        response
    }
}
