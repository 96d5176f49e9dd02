//! Libraries: the indexes of each bot, and what its owner should know.

use botserver_db::{ConnectionTrait, OrgScope, QueryResult, Tx, row};
use botserver_kernel::{BotId, OrgId};
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, Order, Query};

use super::{LIBRARIES, json, words};
use crate::{Error, Generation, LibraryRow, Result};

const COLUMNS: [&str; 13] = [
    "bot_id",
    "org_id",
    "name",
    "folder",
    "index_name",
    "embedder",
    "dimensions",
    "next_index_name",
    "next_embedder",
    "next_dimensions",
    "generation",
    "rebuilding",
    "problems",
];

fn read(found: &QueryResult) -> Result<LibraryRow, DbErr> {
    let next: Option<String> = row(found, "next_index_name")?;
    let building = match next {
        Some(index) => Some(Generation {
            index,
            embedder: row::<Option<String>>(found, "next_embedder")?.unwrap_or_default(),
            dimensions: row::<Option<i32>>(found, "next_dimensions")?.unwrap_or_default().unsigned_abs() as usize,
        }),
        None => None,
    };
    Ok(LibraryRow {
        bot_id: BotId::new(row(found, "bot_id")?),
        org_id: OrgId::new(row(found, "org_id")?),
        name: row::<String>(found, "name")?.into(),
        folder: row(found, "folder")?,
        serving: Generation {
            index: row(found, "index_name")?,
            embedder: row(found, "embedder")?,
            dimensions: row::<i32>(found, "dimensions")?.unsigned_abs() as usize,
        },
        building,
        generation: row(found, "generation")?,
        rebuilding: row(found, "rebuilding")?,
        problems: words(found, "problems")?,
    })
}

/// The organisations that have any: the one question here that is not limited to one.
pub(crate) async fn organisations(connection: &impl ConnectionTrait) -> Result<Vec<OrgId>> {
    let failed = || Error::statement("looking for libraries");
    let mut select = Query::select();
    select.distinct().column("org_id").from(LIBRARIES);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    rows.iter().map(|found| Ok(OrgId::new(row(found, "org_id")?))).collect::<Result<_, DbErr>>().map_err(failed())
}

pub(crate) async fn insert(tx: &Tx, own: &LibraryRow, now_ms: i64) -> Result<(), DbErr> {
    let scope = OrgScope(own.org_id);
    let mut insert = scope.insert(
        LIBRARIES,
        &[
            "bot_id",
            "name",
            "folder",
            "index_name",
            "embedder",
            "dimensions",
            "generation",
            "rebuilding",
            "problems",
            "updated_at_ms",
        ],
    );
    insert.values_panic(scope.values([
        own.bot_id.uuid().into(),
        own.name.to_string().into(),
        own.folder.clone().into(),
        own.serving.index.clone().into(),
        own.serving.embedder.clone().into(),
        (own.serving.dimensions as i32).into(),
        own.generation.into(),
        false.into(),
        "[]".into(),
        now_ms.into(),
    ]));
    tx.execute(&insert).await.map(drop)
}

pub(crate) async fn rename(tx: &Tx, org_id: OrgId, bot: BotId, name: &str) -> Result<(), DbErr> {
    let mut update = OrgScope(org_id).update(LIBRARIES);
    update.value("name", name).and_where(Expr::col("bot_id").eq(bot.uuid()));
    tx.execute(&update).await.map(drop)
}

pub(crate) async fn find(connection: &impl ConnectionTrait, org_id: OrgId, bot: BotId) -> Result<Option<LibraryRow>> {
    let failed = || Error::statement("finding the documents of a bot");
    let mut select = OrgScope(org_id).select(LIBRARIES);
    select.columns(COLUMNS).and_where(Expr::col("bot_id").eq(bot.uuid()));
    let found = connection.query_one(&select).await.map_err(failed())?;
    found.as_ref().map(read).transpose().map_err(failed())
}

/// All of them; bots stand before folders.
pub(crate) async fn list(connection: &impl ConnectionTrait, org_id: OrgId) -> Result<Vec<LibraryRow>> {
    let mut select = OrgScope(org_id).select(LIBRARIES);
    select.columns(COLUMNS).order_by("name", Order::Asc).order_by("bot_id", Order::Asc);
    let rows = connection.query_all(&select).await.map_err(Error::statement("listing libraries"))?;
    let mut all: Vec<LibraryRow> =
        rows.iter().map(read).collect::<Result<_, DbErr>>().map_err(Error::statement("listing libraries"))?;
    all.sort_by_key(|own| own.folder.is_some());
    Ok(all)
}

/// Which index answers, which is being built.
pub(crate) async fn set_indexes(tx: &Tx, own: &LibraryRow, now_ms: i64) -> Result<(), DbErr> {
    let next = own.building.as_ref();
    let mut update = OrgScope(own.org_id).update(LIBRARIES);
    update
        .value("index_name", own.serving.index.as_str())
        .value("embedder", own.serving.embedder.as_str())
        .value("dimensions", own.serving.dimensions as i32)
        .value("next_index_name", next.map(|next| next.index.clone()))
        .value("next_embedder", next.map(|next| next.embedder.clone()))
        .value("next_dimensions", next.map(|next| next.dimensions as i32))
        .value("generation", own.generation)
        .value("rebuilding", own.rebuilding)
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("bot_id").eq(own.bot_id.uuid()));
    tx.execute(&update).await.map(drop)
}

pub(crate) async fn set_problems(
    tx: &Tx,
    org_id: OrgId,
    bot: BotId,
    problems: &[String],
    now_ms: i64,
) -> Result<(), DbErr> {
    let mut update = OrgScope(org_id).update(LIBRARIES);
    update
        .value("problems", json(problems))
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("bot_id").eq(bot.uuid()));
    tx.execute(&update).await.map(drop)
}
