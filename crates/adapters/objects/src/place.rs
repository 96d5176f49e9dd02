//! Moving a file to its place and taking it away, so that both survive a power cut and leave no empty
//! folders, and listing a folder. Follows no link; knows nothing of objects.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::links;

/// How often a folder may vanish under our hands, because its last object was deleted, before we give up.
const TRIES: u32 = 20;

/// Moves a file, replacing what is there; makes the folders on the way.
pub(crate) fn rename(root: &Path, from: &Path, to: &Path) -> io::Result<()> {
    let folder = to.parent().unwrap_or(root);
    let mut tries = 0;
    loop {
        let is_new = !folder.is_dir();
        let moved = fs::create_dir_all(folder).and_then(|()| fs::rename(from, to));
        tries += 1;
        match moved {
            Ok(()) if is_new => return folders(root, folder).try_for_each(flush),
            Ok(()) => return flush(folder),
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// Removes a file if it is one, then the folders that it leaves empty.
pub(crate) fn remove(root: &Path, file: &Path) -> io::Result<()> {
    if !links::is_file(file)? {
        return Ok(());
    }
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let Some(folder) = file.parent() else { return Ok(()) };
    // A folder that is not empty refuses to go, and so ends the row.
    let kept = folders(root, folder).find(|folder| *folder == root || fs::remove_dir(folder).is_err());
    match kept.map(flush) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What is in a folder of the root, as paths from the root with their sizes; folders end with `/`, so that
/// sorting the entries, as is done here, sorts everything below them.
pub(crate) fn entries(root: &Path, folder: &str) -> io::Result<Vec<(String, u64)>> {
    let listed = match fs::read_dir(root.join(folder)) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        listed => listed?,
    };
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        // Of a link this tells that it is one. What was removed meanwhile is not listed.
        match entry.metadata() {
            Ok(found) if found.is_dir() => entries.push((format!("{folder}{name}/"), 0)),
            Ok(found) if found.is_file() => entries.push((format!("{folder}{name}"), found.len())),
            _ => {}
        }
    }
    entries.sort_unstable();
    Ok(entries)
}

/// The folder and those above it, up to the root.
fn folders<'a>(root: &'a Path, folder: &'a Path) -> impl Iterator<Item = &'a Path> {
    folder.ancestors().take_while(move |folder| folder.starts_with(root))
}

/// Makes what was done in a folder durable.
fn flush(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
