//! `?limit=` and `?cursor=` of a list.

use axum::extract::FromRequestParts;
use botserver_kernel::{Cursor, PageRequest};
use http::request::Parts;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Query;
use crate::Problem;

/// The most items of one page.
const MAX_LIMIT: u32 = 200;

/// The parameters as they stand in the address; name them in the OpenAPI of a list with `params(PageParameters)`.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct PageParameters {
    /// At most this many items, 1 to 200; 50 by default.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Which part of a list the caller wants.
#[derive(Clone, Debug)]
pub struct PageQuery(pub PageRequest);

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(PageParameters { limit, cursor }) = Query::from_request_parts(parts, state).await?;
        let limit = limit.unwrap_or(PageRequest::default().limit);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::invalid("bad_limit", format!("`limit` must be from 1 to {MAX_LIMIT}.")));
        }
        let bad_cursor = || Problem::invalid("bad_cursor", "`cursor` must be the `next_cursor` of the page before.");
        let after = cursor.map(|text| Cursor::decode(&text).ok_or_else(bad_cursor)).transpose()?;
        Ok(Self(PageRequest { limit, after }))
    }
}
