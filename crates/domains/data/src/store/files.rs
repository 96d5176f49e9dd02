//! CSV files that scripts change: their content is a row, so that a change is part of a transaction.

use botserver_db::{OrgScope, row};
use sea_orm::ConnectionTrait;
use sea_query::{Expr, ExprTrait};

use super::Store;
use crate::{BotScope, Error, Result};

const FILES: &str = "data_files";

/// A file as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredFile {
    /// CSV with a header line.
    pub(crate) content: String,
    /// Counts changes.
    pub(crate) version: i64,
}

impl Store {
    /// A file by its normalised path. `for_change` keeps other writers away until the transaction ends.
    pub(crate) async fn file<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        path: &str,
        for_change: bool,
    ) -> Result<Option<StoredFile>> {
        let mut query = OrgScope(scope.org_id).select(FILES);
        query
            .columns(["content", "version"])
            .and_where(Expr::col("bot_id").eq(scope.bot_id.uuid()))
            .and_where(Expr::col("path").eq(path));
        if for_change && self.is_postgres() {
            query.lock_exclusive();
        }
        let broken = |source| Error::statement("a data file", source);
        let found = connection.query_one(&query).await.map_err(broken)?;
        found
            .map(|found| Ok(StoredFile { content: row(&found, "content")?, version: row(&found, "version")? }))
            .transpose()
            .map_err(broken)
    }

    /// Stores a file; `version` is the one that was read, `None` for a new file.
    pub(crate) async fn save_file<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        path: &str,
        content: &str,
        version: Option<i64>,
        now_ms: i64,
    ) -> Result<()> {
        let own = OrgScope(scope.org_id);
        let broken = |source| Error::statement("a data file", source);
        let Some(version) = version else {
            let mut insert = own.insert(FILES, &["bot_id", "path", "content", "version", "updated_at_ms"]);
            insert.values_panic(own.values([
                scope.bot_id.uuid().into(),
                path.into(),
                content.into(),
                1_i64.into(),
                now_ms.into(),
            ]));
            connection.execute(&insert).await.map_err(broken)?;
            return Ok(());
        };
        let mut update = own.update(FILES);
        update
            .values([
                ("content", Expr::value(content)),
                ("version", Expr::value(version + 1)),
                ("updated_at_ms", Expr::value(now_ms)),
            ])
            .and_where(Expr::col("bot_id").eq(scope.bot_id.uuid()))
            .and_where(Expr::col("path").eq(path))
            .and_where(Expr::col("version").eq(version));
        let done = connection.execute(&update).await.map_err(broken)?;
        if done.rows_affected() == 0 {
            return Err(botserver_db::Error::Conflict { operation: "a data file" }.into());
        }
        Ok(())
    }
}
