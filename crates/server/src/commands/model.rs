//! `botserver model`: models that run in the server's own process, installed into its data directory. A running server is
//! told of a new one and uses it at once; nothing is ever downloaded unasked.

use std::{io::IsTerminal as _, path::Path, time::Instant};

use anyhow::Result;
use botserver_embedders::{ModelFolder, Progress, models};
use botserver_http::{HttpClient, OutboundPolicy};
use serde_json::json;

use super::{Ending, kb};
use crate::{
    command_line::{Common, ModelListOptions, ModelPullOptions, Output},
    control, data_dir, terminal,
};

fn folder(common: &Common) -> ModelFolder {
    ModelFolder::new(common.data_dir().join("models"))
}

/// Prints the models of the catalogue and which of them are installed.
pub(crate) fn list(common: &Common, options: &ModelListOptions) -> Result<Ending> {
    let folder = folder(common);
    match options.output {
        Output::Json => {
            let entry = |model: &botserver_embedders::ModelEntry| {
                json!({
                    "name": model.name,
                    "about": model.about,
                    "home": model.home,
                    "licence": model.licence,
                    "dimensions": model.dimensions,
                    "size_bytes": model.size(),
                    "installed": folder.is_installed(&model.name),
                })
            };
            let all: Vec<_> = models().iter().map(entry).collect();
            terminal::print(&json!({ "models": all }).to_string())?;
        }
        Output::Text => {
            for model in models() {
                let state = if folder.is_installed(&model.name) { "installed" } else { "not installed" };
                terminal::print(&format!(
                    "{}  {state}\n  {}; vectors of {} numbers, {} MB, {}\n  {}",
                    model.name,
                    model.about,
                    model.dimensions,
                    model.size().div_ceil(1_000_000),
                    model.licence,
                    model.home
                ))?;
            }
        }
    }
    Ok(Ending::Success)
}

/// Downloads a model, or takes it from files.
pub(crate) async fn pull(common: &Common, options: ModelPullOptions) -> Result<Ending> {
    let (folder, name) = (folder(common), options.name.clone());
    let place = folder.path(&name);
    if options.from.is_empty() {
        let http = HttpClient::new(OutboundPolicy::default());
        let mut shown = Shown::new();
        let outcome = folder.pull(&http, &name, |progress| shown.show(progress)).await;
        shown.end();
        outcome?;
    } else {
        let work = move || {
            let mut shown = Shown::new();
            let outcome = folder.install_from(&name, &options.from, |progress| shown.show(progress));
            shown.end();
            outcome
        };
        tokio::task::spawn_blocking(work).await??;
    }
    terminal::print(&place.display().to_string())?;
    terminal::tell(&tell_server(&common.data_dir()).await);
    Ok(Ending::Success)
}

/// Tells the server that holds the directory, if one does, and says who uses the model from when on.
async fn tell_server(dir: &Path) -> String {
    let Some(holder) = data_dir::holder_of(dir) else {
        return "The next server that starts here uses it: it indexes the documents of its bots with it in the background."
            .to_owned();
    };
    let process = holder.name();
    match control::ask_about_documents(dir, kb::Ask::LookAgain).await {
        Ok(_) => format!(
            "The server that runs here ({process}) uses it from now on: it indexes the documents of its bots with it in the \
             background, and until that is done they are found by their words. `botserver doctor` tells how far it is."
        ),
        Err(error) => format!(
            "The server that runs here ({process}) could not be told ({error:#}); it uses the model within ten minutes, or \
             at once when it is started again."
        ),
    }
}

/// How far it is: one line that changes for a person, a line every ten seconds for a log.
struct Shown {
    line: bool,
    last: Option<Instant>,
}

impl Shown {
    const fn new() -> Self {
        Self { line: false, last: None }
    }

    fn show(&mut self, progress: Progress<'_>) {
        let alive = std::io::stderr().is_terminal();
        let pause = if alive { 100 } else { 10_000 };
        let is_done = progress.done >= progress.size;
        if !is_done && self.last.is_some_and(|last| last.elapsed().as_millis() < pause) {
            return;
        }
        self.last = Some(Instant::now());
        let megabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e6);
        let text = format!("{}: {} of {} MB", progress.file, megabytes(progress.done), megabytes(progress.size));
        if alive {
            terminal::prompt(&format!("\r{text}  "));
            self.line = true;
            if is_done {
                self.end();
            }
        } else {
            terminal::tell(&text);
        }
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.line) {
            terminal::tell("");
        }
    }
}
