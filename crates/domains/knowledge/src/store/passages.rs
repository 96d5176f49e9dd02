//! Passages in SQL: what the index can be made of at any time.

use std::collections::HashMap;

use botserver_db::{ConnectionTrait, OrgScope, QueryResult, Tx, row};
use botserver_kernel::OrgId;
use sea_orm::DbErr;
use sea_query::{Cond, Expr, ExprTrait, Order};
use uuid::Uuid;

use super::{PASSAGES, ROWS, clean};
use crate::{DocumentId, Error, Passage, Result};

const COLUMNS: [&str; 9] =
    ["document_id", "revision", "number", "place", "page", "sheet", "table_row", "text", "tokens"];

fn read(found: &QueryResult) -> Result<Passage, DbErr> {
    let number = |column| Ok::<_, DbErr>(row::<Option<i32>>(found, column)?.map(i32::unsigned_abs));
    Ok(Passage {
        number: row::<i32>(found, "number")?.unsigned_abs(),
        place: row(found, "place")?,
        page: number("page")?,
        sheet: row(found, "sheet")?,
        row: number("table_row")?,
        text: row(found, "text")?,
        tokens: row::<i32>(found, "tokens")?.unsigned_abs(),
    })
}

/// How many passages go into one write, so that each is short.
pub(crate) const PER_WRITE: usize = ROWS;

pub(crate) async fn insert(
    tx: &Tx,
    org_id: OrgId,
    document: DocumentId,
    revision: i64,
    passages: &[Passage],
) -> Result<(), DbErr> {
    let scope = OrgScope(org_id);
    for part in passages.chunks(ROWS) {
        let mut insert = scope.insert(PASSAGES, &COLUMNS);
        for own in part {
            let number = |number: Option<u32>| number.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
            insert.values_panic(scope.values([
                document.uuid().into(),
                revision.into(),
                (own.number as i32).into(),
                clean(&own.place).into(),
                number(own.page).into(),
                own.sheet.as_deref().map(clean).into(),
                number(own.row).into(),
                clean(&own.text).into(),
                (own.tokens as i32).into(),
            ]));
        }
        tx.execute(&insert).await?;
    }
    Ok(())
}

/// Removes those of one content, or of all but one.
pub(crate) async fn delete_revision(
    tx: &Tx,
    org_id: OrgId,
    document: DocumentId,
    revision: i64,
    others: bool,
) -> Result<(), DbErr> {
    let mut delete = OrgScope(org_id).delete(PASSAGES);
    let column = Expr::col("revision");
    delete.and_where(Expr::col("document_id").eq(document.uuid())).and_where(if others {
        column.ne(revision)
    } else {
        column.eq(revision)
    });
    tx.execute(&delete).await.map(drop)
}

/// Removes those of documents that are gone.
pub(crate) async fn delete_all(tx: &Tx, org_id: OrgId, documents: &[DocumentId]) -> Result<(), DbErr> {
    let mut delete = OrgScope(org_id).delete(PASSAGES);
    delete.and_where(Expr::col("document_id").is_in(super::uuids(documents)));
    tx.execute(&delete).await.map(drop)
}

/// The passages of one content, in order, from a number on.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    document: DocumentId,
    revision: i64,
    from: u32,
    limit: u64,
) -> Result<Vec<Passage>> {
    let failed = || Error::statement("reading passages");
    let mut select = OrgScope(org_id).select(PASSAGES);
    select
        .columns(COLUMNS)
        .and_where(Expr::col("document_id").eq(document.uuid()))
        .and_where(Expr::col("revision").eq(revision))
        .and_where(Expr::col("number").gte(i32::try_from(from).unwrap_or(i32::MAX)))
        .order_by("number", Order::Asc)
        .limit(limit);
    let rows = connection.query_all(&select).await.map_err(failed())?;
    rows.iter().map(read).collect::<Result<_, DbErr>>().map_err(failed())
}

/// Single passages, by document and number.
pub(crate) async fn these(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    wanted: &[(DocumentId, i64, u32)],
) -> Result<HashMap<(Uuid, u32), Passage>> {
    let failed = || Error::statement("reading passages");
    let mut found = HashMap::new();
    for part in wanted.chunks(ROWS) {
        let mut any = Cond::any();
        for (document, revision, number) in part {
            any = any.add(
                Cond::all()
                    .add(Expr::col("document_id").eq(document.uuid()))
                    .add(Expr::col("revision").eq(*revision))
                    .add(Expr::col("number").eq(i32::try_from(*number).unwrap_or(i32::MAX))),
            );
        }
        let mut select = OrgScope(org_id).select(PASSAGES);
        select.columns(COLUMNS).cond_where(any);
        for own in connection.query_all(&select).await.map_err(failed())? {
            let document: Uuid = row(&own, "document_id").map_err(failed())?;
            let passage = read(&own).map_err(failed())?;
            found.insert((document, passage.number), passage);
        }
    }
    Ok(found)
}
