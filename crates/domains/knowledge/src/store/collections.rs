//! Collections and their numbers.

use std::collections::HashMap;

use botserver_db::{ConnectionTrait, OrgScope, QueryResult, Tx, row};
use botserver_kernel::{BotId, OrgId};
use sea_orm::DbErr;
use sea_query::{Alias, Expr, ExprTrait, Order};
use uuid::Uuid;

use super::{COLLECTIONS, DOCUMENTS};
use crate::{Collection, CollectionId, DocumentState, Error, Result};

const COLUMNS: [&str; 5] = ["id", "bot_id", "name", "missing", "updated_at_ms"];

fn read(found: &QueryResult) -> Result<Collection, DbErr> {
    Ok(Collection {
        id: CollectionId::new(row(found, "id")?),
        bot_id: BotId::new(row(found, "bot_id")?),
        name: row(found, "name")?,
        missing: row(found, "missing")?,
        documents: 0,
        passages: 0,
        failed: 0,
        waiting: 0,
        kept: 0,
        bytes: 0,
        updated_at_ms: row(found, "updated_at_ms")?,
    })
}

/// The collections of a bot by name, with their numbers.
pub(crate) async fn list(connection: &impl ConnectionTrait, org_id: OrgId, bot: BotId) -> Result<Vec<Collection>> {
    let failed = || Error::statement("listing collections");
    let mut select = OrgScope(org_id).select(COLLECTIONS);
    select.columns(COLUMNS).and_where(Expr::col("bot_id").eq(bot.uuid())).order_by("name", Order::Asc);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    let mut all: Vec<Collection> = rows.iter().map(read).collect::<Result<_, DbErr>>().map_err(failed())?;
    let places: HashMap<Uuid, usize> = all.iter().enumerate().map(|(place, own)| (own.id.uuid(), place)).collect();
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .columns(["collection_id", "state", "kept"])
        .expr_as(Expr::col("id").count(), "documents")
        .expr_as(Expr::col("passages").sum().cast_as(Alias::new("bigint")), "passages")
        .expr_as(Expr::col("size").sum().cast_as(Alias::new("bigint")), "bytes")
        .expr_as(Expr::col("updated_at_ms").max(), "changed_ms")
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .group_by_columns(["collection_id", "state", "kept"]);
    for found in connection.query_all(&select).await.map_err(failed())? {
        add(&mut all, &places, &found).map_err(failed())?;
    }
    Ok(all)
}

/// The collections of a bot by name, without their numbers: counting ten thousand documents takes longer than a search.
pub(crate) async fn names(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    bot: BotId,
) -> Result<Vec<(CollectionId, String)>> {
    let failed = || Error::statement("listing the names of collections");
    let mut select = OrgScope(org_id).select(COLLECTIONS);
    select.columns(["id", "name"]).and_where(Expr::col("bot_id").eq(bot.uuid())).order_by("name", Order::Asc);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    let read = |found: &QueryResult| Ok((CollectionId::new(row(found, "id")?), row(found, "name")?));
    rows.iter().map(read).collect::<Result<_, DbErr>>().map_err(failed())
}

fn add(all: &mut [Collection], places: &HashMap<Uuid, usize>, found: &QueryResult) -> Result<(), DbErr> {
    let id: Uuid = row(found, "collection_id")?;
    let Some(own) = places.get(&id).and_then(|place| all.get_mut(*place)) else { return Ok(()) };
    let documents: i64 = row(found, "documents")?;
    let state: String = row(found, "state")?;
    own.documents += documents;
    if row(found, "kept")? {
        own.kept += documents;
    }
    own.passages += row::<i64>(found, "passages")?;
    own.bytes += row::<i64>(found, "bytes")?;
    own.updated_at_ms = Ord::max(own.updated_at_ms, row(found, "changed_ms")?);
    match DocumentState::from_word(&state) {
        Some(DocumentState::Failed) => own.failed += documents,
        Some(DocumentState::Waiting | DocumentState::Reading | DocumentState::Embedding) => own.waiting += documents,
        _ => {}
    }
    Ok(())
}

/// One, without its numbers.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    id: CollectionId,
) -> Result<Option<Collection>> {
    let failed = || Error::statement("finding a collection");
    let mut select = OrgScope(org_id).select(COLLECTIONS);
    select.columns(COLUMNS).and_where(Expr::col("id").eq(id.uuid()));
    let found = connection.query_one(&select).await.map_err(failed())?;
    found.as_ref().map(read).transpose().map_err(failed())
}

pub(crate) async fn insert(
    tx: &Tx,
    org_id: OrgId,
    bot: BotId,
    new: &[(CollectionId, String)],
    now_ms: i64,
) -> Result<(), DbErr> {
    if new.is_empty() {
        return Ok(());
    }
    let scope = OrgScope(org_id);
    let mut insert = scope.insert(COLLECTIONS, &["id", "bot_id", "name", "missing", "created_at_ms", "updated_at_ms"]);
    for (id, name) in new {
        insert.values_panic(scope.values([
            id.uuid().into(),
            bot.uuid().into(),
            name.clone().into(),
            0_i64.into(),
            now_ms.into(),
            now_ms.into(),
        ]));
    }
    tx.execute(&insert).await.map(drop)
}

pub(crate) async fn set_missing(
    tx: &Tx,
    org_id: OrgId,
    id: CollectionId,
    missing: i64,
    now_ms: i64,
) -> Result<(), DbErr> {
    let mut update = OrgScope(org_id).update(COLLECTIONS);
    update
        .value("missing", missing)
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("id").eq(id.uuid()))
        .and_where(Expr::col("missing").ne(missing));
    tx.execute(&update).await.map(drop)
}

pub(crate) async fn delete(tx: &Tx, org_id: OrgId, id: CollectionId) -> Result<(), DbErr> {
    let mut delete = OrgScope(org_id).delete(COLLECTIONS);
    delete.and_where(Expr::col("id").eq(id.uuid()));
    tx.execute(&delete).await.map(drop)
}
