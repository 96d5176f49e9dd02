//! All statements of this room.

use botserver_db::{ConnectionTrait, Db, Error, OrgScope, QueryResult, Result, Tx, row};
use botserver_kernel::{OrgId, PersonId};
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, OnConflict, Order, Query};
use uuid::Uuid;

use crate::model::{OwnerSession, OwnerSessionId};

/// The one organisation of an installation, until there are more.
const DEFAULT_ORG: &str = "default";
const SESSION_COLUMNS: [&str; 7] =
    ["id", "person_id", "client", "created_at_ms", "seen_at_ms", "expires_at_ms", "secret_hash"];

/// A sign-in with the hash that its cookie is compared with.
pub(crate) struct StoredSession {
    pub(crate) session: OwnerSession,
    pub(crate) secret_hash: Vec<u8>,
}

/// An owner link as stored.
pub(crate) struct StoredLink {
    pub(crate) secret_hash: Vec<u8>,
    pub(crate) expires_at_ms: i64,
}

/// The organisation, made with `candidate` as its id if there is none. Two servers that start at once
/// on one database agree on the one that was first.
pub(crate) async fn ensure_org(db: &Db, candidate: OrgId, now_ms: i64) -> Result<OrgId> {
    const NAME: &str = "auth.ensure_org";
    if let Some(org_id) = find_org(db).await? {
        return Ok(org_id);
    }
    db.write(NAME, move |tx| {
        Box::pin(async move {
            let insert = Query::insert()
                .into_table("auth_orgs")
                .columns(["org_id", "name", "created_at_ms"])
                .values_panic([candidate.uuid().into(), DEFAULT_ORG.into(), now_ms.into()])
                .on_conflict(OnConflict::column("name").do_nothing().to_owned())
                .to_owned();
            execute(tx, NAME, &insert).await
        })
    })
    .await?;
    find_org(db).await?.ok_or(Error::Conflict { operation: NAME })
}

async fn find_org(db: &Db) -> Result<Option<OrgId>> {
    const NAME: &str = "auth.find_org";
    let select =
        Query::select().column("org_id").from("auth_orgs").and_where(Expr::col("name").eq(DEFAULT_ORG)).to_owned();
    let found = db.read().query_one(&select).await.map_err(named(NAME))?;
    found.map(|found| row::<Uuid>(&found, "org_id").map(OrgId::new)).transpose().map_err(named(NAME))
}

/// The signing keys, of which `candidate` becomes the first if there is none.
pub(crate) async fn ensure_keys(
    db: &Db,
    org: OrgScope,
    candidate: Vec<u8>,
    now_ms: i64,
) -> Result<Vec<(i32, Vec<u8>)>> {
    const NAME: &str = "auth.ensure_keys";
    let keys = list_keys(db, org).await?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    db.write(NAME, move |tx| {
        Box::pin(async move {
            let mut insert = org.insert("auth_keys", &["number", "secret", "created_at_ms"]);
            insert
                .values_panic(org.values([1.into(), candidate.into(), now_ms.into()]))
                .on_conflict(OnConflict::columns(["org_id", "number"]).do_nothing().to_owned());
            execute(tx, NAME, &insert).await
        })
    })
    .await?;
    list_keys(db, org).await
}

async fn list_keys(db: &Db, org: OrgScope) -> Result<Vec<(i32, Vec<u8>)>> {
    const NAME: &str = "auth.list_keys";
    let mut select = org.select("auth_keys");
    select.columns(["number", "secret"]).order_by("number", Order::Asc);
    let rows = db.read().query_all(&select).await.map_err(named(NAME))?;
    let keys = rows.iter().map(|found| Ok((row(found, "number")?, row(found, "secret")?)));
    keys.collect::<Result<_, DbErr>>().map_err(named(NAME))
}

pub(crate) async fn insert_link(
    tx: &Tx,
    org: OrgScope,
    id: Uuid,
    secret_hash: Vec<u8>,
    now_ms: i64,
    expires_at_ms: i64,
) -> Result<()> {
    let mut insert = org.insert("auth_owner_links", &["id", "secret_hash", "created_at_ms", "expires_at_ms"]);
    insert.values_panic(org.values([id.into(), secret_hash.into(), now_ms.into(), expires_at_ms.into()]));
    execute(tx, "auth.insert_link", &insert).await?;
    Ok(())
}

/// Removes links that were used or can be used no more.
pub(crate) async fn delete_spent_links(tx: &Tx, org: OrgScope, now_ms: i64) -> Result<()> {
    let mut delete = org.delete("auth_owner_links");
    delete.and_where(Expr::col("used_at_ms").is_not_null().or(Expr::col("expires_at_ms").lte(now_ms)));
    execute(tx, "auth.delete_spent_links", &delete).await?;
    Ok(())
}

/// An unused link.
pub(crate) async fn find_link(tx: &Tx, org: OrgScope, id: Uuid) -> Result<Option<StoredLink>> {
    const NAME: &str = "auth.find_link";
    let mut select = org.select("auth_owner_links");
    select
        .columns(["secret_hash", "expires_at_ms"])
        .and_where(Expr::col("id").eq(id))
        .and_where(Expr::col("used_at_ms").is_null());
    let found = tx.query_one(&select).await.map_err(named(NAME))?;
    let link = |found: QueryResult| {
        Ok(StoredLink { secret_hash: row(&found, "secret_hash")?, expires_at_ms: row(&found, "expires_at_ms")? })
    };
    found.map(link).transpose().map_err(named(NAME))
}

/// Marks a link used; false if somebody was faster.
pub(crate) async fn use_link(tx: &Tx, org: OrgScope, id: Uuid, now_ms: i64) -> Result<bool> {
    let mut update = org.update("auth_owner_links");
    update.value("used_at_ms", now_ms).and_where(Expr::col("id").eq(id)).and_where(Expr::col("used_at_ms").is_null());
    Ok(execute(tx, "auth.use_link", &update).await? == 1)
}

pub(crate) async fn insert_session(tx: &Tx, org: OrgScope, stored: &StoredSession) -> Result<()> {
    let StoredSession { session, secret_hash } = stored;
    let mut insert = org.insert("auth_owner_sessions", &SESSION_COLUMNS);
    insert.values_panic(org.values([
        session.id.uuid().into(),
        session.person_id.uuid().into(),
        session.client.clone().into(),
        session.created_at_ms.into(),
        session.seen_at_ms.into(),
        session.expires_at_ms.into(),
        secret_hash.clone().into(),
    ]));
    execute(tx, "auth.insert_session", &insert).await?;
    Ok(())
}

/// A sign-in that nobody ended; it may have run out.
pub(crate) async fn find_session(db: &Db, org: OrgScope, id: OwnerSessionId) -> Result<Option<StoredSession>> {
    const NAME: &str = "auth.find_session";
    let mut select = org.select("auth_owner_sessions");
    select
        .columns(SESSION_COLUMNS)
        .and_where(Expr::col("id").eq(id.uuid()))
        .and_where(Expr::col("ended_at_ms").is_null());
    let found = db.read().query_one(&select).await.map_err(named(NAME))?;
    found.map(|found| session(&found)).transpose().map_err(named(NAME))
}

/// The sign-ins that nobody ended, the newest first; at most 200.
pub(crate) async fn list_sessions(db: &Db, org: OrgScope, now_ms: i64) -> Result<Vec<StoredSession>> {
    const NAME: &str = "auth.list_sessions";
    let mut select = org.select("auth_owner_sessions");
    select
        .columns(SESSION_COLUMNS)
        .and_where(Expr::col("ended_at_ms").is_null())
        .and_where(Expr::col("expires_at_ms").gt(now_ms))
        .order_by("id", Order::Desc)
        .limit(200);
    let rows = db.read().query_all(&select).await.map_err(named(NAME))?;
    rows.iter().map(session).collect::<Result<_, DbErr>>().map_err(named(NAME))
}

/// Notes that a sign-in is in use.
pub(crate) async fn touch_session(db: &Db, org: OrgScope, id: OwnerSessionId, now_ms: i64) -> Result<()> {
    const NAME: &str = "auth.touch_session";
    db.write(NAME, move |tx| {
        Box::pin(async move {
            let mut update = org.update("auth_owner_sessions");
            update.value("seen_at_ms", now_ms).and_where(Expr::col("id").eq(id.uuid()));
            execute(tx, NAME, &update).await
        })
    })
    .await?;
    Ok(())
}

/// Ends a sign-in; false if there is none.
pub(crate) async fn end_session(db: &Db, org: OrgScope, id: OwnerSessionId, now_ms: i64) -> Result<bool> {
    const NAME: &str = "auth.end_session";
    let ended = db.write(NAME, move |tx| {
        Box::pin(async move {
            let mut update = org.update("auth_owner_sessions");
            update
                .value("ended_at_ms", now_ms)
                .and_where(Expr::col("id").eq(id.uuid()))
                .and_where(Expr::col("ended_at_ms").is_null());
            execute(tx, NAME, &update).await
        })
    });
    Ok(ended.await? == 1)
}

fn session(found: &QueryResult) -> Result<StoredSession, DbErr> {
    Ok(StoredSession {
        session: OwnerSession {
            id: OwnerSessionId::new(row(found, "id")?),
            person_id: PersonId::new(row(found, "person_id")?),
            client: row(found, "client")?,
            created_at_ms: row(found, "created_at_ms")?,
            seen_at_ms: row(found, "seen_at_ms")?,
            expires_at_ms: row(found, "expires_at_ms")?,
        },
        secret_hash: row(found, "secret_hash")?,
    })
}

async fn execute(tx: &Tx, name: &'static str, statement: &impl sea_orm::StatementBuilder) -> Result<u64> {
    tx.execute(statement).await.map(|done| done.rows_affected()).map_err(named(name))
}

fn named(operation: &'static str) -> impl Fn(DbErr) -> Error {
    move |source| Error::statement(operation, source)
}
