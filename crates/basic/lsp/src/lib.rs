//! The language server: diagnostics, completion, hover, definitions, renaming and layout of scripts for editors, over the
//! Language Server Protocol. Knows the language and what it is told about packages; opens no file and no socket.
#![forbid(unsafe_code)]

mod complete;
mod core_words;
mod cursor;
mod documents;
mod findings;
mod fixes;
mod forms;
mod language;
mod layout;
mod line;
mod navigate;
mod packages;
mod pages;
mod rename;
mod resolve;
mod script;
mod server;
mod signature;
mod text;
mod transport;
mod uri;
mod view;
mod wants;

pub use core_words::{statement, statements};
pub use language::Language;
pub use packages::{Checked, Package, Packages, Setting, Unsaved};
pub use server::{Ended, Options, serve};
pub use transport::{read_frame, stdio, write_frame};
