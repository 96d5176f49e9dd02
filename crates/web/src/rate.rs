//! Rate limits over the cache port, with the `RateLimit` headers that tell clients where they stand.

use std::{net::IpAddr, sync::Arc, time::Duration};

use botserver_kernel::{Clock, ErrorKind, Fault};
use botserver_ports::Cache;
use http::{HeaderMap, HeaderName, HeaderValue};

/// So many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatePolicy {
    /// Its name in the headers and in the cache's keys.
    pub name: &'static str,
    /// How many.
    pub quota: u64,
    /// In how many seconds.
    pub window_seconds: u64,
}

impl RatePolicy {
    /// So many a minute.
    pub const fn per_minute(name: &'static str, quota: u64) -> Self {
        Self { name, quota, window_seconds: 60 }
    }
}

/// The limit is reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that was too much at once: {quota} in {window_seconds} seconds are allowed; go on in {retry_after} seconds")]
pub struct RateLimited {
    quota: u64,
    window_seconds: u64,
    retry_after: u64,
}

impl Fault for RateLimited {
    fn kind(&self) -> ErrorKind {
        ErrorKind::RateLimited
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        Some(self.retry_after)
    }
}

/// Where a client stands after a request that was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateState {
    /// The policy.
    pub policy: RatePolicy,
    /// How many are left in this window.
    pub remaining: u64,
    /// Seconds until the window ends.
    pub reset_seconds: u64,
}

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

impl RateState {
    /// Writes `RateLimit` and `RateLimit-Policy`.
    pub fn write(&self, headers: &mut HeaderMap) {
        let RatePolicy { name, quota, window_seconds } = self.policy;
        let values = [
            (RATE_LIMIT, format!("\"{name}\";r={};t={}", self.remaining, self.reset_seconds)),
            (RATE_LIMIT_POLICY, format!("\"{name}\";q={quota};w={window_seconds}")),
        ];
        for (header, text) in values {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
    }
}

/// Counts by key. Windows are aligned to the clock, so the key alone says when one ends.
#[derive(Clone)]
pub struct RateLimiter {
    cache: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
}

impl RateLimiter {
    /// Over this cache.
    pub fn new(cache: Arc<dyn Cache>, clock: Arc<dyn Clock>) -> Self {
        Self { cache, clock }
    }

    /// Counts one more of `key`. When the cache is away the request passes: a limit must not be an outage.
    pub async fn check(&self, policy: RatePolicy, key: &str) -> Result<RateState, RateLimited> {
        let now = self.clock.now().as_second().unsigned_abs();
        let window = now / policy.window_seconds;
        let reset_seconds = (window + 1) * policy.window_seconds - now;
        let cache_key = format!("rate/{}/{key}/{window}", policy.name);
        let count = match self.cache.count(&cache_key, Duration::from_secs(policy.window_seconds)).await {
            Ok(count) => count,
            Err(error) => {
                tracing::warn!(%error, policy = policy.name, "cannot count for a rate limit");
                1
            }
        };
        if count > policy.quota {
            return Err(RateLimited {
                quota: policy.quota,
                window_seconds: policy.window_seconds,
                retry_after: reset_seconds,
            });
        }
        Ok(RateState { policy, remaining: policy.quota - count, reset_seconds })
    }
}

/// The key of an address. One household has a whole IPv6 /64, so it counts as one.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}
