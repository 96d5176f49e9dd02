//! The contract of `ports::PubSub`.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use botserver_ports::{PubSub, Subscription};
use bytes::Bytes;

/// Runs the suite; `make` gives a broker of its own each time.
pub async fn pubsub(make: impl AsyncFn() -> Result<Arc<dyn PubSub>>) -> Result<()> {
    everybody(make().await?).await.context("everybody")?;
    from_now_on(make().await?).await.context("from now on")?;
    slow(make().await?).await.context("slow")
}

async fn next(subscription: &mut Box<dyn Subscription>) -> Result<String> {
    let message = subscription.next().await.context("messages were lost")?;
    Ok(String::from_utf8(message.to_vec())?)
}

async fn everybody(broker: Arc<dyn PubSub>) -> Result<()> {
    let (mut one, mut two) = (broker.subscribe("a").await?, broker.subscribe("a").await?);
    let mut other = broker.subscribe("b").await?;
    for message in ["1", "2", "3"] {
        broker.publish("a", message.into()).await?;
    }
    broker.publish("b", "b".into()).await?;
    for listener in [&mut one, &mut two] {
        for expected in ["1", "2", "3"] {
            ensure!(next(listener).await? == expected);
        }
    }
    ensure!(next(&mut other).await? == "b", "channels are apart");
    Ok(())
}

async fn from_now_on(broker: Arc<dyn PubSub>) -> Result<()> {
    broker.publish("a", "nobody listens".into()).await?;
    let mut first = broker.subscribe("a").await?;
    broker.publish("a", "before".into()).await?;
    let mut second = broker.subscribe("a").await?;
    broker.publish("a", "after".into()).await?;
    ensure!(next(&mut second).await? == "after");
    drop(second);
    ensure!(next(&mut first).await? == "before" && next(&mut first).await? == "after");
    drop(first);
    let mut third = broker.subscribe("a").await?;
    broker.publish("a", "again".into()).await?;
    ensure!(next(&mut third).await? == "again", "a channel lives again after its last listener has gone");
    Ok(())
}

/// Who reads too slowly is told so where the messages are missing, and hears what comes after.
async fn slow(broker: Arc<dyn PubSub>) -> Result<()> {
    const MANY: u64 = 20_000;
    let mut listener = broker.subscribe("a").await?;
    for number in 1..=MANY {
        broker.publish("a", Bytes::copy_from_slice(&number.to_be_bytes())).await?;
    }
    let mut last = 0;
    let mut lost = false;
    while last < MANY {
        match listener.next().await {
            None => lost = true,
            Some(message) => {
                let number = u64::from_be_bytes(message.as_ref().try_into()?);
                ensure!(number == last + 1 || (lost && number > last), "{number} after {last}, lost: {lost}");
                (last, lost) = (number, false);
            }
        }
    }
    Ok(())
}
