//! `botserver bot new`: a first package with a comment in every file. The files lie in `scaffold/`, with `NAME` where
//! the bot's name belongs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, PACKAGE_SUFFIX, Result, source};

/// Path inside the package, and text.
const FILES: &[(&str, &str)] = &[
    ("NAME.gbdialog/start.bas", include_str!("../scaffold/start.bas")),
    ("NAME.gbdialog/order-coffee.bas", include_str!("../scaffold/order-coffee.bas")),
    ("NAME.gbot/config.csv", include_str!("../scaffold/config.csv")),
    ("NAME.gbot/PROMPT.md", include_str!("../scaffold/PROMPT.md")),
    ("NAME.gbtheme/logo.svg", include_str!("../scaffold/logo.svg")),
    ("tests/order-coffee.test", include_str!("../scaffold/order-coffee.test")),
    ("README.md", include_str!("../scaffold/README.md")),
];

/// Writes a package into `dir` and tells where it lies. It appears whole, so that a server that watches the folder
/// never sees half of it.
pub fn new_package(dir: &Path, name: &str, reserved: &dyn Fn(&str) -> bool) -> Result<PathBuf> {
    let name = source::check_name(name.strip_suffix(PACKAGE_SUFFIX).unwrap_or(name), reserved)?;
    let package = dir.join(format!("{name}{PACKAGE_SUFFIX}"));
    if package.symlink_metadata().is_ok() {
        return Err(Error::Exists(package));
    }
    let io = |action, path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { action, path, source }
    };
    // The leading dot hides it from the watcher until it is complete.
    let draft = dir.join(format!(".{name}{PACKAGE_SUFFIX}.new"));
    fs::create_dir_all(dir).map_err(io("create", dir))?;
    // Left behind by an attempt that was interrupted; nobody else makes such a folder.
    if draft.is_dir() {
        fs::remove_dir_all(&draft).map_err(io("remove", &draft))?;
    }
    for (path, text) in FILES {
        let file = draft.join(path.replace("NAME", &name));
        let folder = file.parent().unwrap_or(&draft);
        fs::create_dir_all(folder).map_err(io("create", folder))?;
        fs::write(&file, text.replace("NAME", &name)).map_err(io("write", &file))?;
    }
    fs::rename(&draft, &package).map_err(io("create", &package))?;
    Ok(package)
}
