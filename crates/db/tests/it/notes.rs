//! A table to test with, and the few statements on it.

use botserver_db::{ConnectionTrait, Db, Error, Migration, Result, Tx};
use sea_orm::DbErr;
use sea_query::{Expr, Query};
use uuid::Uuid;

/// One table: an organisation, a text that is there once, and a number.
pub(crate) const MIGRATIONS: [Migration; 1] = [Migration {
    domain: "notes",
    number: 1,
    name: "notes",
    up: |schema| {
        schema
            .sql("CREATE TABLE notes (org_id uuid NOT NULL, text varchar(200) NOT NULL UNIQUE, size integer NOT NULL)");
    },
}];

/// Inserts a row; its size is the length of the text.
pub(crate) async fn insert(tx: &Tx, text: &str) -> Result<(), DbErr> {
    let mut statement = Query::insert();
    statement.into_table("notes").columns(["org_id", "text", "size"]).values_panic([
        Expr::value(Uuid::nil()),
        Expr::value(text),
        Expr::value(text.len() as i32),
    ]);
    tx.execute(&statement).await.map(|_| ())
}

/// Writes a row through the writer.
pub(crate) async fn write(db: &Db, text: impl Into<String>) -> Result<()> {
    let text = text.into();
    db.write("notes.insert", move |tx| {
        Box::pin(async move { insert(tx, &text).await.map_err(|source| Error::statement("notes.insert", source)) })
    })
    .await
}

/// All texts, sorted.
pub(crate) async fn texts(db: &Db) -> Vec<String> {
    let rows = db.read().query_all(Query::select().column("text").from("notes")).await.unwrap();
    let mut texts: Vec<String> = rows.iter().map(|row| row.try_get("", "text").unwrap()).collect();
    texts.sort();
    texts
}
