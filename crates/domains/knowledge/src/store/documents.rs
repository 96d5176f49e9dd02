//! Documents: what a listing is compared with, and what people look at.

use std::collections::{HashMap, HashSet};

use botserver_db::{ConnectionTrait, OrgScope, QueryResult, Tx, row};
use botserver_kernel::{BotId, Cursor, OrgId, Page, PageRequest};
use sea_orm::DbErr;
use sea_query::{Alias, Expr, ExprTrait, Order};
use uuid::Uuid;

use super::{DOCUMENT, DOCUMENTS, ROWS, json, passages, read_document, uuids, words};
use crate::{CollectionId, Document, DocumentId, DocumentState, Error, Result};

/// What a listing is compared with.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: DocumentId,
    pub(crate) collection_id: CollectionId,
    pub(crate) path: String,
    pub(crate) size: i64,
    pub(crate) modified_ns: i64,
    pub(crate) state: DocumentState,
    pub(crate) error: Option<String>,
    pub(crate) grants: Vec<String>,
    pub(crate) kept: bool,
}

fn read_known(found: &QueryResult) -> Result<Known, DbErr> {
    let state: String = row(found, "state")?;
    Ok(Known {
        id: DocumentId::new(row(found, "id")?),
        collection_id: CollectionId::new(row(found, "collection_id")?),
        path: row(found, "path")?,
        size: row(found, "size")?,
        modified_ns: row(found, "modified_ns")?,
        state: DocumentState::from_word(&state).unwrap_or(DocumentState::Waiting),
        error: row(found, "error")?,
        grants: words(found, "grants")?,
        kept: row(found, "kept")?,
    })
}

/// All documents of a bot, as far as a listing can tell them.
pub(crate) async fn known(connection: &impl ConnectionTrait, org_id: OrgId, bot: BotId) -> Result<Vec<Known>> {
    let failed = || Error::statement("reading the known documents");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .columns(["id", "collection_id", "path", "size", "modified_ns", "state", "error", "grants", "kept"])
        .and_where(Expr::col("bot_id").eq(bot.uuid()));
    let rows = connection.query_all(&select).await.map_err(failed())?;
    rows.iter().map(read_known).collect::<Result<_, DbErr>>().map_err(failed())
}

/// A document that was not there before.
#[derive(Clone, Debug)]
pub(crate) struct New {
    pub(crate) id: DocumentId,
    pub(crate) collection_id: CollectionId,
    pub(crate) path: String,
    pub(crate) size: i64,
    pub(crate) modified_ns: i64,
    pub(crate) grants: Vec<String>,
    /// Why it will not be read.
    pub(crate) refused: Option<String>,
}

pub(crate) async fn insert(tx: &Tx, org_id: OrgId, bot: BotId, new: &[New], now_ms: i64) -> Result<(), DbErr> {
    let scope = OrgScope(org_id);
    for part in new.chunks(ROWS / 2) {
        let mut insert = scope.insert(
            DOCUMENTS,
            &[
                "id",
                "bot_id",
                "collection_id",
                "path",
                "size",
                "modified_ns",
                "state",
                "pages_done",
                "passages",
                "error",
                "warnings",
                "grants",
                "attempts",
                "not_before_ms",
                "lease_until_ms",
                "revision",
                "kept",
                "created_at_ms",
                "updated_at_ms",
            ],
        );
        for own in part {
            let state = if own.refused.is_some() { DocumentState::Failed } else { DocumentState::Waiting };
            insert.values_panic(scope.values([
                own.id.uuid().into(),
                bot.uuid().into(),
                own.collection_id.uuid().into(),
                own.path.clone().into(),
                own.size.into(),
                own.modified_ns.into(),
                state.word().into(),
                0_i32.into(),
                0_i32.into(),
                own.refused.clone().into(),
                "[]".into(),
                json(&own.grants).into(),
                0_i32.into(),
                0_i64.into(),
                0_i64.into(),
                1_i64.into(),
                false.into(),
                now_ms.into(),
                now_ms.into(),
            ]));
        }
        tx.execute(&insert).await?;
    }
    Ok(())
}

/// The file has another size or time: it is looked at again, unless it is refused.
pub(crate) async fn changed(
    tx: &Tx,
    org_id: OrgId,
    id: DocumentId,
    (size, modified_ns): (i64, i64),
    refused: Option<&str>,
    now_ms: i64,
) -> Result<(), DbErr> {
    let state = if refused.is_some() { DocumentState::Failed } else { DocumentState::Waiting };
    let mut update = OrgScope(org_id).update(DOCUMENTS);
    update
        .value("size", size)
        .value("modified_ns", modified_ns)
        .value("state", state.word())
        .value("error", refused)
        .value("attempts", 0)
        .value("not_before_ms", 0_i64)
        .value("lease_until_ms", 0_i64)
        .value("kept", false)
        .value("revision", Expr::col("revision").add(1_i64))
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("id").eq(id.uuid()));
    tx.execute(&update).await.map(drop)
}

/// Other people may read them.
pub(crate) async fn set_grants(
    tx: &Tx,
    org_id: OrgId,
    ids: &[DocumentId],
    grants: &[String],
    now_ms: i64,
) -> Result<(), DbErr> {
    for part in ids.chunks(ROWS) {
        let mut update = OrgScope(org_id).update(DOCUMENTS);
        update
            .value("grants", json(grants))
            .value("updated_at_ms", now_ms)
            .and_where(Expr::col("id").is_in(uuids(part)));
        tx.execute(&update).await?;
    }
    Ok(())
}

/// Whether they stay although their files are gone.
pub(crate) async fn set_kept(tx: &Tx, org_id: OrgId, ids: &[DocumentId], kept: bool) -> Result<(), DbErr> {
    for part in ids.chunks(ROWS) {
        let mut update = OrgScope(org_id).update(DOCUMENTS);
        update.value("kept", kept).and_where(Expr::col("id").is_in(uuids(part)));
        tx.execute(&update).await?;
    }
    Ok(())
}

/// Removes documents with their passages.
pub(crate) async fn delete(tx: &Tx, org_id: OrgId, ids: &[DocumentId]) -> Result<(), DbErr> {
    for part in ids.chunks(ROWS) {
        passages::delete_all(tx, org_id, part).await?;
        let mut delete = OrgScope(org_id).delete(DOCUMENTS);
        delete.and_where(Expr::col("id").is_in(uuids(part)));
        tx.execute(&delete).await?;
    }
    Ok(())
}

pub(crate) async fn find(connection: &impl ConnectionTrait, org_id: OrgId, id: DocumentId) -> Result<Option<Document>> {
    Ok(these(connection, org_id, &[id]).await?.into_values().next())
}

/// Some, by id.
pub(crate) async fn these(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    ids: &[DocumentId],
) -> Result<HashMap<Uuid, Document>> {
    let failed = || Error::statement("finding documents");
    let mut found = HashMap::new();
    for part in ids.chunks(ROWS) {
        let mut select = OrgScope(org_id).select(DOCUMENTS);
        select.columns(DOCUMENT).and_where(Expr::col("id").is_in(uuids(part)));
        for own in connection.query_all(&select).await.map_err(failed())? {
            let own = read_document(&own).map_err(failed())?;
            found.insert(own.id.uuid(), own);
        }
    }
    Ok(found)
}

/// The documents of a collection by path.
pub(crate) async fn page(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    collection: CollectionId,
    state: Option<DocumentState>,
    page: &PageRequest,
) -> Result<Page<Document>> {
    let failed = || Error::statement("listing documents");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .columns(DOCUMENT)
        .and_where(Expr::col("collection_id").eq(collection.uuid()))
        .order_by("path", Order::Asc)
        .limit(u64::from(page.limit) + 1);
    if let Some(state) = state {
        select.and_where(Expr::col("state").eq(state.word()));
    }
    if let Some(after) = &page.after {
        select.and_where(Expr::col("path").gt(after.0.as_str()));
    }
    let rows = connection.query_all(&select).await.map_err(failed())?;
    let mut items: Vec<Document> = rows.iter().map(read_document).collect::<Result<_, DbErr>>().map_err(failed())?;
    let more = items.len() > page.limit as usize;
    items.truncate(page.limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| Cursor(last.path.clone()));
    Ok(Page { items, next_cursor })
}

/// Documents of a bot whose passages can be found: id and whether it has any.
pub(crate) async fn served(connection: &impl ConnectionTrait, org_id: OrgId, bot: BotId) -> Result<Vec<(Uuid, bool)>> {
    let failed = || Error::statement("reading the documents that can be found");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .columns(["id", "passages"])
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .and_where(Expr::col("served").is_not_null())
        .order_by("id", Order::Asc);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    rows.iter()
        .map(|found| Ok((row(found, "id")?, row::<i32>(found, "passages")? > 0)))
        .collect::<Result<_, DbErr>>()
        .map_err(failed())
}

/// Everything that opens a document of a bot.
pub(crate) async fn grants(connection: &impl ConnectionTrait, org_id: OrgId, bot: BotId) -> Result<HashSet<String>> {
    let failed = || Error::statement("reading who may read");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select.distinct().column("grants").and_where(Expr::col("bot_id").eq(bot.uuid()));
    let mut all = HashSet::new();
    for found in connection.query_all(&select).await.map_err(failed())? {
        all.extend(words(&found, "grants").map_err(failed())?);
    }
    Ok(all)
}

/// How many documents and passages a bot has, and how many came since a moment.
pub(crate) async fn added_since(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    bot: BotId,
    since_ms: i64,
) -> Result<i64> {
    let failed = || Error::statement("counting documents");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .expr_as(Expr::col("id").count().cast_as(Alias::new("bigint")), "documents")
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .and_where(Expr::col("created_at_ms").gte(since_ms));
    let found = connection.query_one(&select).await.map_err(failed())?;
    found.map_or(Ok(0), |found| row(&found, "documents")).map_err(failed())
}
