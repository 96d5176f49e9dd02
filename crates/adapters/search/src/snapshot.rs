//! An index as it is at one moment: what searches look at while the next state is being written.

use std::{io, path::Path};

use botserver_ports::{IndexHit, IndexQuery};

use crate::{
    catalogue::Catalogue,
    fusion::{ByMeaning, ByWords, fuse},
    index::Trouble,
    lexicon::Lexicon,
    manifest::{Manifest, Unread},
    vectors::{self, Question, Vectors},
};

/// How many passages of each half are looked at for each one that is wanted.
const DEPTH: usize = 10;
/// At least so many, and at most.
const DEPTHS: (usize, usize) = (200, 2_000);

/// A whole index, read only.
pub(crate) struct Snapshot {
    pub(crate) manifest: Manifest,
    pub(crate) catalogue: Catalogue,
    words: Option<Lexicon>,
    pub(crate) vectors: Option<Vectors>,
}

/// What is wrong with the files of a manifest, if anything is.
fn complaint(folder: &Path, manifest: &Manifest) -> io::Result<Option<String>> {
    for file in std::iter::once(&manifest.catalogue).chain(&manifest.words) {
        if let Some(complaint) = file.complaint(folder)? {
            return Ok(Some(complaint));
        }
    }
    match &manifest.vectors {
        Some(blocks) => vectors::complaint(folder, blocks, manifest.dimensions),
        None => Ok(None),
    }
}

/// Reads the manifest and compares every file with it; `None` where there is no index.
pub(crate) fn check(folder: &Path) -> Result<Option<Manifest>, Trouble> {
    let manifest = match Manifest::read(folder) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(None),
        Err(Unread::Damaged(reason)) => return Err(Trouble::Damaged(reason)),
        Err(Unread::Io(error)) => return Err(error.into()),
    };
    match complaint(folder, &manifest)? {
        Some(reason) => Err(Trouble::Damaged(reason)),
        None => Ok(Some(manifest)),
    }
}

impl Snapshot {
    /// Opens what is on the disk; `None` where there is no index.
    pub(crate) fn open(folder: &Path) -> Result<Option<Self>, Trouble> {
        let Some(manifest) = check(folder)? else { return Ok(None) };
        let log = Catalogue::load(folder, &manifest.catalogue.name, manifest.catalogue.bytes)?;
        let catalogue = Catalogue::read(&log)
            .ok_or_else(|| Trouble::Damaged(format!("{} cannot be read", manifest.catalogue.name)))?;
        Self::over(folder, manifest, catalogue).map(Some)
    }

    /// Over files that are as the manifest says, with the catalogue that they hold.
    pub(crate) fn over(folder: &Path, manifest: Manifest, catalogue: Catalogue) -> Result<Self, Trouble> {
        let words = if manifest.segments.is_empty() {
            None
        } else {
            Some(Lexicon::open(folder, &manifest.segments, &catalogue)?)
        };
        let vectors = match &manifest.vectors {
            Some(blocks) => Some(Vectors::open(folder, blocks, manifest.dimensions)?),
            None => None,
        };
        Ok(Self { manifest, catalogue, words, vectors })
    }

    /// The best readable passages.
    pub(crate) fn search(&self, query: &IndexQuery) -> Result<Vec<IndexHit>, Trouble> {
        let among = self.catalogue.allowed(&query.grants, &query.collections);
        if among.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let depth = query.limit.saturating_mul(DEPTH).clamp(DEPTHS.0, DEPTHS.1.max(query.limit));
        let words = match &self.words {
            Some(words) => {
                let languages: Vec<&str> = match &query.language {
                    Some(language) => vec![language],
                    None => self.catalogue.languages().collect(),
                };
                words.search(&query.text, &languages, &among, depth)?
            }
            None => ByWords::default(),
        };
        let question = query.vector.as_deref().and_then(Question::new).zip(self.vectors.as_ref());
        let meaning = question.as_ref().map_or_else(ByMeaning::default, |(question, vectors)| {
            let (ranking, spread) = vectors.nearest(question, &among, depth);
            ByMeaning { ranking, spread }
        });
        let cosine = |slot| question.as_ref().and_then(|(question, vectors)| vectors.cosine(question, slot));
        let hits = fuse(&words, &meaning, cosine, query.fusion, query.limit);
        let hit = |found: crate::fusion::Fused| {
            let (document, number) = self.catalogue.at(found.slot)?;
            let (score, lexical, cosine) = (found.score, found.lexical, found.cosine);
            Some(IndexHit { document, number, score, lexical, cosine })
        };
        Ok(hits.into_iter().filter_map(hit).collect())
    }
}
