//! Looking from outside: the history of any database.

use botserver_db::{Db, DbUrl, Error, Migration};
use botserver_testkit::db_tests;

use crate::notes::MIGRATIONS;

const NONE: [Migration; 0] = [];
const LATER_MS: i64 = 1_800_000_000_000;

db_tests! {
    migrations: NONE;

    async fn the_history_is_read_without_changing_anything(db: Db) {
        // The helper of the tests has made the table; nothing has run.
        assert_eq!(db.history().await.unwrap(), []);
        db.migrate(&MIGRATIONS, LATER_MS).await.unwrap();
        let applied = db.check_history(&MIGRATIONS).await.unwrap();
        assert_eq!(applied.len(), 1);
        assert_eq!((&*applied[0].domain, applied[0].number, &*applied[0].name), ("notes", 1, "notes"));
        let newer = db.check_history(&NONE).await.unwrap_err();
        assert!(matches!(&newer, Error::Newer { domain, number: 1 } if domain == "notes"), "{newer:?}");
    }
}

#[tokio::test]
async fn a_file_that_no_server_has_opened_has_no_history() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::connect(&DbUrl::Sqlite(folder.path().join("new.db"))).await.unwrap();
    assert_eq!(db.history().await.unwrap(), []);
    db.close().await;
}
