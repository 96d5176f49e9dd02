//! The rows of the last problems. Knows nothing of the log.

use botserver_db::{ConnectionTrait as _, Db, Error, Migration, OrgScope, Result, Schema, Tx, row};
use botserver_kernel::{OrgId, Timestamp};
use sea_orm::DbErr;
use sea_query::{Alias, ColumnDef, Expr, ExprTrait, Index, Order, Table};

use super::{KEPT, Problem};

/// The table, and the name of its write in the log: what the log says about it is not kept in turn.
pub(super) const TABLE: &str = "system_problems";
const COLUMNS: [&str; 7] = ["id", "at_ms", "level", "source", "message", "bot", "reference"];

/// In order; append only.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { domain: "system", number: 1, name: "problems", up: problems }];

fn problems(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table(Alias::new(TABLE))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("at_ms").big_integer().not_null())
            .col(ColumnDef::new("level").string_len(10).not_null())
            .col(ColumnDef::new("source").text().not_null())
            .col(ColumnDef::new("message").text().not_null())
            .col(ColumnDef::new("bot").text())
            .col(ColumnDef::new("reference").text()),
    );
    schema.index(
        Index::create().name("system_problems_of_org").table(Alias::new(TABLE)).col("org_id").col("at_ms").col("id"),
    );
}

/// Adds some, in the order in which they happened, and removes what is no longer among the last.
pub(super) async fn add(db: &Db, org_id: OrgId, added: Vec<Problem>) -> Result<()> {
    db.write(TABLE, move |tx| Box::pin(async move { insert(tx, org_id, added).await.map_err(named) })).await
}

async fn insert(tx: &Tx, org_id: OrgId, added: Vec<Problem>) -> Result<(), DbErr> {
    let scope = OrgScope(org_id);
    let mut insert = scope.insert(TABLE, &COLUMNS);
    // PostgreSQL cannot store a zero character.
    let plain = |text: String| text.replace('\0', "");
    for problem in added {
        insert.values_panic(scope.values([
            problem.id.into(),
            problem.at_ms.into(),
            problem.level.into(),
            plain(problem.source).into(),
            plain(problem.message).into(),
            problem.bot.map(plain).into(),
            problem.reference.map(plain).into(),
        ]));
    }
    tx.execute(&insert).await?;
    let mut last = scope.select(TABLE);
    last.column("id").order_by("at_ms", Order::Desc).order_by("id", Order::Desc).limit(KEPT as u64);
    tx.execute(scope.delete(TABLE).and_where(Expr::col("id").not_in_subquery(last))).await.map(drop)
}

/// The last ones, the oldest first.
pub(super) async fn last(db: &Db, org_id: OrgId) -> Result<Vec<Problem>> {
    let mut select = OrgScope(org_id).select(TABLE);
    select.columns(COLUMNS).order_by("at_ms", Order::Desc).order_by("id", Order::Desc).limit(KEPT as u64);
    let rows = db.read().query_all(&select).await.map_err(named)?;
    let read = |found| {
        let at_ms = row(found, "at_ms")?;
        Ok(Problem {
            id: row(found, "id")?,
            at: Timestamp::from_millisecond(at_ms).map_or_else(|_| String::new(), |at| at.to_string()),
            at_ms,
            level: if row::<String>(found, "level")? == "error" { "error" } else { "warning" },
            source: row(found, "source")?,
            message: row(found, "message")?,
            bot: row(found, "bot")?,
            reference: row(found, "reference")?,
        })
    };
    rows.iter().rev().map(read).collect::<Result<_, DbErr>>().map_err(named)
}

fn named(source: DbErr) -> Error {
    Error::Statement { operation: TABLE, source }
}

#[cfg(test)]
mod tests {
    use botserver_kernel::{IdSource as _, RandomIds};
    use botserver_testkit::db_tests;

    use super::*;

    fn problem(number: i64) -> Problem {
        Problem {
            id: RandomIds.next_uuid(),
            at: Timestamp::from_millisecond(number).expect("a time").to_string(),
            at_ms: number,
            level: if number % 2 == 0 { "error" } else { "warning" },
            source: "shop.gbdialog/pay.bas:3".to_owned(),
            message: format!("It went wrong\0 {number} times."),
            bot: (number % 2 == 0).then(|| "shop".to_owned()),
            reference: (number % 2 == 0).then(|| format!("ref{number}")),
        }
    }

    db_tests! {
        migrations: MIGRATIONS;

        async fn the_last_two_hundred_of_each_organisation_stay(db: Db) {
            let (ours, theirs) = (OrgId::new(RandomIds.next_uuid()), OrgId::new(RandomIds.next_uuid()));
            add(&db, theirs, vec![problem(0)]).await.expect("kept");
            for part in (1..=250).collect::<Vec<_>>().chunks(60) {
                add(&db, ours, part.iter().copied().map(problem).collect()).await.expect("kept");
            }
            let kept = last(&db, ours).await.expect("read");
            assert_eq!(kept.iter().map(|own| own.at_ms).collect::<Vec<_>>(), (51..=250).collect::<Vec<_>>());
            let newest = &kept[199];
            assert_eq!((newest.level, newest.bot.as_deref()), ("error", Some("shop")));
            assert_eq!(newest.reference.as_deref(), Some("ref250"));
            assert_eq!(newest.message, "It went wrong 250 times.");
            assert_eq!(newest.at, problem(250).at);
            assert_eq!(last(&db, theirs).await.expect("read").len(), 1);
        }
    }
}
