//! Taking a folder as it is now: read it, compile it, decide, commit, serve, tell.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use botserver_basic_types::Severity;
use botserver_kernel::{BotId, Clock as _, SystemClock};
use tokio::time::{Instant, sleep};

use super::{Mounted, Packages, RejectedFolder, versions};
use crate::{
    Bot, BotState, Decision, Error, LoadedPackage, PackageEvent, PackageSource, PackageVersion, Result, compile,
    decide, scan, source, store,
};

/// How many quiet times a package that is being written is waited for at the start.
const PATIENCE: u32 = 4;

/// What became of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It serves from now on.
    Published,
    /// It served already.
    Unchanged,
    /// It has mistakes; what served before goes on.
    Refused,
    /// It cannot be a bot: its name.
    Rejected,
    /// It is being written right now; take it again later.
    Moving,
    /// It is gone, and the bot with it.
    Removed,
}

/// What became of a folder, and what to watch of it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What became of it.
    pub outcome: Outcome,
    /// Its folders.
    pub folders: Vec<PathBuf>,
    /// Of names, sizes and times of its files; equal as long as nothing changes.
    pub stamp: u64,
}

impl Taken {
    fn nothing(outcome: Outcome) -> Self {
        Self { outcome, folders: Vec::new(), stamp: 0 }
    }
}

/// Of names, sizes and times: what a cheap walk can compare.
pub(crate) fn stamp_of(source: &PackageSource) -> u64 {
    let mut hasher = DefaultHasher::new();
    source.unusable.hash(&mut hasher);
    for (path, file) in &source.files {
        (path, file.size, file.modified).hash(&mut hasher);
    }
    hasher.finish()
}

struct Read {
    version: Option<PackageVersion>,
    folders: Vec<PathBuf>,
    stamp: u64,
}

impl Packages {
    /// Takes every package folder once, and notices which are gone. For the start, before anybody listens.
    ///
    /// A package in which something changed less than `quiet` ago is waited for a little; one that goes on changing is
    /// being copied and is left to the watcher, while its bot goes on with the version that served. Zero takes
    /// everything as it is.
    pub async fn mount_all(&self, quiet: Duration) -> Result<()> {
        let mut moving = Vec::new();
        for folder in self.folders()? {
            if self.is_quiet(&folder, quiet).await { self.mount(&folder).await } else { moving.push(folder) }
        }
        let patience = Instant::now() + quiet * PATIENCE;
        while !moving.is_empty() && Instant::now() < patience {
            sleep(quiet / 4).await;
            let mut still = Vec::new();
            for folder in moving {
                if self.is_quiet(&folder, quiet).await { self.mount(&folder).await } else { still.push(folder) }
            }
            moving = still;
        }
        for folder in moving {
            tracing::warn!(folder = %folder.display(), "the package is being written; it is taken when it is quiet");
        }
        self.remove_missing().await
    }

    /// Takes a folder; that it cannot be taken now must not stop the others.
    async fn mount(&self, folder: &Path) {
        if let Err(error) = self.take(folder).await {
            tracing::error!(folder = %folder.display(), %error, "the package cannot be taken now");
        }
    }

    /// True if nothing in a folder changed lately.
    async fn is_quiet(&self, folder: &Path, quiet: Duration) -> bool {
        if quiet.is_zero() {
            return true;
        }
        let (folder, limits) = (folder.to_owned(), self.limits());
        let changed = tokio::task::spawn_blocking(move || source::last_change(&folder, &limits)).await;
        let Ok(Some(changed_ms)) = changed else { return true };
        // The times of files come from the system's clock, whatever clock the rest of the server goes by.
        let ago = SystemClock.now_ms() - changed_ms;
        // A file from the future was not written just now; waiting for it would be in vain.
        !(0..i64::try_from(quiet.as_millis()).unwrap_or(i64::MAX)).contains(&ago)
    }

    /// The package folders, sorted.
    pub(crate) fn folders(&self) -> Result<Vec<PathBuf>> {
        let io = |source| Error::Io { action: "read", path: self.dir().to_owned(), source };
        let mut folders: Vec<PathBuf> = std::fs::read_dir(self.dir())
            .map_err(io)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| source::bot_name(path).is_some() && path.is_dir())
            .collect();
        folders.sort();
        Ok(folders)
    }

    /// Removes the bots whose folder is gone. Does nothing if the folder of all packages cannot be read: a disk that
    /// is not mounted is no reason to stop every bot.
    pub(crate) async fn remove_missing(&self) -> Result<()> {
        let names: Vec<String> =
            self.folders()?.iter().filter_map(|path| source::bot_name(path)).map(|name| name.to_lowercase()).collect();
        let gone: Vec<BotId> = {
            let mut registry = self.0.bots.write();
            registry.rejected.retain(|path, _| path.is_dir());
            registry
                .bots
                .values()
                .filter(|mounted| {
                    mounted.bot.state != BotState::Removed && !names.iter().any(|name| **name == *mounted.bot.name)
                })
                .map(|mounted| mounted.bot.id)
                .collect()
        };
        for id in gone {
            self.remove(id).await?;
        }
        Ok(())
    }

    async fn remove(&self, id: BotId) -> Result<()> {
        let _turn = self.0.publishing.lock().await;
        let Some(mut bot) = self.0.bots.read().bots.get(&id).map(|mounted| mounted.bot.clone()) else { return Ok(()) };
        bot.state = BotState::Removed;
        bot.change_refused = false;
        bot.diagnostics.clear();
        store::save(&self.0.deps.db, self.org(), bot.clone(), None, self.0.deps.clock.now_ms()).await?;
        let name = bot.name.clone();
        if let Some(mounted) = self.0.bots.write().bots.get_mut(&id) {
            // Something may still wait in the version; it goes on from the cache or the table.
            mounted.bot = bot;
            mounted.root = None;
            mounted.theme = Arc::default();
            mounted.seeds = Arc::from([]);
            if let Some(current) = mounted.current.take() {
                self.0.versions.insert((id, current.hash.clone()), current);
            }
        }
        tracing::info!(bot = &*name, "the package is gone; the bot stops serving");
        self.tell(PackageEvent::Removed { bot_id: id, name });
        Ok(())
    }

    /// Takes a package folder as it is now.
    pub async fn take(&self, folder: &Path) -> Result<Taken> {
        let turn = self.0.publishing.lock().await;
        if !folder.is_dir() {
            drop(turn);
            self.remove_missing().await?;
            return Ok(Taken::nothing(Outcome::Removed));
        }
        let Some(raw_name) = source::bot_name(folder) else { return Ok(Taken::nothing(Outcome::Rejected)) };
        if let Err(reason) = self.acceptable(folder, &raw_name) {
            let folder_name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let rejected = RejectedFolder { folder: folder_name, reason };
            let before = self.0.bots.write().rejected.insert(folder.to_owned(), rejected.clone());
            // The start takes every folder, and the watcher takes it again: what is known is not said twice.
            if before.as_ref() != Some(&rejected) {
                let RejectedFolder { folder, reason } = rejected;
                tracing::warn!(folder, reason, "the folder cannot be a bot");
            }
            return Ok(Taken::nothing(Outcome::Rejected));
        }
        self.0.bots.write().rejected.remove(folder);
        let read = self.read(folder).await?;
        let outcome = match read.version {
            None => Outcome::Moving,
            Some(version) => self.publish(folder, read.stamp, version).await?,
        };
        Ok(Taken { outcome, folders: read.folders, stamp: read.stamp })
    }

    fn acceptable(&self, folder: &Path, raw_name: &str) -> Result<(), String> {
        let name = source::check_name(raw_name, &*self.0.deps.reserved).map_err(|error| error.to_string())?;
        let registry = self.0.bots.read();
        let other = registry.by_name.get(&name).and_then(|id| registry.bots.get(id)?.root.as_ref());
        match other {
            Some(other) if other != folder && other.is_dir() => {
                Err(format!("the bot `{name}` is served from {}; case does not count in names", other.display()))
            }
            _ => Ok(()),
        }
    }

    /// Reads the folder twice. Two equal readings saw files that nobody was writing.
    async fn read(&self, folder: &Path) -> Result<Read> {
        let (inner, folder) = (self.0.clone(), folder.to_owned());
        let read = move || {
            let first = scan(&folder, &inner.limits);
            let second = scan(&folder, &inner.limits);
            let stamp = stamp_of(&second);
            let version = first
                .same_files(&second)
                .then(|| compile::compile(&second, &inner.deps.language, &inner.deps.defaults));
            Read { version, folders: second.folders, stamp }
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| Error::Stopping)
    }

    async fn publish(&self, folder: &Path, stamp: u64, mut version: PackageVersion) -> Result<Outcome> {
        let deps = &self.0.deps;
        let now_ms = deps.clock.now_ms();
        let known = self.0.bots.read().by_name.get(&version.name).copied();
        let id = match known {
            Some(id) => id,
            None => store::ensure_bot(&deps.db, self.org(), version.name.clone(), deps.ids.next(), now_ms).await?,
        };
        let before = self.0.bots.read().bots.get(&id).map(|mounted| (mounted.bot.clone(), mounted.current.clone()));
        let serving = before.as_ref().and_then(|(_, current)| current.clone());
        let mut decision = decide(serving.as_deref(), &version);
        let ready = match decision {
            Decision::Publish => false,
            // A file with rows may be what was missing.
            Decision::Unchanged => self.is_ready(id, &version),
            Decision::Refuse => true,
        };
        let mut prepared = ready;
        if !ready {
            let found = deps.preparation.prepare(&versions::loaded(id, &version), &version.seeds).await?;
            prepared = found.iter().all(|own| own.diagnostic.severity != Severity::Error);
            version.add(found);
            decision = decide(serving.as_deref(), &version);
        }
        let mut bot = Bot {
            id,
            name: version.name.clone(),
            state: BotState::Serving,
            version: before.as_ref().and_then(|(bot, _)| bot.version.clone()),
            loaded_at_ms: before.as_ref().and_then(|(bot, _)| bot.loaded_at_ms),
            change_refused: false,
            diagnostics: version.diagnostics.clone(),
        };
        let mut stored = None;
        match decision {
            Decision::Unchanged => {}
            Decision::Publish => {
                bot.version = Some(version.hash.clone());
                bot.loaded_at_ms = Some(now_ms);
                stored = Some(versions::stored(&version));
            }
            Decision::Refuse => {
                bot.change_refused = serving.is_some();
                if serving.is_none() {
                    bot.state = BotState::Refused;
                }
            }
        }
        if before.as_ref().is_none_or(|(before, _)| *before != bot) {
            store::save(&deps.db, self.org(), bot.clone(), stored, now_ms).await?;
        }
        Ok(self.serve((folder, stamp, prepared), bot, serving, version, decision))
    }

    /// True if everything that the version which serves needs is there, as far as the folder tells.
    fn is_ready(&self, id: BotId, version: &PackageVersion) -> bool {
        let registry = self.0.bots.read();
        registry.bots.get(&id).is_some_and(|mounted| mounted.prepared && mounted.seeds == version.seeds)
    }

    /// Puts it where everybody sees it, after the commit.
    fn serve(
        &self,
        (folder, stamp, prepared): (&Path, u64, bool),
        bot: Bot,
        serving: Option<Arc<LoadedPackage>>,
        version: PackageVersion,
        decision: Decision,
    ) -> Outcome {
        let (id, name) = (bot.id, bot.name.clone());
        let errors = bot.error_count();
        let current = match decision {
            Decision::Publish => Some(Arc::new(versions::loaded(id, &version))),
            Decision::Unchanged | Decision::Refuse => serving.clone(),
        };
        if let (Decision::Publish, Some(replaced)) = (decision, serving) {
            self.0.versions.insert((id, replaced.hash.clone()), replaced);
        }
        let mut registry = self.0.bots.write();
        let old = registry.bots.remove(&id);
        // A refused change is refused whole: theme and seed data of the folder do not count either.
        let (theme, seeds) = match (decision, &old) {
            (Decision::Refuse, Some(old)) => (old.theme.clone(), old.seeds.clone()),
            (Decision::Refuse, None) => (Arc::default(), Arc::from([])),
            _ => (Arc::new(version.theme), version.seeds),
        };
        let prepared = match (decision, &old) {
            (Decision::Refuse, old) => old.as_ref().is_some_and(|old| old.prepared),
            _ => prepared,
        };
        let moved = old.as_ref().is_none_or(|old| old.theme != theme || old.seeds != seeds);
        registry.by_name.insert(name.clone(), id);
        let mounted = Mounted {
            bot,
            root: Some(folder.to_owned()),
            current: current.clone(),
            theme,
            seeds: seeds.clone(),
            prepared,
            stamp,
        };
        registry.bots.insert(id, mounted);
        drop(registry);
        match (decision, current) {
            (Decision::Publish, Some(current)) => {
                tracing::info!(bot = &*name, version = &*current.hash, errors, "published");
                let hash = current.hash.clone();
                self.tell(PackageEvent::Published { bot_id: id, name, hash, new_version: true, seeds });
                Outcome::Published
            }
            (Decision::Unchanged, Some(current)) if moved => {
                let hash = current.hash.clone();
                self.tell(PackageEvent::Published { bot_id: id, name, hash, new_version: false, seeds });
                Outcome::Unchanged
            }
            (Decision::Unchanged, _) => Outcome::Unchanged,
            _ => {
                tracing::warn!(bot = &*name, errors, "the change is refused; see `botserver check`");
                self.tell(PackageEvent::Refused { bot_id: id, name });
                Outcome::Refused
            }
        }
    }
}
