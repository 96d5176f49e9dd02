//! A single script: looked at in its package when it lies in one, else as the only script of a package that is made for it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use botserver_packages::Listed;
use tempfile::TempDir;

/// What the names of other files of a package mean is no business of a script by itself.
const OF_PACKAGES: [&str; 4] = ["B0701", "B0702", "B0704", "K0001"];

/// A script that is checked, and the package it is checked in.
pub(super) struct Single {
    /// Where the package lies.
    pub(super) package: PathBuf,
    /// The script as the person named it.
    pub(super) path: PathBuf,
    /// The script inside of the package.
    inside: String,
    made: Option<TempDir>,
}

impl Single {
    /// The script that a path names, if it names one.
    pub(super) fn of(path: &Path) -> Result<Option<Self>> {
        if !path.is_file() || path.extension().is_none_or(|own| !own.eq_ignore_ascii_case("bas")) {
            return Ok(None);
        }
        let real = path.canonicalize()?;
        let package = real.ancestors().filter(|folder| botserver_packages::bot_name(folder).is_some()).last();
        if let Some(package) = package {
            let inside = real.strip_prefix(package)?.to_string_lossy().replace('\\', "/");
            let package = package.to_owned();
            return Ok(Some(Self { package, path: path.to_owned(), inside, made: None }));
        }
        let made = tempfile::Builder::new().prefix("botserver-").tempdir()?;
        let name = path.file_name().context("the script has no name")?.to_string_lossy().into_owned();
        let inside = format!("script.gbdialog/{name}");
        let package = made.path().join("script.gbai");
        std::fs::create_dir_all(package.join("script.gbdialog"))?;
        std::fs::copy(path, package.join(&inside)).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Some(Self { package, path: path.to_owned(), inside, made: Some(made) }))
    }

    /// True for a finding about this script.
    pub(super) fn concerns(&self, found: &Listed) -> bool {
        let alone = self.made.is_some() && OF_PACKAGES.contains(&&*found.diagnostic.code);
        *found.diagnostic.span.file == *self.inside && !alone
    }
}
