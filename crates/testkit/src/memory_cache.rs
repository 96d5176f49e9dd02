//! A cache in a map, for tests of what uses one.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use botserver_ports::{Cache, CacheError};
use bytes::Bytes;
use parking_lot::Mutex;

/// Values and counters until their time is over.
#[derive(Debug, Default)]
pub struct MemoryCache {
    values: Mutex<HashMap<String, (Bytes, Instant)>>,
    counts: Mutex<HashMap<String, (u64, Instant)>>,
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>, CacheError> {
        let values = self.values.lock();
        Ok(values.get(key).filter(|(_, end)| Instant::now() < *end).map(|(value, _)| value.clone()))
    }

    async fn set(&self, key: &str, value: Bytes, ttl: Duration) -> Result<(), CacheError> {
        self.values.lock().insert(key.to_owned(), (value, Instant::now() + ttl));
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<(), CacheError> {
        self.values.lock().remove(key);
        Ok(())
    }

    async fn count(&self, key: &str, window: Duration) -> Result<u64, CacheError> {
        let now = Instant::now();
        let mut counts = self.counts.lock();
        let (count, end) = counts.entry(key.to_owned()).or_insert((0, now + window));
        if now >= *end {
            (*count, *end) = (0, now + window);
        }
        *count += 1;
        Ok(*count)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn the_cache_fake_keeps_the_contract() -> anyhow::Result<()> {
        crate::contract::cache(async || Ok(Arc::new(MemoryCache::default()) as Arc<dyn Cache>)).await
    }
}
