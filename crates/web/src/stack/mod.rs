//! What surrounds every handler. `outer` is around everything; `guard` is around what people and
//! programs use (API and pages), not around assets and health checks.

mod guard;
mod headers;
mod outer;

use std::sync::Arc;

use botserver_kernel::IdSource;

pub(crate) use guard::guard;
pub(crate) use outer::outer;

use crate::{authenticate::Authenticator, metrics::Metrics, rate::RateLimiter, settings::WebSettings};

/// What the stack needs from the rest of the server.
#[derive(Clone)]
pub struct Stack {
    /// The settings.
    pub settings: Arc<WebSettings>,
    /// Where request ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Who sends a request.
    pub authenticator: Arc<dyn Authenticator>,
    /// Counts requests.
    pub limiter: RateLimiter,
    /// Counters.
    pub metrics: Metrics,
}
