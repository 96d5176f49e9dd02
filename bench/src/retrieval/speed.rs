//! How many passages a second become searchable.

use std::path::Path;

use anyhow::{Result, ensure};
use botserver_ports::{EmbedKind, Embedder, IndexSpec, SearchIndex as _};
use botserver_search::FolderIndex;

use super::{
    corpus::{Corpus, DIMENSIONS},
    quality::{LabelledSet, Passage},
};
use crate::{
    machine::own_cpu,
    report::{Samples, Section, Table},
};

/// Passages that are indexed without a model, and how many come at once: as the server does it.
const PASSAGES: usize = 20_000;
const AT_ONCE: usize = 2_000;

pub(crate) async fn measure(
    rounds: usize,
    set: &LabelledSet,
    embedder: Option<&impl Embedder>,
    folder: &Path,
) -> Result<Section> {
    let mut section = Section {
        title: "Retrieval: indexing",
        method: format!(
            "Passages per CPU second until they are on the disk and found. *Words only* and *vectors given*: {PASSAGES} \
             generated passages of about 80 words, {AT_ONCE} at a time. *With the embedder*: the labelled set, embedded \
             by the local model on one thread and put into an index. Reading and cutting documents is not in it."
        ),
        ..Section::default()
    };
    let corpus = Corpus::new(PASSAGES);
    let mut found: [Samples; 3] = Default::default();
    for round in 0..rounds {
        for (way, dimensions) in [0, DIMENSIONS].into_iter().enumerate() {
            let (index, spec) = index(folder, &format!("speed-{round}-{way}"), dimensions);
            let before = own_cpu();
            let mut put = 0;
            let mut making = std::time::Duration::ZERO;
            while put < PASSAGES {
                let made = own_cpu();
                let changes = corpus.changes(put..put + AT_ONCE, dimensions > 0);
                making += own_cpu().saturating_sub(made);
                index.apply(&spec, changes).await?;
                put += AT_ONCE;
            }
            let taken = own_cpu().saturating_sub(before).saturating_sub(making);
            ensure!(index.stats(&spec).await?.passages == PASSAGES as u64, "passages are missing");
            found[way].push(PASSAGES as f64 / taken.as_secs_f64());
            index.drop_index(&spec.name).await?;
        }
        if let Some(embedder) = embedder {
            let (index, spec) = index(folder, &format!("speed-{round}-embedded"), embedder.dimensions().await?);
            let texts: Vec<String> = set.passages.iter().map(Passage::whole).collect();
            let before = own_cpu();
            let vectors = embedder.embed(&texts, EmbedKind::Passage).await?;
            index.apply(&spec, set.changes(&vectors)).await?;
            let taken = own_cpu().saturating_sub(before);
            ensure!(index.stats(&spec).await?.vectors == texts.len() as u64, "vectors are missing");
            found[2].push(texts.len() as f64 / taken.as_secs_f64());
            index.drop_index(&spec.name).await?;
        }
    }
    let mut table = Table::new("", &["", "passages per CPU second, slowest / median"]);
    for (name, speeds) in ["words only", "vectors given", "with the embedder"].iter().zip(&found) {
        eprintln!("  {name}: {} passages/s", speeds.shown());
        table.row([(*name).to_owned(), speeds.shown()]);
    }
    section.tables.push(table);
    Ok(section)
}

fn index(folder: &Path, name: &str, dimensions: usize) -> (FolderIndex, IndexSpec) {
    (FolderIndex::open(&folder.join("speed")), IndexSpec { name: name.to_owned(), dimensions })
}
