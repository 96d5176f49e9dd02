//! Looks for changes of documents. A look is a walk over names, sizes and times; it needs no events of the system, which
//! do not come from every disk, and takes at most a hundredth of a processor however many documents there are.

use std::{
    collections::{HashMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    time::Duration,
};

use botserver_kernel::BotId;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Knowledge;
use crate::{Listing, Result};

/// Looks are at least so far apart.
const SHORTEST: Duration = Duration::from_secs(1);
/// And at most.
const LONGEST: Duration = Duration::from_mins(5);
/// Time between looks for each second that one takes.
const SHARE: u32 = 100;

/// What was seen of a library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// As it was taken in.
    taken: Option<u64>,
    /// At the last look.
    last: Option<u64>,
}

impl Seen {
    /// True when it shall be taken in: it differs from what was taken, and nobody has changed it since the last look.
    fn look(&mut self, now: u64) -> bool {
        let quiet = self.last == Some(now);
        self.last = Some(now);
        // What is there at the start is taken at once; a file that is still being copied is read again afterwards.
        (quiet || self.taken.is_none()) && self.taken != Some(now)
    }
}

impl Knowledge {
    /// Takes in what changes on disk, until `stop`.
    pub async fn watch(&self, stop: CancellationToken) {
        let mut seen: HashMap<BotId, Seen> = HashMap::new();
        loop {
            let began = Instant::now();
            for own in self.all_attached() {
                let bot = own.library.bot_id;
                if stop.is_cancelled() {
                    return;
                }
                let stamp = match own.library.files.list().await {
                    // Other settings may refuse or allow other files; they come as another value.
                    Ok(listing) => stamp(&listing, &std::sync::Arc::as_ptr(&own.library.config)),
                    Err(error) => {
                        tracing::debug!(%error, "documents cannot be looked at");
                        0
                    }
                };
                let seen = seen.entry(bot).or_default();
                if seen.look(stamp) && self.take(bot).await.is_ok() {
                    seen.taken = Some(stamp);
                }
            }
            let pause = (began.elapsed() * SHARE).clamp(SHORTEST, LONGEST);
            tokio::select! {
                () = sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn take(&self, bot: BotId) -> Result<()> {
        match self.sync(bot).await {
            Ok(report) => {
                let (added, changed, removed) = (report.added, report.changed, report.removed);
                if added + changed + removed > 0 {
                    tracing::info!(bot = %bot, added, changed, removed, "documents changed");
                }
                Ok(())
            }
            // It is in the list of problems; it is taken when it can be read.
            Err(crate::Error::Source(_)) => Ok(()),
            Err(error) => {
                tracing::warn!(bot = %bot, %error, "changed documents cannot be noted now");
                Err(error)
            }
        }
    }
}

/// Of names, sizes and times, of who may read, and of the settings.
fn stamp(listing: &Listing, settings: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    settings.hash(&mut hasher);
    listing.permissions.hash(&mut hasher);
    listing.skipped.hash(&mut hasher);
    for file in &listing.files {
        (&file.path, file.size, file.modified_ns).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_when_it_is_quiet() {
        let mut seen = Seen::default();
        assert!(seen.look(1), "the start");
        seen.taken = Some(1);
        assert!(!seen.look(1));
        assert!(!seen.look(2), "somebody writes");
        assert!(!seen.look(3), "and goes on");
        assert!(seen.look(3), "and is done");
        seen.taken = Some(3);
        assert!(!seen.look(3));
        assert!(!seen.look(4));
        assert!(!seen.look(3), "changed back");
    }
}
