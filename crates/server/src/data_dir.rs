//! The data directory: made if it is missing, held by one server at a time.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use fs4::FileExt;

/// The directory while this process holds it; released when dropped, also by `kill -9`.
#[derive(Debug)]
pub(crate) struct HeldDir {
    _lock: File,
}

impl HeldDir {
    /// Makes the directory if needed and takes it; refused with the pid of who holds it.
    pub(crate) fn take(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make the data directory {}", dir.display()))?;
        private(dir)?;
        let path = dir.join("server.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot write in the data directory {}", dir.display()))?;
        if FileExt::try_lock(&file).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let pid = holder.trim();
            bail!(
                "another server (process {}) uses the data directory {}; stop it, or give this one another --data",
                if pid.is_empty() { "unknown" } else { pid },
                dir.display()
            );
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "{}", std::process::id())?;
        Ok(Self { _lock: file })
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
