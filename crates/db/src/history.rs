//! The migrations that a database has seen, as somebody from outside of the server looks at them.

use sea_orm::ConnectionTrait;
use sea_query::{Alias, Query};

use crate::{Db, Error, Migration, Result, migrate::HISTORY};

/// A migration that has run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppliedMigration {
    /// The domain.
    pub domain: String,
    /// Its number.
    pub number: i32,
    /// What it did, in two words.
    pub name: String,
}

impl Db {
    /// The migrations that have run; empty for a database that no server has opened yet. Changes nothing.
    pub async fn history(&self) -> Result<Vec<AppliedMigration>> {
        let statement = |source| Error::statement("the migration history", source);
        let query = Query::select().columns(["domain", "number", "name"]).from(Alias::new(HISTORY)).to_owned();
        let rows = match self.read().query_all(&query).await {
            Ok(rows) => rows,
            // Without the table nothing has run; both databases say so in their own words.
            Err(error) if is_missing_table(&error.to_string()) => return Ok(Vec::new()),
            Err(error) => return Err(statement(error)),
        };
        let mut applied = rows
            .iter()
            .map(|row| {
                Ok(AppliedMigration {
                    domain: row.try_get("", "domain")?,
                    number: row.try_get("", "number")?,
                    name: row.try_get("", "name")?,
                })
            })
            .collect::<std::result::Result<Vec<_>, sea_orm::DbErr>>()
            .map_err(statement)?;
        applied.sort();
        Ok(applied)
    }

    /// Refuses a database that a newer release has written, without changing it.
    pub async fn check_history(&self, migrations: &[Migration]) -> Result<Vec<AppliedMigration>> {
        let applied = self.history().await?;
        let known = |own: &AppliedMigration| {
            migrations.iter().any(|one| one.domain == own.domain && one.number as i32 == own.number)
        };
        match applied.iter().find(|own| !known(own)) {
            Some(newer) => Err(Error::Newer { domain: newer.domain.clone(), number: newer.number }),
            None => Ok(applied),
        }
    }
}

fn is_missing_table(message: &str) -> bool {
    message.contains(HISTORY) && (message.contains("no such table") || message.contains("does not exist"))
}
