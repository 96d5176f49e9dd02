//! The contract of `ports::Cache`.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use botserver_ports::Cache;
use bytes::Bytes;
use futures_util::future::join_all;

const LONG: Duration = Duration::from_hours(1);
const SHORT: Duration = Duration::from_millis(40);
/// How often a case looks whether something has ended; it never assumes how long that takes.
const LOOK: Duration = Duration::from_millis(5);

/// Runs the suite; `make` gives an empty cache each time.
pub async fn cache(make: impl AsyncFn() -> Result<Arc<dyn Cache>>) -> Result<()> {
    values(make().await?).await.context("values")?;
    ends(make().await?).await.context("ends")?;
    counts(make().await?).await.context("counts")?;
    windows(make().await?).await.context("windows")
}

async fn values(cache: Arc<dyn Cache>) -> Result<()> {
    ensure!(cache.get("k").await?.is_none());
    cache.set("k", Bytes::from_static(b"one"), LONG).await?;
    cache.set("other", Bytes::from_static(b"\0\xff"), LONG).await?;
    ensure!(cache.get("k").await?.as_deref() == Some(b"one".as_slice()));
    cache.set("k", Bytes::from_static(b"two"), LONG).await?;
    ensure!(cache.get("k").await?.as_deref() == Some(b"two".as_slice()));
    cache.remove("k").await?;
    cache.remove("k").await?;
    ensure!(cache.get("k").await?.is_none());
    ensure!(cache.get("other").await?.as_deref() == Some(b"\0\xff".as_slice()));
    Ok(())
}

async fn ends(cache: Arc<dyn Cache>) -> Result<()> {
    cache.set("short", Bytes::from_static(b"x"), SHORT).await?;
    cache.set("long", Bytes::from_static(b"x"), LONG).await?;
    cache.set("longer now", Bytes::from_static(b"x"), SHORT).await?;
    cache.set("longer now", Bytes::from_static(b"x"), LONG).await?;
    cache.set("shorter now", Bytes::from_static(b"x"), LONG).await?;
    cache.set("shorter now", Bytes::from_static(b"x"), SHORT).await?;
    // Reading does not prolong.
    while cache.get("short").await?.is_some() || cache.get("shorter now").await?.is_some() {
        tokio::time::sleep(LOOK).await;
    }
    ensure!(cache.get("long").await?.is_some());
    ensure!(cache.get("longer now").await?.is_some(), "a new value has its own time");
    Ok(())
}

async fn counts(cache: Arc<dyn Cache>) -> Result<()> {
    let mut counts: Vec<u64> =
        join_all((0..50).map(|_| cache.count("k", LONG))).await.into_iter().collect::<Result<_, _>>()?;
    counts.sort_unstable();
    ensure!(counts == (1..=50).collect::<Vec<u64>>(), "{counts:?}");
    ensure!(cache.count("other", LONG).await? == 1);
    Ok(())
}

async fn windows(cache: Arc<dyn Cache>) -> Result<()> {
    ensure!(cache.count("k", SHORT).await? == 1);
    // Counting does not prolong the window: it ends although we go on.
    while cache.count("k", SHORT).await? != 1 {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
