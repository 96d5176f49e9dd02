//! One index in one folder: opened when it is first needed, changed by one at a time, searched by many. Everything here
//! blocks.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use botserver_ports::{IndexChange, IndexDocument, IndexError, IndexHit, IndexQuery, IndexStats};
use parking_lot::{Mutex, RwLock};
use tantivy::{
    TantivyError,
    directory::error::{OpenReadError, OpenWriteError},
};
use uuid::Uuid;

use crate::{
    catalogue::Entry,
    deadline::Deadline,
    files::Remembered,
    lexicon::{self, Edit},
    manifest::{Blocks, MANIFEST, Manifest},
    snapshot::{self, Snapshot},
    vectors::{self, Row, Vectors, Writer},
};

/// What went wrong inside; `IndexError` adds the name.
#[derive(Debug)]
pub(crate) enum Trouble {
    Damaged(String),
    Io(String),
    /// A search has taken longer than it may.
    Slow,
    Dimensions {
        expected: usize,
        given: usize,
    },
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl From<TantivyError> for Trouble {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::IoError(_)
            | TantivyError::OpenReadError(OpenReadError::IoError { .. })
            | TantivyError::OpenWriteError(OpenWriteError::IoError { .. })
            | TantivyError::OpenDirectoryError(_)
            | TantivyError::ErrorInThread(_)
            | TantivyError::LockFailure(..) => Self::Io(error.to_string()),
            // What was checked against the manifest a moment ago cannot be read all the same.
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl Trouble {
    pub(crate) fn of(self, index: &str) -> IndexError {
        let index = index.to_owned();
        match self {
            Self::Damaged(reason) => IndexError::Damaged { index, reason },
            Self::Dimensions { expected, given } => IndexError::Dimensions { index, expected, given },
            Self::Slow => IndexError::Unavailable(format!("{index}: the search took too long")),
            Self::Io(error) => IndexError::Unavailable(format!("{index}: {error}")),
        }
    }
}

/// An index of which there may be nothing yet.
pub(crate) struct Index {
    folder: PathBuf,
    /// Held while changes are written.
    writing: Mutex<()>,
    /// Held while files are opened that the manifest names, so that nobody removes them meanwhile.
    opening: Mutex<()>,
    current: RwLock<Option<Arc<Snapshot>>>,
}

fn check_length(expected: usize, given: usize) -> Result<(), Trouble> {
    if expected == given { Ok(()) } else { Err(Trouble::Dimensions { expected, given }) }
}

impl Index {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::new(()), opening: Mutex::new(()), current: RwLock::new(None) }
    }

    /// True if its files were there when it was opened, and are not any more.
    pub(crate) fn vanished(&self) -> bool {
        self.current.read().is_some() && !self.folder.join(MANIFEST).exists()
    }

    /// The index as it is on the disk; opened if it has not been yet.
    fn snapshot(&self) -> Result<Option<Arc<Snapshot>>, Trouble> {
        if self.vanished() {
            return Err(Trouble::Damaged("its files are gone".to_owned()));
        }
        self.opened()
    }

    /// The index as it was when it was opened or changed last, also if its files are gone since: they are held open.
    fn opened(&self) -> Result<Option<Arc<Snapshot>>, Trouble> {
        if let Some(snapshot) = &*self.current.read() {
            return Ok(Some(snapshot.clone()));
        }
        let _opening = self.opening.lock();
        if let Some(snapshot) = &*self.current.read() {
            return Ok(Some(snapshot.clone()));
        }
        let Some(snapshot) = Snapshot::open(&self.folder)?.map(Arc::new) else { return Ok(None) };
        *self.current.write() = Some(snapshot.clone());
        Ok(Some(snapshot))
    }

    pub(crate) fn search(
        &self,
        dimensions: usize,
        query: &IndexQuery,
        deadline: &Deadline,
    ) -> Result<Vec<IndexHit>, Trouble> {
        let Some(snapshot) = self.opened()? else { return Ok(Vec::new()) };
        check_length(snapshot.manifest.dimensions, dimensions)?;
        if let Some(vector) = &query.vector {
            check_length(dimensions, vector.len())?;
        }
        snapshot.search(query, deadline)
    }

    /// How many passages are held in memory.
    pub(crate) fn held(&self) -> u64 {
        self.current.read().as_ref().map_or(0, |snapshot| snapshot.catalogue.passages())
    }

    /// Gives up what is held in memory; what still searches keeps it until it is done, and whoever comes next opens it
    /// anew.
    pub(crate) fn rest(&self) {
        *self.current.write() = None;
    }

    pub(crate) fn documents(&self) -> Result<Vec<Uuid>, Trouble> {
        Ok(self.snapshot()?.map(|snapshot| snapshot.catalogue.ids()).unwrap_or_default())
    }

    /// Counts, after every file was compared with what it should be.
    pub(crate) fn stats(&self) -> Result<IndexStats, Trouble> {
        {
            // Not while changes are written: files come and go then.
            let _writing = self.writing.lock();
            self.snapshot()?;
            snapshot::check(&self.folder)?;
        }
        let Some(snapshot) = self.snapshot()? else { return Ok(IndexStats::default()) };
        let mut bytes = 0;
        for entry in fs::read_dir(&self.folder)? {
            bytes += entry?.metadata().map_or(0, |found| found.len());
        }
        let catalogue = &snapshot.catalogue;
        let (documents, passages, vectors) = (catalogue.documents(), catalogue.passages(), catalogue.vectors());
        Ok(IndexStats { documents, passages, vectors, bytes })
    }

    /// Makes changes; they are on the disk and seen by searches when this returns, or not at all.
    pub(crate) fn apply(&self, dimensions: usize, changes: Vec<IndexChange>) -> Result<(), Trouble> {
        let _writing = self.writing.lock();
        let before = self.snapshot()?;
        let held = before.as_ref().map_or(dimensions, |snapshot| snapshot.manifest.dimensions);
        check_length(held, dimensions)?;
        check_vectors(dimensions, &changes)?;
        fs::create_dir_all(&self.folder)?;
        let after = write(&self.folder, before.as_deref(), dimensions, changes)?;
        let _opening = self.opening.lock();
        after.manifest.write(&self.folder)?;
        let manifest = after.manifest.clone();
        *self.current.write() = Some(Arc::new(after));
        // Files that cannot be removed now are removed after the next change.
        if let Err(error) = manifest.tidy(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "old files of a search index are left");
        }
        Ok(())
    }

    /// Removes the folder; what still searches sees its files until it is done.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let _writing = self.writing.lock();
        let _opening = self.opening.lock();
        *self.current.write() = None;
        // Without the manifest there is no index, whatever else is left when we are killed now.
        for outcome in [fs::remove_file(self.folder.join(MANIFEST)), fs::remove_dir_all(&self.folder)] {
            if let Err(error) = outcome
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
        }
        Ok(())
    }
}

fn check_vectors(dimensions: usize, changes: &[IndexChange]) -> Result<(), Trouble> {
    if dimensions > vectors::LONGEST {
        return Err(Trouble::Io(format!("vectors of more than {} numbers cannot be kept", vectors::LONGEST)));
    }
    for change in changes {
        let IndexChange::Put(document) = change else { continue };
        for vector in document.passages.iter().filter_map(|passage| passage.vector.as_ref()) {
            check_length(dimensions, vector.len())?;
        }
    }
    Ok(())
}

/// Writes everything but the manifest, and opens the result.
fn write(
    folder: &Path,
    before: Option<&Snapshot>,
    dimensions: usize,
    changes: Vec<IndexChange>,
) -> Result<Snapshot, Trouble> {
    let mut manifest = before.map_or_else(|| Manifest::new(dimensions), |snapshot| snapshot.manifest.clone());
    let mut catalogue = before.map(|snapshot| snapshot.catalogue.clone()).unwrap_or_default();
    let (mut gone, mut put): (Vec<u64>, Vec<(Arc<Entry>, IndexDocument)>) = (Vec::new(), Vec::new());
    for change in only_last(changes) {
        match change {
            IndexChange::Put(document) => {
                gone.extend(catalogue.get(document.id).map(|entry| entry.put));
                let has_vector = |vector: &Option<Vec<f32>>| vector.as_deref().is_some_and(vectors::is_usable);
                let vectors = document.passages.iter().filter(|passage| has_vector(&passage.vector)).count();
                put.push((catalogue.put(&document, vectors as u32)?, document));
            }
            IndexChange::Grant { id, grants } => catalogue.grant(id, grants)?,
            IndexChange::Remove { id } => {
                gone.extend(catalogue.get(id).map(|entry| entry.put));
                catalogue.remove(id)?;
            }
        }
    }
    if dimensions > 0 {
        let passages = put.iter().flat_map(|(_, document)| &document.passages);
        let rows: Vec<Row<'_>> = passages.map(|passage| passage.vector.as_deref()).collect();
        manifest.vectors = Some(append(folder, &manifest, dimensions, rows)?);
    }
    if catalogue.is_sparse() {
        let (compact, moved) = catalogue.compacted()?;
        catalogue = compact;
        manifest.generation += 1;
        manifest.catalogue = Remembered::empty(format!("documents-{}", manifest.generation));
        if let Some(blocks) = manifest.vectors.take() {
            let source = Vectors::open(folder, &blocks, dimensions)?;
            let mut writer = Writer::open(folder, no_blocks(manifest.generation), dimensions)?;
            writer.copy(&source, &moved)?;
            manifest.vectors = Some(writer.finish()?);
        }
    }
    manifest.catalogue = catalogue.write(folder, &manifest.catalogue)?;
    let adds = put.iter().map(|(entry, document)| Edit::Add(entry, &document.passages));
    let edits: Vec<Edit<'_>> = gone.into_iter().map(Edit::Delete).chain(adds).collect();
    if !edits.is_empty() {
        (manifest.segments, manifest.words) = lexicon::edit(folder, &manifest.segments, &edits)?;
    }
    Snapshot::over(folder, manifest, catalogue)
}

/// Without puttings that a later change of the same call replaces or removes.
fn only_last(changes: Vec<IndexChange>) -> Vec<IndexChange> {
    let mut last: HashMap<Uuid, usize> = HashMap::new();
    for (place, change) in changes.iter().enumerate() {
        match change {
            IndexChange::Put(IndexDocument { id, .. }) | IndexChange::Remove { id } => {
                last.insert(*id, place);
            }
            IndexChange::Grant { .. } => {}
        }
    }
    let is_last = |place: usize, change: &IndexChange| match change {
        IndexChange::Put(IndexDocument { id, .. }) => last.get(id) == Some(&place),
        IndexChange::Grant { .. } | IndexChange::Remove { .. } => true,
    };
    changes
        .into_iter()
        .enumerate()
        .filter(|(place, change)| is_last(*place, change))
        .map(|(_, change)| change)
        .collect()
}

fn no_blocks(generation: u64) -> Blocks {
    Blocks { name: format!("vectors-{generation}"), slots: 0, checksums: Vec::new() }
}

fn append(folder: &Path, manifest: &Manifest, dimensions: usize, rows: Vec<Row<'_>>) -> io::Result<Blocks> {
    let blocks = manifest.vectors.clone().unwrap_or_else(|| no_blocks(manifest.generation));
    let mut writer = Writer::open(folder, blocks, dimensions)?;
    writer.append(rows)?;
    writer.finish()
}
