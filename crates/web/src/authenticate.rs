//! Who sends a request. The `auth` domain implements [`Authenticator`]; everybody else takes a [`Caller`].

use std::convert::Infallible;

use async_trait::async_trait;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use botserver_kernel::{ErrorKind, Principal};
use http::{HeaderMap, HeaderValue, request::Parts};

use crate::{Problem, RequestFacts};

/// Who it is, and what the answer must carry.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Who.
    pub principal: Principal,
    /// The sign-in this request belongs to, if there is one.
    pub sign_in: Option<SignIn>,
    /// `Set-Cookie` values.
    pub set_cookies: Vec<HeaderValue>,
}

/// The id of a sign-in, as `auth` stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignIn(pub u128);

/// Finds out who sends a request.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// From the headers. Without any sign of identity the answer is a new visitor and their cookie.
    async fn authenticate(&self, headers: &HeaderMap, facts: &RequestFacts) -> Result<Authenticated, Problem>;
}

/// The principal of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(pub Principal);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Principal>()
            .cloned()
            .map(Self)
            .ok_or_else(|| Problem::internal(&"a route takes a Caller but stands outside the authenticated routes"))
    }
}

impl<S: Sync> FromRequestParts<S> for SignIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().copied().ok_or_else(|| {
            Problem::new(ErrorKind::Unauthenticated, "not_signed_in", "You are not signed in; use an owner link.")
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for SignIn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().copied())
    }
}
