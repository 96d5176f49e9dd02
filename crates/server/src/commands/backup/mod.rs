//! `botserver backup`: an installation as one tar.zst that can be read without this program, and back.
//!
//! In the archive, in this order: `manifest.json`; `config.toml`; a consistent copy of the database, `database.sqlite`
//! or, of PostgreSQL, the script `database.sql`; the trees `objects/` and `bots/`; `checksums.txt`, in the form that
//! `sha256sum --check` reads.

mod create;
mod manifest;
mod restore;
mod unpack;

use std::path::Path;

use anyhow::Result;

pub(super) use self::{create::create, restore::restore};
use super::Ending;
use crate::terminal;

/// The entries that are files at the top.
const MANIFEST: &str = "manifest.json";
const SETTINGS: &str = "config.toml";
const SQLITE: &str = "database.sqlite";
const POSTGRES: &str = "database.sql";
const CHECKSUMS: &str = "checksums.txt";
/// The entries that are trees.
const OBJECTS: &str = "objects";
const BOTS: &str = "bots";

/// Reads a backup to its end.
pub(super) async fn verify(file: &Path) -> Result<Ending> {
    let path = file.to_owned();
    let contents = tokio::task::spawn_blocking(move || unpack::unpack(&path, None)).await??;
    terminal::tell(&format!(
        "{} is whole: {} files, {}, made {}.",
        file.display(),
        contents.files,
        size(contents.bytes),
        contents.manifest.created_at
    ));
    Ok(Ending::Success)
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
