//! Passages found: how well, how fast they are indexed, and how fast a hundred thousand of them are searched.

mod corpus;
mod quality;
mod reference;
mod scale;
mod speed;

use std::path::Path;

use anyhow::Result;
use botserver_embedders::{LocalEmbedder, LocalOptions, ModelFolder};

use crate::{programs::Places, report::Section};

pub(crate) use scale::child;

/// The model that `cargo xtask embedding-model` installs too.
const MODEL: &str = "all-minilm-l6-v2";

/// `wheels` is the folder with the model's files; without it nothing is embedded.
pub(crate) async fn measure(rounds: usize, places: &Places, wheels: Option<&Path>) -> Result<Vec<Section>> {
    let folder = tempfile::Builder::new().prefix("bench-search-").tempdir_in(&places.scratch)?;
    let embedder = wheels.map(|wheels| embedder(wheels, &folder.path().join("models"))).transpose()?;
    let set = quality::LabelledSet::read(&places.bench)?;
    let mut sections = Vec::new();
    if let Some(embedder) = &embedder {
        sections.push(quality::measure(&set, embedder, &folder.path().join("quality")).await?);
    } else {
        eprintln!("  no embedding model: quality is not measured (--wheels DIR)");
    }
    sections.push(speed::measure(rounds, &set, embedder.as_ref(), folder.path()).await?);
    sections.push(scale::measure(&folder.path().join("scale")).await?);
    Ok(sections)
}

fn embedder(wheels: &Path, folder: &Path) -> Result<LocalEmbedder> {
    let files = std::fs::read_dir(wheels)?.filter_map(|entry| Some(entry.ok()?.path()));
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "whl")).collect();
    let models = ModelFolder::new(folder);
    models.install_from(MODEL, &files, |_| ())?;
    Ok(LocalEmbedder::open(&models.path(MODEL), LocalOptions::default())?)
}
