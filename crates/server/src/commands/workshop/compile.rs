//! One script and its neighbours, compiled like the dialogs of a package. Paths stay as the person wrote them, so that
//! editors find them.

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use botserver_config::BotDefaults;
use botserver_packages::{
    FileRole, Language, PackageSource, PackageVersion, ScanLimits, SourceFile, compile as compile_package,
};

/// So many neighbours are looked at; a folder with more is no folder of scripts.
const MOST_NEIGHBOURS: usize = 500;

/// A script that is ready to run, if nothing is wrong with it.
pub(super) struct Compiled {
    pub(super) version: PackageVersion,
    /// By which the image knows the script.
    pub(super) name: Arc<str>,
}

/// Reads and compiles the script with the other scripts of its folder.
pub(super) fn compile(script: &Path, language: &Language, defaults: &BotDefaults) -> Result<Compiled> {
    let limits = ScanLimits::from_defaults(defaults);
    let size = fs::metadata(script).with_context(|| format!("cannot read {}", script.display()))?;
    if !size.is_file() {
        bail!("{} is no script: give a file that ends with .bas", script.display());
    }
    if size.len() > limits.script_bytes {
        bail!("{} is larger than a script may be (`script-max-size`)", script.display());
    }
    let bytes = fs::read(script).with_context(|| format!("cannot read {}", script.display()))?;
    if let Err(error) = std::str::from_utf8(&bytes) {
        let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        bail!("{}:{line}:1: the file is not UTF-8 text; save it as UTF-8", script.display());
    }
    let mut source = PackageSource { name: "run".into(), ..PackageSource::default() };
    for neighbour in neighbours(script, &limits) {
        if let Ok(bytes) = fs::read(&neighbour)
            && std::str::from_utf8(&bytes).is_ok()
        {
            source.files.insert(key(&neighbour), file(bytes));
        }
    }
    let name = key(script);
    source.files.insert(name.clone(), file(bytes));
    Ok(Compiled { version: compile_package(&source, language, defaults), name })
}

fn key(path: &Path) -> Arc<str> {
    path.display().to_string().into()
}

fn file(bytes: Vec<u8>) -> SourceFile {
    SourceFile { role: FileRole::Dialog, size: bytes.len() as u64, modified: 0, content: Some(bytes.into()) }
}

fn neighbours(script: &Path, limits: &ScanLimits) -> Vec<std::path::PathBuf> {
    let folder = script.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = script.canonicalize().ok();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = if script.parent().is_some_and(|folder| folder.as_os_str().is_empty()) {
            entry.file_name().into()
        } else {
            entry.path()
        };
        let is_script = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("bas"));
        let small = entry.metadata().is_ok_and(|data| data.is_file() && data.len() <= limits.script_bytes);
        if is_script && small && path.canonicalize().ok() != own {
            found.push(path);
        }
    }
    found.sort();
    found.truncate(MOST_NEIGHBOURS);
    found
}
