//! A clock that stands until it is told to go.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use botserver_kernel::{Clock, Timestamp};

/// A clock for tests; clones are not the same clock, so share it in an `Arc`.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// Stands at a moment, to the millisecond.
    pub const fn new(unix_ms: i64) -> Self {
        Self(AtomicI64::new(unix_ms))
    }

    /// Goes forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Jumps, also back.
    pub fn set(&self, unix_ms: i64) {
        self.0.store(unix_ms, Ordering::SeqCst);
    }
}

impl Default for FixedClock {
    /// 2026-01-02 03:04:05 UTC, a Friday.
    fn default() -> Self {
        Self::new(1_767_323_045_000)
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        // Tests that leave the range of dates stand at its nearer end.
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_told() {
        let clock = FixedClock::default();
        assert_eq!(clock.now().to_string(), "2026-01-02T03:04:05Z");
        assert_eq!(clock.now_ms(), clock.now_ms());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().to_string(), "2026-01-02T03:04:06.5Z");
    }
}
