//! Which indexes a library shall have, and what they lack: after damage, with another embedder, after a crash.

use std::collections::{HashSet, VecDeque};

use botserver_ports::IndexChange;
use uuid::Uuid;

use super::super::{Attached, Knowledge, Tending, index_name, index_prefix};
use crate::{Generation, LibraryRow, Result, store};

impl Knowledge {
    /// Decides which indexes there shall be, and what they lack.
    pub(super) async fn prepare(
        &self,
        attached: &Attached,
        row: &mut LibraryRow,
        damaged: Option<&str>,
        tending: &mut Tending,
    ) -> Result<()> {
        let before = row.clone();
        let wanted = self.wanted(attached, row, damaged).await;
        let next = |row: &mut LibraryRow| {
            row.generation += 1;
            Generation {
                index: index_name(row.bot_id, row.generation),
                embedder: wanted.0.clone(),
                dimensions: wanted.1,
            }
        };
        if damaged == Some(row.serving.index.as_str()) {
            // It answers from what there is while it is filled again.
            row.serving = next(row);
            row.building = None;
            row.rebuilding = true;
        } else if damaged.is_some() {
            row.building = None;
        }
        let served = store::documents::served(self.0.deps.db.read(), self.org(), row.bot_id).await?;
        if row.serving.embedder == wanted.0 {
            row.building = None;
        } else if served.is_empty() {
            row.serving = next(row);
            row.building = None;
        } else if row.building.as_ref().is_none_or(|own| own.embedder != wanted.0) {
            row.building = Some(next(row));
        }
        if *row != before {
            self.save(row).await?;
        }
        if let Some(damaged) = damaged {
            // One whose files somebody has taken away is in no list, and may still be open.
            let _ = self.0.deps.index.drop_index(damaged).await;
        }
        tending.missing = self.compare(&row.serving, &served).await?;
        tending.next_missing = match &row.building {
            Some(building) => self.compare(building, &served).await?,
            None => VecDeque::new(),
        };
        self.drop_strays(row).await;
        Ok(())
    }

    /// What vectors there shall be: by which embedder, how long.
    async fn wanted(&self, attached: &Attached, row: &LibraryRow, damaged: Option<&str>) -> (String, usize) {
        let Some(embedder) = self.embedder(attached) else { return (String::new(), 0) };
        let known = std::iter::once(&row.serving).chain(&row.building);
        let known = known.filter(|own| Some(own.index.as_str()) != damaged);
        if let Some(own) = known.into_iter().find(|own| own.embedder == embedder.name()) {
            // A model need not be loaded to know that nothing changed.
            return (own.embedder.clone(), own.dimensions);
        }
        match embedder.dimensions().await {
            Ok(dimensions) => (embedder.name().to_owned(), dimensions),
            Err(error) => {
                tracing::warn!(%error, bot = &*attached.library.name, "documents are found by their words only");
                (row.serving.embedder.clone(), row.serving.dimensions)
            }
        }
    }

    pub(super) async fn save(&self, row: &LibraryRow) -> Result<()> {
        let (row, now) = (row.clone(), self.now());
        self.write("noting the indexes of a library", move |tx| {
            Box::pin(async move { store::libraries::set_indexes(tx, &row, now).await })
        })
        .await
    }

    /// What an index lacks; what it should not have is removed.
    async fn compare(&self, generation: &Generation, served: &[(Uuid, bool)]) -> Result<VecDeque<Uuid>> {
        let spec = generation.spec();
        let there: HashSet<Uuid> = self.0.deps.index.documents(&spec).await?.into_iter().collect();
        let wanted: HashSet<Uuid> = served.iter().map(|(id, _)| *id).collect();
        let extra: Vec<IndexChange> = there.difference(&wanted).map(|id| IndexChange::Remove { id: *id }).collect();
        if !extra.is_empty() {
            self.0.deps.index.apply(&spec, extra).await?;
        }
        // A document without text need not be there.
        Ok(served.iter().filter(|(id, text)| *text && !there.contains(id)).map(|(id, _)| *id).collect())
    }

    /// Drops indexes of this library that nobody uses.
    pub(super) async fn drop_strays(&self, row: &LibraryRow) {
        let prefix = index_prefix(row.bot_id);
        let used =
            |name: &String| *name == row.serving.index || row.building.as_ref().is_some_and(|own| own.index == *name);
        let names = self.0.deps.index.list().await.unwrap_or_default();
        for name in names.into_iter().filter(|name| name.starts_with(&prefix) && !used(name)) {
            if let Err(error) = self.0.deps.index.drop_index(&name).await {
                tracing::warn!(%error, index = name, "an old search index cannot be removed");
            }
        }
    }
}
