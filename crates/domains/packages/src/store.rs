//! All statements of this room.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use botserver_db::{ConnectionTrait, Db, OrgScope, QueryResult, Tx, row};
use botserver_kernel::BotId;
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, OnConflict, Order};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Bot, BotState, Error, Listed, Result};

const BOT_COLUMNS: [&str; 7] = ["id", "name", "state", "version", "loaded_at_ms", "change_refused", "diagnostics"];

/// The source of a version, as stored.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StoredSource {
    /// Dialogs, `config.csv` and prompts by path.
    pub(crate) files: BTreeMap<Arc<str>, Arc<str>>,
    /// Path of the `config.csv` that counts.
    pub(crate) config: Option<Arc<str>>,
    /// Path of the prompt that counts.
    pub(crate) prompt: Option<Arc<str>>,
    /// The paths that have errors.
    pub(crate) broken: BTreeSet<Arc<str>>,
}

/// A version as stored.
pub(crate) struct StoredVersion {
    pub(crate) source: Vec<u8>,
    pub(crate) compiled: Vec<u8>,
}

/// Every bot that was ever here.
pub(crate) async fn list_bots(db: &Db, org: OrgScope) -> Result<Vec<Bot>> {
    const NAME: &str = "packages.list_bots";
    let mut select = org.select("packages_bots");
    select.columns(BOT_COLUMNS).order_by("name", Order::Asc);
    let rows = db.read().query_all(&select).await.map_err(named(NAME))?;
    rows.iter().map(bot).collect::<Result<_, _>>().map_err(named(NAME))
}

fn bot(found: &QueryResult) -> Result<Bot, DbErr> {
    let diagnostics: String = row(found, "diagnostics")?;
    Ok(Bot {
        id: BotId::new(row::<Uuid>(found, "id")?),
        name: row::<String>(found, "name")?.into(),
        state: BotState::from_stored(&row::<String>(found, "state")?),
        version: row::<Option<String>>(found, "version")?.map(Into::into),
        loaded_at_ms: row(found, "loaded_at_ms")?,
        change_refused: row(found, "change_refused")?,
        // They are made anew when the folder is read; a release that words them differently loses nothing.
        diagnostics: serde_json::from_str::<Vec<Listed>>(&diagnostics).unwrap_or_default(),
    })
}

/// The id of the bot of that name, which becomes `candidate` if it has none.
pub(crate) async fn ensure_bot(db: &Db, org: OrgScope, name: Arc<str>, candidate: BotId, now_ms: i64) -> Result<BotId> {
    const NAME: &str = "packages.ensure_bot";
    let insert_name = name.clone();
    db.write(NAME, move |tx| {
        Box::pin(async move {
            let columns = [
                "id",
                "name",
                "state",
                "version",
                "loaded_at_ms",
                "change_refused",
                "diagnostics",
                "created_at_ms",
                "updated_at_ms",
            ];
            let mut insert = org.insert("packages_bots", &columns);
            insert
                .values_panic(org.values([
                    candidate.uuid().into(),
                    insert_name.to_string().into(),
                    BotState::Refused.as_str().into(),
                    None::<String>.into(),
                    None::<i64>.into(),
                    false.into(),
                    "[]".into(),
                    now_ms.into(),
                    now_ms.into(),
                ]))
                .on_conflict(OnConflict::columns(["org_id", "name"]).do_nothing().to_owned());
            execute(tx, NAME, &insert).await
        })
    })
    .await?;
    let mut select = org.select("packages_bots");
    select.column("id").and_where(Expr::col("name").eq(name.to_string()));
    let found = db.read().query_one(&select).await.map_err(named(NAME))?;
    let id = found.map(|found| row::<Uuid>(&found, "id")).transpose().map_err(named(NAME))?;
    id.map(BotId::new).ok_or(Error::Db(botserver_db::Error::Conflict { operation: NAME }))
}

/// Stores what a bot is doing, and the version it serves if that is new.
pub(crate) async fn save(db: &Db, org: OrgScope, bot: Bot, version: Option<StoredVersion>, now_ms: i64) -> Result<()> {
    const NAME: &str = "packages.save";
    let diagnostics = serde_json::to_string(&bot.diagnostics).unwrap_or_else(|_| "[]".to_owned());
    db.write(NAME, move |tx| {
        Box::pin(async move {
            let mut update = org.update("packages_bots");
            update
                .values([
                    ("state", bot.state.as_str().into()),
                    ("version", bot.version.as_deref().map(str::to_owned).into()),
                    ("loaded_at_ms", bot.loaded_at_ms.into()),
                    ("change_refused", bot.change_refused.into()),
                    ("diagnostics", diagnostics.into()),
                    ("updated_at_ms", now_ms.into()),
                ])
                .and_where(Expr::col("id").eq(bot.id.uuid()));
            execute(tx, NAME, &update).await?;
            let (Some(hash), Some(version)) = (bot.version, version) else { return Ok(()) };
            let columns = ["bot_id", "hash", "source", "compiled", "created_at_ms", "served_at_ms"];
            let mut insert = org.insert("packages_versions", &columns);
            insert
                .values_panic(org.values([
                    bot.id.uuid().into(),
                    hash.to_string().into(),
                    version.source.into(),
                    version.compiled.into(),
                    now_ms.into(),
                    now_ms.into(),
                ]))
                .on_conflict(
                    OnConflict::columns(["org_id", "bot_id", "hash"]).update_column("served_at_ms").to_owned(),
                );
            execute(tx, NAME, &insert).await
        })
    })
    .await
}

/// A stored version.
pub(crate) async fn find_version(db: &Db, org: OrgScope, bot: BotId, hash: &str) -> Result<Option<StoredVersion>> {
    const NAME: &str = "packages.find_version";
    let mut select = org.select("packages_versions");
    select
        .columns(["source", "compiled"])
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .and_where(Expr::col("hash").eq(hash));
    let found = db.read().query_one(&select).await.map_err(named(NAME))?;
    found
        .map(|found| Ok(StoredVersion { source: row(&found, "source")?, compiled: row(&found, "compiled")? }))
        .transpose()
        .map_err(named(NAME))
}

/// The versions of a bot, the one that served last first.
pub(crate) async fn list_versions(db: &Db, org: OrgScope, bot: BotId) -> Result<Vec<String>> {
    const NAME: &str = "packages.list_versions";
    let mut select = org.select("packages_versions");
    select
        .column("hash")
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .order_by("served_at_ms", Order::Desc)
        .order_by("hash", Order::Asc);
    let rows = db.read().query_all(&select).await.map_err(named(NAME))?;
    rows.iter().map(|found| row(found, "hash")).collect::<Result<_, _>>().map_err(named(NAME))
}

/// Deletes versions.
pub(crate) async fn delete_versions(db: &Db, org: OrgScope, bot: BotId, hashes: HashSet<String>) -> Result<()> {
    const NAME: &str = "packages.delete_versions";
    db.write(NAME, move |tx| {
        Box::pin(async move {
            let mut delete = org.delete("packages_versions");
            delete.and_where(Expr::col("bot_id").eq(bot.uuid())).and_where(Expr::col("hash").is_in(hashes));
            execute(tx, NAME, &delete).await
        })
    })
    .await
}

fn named(operation: &'static str) -> impl Fn(DbErr) -> Error {
    move |source| Error::statement(operation, source)
}

async fn execute<S: sea_orm::StatementBuilder>(tx: &Tx, name: &'static str, statement: &S) -> Result<()> {
    tx.execute(statement).await.map(drop).map_err(named(name))
}
