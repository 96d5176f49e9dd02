//! `ObjectStore` over opendal's file system service, which reads and writes the bytes. Uploads are written
//! beside and moved into place here, and folders are listed here, because opendal's own ways follow links,
//! change names with spaces, cannot refuse an existing object and do not flush the folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use botserver_kernel::{IdSource as _, RandomIds};
use botserver_ports::{ByteStream, ObjectError, ObjectInfo, ObjectStore, check_object_key, check_object_prefix};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use opendal::{Operator, services::Fs};
use parking_lot::Mutex;

use crate::{links, place};

/// Holds unfinished uploads, in the root so that moving them is one step. No key begins with it.
const INCOMING: &str = ".incoming";
/// An upload that has not grown for so long belongs to a process that is gone.
const ABANDONED: Duration = Duration::from_hours(24);

/// Objects in a folder. One process at a time writes to it.
#[derive(Clone)]
pub struct FolderObjects {
    root: PathBuf,
    operator: Operator,
    /// Held while an upload is moved into place, so that of two new objects only one is new.
    placing: Arc<Mutex<()>>,
}

/// Whether an object that is there already is replaced.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Existing {
    Replace,
    Keep,
}

impl FolderObjects {
    /// Opens the folder, makes it if it is missing, and removes what a killed process left.
    pub fn open(root: &Path) -> Result<Self, ObjectError> {
        fs::create_dir_all(root).map_err(failed)?;
        let root = root.canonicalize().map_err(failed)?;
        let incoming = root.join(INCOMING);
        fs::create_dir_all(&incoming).map_err(failed)?;
        for upload in fs::read_dir(&incoming).map_err(failed)?.flatten() {
            let age = upload.metadata().and_then(|found| found.modified()).ok().and_then(|then| then.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED) {
                // One that cannot be removed only takes space.
                let _ = fs::remove_file(upload.path());
            }
        }
        let text = root
            .to_str()
            .ok_or_else(|| ObjectError::Unavailable(format!("the folder's name is not Unicode: {}", root.display())))?;
        let operator = Operator::new(Fs::default().root(text)).map_err(failed)?;
        Ok(Self { root, operator, placing: Arc::default() })
    }

    /// The path of a valid key; `None` if there can be no object of ours.
    fn path(&self, key: &str) -> Result<Option<PathBuf>, ObjectError> {
        check_object_key(key)?;
        if is_ours(key) {
            return Err(ObjectError::InvalidKey(key.to_owned()));
        }
        links::inside(&self.root, key).map_err(failed)
    }

    async fn store(&self, key: &str, body: ByteStream, limit: u64, existing: Existing) -> Result<u64, ObjectError> {
        let path = self.path(key)?.ok_or_else(|| ObjectError::InvalidKey(key.to_owned()))?;
        if existing == Existing::Keep && path.symlink_metadata().is_ok() {
            return Err(ObjectError::Exists(key.to_owned()));
        }
        let upload = incoming();
        let from = self.root.join(&upload);
        let outcome = match self.receive(&upload, body, limit).await {
            Ok(size) => {
                let (store, from, key) = (self.clone(), from.clone(), key.to_owned());
                blocking(move || store.settle(&from, &path, key, existing).map(|()| size)).await
            }
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            // What cannot be removed now is removed at a later start.
            let _ = tokio::fs::remove_file(from).await;
        }
        outcome
    }

    fn settle(&self, from: &Path, to: &Path, key: String, existing: Existing) -> Result<(), ObjectError> {
        let moved = {
            let _placing = self.placing.lock();
            if existing == Existing::Keep && to.symlink_metadata().is_ok() {
                return Err(ObjectError::Exists(key));
            }
            place::rename(&self.root, from, to)
        };
        match moved {
            Ok(()) => Ok(()),
            // `a` cannot be a file and a folder: one of `a` and `a/b` was there first.
            Err(error) if matches!(error.kind(), io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory) => {
                Err(ObjectError::InvalidKey(key))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Writes a body to the disk and flushes it.
    async fn receive(&self, upload: &str, mut body: ByteStream, limit: u64) -> Result<u64, ObjectError> {
        let mut writer = self.operator.writer(upload).await.map_err(failed)?;
        let mut size = 0;
        while let Some(part) = body.next().await {
            let part = part?;
            size += part.len() as u64;
            if size > limit {
                return Err(ObjectError::TooLarge { limit });
            }
            writer.write(part).await.map_err(failed)?;
        }
        writer.close().await.map_err(failed)?;
        Ok(size)
    }
}

#[async_trait]
impl ObjectStore for FolderObjects {
    async fn put(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError> {
        self.store(key, body, limit, Existing::Replace).await
    }

    async fn put_new(&self, key: &str, body: ByteStream, limit: u64) -> Result<u64, ObjectError> {
        self.store(key, body, limit, Existing::Keep).await
    }

    async fn get(&self, key: &str, offset: u64) -> Result<ByteStream, ObjectError> {
        let info = self.info(key).await?.ok_or_else(|| ObjectError::NotFound(key.to_owned()))?;
        if offset >= info.size {
            return Ok(stream::empty().boxed());
        }
        let reader = self.operator.reader(key).await.map_err(failed)?;
        let parts = reader.into_bytes_stream(offset..).await.map_err(failed)?;
        Ok(parts.map(|part: io::Result<Bytes>| part.map_err(failed)).boxed())
    }

    async fn info(&self, key: &str) -> Result<Option<ObjectInfo>, ObjectError> {
        let Some(path) = self.path(key)? else { return Ok(None) };
        match tokio::fs::symlink_metadata(path).await {
            Ok(found) if found.is_file() => Ok(Some(ObjectInfo { key: key.to_owned(), size: found.len() })),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let Some(path) = self.path(key)? else { return Ok(()) };
        let root = self.root.clone();
        blocking(move || place::remove(&root, &path).map_err(failed)).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<ObjectInfo>, ObjectError> {
        check_object_prefix(prefix)?;
        let mut found = Vec::new();
        if !prefix.is_empty() && self.path(&format!("{prefix}x"))?.is_none() {
            return Ok(found);
        }
        // What is still to be looked at, the next on top.
        let mut open = vec![(prefix.to_owned(), 0)];
        while let Some((path, size)) = open.pop().filter(|_| found.len() < limit) {
            let behind = |path: &str| after.is_none_or(|after| path > after);
            if path.is_empty() || path.ends_with('/') {
                // A folder that sorts before `after` holds later keys only if `after` is inside it.
                let may_hold = behind(&path) || after.is_some_and(|after| after.starts_with(&path));
                if may_hold {
                    let (root, folder) = (self.root.clone(), path);
                    let entries = blocking(move || place::entries(&root, &folder).map_err(failed)).await?;
                    let ours = |key: &str| check_object_key(key).is_ok() && !is_ours(key);
                    // People put files there that no key can name.
                    let named = entries.into_iter().filter(|(path, _)| ours(path.strip_suffix('/').unwrap_or(path)));
                    open.extend(named.rev());
                }
            } else if behind(&path) {
                found.push(ObjectInfo { key: path, size });
            }
        }
        Ok(found)
    }

    async fn check(&self) -> Result<(), ObjectError> {
        let probe = incoming();
        self.operator.write(&probe, Bytes::from_static(b"can it be written to?")).await.map_err(failed)?;
        self.operator.delete(&probe).await.map_err(failed)
    }
}

/// Where a new upload goes.
fn incoming() -> String {
    format!("{INCOMING}/{}", RandomIds.next_uuid())
}

/// Whether a key is in our own folder.
fn is_ours(key: &str) -> bool {
    key.split('/').next() == Some(INCOMING)
}

fn failed(error: impl std::fmt::Display) -> ObjectError {
    ObjectError::Unavailable(error.to_string())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, ObjectError> {
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}
