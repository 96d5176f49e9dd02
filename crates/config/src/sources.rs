//! Where settings are read from: files and the environment, behind readers that tests replace.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// Reads whole small files.
pub trait ReadFile: Send + Sync {
    /// The text of a file; `None` if there is no such file.
    fn read(&self, path: &Path) -> io::Result<Option<String>>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemFiles;

impl ReadFile for SystemFiles {
    fn read(&self, path: &Path) -> io::Result<Option<String>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The variables of this process whose names begin with `BOTSERVER_`.
pub fn process_environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, _)| name.starts_with("BOTSERVER_"))
        // A value that is no text is kept readable, so that the check of its kind can name it.
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect()
}

/// Whether a variable of this process is set to something, such as a key that could be used. Its value is not read.
pub fn is_set_in_environment(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// A command-line flag that sets a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// As typed: `--listen`.
    pub flag: &'static str,
    /// What it sets: `server.listen`.
    pub key: &'static str,
    /// The value.
    pub value: String,
}

/// Everything that settings are made from, lowest first: defaults under `data_dir`, file, environment, flags.
pub struct Sources<'a> {
    /// The data directory; defaults of paths lie in it.
    pub data_dir: PathBuf,
    /// `--config FILE`; then it must exist. Otherwise `config.toml` in the data directory, if there is one.
    pub config_file: Option<PathBuf>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Flags.
    pub flags: Vec<Flag>,
    /// Reads `config.toml` and the files that `…_FILE` variables name.
    pub files: &'a dyn ReadFile,
}
