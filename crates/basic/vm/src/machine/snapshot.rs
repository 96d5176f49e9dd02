//! The machine's state as bytes: magic, format, checksum, content. Only what is alive is written;
//! constants and field names of the image are referred to, texts that are shared stay shared.
//! Variants of [`Word`] and fields of [`Wire`] are append-only within a format.

use std::{collections::HashMap, sync::Arc};

use botserver_basic_types::{BasicError, Date, FileHandle, Handle, Heap, Object, Slot, Text, Val};
use serde::{Deserialize, Serialize};

use super::{
    Frame, Limits, Machine, Run, State,
    errors::{ErrorRecord, Handling, Trap},
};
use crate::{code::ChunkKind, image::Image};

const MAGIC: [u8; 4] = *b"BASM";
const FORMAT: u16 = 1;

/// Why bytes are not a snapshot of this image.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SnapshotError {
    /// The bytes do not start as a snapshot does.
    #[error("these bytes are not a snapshot")]
    NotASnapshot,
    /// Written by a build with another format.
    #[error("the snapshot has format {found}, this build reads format {FORMAT}")]
    Format {
        /// The format of the bytes.
        found: u16,
    },
    /// Taken from a machine with another image.
    #[error("the snapshot belongs to another version of the package")]
    OtherImage,
    /// The bytes are not what was written.
    #[error("the snapshot is damaged: {0}")]
    Damaged(&'static str),
}

#[derive(Serialize, Deserialize)]
struct Wire {
    image: u32,
    state: WireState,
    used: u64,
    jumps: u64,
    frames: Vec<(u16, u16, u32, u32)>,
    runs: Vec<WireRun>,
    error: Option<ErrorRecord>,
    globals: Vec<(Arc<str>, Word)>,
    registers: Vec<Word>,
    cells: Vec<Cell>,
    texts: Vec<String>,
    /// Field names that the image does not have.
    keys: Vec<Arc<str>>,
    files: Vec<FileHandle>,
}

#[derive(Serialize, Deserialize)]
enum WireState {
    Ready,
    Waiting,
    Failed(BasicError),
    /// The result as JSON with types, which is how values are stored elsewhere too.
    Done(String),
}

#[derive(Serialize, Deserialize)]
struct WireRun {
    frame: u32,
    trap: Trap,
    handling: Option<Handling>,
    gosubs: Vec<(u32, u32)>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Word {
    /// That many nulls in a row.
    Nulls(u32),
    False,
    True,
    Int(i64),
    Float(f64),
    /// A text of the image's constants.
    Const(u32),
    Text(u32),
    Secret(u32),
    Date(Date),
    Array(u32),
    Object(u32),
    Rows(u32, bool),
    File(u32),
}

#[derive(Serialize, Deserialize)]
enum Cell {
    Array(Vec<Word>),
    /// Names below the number of the image's names are the image's, the others are `keys`.
    Object(Vec<(u32, Word)>),
}

impl Machine {
    /// The state as bytes: before the first run, while an effect is pending, when a slice's fuel was used
    /// up, or at the end.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut writer = Writer {
            image: &self.image,
            heap: &self.heap,
            cells: HashMap::new(),
            waiting: Vec::new(),
            texts: HashMap::new(),
            keys: HashMap::new(),
            wire_texts: Vec::new(),
            wire_keys: Vec::new(),
            files: Vec::new(),
        };
        let live = self.live_registers().min(self.registers.len());
        let registers = writer.words(self.registers.get(..live).unwrap_or_default().iter());
        let globals = self.globals.iter().map(|(name, value)| (name.clone(), writer.word(value))).collect();
        let cells = writer.cells();
        let wire = Wire {
            image: self.image.checksum(),
            state: match &self.state {
                State::Ready => WireState::Ready,
                State::Waiting => WireState::Waiting,
                State::Ended(Err(error)) => WireState::Failed(error.clone()),
                State::Ended(Ok(value)) => WireState::Done(serde_json::to_string(value).unwrap_or_default()),
            },
            used: self.used,
            jumps: self.jumps,
            frames: self.frames.iter().map(|frame| (frame.script, frame.chunk, frame.pc, frame.base)).collect(),
            runs: self
                .runs
                .iter()
                .map(|run| WireRun {
                    frame: run.frame,
                    trap: run.trap,
                    handling: run.handling,
                    gosubs: run.gosubs.clone(),
                })
                .collect(),
            error: self.error.clone(),
            globals,
            registers,
            cells,
            texts: writer.wire_texts,
            keys: writer.wire_keys,
            files: writer.files,
        };
        // Plain data into memory: cannot fail.
        let payload = postcard::to_stdvec(&wire).unwrap_or_default();
        let mut bytes = Vec::with_capacity(payload.len() + 10);
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(crc32fast::hash(&payload).to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    /// The machine that [`Self::snapshot`] described, on the same image.
    pub fn restore(image: Arc<Image>, bytes: &[u8], limits: Limits) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::NotASnapshot)?;
        let (format, rest) = rest.split_first_chunk::<2>().ok_or(SnapshotError::NotASnapshot)?;
        let found = u16::from_le_bytes(*format);
        if found != FORMAT {
            return Err(SnapshotError::Format { found });
        }
        let (checksum, payload) = rest.split_first_chunk::<4>().ok_or(SnapshotError::NotASnapshot)?;
        if crc32fast::hash(payload) != u32::from_le_bytes(*checksum) {
            return Err(SnapshotError::Damaged("wrong checksum"));
        }
        let wire: Wire = postcard::from_bytes(payload).map_err(|_| SnapshotError::Damaged("unreadable content"))?;
        if wire.image != image.checksum() {
            return Err(SnapshotError::OtherImage);
        }
        Self::rebuild(image, wire, limits)
    }

    fn rebuild(image: Arc<Image>, wire: Wire, limits: Limits) -> Result<Self, SnapshotError> {
        let reader = Reader {
            image: &image,
            cells: wire.cells.len(),
            texts: wire.texts.into_iter().map(Text::new).collect(),
            keys: &wire.keys,
            files: wire.files.into_iter().map(Arc::new).collect(),
        };
        let slots = wire.cells.iter().map(|cell| reader.slot(cell)).collect::<Result<_, _>>()?;
        let mut registers = reader.values(&wire.registers)?;
        let globals = wire
            .globals
            .iter()
            .map(|(name, word)| Ok((name.clone(), reader.value(word)?)))
            .collect::<Result<_, SnapshotError>>()?;
        let frames: Vec<Frame> = wire
            .frames
            .iter()
            .map(|(script, chunk, pc, base)| Frame { script: *script, chunk: *chunk, pc: *pc, base: *base })
            .collect();
        let needed = check_frames(&image, &frames, &wire.runs, limits.depth)?;
        // The windows of outer frames reach above what was written: there is nothing alive there.
        registers.resize(needed.max(registers.len()), Val::Null);
        let runs = wire
            .runs
            .into_iter()
            .map(|run| Run {
                frame: run.frame,
                base: frames.get(run.frame as usize).map_or(0, |frame| frame.base),
                trap: run.trap,
                handling: run.handling,
                gosubs: run.gosubs,
            })
            .collect();
        let mut machine = Self::empty(image.clone(), limits);
        machine.heap = Heap::new(limits.heap);
        machine.heap.slots = slots;
        machine.registers = registers;
        machine.globals = globals;
        machine.frames = frames;
        machine.runs = runs;
        machine.error = wire.error;
        machine.used = wire.used;
        machine.jumps = wire.jumps;
        machine.drop_traps();
        // Counts the bytes in use.
        machine.collect();
        machine.state = match wire.state {
            WireState::Ready => State::Ready,
            WireState::Waiting if !machine.at_effect() => {
                return Err(SnapshotError::Damaged("it waits for no effect"));
            }
            WireState::Waiting => State::Waiting,
            WireState::Failed(error) => State::Ended(Err(error)),
            WireState::Done(json) => {
                let value = serde_json::from_str(&json);
                State::Ended(Ok(value.map_err(|_| SnapshotError::Damaged("unreadable result"))?))
            }
        };
        Ok(machine)
    }
}

/// Frames and runs must fit the image and each other; the interpreter relies on it. Gives the number of
/// registers that the frames need.
fn check_frames(image: &Image, frames: &[Frame], runs: &[WireRun], depth: usize) -> Result<usize, SnapshotError> {
    let damaged = Err(SnapshotError::Damaged("its calls do not fit the package"));
    // Also keeps the number of registers within reason.
    if frames.is_empty() || runs.is_empty() || frames.len() > depth.max(1_000) {
        return damaged;
    }
    let mut window = 0..0;
    let mut needed = 0;
    for frame in frames {
        let Some(chunk) = image.chunk(frame.script, frame.chunk) else { return damaged };
        let base = frame.base as usize;
        // A call's window begins inside of its caller's. Behind the last instruction nothing can stand,
        // but a frame that has ended stands there.
        if !(window.start..=window.end).contains(&base) || frame.pc as usize > chunk.code.len() {
            return damaged;
        }
        window = base..base + usize::from(chunk.registers);
        needed = needed.max(window.end);
    }
    let in_code = |frame: u32, pc: u32| {
        frames
            .get(frame as usize)
            .and_then(|frame| image.chunk(frame.script, frame.chunk))
            .is_some_and(|chunk| (pc as usize) < chunk.code.len())
    };
    let mut next = 0;
    for (index, run) in runs.iter().enumerate() {
        let Some(frame) = frames.get(run.frame as usize) else { return damaged };
        let body = image.chunk(frame.script, frame.chunk).is_some_and(|chunk| chunk.kind == ChunkKind::Body);
        let in_order = if index == 0 { run.frame == 0 } else { run.frame >= next };
        let trap = match run.trap {
            Trap::Goto { frame, target } => in_code(frame, target),
            Trap::Off | Trap::ResumeNext => true,
        };
        let handling = run
            .handling
            .is_none_or(|handling| in_code(handling.frame, handling.again) && in_code(handling.frame, handling.next));
        if !body || !in_order || !trap || !handling || !run.gosubs.iter().all(|(frame, pc)| in_code(*frame, *pc)) {
            return damaged;
        }
        next = run.frame + 1;
    }
    Ok(needed)
}

struct Writer<'a> {
    image: &'a Image,
    heap: &'a Heap,
    /// Handle to number in the snapshot, for what is alive.
    cells: HashMap<Handle, u32>,
    /// Handles in the order of their numbers.
    waiting: Vec<Handle>,
    texts: HashMap<usize, u32>,
    keys: HashMap<Arc<str>, u32>,
    wire_texts: Vec<String>,
    wire_keys: Vec<Arc<str>>,
    files: Vec<FileHandle>,
}

impl Writer<'_> {
    fn words<'v>(&mut self, values: impl Iterator<Item = &'v Val>) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        for value in values {
            match (value, words.last_mut()) {
                (Val::Null, Some(Word::Nulls(count))) => *count += 1,
                _ => words.push(self.word(value)),
            }
        }
        words
    }

    fn word(&mut self, value: &Val) -> Word {
        match value {
            Val::Null => Word::Nulls(1),
            Val::Bool(false) => Word::False,
            Val::Bool(true) => Word::True,
            Val::Int(value) => Word::Int(*value),
            Val::Float(value) => Word::Float(*value),
            Val::Text(text) => match self.image.constant_of(text) {
                Some(index) => Word::Const(index),
                None => Word::Text(self.text(text)),
            },
            Val::Secret(text) => Word::Secret(self.text(text)),
            Val::Date(date) => Word::Date(*date),
            Val::Array(handle) => Word::Array(self.cell(*handle)),
            Val::Object(handle) => Word::Object(self.cell(*handle)),
            Val::Rows(handle, single) => Word::Rows(self.cell(*handle), *single),
            Val::File(file) => {
                self.files.push(FileHandle::clone(file));
                Word::File(self.files.len() as u32 - 1)
            }
        }
    }

    fn text(&mut self, text: &Text) -> u32 {
        let next = self.wire_texts.len() as u32;
        let index = *self.texts.entry(Arc::as_ptr(&text.0) as usize).or_insert(next);
        if index == next {
            self.wire_texts.push(text.to_string());
        }
        index
    }

    fn cell(&mut self, handle: Handle) -> u32 {
        let next = self.waiting.len() as u32;
        let index = *self.cells.entry(handle).or_insert(next);
        if index == next {
            self.waiting.push(handle);
        }
        index
    }

    fn key(&mut self, name: &Arc<str>) -> u32 {
        if let Some(index) = self.image.name_of(name) {
            return u32::from(index);
        }
        let next = self.wire_keys.len() as u32;
        let index = *self.keys.entry(name.clone()).or_insert(next);
        if index == next {
            self.wire_keys.push(name.clone());
        }
        index + self.image.body.names.len() as u32
    }

    /// Everything that can be reached, without recursion.
    fn cells(&mut self) -> Vec<Cell> {
        let heap = self.heap;
        let mut cells = Vec::new();
        while let Some(handle) = self.waiting.get(cells.len()).copied() {
            let cell = match heap.object(handle) {
                Some(fields) => {
                    Cell::Object(fields.iter().map(|(name, value)| (self.key(name), self.word(value))).collect())
                }
                None => Cell::Array(self.words(heap.array(handle).iter())),
            };
            cells.push(cell);
        }
        cells
    }
}

struct Reader<'a> {
    image: &'a Image,
    cells: usize,
    texts: Vec<Text>,
    keys: &'a [Arc<str>],
    files: Vec<Arc<FileHandle>>,
}

/// Nulls that one word may stand for; more than any limit allows is damage.
const MAX_NULLS: u32 = 2_000_000;

impl Reader<'_> {
    fn values(&self, words: &[Word]) -> Result<Vec<Val>, SnapshotError> {
        let mut values = Vec::with_capacity(words.len());
        for word in words {
            match word {
                Word::Nulls(count) if *count > MAX_NULLS || values.len() > MAX_NULLS as usize => {
                    return Err(SnapshotError::Damaged("it is too large"));
                }
                Word::Nulls(count) => values.resize(values.len() + *count as usize, Val::Null),
                word => values.push(self.value(word)?),
            }
        }
        Ok(values)
    }

    fn value(&self, word: &Word) -> Result<Val, SnapshotError> {
        let missing = SnapshotError::Damaged("it refers to what it does not hold");
        let handle = |index: u32| {
            if (index as usize) < self.cells {
                Ok(Handle(index))
            } else {
                Err(SnapshotError::Damaged("it refers to what it does not hold"))
            }
        };
        Ok(match word {
            Word::Nulls(_) => Val::Null,
            Word::False => Val::Bool(false),
            Word::True => Val::Bool(true),
            Word::Int(value) => Val::Int(*value),
            Word::Float(value) => Val::Float(*value),
            Word::Const(index) => self.image.consts.get(*index as usize).cloned().ok_or(missing)?,
            Word::Text(index) => Val::Text(self.texts.get(*index as usize).cloned().ok_or(missing)?),
            Word::Secret(index) => Val::Secret(self.texts.get(*index as usize).cloned().ok_or(missing)?),
            Word::Date(date) => Val::Date(*date),
            Word::Array(index) => Val::Array(handle(*index)?),
            Word::Object(index) => Val::Object(handle(*index)?),
            Word::Rows(index, single) => Val::Rows(handle(*index)?, *single),
            Word::File(index) => Val::File(self.files.get(*index as usize).cloned().ok_or(missing)?),
        })
    }

    fn slot(&self, cell: &Cell) -> Result<Slot, SnapshotError> {
        Ok(match cell {
            Cell::Array(words) => Slot::Array(self.values(words)?),
            Cell::Object(fields) => Slot::Object(
                fields
                    .iter()
                    .map(|(key, word)| {
                        let key = *key as usize;
                        let names = &self.image.body.names;
                        let name = names.get(key).or_else(|| self.keys.get(key.checked_sub(names.len())?));
                        let name = name.ok_or(SnapshotError::Damaged("a field has no name"))?;
                        Ok((name.clone(), self.value(word)?))
                    })
                    .collect::<Result<Object, SnapshotError>>()?,
            ),
        })
    }
}
