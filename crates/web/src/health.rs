//! `/livez`: the process answers. `/readyz`: everything it needs answers too, each with its time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use futures_util::future::{BoxFuture, join_all};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Json;

type Check = Box<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A check that does not answer by then has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// The checks that `/readyz` runs.
pub struct Health {
    checks: Vec<(&'static str, Check)>,
    patience: Duration,
}

impl Default for Health {
    fn default() -> Self {
        Self { checks: Vec::new(), patience: PATIENCE }
    }
}

impl Health {
    /// How long a check may take; five seconds if nothing is said.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Adds a check; its error is a sentence for the operator without secrets.
    #[must_use]
    pub fn check<F, W>(mut self, name: &'static str, check: F) -> Self
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.checks.push((name, Box::new(move || Box::pin(check()))));
        self
    }

    /// Runs all checks at once.
    pub async fn report(&self) -> HealthReport {
        let checks = join_all(self.checks.iter().map(|(name, check)| async move {
            let started = Instant::now();
            let outcome =
                tokio::time::timeout(self.patience, check()).await.unwrap_or_else(|_| Err("no answer".to_owned()));
            CheckReport { name, ok: outcome.is_ok(), ms: started.elapsed().as_millis() as u64, error: outcome.err() }
        }))
        .await;
        HealthReport { ready: checks.iter().all(|check| check.ok), checks }
    }
}

/// What `/readyz` answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthReport {
    /// All checks passed.
    ready: bool,
    /// Each of them.
    checks: Vec<CheckReport>,
}

/// One dependency.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckReport {
    /// What was checked.
    name: &'static str,
    /// It works.
    ok: bool,
    /// Milliseconds it took.
    ms: u64,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[utoipa::path(get, path = "/livez", tag = "health", summary = "The process answers",
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain")))]
pub(crate) async fn livez() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], "ok\n").into_response()
}

#[utoipa::path(get, path = "/readyz", tag = "health", summary = "Everything the server needs answers",
    responses((status = 200, description = "ready", body = HealthReport),
              (status = 503, description = "a check failed", body = HealthReport)))]
pub(crate) async fn readyz(State(health): State<Arc<Health>>) -> Response {
    answer(&health).await
}

#[utoipa::path(get, path = "/healthz", tag = "health", summary = "The same as `/readyz`",
    responses((status = 200, description = "ready", body = HealthReport),
              (status = 503, description = "a check failed", body = HealthReport)))]
pub(crate) async fn healthz(State(health): State<Arc<Health>>) -> Response {
    answer(&health).await
}

async fn answer(health: &Health) -> Response {
    let report = health.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}
