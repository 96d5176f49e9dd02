//! What a commit waits for, as the databases themselves tell it.

use botserver_db::{ConnectionTrait as _, Db, Dialect, Durability, Error, row};
use botserver_testkit::db_tests;
use sea_orm::Statement;

use crate::notes::{self, MIGRATIONS};

/// The setting of the connection that writes.
async fn waits_for(db: &Db) -> String {
    let dialect = db.dialect();
    db.write::<_, Error, _>("durability.ask", move |tx| {
        Box::pin(async move {
            let (question, column) = match dialect {
                Dialect::Sqlite => ("PRAGMA synchronous", "synchronous"),
                Dialect::Postgres => ("SHOW synchronous_commit", "synchronous_commit"),
            };
            let statement = Statement::from_string(tx.get_database_backend(), question);
            let asked = |source| Error::statement("durability.ask", source);
            let found = tx.query_one_raw(statement).await.map_err(asked)?.unwrap();
            Ok(match dialect {
                Dialect::Sqlite => row::<i32>(&found, column).map_err(asked)?.to_string(),
                Dialect::Postgres => row(&found, column).map_err(asked)?,
            })
        })
    })
    .await
    .unwrap()
}

db_tests! {
    migrations: MIGRATIONS;

    async fn a_commit_waits_for_the_disk_unless_told_otherwise(db: Db) {
        let sqlite = db.dialect() == Dialect::Sqlite;
        assert_eq!(waits_for(&db).await, if sqlite { "2" } else { "on" });

        let hasty = Db::connect_with(db.url(), Durability::Off).await.unwrap();
        assert_eq!(waits_for(&hasty).await, if sqlite { "0" } else { "off" });
        notes::write(&hasty, "quick").await.unwrap();
        hasty.close().await;
        assert_eq!(notes::texts(&db).await, ["quick"]);
    }
}
