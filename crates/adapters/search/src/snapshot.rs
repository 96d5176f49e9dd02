//! An index as it is at one moment: what searches look at while the next state is being written.

use std::{collections::HashMap, io, path::Path};

use botserver_ports::{Fusion, IndexHit, IndexQuery};

use crate::{
    catalogue::Catalogue,
    deadline::Deadline,
    fusion::{ByMeaning, ByWords, Fused, Shape, fuse},
    index::Trouble,
    lexicon::{Lexicon, Question as Asked},
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
    pub(crate) fn search(&self, query: &IndexQuery, deadline: &Deadline) -> Result<Vec<IndexHit>, Trouble> {
        let halves = self.halves(query, deadline)?;
        if deadline.is_over() {
            return Err(Trouble::Slow);
        }
        let hits = halves.fused(query.fusion, Shape::default(), query.limit);
        let slots: Vec<u32> = hits.iter().map(|hit| hit.slot).collect();
        let coverage = match &halves.asked {
            Some((lexicon, asked)) if !slots.is_empty() => lexicon.coverage(asked, &slots)?,
            _ => HashMap::new(),
        };
        let hit = |found: Fused| {
            let (document, number) = self.catalogue.at(found.slot)?;
            let (score, lexical, cosine) = (found.score, found.lexical, found.cosine);
            let coverage = coverage.get(&found.slot).copied();
            Some(IndexHit { document, number, score, lexical, cosine, coverage })
        };
        Ok(hits.into_iter().filter_map(hit).collect())
    }

    /// What words and meaning find, each by itself.
    pub(crate) fn halves(&self, query: &IndexQuery, deadline: &Deadline) -> Result<Halves<'_>, Trouble> {
        let among = self.catalogue.allowed(&query.grants, &query.collections);
        if among.is_empty() || query.limit == 0 {
            return Ok(Halves::default());
        }
        let depth = query.limit.saturating_mul(DEPTH).clamp(DEPTHS.0, DEPTHS.1.max(query.limit));
        let languages: Vec<&str> = match &query.language {
            Some(language) => vec![language],
            None => self.catalogue.languages().collect(),
        };
        let (asked, words) = match &self.words {
            Some(lexicon) => {
                let asked = lexicon.question(&query.text, &languages)?;
                let words = lexicon.search(&asked, &among, depth, deadline)?;
                (Some((lexicon, asked)), words)
            }
            None => (None, ByWords::default()),
        };
        // What says nothing is near in meaning to everything that says little.
        let means_something = asked.as_ref().is_none_or(|(_, asked)| !asked.is_empty_talk);
        let vector = query.vector.as_deref().filter(|_| means_something);
        let nearest = vector.and_then(Question::new).zip(self.vectors.as_ref());
        let meaning = nearest.as_ref().map_or_else(ByMeaning::default, |(question, vectors)| {
            let (ranking, spread) = vectors.nearest(question, &among, depth, deadline);
            ByMeaning { ranking, spread }
        });
        Ok(Halves { asked, words, nearest, meaning })
    }
}

/// What words and meaning found before they become one ranking.
#[derive(Default)]
pub(crate) struct Halves<'a> {
    asked: Option<(&'a Lexicon, Asked)>,
    words: ByWords,
    nearest: Option<(Question, &'a Vectors)>,
    meaning: ByMeaning,
}

#[cfg(test)]
impl Halves<'_> {
    /// What the words found.
    pub(crate) fn words(&self) -> &[(f32, u32)] {
        &self.words.ranking
    }

    /// What the meaning found.
    pub(crate) fn meaning(&self) -> &[(f32, u32)] {
        &self.meaning.ranking
    }
}

impl Halves<'_> {
    /// One ranking.
    pub(crate) fn fused(&self, weights: Fusion, shape: Shape, limit: usize) -> Vec<Fused> {
        let cosine = |slot| self.nearest.as_ref().and_then(|(question, vectors)| vectors.cosine(question, slot));
        fuse(&self.words, &self.meaning, cosine, (weights, shape), limit)
    }
}
