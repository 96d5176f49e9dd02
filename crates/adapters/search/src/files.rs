//! Files that are checked: reads them with their checksum, replaces them in one step, and removes what nothing names.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};

/// A file as the manifest remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) checksum: u32,
}

impl Remembered {
    /// A file that is not there yet.
    pub(crate) fn empty(name: String) -> Self {
        Self { name, bytes: 0, checksum: 0 }
    }

    /// The file when more is written behind.
    pub(crate) fn followed_by(&self, more: &[u8]) -> Self {
        let mut hasher = crc32fast::Hasher::new_with_initial_len(self.checksum, self.bytes);
        hasher.update(more);
        Self { name: self.name.clone(), bytes: self.bytes + more.len() as u64, checksum: hasher.finalize() }
    }

    /// A file as it is now.
    pub(crate) fn look(folder: &Path, name: &str) -> io::Result<Self> {
        let (bytes, checksum) = checksum(&folder.join(name), u64::MAX)?;
        Ok(Self { name: name.to_owned(), bytes, checksum })
    }

    /// What is wrong with the file, if anything is. Something may have been added to it since.
    pub(crate) fn complaint(&self, folder: &Path) -> io::Result<Option<String>> {
        match checksum(&folder.join(&self.name), self.bytes) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(format!("{} is missing", self.name))),
            Err(error) => Err(error),
            Ok((bytes, _)) if bytes < self.bytes => Ok(Some(format!("{} is cut off", self.name))),
            Ok((_, checksum)) if checksum != self.checksum => Ok(Some(format!("{} has changed", self.name))),
            Ok(_) => Ok(None),
        }
    }
}

/// How much there is of the first bytes of a file, and their checksum. Read in parts, so that nothing large stays in
/// memory.
fn checksum(path: &Path, limit: u64) -> io::Result<(u64, u32)> {
    let mut file = File::open(path)?.take(limit);
    let mut part = vec![0_u8; 128 * 1024];
    let mut hasher = crc32fast::Hasher::new();
    let mut bytes = 0;
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            return Ok((bytes, hasher.finalize()));
        }
        hasher.update(part.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}

/// Replaces a file in one step, on the disk when this returns.
pub(crate) fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(beside, folder.join(name))?;
    sync_folder(folder)
}

/// Brings names of files onto the disk.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only on Unix a folder is something to flush.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Removes files that nothing names. One that cannot be removed only takes space until the next time.
pub(crate) fn keep_only(folder: &Path, named: impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_none_or(|name| !named(name)) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
