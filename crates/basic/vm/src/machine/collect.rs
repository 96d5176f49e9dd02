//! Mark and sweep over the heap, when it has grown to twice what was alive the last time.

use std::collections::HashSet;

use botserver_basic_types::{Handle, Object, Slot, Val};

use super::Machine;

/// Bytes before the first collection.
pub(super) const FIRST_COLLECTION: usize = 1 << 20;

/// Texts at least this long are counted once even if many values share them.
const SHARED_TEXT: usize = 256;

impl Machine {
    /// Registers that a frame may still read.
    pub(super) fn live_registers(&self) -> usize {
        self.frames.last().map_or(0, |frame| {
            let chunk = self.image.chunk(frame.script, frame.chunk);
            frame.base as usize + chunk.map_or(0, |chunk| usize::from(chunk.registers))
        })
    }

    /// Frees what nothing refers to and counts what is left.
    #[cold]
    pub(super) fn collect(&mut self) {
        let live = self.live_registers().min(self.registers.len());
        // Above the last frame nothing is needed; old references there would keep garbage alive.
        if let Some(stale) = self.registers.get_mut(live..) {
            stale.fill(Val::Null);
        }
        let mut marker = Marker {
            slots: &self.heap.slots,
            marked: vec![false; self.heap.slots.len()],
            waiting: Vec::new(),
            texts: HashSet::new(),
            bytes: 0,
        };
        self.registers.iter().for_each(|value| marker.value(value));
        self.globals.values().for_each(|value| marker.value(value));
        self.debug.iter().flat_map(|debug| &debug.held).for_each(|value| marker.value(value));
        marker.run();
        let (marked, bytes) = (marker.marked, marker.bytes);
        let mut free = None;
        for (index, (slot, marked)) in self.heap.slots.iter_mut().zip(&marked).enumerate().rev() {
            if !marked {
                *slot = Slot::Free(free);
                free = Some(index as u32);
            }
        }
        self.heap.free = free;
        // Looking at everything is work too: a script that hovers at its limit pays for each time.
        self.heap.note(self.heap.slots.len() * 4 + bytes / 8);
        self.heap.bytes = bytes;
        let limit = self.heap.limits.bytes;
        // Near the limit the steps become smaller, but never so small that collecting is all that happens.
        let room = (limit.saturating_sub(bytes) / 2).max(64 << 10);
        self.collect_at = (bytes * 2).max(FIRST_COLLECTION).min(bytes + room);
    }
}

struct Marker<'a> {
    slots: &'a [Slot],
    marked: Vec<bool>,
    waiting: Vec<Handle>,
    texts: HashSet<usize>,
    bytes: usize,
}

impl Marker<'_> {
    fn value(&mut self, value: &Val) {
        match value {
            Val::Array(handle) | Val::Object(handle) | Val::Rows(handle, _) => {
                if let Some(marked) = self.marked.get_mut(handle.0 as usize)
                    && !*marked
                {
                    *marked = true;
                    self.waiting.push(*handle);
                }
            }
            Val::Text(text) | Val::Secret(text) => {
                if text.len() < SHARED_TEXT || self.texts.insert(std::sync::Arc::as_ptr(&text.0) as usize) {
                    self.bytes += text.len();
                }
            }
            Val::Null | Val::Bool(_) | Val::Int(_) | Val::Float(_) | Val::Date(_) | Val::File(_) => {}
        }
    }

    fn run(&mut self) {
        let slots = self.slots;
        while let Some(handle) = self.waiting.pop() {
            match slots.get(handle.0 as usize) {
                Some(Slot::Array(items)) => {
                    self.bytes += 24 + items.len() * size_of::<Val>();
                    for item in items {
                        self.value(item);
                    }
                }
                Some(Slot::Object(fields)) => {
                    self.bytes += 48 + fields.len() * (size_of::<Val>() + 40);
                    Object::values(fields).for_each(|field| self.value(field));
                }
                Some(Slot::Free(_)) | None => {}
            }
        }
    }
}
