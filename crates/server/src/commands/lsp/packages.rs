//! Packages as the language server wants to know them: read from disk, with the editor's unsaved texts in place of the
//! files, and checked as `botserver check` does.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use botserver_basic_lsp::{Checked, Package, Packages, Setting, Unsaved};
use botserver_config::{BotDefaults, Origin};
use botserver_db::Db;
use botserver_kernel::OrgId;
use botserver_knowledge::{FileSource as _, FolderFiles};
use botserver_packages::{Language, Listed, PackageSource, PackageVersion, ScanLimits, bot_name, compile, scan};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::commands::check;

/// So many scripts of a folder that is no package are looked at.
const MOST_LOOSE: usize = 500;

/// Packages on this machine.
pub(super) struct OnDisk {
    pub(super) language: Language,
    pub(super) defaults: BotDefaults,
    /// Where declarations of tables are tried out.
    pub(super) db: Db,
    pub(super) org_id: OrgId,
    pub(super) handle: Handle,
    pub(super) tried: Mutex<Tried>,
}

/// The tables that were tried out last, and what was wrong with them: most checks change no table.
#[derive(Default)]
pub(super) struct Tried {
    tables: String,
    found: Vec<Listed>,
    /// Every trial has tables of its own.
    trials: u128,
}

impl Packages for OnDisk {
    fn root(&self, file: &Path) -> PathBuf {
        // A package inside of a package is a folder of the outer one.
        let packages = file.ancestors().skip(1).filter(|folder| bot_name(folder).is_some());
        packages.last().or_else(|| file.parent()).unwrap_or(file).to_owned()
    }

    fn read(&self, root: &Path, unsaved: &Unsaved) -> Package {
        self.package(root, &self.compiled(root, unsaved))
    }

    fn check(&self, root: &Path, unsaved: &Unsaved) -> Checked {
        let mut version = self.compiled(root, unsaved);
        if bot_name(root).is_some() {
            version.diagnostics.extend(self.tables(&version));
            let collections = check::collections::findings(root, &version);
            version.diagnostics.extend(self.handle.block_on(collections));
        }
        let diagnostics = version.diagnostics.iter().map(|own| own.diagnostic.clone()).collect();
        let texts = version.sources.iter().map(|(path, text)| (path.clone(), text.clone())).collect();
        Checked { package: self.package(root, &version), diagnostics, texts }
    }
}

impl OnDisk {
    fn compiled(&self, root: &Path, unsaved: &Unsaved) -> PackageVersion {
        let limits = ScanLimits::from_defaults(&self.defaults);
        let mut source = if bot_name(root).is_some() { scan(root, &limits) } else { loose(root, &limits) };
        for (path, text) in unsaved {
            source.put(path, text);
        }
        compile(&source, &self.language, &self.defaults)
    }

    fn package(&self, root: &Path, version: &PackageVersion) -> Package {
        let text = |path: &Arc<str>| Some((path.clone(), version.sources.get(path)?.clone()));
        let setting = |name: String| match version.config.origin(&format!("param-{name}")) {
            Origin::File { path, line } => Setting { name, file: path, line },
            _ => Setting { name, ..Setting::default() },
        };
        let is_package = bot_name(root).is_some();
        Package {
            loose: !is_package,
            scripts: version.image.scripts().iter().filter_map(|script| text(&script.file)).collect(),
            collections: if is_package { self.collections(root, &version.name) } else { Vec::new() },
            settings: version.config.params().into_iter().map(|(name, _)| setting(name)).collect(),
        }
    }

    /// The folders with documents. What is wrong with them is told by whoever reads the documents.
    fn collections(&self, root: &Path, bot: &str) -> Vec<String> {
        let files = FolderFiles::package(root.to_owned());
        let listing = self.handle.block_on(files.list()).unwrap_or_default();
        let folder = |path: &str| path.split_once('/').map_or_else(|| bot.to_owned(), |(folder, _)| folder.to_owned());
        let mut names: Vec<String> = listing.files.iter().map(|file| folder(&file.path)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What is wrong with the tables that the scripts declare.
    fn tables(&self, version: &PackageVersion) -> Vec<Listed> {
        let declared = version.image.scripts().iter().filter(|script| !script.tables.is_empty());
        let declared: Vec<_> = declared.map(|script| (&script.file, &script.tables, &script.indexes)).collect();
        if declared.is_empty() {
            return Vec::new();
        }
        let tables = format!("{declared:?} {:?}", version.seeds);
        let mut tried = self.tried.lock();
        if tried.tables != tables {
            tried.trials += 1;
            let found = check::tables::findings(&self.db, self.org_id, tried.trials, version);
            tried.found = self.handle.block_on(found).unwrap_or_else(|error| {
                tracing::warn!(%error, "the tables could not be tried out");
                Vec::new()
            });
            tried.tables = tables;
        }
        tried.found.clone()
    }
}

/// The scripts of a folder that is no package.
fn loose(folder: &Path, limits: &ScanLimits) -> PackageSource {
    let mut source = PackageSource { name: "scripts".into(), root: folder.to_owned(), ..PackageSource::default() };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("bas")));
    paths.sort();
    for path in paths.into_iter().take(MOST_LOOSE) {
        let small = fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() <= limits.script_bytes);
        if let (true, Some(name)) = (small, path.file_name().and_then(|name| name.to_str()))
            && let Ok(text) = fs::read_to_string(&path)
        {
            source.put(name, &text);
        }
    }
    source
}
