//! The embedded search index: a folder for each index, with words in tantivy's segments and vectors as bytes in a
//! mapped file. Knows only the port, not what the documents are or who the readers.
//!
//! Invariant: what the file `MANIFEST` names is the index. It is replaced in one step after everything that it names is
//! on the disk, so an index is as it was before a change or after it, whenever the process dies.

mod catalogue;
mod deadline;
mod directory;
mod files;
mod folder;
mod fusion;
mod index;
mod lexicon;
mod manifest;
mod snapshot;
mod vectors;
mod words;

pub use folder::{FolderIndex, FolderOptions};
