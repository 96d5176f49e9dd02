//! `SearchIndex` over a folder with a folder for each index. Only brings the blocking work of `index` to threads that
//! may block, and keeps the indexes that are open.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use botserver_ports::{IndexChange, IndexError, IndexHit, IndexQuery, IndexSpec, IndexStats, SearchIndex};
use parking_lot::Mutex;
use tokio::{sync::Semaphore, time::timeout_at};
use uuid::Uuid;

use crate::{
    deadline::Deadline,
    index::{Index, Trouble},
    manifest::MANIFEST,
};

/// How much an index folder may cost while it serves.
#[derive(Clone, Copy, Debug)]
pub struct FolderOptions {
    /// Searches that run at once; the others wait.
    pub at_once: usize,
    /// How long a search may take, its waiting counted.
    pub patience: Duration,
    /// Passages of all indexes that are held in memory together (some hundred bytes each); the index that was used
    /// last is held whatever its size.
    pub held: u64,
    /// Indexes that are held in memory.
    pub indexes: usize,
}

impl Default for FolderOptions {
    fn default() -> Self {
        // As many as calculate at the same time: more would only take the memory of their results.
        let at_once = available_parallelism().map_or(2, std::num::NonZero::get);
        Self { at_once, patience: Duration::from_secs(10), held: 1_000_000, indexes: 64 }
    }
}

/// Indexes in a folder. One process at a time writes to it.
#[derive(Clone)]
pub struct FolderIndex {
    root: PathBuf,
    options: FolderOptions,
    open: Arc<Mutex<Open>>,
    searching: Arc<Semaphore>,
}

/// The indexes that somebody has asked for. An index stays here for ever, so that it has one writer; what it holds in
/// memory does not.
#[derive(Default)]
struct Open {
    indexes: HashMap<String, (Arc<Index>, u64)>,
    /// Counts the uses.
    uses: u64,
}

impl Open {
    /// Lets those rest that were used longest ago, until what is held fits.
    fn make_room(&self, options: &FolderOptions) {
        let mut held: Vec<(u64, u64, &Arc<Index>)> = self
            .indexes
            .values()
            .map(|(index, used)| (*used, index.held(), index))
            .filter(|(_, passages, _)| *passages > 0)
            .collect();
        held.sort_unstable_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut passages = 0;
        for (place, (_, own, index)) in held.into_iter().enumerate() {
            passages += own;
            if place > 0 && (place >= options.indexes || passages > options.held) {
                index.rest();
            }
        }
    }
}

impl FolderIndex {
    /// Indexes in this folder, which is made when the first of them is.
    pub fn open(root: &Path) -> Self {
        Self::with_options(root, FolderOptions::default())
    }

    /// The same within other limits.
    pub fn with_options(root: &Path, options: FolderOptions) -> Self {
        let searching = Arc::new(Semaphore::new(options.at_once.max(1)));
        Self { root: root.to_owned(), options, open: Arc::default(), searching }
    }

    /// How many passages are held in memory.
    pub fn held(&self) -> u64 {
        self.open.lock().indexes.values().map(|(index, _)| index.held()).sum()
    }

    fn index(&self, name: &str) -> Result<Arc<Index>, IndexError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || name.len() > 200 || !name.chars().all(fits) {
            return Err(IndexError::Unavailable(format!("`{name}` cannot be the name of an index")));
        }
        let mut open = self.open.lock();
        open.uses += 1;
        let uses = open.uses;
        let new = || (Arc::new(Index::new(self.root.join(name))), 0);
        let (index, used) = open.indexes.entry(name.to_owned()).or_insert_with(new);
        *used = uses;
        Ok(index.clone())
    }

    async fn with<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Index) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, IndexError> {
        let index = self.index(name)?;
        let done = blocking(move || work(&index)).await?.map_err(|trouble| trouble.of(name));
        self.open.lock().make_room(&self.options);
        done
    }
}

#[async_trait]
impl SearchIndex for FolderIndex {
    async fn apply(&self, index: &IndexSpec, changes: Vec<IndexChange>) -> Result<(), IndexError> {
        let dimensions = index.dimensions;
        self.with(&index.name, move |index| index.apply(dimensions, changes)).await
    }

    async fn search(&self, index: &IndexSpec, query: IndexQuery) -> Result<Vec<IndexHit>, IndexError> {
        let dimensions = index.dimensions;
        let until = Instant::now() + self.options.patience;
        let place = timeout_at(until.into(), self.searching.clone().acquire_owned());
        let Ok(Ok(place)) = place.await else { return Err(Trouble::Slow.of(&index.name)) };
        self.with(&index.name, move |index| {
            let found = index.search(dimensions, &query, &Deadline::at(until));
            // Not before the thread is done: who asked may have gone away long ago.
            drop(place);
            found
        })
        .await
    }

    async fn documents(&self, index: &IndexSpec) -> Result<Vec<Uuid>, IndexError> {
        self.with(&index.name, Index::documents).await
    }

    async fn stats(&self, index: &IndexSpec) -> Result<IndexStats, IndexError> {
        self.with(&index.name, Index::stats).await
    }

    async fn vanished(&self, index: &IndexSpec) -> bool {
        self.with(&index.name, |index| Ok(index.vanished())).await.unwrap_or_default()
    }

    async fn list(&self) -> Result<Vec<String>, IndexError> {
        let root = self.root.clone();
        blocking(move || names(&root)).await?.map_err(|error| IndexError::Unavailable(error.to_string()))
    }

    async fn drop_index(&self, name: &str) -> Result<(), IndexError> {
        self.with(name, |index| Ok(index.remove()?)).await
    }
}

/// A folder without a manifest is what is left of an index that never came to be, or is no more.
fn names(root: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join(MANIFEST).is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort_unstable();
    Ok(names)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, IndexError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| IndexError::Unavailable(error.to_string()))
}
