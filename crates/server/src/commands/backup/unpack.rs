//! Reading a backup: every entry is checked before anything of it is written, nothing is written outside of the target,
//! and at the end the checksums must name exactly what was there.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType};

use super::{
    BOTS, CHECKSUMS, MANIFEST, OBJECTS, POSTGRES, SETTINGS, SQLITE,
    create::{Hashing, hex},
    manifest::Manifest,
};

/// The largest manifest and list of checksums; they are read into memory.
const LARGEST_TEXT: u64 = 256 << 20;

/// What a backup holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) manifest: Manifest,
    pub(super) files: usize,
    pub(super) bytes: u64,
}

/// Reads a backup to its end, writing it below `target` if there is one.
pub(super) fn unpack(file: &Path, target: Option<&Path>) -> Result<Contents> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let decoder = zstd::Decoder::new(opened)?;
    let mut archive = Archive::new(decoder);
    let mut reader = Reader { target, manifest: None, found: BTreeMap::new(), bytes: 0, checksums: None };
    let read = || format!("{} is damaged, or no backup", file.display());
    for entry in archive.entries().with_context(read)? {
        reader.entry(entry.with_context(read)?)?;
    }
    // The checksum of the compressed stream stands behind the last entry.
    io::copy(&mut archive.into_inner(), &mut io::sink()).with_context(read)?;
    reader.finish()
}

struct Reader<'a> {
    target: Option<&'a Path>,
    manifest: Option<Manifest>,
    /// Checksum by path.
    found: BTreeMap<String, String>,
    bytes: u64,
    checksums: Option<String>,
}

impl Reader<'_> {
    fn entry(&mut self, mut entry: tar::Entry<'_, impl Read>) -> Result<()> {
        ensure!(self.checksums.is_none(), "the backup goes on behind its checksums: it was changed");
        let raw = entry.path_bytes().into_owned();
        let path = String::from_utf8(raw).ok().context("the backup holds a name that is not UTF-8")?;
        let kind = entry.header().entry_type();
        let place = place_of(&path, kind)?;
        if self.manifest.is_none() {
            ensure!(path == MANIFEST, "this is no backup of BotServer: it does not begin with {MANIFEST}");
            let bytes = small(&mut entry, MANIFEST)?;
            self.manifest = Some(Manifest::parse(&bytes)?);
            self.note(path, &bytes)?;
            return Ok(());
        }
        if path == CHECKSUMS {
            self.checksums = Some(String::from_utf8(small(&mut entry, CHECKSUMS)?).context("no text")?);
            return Ok(());
        }
        if kind == EntryType::Directory {
            if let Some(target) = self.target {
                fs::create_dir_all(target.join(place))?;
            }
            return Ok(());
        }
        let mut content = Hashing { inner: entry, hasher: Sha256::new() };
        let bytes = match self.target {
            None => io::copy(&mut content, &mut io::sink()),
            Some(target) => write(&target.join(&place), &mut content),
        }
        .with_context(|| format!("cannot restore {path}"))?;
        self.bytes += bytes;
        self.add(path, hex(&content.hasher.finalize()))
    }

    fn note(&mut self, path: String, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.add(path, hex(&Sha256::digest(bytes)))
    }

    fn add(&mut self, path: String, checksum: String) -> Result<()> {
        match self.found.insert(path.clone(), checksum) {
            None => Ok(()),
            Some(_) => bail!("the backup holds {path} twice: it was changed"),
        }
    }

    fn finish(self) -> Result<Contents> {
        let Some(manifest) = self.manifest else { bail!("this is no backup of BotServer: it is empty") };
        let Some(checksums) = self.checksums else { bail!("the backup has no checksums: it is not complete") };
        let mut expected = BTreeMap::new();
        for line in checksums.lines() {
            let (checksum, path) = line.split_once("  ").context("the checksums cannot be read")?;
            expected.insert(path, checksum);
        }
        for (path, checksum) in &self.found {
            match expected.remove(path.as_str()) {
                Some(promised) if promised == checksum => {}
                Some(_) => bail!("{path} does not have the checksum it had when it was saved: the backup is damaged"),
                None => bail!("{path} has no checksum: the backup was changed"),
            }
        }
        if let Some(missing) = expected.keys().next() {
            bail!("{missing} is missing: the backup was changed");
        }
        ensure!(self.found.contains_key(manifest.database.entry()), "the backup holds no database");
        Ok(Contents { manifest, files: self.found.len(), bytes: self.bytes })
    }
}

/// Where an entry belongs, below the target; refused if it is anything else than a file or folder of ours.
fn place_of(path: &str, kind: EntryType) -> Result<PathBuf> {
    let shown: String = path.chars().take(200).collect();
    ensure!(
        matches!(kind, EntryType::Regular | EntryType::Directory),
        "the backup holds {shown}, which is neither a file nor a folder; nothing of it was restored"
    );
    let relative = Path::new(path.trim_end_matches('/'));
    let mut parts = Vec::new();
    for part in relative.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            _ => bail!("the backup holds {shown}, which leads out of the data directory; nothing of it was restored"),
        }
    }
    // What is written must be what was checked: no `a/./b` and no `a//b`.
    let plain = parts.join("/") == path.trim_end_matches('/') && !path.contains(['\\', '\0']);
    let known = matches!(
        (parts.as_slice(), kind),
        ([MANIFEST | SETTINGS | SQLITE | POSTGRES | CHECKSUMS], EntryType::Regular)
            | ([OBJECTS | BOTS], EntryType::Directory)
            | ([OBJECTS | BOTS, _, ..], _)
    );
    ensure!(plain && known, "the backup holds {shown}, which belongs to no backup; nothing of it was restored");
    Ok(match parts.as_slice() {
        [SQLITE] => PathBuf::from("botserver.db"),
        _ => relative.to_owned(),
    })
}

fn small(entry: &mut impl Read, name: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = entry.take(LARGEST_TEXT + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    ensure!(read as u64 <= LARGEST_TEXT, "{name} is too large");
    Ok(bytes)
}

fn write(path: &Path, content: &mut impl Read) -> io::Result<u64> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    // Never over something that is there.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let bytes = io::copy(content, &mut file)?;
    file.sync_all()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_files_have_a_place() {
        let file = |path| place_of(path, EntryType::Regular);
        assert_eq!(file("database.sqlite").expect("ours"), Path::new("botserver.db"));
        assert_eq!(file("bots/shop.gbai/a.bas").expect("ours"), Path::new("bots/shop.gbai/a.bas"));
        assert_eq!(place_of("objects/", EntryType::Directory).expect("ours"), Path::new("objects"));
        for path in [
            "/etc/passwd",
            "../x",
            "bots/../../x",
            "bots/./x",
            "bots//x",
            "server.lock",
            "botserver.db",
            "bots",
            "",
            "objects/a\\b",
            "objects/\0",
            ".",
            "..",
            "config.toml/x",
        ] {
            assert!(file(path).is_err(), "{path}");
        }
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Fifo, EntryType::Char, EntryType::Block] {
            assert!(place_of("bots/x", kind).is_err(), "{kind:?}");
        }
    }
}
