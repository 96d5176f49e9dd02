//! The contracts of the ports.
#![cfg(test)]

use std::sync::Arc;

use botserver_cache::{LocalPubSub, MemoryCache};
use botserver_ports::{Cache, PubSub};
use botserver_testkit::contract;

#[tokio::test]
async fn memory_cache_keeps_the_contract() -> anyhow::Result<()> {
    contract::cache(async || Ok(Arc::new(MemoryCache::new(1 << 20)) as Arc<dyn Cache>)).await
}

#[tokio::test]
async fn local_pubsub_keeps_the_contract() -> anyhow::Result<()> {
    contract::pubsub(async || Ok(Arc::new(LocalPubSub::default()) as Arc<dyn PubSub>)).await
}
