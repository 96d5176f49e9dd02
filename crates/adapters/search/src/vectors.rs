//! Vectors as bytes: blocks of 1,024 slots in one file, each with the scale of every vector and then their numbers.
//! The file is mapped and scanned from its beginning to its end, without an index: exact, and as fast as memory.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use fearless_simd::{Level, Simd, dispatch};
use roaring::RoaringBitmap;
use tantivy::directory::{Directory as _, MmapDirectory, OwnedBytes};

use crate::{deadline::Deadline, manifest::Blocks};

/// Vectors in a block.
const BLOCK: usize = 1_024;
/// A number of a stored vector is within ± this, times its vector's scale.
const STEPS: f32 = 127.0;
/// The same for a question, which may be finer: it is made once. With up to `LONGEST` numbers a sum fits in 31 bits.
const QUESTION_STEPS: f32 = 2_047.0;
/// Every so many vectors the time is looked at.
const LOOKS: usize = 4_096;
/// The longest vector that can be kept.
pub(crate) const LONGEST: usize = 8_192;

/// A vector to be written; its place stays empty where there is none.
pub(crate) type Row<'a> = Option<&'a [f32]>;

/// The file as it was when it was opened.
pub(crate) struct Vectors {
    bytes: OwnedBytes,
    dimensions: usize,
    slots: u32,
}

/// How near the passages that were looked at are to a question.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    pub(crate) count: u32,
    pub(crate) mean: f32,
    pub(crate) deviation: f32,
}

const fn block_bytes(dimensions: usize) -> usize {
    BLOCK * (4 + dimensions)
}

impl Vectors {
    /// Maps the file. Each has a mapping of its own, because the file grows.
    pub(crate) fn open(folder: &Path, blocks: &Blocks, dimensions: usize) -> io::Result<Self> {
        let directory = MmapDirectory::open(folder).map_err(io::Error::other)?;
        let file = directory.get_file_handle(Path::new(&blocks.name)).map_err(io::Error::other)?;
        let bytes = file.read_bytes(0..file.len())?;
        if bytes.len() < blocks.checksums.len() * block_bytes(dimensions) {
            return Err(io::Error::other(format!("{} is cut off", blocks.name)));
        }
        Ok(Self { bytes, dimensions, slots: blocks.slots })
    }

    fn row(&self, slot: u32) -> Option<(f32, &[u8])> {
        if slot >= self.slots {
            return None;
        }
        let (block, place) = (slot as usize / BLOCK, slot as usize % BLOCK);
        let block = self.bytes.get(block * block_bytes(self.dimensions)..)?;
        let scale = block.get(place * 4..place * 4 + 4)?.try_into().ok()?;
        let start = BLOCK * 4 + place * self.dimensions;
        Some((f32::from_le_bytes(scale), block.get(start..start + self.dimensions)?))
    }

    /// The cosine of a passage; `None` if it has no vector.
    pub(crate) fn cosine(&self, question: &Question, slot: u32) -> Option<f32> {
        let (scale, numbers) = self.row(slot)?;
        (scale > 0.0).then(|| dot(&question.numbers, numbers) as f32 * scale * question.scale)
    }

    /// The nearest of these passages, best first, and how near all of them are.
    pub(crate) fn nearest(
        &self,
        question: &Question,
        among: &RoaringBitmap,
        limit: usize,
        deadline: &Deadline,
    ) -> (Vec<(f32, u32)>, Spread) {
        let level = Level::new();
        let mut found = Best::new(limit);
        let mut sums = (0_u32, 0.0_f64, 0.0_f64);
        dispatch!(level, simd => scan(simd, self, question, (among, deadline), &mut |cosine, slot| {
            found.offer(cosine, slot);
            let cosine = f64::from(cosine);
            sums = (sums.0 + 1, sums.1 + cosine, sums.2 + cosine * cosine);
        }));
        let (count, sum, squares) = sums;
        let mean = sum / f64::from(count.max(1));
        let deviation = (squares / f64::from(count.max(1)) - mean * mean).max(0.0).sqrt();
        (found.sorted(), Spread { count, mean: mean as f32, deviation: deviation as f32 })
    }
}

/// Inlined into each of the versions that `dispatch` makes, so that the loop below is compiled for each of them.
#[expect(clippy::inline_always, reason = "only what is inlined is compiled for what the processor has")]
#[inline(always)]
fn scan<S: Simd>(
    _: S,
    vectors: &Vectors,
    question: &Question,
    (among, deadline): (&RoaringBitmap, &Deadline),
    each: &mut impl FnMut(f32, u32),
) {
    for (place, slot) in among.iter().enumerate() {
        let Some((scale, numbers)) = vectors.row(slot) else { break };
        if place.is_multiple_of(LOOKS) && deadline.is_over() {
            break;
        }
        if scale > 0.0 {
            each(dot(&question.numbers, numbers) as f32 * scale * question.scale, slot);
        }
    }
}

#[expect(clippy::inline_always, reason = "see `scan`")]
#[inline(always)]
fn dot(question: &[i16], numbers: &[u8]) -> i32 {
    question.iter().zip(numbers).map(|(one, two)| i32::from(*one) * i32::from(two.cast_signed())).sum()
}

/// A vector to search with.
pub(crate) struct Question {
    numbers: Vec<i16>,
    scale: f32,
}

impl Question {
    /// `None` for a vector that points nowhere.
    pub(crate) fn new(vector: &[f32]) -> Option<Self> {
        let length = length(vector)?;
        let largest = vector.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        let numbers = vector.iter().map(|number| (number / largest * QUESTION_STEPS).round() as i16).collect();
        Some(Self { numbers, scale: largest / QUESTION_STEPS / length })
    }
}

/// `None` for a vector that points nowhere: zero, or with numbers that are none.
fn length(vector: &[f32]) -> Option<f32> {
    let length = vector.iter().map(|number| number * number).sum::<f32>().sqrt();
    (length.is_finite() && length > f32::MIN_POSITIVE).then_some(length)
}

/// The best few of many, kept while they come.
pub(crate) struct Best {
    limit: usize,
    /// A heap: the worst that is kept is first.
    kept: std::collections::BinaryHeap<Scored>,
}

#[derive(Clone, Copy, PartialEq)]
struct Scored(f32, u32);

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    /// Greater is worse. Of equal ones the later is worse, so that an answer is the same every time.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0).then(self.1.cmp(&other.1))
    }
}

impl Best {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, kept: std::collections::BinaryHeap::new() }
    }

    #[inline]
    pub(crate) fn offer(&mut self, score: f32, slot: u32) {
        if self.kept.len() >= self.limit {
            if score <= self.threshold() {
                return;
            }
            self.kept.pop();
        }
        self.kept.push(Scored(score, slot));
    }

    /// What a score must be above to be kept.
    pub(crate) fn threshold(&self) -> f32 {
        if self.kept.len() < self.limit { f32::MIN } else { self.kept.peek().map_or(f32::MAX, |worst| worst.0) }
    }

    pub(crate) fn sorted(self) -> Vec<(f32, u32)> {
        self.kept.into_sorted_vec().into_iter().map(|Scored(score, slot)| (score, slot)).collect()
    }
}

/// Writes vectors behind the slots of a file that are taken. The blocks that were there before stay as they are, byte by
/// byte, as far as they count.
pub(crate) struct Writer {
    file: File,
    dimensions: usize,
    blocks: Blocks,
}

impl Writer {
    pub(crate) fn open(folder: &Path, blocks: Blocks, dimensions: usize) -> io::Result<Self> {
        let path = folder.join(&blocks.name);
        let file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path)?;
        Ok(Self { file, dimensions, blocks })
    }

    /// Takes the next slots.
    pub(crate) fn append<'a>(&mut self, rows: impl IntoIterator<Item = Row<'a>>) -> io::Result<()> {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let from = self.blocks.slots as usize % BLOCK;
            let (mut scales, mut numbers) = (Vec::new(), Vec::new());
            for row in rows.by_ref().take(BLOCK - from) {
                scales.extend_from_slice(&quantise(row, self.dimensions, &mut numbers).to_le_bytes());
            }
            self.write(from, &scales, &numbers)?;
        }
        Ok(())
    }

    /// Copies slots of another file, in this order.
    pub(crate) fn copy(&mut self, source: &Vectors, slots: &[u32]) -> io::Result<()> {
        for part in slots.chunks(BLOCK) {
            let (mut scales, mut numbers) = (Vec::new(), Vec::new());
            for slot in part {
                let (scale, row) = source.row(*slot).ok_or_else(|| io::Error::other("a vector is missing"))?;
                scales.extend_from_slice(&scale.to_le_bytes());
                numbers.extend_from_slice(row);
            }
            self.write(0, &scales, &numbers)?;
        }
        Ok(())
    }

    fn write(&mut self, from: usize, scales: &[u8], numbers: &[u8]) -> io::Result<()> {
        let start = (self.blocks.slots as usize / BLOCK * block_bytes(self.dimensions)) as u64;
        let (before_scales, before_numbers) = (self.read(start, from * 4)?, {
            let at = start + (BLOCK * 4) as u64;
            self.read(at, from * self.dimensions)?
        });
        let mut hasher = crc32fast::Hasher::new();
        for part in [&before_scales, scales, &before_numbers, numbers] {
            hasher.update(part);
        }
        if from == 0 {
            self.file.set_len(start + block_bytes(self.dimensions) as u64)?;
            self.blocks.checksums.push(hasher.finalize());
        } else if let Some(last) = self.blocks.checksums.last_mut() {
            *last = hasher.finalize();
        }
        self.put(start + (from * 4) as u64, scales)?;
        self.put(start + (BLOCK * 4 + from * self.dimensions) as u64, numbers)?;
        self.blocks.slots += (scales.len() / 4) as u32;
        Ok(())
    }

    fn read(&mut self, at: u64, bytes: usize) -> io::Result<Vec<u8>> {
        let mut part = vec![0; bytes];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut part)?;
        Ok(part)
    }

    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    /// Brings everything onto the disk.
    pub(crate) fn finish(self) -> io::Result<Blocks> {
        self.file.sync_all()?;
        Ok(self.blocks)
    }
}

/// Adds a vector's numbers and returns its scale, 0 for none.
fn quantise(row: Row<'_>, dimensions: usize, numbers: &mut Vec<u8>) -> f32 {
    let Some((row, length)) = row.and_then(|row| Some((row, length(row)?))) else {
        numbers.resize(numbers.len() + dimensions, 0);
        return 0.0;
    };
    let largest = row.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
    numbers.extend(row.iter().map(|number| ((number / largest * STEPS).round() as i8).cast_unsigned()));
    largest / STEPS / length
}

/// Whether a vector points somewhere.
pub(crate) fn is_usable(vector: &[f32]) -> bool {
    length(vector).is_some()
}

/// What is wrong with the file, if anything is.
pub(crate) fn complaint(folder: &Path, blocks: &Blocks, dimensions: usize) -> io::Result<Option<String>> {
    let mut file = match File::open(folder.join(&blocks.name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Some(format!("{} is missing", blocks.name)));
        }
        Err(error) => return Err(error),
    };
    if (blocks.slots as usize).div_ceil(BLOCK) != blocks.checksums.len() {
        return Ok(Some(format!("{} has another number of blocks", blocks.name)));
    }
    let mut block = vec![0; block_bytes(dimensions)];
    for (number, expected) in blocks.checksums.iter().enumerate() {
        match file.read_exact(&mut block) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Some(format!("{} is cut off", blocks.name)));
            }
            read => read?,
        }
        let taken = (blocks.slots as usize - number * BLOCK).min(BLOCK);
        let (scales, numbers) = block.split_at(BLOCK * 4);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(scales.get(..taken * 4).unwrap_or_default());
        hasher.update(numbers.get(..taken * dimensions).unwrap_or_default());
        if hasher.finalize() != *expected {
            return Ok(Some(format!("block {number} of {} has changed", blocks.name)));
        }
    }
    Ok(None)
}
