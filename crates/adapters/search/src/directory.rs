//! Tantivy's view of the folder: files are mapped from it, but the account of its segments is handed over by us and
//! handed back to us, so that words and vectors are committed together. Deletes nothing: the manifest on the disk may
//! still name it.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;
use tantivy::{
    Directory,
    directory::{
        DirectoryLock, FileHandle, Lock, MmapDirectory, WatchCallback, WatchHandle, WritePtr,
        error::{DeleteError, LockError, OpenReadError, OpenWriteError},
    },
};

const SEGMENTS: &str = "meta.json";

/// The folder with accounts in memory.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    files: MmapDirectory,
    accounts: Arc<Mutex<HashMap<PathBuf, Vec<u8>>>>,
}

impl Shelf {
    /// Over a folder, with the account of its segments; empty if there are none yet.
    pub(crate) fn open(folder: &Path, segments: &str) -> tantivy::Result<Self> {
        let mut accounts = HashMap::new();
        if !segments.is_empty() {
            accounts.insert(PathBuf::from(SEGMENTS), segments.as_bytes().to_vec());
        }
        Ok(Self { files: MmapDirectory::open(folder)?, accounts: Arc::new(Mutex::new(accounts)) })
    }

    /// The account as tantivy wrote it last.
    pub(crate) fn segments(&self) -> String {
        let accounts = self.accounts.lock();
        accounts.get(Path::new(SEGMENTS)).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default()
    }
}

impl Directory for Shelf {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.files.get_file_handle(path)
    }

    fn delete(&self, _: &Path) -> Result<(), DeleteError> {
        Ok(())
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.accounts.lock().contains_key(path) || self.files.exists(path)?)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        self.files.open_write(path)
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.accounts.lock().get(path).cloned().ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.accounts.lock().insert(path.to_owned(), data.to_vec());
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.files.sync_directory()
    }

    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        // One writer at a time is seen to by `Index`.
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
