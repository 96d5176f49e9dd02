//! Writing a backup. The server may run: the database is copied by itself, and files of conversations are only added.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result, bail};
use botserver_config::Settings;
use botserver_db::{AppliedMigration, Db, DbUrl};
use botserver_kernel::{Clock, SystemClock};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use zstd::Encoder;

use super::{
    BOTS, CHECKSUMS, MANIFEST, OBJECTS, SETTINGS,
    manifest::{Database, Manifest},
    size,
};
use crate::{
    command_line::Common,
    commands::Ending,
    modules,
    settings::{self, Overrides},
    terminal,
};

/// Files up to this size are read whole, so that one that changes meanwhile is saved as it was at one moment.
const READ_WHOLE: u64 = 16 << 20;
/// The deepest folder that is saved.
const DEEPEST: usize = 64;
const MODE: u32 = 0o600;

pub(crate) async fn create(common: &Common, file: &Path) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::default())?;
    let url = DbUrl::parse(settings.storage.database.expose())?;
    if let DbUrl::Sqlite(database) = &url
        && !database.is_file()
    {
        bail!("there is no installation in {}: {} does not exist", settings.data_dir.display(), database.display());
    }
    if file.symlink_metadata().is_ok() {
        bail!("{} exists already; a backup never overwrites", file.display());
    }
    // On the same disk and as private as the original.
    let folder = tempfile::Builder::new().prefix(".backup-").tempdir_in(&settings.data_dir);
    let folder = folder.with_context(|| format!("cannot write in {}", settings.data_dir.display()))?;
    let database = Database::of(&url);
    let copy = folder.path().join(database.entry());
    let db = Db::connect(&url).await?;
    let copied = copy_of(&db, &copy).await;
    db.close().await;
    let manifest = Manifest::new(SystemClock.now().to_string(), database, &copied?);

    let target = file.to_owned();
    let config = common.config.clone().unwrap_or_else(|| settings.data_dir.join("config.toml"));
    let saved = tokio::task::spawn_blocking(move || write(&target, &manifest, &config, &copy, &settings)).await??;
    drop(folder);
    for (path, reason) in &saved.left_out {
        terminal::tell(&format!("not saved: {} ({reason})", path.display()));
    }
    terminal::print(&file.display().to_string())?;
    terminal::tell(&format!(
        "{} files, {}, in a backup of {}.",
        saved.files,
        size(saved.bytes),
        size(saved.compressed)
    ));
    Ok(Ending::Success)
}

/// Copies the database; answers which migrations it has seen.
async fn copy_of(db: &Db, copy: &Path) -> Result<Vec<AppliedMigration>> {
    let history = db.check_history(&modules::migrations()).await?;
    if history.is_empty() {
        bail!("there is no installation in {}: no server has opened it yet", db.url().display());
    }
    let schemas = botserver_data::schemas(db).await?;
    db.copy_to(copy, &schemas).await?;
    Ok(history)
}

/// What came of it.
#[derive(Default)]
struct Saved {
    files: usize,
    bytes: u64,
    compressed: u64,
    left_out: Vec<(PathBuf, String)>,
}

fn write(file: &Path, manifest: &Manifest, config: &Path, database: &Path, settings: &Settings) -> Result<Saved> {
    let mut name = file.file_name().context("give the backup a file name")?.to_owned();
    name.push(".partial");
    let draft = file.with_file_name(name);
    let cannot = || format!("cannot write {}", draft.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, MODE);
    let out = options.open(&draft).with_context(cannot)?;
    let written = fill(out, manifest, config, database, settings).and_then(|(out, saved)| {
        out.sync_all().with_context(cannot)?;
        fs::rename(&draft, file).with_context(cannot)?;
        Ok(Saved { compressed: fs::metadata(file)?.len(), ..saved })
    });
    if written.is_err() {
        // Half a backup helps nobody.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn fill(out: File, manifest: &Manifest, config: &Path, database: &Path, settings: &Settings) -> Result<(File, Saved)> {
    let mut encoder = Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    encoder.include_checksum(true)?;
    let mut archive = Archive { tar: Builder::new(encoder), checksums: String::new(), saved: Saved::default() };
    archive.text(MANIFEST, &serde_json::to_string_pretty(manifest)?)?;
    if config.is_file() {
        archive.file(SETTINGS, config)?;
    }
    archive.file(manifest.database.entry(), database)?;
    let objects = PathBuf::from(settings.storage.objects.expose().trim_start_matches("file://"));
    archive.tree(OBJECTS, &objects)?;
    archive.tree(BOTS, &settings.bots.dir)?;
    let checksums = std::mem::take(&mut archive.checksums);
    archive.text(CHECKSUMS, &checksums)?;
    let out = archive.tar.into_inner()?.finish()?;
    Ok((out, archive.saved))
}

struct Archive<W: Write> {
    tar: Builder<W>,
    checksums: String,
    saved: Saved,
}

impl<W: Write> Archive<W> {
    fn text(&mut self, path: &str, text: &str) -> Result<()> {
        self.append(path, text.len() as u64, now_seconds(), text.as_bytes())
    }

    fn file(&mut self, path: &str, file: &Path) -> Result<()> {
        let reading = || format!("cannot read {}", file.display());
        let mut opened = File::open(file).with_context(reading)?;
        let meta = opened.metadata().with_context(reading)?;
        let modified = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| since.as_secs());
        if meta.len() <= READ_WHOLE {
            let mut bytes = Vec::new();
            opened.read_to_end(&mut bytes).with_context(reading)?;
            return self.append(path, bytes.len() as u64, modified, bytes.as_slice());
        }
        self.append(path, meta.len(), modified, Exact { inner: opened, left: meta.len() }).with_context(reading)
    }

    fn append(&mut self, path: &str, bytes: u64, modified: u64, content: impl Read) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes);
        header.set_mode(MODE);
        header.set_mtime(modified);
        let mut hashing = Hashing { inner: content, hasher: Sha256::new() };
        self.tar.append_data(&mut header, path, &mut hashing)?;
        if path != CHECKSUMS {
            self.checksums.extend([&*hex(&hashing.hasher.finalize()), "  ", path, "\n"]);
            self.saved.files += 1;
            self.saved.bytes += bytes;
        }
        Ok(())
    }

    fn folder(&mut self, path: &str) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        header.set_mode(0o700);
        header.set_mtime(now_seconds());
        Ok(self.tar.append_data(&mut header, format!("{path}/"), io::empty())?)
    }

    /// Everything below a folder; nothing if there is no such folder.
    fn tree(&mut self, name: &str, root: &Path) -> Result<()> {
        let Ok(real) = root.canonicalize() else { return Ok(()) };
        self.below(name, &real, &real, 0)
    }

    fn below(&mut self, name: &str, folder: &Path, root: &Path, depth: usize) -> Result<()> {
        self.folder(name)?;
        let reading = || format!("cannot read {}", folder.display());
        let names: io::Result<BTreeSet<_>> =
            fs::read_dir(folder).with_context(reading)?.map(|entry| Ok(entry?.file_name())).collect();
        for file_name in names.with_context(reading)? {
            let path = folder.join(&file_name);
            let Some(own) = file_name.to_str() else {
                self.leave_out(path, "its name is not UTF-8");
                continue;
            };
            let Some(real) = path.canonicalize().ok() else {
                // Removed meanwhile, or a link to nothing.
                self.leave_out(path, "it leads nowhere");
                continue;
            };
            // A whole package may be a link to where its author works; other links must stay inside.
            if !real.starts_with(root) && depth > 0 {
                self.leave_out(path, "it is a link out of its folder");
                continue;
            }
            let inside = if real.starts_with(root) { root } else { real.as_path() };
            let entry = format!("{name}/{own}");
            if real.is_dir() && depth < DEEPEST {
                self.below(&entry, &real, inside, depth + 1)?;
            } else if real.is_file() {
                self.file(&entry, &real)?;
            } else {
                self.leave_out(path, "it is no file");
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, path: PathBuf, reason: &str) {
        self.saved.left_out.push((path, reason.to_owned()));
    }
}

fn now_seconds() -> u64 {
    u64::try_from(SystemClock.now().as_second()).unwrap_or_default()
}

/// Hexadecimal digits, as sha256sum writes them.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Computes the checksum of what passes through.
pub(super) struct Hashing<T> {
    pub(super) inner: T,
    pub(super) hasher: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Exactly so many bytes: the archive has promised them already.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default())?;
        if read == 0 && most > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}
