//! Reads documents: text and structure of Markdown, text, HTML, CSV, PDF, Word, Excel and PowerPoint. The reading
//! happens in a child process with limits ([`extract_main`]); the server only starts it ([`ChildExtractor`]), so a
//! hostile document costs nobody else anything. Knows the port and nothing of collections, bots or indexes.

mod child;
mod encoding;
mod format;
mod limits;
mod markdown_out;
mod output;
mod process;
mod readers;
mod table;
mod wire;

pub use child::{extract_main, read_document};
pub use format::EXTENSIONS;
pub use process::ChildExtractor;
