//! The machine's memory: arrays and objects in one table, addressed by handles, so that a machine is
//! `Send`, its memory limit is a counter, cycles cannot leak and a snapshot is a walk over one table.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{BasicError, Date, FileHandle, Result, Rows, Value};

/// Text that appends in place while nobody else holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Text(pub Arc<String>);

impl Text {
    /// From anything string-like.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(text.into()))
    }

    /// Appends, without copying when uniquely held.
    pub fn push_str(&mut self, more: &str) {
        Arc::make_mut(&mut self.0).push_str(more);
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

/// Address of an array or object in a [`Heap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Handle(pub u32);

/// A value inside the machine: 16 bytes, cheap to clone; arrays and objects are shared references. The order
/// counts: kinds that own no memory come first, and the one in whose spare bits the others' tags live comes last,
/// so that one comparison tells them apart. It is stored nowhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the same kinds as `Value`")]
pub enum Val {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Array(Handle),
    Object(Handle),
    /// An array of objects that also acts as its first record; `single` as in [`Rows`].
    Rows(Handle, bool),
    Text(Text),
    File(Arc<FileHandle>),
    Secret(Text),
    Date(Date),
}

/// Fields of an object on the heap, in insertion order; lookup is exact, then ignoring case.
pub type Object = IndexMap<Arc<str>, Val, foldhash::fast::RandomState>;

/// One cell of the heap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Slot {
    /// Unused; the next free cell, if any.
    Free(Option<u32>),
    /// An array.
    Array(Vec<Val>),
    /// An object.
    Object(Object),
}

/// What a heap may grow to.
#[derive(Clone, Copy, Debug)]
pub struct HeapLimits {
    /// Bytes of all texts, arrays and objects together (estimated).
    pub bytes: usize,
    /// Elements of one array.
    pub array_len: usize,
    /// Bytes of one text.
    pub text_len: usize,
    /// Work of one instruction or function call, in the units of [`Heap::spend`]: a quarter of a second.
    pub work: u64,
}

impl Default for HeapLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, array_len: 1_000_000, text_len: 10 << 20, work: 1 << 28 }
    }
}

/// The table of arrays and objects.
#[derive(Clone, Debug, Default)]
pub struct Heap {
    /// The cells; public to the machine for snapshots and collection.
    pub slots: Vec<Slot>,
    /// Head of the list of free cells.
    pub free: Option<u32>,
    /// Estimated bytes in use since the last collection.
    pub bytes: usize,
    /// Limits.
    pub limits: HeapLimits,
    /// Work that nobody has paid for yet.
    work: Work,
}

/// A count that can be raised behind a shared reference. Only the machine counts, so nothing is ever lost; atomic, so that
/// a program may go from thread to thread.
#[derive(Debug, Default)]
struct Work(AtomicU64);

impl Work {
    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn add(&self, units: u64) {
        self.0.store(self.get().saturating_add(units), Relaxed);
    }

    fn take(&self) -> u64 {
        let units = self.get();
        self.0.store(0, Relaxed);
        units
    }
}

impl Clone for Work {
    fn clone(&self) -> Self {
        Self(AtomicU64::new(self.get()))
    }
}

/// Units of work that cost as much as one instruction.
const UNITS_OF_AN_INSTRUCTION: u32 = 4;

/// Bytes that are copied, compared or searched at the price of one unit, as a power of two.
const BYTES_OF_A_UNIT: u32 = 4;

impl Heap {
    /// An empty heap.
    pub fn new(limits: HeapLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Stores an array.
    pub fn new_array(&mut self, items: Vec<Val>) -> Result<Handle> {
        if items.len() > self.limits.array_len {
            return Err(BasicError::limit(format!("an array may hold at most {} elements", self.limits.array_len)));
        }
        let size = 24 + items.len() * size_of::<Val>();
        self.insert(Slot::Array(items), size)
    }

    /// Stores an object.
    pub fn new_object(&mut self, fields: Object) -> Result<Handle> {
        let size = 48 + fields.len() * (size_of::<Val>() + 40);
        self.insert(Slot::Object(fields), size)
    }

    /// Notes work that grows with what it works on, so that it is paid for with fuel. A unit is about a nanosecond;
    /// what copies or reads texts notes their bytes with [`Self::note_bytes`] instead.
    pub fn note(&self, units: usize) {
        self.work.add(units as u64);
    }

    /// Notes work over the bytes of texts.
    pub fn note_bytes(&self, bytes: usize) {
        self.note(bytes >> BYTES_OF_A_UNIT);
    }

    /// As [`Self::note`], with an error when one instruction does too much: loops over lists ask in every round.
    pub fn spend(&self, units: usize) -> Result<()> {
        self.note(units);
        if self.work.get() > self.limits.work {
            return Err(too_much_work());
        }
        Ok(())
    }

    /// As [`Self::spend`], for the bytes of texts.
    pub fn spend_bytes(&self, bytes: usize) -> Result<()> {
        self.spend(bytes >> BYTES_OF_A_UNIT)
    }

    /// Notes again what [`Self::settle`] gave and was not paid.
    pub fn note_instructions(&self, cost: u64) {
        self.note((cost << UNITS_OF_AN_INSTRUCTION) as usize);
    }

    /// The noted work as a number of instructions; from here on it counts as paid.
    pub fn settle(&self) -> u64 {
        self.work.take() >> UNITS_OF_AN_INSTRUCTION
    }

    /// Counts bytes a value outside the table takes (texts) against the limit.
    pub fn charge(&mut self, bytes: usize) -> Result<()> {
        self.note(bytes >> 2);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > self.limits.bytes {
            return Err(BasicError::limit(format!(
                "the script uses more than its {} MiB of memory",
                self.limits.bytes >> 20
            )));
        }
        Ok(())
    }

    fn insert(&mut self, slot: Slot, size: usize) -> Result<Handle> {
        self.charge(size)?;
        if let Some(index) = self.free {
            if let Some(cell) = self.slots.get_mut(index as usize) {
                if let Slot::Free(next) = cell {
                    self.free = *next;
                }
                *cell = slot;
            }
            return Ok(Handle(index));
        }
        self.slots.push(slot);
        Ok(Handle(self.slots.len() as u32 - 1))
    }

    /// The elements of an array (also of rows); empty for a handle that is none.
    pub fn array(&self, handle: Handle) -> &[Val] {
        match self.slots.get(handle.0 as usize) {
            Some(Slot::Array(items)) => items,
            _ => &[],
        }
    }

    /// Appends to an array, within the limits.
    pub fn push(&mut self, handle: Handle, item: Val) -> Result<()> {
        let limit = self.limits.array_len;
        self.charge(size_of::<Val>())?;
        match self.slots.get_mut(handle.0 as usize) {
            Some(Slot::Array(items)) if items.len() < limit => {
                items.push(item);
                Ok(())
            }
            Some(Slot::Array(_)) => Err(BasicError::limit(format!("an array may hold at most {limit} elements"))),
            _ => Ok(()),
        }
    }

    /// The elements, to change.
    pub fn array_mut(&mut self, handle: Handle) -> Option<&mut Vec<Val>> {
        match self.slots.get_mut(handle.0 as usize) {
            Some(Slot::Array(items)) => Some(items),
            _ => None,
        }
    }

    /// The fields of an object.
    pub fn object(&self, handle: Handle) -> Option<&Object> {
        match self.slots.get(handle.0 as usize) {
            Some(Slot::Object(fields)) => Some(fields),
            _ => None,
        }
    }

    /// The fields, to change.
    pub fn object_mut(&mut self, handle: Handle) -> Option<&mut Object> {
        match self.slots.get_mut(handle.0 as usize) {
            Some(Slot::Object(fields)) => Some(fields),
            _ => None,
        }
    }

    /// Brings a detached value in.
    pub fn attach(&mut self, value: &Value) -> Result<Val> {
        Ok(match value {
            Value::Null => Val::Null,
            Value::Bool(value) => Val::Bool(*value),
            Value::Int(value) => Val::Int(*value),
            Value::Float(value) => Val::Float(*value),
            Value::Text(text) => {
                self.charge(text.len())?;
                Val::Text(Text::new(&**text))
            }
            Value::Date(date) => Val::Date(*date),
            Value::Array(items) => {
                let items = items.iter().map(|item| self.attach(item)).collect::<Result<Vec<_>>>()?;
                Val::Array(self.new_array(items)?)
            }
            Value::Object(fields) => Val::Object(self.attach_object(fields)?),
            Value::Rows(rows) => {
                let items =
                    rows.rows.iter().map(|row| self.attach_object(row).map(Val::Object)).collect::<Result<Vec<_>>>()?;
                Val::Rows(self.new_array(items)?, rows.single)
            }
            Value::File(file) => Val::File(Arc::new(file.clone())),
            Value::Secret(text) => Val::Secret(Text::new(&**text)),
        })
    }

    fn attach_object(&mut self, fields: &crate::ValueObject) -> Result<Handle> {
        let fields =
            fields.iter().map(|(name, value)| Ok((name.clone(), self.attach(value)?))).collect::<Result<Object>>()?;
        self.new_object(fields)
    }

    /// Takes a copy out; a value that contains itself is an error.
    pub fn detach(&self, value: &Val) -> Result<Value> {
        // A value shared many times can be exponentially larger as a tree: the budget is its size there.
        let mut budget = self.limits.bytes;
        let taken = self.detach_at(value, 0, &mut budget);
        self.note(self.limits.bytes.saturating_sub(budget) >> 3);
        taken
    }

    fn detach_at(&self, value: &Val, depth: usize, budget: &mut usize) -> Result<Value> {
        // A cycle is the only way to get this deep with real data; the bound also keeps the stack safe.
        if depth > 128 {
            return Err(BasicError::limit("a value contains itself or is nested more than 128 deep"));
        }
        let size = if let Val::Text(text) = value { text.len() } else { 0 } + size_of::<Value>();
        *budget = budget.checked_sub(size).ok_or_else(|| BasicError::limit("a value is too large to be passed on"))?;
        Ok(match value {
            Val::Null => Value::Null,
            Val::Bool(value) => Value::Bool(*value),
            Val::Int(value) => Value::Int(*value),
            Val::Float(value) => Value::Float(*value),
            Val::Text(text) => Value::text(&**text),
            Val::Date(date) => Value::Date(*date),
            Val::Array(handle) => Value::Array(
                self.array(*handle)
                    .iter()
                    .map(|item| self.detach_at(item, depth + 1, budget))
                    .collect::<Result<_>>()?,
            ),
            Val::Object(handle) => Value::Object(self.detach_object(*handle, depth, budget)?),
            Val::Rows(handle, single) => {
                let rows = self
                    .array(*handle)
                    .iter()
                    .filter_map(|row| match row {
                        Val::Object(handle) => Some(self.detach_object(*handle, depth + 1, budget)),
                        _ => None,
                    })
                    .collect::<Result<_>>()?;
                Value::Rows(Rows { rows, single: *single })
            }
            Val::File(file) => Value::File(FileHandle::clone(file)),
            Val::Secret(text) => Value::Secret(Arc::from(&**text)),
        })
    }

    fn detach_object(&self, handle: Handle, depth: usize, budget: &mut usize) -> Result<crate::ValueObject> {
        self.object(handle)
            .into_iter()
            .flatten()
            .map(|(name, value)| Ok((name.clone(), self.detach_at(value, depth + 1, budget)?)))
            .collect()
    }
}

#[cold]
fn too_much_work() -> BasicError {
    BasicError::limit("this is too much work for one step of a script")
        .with_help("Take fewer elements or shorter texts at a time, in a loop.")
}
