//! The data directory: made if it is missing, held by one process at a time, which writes down where it listens.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use fs4::FileExt;

const LOCK: &str = "server.lock";
const ADDRESS: &str = "server.addr";
/// So long somebody who takes the directory waits for one who is just ending.
const LINGERS: Duration = Duration::from_millis(500);

/// The directory while this process holds it; released when dropped, also by `kill -9`.
#[derive(Debug)]
pub(crate) struct HeldDir {
    dir: PathBuf,
    _lock: File,
}

/// Who holds a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    /// The process, if it could be read.
    pub(crate) pid: Option<u32>,
    /// Where it listens; `None` while it starts, and for a command that does not listen at all.
    pub(crate) address: Option<SocketAddr>,
}

impl Holder {
    /// For sentences: `process 4711`.
    pub(crate) fn name(&self) -> String {
        self.pid.map_or_else(|| "an unknown process".to_owned(), |pid| format!("process {pid}"))
    }
}

/// What became of the wish to hold a directory.
#[derive(Debug)]
pub(crate) enum Taken {
    /// It is ours.
    Held(HeldDir),
    /// Somebody else has it.
    By(Holder),
}

impl HeldDir {
    /// Makes the directory if needed and takes it; refused with the pid of who holds it.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        let began = Instant::now();
        loop {
            match Self::try_take(dir)? {
                Taken::Held(held) => return Ok(held),
                // A killed server's lock lives as long as a child that it was just starting and that has it still.
                Taken::By(_) if began.elapsed() < LINGERS => std::thread::sleep(LINGERS / 10),
                Taken::By(holder) => bail!(
                    "another server ({}) uses the data directory {}; stop it, or give this one another --data",
                    holder.name(),
                    dir.display()
                ),
            }
        }
    }

    /// Makes the directory if needed and takes it, unless somebody else holds it.
    pub(crate) fn try_take(dir: &Path) -> Result<Taken> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make the data directory {}", dir.display()))?;
        private(dir)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(LOCK))
            .with_context(|| format!("cannot write in the data directory {}", dir.display()))?;
        if FileExt::try_lock(&file).is_err() {
            return Ok(Taken::By(holder(dir, &mut file)));
        }
        // Left behind by a server that was killed.
        remove_address(dir)?;
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Taken::Held(Self { dir: dir.to_owned(), _lock: file }))
    }

    /// Writes down where this process listens, for the other commands.
    pub(crate) fn announce(&self, address: SocketAddr) -> Result<()> {
        let (draft, path) = (self.dir.join("server.addr.new"), self.dir.join(ADDRESS));
        std::fs::write(&draft, format!("{address}\n"))
            .and_then(|()| std::fs::rename(&draft, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for HeldDir {
    fn drop(&mut self) {
        // While we hold the lock the file is ours; what stays behind is removed by the next holder.
        let _ = remove_address(&self.dir);
    }
}

/// Who holds the directory now; `None` when nobody does. Changes nothing.
pub(crate) fn holder_of(dir: &Path) -> Option<Holder> {
    let mut file = File::open(dir.join(LOCK)).ok()?;
    // A shared lock: two commands that only look do not disturb each other.
    match FileExt::try_lock_shared(&file) {
        Ok(()) => None,
        Err(_) => Some(holder(dir, &mut file)),
    }
}

fn holder(dir: &Path, file: &mut File) -> Holder {
    let mut pid = String::new();
    let _ = file.read_to_string(&mut pid);
    let address = std::fs::read_to_string(dir.join(ADDRESS)).unwrap_or_default();
    Holder { pid: pid.trim().parse().ok(), address: address.trim().parse().ok() }
}

fn remove_address(dir: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(dir.join(ADDRESS)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Messages of people lie in here: nobody else on this machine may read them.
#[cfg(unix)]
fn private(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = std::fs::metadata(dir)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o700);
        std::fs::set_permissions(dir, permissions)
            .with_context(|| format!("cannot make {} private (mode 0700)", dir.display()))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_learns_who_the_first_is_and_where_it_listens() {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(holder_of(dir.path()), None);
        let held = HeldDir::take(dir.path()).expect("free");
        held.announce(([127, 0, 0, 1], 4711).into()).expect("writable");
        let expected = Holder { pid: Some(std::process::id()), address: Some(([127, 0, 0, 1], 4711).into()) };
        assert_eq!(holder_of(dir.path()), Some(expected.clone()));
        match HeldDir::try_take(dir.path()).expect("readable") {
            Taken::By(holder) => assert_eq!(holder, expected),
            Taken::Held(_) => panic!("two holders"),
        }
        drop(held);
        assert_eq!(holder_of(dir.path()), None);
        assert!(!dir.path().join(ADDRESS).exists());
        HeldDir::take(dir.path()).expect("free again");
    }
}
