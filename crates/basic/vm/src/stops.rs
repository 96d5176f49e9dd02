//! Where the statements of an image begin, by file and line: what breakpoints and steps go by. Made from the tables that
//! RESUME and errors need anyway, when the first debugger asks; knows nothing of how a machine runs.

use std::collections::BTreeMap;

use crate::{
    code::{Chunk, Ins},
    image::{Body, Image},
};

/// A statement of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub(crate) script: u16,
    pub(crate) chunk: u16,
    pub(crate) pc: u32,
}

/// The statements of all chunks.
#[derive(Debug)]
pub(crate) struct Stops {
    /// By script and chunk.
    scripts: Vec<Vec<ChunkStops>>,
}

/// The statements of one chunk.
#[derive(Debug)]
pub(crate) struct ChunkStops {
    /// For each instruction, whether a statement begins with it.
    starts: Vec<bool>,
    /// The first statement of each line that has one.
    lines: BTreeMap<u32, u32>,
    /// The script whose lines these are.
    source: u16,
}

impl Stops {
    pub(crate) fn of(body: &Body) -> Self {
        let scripts = body.scripts.iter().map(|code| code.chunks.iter().map(ChunkStops::of).collect()).collect();
        Self { scripts }
    }

    pub(crate) fn chunk(&self, script: u16, chunk: u16) -> Option<&ChunkStops> {
        self.scripts.get(usize::from(script))?.get(usize::from(chunk))
    }
}

impl ChunkStops {
    fn of(chunk: &Chunk) -> Self {
        let mut stops = Self { starts: vec![false; chunk.code.len()], lines: BTreeMap::new(), source: chunk.source };
        for unit in &chunk.units {
            let inside = chunk.code.get(unit.start as usize..unit.end as usize).unwrap_or_default();
            // What the end of a FINALLY does is not in the author's text.
            if inside.iter().any(|ins| matches!(ins, Ins::Rethrow { .. })) {
                continue;
            }
            let Some(start) = stops.starts.get_mut(unit.start as usize) else { continue };
            *start = true;
            if let Some(mark) = chunk.mark_at(unit.start) {
                let first = stops.lines.entry(mark.line).or_insert(unit.start);
                *first = unit.start.min(*first);
            }
        }
        stops
    }

    /// True if a statement begins with this instruction.
    pub(crate) fn begins(&self, pc: usize) -> bool {
        self.starts.get(pc).copied().unwrap_or_default()
    }

    /// True if it is the first of its line.
    pub(crate) fn begins_line(&self, pc: u32, line: u32) -> bool {
        self.lines.get(&line) == Some(&pc)
    }
}

impl Image {
    /// The lines of a file at which a script can be stopped, in order; the file as diagnostics name it.
    pub fn lines_with_statements(&self, file: &str) -> Vec<u32> {
        let mut lines: Vec<u32> = self.stops_of(file).flat_map(|(_, stops)| stops.lines.keys().copied()).collect();
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The first statements of a line: one for each piece of code that was made from it.
    pub fn places(&self, file: &str, line: u32) -> Vec<Place> {
        let found = self.stops_of(file).filter_map(|((script, chunk), stops)| {
            let pc = *stops.lines.get(&line)?;
            Some(Place { script, chunk, pc })
        });
        found.collect()
    }

    fn stops_of(&self, file: &str) -> impl Iterator<Item = ((u16, u16), &ChunkStops)> {
        let source = self.infos.iter().position(|info| *info.file == *file).map(|source| source as u16);
        let scripts = self.stops().scripts.iter().zip(0..);
        let all =
            scripts.flat_map(|(chunks, script)| chunks.iter().zip(0..).map(move |(own, chunk)| ((script, chunk), own)));
        all.filter(move |(_, own)| Some(own.source) == source)
    }
}
