//! What the language server must be told about packages: it knows no folder layout and no settings. Whoever starts it
//! fills this in; paths inside a package are relative and have `/`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use botserver_basic_types::Diagnostic;

/// Texts that editors have and that are not saved yet, by path inside the package. They count in place of the files.
pub type Unsaved = BTreeMap<Arc<str>, Arc<str>>;

/// Where packages are read and checked.
pub trait Packages: Send + Sync {
    /// The folder of the package that a file belongs to; of a script outside of any package, its own folder.
    fn root(&self, file: &Path) -> PathBuf;
    /// Reads a package, quickly. An empty `root` has no files but the unsaved ones.
    fn read(&self, root: &Path, unsaved: &Unsaved) -> Package;
    /// Reads a package and finds everything that is wrong with it.
    fn check(&self, root: &Path, unsaved: &Unsaved) -> Checked;
}

/// What is known of a package.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// A folder of scripts that are not a package: each stands for itself.
    pub loose: bool,
    /// Path and text of every script. Of two with the same name the first one has it.
    pub scripts: Vec<(Arc<str>, Arc<str>)>,
    /// Collections of documents.
    pub collections: Vec<String>,
    /// Settings that are variables in every script: `shopkey` of `param-shopkey`.
    pub settings: Vec<Setting>,
}

/// A setting that scripts see as a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub name: String,
    /// The file that sets it.
    pub file: Arc<str>,
    /// Its line, from 1.
    pub line: u32,
}

/// A package and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// The package as it was checked.
    pub package: Package,
    /// The findings, each with its file.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts of files with findings that are no scripts, where places are to be found in them.
    pub texts: BTreeMap<Arc<str>, Arc<str>>,
}
