//! Memory: values by key, of a bot, of a person, or of a person with one bot.

use botserver_db::{OrgScope, row};
use botserver_kernel::{BotId, OrgId, PersonId};
use sea_orm::ConnectionTrait;
use sea_query::{Expr, ExprTrait, Func, OnConflict, Order};
use uuid::Uuid;

use super::Store;
use crate::{Error, Result};

const MEMORY: &str = "data_memory";

/// Whose memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Everybody who talks with the bot shares it.
    Bot(BotId),
    /// A person's, with every bot.
    Person(PersonId),
    /// A person's with one bot, with an end.
    Recall(BotId, PersonId),
    /// What is known of a person, for one bot's model.
    Facts(BotId, PersonId),
    /// What SAVE and MERGE did, under a key per conversation.
    Report(BotId),
}

/// A remembered value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The value as JSON text of its typed form.
    pub(crate) value: String,
    /// When it is forgotten.
    pub(crate) expires_at_ms: Option<i64>,
}

impl Owner {
    const fn parts(self) -> (&'static str, Uuid, Uuid) {
        match self {
            Self::Bot(bot) => ("bot", bot.uuid(), Uuid::nil()),
            Self::Person(person) => ("user", Uuid::nil(), person.uuid()),
            Self::Recall(bot, person) => ("recall", bot.uuid(), person.uuid()),
            Self::Facts(bot, person) => ("fact", bot.uuid(), person.uuid()),
            Self::Report(bot) => ("report", bot.uuid(), Uuid::nil()),
        }
    }
}

fn broken(source: sea_orm::DbErr) -> Error {
    Error::statement("memory", source)
}

/// Limits a statement to an owner.
macro_rules! owned {
    ($statement:expr, $owner:expr) => {{
        let (scope, bot, person) = $owner.parts();
        $statement
            .and_where(Expr::col("scope").eq(scope))
            .and_where(Expr::col("bot_id").eq(bot))
            .and_where(Expr::col("person_id").eq(person))
    }};
}

impl Store {
    /// What is remembered under a key and not yet forgotten.
    pub(crate) async fn recall<C: ConnectionTrait>(
        self,
        connection: &C,
        org: OrgId,
        owner: Owner,
        key: &str,
        now_ms: i64,
    ) -> Result<Option<String>> {
        let mut query = OrgScope(org).select(MEMORY);
        owned!(query.column("value"), owner)
            .and_where(Expr::col("key").eq(key))
            .and_where(Expr::col("expires_at_ms").is_null().or(Expr::col("expires_at_ms").gt(now_ms)));
        let found = connection.query_one(&query).await.map_err(broken)?;
        found.map(|found| row::<String>(&found, "value")).transpose().map_err(broken)
    }

    /// Keys and values of an owner, the newest first; at most so many.
    pub(crate) async fn list_memory<C: ConnectionTrait>(
        self,
        connection: &C,
        org: OrgId,
        owner: Owner,
        now_ms: i64,
        most: u64,
    ) -> Result<Vec<(String, String)>> {
        let mut query = OrgScope(org).select(MEMORY);
        owned!(query.columns(["key", "value"]), owner)
            .and_where(Expr::col("expires_at_ms").is_null().or(Expr::col("expires_at_ms").gt(now_ms)))
            .order_by("updated_at_ms", Order::Desc)
            .order_by("key", Order::Asc)
            .limit(most);
        let found = connection.query_all(&query).await.map_err(broken)?;
        found
            .iter()
            .map(|found| Ok((row(found, "key")?, row(found, "value")?)))
            .collect::<Result<_, _>>()
            .map_err(broken)
    }

    /// Remembers a value under a key, in place of what was there.
    pub(crate) async fn remember<C: ConnectionTrait>(
        self,
        connection: &C,
        org: OrgId,
        owner: Owner,
        key: &str,
        entry: Entry,
        now_ms: i64,
    ) -> Result<()> {
        let own = OrgScope(org);
        let (scope, bot, person) = owner.parts();
        let mut insert =
            own.insert(MEMORY, &["scope", "bot_id", "person_id", "key", "value", "expires_at_ms", "updated_at_ms"]);
        insert.values_panic(own.values([
            scope.into(),
            bot.into(),
            person.into(),
            key.into(),
            entry.value.into(),
            entry.expires_at_ms.into(),
            now_ms.into(),
        ]));
        insert.on_conflict(
            OnConflict::columns(["org_id", "scope", "bot_id", "person_id", "key"])
                .update_columns(["value", "expires_at_ms", "updated_at_ms"])
                .to_owned(),
        );
        connection.execute(&insert).await.map_err(broken)?;
        Ok(())
    }

    /// How many keys an owner has, after forgetting what has expired.
    pub(crate) async fn count_memory<C: ConnectionTrait>(
        self,
        connection: &C,
        org: OrgId,
        owner: Owner,
        now_ms: i64,
    ) -> Result<u64> {
        let mut expired = OrgScope(org).delete(MEMORY);
        owned!(expired, owner).and_where(Expr::col("expires_at_ms").lte(now_ms));
        connection.execute(&expired).await.map_err(broken)?;
        let mut query = OrgScope(org).select(MEMORY);
        owned!(query.expr_as(Func::count(Expr::col("key")), "n"), owner);
        let found = connection.query_one(&query).await.map_err(broken)?;
        let count = found.map_or(Ok(0), |found| row::<i64>(&found, "n")).map_err(broken)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Forgets a key, or everything of an owner.
    pub(crate) async fn forget<C: ConnectionTrait>(
        self,
        connection: &C,
        org: OrgId,
        owner: Owner,
        key: Option<&str>,
    ) -> Result<u64> {
        let mut delete = OrgScope(org).delete(MEMORY);
        owned!(delete, owner);
        if let Some(key) = key {
            delete.and_where(Expr::col("key").eq(key));
        }
        Ok(connection.execute(&delete).await.map_err(broken)?.rows_affected())
    }
}
