//! The queue of documents: whoever changes a row's lease works on it; a lease that has run out is a death.

use botserver_db::{ConnectionTrait, OrgScope, Tx};
use botserver_kernel::{BotId, OrgId};
use sea_orm::{DbBackend, DbErr};
use sea_query::{Cond, Expr, ExprTrait, LockBehavior, LockType, Order, Query, UpdateStatement};

use super::{DOCUMENT, DOCUMENTS, ROWS, clean, json, passages, read_document, uuids};
use crate::{CollectionId, Document, DocumentId, DocumentState, Error, Result};

const UNFINISHED: [&str; 3] = ["waiting", "reading", "embedding"];

/// Takes up to so many documents of a stage.
pub(crate) async fn claim(
    tx: &Tx,
    org_id: OrgId,
    bots: &[BotId],
    stage: DocumentState,
    limit: u64,
    (now_ms, lease_until_ms): (i64, i64),
) -> Result<Vec<Document>, DbErr> {
    // Who was reading when it died is found in that stage.
    let states: &[&str] = if stage == DocumentState::Reading { &["waiting", "reading"] } else { &["embedding"] };
    let mut pick = OrgScope(org_id).select(DOCUMENTS);
    pick.column("id")
        .and_where(Expr::col("state").is_in(states.iter().copied()))
        .and_where(Expr::col("bot_id").is_in(uuids(bots)))
        .and_where(Expr::col("not_before_ms").lte(now_ms))
        .and_where(Expr::col("lease_until_ms").lte(now_ms))
        .order_by("not_before_ms", Order::Asc)
        // A long one is not put into the index before the short ones that wait too; what is not read yet has none.
        .order_by("passages", Order::Asc)
        .order_by("id", Order::Asc)
        .limit(limit);
    if tx.get_database_backend() == DbBackend::Postgres {
        pick.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let mut update = OrgScope(org_id).update(DOCUMENTS);
    update
        .value("state", stage.word())
        .value("lease_until_ms", lease_until_ms)
        .value("attempts", Expr::col("attempts").add(1))
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("id").in_subquery(pick))
        .returning(Query::returning().columns(DOCUMENT));
    let mut claimed: Vec<Document> =
        tx.query_all(&update).await?.iter().map(read_document).collect::<Result<_, DbErr>>()?;
    claimed.sort_by_key(|own| own.id);
    Ok(claimed)
}

/// When the next document that waits is due; `None` if none waits.
pub(crate) async fn next_due(connection: &impl ConnectionTrait, org_id: OrgId, bots: &[BotId]) -> Result<Option<i64>> {
    let failed = || Error::statement("looking for waiting documents");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .columns(["not_before_ms", "lease_until_ms"])
        .and_where(Expr::col("state").is_in(UNFINISHED))
        .and_where(Expr::col("bot_id").is_in(uuids(bots)))
        .order_by("not_before_ms", Order::Asc)
        .limit(100);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    let mut next: Option<i64> = None;
    for found in &rows {
        let due = botserver_db::row::<i64>(found, "not_before_ms")
            .and_then(|due| Ok(Ord::max(due, botserver_db::row::<i64>(found, "lease_until_ms")?)))
            .map_err(failed())?;
        next = Some(next.map_or(due, |next| Ord::min(next, due)));
    }
    Ok(next)
}

/// Nobody works on anything: this process has just taken the database for itself.
pub(crate) async fn end_leases(tx: &Tx, org_id: OrgId) -> Result<(), DbErr> {
    let mut update = OrgScope(org_id).update(DOCUMENTS);
    update.value("lease_until_ms", 0_i64).and_where(Expr::col("lease_until_ms").gt(0_i64));
    tx.execute(&update).await.map(drop)
}

/// A change of a document that is still in this stage of this content.
fn still(org_id: OrgId, own: &Document, now_ms: i64) -> UpdateStatement {
    let mut update = OrgScope(org_id).update(DOCUMENTS);
    update
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("id").eq(own.id.uuid()))
        .and_where(Expr::col("revision").eq(own.revision))
        .and_where(Expr::col("state").eq(own.state.word()));
    update
}

/// Says how far it is and keeps the lease; false when it is ours no more.
pub(crate) async fn progress(
    tx: &Tx,
    org_id: OrgId,
    own: &Document,
    (done, pages): (u32, Option<u32>),
    (now_ms, lease_until_ms): (i64, i64),
) -> Result<bool, DbErr> {
    let mut update = still(org_id, own, now_ms);
    update
        .value("pages_done", i32::try_from(done).unwrap_or(i32::MAX))
        .value("pages", pages.map(|pages| i32::try_from(pages).unwrap_or(i32::MAX)))
        .value("lease_until_ms", lease_until_ms);
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}

/// What reading found.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadDone {
    pub(crate) hash: String,
    pub(crate) title: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) pages: Option<u32>,
    pub(crate) passages: usize,
    pub(crate) warnings: Vec<String>,
}

/// Its passages are in SQL: on to the next stage. False when it is ours no more.
pub(crate) async fn read(tx: &Tx, org_id: OrgId, own: &Document, done: &ReadDone, now_ms: i64) -> Result<bool, DbErr> {
    let pages = done.pages.map(|pages| i32::try_from(pages).unwrap_or(i32::MAX));
    let mut update = still(org_id, own, now_ms);
    update
        .value("state", DocumentState::Embedding.word())
        .value("hash", done.hash.as_str())
        .value("title", done.title.as_deref().map(clean))
        .value("language", done.language.clone())
        .value("pages_done", pages.unwrap_or_default())
        .value("pages", pages)
        .value("passages", done.passages as i32)
        .value("warnings", clean(&json(&done.warnings)))
        .value("error", None::<String>)
        .value("attempts", 0)
        .value("lease_until_ms", 0_i64);
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}

/// Its file was touched and has the content that can be found already.
pub(crate) async fn unchanged(tx: &Tx, org_id: OrgId, own: &Document, now_ms: i64) -> Result<bool, DbErr> {
    let mut update = still(org_id, own, now_ms);
    update
        .value("state", DocumentState::Indexed.word())
        .value("error", None::<String>)
        .value("attempts", 0)
        .value("lease_until_ms", 0_i64);
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}

/// It can be found; passages of earlier contents are not needed any more. With a reason it is tried again later, to be
/// found by its meaning too.
pub(crate) async fn indexed(
    tx: &Tx,
    org_id: OrgId,
    own: &Document,
    again: Option<(&str, i64)>,
    now_ms: i64,
) -> Result<bool, DbErr> {
    let mut update = still(org_id, own, now_ms);
    update.value("served", own.revision).value("grants_served", json(&own.grants)).value("lease_until_ms", 0_i64);
    match again {
        None => {
            update
                .value("state", DocumentState::Indexed.word())
                .value("error", None::<String>)
                .value("warnings", json(&own.warnings))
                .value("attempts", 0);
        }
        Some((reason, not_before_ms)) => {
            update.value("error", clean(reason)).value("not_before_ms", not_before_ms);
        }
    }
    if tx.execute(&update).await?.rows_affected() == 0 {
        return Ok(false);
    }
    passages::delete_revision(tx, org_id, own.id, own.revision, true).await?;
    Ok(true)
}

/// The stage is tried again later.
pub(crate) async fn later(
    tx: &Tx,
    org_id: OrgId,
    own: &Document,
    reason: &str,
    not_before_ms: i64,
    now_ms: i64,
) -> Result<(), DbErr> {
    let state = if own.state == DocumentState::Reading { DocumentState::Waiting } else { own.state };
    let mut update = still(org_id, own, now_ms);
    update
        .value("state", state.word())
        .value("error", clean(reason))
        .value("not_before_ms", not_before_ms)
        .value("lease_until_ms", 0_i64);
    tx.execute(&update).await.map(drop)
}

/// It cannot be read.
pub(crate) async fn failed(tx: &Tx, org_id: OrgId, own: &Document, reason: &str, now_ms: i64) -> Result<(), DbErr> {
    let mut update = still(org_id, own, now_ms);
    update.value("state", DocumentState::Failed.word()).value("error", clean(reason)).value("lease_until_ms", 0_i64);
    tx.execute(&update).await.map(drop)
}

/// Its owner stops it; false when there is nothing to stop.
pub(crate) async fn cancel(tx: &Tx, org_id: OrgId, id: DocumentId, now_ms: i64) -> Result<bool, DbErr> {
    let mut update = OrgScope(org_id).update(DOCUMENTS);
    update
        .value("state", DocumentState::Cancelled.word())
        .value("error", None::<String>)
        .value("lease_until_ms", 0_i64)
        .value("updated_at_ms", now_ms)
        .and_where(Expr::col("id").eq(id.uuid()))
        .and_where(Expr::col("state").is_in(UNFINISHED));
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}

/// Which documents are read again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Again {
    /// One that failed or was cancelled.
    Document(DocumentId),
    /// All of a collection.
    Collection(CollectionId),
    /// All of a bot.
    Bot(BotId),
}

/// Reads documents again, whatever their content; says how many.
pub(crate) async fn again(tx: &Tx, org_id: OrgId, which: Again, now_ms: i64) -> Result<u64, DbErr> {
    let condition = match which {
        Again::Document(id) => {
            Cond::all().add(Expr::col("id").eq(id.uuid())).add(Expr::col("state").is_in(["failed", "cancelled"]))
        }
        Again::Collection(id) => Cond::all().add(Expr::col("collection_id").eq(id.uuid())),
        Again::Bot(id) => Cond::all().add(Expr::col("bot_id").eq(id.uuid())),
    };
    let mut update = OrgScope(org_id).update(DOCUMENTS);
    update
        .value("state", DocumentState::Waiting.word())
        .value("hash", None::<String>)
        .value("error", None::<String>)
        .value("attempts", 0)
        .value("not_before_ms", 0_i64)
        .value("lease_until_ms", 0_i64)
        .value("revision", Expr::col("revision").add(1_i64))
        .value("updated_at_ms", now_ms)
        .cond_where(condition)
        .and_where(Expr::col("kept").eq(false));
    Ok(tx.execute(&update).await?.rows_affected())
}

/// Documents that can be found by people who may read them no more, or not by others who may now.
pub(crate) async fn with_other_grants(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    bot: BotId,
    limit: u64,
) -> Result<Vec<Document>> {
    let failed = || Error::statement("looking for changed grants");
    let mut select = OrgScope(org_id).select(DOCUMENTS);
    select
        .columns(DOCUMENT)
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .and_where(Expr::col("served").is_not_null())
        .and_where(Expr::col("grants").not_equals("grants_served"))
        .limit(limit);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    rows.iter().map(read_document).collect::<Result<_, DbErr>>().map_err(failed())
}

/// The index has these grants now.
pub(crate) async fn grants_served(tx: &Tx, org_id: OrgId, ids: &[DocumentId], grants: &[String]) -> Result<(), DbErr> {
    for part in ids.chunks(ROWS) {
        let mut update = OrgScope(org_id).update(DOCUMENTS);
        update.value("grants_served", json(grants)).and_where(Expr::col("id").is_in(uuids(part)));
        tx.execute(&update).await?;
    }
    Ok(())
}

/// It was claimed in vain and counts as not tried.
pub(crate) async fn release(tx: &Tx, org_id: OrgId, own: &Document, now_ms: i64) -> Result<(), DbErr> {
    let mut update = still(org_id, own, now_ms);
    update.value("attempts", own.attempts - 1).value("lease_until_ms", 0_i64);
    tx.execute(&update).await.map(drop)
}
