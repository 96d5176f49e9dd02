//! For whoever moves the clock by hand: when a lane has come to rest, when the next timer is due, and firing those that
//! are. A server needs none of it; its timers look after themselves.

use botserver_db::{ConnectionTrait, row};
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, Order, Query};

use crate::{Engine, Error, LaneId, Result, engine::Inner, timers};

/// How a lane rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing runs and nothing waits for its turn.
    Idle,
    /// A script sleeps for a short while; only the clock ends that.
    Asleep,
}

impl Engine {
    /// Waits until nothing of a lane runs.
    pub async fn rest(&self, lane: LaneId) -> Rest {
        loop {
            let changed = self.inner.rested.notified();
            tokio::pin!(changed);
            // What ends from here on is heard of, also before we wait.
            changed.as_mut().enable();
            if let Some(rest) = self.inner.rest_of(lane) {
                return rest;
            }
            changed.await;
        }
    }

    /// The timer that is due first, with its moment in Unix milliseconds.
    pub async fn next_timer(&self) -> Result<Option<(LaneId, i64)>> {
        let select = Query::select()
            .columns(["lane_id", "due_ms"])
            .from("engine_timers")
            .and_where(Expr::col("status").eq("armed"))
            .order_by("due_ms", Order::Asc)
            .limit(1)
            .to_owned();
        let found = self.inner.db.read().query_one(&select).await.map_err(Error::statement("reading timers"))?;
        let read = |found| Ok::<_, DbErr>((LaneId(row(found, "lane_id")?), row(found, "due_ms")?));
        found.as_ref().map(read).transpose().map_err(Error::statement("reading timers"))
    }

    /// Fires what is due by the clock; the turns have begun when this returns.
    pub async fn fire_timers(&self) -> Result<()> {
        timers::fire_due(&self.inner).await.map(drop)
    }

    /// Disarms every timer.
    pub async fn disarm_timers(&self) -> Result<()> {
        let disarmed = self.inner.db.write("disarming timers", |tx| {
            Box::pin(async move {
                let mut delete = Query::delete();
                delete.from_table("engine_timers").and_where(Expr::col("status").eq("armed"));
                tx.execute(&delete).await.map(drop).map_err(Error::statement("disarming timers"))
            })
        });
        disarmed.await
    }
}

impl Inner {
    /// How a lane rests; `None` while it does not.
    fn rest_of(&self, lane: LaneId) -> Option<Rest> {
        let Some(slot) = self.lanes.get(&lane) else { return Some(Rest::Idle) };
        if slot.running || slot.fresh.is_some() || slot.incoming > 0 {
            return None;
        }
        match (slot.asleep, slot.queue.is_empty()) {
            (true, _) => Some(Rest::Asleep),
            (false, true) => Some(Rest::Idle),
            (false, false) => None,
        }
    }
}
