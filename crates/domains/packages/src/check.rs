//! `botserver check`: what is wrong with a package on disk, without a server and without a database.

use std::path::Path;

use botserver_config::BotDefaults;

use crate::{Error, Language, PackageVersion, Result, ScanLimits, compile, scan, source};

/// Reads and compiles a package folder; what is wrong is in its `diagnostics`.
pub fn check(
    folder: &Path,
    language: &Language,
    defaults: &BotDefaults,
    reserved: &dyn Fn(&str) -> bool,
) -> Result<PackageVersion> {
    // `check .` and `check shop.gbai/` name the folder too.
    let real = std::fs::canonicalize(folder).map_err(|_| Error::NotAPackage(folder.to_owned()))?;
    // A link is served by its own name.
    let named = if source::bot_name(folder).is_some() { folder } else { &real };
    let name =
        source::bot_name(named).filter(|_| real.is_dir()).ok_or_else(|| Error::NotAPackage(folder.to_owned()))?;
    source::check_name(&name, reserved)?;
    let files = scan(named, &ScanLimits::from_defaults(defaults));
    Ok(compile::compile(&files, language, defaults))
}
