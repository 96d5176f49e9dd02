//! An item that finds its lane idle: its turn begins before a row stands for it, and the first commit writes both.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::{ItemState, accept::Arriving, engine::Inner};

/// An item that no row stands for yet: the first commit of its turn writes both. Dropping it unsaved tells its sender
/// to store it by itself.
pub(crate) struct Fresh {
    pub(crate) arriving: Arriving,
    pub(crate) saved: oneshot::Sender<ItemState>,
}

/// The turn of an item ended, or could not begin, before a row stood for the item.
pub(crate) struct Unsaved;

impl Inner {
    /// Starts the turn of an expected item whose lane is idle, before it is stored; `None` when it has to wait.
    /// When the answer fails, the item is expected again and must be stored by its sender.
    pub(crate) fn run_at_once(
        self: &Arc<Self>,
        arriving: &Arriving,
        message: bool,
    ) -> Option<impl Future<Output = Result<ItemState, Unsaved>> + use<>> {
        let lane = arriving.item.lane_id;
        let (saved, answer) = oneshot::channel();
        {
            let mut slot = self.lanes.get_mut(&lane)?;
            if slot.running || slot.asleep || slot.incoming > 1 || !slot.queue.is_empty() {
                return None;
            }
            slot.incoming -= 1;
            slot.incoming_messages -= usize::from(message);
            slot.fresh = Some(Fresh { arriving: arriving.clone(), saved });
            slot.running = true;
        }
        let inner = self.clone();
        self.tasks.spawn(async move { inner.run_lane(lane).await });
        let inner = self.clone();
        Some(async move {
            answer.await.map_err(|_| {
                let mut slot = inner.lanes.entry(lane).or_default();
                slot.incoming += 1;
                slot.incoming_messages += usize::from(message);
                Unsaved
            })
        })
    }
}
