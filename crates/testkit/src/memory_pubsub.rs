//! A broker in this process, for tests of what tells listeners.

use std::collections::HashMap;

use async_trait::async_trait;
use botserver_ports::{CacheError, PubSub, Subscription};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};

/// How many messages a listener may be behind before it loses the oldest.
const BACKLOG: usize = 1_024;

/// Tells listeners; channels live as long as the broker.
#[derive(Debug, Default)]
pub struct MemoryPubSub(Mutex<HashMap<String, broadcast::Sender<Bytes>>>);

#[async_trait]
impl PubSub for MemoryPubSub {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), CacheError> {
        if let Some(sender) = self.0.lock().get(channel) {
            // An error would mean that nobody listens, which is no error here.
            let _ = sender.send(message);
        }
        Ok(())
    }

    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>, CacheError> {
        let mut channels = self.0.lock();
        let sender = channels.entry(channel.to_owned()).or_insert_with(|| broadcast::channel(BACKLOG).0);
        Ok(Box::new(Listener(sender.subscribe())))
    }
}

struct Listener(broadcast::Receiver<Bytes>);

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Option<Bytes> {
        match self.0.recv().await {
            Ok(message) => Some(message),
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn the_broker_fake_keeps_the_contract() -> anyhow::Result<()> {
        crate::contract::pubsub(async || Ok(Arc::new(MemoryPubSub::default()) as Arc<dyn PubSub>)).await
    }
}
