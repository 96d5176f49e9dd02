//! The test files of a package with their cassettes.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use botserver_basic_types::Diagnostic;
use botserver_bot_tests::{Cassette, TestFile, read};
use botserver_packages::Listed;

use super::shown;

/// The folder of the tests in a package, and that of the cassettes in it.
const TESTS: &str = "tests";
const CASSETTES: &str = "cassettes";
const SUFFIX: &str = "test";

/// A test file.
pub(super) struct Script {
    /// Its path, as the person can open it.
    pub(super) path: String,
    /// The folder of the tests.
    pub(super) folder: PathBuf,
    /// Its lines, for messages.
    pub(super) lines: Vec<String>,
    pub(super) file: TestFile,
    pub(super) cassette: Cassette,
    cassette_path: PathBuf,
    /// The cassette's text as it was read.
    written: String,
}

impl Script {
    /// Writes the cassette if it has changed, and tells where; one with nothing in it is removed.
    pub(super) fn write_cassette(&self, cassette: &Cassette) -> Result<Option<String>> {
        let path = &self.cassette_path;
        let failed = || format!("cannot write {}", path.display());
        if cassette.is_empty() {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error).with_context(failed),
                _ => Ok(None),
            };
        }
        let text = cassette.write();
        if text == self.written {
            return Ok(None);
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        fs::write(path, text).with_context(failed)?;
        Ok(Some(shown(path)))
    }
}

/// A finding with the text that it is about.
pub(super) type Found = (Diagnostic, String);

/// The test files of a package, sorted; and what is wrong with them, each with the text that it is about.
pub(super) fn scripts(package: &Path) -> Result<(Vec<Script>, Vec<Found>)> {
    let (mut scripts, mut findings) = (Vec::new(), Vec::new());
    for path in files(package)? {
        let text = text_of(&path)?;
        let (file, found) = read(&shown(&path), &text);
        findings.extend(found.into_iter().map(|own| (own, text.clone())));
        let stem = path.file_stem().unwrap_or_default();
        let folder = package.join(TESTS);
        let cassette_path = folder.join(CASSETTES).join(stem).with_extension("json");
        let written = match fs::read_to_string(&cassette_path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", cassette_path.display())),
        };
        let cassette = if written.is_empty() { Ok(Cassette::default()) } else { Cassette::read(&written) };
        let cassette = match cassette {
            Ok(cassette) => cassette,
            Err(error) => bail!("the cassette {} cannot be read: {}", cassette_path.display(), error.0),
        };
        let lines = text.lines().map(str::to_owned).collect();
        scripts.push(Script { path: shown(&path), folder, lines, file, cassette, cassette_path, written });
    }
    Ok((scripts, findings))
}

/// What is wrong with the test files of a package, for `check`: with paths inside the package, and their texts.
pub(crate) fn findings(package: &Path) -> Vec<(Listed, String)> {
    let mut all = Vec::new();
    for path in files(package).unwrap_or_default() {
        let Ok(text) = text_of(&path) else { continue };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        for diagnostic in read(&format!("{TESTS}/{name}"), &text).1 {
            let source = text.lines().nth((diagnostic.span.line as usize).saturating_sub(1)).map(str::to_owned);
            all.push((Listed { diagnostic, source }, text.clone()));
        }
    }
    all
}

fn text_of(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn files(package: &Path) -> Result<Vec<PathBuf>> {
    if !package.is_dir() {
        bail!("{} is no package: a folder whose name ends with .gbai", package.display());
    }
    let folder = package.join(TESTS);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case(SUFFIX)))
        .filter(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')))
        .collect();
    files.sort();
    Ok(files)
}
