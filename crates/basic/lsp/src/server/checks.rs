//! Checking packages beside the session, one at a time, and putting what was found into the editor.

use std::{
    collections::{BTreeMap, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Arc,
    thread,
};

use botserver_basic_types::Diagnostic;
use crossbeam_channel::{Receiver, Sender, unbounded};
use serde_json::{Value, json};

use super::Session;
use crate::{
    findings,
    packages::{Checked, Packages, Unsaved},
    script::Script,
    text::Lines,
    view::View,
};

/// A package to check.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) root: PathBuf,
    /// Where its files are.
    pub(super) folder: PathBuf,
    pub(super) unsaved: Unsaved,
    /// Of the open files.
    pub(super) versions: HashMap<String, i32>,
}

/// A package that was checked; without an outcome if that broke.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) job: Job,
    pub(super) checked: Option<Checked>,
}

/// The thread that checks.
pub(super) struct Checker {
    jobs: Sender<Job>,
    pub(super) done: Receiver<Done>,
    running: bool,
}

impl Checker {
    pub(super) fn start(packages: Arc<dyn Packages>) -> std::io::Result<Self> {
        let (jobs, waiting) = unbounded::<Job>();
        let (finished, done) = unbounded();
        thread::Builder::new().name("lsp-checker".to_owned()).stack_size(16 << 20).spawn(move || {
            for job in waiting {
                let checked = catch_unwind(AssertUnwindSafe(|| packages.check(&job.folder, &job.unsaved))).ok();
                if checked.is_none() {
                    tracing::error!(package = %job.root.display(), "the package could not be checked");
                }
                if finished.send(Done { job, checked }).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { jobs, done, running: false })
    }

    pub(super) const fn busy(&self) -> bool {
        self.running
    }

    pub(super) fn check(&mut self, job: Job) {
        self.running = self.jobs.send(job).is_ok();
    }

    pub(super) const fn finished(&mut self) {
        self.running = false;
    }
}

impl Session<'_> {
    /// Shows what was found, file by file; files that have nothing any more are cleared.
    pub(super) fn publish(&mut self, job: &Job, found: Vec<Diagnostic>, texts: &BTreeMap<Arc<str>, Arc<str>>) {
        let loose = self.documents.is_loose(&job.root);
        let mut by_file: BTreeMap<String, (Arc<str>, Vec<Diagnostic>)> = BTreeMap::new();
        // What is open is shown even if nothing is wrong with it: the old findings go.
        for path in job.unsaved.keys() {
            if let Some(uri) = self.documents.uri_of(&job.root, path) {
                by_file.insert(uri, (path.clone(), Vec::new()));
            }
        }
        for one in found {
            // What is wrong with the package as a whole is shown in what is open.
            let path = if one.span.file.is_empty() { job.unsaved.keys().next() } else { Some(&one.span.file) };
            let Some(path) = path.cloned() else { continue };
            if loose && !job.unsaved.contains_key(&path) {
                continue;
            }
            if let Some(uri) = self.documents.uri_of(&job.root, &path) {
                by_file.entry(uri).or_insert_with(|| (path, Vec::new())).1.push(one);
            }
        }
        let before = self.published.remove(&job.root).unwrap_or_default();
        for gone in before.iter().filter(|uri| !by_file.contains_key(*uri)) {
            self.notify("textDocument/publishDiagnostics", json!({ "uri": gone, "diagnostics": [] }));
        }
        let shown = by_file.iter().filter(|(_, (_, found))| !found.is_empty()).map(|(uri, _)| uri.clone()).collect();
        self.published.insert(job.root.clone(), shown);
        for (uri, (path, found)) in by_file {
            self.publish_file(job, &uri, &path, found, texts);
        }
    }

    fn publish_file(
        &mut self,
        job: &Job,
        uri: &str,
        path: &Arc<str>,
        found: Vec<Diagnostic>,
        texts: &BTreeMap<Arc<str>, Arc<str>>,
    ) {
        let encoding = self.client.encoding;
        let version = job.versions.get(uri).copied();
        let open = self.documents.get(uri);
        // The text has changed since: the next check is on its way.
        if open.map(|document| document.version) != version {
            return;
        }
        let own = self.documents.script(uri, &self.language.clone());
        let view = match &own {
            Some(script) => self.documents.view(&job.root, script, &self.language.clone()),
            None => self.documents.view(&job.root, &Arc::new(Script::default()), &self.language.clone()),
        };
        let script = own.or_else(|| view.scripts.iter().find(|own| own.path() == path).cloned());
        let text: Arc<str> = match (&script, texts.get(path)) {
            (Some(script), _) => script.tree.source.clone(),
            (None, Some(text)) => text.clone(),
            (None, None) => Arc::from(""),
        };
        let lines = if version.is_some() { Lines::of(&text) } else { Lines::of_file(&text) };
        let diagnostics: Vec<Value> = found
            .iter()
            .map(|one| {
                let mut wire = if text.is_empty() { unseen(one) } else { findings::wire(one, &text, &lines, encoding) };
                if let Some(script) = script.as_ref().filter(|_| self.client.related) {
                    wire.related_information = self.related(job, one, script, &view);
                }
                serde_json::to_value(wire).unwrap_or_default()
            })
            .collect();
        if let Some(version) = version {
            self.found.insert(uri.to_owned(), (version, found));
        }
        let params = json!({ "uri": uri, "version": version, "diagnostics": diagnostics });
        self.notify("textDocument/publishDiagnostics", params);
    }

    fn related(
        &self,
        job: &Job,
        found: &Diagnostic,
        script: &Script,
        view: &View,
    ) -> Option<Vec<lsp_types::DiagnosticRelatedInformation>> {
        let (spot, message) = findings::related(found, script, view)?;
        let location = self.location(&job.root, view, &spot)?;
        Some(vec![lsp_types::DiagnosticRelatedInformation { location, message: message.to_owned() }])
    }
}

/// A finding in a file that nobody has read for us: its line is all that is known.
fn unseen(found: &Diagnostic) -> lsp_types::Diagnostic {
    let text = "\n".repeat(found.span.line as usize);
    findings::wire(found, &text, &Lines::of(&text), crate::text::Encoding::Utf8)
}
