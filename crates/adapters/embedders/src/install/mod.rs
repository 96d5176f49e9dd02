//! Brings models into a folder: downloads that go on where they broke off, or files and packages that are there already.
//! A model appears in its place complete and checked, or not at all.

mod download;

use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

use botserver_http::HttpClient;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use self::download::download;
use crate::catalogue::{Build, ModelEntry, ModelFile, find_model, models};

const MANIFEST: &str = "manifest.json";
/// What marks the folder of a model that is not complete.
const UNFINISHED: &str = ".part";
/// How much is copied at a time.
const PART: usize = 128 * 1024;

/// A model could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// Nobody of that name.
    #[error("there is no model `{name}` in the catalogue; it has {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// None of the files that were given is the one that is needed.
    #[error("{file} of {model} is not in the files given; it is in the package {packages}")]
    Missing {
        /// The model.
        model: String,
        /// Its file.
        file: String,
        /// Where it can be had.
        packages: String,
    },
    /// What came is not what the catalogue says.
    #[error(
        "what came from {from} is not {file}: its SHA-256 is {found} instead of {expected}; nothing was installed. If you \
         have the right file: --from FILE"
    )]
    Changed {
        /// The file that was wanted.
        file: String,
        /// The host or file it came from.
        from: String,
        /// Its checksum.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// The download did not come to its end; the next try goes on from here.
    #[error(
        "the download of {file} broke off: {reason}; the next try goes on from there. If you have the file already: \
         --from FILE"
    )]
    Download {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The disk does not take or give it.
    #[error("{path}: {reason}")]
    Disk {
        /// Which file or folder.
        path: String,
        /// Why.
        reason: String,
    },
}

/// How far an installation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file that is being fetched.
    pub file: &'a str,
    /// Bytes of it that are here.
    pub done: u64,
    /// All of them.
    pub size: u64,
}

/// What is in the folder of an installed model: what it is, and what each file must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledModel {
    /// The model's name.
    pub name: String,
    /// The licence of its weights (SPDX).
    pub licence: String,
    /// The length of its vectors.
    pub dimensions: usize,
    /// How much of a text it reads.
    pub max_tokens: usize,
    /// Its files.
    pub files: Vec<InstalledFile>,
}

/// A file of an installed model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// What it must be, in hexadecimal digits.
    pub sha256: String,
}

impl InstalledModel {
    /// What is in a model's folder; `None` if no model is.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()
    }
}

/// Where models are: `models` in the data directory, a folder for each.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    root: PathBuf,
}

fn disk(path: &Path) -> impl Fn(io::Error) -> InstallError + '_ {
    |error| InstallError::Disk { path: path.display().to_string(), reason: error.to_string() }
}

impl ModelFolder {
    /// Models in this folder, which is made when the first is installed.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder of a model, whether it is installed or not.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Whether a model is there.
    pub fn is_installed(&self, name: &str) -> bool {
        InstalledModel::read(&self.path(name)).is_some()
    }

    /// What is there, by name.
    pub fn installed(&self) -> Vec<InstalledModel> {
        let Ok(entries) = fs::read_dir(&self.root) else { return Vec::new() };
        let finished = |path: &PathBuf| path.extension().is_none_or(|ending| ending != "part");
        let folders = entries.flatten().map(|entry| entry.path()).filter(finished);
        let mut models: Vec<_> = folders.filter_map(|folder| InstalledModel::read(&folder)).collect();
        models.sort_by(|one, two| one.name.cmp(&two.name));
        models
    }

    /// Downloads a model from its hub. What an attempt before has left is not downloaded again.
    pub async fn pull(
        &self,
        http: &HttpClient,
        name: &str,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<(), InstallError> {
        self.pull_entry(http, known(name)?, &mut progress).await
    }

    async fn pull_entry(
        &self,
        http: &HttpClient,
        model: &ModelEntry,
        progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), InstallError> {
        let staging = self.stage(model)?;
        let mut files = Vec::new();
        for file in &model.files {
            let downloads = file.builds.iter().find_map(|build| Some((build, build.url.as_ref()?)));
            let (build, url) = downloads.ok_or_else(|| missing(model, file))?;
            download(http, url, &staging, file, build, progress).await?;
            files.push(installed_file(file, build));
        }
        self.finish(model, &staging, files)
    }

    /// Installs a model from files: its own ones, or packages (wheels and other zips) that have them inside. Blocks.
    pub fn install_from(
        &self,
        name: &str,
        sources: &[PathBuf],
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<(), InstallError> {
        let model = known(name)?;
        let staging = self.stage(model)?;
        let mut files = Vec::new();
        for file in &model.files {
            let build = take(file, sources, &staging.join(&file.name), &mut progress)?;
            files.push(installed_file(file, build.ok_or_else(|| missing(model, file))?));
        }
        self.finish(model, &staging, files)
    }

    fn stage(&self, model: &ModelEntry) -> Result<PathBuf, InstallError> {
        let staging = self.root.join(format!("{}{UNFINISHED}", model.name));
        fs::create_dir_all(&staging).map_err(disk(&staging))?;
        Ok(staging)
    }

    /// Puts a complete model in its place.
    fn finish(&self, model: &ModelEntry, staging: &Path, files: Vec<InstalledFile>) -> Result<(), InstallError> {
        let manifest = InstalledModel {
            name: model.name.clone(),
            licence: model.licence.clone(),
            dimensions: model.dimensions,
            max_tokens: model.max_tokens,
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other).map_err(disk(staging))?;
        let place = self.path(&model.name);
        let old = self.root.join(format!("{}.old{UNFINISHED}", model.name));
        let settle = || -> io::Result<()> {
            let mut file = File::create(staging.join(MANIFEST))?;
            file.write_all(&text)?;
            file.sync_all()?;
            if old.exists() {
                fs::remove_dir_all(&old)?;
            }
            if place.exists() {
                fs::rename(&place, &old)?;
            }
            fs::rename(staging, &place)?;
            if old.exists() { fs::remove_dir_all(&old) } else { Ok(()) }
        };
        settle().map_err(disk(&place))
    }
}

fn known(name: &str) -> Result<&'static ModelEntry, InstallError> {
    find_model(name).ok_or_else(|| InstallError::Unknown {
        name: name.to_owned(),
        known: models().iter().map(|model| model.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

fn missing(model: &ModelEntry, file: &ModelFile) -> InstallError {
    let packages: Vec<&str> = file.builds.iter().filter_map(|build| build.package.as_deref()).collect();
    InstallError::Missing { model: model.name.clone(), file: file.name.clone(), packages: packages.join(" or ") }
}

fn installed_file(file: &ModelFile, build: &Build) -> InstalledFile {
    InstalledFile { name: file.name.clone(), size: build.size, sha256: build.sha256.clone() }
}

/// The checksum of a file, in hexadecimal digits.
pub(crate) fn checksum(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(digits(hasher))
}

fn digits(hasher: Sha256) -> String {
    format!("{:x}", hasher.finalize())
}

/// Finds a file by its checksum among files and the members of packages, and copies it.
fn take<'a>(
    file: &'a ModelFile,
    sources: &[PathBuf],
    to: &Path,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<Option<&'a Build>, InstallError> {
    for source in sources {
        let length = fs::metadata(source).map_err(disk(source))?.len();
        for build in &file.builds {
            let mut copied = |from: &mut dyn Read| copy(from, to, file, build, progress);
            if length == build.size
                && File::open(source).and_then(|mut from| copied(&mut from)).map_err(disk(source))?
            {
                return Ok(Some(build));
            }
            // What is no zip can still be one of the files themselves.
            let Ok(mut package) =
                File::open(source).map_err(zip::result::ZipError::from).and_then(zip::ZipArchive::new)
            else {
                continue;
            };
            for place in 0..package.len() {
                let Ok(mut member) = package.by_index(place) else { continue };
                if member.size() == build.size && copied(&mut member).map_err(disk(source))? {
                    return Ok(Some(build));
                }
            }
        }
    }
    Ok(None)
}

/// Copies what has the right length; false if it is something else all the same.
fn copy(
    from: &mut dyn Read,
    to: &Path,
    file: &ModelFile,
    build: &Build,
    progress: &mut impl FnMut(Progress<'_>),
) -> io::Result<bool> {
    let mut out = File::create(to)?;
    let (mut hasher, mut done, mut part) = (Sha256::new(), 0, vec![0_u8; PART]);
    loop {
        let read = from.read(&mut part)?;
        let Some(piece) = part.get(..read).filter(|piece| !piece.is_empty()) else { break };
        done += read as u64;
        if done > build.size {
            return Ok(false);
        }
        hasher.update(piece);
        out.write_all(piece)?;
        progress(Progress { file: &file.name, done, size: build.size });
    }
    out.sync_all()?;
    Ok(digits(hasher) == build.sha256)
}

#[cfg(test)]
mod tests;
