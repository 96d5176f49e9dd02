//! Objects by key in a folder of this machine. Knows only the port, not what the objects are.

mod folder;
mod links;
mod place;

pub use folder::FolderObjects;
