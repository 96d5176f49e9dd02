//! The file that says which files are the index and how each of them must be. Knows nothing of their contents.

use std::{collections::BTreeSet, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::files::{self, Remembered};

/// Its name.
pub(crate) const MANIFEST: &str = "MANIFEST";
const FORMAT: u32 = 1;

/// The state of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    /// Numbers in a vector.
    pub(crate) dimensions: usize,
    /// Goes into the names of the two files below: one more each time they are written anew.
    pub(crate) generation: u64,
    /// The log of documents, as far as it counts.
    pub(crate) catalogue: Remembered,
    /// The file of vectors; absent where there are none.
    pub(crate) vectors: Option<Blocks>,
    /// Tantivy's own account of its segments.
    pub(crate) segments: String,
    /// Tantivy's files.
    pub(crate) words: Vec<Remembered>,
}

/// The file of vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blocks {
    pub(crate) name: String,
    /// Places that are taken, of vectors that count and of others.
    pub(crate) slots: u32,
    /// One for each block, over the places that are taken.
    pub(crate) checksums: Vec<u32>,
}

/// Why there is no manifest.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It cannot be what we wrote.
    Damaged(String),
    /// The disk does not answer.
    Io(io::Error),
}

impl Manifest {
    /// Of an index without documents. Its files are named before they are there.
    pub(crate) fn new(dimensions: usize) -> Self {
        Self {
            format: FORMAT,
            dimensions,
            generation: 0,
            catalogue: Remembered::empty("documents-0".to_owned()),
            vectors: None,
            segments: String::new(),
            words: Vec::new(),
        }
    }

    /// Reads it; `None` where there is no index.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Unread> {
        let text = match fs::read(folder.join(MANIFEST)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Unread::Io(error)),
        };
        let damaged = || Unread::Damaged(format!("{MANIFEST} has changed"));
        let (head, body) = text.split_at_checked(9).ok_or_else(damaged)?;
        if head != format!("{:08x}\n", crc32fast::hash(body)).as_bytes() {
            return Err(damaged());
        }
        let manifest: Self = serde_json::from_slice(body).map_err(|_| damaged())?;
        if manifest.format != FORMAT {
            return Err(Unread::Damaged(format!("its format is {}, not {FORMAT}", manifest.format)));
        }
        Ok(Some(manifest))
    }

    /// Makes this the index.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        let body = serde_json::to_vec(self)?;
        let head = format!("{:08x}\n", crc32fast::hash(&body));
        files::replace(folder, MANIFEST, &[head.as_bytes(), &body].concat())
    }

    /// Removes files that do not belong to it.
    pub(crate) fn tidy(&self, folder: &Path) -> io::Result<()> {
        let words: BTreeSet<&str> = self.words.iter().map(|file| file.name.as_str()).collect();
        files::keep_only(folder, |name| {
            name == MANIFEST
                || name == self.catalogue.name
                || self.vectors.as_ref().is_some_and(|blocks| name == blocks.name)
                || words.contains(name)
        })
    }
}
