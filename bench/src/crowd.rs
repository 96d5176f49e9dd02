//! Many sockets at once in a closed loop: each sends its next message when it has the answer to the last.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::task::JoinSet;

use crate::client::{Chat, Echo, Latency};

/// Sockets that are opened at once.
const OPENING: usize = 64;

/// A socket with what it does.
pub(crate) enum Line {
    /// A message to a server that sends it back.
    Echo(Echo),
    /// A ping of the chat's protocol.
    Ping(Chat),
    /// A turn of the echo bot.
    Turn(Chat),
}

impl Line {
    async fn beat(&mut self) -> Result<()> {
        match self {
            Self::Echo(echo) => echo.say(crate::client::TEXT).await,
            Self::Ping(chat) => chat.ping().await,
            Self::Turn(chat) => chat.say().await,
        }
    }
}

/// Opens many sockets, some at a time.
pub(crate) async fn open<T, F>(count: usize, make: impl Fn() -> F) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    stream::iter(0..count).map(|_| make()).buffer_unordered(OPENING).try_collect().await
}

/// What a crowd did in a time.
pub(crate) struct Round {
    pub(crate) latency: Latency,
    pub(crate) elapsed: Duration,
}

impl Round {
    pub(crate) fn rate(&self) -> f64 {
        self.latency.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// Microseconds of CPU time per message.
    pub(crate) fn per_message(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.latency.count() as f64
    }
}

/// Everybody talks for this long; gives the sockets back.
pub(crate) async fn talk(lines: Vec<Line>, time: Duration) -> Result<(Vec<Line>, Round)> {
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for mut line in lines {
        tasks.spawn(async move {
            let mut latency = Latency::new()?;
            while began.elapsed() < time {
                let sent = Instant::now();
                line.beat().await?;
                latency.record(sent.elapsed());
            }
            anyhow::Ok((line, latency))
        });
    }
    let (mut lines, mut all) = (Vec::with_capacity(tasks.len()), Latency::new()?);
    while let Some(ended) = tasks.join_next().await {
        let (line, latency) = ended??;
        all.add(&latency)?;
        lines.push(line);
    }
    Ok((lines, Round { latency: all, elapsed: began.elapsed() }))
}
