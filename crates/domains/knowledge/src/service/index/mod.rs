//! Keeps the indexes in step with the passages in SQL: what is damaged, who may read, what is gone. What an index holds
//! can be made anew from SQL at any time.

mod fill;
mod prepare;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use botserver_ports::{Embedder, IndexChange, IndexError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Attached, Knowledge, Tending};
use crate::{Document, DocumentId, LibraryRow, Result, store};

/// Documents whose readers change at once.
const GRANTS: u64 = 500;

impl Knowledge {
    fn embedder(&self, attached: &Attached) -> Option<Arc<dyn Embedder>> {
        (self.0.deps.embedders)(attached.library.bot_id, &attached.library.config)
    }

    /// Does a piece of what the indexes of a library need; false when they need nothing.
    pub(in crate::service) async fn tend(&self, attached: &Attached, stop: &CancellationToken) -> Result<bool> {
        let mut tending = attached.tending.lock().await;
        let bot = attached.library.bot_id;
        let Some(mut row) = store::libraries::find(self.0.deps.db.read(), self.org(), bot).await? else {
            return Ok(false);
        };
        let alarm = std::mem::take(&mut *attached.alarm.lock());
        if alarm.damaged.is_some() || alarm.check {
            let prepared = self.prepare(attached, &mut row, alarm.damaged.as_deref(), &mut tending).await;
            if prepared.is_err() {
                attached.alarm(|own| own.check = true);
            }
            if let Err(crate::Error::Index(IndexError::Damaged { index, reason })) = prepared {
                tracing::warn!(index, reason, "a search index is damaged; it is built anew");
                attached.alarm(|own| own.damaged = Some(index));
                return Ok(true);
            }
            prepared?;
        }
        let outcome = self.tend_once(attached, &mut row, &mut tending, stop).await;
        if let Err(crate::Error::Index(error @ (IndexError::Damaged { .. } | IndexError::Dimensions { .. }))) = &outcome
        {
            self.alarmed(attached, error);
            return Ok(true);
        }
        outcome
    }

    /// Puts the indexes of all libraries in step with the table, without reading a document.
    pub async fn tend_all(&self, stop: &CancellationToken) -> Result<()> {
        for own in self.all_attached() {
            while !stop.is_cancelled() && self.tend(&own, stop).await? {}
        }
        Ok(())
    }

    /// Notes that an index must be built anew.
    pub(in crate::service) fn alarmed(&self, attached: &Attached, error: &IndexError) {
        tracing::warn!(%error, bot = &*attached.library.name, "the search index is built anew");
        if let IndexError::Damaged { index, .. } | IndexError::Dimensions { index, .. } = error {
            attached.alarm(|own| {
                own.damaged = Some(index.clone());
                own.check = true;
            });
        }
        self.0.kick.notify_one();
    }

    async fn tend_once(
        &self,
        attached: &Attached,
        row: &mut LibraryRow,
        tending: &mut Tending,
        stop: &CancellationToken,
    ) -> Result<bool> {
        if self.change_readers(row).await? {
            return Ok(true);
        }
        if !tending.missing.is_empty() {
            self.fill(attached, &row.serving, &mut tending.missing, stop).await?;
            return Ok(true);
        }
        if row.rebuilding {
            row.rebuilding = false;
            self.save(row).await?;
            tracing::info!(bot = &*row.name, "the search index is complete again");
            return Ok(true);
        }
        let Some(building) = row.building.clone() else { return Ok(false) };
        if !tending.next_missing.is_empty() {
            self.fill(attached, &building, &mut tending.next_missing, stop).await?;
            return Ok(true);
        }
        row.serving = building;
        row.building = None;
        self.save(row).await?;
        tracing::info!(bot = &*row.name, embedder = row.serving.embedder, "a new search index answers from now on");
        self.drop_strays(row).await;
        Ok(true)
    }

    /// Other people may read documents: nothing else of them changes.
    async fn change_readers(&self, row: &LibraryRow) -> Result<bool> {
        let documents = store::work::with_other_grants(self.0.deps.db.read(), self.org(), row.bot_id, GRANTS).await?;
        if documents.is_empty() {
            return Ok(false);
        }
        let change = |own: &Document| IndexChange::Grant { id: own.id.uuid(), grants: own.grants.clone() };
        for generation in std::iter::once(&row.serving).chain(&row.building) {
            let there: HashSet<Uuid> = self.0.deps.index.documents(&generation.spec()).await?.into_iter().collect();
            let changes: Vec<IndexChange> =
                documents.iter().filter(|own| there.contains(&own.id.uuid())).map(change).collect();
            if !changes.is_empty() {
                self.0.deps.index.apply(&generation.spec(), changes).await?;
            }
        }
        let mut by_grants: HashMap<Vec<String>, Vec<DocumentId>> = HashMap::new();
        for own in documents {
            by_grants.entry(own.grants).or_default().push(own.id);
        }
        let org = self.org();
        self.write("noting who may read", move |tx| {
            Box::pin(async move {
                for (grants, ids) in by_grants {
                    store::work::grants_served(tx, org, &ids, &grants).await?;
                }
                Ok(())
            })
        })
        .await?;
        Ok(true)
    }

    /// Takes documents out of the indexes at once; what cannot be done now is done by the next comparison, and until
    /// then nothing of them is shown, for the table has them no more.
    pub(in crate::service) async fn remove_from_indexes(&self, attached: &Attached, ids: &[DocumentId]) {
        if ids.is_empty() {
            return;
        }
        let _tending = attached.tending.lock().await;
        let bot = attached.library.bot_id;
        let row = store::libraries::find(self.0.deps.db.read(), self.org(), bot).await;
        let Ok(Some(row)) = row else { return attached.alarm(|own| own.check = true) };
        for generation in std::iter::once(&row.serving).chain(&row.building) {
            let changes = ids.iter().map(|id| IndexChange::Remove { id: id.uuid() }).collect();
            if let Err(error) = self.0.deps.index.apply(&generation.spec(), changes).await {
                tracing::warn!(%error, "documents that are gone cannot be taken out of the index now");
                attached.alarm(|own| own.check = true);
            }
        }
    }
}
