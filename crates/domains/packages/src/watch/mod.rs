//! Keeps what serves in step with the folders on disk. A change is taken when its package has been quiet for half a
//! second. File events say where to look; where they do not work, a walk over names, sizes and times does.
//! Knows nothing of what a package means.

mod events;
mod mounts;
mod settle;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    time::{Instant, MissedTickBehavior, interval_at, sleep_until},
};
use tokio_util::sync::CancellationToken;

pub use self::events::{Change, FolderEvents, SystemEvents};
use self::settle::Settle;
use crate::{Outcome, Packages, Result, service::stamp_of, source};

/// How long a package must be quiet.
pub const QUIET: Duration = Duration::from_millis(500);
/// How often to look where file events do not work.
const SLOW_SCAN: Duration = Duration::from_secs(10);
/// How often to look although they do: for what they may have missed.
const SAFETY_SCAN: Duration = Duration::from_mins(10);
/// When to try again after the database refused.
const RETRY: Duration = Duration::from_secs(5);

/// Watches until `stop`. Call [`Packages::mount_all`] before.
pub async fn watch(packages: &Packages, stop: CancellationToken) {
    let (sender, changes) = mpsc::unbounded_channel();
    let events = SystemEvents::start(packages.dir(), sender).await;
    if !events.works() {
        tracing::warn!(dir = %packages.dir().display(), "file events do not work here; looking every ten seconds instead");
    }
    let every = if events.works() { SAFETY_SCAN } else { SLOW_SCAN };
    watch_with(packages, Box::new(events), changes, every, stop).await;
}

/// [`watch`] with events from elsewhere, and a walk over all packages in that interval.
pub async fn watch_with(
    packages: &Packages,
    events: Box<dyn FolderEvents>,
    mut changes: UnboundedReceiver<Change>,
    every: Duration,
    stop: CancellationToken,
) {
    let mut slow = interval_at(Instant::now() + every, every);
    slow.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watcher = Watcher { packages, events, settle: Settle::new(QUIET), stamps: HashMap::new() };
    watcher.begin().await;
    loop {
        let next = watcher.settle.next();
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            change = changes.recv() => match change {
                Some(change) => watcher.note(change),
                None => return,
            },
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => watcher.settled().await,
            _ = slow.tick() => watcher.look().await,
        }
    }
}

struct Watcher<'a> {
    packages: &'a Packages,
    events: Box<dyn FolderEvents>,
    settle: Settle,
    /// Of each package folder, as it was last taken.
    stamps: HashMap<PathBuf, u64>,
}

impl Watcher<'_> {
    /// Watches every package. What changed since it was mounted is noticed like any change.
    async fn begin(&mut self) {
        let Ok(folders) = self.packages.folders() else { return };
        for folder in folders {
            let limits = self.packages.limits();
            let walk = {
                let folder = folder.clone();
                move || source::stamp(&folder, &limits)
            };
            let Ok(first) = tokio::task::spawn_blocking(walk).await else { return };
            self.events.cover(&folder, &first.folders);
            let taken = self.packages.taken_stamp(&folder);
            if let Some(taken) = taken {
                self.stamps.insert(folder.clone(), taken);
            }
            let stamp = self.stamp(&folder).await;
            if taken.is_none() || taken != stamp {
                self.settle.touch(folder.clone(), Instant::now());
                self.settle.remember(&folder, stamp);
            }
        }
        if let Err(error) = self.packages.remove_missing().await {
            tracing::error!(%error, "bots whose folder is gone cannot be removed now");
        }
    }

    fn note(&mut self, change: Change) {
        let now = Instant::now();
        match change {
            Change::Touched(path) => {
                if let Some(folder) = self.package_of(&path) {
                    self.settle.touch(folder, now);
                }
            }
            Change::Writing(path) => {
                if let Some(folder) = self.package_of(&path) {
                    self.settle.writing(folder, path, now);
                }
            }
            Change::Closed(path) => {
                if let Some(folder) = self.package_of(&path) {
                    self.settle.closed(folder, &path, now);
                }
            }
            Change::Lost => {
                let known: Vec<PathBuf> =
                    self.stamps.keys().cloned().chain(self.packages.folders().unwrap_or_default()).collect();
                for folder in known {
                    self.settle.touch(folder, now);
                }
            }
        }
    }

    /// The package folder that a path belongs to, by the name it has in the folder of the packages.
    fn package_of(&self, path: &Path) -> Option<PathBuf> {
        let dir = self.packages.dir();
        let path = self.events.as_listed(path);
        let folder = dir.join(path.strip_prefix(dir).ok()?.components().next()?);
        source::bot_name(&folder).is_some().then_some(folder)
    }

    /// Takes what has been quiet.
    async fn settled(&mut self) {
        for folder in self.settle.due(Instant::now()) {
            // Without events nobody says "still changing": two equal walks, half a second apart, do.
            if !self.events.works() && !self.same_as_before(&folder).await {
                continue;
            }
            self.take(&folder).await;
        }
    }

    async fn same_as_before(&mut self, folder: &Path) -> bool {
        let stamp = self.stamp(folder).await;
        if self.settle.last_stamp(folder) == stamp {
            return true;
        }
        self.settle.touch(folder.to_owned(), Instant::now());
        self.settle.remember(folder, stamp);
        false
    }

    async fn take(&mut self, folder: &Path) {
        let taken = match self.packages.take(folder).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "the package cannot be taken now");
                self.settle.touch_in(folder.to_owned(), Instant::now(), RETRY);
                return;
            }
        };
        match taken.outcome {
            Outcome::Removed => {
                self.stamps.remove(folder);
                self.events.forget(folder);
            }
            outcome => {
                self.stamps.insert(folder.to_owned(), taken.stamp);
                let new_folders = self.events.cover(folder, &taken.folders);
                // Files that came into a folder before it was watched made no event.
                let missed = new_folders && self.stamp(folder).await != Some(taken.stamp);
                if outcome == Outcome::Moving || missed {
                    self.settle.touch(folder.to_owned(), Instant::now());
                }
            }
        }
    }

    /// The slow scan: what has another stamp than when it was taken, and what came or went.
    async fn look(&mut self) {
        let Ok(folders) = self.packages.folders() else { return };
        let gone: Vec<PathBuf> = self.stamps.keys().filter(|known| !folders.contains(known)).cloned().collect();
        for folder in gone.into_iter().chain(folders) {
            let stamp = self.stamp(&folder).await;
            // What is noticed already stays so: its half second goes on.
            if self.stamps.get(&folder).copied() != stamp && !self.settle.is_pending(&folder, stamp) {
                self.settle.touch(folder.clone(), Instant::now());
                self.settle.remember(&folder, stamp);
            }
        }
    }

    async fn stamp(&self, folder: &Path) -> Option<u64> {
        let (folder, limits) = (folder.to_owned(), self.packages.limits());
        tokio::task::spawn_blocking(move || folder.is_dir().then(|| stamp_of(&source::stamp(&folder, &limits))))
            .await
            .ok()?
    }
}

impl Packages {
    /// Keeps in step with the folders until `stop`.
    pub async fn watch(&self, stop: CancellationToken) -> Result<()> {
        watch(self, stop).await;
        Ok(())
    }
}
