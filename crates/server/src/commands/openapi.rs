//! `botserver openapi`: the description of the HTTP API, as the server gives it at /openapi.json.

use anyhow::{Result, ensure};
use axum::{body::Body, http::Request};
use tower::ServiceExt as _;

use super::Ending;
use crate::{command_line::Common, installation::Installation, terminal};

/// Far above any description.
const LARGEST: usize = 64 << 20;

pub(crate) async fn run(common: &Common) -> Result<Ending> {
    let installation = Installation::temporary(common).await?;
    let request = Request::get("/openapi.json").body(Body::empty())?;
    let response = installation.assembled.router.clone().oneshot(request).await?;
    let status = response.status();
    ensure!(status.is_success(), "the description cannot be made ({status})");
    let bytes = axum::body::to_bytes(response.into_body(), LARGEST).await?;
    let document: serde_json::Value = serde_json::from_slice(&bytes)?;
    installation.close().await;
    terminal::print(&serde_json::to_string_pretty(&document)?)?;
    Ok(Ending::Success)
}
