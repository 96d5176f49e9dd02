//! What is open in the editor, and the packages those files belong to. Texts are parsed when somebody asks, once for
//! each change; for completion the statement under the cursor is left out, so that typing in it costs no parsing.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use botserver_basic_syntax::ParseOptions;
use lsp_types::TextDocumentContentChangeEvent;

use crate::{
    language::Language,
    packages::{Package, Unsaved},
    script::Script,
    text::{Encoding, Lines},
    uri,
    view::View,
};

/// An open file.
#[derive(Debug)]
pub(crate) struct Document {
    /// As the client names it.
    pub(crate) uri: String,
    /// The folder of its package; empty if it is no file.
    pub(crate) root: PathBuf,
    /// Its path in that folder.
    pub(crate) path: Arc<str>,
    pub(crate) version: i32,
    pub(crate) text: Arc<str>,
    pub(crate) lines: Arc<Lines>,
    script: Option<Arc<Script>>,
    /// The text without one statement, and what it says.
    around: Option<(String, Arc<Script>)>,
}

impl Document {
    pub(crate) fn new(uri: String, root: PathBuf, path: Arc<str>, version: i32, text: String) -> Self {
        let lines = Arc::new(Lines::of(&text));
        Self { uri, root, path, version, text: text.into(), lines, script: None, around: None }
    }

    /// Takes changes in their order.
    pub(crate) fn change(&mut self, version: i32, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) {
        let mut text = String::from(&*self.text);
        let mut lines = Arc::clone(&self.lines);
        for change in changes {
            match change.range {
                None => text = change.text,
                Some(range) => {
                    let start = lines.offset(&text, range.start, encoding);
                    let end = lines.offset(&text, range.end, encoding).max(start);
                    text.replace_range(start..end, &change.text);
                }
            }
            lines = Arc::new(Lines::of(&text));
        }
        self.version = version;
        self.text = text.into();
        self.lines = lines;
        self.script = None;
    }
}

/// Open files and their packages.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    open: HashMap<String, Document>,
    packages: HashMap<PathBuf, Known>,
}

/// A package as it was read last, with its scripts parsed.
#[derive(Debug, Default)]
struct Known {
    package: Package,
    scripts: BTreeMap<Arc<str>, Arc<Script>>,
}

impl Documents {
    pub(crate) fn get(&self, uri: &str) -> Option<&Document> {
        self.open.get(uri)
    }

    pub(crate) fn get_mut(&mut self, uri: &str) -> Option<&mut Document> {
        self.open.get_mut(uri)
    }

    pub(crate) fn insert(&mut self, document: Document) {
        self.open.insert(document.uri.clone(), document);
    }

    pub(crate) fn remove(&mut self, uri: &str) -> Option<Document> {
        let document = self.open.remove(uri)?;
        if !self.open.values().any(|own| own.root == document.root) {
            self.packages.remove(&document.root);
        }
        Some(document)
    }

    /// The open file at a path of a package.
    pub(crate) fn at(&self, root: &Path, path: &str) -> Option<&Document> {
        self.open.values().find(|own| own.root == *root && *own.path == *path)
    }

    pub(crate) fn knows(&self, root: &Path) -> bool {
        self.packages.contains_key(root)
    }

    /// Folders of which something is open.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        let mut roots: Vec<PathBuf> = self.open.values().map(|own| own.root.clone()).collect();
        roots.sort();
        roots.dedup();
        roots
    }

    /// The open texts of a package, and their versions.
    pub(crate) fn unsaved(&self, root: &Path) -> (Unsaved, HashMap<String, i32>) {
        let own = || self.open.values().filter(|own| own.root == *root);
        let texts = own().map(|own| (own.path.clone(), own.text.clone())).collect();
        (texts, own().map(|own| (own.uri.clone(), own.version)).collect())
    }

    /// Takes what was read; scripts whose text is the same stay parsed.
    pub(crate) fn take(&mut self, root: PathBuf, package: Package, language: &Language) {
        let mut before = self.packages.remove(&root).map(|known| known.scripts).unwrap_or_default();
        let plain = options(&package, Vec::new());
        let mut scripts = BTreeMap::new();
        for (path, text) in &package.scripts {
            // What is open is read when somebody asks for it.
            if self.at(&root, path).is_some() {
                continue;
            }
            let kept = before.remove(path).filter(|own| own.text() == &**text && own.tree.includes.is_empty());
            let script = kept.unwrap_or_else(|| Arc::new(Script::read(language, path, text, &plain)));
            scripts.insert(path.clone(), script);
        }
        let including: Vec<Arc<Script>> =
            scripts.values().filter(|script| !script.tree.includes.is_empty()).cloned().collect();
        self.packages.insert(root.clone(), Known { package, scripts });
        for script in including {
            let whole = self.read(&root, script.path(), script.text(), language);
            if let Some(known) = self.packages.get_mut(&root) {
                known.scripts.insert(script.path().clone(), whole);
            }
        }
    }

    /// What an open file says.
    pub(crate) fn script(&mut self, uri: &str, language: &Language) -> Option<Arc<Script>> {
        let document = self.open.get(uri)?;
        if let Some(script) = &document.script {
            return Some(script.clone());
        }
        let (path, text, root) = (document.path.clone(), document.text.clone(), document.root.clone());
        let script = self.read(&root, &path, &text, language);
        self.open.get_mut(uri)?.script = Some(script.clone());
        Some(script)
    }

    /// What an open file says apart from the bytes of one statement.
    pub(crate) fn around(
        &mut self,
        uri: &str,
        statement: std::ops::Range<usize>,
        language: &Language,
    ) -> Option<Arc<Script>> {
        let document = self.open.get(uri)?;
        let before = document.text.get(..statement.start)?;
        let rest = [before, document.text.get(statement.end..)?].concat();
        if let Some((text, script)) = &document.around
            && *text == rest
        {
            return Some(script.clone());
        }
        let (path, root) = (document.path.clone(), document.root.clone());
        let script = self.read(&root, &path, &rest, language);
        self.open.get_mut(uri)?.around = Some((rest, script.clone()));
        Some(script)
    }

    fn read(&self, root: &Path, path: &Arc<str>, text: &str, language: &Language) -> Arc<Script> {
        let empty = Package::default();
        let package = self.packages.get(root).map_or(&empty, |known| &known.package);
        let script = Arc::new(Script::read(language, path, text, &options(package, Vec::new())));
        if script.tree.includes.is_empty() {
            return script;
        }
        let mut view = self.saved(root);
        view.scripts.retain(|own| own.path() != path);
        let brought = view.with_includes(&script).into_iter().skip(1);
        let procedures: Vec<String> = brought
            .flat_map(|own| own.tree.procedures.iter().map(|procedure| procedure.name.key.to_string()))
            .collect();
        if procedures.is_empty() {
            return script;
        }
        Arc::new(Script::read(language, path, text, &options(package, procedures)))
    }

    /// A package as it was read last.
    fn saved(&self, root: &Path) -> View {
        let Some(known) = self.packages.get(root) else { return View::default() };
        let scripts = known.package.scripts.iter().filter_map(|(path, _)| known.scripts.get(path).cloned()).collect();
        View { scripts, collections: known.package.collections.clone(), settings: known.package.settings.clone() }
    }

    /// A package with its open files as they are now; `own` in place of the one with its path.
    pub(crate) fn view(&mut self, root: &Path, own: &Arc<Script>, language: &Language) -> View {
        let mut view = self.saved(root);
        let open: Vec<(String, Arc<str>)> = self
            .open
            .values()
            .filter(|other| other.root == *root && other.path != *own.path())
            .map(|other| (other.uri.clone(), other.path.clone()))
            .collect();
        let others = open.into_iter().filter_map(|(uri, _)| self.script(&uri, language)).collect::<Vec<_>>();
        for script in others.into_iter().chain([own.clone()]) {
            match view.scripts.iter_mut().find(|old| old.path() == script.path()) {
                Some(old) => *old = script,
                None => view.scripts.push(script),
            }
        }
        view
    }

    /// Where a script of a package is, as the client names it.
    pub(crate) fn uri_of(&self, root: &Path, path: &str) -> Option<String> {
        match self.at(root, path) {
            Some(document) => Some(document.uri.clone()),
            None => uri::of_file(&root.join(path)),
        }
    }

    pub(crate) fn is_loose(&self, root: &Path) -> bool {
        self.packages.get(root).is_none_or(|known| known.package.loose)
    }

    /// The lines of a script: as they are counted in the editor, or on disk.
    pub(crate) fn lines_of(&self, root: &Path, script: &Script) -> Arc<Lines> {
        match self.at(root, script.path()) {
            Some(document) if *document.text == *script.text() => document.lines.clone(),
            Some(_) => Arc::new(Lines::of(script.text())),
            None => Arc::new(Lines::of_file(script.text())),
        }
    }
}

fn options(package: &Package, procedures: Vec<String>) -> ParseOptions {
    ParseOptions { variables: package.settings.iter().map(|own| own.name.clone()).collect(), procedures }
}
