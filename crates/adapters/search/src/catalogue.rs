//! Which documents there are, where their passages lie and who may read them: a log on the disk, tables and sets of
//! slots in memory. Knows nothing of words and vectors.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::Path,
    sync::Arc,
};

use botserver_ports::IndexDocument;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::files::Remembered;

/// A document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    /// Which putting of a document it is: no other has this number.
    pub(crate) put: u64,
    /// The slot of its first passage; the others follow.
    pub(crate) first: u32,
    /// The numbers of its passages.
    pub(crate) numbers: Vec<u32>,
    /// How many of them have a vector.
    pub(crate) vectors: u32,
    pub(crate) collection: Uuid,
    pub(crate) language: String,
    pub(crate) grants: Vec<String>,
}

impl Entry {
    fn slots(&self) -> std::ops::Range<u32> {
        self.first..self.first.saturating_add(self.numbers.len() as u32)
    }
}

/// One line of the log.
#[derive(Debug, Serialize, Deserialize)]
enum Record {
    Put(Entry),
    Grant(Uuid, Vec<String>),
    Remove(Uuid),
}

/// All documents.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalogue {
    by_id: HashMap<Uuid, Arc<Entry>>,
    by_slot: BTreeMap<u32, Arc<Entry>>,
    /// The slots that each grant opens.
    readable: HashMap<String, RoaringBitmap>,
    collections: HashMap<Uuid, RoaringBitmap>,
    languages: BTreeMap<String, usize>,
    next_put: u64,
    /// The first free slot.
    end: u32,
    passages: u64,
    vectors: u64,
    /// Lines in the log.
    records: usize,
    /// Lines that are not in the log yet.
    unwritten: Vec<u8>,
}

impl Catalogue {
    /// Reads a log as long as the manifest says it is. `None` if a line cannot be read.
    pub(crate) fn read(log: &[u8]) -> Option<Self> {
        let mut catalogue = Self::default();
        let mut rest = log;
        while !rest.is_empty() {
            let (record, after) = postcard::take_from_bytes::<Record>(rest).ok()?;
            catalogue.enter(record);
            rest = after;
        }
        Some(catalogue)
    }

    fn enter(&mut self, record: Record) {
        self.records += 1;
        match record {
            Record::Put(entry) => {
                self.take_out(entry.id);
                self.put_in(entry);
            }
            Record::Grant(id, grants) => {
                if let Some(entry) = self.take_out(id) {
                    self.put_in(Entry { grants, ..Entry::clone(&entry) });
                }
            }
            Record::Remove(id) => {
                self.take_out(id);
            }
        }
    }

    fn put_in(&mut self, entry: Entry) {
        let slots = entry.slots();
        self.end = self.end.max(slots.end);
        self.next_put = self.next_put.max(entry.put + 1);
        self.passages += entry.numbers.len() as u64;
        self.vectors += u64::from(entry.vectors);
        for grant in &entry.grants {
            self.readable.entry(grant.clone()).or_default().insert_range(slots.clone());
        }
        self.collections.entry(entry.collection).or_default().insert_range(slots.clone());
        *self.languages.entry(entry.language.clone()).or_default() += 1;
        let entry = Arc::new(entry);
        if !slots.is_empty() {
            self.by_slot.insert(slots.start, entry.clone());
        }
        self.by_id.insert(entry.id, entry);
    }

    fn take_out(&mut self, id: Uuid) -> Option<Arc<Entry>> {
        let entry = self.by_id.remove(&id)?;
        let slots = entry.slots();
        self.passages -= entry.numbers.len() as u64;
        self.vectors -= u64::from(entry.vectors);
        for grant in &entry.grants {
            if let Some(set) = self.readable.get_mut(grant) {
                set.remove_range(slots.clone());
                if set.is_empty() {
                    self.readable.remove(grant);
                }
            }
        }
        if let Some(set) = self.collections.get_mut(&entry.collection) {
            set.remove_range(slots.clone());
            if set.is_empty() {
                self.collections.remove(&entry.collection);
            }
        }
        if let Some(count) = self.languages.get_mut(&entry.language) {
            *count -= 1;
            if *count == 0 {
                self.languages.remove(&entry.language);
            }
        }
        if !slots.is_empty() {
            self.by_slot.remove(&slots.start);
        }
        Some(entry)
    }

    fn change(&mut self, record: Record) -> io::Result<()> {
        self.unwritten = postcard::to_extend(&record, std::mem::take(&mut self.unwritten)).map_err(io::Error::other)?;
        self.enter(record);
        Ok(())
    }

    /// Notes a document with new slots for its passages and a number of its own.
    pub(crate) fn put(&mut self, document: &IndexDocument, vectors: u32) -> io::Result<Arc<Entry>> {
        let count = u32::try_from(document.passages.len()).ok().and_then(|count| self.end.checked_add(count));
        if count.is_none() {
            return Err(io::Error::other("too many passages"));
        }
        let entry = Entry {
            id: document.id,
            put: self.next_put,
            first: self.end,
            numbers: document.passages.iter().map(|passage| passage.number).collect(),
            vectors,
            collection: document.collection,
            language: document.language.clone(),
            grants: document.grants.clone(),
        };
        self.change(Record::Put(entry))?;
        self.get(document.id).cloned().ok_or_else(|| io::Error::other("a document went missing"))
    }

    /// Notes other readers.
    pub(crate) fn grant(&mut self, id: Uuid, grants: Vec<String>) -> io::Result<()> {
        if self.by_id.contains_key(&id) { self.change(Record::Grant(id, grants)) } else { Ok(()) }
    }

    /// Notes that a document is gone.
    pub(crate) fn remove(&mut self, id: Uuid) -> io::Result<()> {
        if self.by_id.contains_key(&id) { self.change(Record::Remove(id)) } else { Ok(()) }
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<&Arc<Entry>> {
        self.by_id.get(&id)
    }

    /// The document and the number of the passage in a slot.
    pub(crate) fn at(&self, slot: u32) -> Option<(Uuid, u32)> {
        let (first, entry) = self.by_slot.range(..=slot).next_back()?;
        Some((entry.id, *entry.numbers.get((slot - first) as usize)?))
    }

    /// Where the passages of each putting begin, and how many there are.
    pub(crate) fn places(&self) -> HashMap<u64, (u32, u32)> {
        self.by_id.values().map(|entry| (entry.put, (entry.first, entry.numbers.len() as u32))).collect()
    }

    /// The slots that a reader may see.
    pub(crate) fn allowed(&self, grants: &[String], collections: &[Uuid]) -> RoaringBitmap {
        let mut allowed = RoaringBitmap::new();
        for set in grants.iter().filter_map(|grant| self.readable.get(grant)) {
            allowed |= set;
        }
        if !collections.is_empty() {
            let mut inside = RoaringBitmap::new();
            for set in collections.iter().filter_map(|collection| self.collections.get(collection)) {
                inside |= set;
            }
            allowed &= inside;
        }
        allowed
    }

    pub(crate) fn ids(&self) -> Vec<Uuid> {
        self.by_id.keys().copied().collect()
    }

    pub(crate) fn languages(&self) -> impl Iterator<Item = &str> {
        self.languages.keys().map(String::as_str)
    }

    pub(crate) fn documents(&self) -> u64 {
        self.by_id.len() as u64
    }

    pub(crate) const fn passages(&self) -> u64 {
        self.passages
    }

    pub(crate) const fn vectors(&self) -> u64 {
        self.vectors
    }

    /// Whether so much of the log or of the slots is of documents that are gone that both should be written anew.
    pub(crate) fn is_sparse(&self) -> bool {
        let dead = u64::from(self.end) - self.passages;
        (dead > 100 && dead > u64::from(self.end) / 4) || self.records > 1_000 + 4 * self.by_id.len()
    }

    /// The same documents with slots that follow each other, and for each new slot the old one.
    pub(crate) fn compacted(&self) -> io::Result<(Self, Vec<u32>)> {
        let mut catalogue = Self { next_put: self.next_put, ..Self::default() };
        let mut moved = Vec::new();
        let without = self.by_id.values().filter(|entry| entry.numbers.is_empty());
        for entry in self.by_slot.values().chain(without) {
            let first = catalogue.end;
            moved.extend(entry.slots());
            catalogue.change(Record::Put(Entry { first, ..Entry::clone(entry) }))?;
        }
        Ok((catalogue, moved))
    }

    /// Writes what is not in the log yet behind the part of it that counts.
    pub(crate) fn write(&mut self, folder: &Path, log: &Remembered) -> io::Result<Remembered> {
        let path = folder.join(&log.name);
        let mut file: File = OpenOptions::new().create(true).write(true).truncate(false).open(path)?;
        // What a killed process wrote behind is not ours.
        file.set_len(log.bytes)?;
        file.seek(SeekFrom::Start(log.bytes))?;
        let lines = std::mem::take(&mut self.unwritten);
        file.write_all(&lines)?;
        file.sync_all()?;
        Ok(log.followed_by(&lines))
    }

    /// The part of a log that counts.
    pub(crate) fn load(folder: &Path, name: &str, bytes: u64) -> io::Result<Vec<u8>> {
        let mut log = fs::read(folder.join(name))?;
        log.truncate(bytes as usize);
        Ok(log)
    }
}
