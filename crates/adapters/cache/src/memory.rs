//! `Cache` over moka: bounded by weight, the least recently used goes first.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use botserver_ports::{Cache, CacheError};
use bytes::Bytes;
use moka::{Expiry, ops::compute::Op, policy::EvictionPolicy, sync};

/// How many counting windows are kept; the stalest are forgotten first.
const COUNTERS: u64 = 100_000;
/// What an entry costs besides its key and value, roughly.
const OVERHEAD: usize = 64;

#[derive(Clone)]
struct Entry<T> {
    value: T,
    lifetime: Duration,
}

/// A new value has its own time, whether it replaces one or not.
struct FromLastWrite;

impl Expiry<String, Entry<Bytes>> for FromLastWrite {
    fn expire_after_create(&self, _: &String, entry: &Entry<Bytes>, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry<Bytes>,
        _: Instant,
        _remaining: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.lifetime)
    }
}

/// Counting does not prolong a window.
struct FromFirstCount;

impl Expiry<String, Entry<u64>> for FromFirstCount {
    fn expire_after_create(&self, _: &String, entry: &Entry<u64>, _: Instant) -> Option<Duration> {
        Some(entry.lifetime)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry<u64>,
        _: Instant,
        remaining: Option<Duration>,
    ) -> Option<Duration> {
        // An ended window may still lie there when the next count comes; that count begins a new one.
        if entry.value == 1 { Some(entry.lifetime) } else { remaining }
    }
}

/// Values and counting windows in memory.
#[derive(Clone)]
pub struct MemoryCache {
    values: sync::Cache<String, Entry<Bytes>>,
    counts: sync::Cache<String, Entry<u64>>,
}

impl MemoryCache {
    /// Keeps values up to a total of about `max_bytes`, keys included.
    pub fn new(max_bytes: u64) -> Self {
        let values = sync::Cache::builder()
            .max_capacity(max_bytes)
            .weigher(|key: &String, entry: &Entry<Bytes>| {
                u32::try_from(key.len() + entry.value.len() + OVERHEAD).unwrap_or(u32::MAX)
            })
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(FromLastWrite)
            .build();
        let counts = sync::Cache::builder()
            .max_capacity(COUNTERS)
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(FromFirstCount)
            .build();
        Self { values, counts }
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        Ok(self.values.get(key).map(|entry| entry.value))
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        // A slice of a larger buffer would keep the whole buffer alive, unseen by the weigher.
        let value = Bytes::copy_from_slice(&value);
        self.values.insert(key.to_owned(), Entry { value, lifetime: ttl });
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.values.invalidate(key);
        Ok(())
    }

    async fn count(&self, key: &str, window: Duration) -> Result<u64, CacheError> {
        let mut count = 1;
        self.counts.entry_by_ref(key).and_compute_with(|entry| {
            count = entry.map_or(1, |entry| entry.into_value().value.saturating_add(1));
            Op::Put(Entry { value: count, lifetime: window })
        });
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_total_is_bounded() -> Result<(), CacheError> {
        let cache = MemoryCache::new(100_000);
        let hour = Duration::from_hours(1);
        for number in 0..1_000 {
            cache.set(&format!("key {number}"), Bytes::from(vec![0; 1_000]), hour).await?;
        }
        cache.set("too large for all of it", Bytes::from(vec![0; 200_000]), hour).await?;
        cache.values.run_pending_tasks();
        assert!(cache.values.weighted_size() <= 100_000, "{}", cache.values.weighted_size());
        assert!(cache.get("key 999").await?.is_some(), "the newest is kept");
        assert!(cache.get("key 0").await?.is_none(), "the oldest is not");
        Ok(())
    }
}
