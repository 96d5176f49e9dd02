//! Puts documents into indexes: passages from SQL, with vectors where there are any.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use botserver_kernel::BotId;
use botserver_ports::{EmbedError, EmbedKind, Embedder, IndexChange, IndexDocument, IndexError, IndexPassage};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::{Attached, Knowledge, Tending, ingest::MOST_ATTEMPTS};
use crate::{Document, DocumentId, DocumentState, Generation, LibraryRow, Passage, Result, store};

/// Documents that are put into the index together, at most.
const TOGETHER: u64 = 16;
/// Passages that are, at least, unless there are no more.
const ENOUGH: usize = 1_000;
/// Texts that the embedder gets at once.
const TEXTS: usize = 32;
/// How long a batch may take.
const LEASE: Duration = Duration::from_mins(15);
/// Passages that are read from SQL at once.
const PASSAGES: u64 = 500;

/// A document on its way into the index.
struct Prepared {
    document: Document,
    passages: Vec<Passage>,
    /// Why there are no vectors although there should be.
    without: Option<String>,
    vectors: Option<Vec<Vec<f32>>>,
}

impl Knowledge {
    /// Puts some documents into an index that lacks them.
    pub(super) async fn fill(
        &self,
        attached: &Attached,
        generation: &Generation,
        missing: &mut VecDeque<Uuid>,
        stop: &CancellationToken,
    ) -> Result<()> {
        let ids: Vec<DocumentId> = missing.iter().take(TOGETHER as usize).map(|id| DocumentId::new(*id)).collect();
        let mut documents = store::documents::these(self.0.deps.db.read(), self.org(), &ids).await?;
        let embedder = self.embedder(attached).filter(|own| own.name() == generation.embedder);
        let mut changes = Vec::new();
        let mut passages = 0;
        let mut done = 0;
        for id in ids {
            if passages >= ENOUGH {
                break;
            }
            done += 1;
            let document = documents.remove(&id.uuid());
            let Some((document, revision)) = document.and_then(|own| own.served.map(|served| (own, served))) else {
                changes.push(IndexChange::Remove { id: id.uuid() });
                continue;
            };
            let found = self.passages_of(id, revision).await?;
            passages += found.len();
            let mut prepared = Prepared { document, passages: found, without: None, vectors: None };
            if let Some(embedder) = &embedder {
                self.embed(&mut prepared, &**embedder, stop).await?;
                if let Some(reason) = prepared.without {
                    // Words are better than nothing; what serves now may have the vectors.
                    tracing::warn!(reason, "passages go into the index without vectors");
                    prepared.without = None;
                }
            }
            changes.push(put(&prepared, true));
        }
        self.0.deps.index.apply(&generation.spec(), changes).await?;
        missing.drain(..done);
        Ok(())
    }

    async fn passages_of(&self, id: DocumentId, revision: i64) -> Result<Vec<Passage>> {
        let mut all = Vec::new();
        loop {
            let from = all.len() as u32;
            let part = store::passages::list(self.0.deps.db.read(), self.org(), id, revision, from, PASSAGES).await?;
            let last = (part.len() as u64) < PASSAGES;
            all.extend(part);
            if last {
                return Ok(all);
            }
        }
    }

    /// Makes the vectors, if it can.
    async fn embed(&self, own: &mut Prepared, embedder: &dyn Embedder, stop: &CancellationToken) -> Result<()> {
        let title = own.document.shown_title();
        let mut vectors = Vec::with_capacity(own.passages.len());
        for part in own.passages.chunks(TEXTS) {
            if stop.is_cancelled() {
                return Err(crate::Error::Stopping);
            }
            let texts: Vec<String> = part.iter().map(|passage| with_title(&title, passage)).collect();
            match embedder.embed(&texts, EmbedKind::Passage).await {
                Ok(found) if found.len() == texts.len() => vectors.extend(found),
                Ok(found) => {
                    let reason = format!("the embedder gave {} vectors for {} texts", found.len(), texts.len());
                    own.without = Some(reason);
                    return Ok(());
                }
                Err(error @ (EmbedError::Model(_) | EmbedError::Service(_))) => {
                    own.without = Some(error.to_string());
                    return Ok(());
                }
            }
        }
        own.vectors = Some(vectors);
        Ok(())
    }

    /// Puts documents that were read into the indexes; false when there are none.
    pub(in crate::service) async fn index_some(&self, bots: &[BotId], stop: &CancellationToken) -> Result<bool> {
        if stop.is_cancelled() {
            return Ok(false);
        }
        let claimed = self.claim(bots, DocumentState::Embedding, TOGETHER, LEASE).await?;
        if claimed.is_empty() {
            return Ok(false);
        }
        let mut by_bot: HashMap<BotId, Vec<Document>> = HashMap::new();
        for own in claimed {
            by_bot.entry(own.bot_id).or_default().push(own);
        }
        for (bot, documents) in by_bot {
            let Some(attached) = self.attached(bot) else { continue };
            let outcome = self.index_documents(&attached, documents.clone(), stop).await;
            match outcome {
                Ok(()) => {}
                Err(crate::Error::Index(error)) => {
                    if let IndexError::Damaged { .. } | IndexError::Dimensions { .. } = &error {
                        self.alarmed(&attached, &error);
                    }
                    self.index_later(documents, &error.to_string()).await?;
                }
                Err(crate::Error::Stopping) => {
                    for own in documents {
                        self.give_back(own).await?;
                    }
                    return Err(crate::Error::Stopping);
                }
                Err(error) => {
                    self.index_later(documents, &error.to_string()).await?;
                    return Err(error);
                }
            }
        }
        Ok(true)
    }

    async fn index_later(&self, documents: Vec<Document>, reason: &str) -> Result<()> {
        for own in documents {
            let (org, now, at) = (self.org(), self.now(), self.again_at(own.attempts));
            let reason = reason.to_owned();
            self.write("a document is indexed later", move |tx| {
                Box::pin(async move { store::work::later(tx, org, &own, &reason, at, now).await })
            })
            .await?;
        }
        Ok(())
    }

    async fn index_documents(
        &self,
        attached: &Attached,
        documents: Vec<Document>,
        stop: &CancellationToken,
    ) -> Result<()> {
        let mut tending = attached.tending.lock().await;
        let bot = attached.library.bot_id;
        let Some(row) = store::libraries::find(self.0.deps.db.read(), self.org(), bot).await? else {
            return Ok(());
        };
        let embedder = self.embedder(attached);
        let mut batch = Vec::new();
        let mut passages = 0;
        for document in documents {
            let found = self.passages_of(document.id, document.revision).await?;
            passages += found.len();
            let mut prepared = Prepared { document, passages: found, without: None, vectors: None };
            if let Some(embedder) = &embedder {
                let used =
                    std::iter::once(&row.serving).chain(&row.building).any(|own| own.embedder == embedder.name());
                if used {
                    self.embed(&mut prepared, &**embedder, stop).await?;
                }
            }
            batch.push(prepared);
            if passages >= ENOUGH {
                passages = 0;
                self.put_batch(&row, &mut tending, std::mem::take(&mut batch), embedder.as_deref()).await?;
            }
        }
        self.put_batch(&row, &mut tending, batch, embedder.as_deref()).await
    }

    async fn put_batch(
        &self,
        row: &LibraryRow,
        tending: &mut Tending,
        batch: Vec<Prepared>,
        embedder: Option<&dyn Embedder>,
    ) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        for generation in std::iter::once(&row.serving).chain(&row.building) {
            let vectors = embedder.is_some_and(|own| own.name() == generation.embedder);
            let changes = batch.iter().map(|own| put(own, vectors)).collect();
            self.0.deps.index.apply(&generation.spec(), changes).await?;
        }
        let (org, now) = (self.org(), self.now());
        let mut rows = Vec::new();
        for own in &batch {
            let mut document = own.document.clone();
            let again = match &own.without {
                Some(reason) if document.attempts < MOST_ATTEMPTS => {
                    Some((format!("{reason}; it is found by its words only"), self.again_at(document.attempts)))
                }
                Some(reason) => {
                    document.warnings.push(format!("it is found by its words only: {reason}"));
                    None
                }
                None => None,
            };
            rows.push((document, again));
        }
        let lost = self
            .write("documents can be found", move |tx| {
                Box::pin(async move {
                    let mut lost = Vec::new();
                    for (own, again) in rows {
                        let again = again.as_ref().map(|(reason, at)| (reason.as_str(), *at));
                        if !store::work::indexed(tx, org, &own, again, now).await? {
                            lost.push(own.id.uuid());
                        }
                    }
                    Ok(lost)
                })
            })
            .await?;
        // Somebody has decided otherwise meanwhile: the index gets again what the table says.
        tending.missing.extend(&lost);
        if row.building.is_some() {
            tending.next_missing.extend(&lost);
        }
        Ok(())
    }
}

/// What stands above a passage: the title and the headings.
fn title_of(title: &str, passage: &Passage) -> String {
    let mut above = title.to_owned();
    for more in [passage.sheet.as_deref().unwrap_or_default(), passage.place.as_str()] {
        if !more.is_empty() && more != title {
            above.push_str(" › ");
            above.push_str(more.strip_prefix(title).map_or(more, |rest| rest.trim_start_matches(" › ")));
        }
    }
    above
}

fn with_title(title: &str, passage: &Passage) -> String {
    format!("{}\n{}", title_of(title, passage), passage.text)
}

fn put(own: &Prepared, vectors: bool) -> IndexChange {
    let document = &own.document;
    if own.passages.is_empty() {
        return IndexChange::Remove { id: document.id.uuid() };
    }
    let title = document.shown_title();
    // A file that is called otherwise than the document is found by its name too.
    let name = document.file_name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let file = if stem == title { String::new() } else { format!(" › {stem}") };
    let vector = |index: usize| own.vectors.as_ref().filter(|_| vectors).and_then(|all| all.get(index).cloned());
    let passages = own.passages.iter().enumerate();
    IndexChange::Put(IndexDocument {
        id: document.id.uuid(),
        collection: document.collection_id.uuid(),
        language: document.language.clone().unwrap_or_default(),
        grants: document.grants.clone(),
        passages: passages
            .map(|(index, passage)| IndexPassage {
                number: passage.number,
                title: format!("{}{file}", title_of(&title, passage)),
                text: passage.text.clone(),
                vector: vector(index),
            })
            .collect(),
    })
}
