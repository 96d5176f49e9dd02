//! How documents and indexes are, told without changing anything: for whoever looks at an installation from outside.

use std::collections::HashSet;

use botserver_db::Db;
use botserver_kernel::OrgId;
use botserver_ports::{IndexError, SearchIndex};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Knowledge;
use crate::{LibraryRow, Result, store};

/// How the index of a library is that answers now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexHealth {
    /// It has everything that can be found.
    Complete,
    /// It lacks so many documents; all of them when it is not there.
    Lacks(usize),
    /// Its files are not as they should be.
    Damaged(String),
    /// It cannot be read now.
    Unreadable(String),
}

/// How a collection is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of `Collection`")]
pub struct CollectionHealth {
    pub name: String,
    pub documents: i64,
    pub failed: i64,
    pub waiting: i64,
    pub missing: i64,
    pub kept: i64,
}

/// How a library is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LibraryHealth {
    /// The bot's name, or the folder's.
    pub name: String,
    /// What made the vectors of the index; empty for words only.
    pub embedder: String,
    /// The embedder for which another index is being built.
    pub next_embedder: Option<String>,
    /// True while a damaged index is filled anew.
    pub rebuilding: bool,
    /// Documents that can be found.
    pub findable: usize,
    /// The index that answers.
    pub index: IndexHealth,
    /// Its collections.
    pub collections: Vec<CollectionHealth>,
}

impl LibraryHealth {
    /// All libraries of a database that nobody else has open; every file of an index is compared with its checksum.
    pub async fn of_all(db: &Db, index: &dyn SearchIndex) -> Result<Vec<Self>> {
        let mut all = Vec::new();
        for org in store::libraries::organisations(db.read()).await? {
            for row in store::libraries::list(db.read(), org).await? {
                all.push(look(db, index, org, row, true).await?);
            }
        }
        Ok(all)
    }
}

impl Knowledge {
    /// How all libraries are, as far as that can be told at once.
    pub async fn health(&self) -> Result<Vec<LibraryHealth>> {
        let mut all = Vec::new();
        for row in store::libraries::list(self.0.deps.db.read(), self.org()).await? {
            all.push(look(&self.0.deps.db, &*self.0.deps.index, self.org(), row, false).await?);
        }
        Ok(all)
    }
}

async fn look(
    db: &Db,
    index: &dyn SearchIndex,
    org: OrgId,
    row: LibraryRow,
    thoroughly: bool,
) -> Result<LibraryHealth> {
    let served = store::documents::served(db.read(), org, row.bot_id).await?;
    let spec = row.serving.spec();
    let checked = if thoroughly { index.stats(&spec).await.map(drop) } else { Ok(()) };
    let there = match checked {
        Ok(()) => index.documents(&spec).await,
        Err(error) => Err(error),
    };
    let health = match there {
        Ok(there) => {
            let there: HashSet<Uuid> = there.into_iter().collect();
            // A document without text need not be there.
            match served.iter().filter(|(id, text)| *text && !there.contains(id)).count() {
                0 => IndexHealth::Complete,
                lacks => IndexHealth::Lacks(lacks),
            }
        }
        Err(IndexError::Damaged { reason, .. }) => IndexHealth::Damaged(reason),
        Err(error) => IndexHealth::Unreadable(error.to_string()),
    };
    let collections = store::collections::list(db.read(), org, row.bot_id).await?;
    let collections = collections.into_iter().map(|own| CollectionHealth {
        name: own.name,
        documents: own.documents,
        failed: own.failed,
        waiting: own.waiting,
        missing: own.missing,
        kept: own.kept,
    });
    Ok(LibraryHealth {
        name: row.name.to_string(),
        embedder: row.serving.embedder,
        next_embedder: row.building.map(|own| own.embedder),
        rebuilding: row.rebuilding,
        findable: served.len(),
        index: health,
        collections: collections.collect(),
    })
}
