//! `SearchIndex` over a folder with a folder for each index. Only brings the blocking work of `index` to threads that
//! may block, and keeps the indexes that are open.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use botserver_ports::{IndexChange, IndexError, IndexHit, IndexQuery, IndexSpec, IndexStats, SearchIndex};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    index::{Index, Trouble},
    manifest::MANIFEST,
};

/// Indexes in a folder. One process at a time writes to it.
#[derive(Clone)]
pub struct FolderIndex {
    root: PathBuf,
    open: Arc<Mutex<HashMap<String, Arc<Index>>>>,
}

impl FolderIndex {
    /// Indexes in this folder, which is made when the first of them is.
    pub fn open(root: &Path) -> Self {
        Self { root: root.to_owned(), open: Arc::default() }
    }

    fn index(&self, name: &str) -> Result<Arc<Index>, IndexError> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || name.len() > 200 || !name.chars().all(fits) {
            return Err(IndexError::Unavailable(format!("`{name}` cannot be the name of an index")));
        }
        let mut open = self.open.lock();
        let new = || Arc::new(Index::new(self.root.join(name)));
        Ok(open.entry(name.to_owned()).or_insert_with(new).clone())
    }

    async fn with<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Index) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, IndexError> {
        let index = self.index(name)?;
        blocking(move || work(&index)).await?.map_err(|trouble| trouble.of(name))
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
        self.with(&index.name, move |index| index.search(dimensions, &query)).await
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
