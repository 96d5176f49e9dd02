//! `PubSub` over tokio's broadcast channels: one a channel while somebody listens.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use async_trait::async_trait;
use botserver_ports::{CacheError, PubSub, Subscription};
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::RecvError};

/// How many messages a listener may be behind before it loses the oldest. Places are paid for before they are used,
/// by every open conversation; who loses some reads them from where they are kept.
const BACKLOG: usize = 16;

type Channels = Arc<Mutex<HashMap<String, broadcast::Sender<Bytes>>>>;

/// Tells listeners in this process.
#[derive(Clone, Default)]
pub struct LocalPubSub {
    channels: Channels,
}

#[async_trait]
impl PubSub for LocalPubSub {
    async fn publish(&self, channel: &str, message: Bytes) -> Result<(), CacheError> {
        if let Some(sender) = self.channels.lock().get(channel) {
            // An error would mean that nobody listens, which is no error here.
            let _ = sender.send(message);
        }
        Ok(())
    }

    async fn subscribe(&self, channel: &str) -> Result<Box<dyn Subscription>, CacheError> {
        let receiver = match self.channels.lock().entry(channel.to_owned()) {
            Entry::Occupied(sender) => sender.get().subscribe(),
            Entry::Vacant(place) => {
                let (sender, receiver) = broadcast::channel(BACKLOG);
                place.insert(sender);
                receiver
            }
        };
        Ok(Box::new(Listener {
            channel: channel.to_owned(),
            receiver: Some(receiver),
            channels: self.channels.clone(),
        }))
    }
}

struct Listener {
    channel: String,
    /// There until the listener is dropped.
    receiver: Option<broadcast::Receiver<Bytes>>,
    channels: Channels,
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Option<Bytes> {
        let Some(receiver) = &mut self.receiver else { return std::future::pending().await };
        match receiver.recv().await {
            Ok(message) => Some(message),
            Err(RecvError::Lagged(_)) => None,
            // Cannot be: the channel lives as long as we listen.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut channels = self.channels.lock();
        self.receiver = None;
        // Under the lock, so that nobody begins to listen between the question and the removal.
        if channels.get(&self.channel).is_some_and(|sender| sender.receiver_count() == 0) {
            channels.remove(&self.channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_channel_is_gone_with_its_last_listener() -> Result<(), CacheError> {
        let broker = LocalPubSub::default();
        let one = broker.subscribe("a").await?;
        let two = broker.subscribe("a").await?;
        let other = broker.subscribe("b").await?;
        broker.publish("nobody", Bytes::new()).await?;
        drop(one);
        assert_eq!(broker.channels.lock().len(), 2);
        drop((two, other));
        assert!(broker.channels.lock().is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn who_lags_is_told_once_and_goes_on() -> Result<(), CacheError> {
        let broker = LocalPubSub::default();
        let mut listener = broker.subscribe("a").await?;
        for number in 0..BACKLOG {
            broker.publish("a", Bytes::from(vec![number as u8])).await?;
        }
        broker.publish("a", Bytes::from_static(b"one too many")).await?;
        assert_eq!(listener.next().await, None);
        assert_eq!(listener.next().await.as_deref(), Some([1].as_slice()), "the first that was kept");
        Ok(())
    }
}
