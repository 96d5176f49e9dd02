//! An answer while it is being written: its pieces go to whoever listens, its text so far is kept for whoever joins.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use botserver_engines::{Announcer, LaneId, LaneNotice, TextDelta};
use botserver_llm::{AnswerSink, SoFar};
use botserver_ports::Cache;

/// An answer that nobody has added to for so long is not being written any more.
const KEPT: Duration = Duration::from_mins(11);

/// Shows the answers of one conversation.
pub(crate) struct Stream {
    pub(crate) lane: LaneId,
    pub(crate) announcer: Announcer,
    pub(crate) cache: Arc<dyn Cache>,
}

fn key(lane: LaneId) -> String {
    format!("stream/{}", lane.0.simple())
}

#[async_trait]
impl AnswerSink for Stream {
    async fn show(&self, so_far: &SoFar, deltas: Vec<TextDelta>) {
        // The text before its pieces: who joins in between has both, and knows by the offset what it has already.
        if let Ok(text) = serde_json::to_vec(so_far)
            && let Err(error) = self.cache.set(&key(self.lane), text.into(), KEPT).await
        {
            tracing::warn!(%error, "the text of an answer could not be kept for those who join");
        }
        for delta in deltas {
            self.announcer.tell(self.lane, &LaneNotice::Delta(delta)).await;
        }
    }
}

impl Stream {
    /// Nothing is being written any more.
    pub(crate) async fn end(&self) {
        if let Err(error) = self.cache.remove(&key(self.lane)).await {
            tracing::warn!(%error, "the text of an answer could not be forgotten");
        }
    }
}

/// The answer that is being written now.
pub(crate) async fn so_far(cache: &dyn Cache, lane: LaneId) -> Option<SoFar> {
    serde_json::from_slice(&cache.get(&key(lane)).await.ok()??).ok()
}
