//! How often a bot may call its models: `llm-rate-limit` calls at once, then one whenever its share of a minute has
//! passed. A call that comes too early waits in a room with few places, if that does not take long. Each process of the
//! server counts for itself.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use botserver_kernel::BotId;
use botserver_ports::{ChatModel, ModelEndpoint, ModelError, ModelFault, ModelRequest, ModelStream};
use parking_lot::Mutex;

/// The longest that a call waits for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Calls of one bot that wait at once.
const PLACES: usize = 50;
/// Bots that are remembered before those that have all their calls left are forgotten.
const REMEMBERED: usize = 256;
const MINUTE: Duration = Duration::from_mins(1);

/// The calls of all bots.
#[derive(Default)]
pub(crate) struct Pace {
    bots: Mutex<HashMap<BotId, Calls>>,
}

/// The calls of one bot.
#[derive(Clone, Copy)]
struct Calls {
    /// When all that was called is paid for: never more than a minute ahead for calls that go out at once.
    paid: Instant,
    waiting: usize,
}

/// Why a call does not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Denied {
    /// It would have to wait this long.
    TooEarly(Duration),
    /// There are too many that wait already.
    Full(Duration),
}

impl Pace {
    /// Takes a call, which may go out after the time that is answered; more than none is a place in the room.
    fn take(&self, bot: BotId, limit: NonZeroU32, patience: Duration, now: Instant) -> Result<Duration, Denied> {
        let mut bots = self.bots.lock();
        if bots.len() >= REMEMBERED && !bots.contains_key(&bot) {
            bots.retain(|_, calls| calls.paid > now || calls.waiting > 0);
        }
        let calls = bots.entry(bot).or_insert(Calls { paid: now, waiting: 0 });
        let paid = calls.paid.max(now) + MINUTE / limit.get();
        let wait = paid.saturating_duration_since(now + MINUTE);
        if !wait.is_zero() {
            if wait > patience {
                return Err(Denied::TooEarly(wait));
            }
            if calls.waiting >= PLACES {
                return Err(Denied::Full(wait));
            }
            calls.waiting += 1;
        }
        calls.paid = paid;
        Ok(wait)
    }

    /// Leaves the room. Who was stopped meanwhile has not called.
    fn leave(&self, bot: BotId, limit: NonZeroU32, called: bool) {
        if let Some(calls) = self.bots.lock().get_mut(&bot) {
            calls.waiting = calls.waiting.saturating_sub(1);
            if !called {
                calls.paid = calls.paid.checked_sub(MINUTE / limit.get()).unwrap_or(calls.paid);
            }
        }
    }

    /// Waits until a call may go out; the error is for the owner.
    async fn admit(&self, bot: BotId, limit: NonZeroU32, patience: Duration) -> Result<(), ModelError> {
        let wait = self.take(bot, limit, patience, Instant::now()).map_err(|denied| {
            let (wait, why) = match denied {
                Denied::TooEarly(wait) => (wait, "they are used up"),
                Denied::Full(wait) => (wait, "they are used up, and too many wait already"),
            };
            let message = format!("the bot may call its models {limit} times a minute (`llm-rate-limit`); {why}");
            let retry_after = Some(wait.as_secs_f64().ceil() as u64);
            ModelError { retry_after, ..ModelError::new(ModelFault::Limited, message) }
        })?;
        if !wait.is_zero() {
            let mut place = Place { pace: self, bot, limit, called: false };
            tokio::time::sleep(wait).await;
            place.called = true;
        }
        Ok(())
    }
}

/// A place in the room, given back whichever way the waiting ends.
struct Place<'p> {
    pace: &'p Pace,
    bot: BotId,
    limit: NonZeroU32,
    called: bool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pace.leave(self.bot, self.limit, self.called);
    }
}

/// The models as one bot may call them.
pub(crate) struct Paced {
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) pace: Arc<Pace>,
    pub(crate) bot: BotId,
    /// Calls per minute; any number of them if absent.
    pub(crate) limit: Option<NonZeroU32>,
}

#[async_trait]
impl ChatModel for Paced {
    async fn ask(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        if let Some(limit) = self.limit {
            // The greater part of the time that is left belongs to the model.
            let patience = LONGEST_WAIT.min(request.limits.total / 2);
            self.pace.admit(self.bot, limit, patience).await?;
        }
        self.model.ask(request).await
    }

    async fn models(&self, endpoint: &ModelEndpoint) -> Result<Vec<String>, ModelError> {
        self.model.models(endpoint).await
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limit(calls: u32) -> NonZeroU32 {
        NonZeroU32::new(calls).unwrap()
    }

    fn bot(number: u128) -> BotId {
        BotId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_minutes_calls_go_at_once_and_then_one_at_a_time() {
        let (pace, now) = (Pace::default(), Instant::now());
        for _ in 0..20 {
            assert_eq!(pace.take(bot(1), limit(20), LONGEST_WAIT, now), Ok(Duration::ZERO));
        }
        for n in 1..=5 {
            assert_eq!(pace.take(bot(1), limit(20), LONGEST_WAIT, now), Ok(3 * n * SECOND));
        }
        assert_eq!(pace.take(bot(1), limit(20), LONGEST_WAIT, now), Err(Denied::TooEarly(18 * SECOND)));
        // Another bot has its own, and a minute later so has this one.
        assert_eq!(pace.take(bot(2), limit(20), LONGEST_WAIT, now), Ok(Duration::ZERO));
        let later = now + 2 * MINUTE;
        for _ in 0..20 {
            assert_eq!(pace.take(bot(1), limit(20), LONGEST_WAIT, later), Ok(Duration::ZERO));
        }
        assert!(pace.take(bot(1), limit(20), LONGEST_WAIT, later).unwrap() > Duration::ZERO);
    }

    #[test]
    fn the_room_is_small_and_a_place_is_given_back() {
        let (pace, now) = (Pace::default(), Instant::now());
        let many = limit(6_000);
        for _ in 0..6_000 {
            assert_eq!(pace.take(bot(1), many, LONGEST_WAIT, now), Ok(Duration::ZERO));
        }
        for _ in 0..PLACES {
            assert!(!pace.take(bot(1), many, LONGEST_WAIT, now).unwrap().is_zero());
        }
        let full = pace.take(bot(1), many, LONGEST_WAIT, now);
        assert!(matches!(full, Err(Denied::Full(_))), "{full:?}");
        pace.leave(bot(1), many, false);
        let last = MINUTE / 6_000 * PLACES as u32;
        assert_eq!(pace.take(bot(1), many, LONGEST_WAIT, now), Ok(last), "what was not called costs nothing");
    }

    #[test]
    fn bots_that_have_all_their_calls_are_forgotten() {
        let (pace, now) = (Pace::default(), Instant::now());
        for number in 0..10 * REMEMBERED as u128 {
            let at = now + SECOND * number as u32;
            pace.take(bot(number), limit(60), LONGEST_WAIT, at).unwrap();
        }
        assert!(pace.bots.lock().len() <= REMEMBERED);
    }
}
