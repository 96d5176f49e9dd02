//! File events of the system, for folders of packages only: documents and people's files are not watched, so their
//! number costs nothing.

use std::{
    collections::{HashMap, HashSet},
    path::{Component, Path, PathBuf},
    time::Duration,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::mounts;
use crate::source::is_folder_of;

/// Something happened below a watched folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A file or folder came, went, was renamed or changed.
    Touched(PathBuf),
    /// A file was written to and is still open.
    Writing(PathBuf),
    /// A file that was open for writing was closed.
    Closed(PathBuf),
    /// Events were lost: anything may have changed.
    Lost,
}

/// Where [`Change`]s come from.
pub trait FolderEvents: Send + Sync {
    /// True if changes are reported, so that nobody needs to look for them.
    fn works(&self) -> bool;

    /// Watches exactly these folders of a package; true if one of them was not watched before.
    fn cover(&mut self, package: &Path, folders: &[PathBuf]) -> bool;

    /// Stops watching a package.
    fn forget(&mut self, package: &Path);

    /// A path of a change as it looks from the folder of the packages: events tell real paths, and a package may be a
    /// link to a folder elsewhere.
    fn as_listed(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// The name of the file that finds out whether events arrive.
const PROBE: &str = ".botserver-probe";
/// They arrive within milliseconds; a machine under load may need longer.
const PROBE_TIME: Duration = Duration::from_secs(2);

/// inotify, FSEvents, kqueue or ReadDirectoryChanges, through `notify`.
pub struct SystemEvents {
    watcher: Option<RecommendedWatcher>,
    watched: HashMap<PathBuf, HashSet<PathBuf>>,
    /// Real folder of a package to the folder that is listed.
    listed: HashMap<PathBuf, PathBuf>,
}

impl SystemEvents {
    /// Begins to watch the folder of the packages.
    pub async fn start(dir: &Path, changes: UnboundedSender<Change>) -> Self {
        let real = std::fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
        let nothing = |watcher| Self { watcher, watched: HashMap::new(), listed: HashMap::new() };
        // Files that another machine changes make no events here.
        if mounts::is_remote(&real) {
            return nothing(None);
        }
        let (probe, probed) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| report(event, &changes, &probe));
        let mut watcher = match watcher.and_then(|mut own| own.watch(&real, RecursiveMode::NonRecursive).map(|()| own))
        {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(dir = %dir.display(), %error, "the folder of the packages cannot be watched");
                return nothing(None);
            }
        };
        if !answers(&real, probed).await {
            // Unwatching can only fail if it was not watched.
            let _ = watcher.unwatch(&real);
            return nothing(None);
        }
        let mut events = nothing(Some(watcher));
        events.listed.insert(real, dir.to_owned());
        events
    }

    /// No watch is left for this folder; looking takes over.
    fn give_up(&mut self, error: &notify::Error) {
        tracing::warn!(%error, "no more folders can be watched; looking every ten seconds instead");
        self.watcher = None;
        self.watched.clear();
    }
}

impl FolderEvents for SystemEvents {
    fn works(&self) -> bool {
        self.watcher.is_some()
    }

    fn cover(&mut self, package: &Path, folders: &[PathBuf]) -> bool {
        let Some(watcher) = &mut self.watcher else { return false };
        let watched = self.watched.entry(package.to_owned()).or_default();
        if let Some(real) = folders.first() {
            self.listed.insert(real.clone(), package.to_owned());
        }
        let wanted: HashSet<PathBuf> = folders.iter().cloned().collect();
        for old in watched.difference(&wanted) {
            // It is gone most of the time, and its watch with it.
            let _ = watcher.unwatch(old);
        }
        watched.retain(|folder| wanted.contains(folder));
        let mut new = false;
        for folder in folders {
            if watched.contains(folder) {
                continue;
            }
            match watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    watched.insert(folder.clone());
                    new = true;
                }
                Err(error) if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) => {
                    self.give_up(&error);
                    return false;
                }
                // It went while we looked; its folder's event comes.
                Err(_) => {}
            }
        }
        new
    }

    fn forget(&mut self, package: &Path) {
        self.listed.retain(|_, listed| listed != package);
        let folders = self.watched.remove(package).unwrap_or_default();
        if let Some(watcher) = &mut self.watcher {
            for folder in folders {
                let _ = watcher.unwatch(&folder);
            }
        }
    }

    fn as_listed(&self, path: &Path) -> PathBuf {
        path.ancestors()
            .find_map(|real| {
                let rest = path.strip_prefix(real).ok()?;
                self.listed
                    .get(real)
                    .map(|listed| if rest.as_os_str().is_empty() { listed.clone() } else { listed.join(rest) })
            })
            .unwrap_or_else(|| path.to_owned())
    }
}

/// Runs on the thread of the watcher: sorts out what cannot matter and passes on the rest.
fn report(event: notify::Result<Event>, changes: &UnboundedSender<Change>, probe: &UnboundedSender<()>) {
    // Nobody receives while the server stops.
    let send = |change| {
        let _ = changes.send(change);
    };
    let event = match event {
        Ok(event) if event.need_rescan() => return send(Change::Lost),
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "file events were lost");
            return send(Change::Lost);
        }
    };
    for path in event.paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name == PROBE {
            // Heard once is enough; later ones find nobody.
            let _ = probe.send(());
            continue;
        }
        if name.starts_with('.') || name.ends_with('~') || is_apart(&path) {
            continue;
        }
        match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => send(Change::Closed(path)),
            EventKind::Access(_) => {}
            // Only Linux says when a file is closed.
            EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => send(Change::Writing(path)),
            EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
                send(Change::Closed(path.clone()));
                send(Change::Touched(path));
            }
            _ => send(Change::Touched(path)),
        }
    }
}

/// Documents and people's files, below the folder that holds them: that the folder itself came or went does not
/// matter to a package either.
fn is_apart(path: &Path) -> bool {
    path.components().any(|part| {
        let Component::Normal(name) = part else { return false };
        let name = name.to_string_lossy();
        is_folder_of(&name, "gbkb") || is_folder_of(&name, "gbdrive")
    })
}

/// Makes a file and waits for its event.
async fn answers(dir: &Path, mut probed: UnboundedReceiver<()>) -> bool {
    let probe = dir.join(PROBE);
    if std::fs::write(&probe, b"").is_err() {
        // Read-only, as a container mounts it: whoever writes is somewhere else.
        return false;
    }
    let seen = tokio::time::timeout(PROBE_TIME, probed.recv()).await;
    if let Err(error) = std::fs::remove_file(&probe) {
        tracing::debug!(%error, "the probe file cannot be removed");
    }
    matches!(seen, Ok(Some(())))
}
