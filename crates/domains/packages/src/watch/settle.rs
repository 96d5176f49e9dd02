//! When a package counts as quiet: half a second after the last event, and not while a file is open for writing.
//! A plain state machine over moments it is given.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

/// A file that stays open for writing this long (a log, an editor that never closes) holds nothing up any more.
const LONGEST_WRITE: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Pending {
    quiet_at: Instant,
    /// Files being written, and the last write to each.
    open: HashMap<PathBuf, Instant>,
    stamp: Option<u64>,
}

/// The packages with changes that are not taken yet.
#[derive(Debug)]
pub(super) struct Settle {
    quiet: Duration,
    pending: HashMap<PathBuf, Pending>,
    /// Stamps of the packages that are being looked at.
    looked: HashMap<PathBuf, Option<u64>>,
}

impl Settle {
    pub(super) fn new(quiet: Duration) -> Self {
        Self { quiet, pending: HashMap::new(), looked: HashMap::new() }
    }

    fn entry(&mut self, folder: PathBuf, quiet_at: Instant) -> &mut Pending {
        let pending =
            self.pending.entry(folder).or_insert_with(|| Pending { quiet_at, open: HashMap::new(), stamp: None });
        pending.quiet_at = quiet_at;
        pending
    }

    /// Something changed.
    pub(super) fn touch(&mut self, folder: PathBuf, now: Instant) {
        let quiet_at = now + self.quiet;
        self.entry(folder, quiet_at);
    }

    /// Look again after a while.
    pub(super) fn touch_in(&mut self, folder: PathBuf, now: Instant, after: Duration) {
        self.entry(folder, now + after);
    }

    /// A file was written to and is still open.
    pub(super) fn writing(&mut self, folder: PathBuf, file: PathBuf, now: Instant) {
        let quiet_at = now + self.quiet;
        self.entry(folder, quiet_at).open.insert(file, now);
    }

    /// A file was closed or is gone.
    pub(super) fn closed(&mut self, folder: PathBuf, file: &Path, now: Instant) {
        let quiet_at = now + self.quiet;
        self.entry(folder, quiet_at).open.remove(file);
    }

    /// What a walk over the package saw when it was noticed to have changed.
    pub(super) fn remember(&mut self, folder: &Path, stamp: Option<u64>) {
        if let Some(pending) = self.pending.get_mut(folder) {
            pending.stamp = stamp;
        }
    }

    /// True if the package is pending and looked like this when it was noticed.
    pub(super) fn is_pending(&self, folder: &Path, stamp: Option<u64>) -> bool {
        self.pending.get(folder).is_some_and(|pending| pending.stamp == stamp)
    }

    /// What [`Settle::remember`] was told of a package that [`Settle::due`] has just given.
    pub(super) fn last_stamp(&self, folder: &Path) -> Option<u64> {
        self.looked.get(folder).copied().flatten()
    }

    /// When the next package may be quiet.
    pub(super) fn next(&self) -> Option<Instant> {
        self.pending.values().map(|pending| pending.quiet_at).min()
    }

    /// The packages that are quiet now; they are pending no more.
    pub(super) fn due(&mut self, now: Instant) -> Vec<PathBuf> {
        self.looked.clear();
        for pending in self.pending.values_mut().filter(|pending| pending.quiet_at <= now) {
            pending.open.retain(|_, written| *written + LONGEST_WRITE > now);
            if let Some(oldest) = pending.open.values().min() {
                pending.quiet_at = *oldest + LONGEST_WRITE;
            }
        }
        let mut due = Vec::new();
        self.pending.retain(|folder, pending| {
            let is_due = pending.quiet_at <= now;
            if is_due {
                due.push(folder.clone());
                self.looked.insert(folder.clone(), pending.stamp);
            }
            !is_due
        });
        due.sort();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_millis(500);
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn quiet_is_half_a_second_after_the_last_change() {
        let start = Instant::now();
        let mut settle = Settle::new(QUIET);
        let shop = PathBuf::from("/bots/shop.gbai");
        assert_eq!(settle.next(), None);
        settle.touch(shop.clone(), start);
        settle.touch(shop.clone(), start + 400 * MS);
        assert_eq!(settle.next(), Some(start + 900 * MS));
        assert!(settle.due(start + 899 * MS).is_empty());
        assert_eq!(settle.due(start + 900 * MS), std::slice::from_ref(&shop));
        assert!(settle.due(start + 5_000 * MS).is_empty());
    }

    #[test]
    fn packages_are_quiet_each_for_itself() {
        let start = Instant::now();
        let mut settle = Settle::new(QUIET);
        settle.touch("/bots/a.gbai".into(), start);
        settle.touch("/bots/b.gbai".into(), start + 300 * MS);
        assert_eq!(settle.due(start + 600 * MS), [PathBuf::from("/bots/a.gbai")]);
        assert_eq!(settle.due(start + 800 * MS), [PathBuf::from("/bots/b.gbai")]);
    }

    #[test]
    fn a_file_that_is_being_written_holds_its_package_but_not_for_ever() {
        let start = Instant::now();
        let mut settle = Settle::new(QUIET);
        let (shop, file) = (PathBuf::from("/bots/shop.gbai"), PathBuf::from("/bots/shop.gbai/start.bas"));
        settle.writing(shop.clone(), file.clone(), start);
        assert!(settle.due(start + 2_000 * MS).is_empty());
        settle.closed(shop.clone(), &file, start + 3_000 * MS);
        assert!(settle.due(start + 3_499 * MS).is_empty());
        assert_eq!(settle.due(start + 3_500 * MS), std::slice::from_ref(&shop));
        settle.writing(shop.clone(), file, start + 4_000 * MS);
        assert!(settle.due(start + 33_999 * MS).is_empty());
        assert_eq!(settle.due(start + 34_000 * MS), std::slice::from_ref(&shop));
    }
}
