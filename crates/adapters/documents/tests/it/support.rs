//! Documents, and what tests ask of what was read.

use std::path::PathBuf;

use botserver_documents::{ChildExtractor, read_document};
use botserver_ports::{Block, DocumentExtractor as _, ExtractError, ExtractLimits, ExtractRequest, Extracted};
use tokio_util::sync::CancellationToken;

/// A document that a real program made.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Reads one in this process.
pub(crate) fn read(name: &str) -> Extracted {
    try_read(name).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

pub(crate) fn try_read(name: &str) -> Result<Extracted, ExtractError> {
    read_document(&fixture(name), name, ExtractLimits::default())
}

/// Reads bytes under a name.
pub(crate) fn read_bytes(name: &str, bytes: &[u8]) -> Result<Extracted, ExtractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document");
    std::fs::write(&path, bytes).unwrap();
    read_document(&path, name, ExtractLimits::default())
}

/// The extractor of the product, with this crate's own child.
pub(crate) fn extractor() -> ChildExtractor {
    ChildExtractor::new(env!("CARGO_BIN_EXE_botserver-extract"), [] as [&str; 0])
}

/// Reads a file in a child.
pub(crate) async fn in_child(path: PathBuf, name: &str, limits: ExtractLimits) -> Result<Extracted, ExtractError> {
    let request = ExtractRequest { path, name: name.to_owned(), limits };
    extractor().extract(request, Box::new(|_, _| {}), CancellationToken::new()).await
}

/// Reads bytes in a child.
pub(crate) async fn bytes_in_child(name: &str, bytes: &[u8], limits: ExtractLimits) -> Result<Extracted, ExtractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document");
    std::fs::write(&path, bytes).unwrap();
    in_child(path, name, limits).await
}

/// All headings with their levels.
pub(crate) fn headings(document: &Extracted) -> Vec<(u8, &str)> {
    document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Heading { level, text } => Some((*level, text.as_str())),
            _ => None,
        })
        .collect()
}

/// All paragraphs, items and lines.
pub(crate) fn texts(document: &Extracted) -> Vec<&str> {
    document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The names of all columns of all tables.
pub(crate) fn columns(document: &Extracted) -> Vec<Vec<&str>> {
    document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Columns { names } => Some(names.iter().map(String::as_str).collect()),
            _ => None,
        })
        .collect()
}

/// All rows of all tables.
pub(crate) fn rows(document: &Extracted) -> Vec<Vec<&str>> {
    document
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Row { cells, .. } => Some(cells.iter().map(String::as_str).collect()),
            _ => None,
        })
        .collect()
}

/// Everything that has words, a line each, for questions about text alone.
pub(crate) fn everything(document: &Extracted) -> String {
    let lines = document.blocks.iter().map(|block| match block {
        Block::Page { number } => format!("[page {number}]"),
        Block::Sheet { name } => format!("[sheet {name}]"),
        Block::Heading { text, .. } | Block::Text { text } => text.clone(),
        Block::Columns { names } => names.join(" | "),
        Block::Row { cells, .. } => cells.join(" | "),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The page on which a text stands.
pub(crate) fn page_of(document: &Extracted, words: &str) -> Option<u32> {
    let mut page = None;
    for block in &document.blocks {
        match block {
            Block::Page { number } => page = Some(*number),
            Block::Heading { text, .. } | Block::Text { text } if text.contains(words) => return page,
            Block::Row { cells, .. } if cells.iter().any(|cell| cell.contains(words)) => return page,
            _ => {}
        }
    }
    None
}

/// A zip file of these parts.
pub(crate) fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
