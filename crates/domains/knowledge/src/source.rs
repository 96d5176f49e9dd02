//! Where documents come from: a list of files with sizes and times, and each file at a path where it can be read.
//! The folder on disk is one source; knows no bot and no database.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use async_trait::async_trait;

/// The file that says who may read what, in the folder of the documents.
pub const PERMISSIONS_FILE: &str = "kb.permissions.yaml";
/// A permissions file that is larger is a mistake.
const LARGEST_PERMISSIONS: u64 = 1 << 20;
/// The deepest folder that is looked into.
const DEEPEST: usize = 32;

/// The files cannot be listed or read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {source}")]
pub struct SourceError {
    /// Which file or folder.
    pub path: String,
    /// Why.
    pub source: io::Error,
}

/// A file that may be a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path below the folder of the documents, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// When it was modified, in Unix nanoseconds.
    pub modified_ns: i64,
}

/// What is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files.
    pub files: Vec<ListedFile>,
    /// The permissions file, if there is one; `Err` says why it cannot be read.
    pub permissions: Option<Result<Vec<u8>, String>>,
    /// What was passed over, and why.
    pub skipped: Vec<String>,
}

/// A file at hand.
#[derive(Clone, Debug)]
pub struct FetchedFile {
    /// Where it can be read.
    pub path: PathBuf,
    /// Bytes, now.
    pub size: u64,
    /// When it was modified, in Unix nanoseconds.
    pub modified_ns: i64,
}

/// Documents of one bot.
#[async_trait]
pub trait FileSource: Send + Sync {
    /// Everything that is there.
    async fn list(&self) -> Result<Listing, SourceError>;

    /// One file; `None` if it is gone.
    async fn fetch(&self, path: &str) -> Result<Option<FetchedFile>, SourceError>;
}

/// Documents in folders on disk.
#[derive(Clone, Debug)]
pub struct FolderFiles {
    root: PathBuf,
    package: bool,
}

impl FolderFiles {
    /// All files of a folder.
    pub const fn folder(root: PathBuf) -> Self {
        Self { root, package: false }
    }

    /// The `*.gbkb` folders of a package.
    pub const fn package(root: PathBuf) -> Self {
        Self { root, package: true }
    }

    /// The folders of documents, with links resolved.
    fn roots(&self) -> Result<Vec<PathBuf>, SourceError> {
        let real = fs::canonicalize(&self.root).map_err(|source| failed(&self.root, source))?;
        if !self.package {
            return Ok(vec![real]);
        }
        let mut found = Vec::new();
        knowledge_folders(&real, 0, &mut found).map_err(|source| failed(&real, source))?;
        found.sort();
        Ok(found)
    }

    fn list_now(&self) -> Result<Listing, SourceError> {
        let mut listing = Listing::default();
        for root in self.roots()? {
            let file = root.join(PERMISSIONS_FILE);
            if listing.permissions.is_none() && fs::symlink_metadata(&file).is_ok() {
                listing.permissions = Some(read_small(&file).map_err(|error| error.to_string()));
            }
            let mut walk = Walk { root: &root, listing: &mut listing };
            // A folder that cannot be read must not look like one whose files were deleted.
            walk.folder(&root, "", 0).map_err(|source| failed(&root, source))?;
        }
        listing.files.sort_by(|left, right| left.path.cmp(&right.path));
        listing.files.dedup_by(|next, kept| next.path == kept.path);
        Ok(listing)
    }

    fn fetch_now(&self, path: &str) -> Result<Option<FetchedFile>, SourceError> {
        let clean = !path.split('/').any(|part| matches!(part, "" | "." | ".."));
        if !clean {
            return Ok(None);
        }
        for root in self.roots()? {
            let file = root.join(path);
            let Ok(real) = fs::canonicalize(&file) else { continue };
            if !real.starts_with(&root) {
                continue;
            }
            let about = fs::metadata(&real).map_err(|source| failed(&file, source))?;
            if about.is_file() {
                return Ok(Some(FetchedFile { path: real, size: about.len(), modified_ns: modified_ns(&about) }));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl FileSource for FolderFiles {
    async fn list(&self) -> Result<Listing, SourceError> {
        let own = self.clone();
        blocking(&self.root, move || own.list_now()).await
    }

    async fn fetch(&self, path: &str) -> Result<Option<FetchedFile>, SourceError> {
        let (own, path) = (self.clone(), path.to_owned());
        blocking(&self.root, move || own.fetch_now(&path)).await
    }
}

async fn blocking<T: Send + 'static>(
    root: &Path,
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|error| Err(failed(root, io::Error::other(error))))
}

fn failed(path: &Path, source: io::Error) -> SourceError {
    SourceError { path: path.display().to_string(), source }
}

/// Packages may lie in one another (`bi.gbai/bi.gbai`), so their folders are looked for two levels deep.
fn knowledge_folders(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        let path = entry.path();
        let is = |kind: &str| path.extension().is_some_and(|end| end.eq_ignore_ascii_case(kind));
        if is("gbkb") {
            found.push(path);
        } else if depth == 0 && is("gbai") {
            knowledge_folders(&entry.path(), depth + 1, found)?;
        }
    }
    Ok(())
}

fn read_small(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(LARGEST_PERMISSIONS + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_PERMISSIONS {
        return Err(io::Error::other("it is larger than 1 MB"));
    }
    Ok(bytes)
}

struct Walk<'a> {
    root: &'a Path,
    listing: &'a mut Listing,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, relative: &str, depth: usize) -> io::Result<()> {
        if depth > DEEPEST {
            self.listing.skipped.push(format!("{relative}: folders are nested deeper than {DEEPEST}"));
            return Ok(());
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let os_name = entry.file_name();
            let Some(name) = os_name.to_str().filter(|name| !name.contains(char::is_control)) else {
                let shown = os_name.to_string_lossy().escape_debug().to_string();
                self.listing.skipped.push(format!("{shown}: the file's name is not plain UTF-8 text"));
                continue;
            };
            if is_litter(name) || (depth == 0 && name == PERMISSIONS_FILE) {
                continue;
            }
            let path = if relative.is_empty() { name.to_owned() } else { format!("{relative}/{name}") };
            self.entry(&entry.path(), path, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, file: &Path, path: String, depth: usize) -> io::Result<()> {
        // A file that vanishes between listing and looking was being replaced; the next listing sees it.
        let Ok(mut about) = fs::symlink_metadata(file) else { return Ok(()) };
        if about.is_symlink() {
            let target = fs::canonicalize(file).ok().filter(|target| target.starts_with(self.root));
            match target.and_then(|target| fs::metadata(target).ok()) {
                Some(target) if target.is_file() => about = target,
                _ => {
                    self.listing.skipped.push(format!("{path}: a link that leads elsewhere is not followed"));
                    return Ok(());
                }
            }
        }
        if about.is_dir() {
            return self.folder(file, &path, depth + 1);
        }
        if about.is_file() {
            let (size, modified_ns) = (about.len(), modified_ns(&about));
            self.listing.files.push(ListedFile { path, size, modified_ns });
        }
        Ok(())
    }
}

/// Hidden files, and what editors and office programs leave beside a document that is open.
fn is_litter(name: &str) -> bool {
    name.starts_with('.') || name.starts_with("~$") || name.ends_with('~') || name == "Thumbs.db"
}

fn modified_ns(about: &fs::Metadata) -> i64 {
    let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
