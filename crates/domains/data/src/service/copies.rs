//! Trying something out with a bot's data and having it as it was afterwards: for tests of bots, on SQLite.

use botserver_db::Dialect;

use super::{Actor, DataService};
use crate::{Error, Result};

impl DataService {
    /// Keeps a copy of everything that the bot's scripts can change.
    pub async fn keep_copies(&self, actor: Actor<'_>) -> Result<()> {
        if self.db.dialect() != Dialect::Sqlite {
            return Err(Error::Invalid("tables are copied on SQLite only".into()));
        }
        let (store, scope) = (self.store(), actor.scope());
        let tables = store.tables(self.db.read(), scope).await?;
        self.db
            .write("copying tables", move |tx| Box::pin(async move { store.keep_copies(tx, scope, &tables).await }))
            .await
    }

    /// Makes everything what it was when the copies were made. Tables that were made since are gone.
    pub async fn bring_copies_back(&self, actor: Actor<'_>) -> Result<()> {
        let (store, scope) = (self.store(), actor.scope());
        let changed = store.changed_since_copies(self.db.read()).await?;
        if changed.is_empty() {
            return Ok(());
        }
        let tables = store.tables(self.db.read(), scope).await?;
        self.db
            .write("bringing tables back", move |tx| {
                Box::pin(async move { store.bring_copies_back(tx, scope, &tables, &changed).await })
            })
            .await?;
        self.tables.write().remove(&scope);
        Ok(())
    }
}
