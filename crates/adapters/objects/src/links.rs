//! Keeps paths inside the root: a symbolic link may lead anywhere, so none is followed.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The path of a key; `None` if one of the folders on the way to it is no real folder of ours (a link, or
/// a file).
pub(crate) fn inside(root: &Path, key: &str) -> io::Result<Option<PathBuf>> {
    let mut path = root.to_owned();
    let mut parts = key.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        if parts.peek().is_none() {
            break;
        }
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(None),
            // What does not exist yet leads nowhere else either.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(root.join(key))),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(path))
}

/// Whether a path is a file itself, not a link to one.
pub(crate) fn is_file(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(found) => Ok(found.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
