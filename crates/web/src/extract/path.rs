//! Path and query parameters.

use axum::extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::Problem;

/// The parameters of the path. An id of the wrong form names nothing, so it is a 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(parameters)) => Ok(Self(parameters)),
            Err(rejection) if rejection.status().is_server_error() => Err(Problem::internal(&rejection)),
            Err(_) => Err(Problem::not_found("Nothing has this address; an id in it is mistyped or cut off.")),
        }
    }
}

/// The parameters behind the `?`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let AxumQuery(parameters) = AxumQuery::from_request_parts(parts, state).await.map_err(|rejection| {
            let text = rejection.body_text();
            let what = plain(text.rsplit("deserialize query string: ").next().unwrap_or(&text));
            Problem::invalid("bad_query", format!("A parameter behind the `?` is wrong: {what}."))
        })?;
        Ok(Self(parameters))
    }
}

/// `limit: invalid digit found in string` in plain words.
fn plain(what: &str) -> String {
    let Some((name, why)) = what.split_once(": ") else { return what.to_owned() };
    let must = match why {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number from 0 up"
        }
        "number too large to fit in target type" => "is too large a number",
        "number too small to fit in target type" => "is too small a number",
        "invalid float literal" | "cannot parse float from empty string" => "must be a number",
        "provided string was not `true` or `false`" => "must be `true` or `false`",
        _ => return what.to_owned(),
    };
    format!("`{name}` {must}")
}
