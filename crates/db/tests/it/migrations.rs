//! Migrations: fresh, again, newer, failing, and the copy that is made before.

use botserver_db::{ConnectionTrait as _, Db, Error, Migration};
use botserver_testkit::db_tests;

use crate::notes::{MIGRATIONS, texts, write};

const NONE: [Migration; 0] = [];
const LATER_MS: i64 = 1_800_000_000_000;

const MORE: Migration = Migration {
    domain: "notes",
    number: 2,
    name: "colours",
    up: |schema| schema.sql("ALTER TABLE notes ADD COLUMN colour varchar(20) DEFAULT 'red' NOT NULL"),
};

const BROKEN: Migration = Migration {
    domain: "other",
    number: 1,
    name: "broken",
    up: |schema| {
        schema.sql("CREATE TABLE other (id integer)");
        schema.sql("INSERT INTO other VALUES (1)");
        schema.sql("CREATE TABLE other (id integer)");
    },
};

async fn history(db: &Db) -> Vec<(String, i32)> {
    let mut query = sea_query::Query::select();
    query.columns(["domain", "number"]).from("schema_migrations").order_by("applied_at_ms", sea_query::Order::Asc);
    query.order_by("domain", sea_query::Order::Asc).order_by("number", sea_query::Order::Asc);
    let rows = db.read().query_all(&query).await.unwrap();
    rows.iter().map(|row| (row.try_get("", "domain").unwrap(), row.try_get("", "number").unwrap())).collect()
}

db_tests! {
    migrations: NONE;

    async fn a_fresh_database_gets_everything_once(db: Db) {
        let first = db.migrate(&[MIGRATIONS[0], MORE], LATER_MS).await.unwrap();
        assert_eq!(first.applied, ["notes/1 notes", "notes/2 colours"]);
        assert_eq!(first.copy, None, "there was nothing to copy");
        write(&db, "a").await.unwrap();
        let second = db.migrate(&[MIGRATIONS[0], MORE], LATER_MS).await.unwrap();
        assert!(second.applied.is_empty() && second.copy.is_none(), "{second:?}");
        assert_eq!(texts(&db).await, ["a"]);
        assert_eq!(history(&db).await, [("notes".to_owned(), 1), ("notes".to_owned(), 2)]);
    }

    async fn old_rows_survive_a_later_migration(db: Db) {
        db.migrate(&MIGRATIONS, LATER_MS).await.unwrap();
        write(&db, "old").await.unwrap();
        db.migrate(&[MIGRATIONS[0], MORE], LATER_MS).await.unwrap();
        let row = db.read().query_one(sea_query::Query::select().columns(["text", "colour"]).from("notes")).await.unwrap().unwrap();
        assert_eq!(row.try_get::<String>("", "text").unwrap(), "old");
        assert_eq!(row.try_get::<String>("", "colour").unwrap(), "red");
    }

    async fn a_newer_database_is_refused_and_left_alone(db: Db) {
        db.migrate(&[MIGRATIONS[0], MORE], LATER_MS).await.unwrap();
        let refusal = db.migrate(&[MIGRATIONS[0], BROKEN], LATER_MS).await.unwrap_err();
        assert!(matches!(&refusal, Error::Newer { domain, number: 2 } if domain == "notes"), "{refusal:?}");
        assert!(refusal.to_string().contains("start that release"), "{refusal}");
        assert_eq!(history(&db).await.len(), 2);
    }

    async fn a_failed_migration_leaves_nothing(db: Db) {
        let failure = db.migrate(&[MIGRATIONS[0], BROKEN, MORE], LATER_MS).await.unwrap_err();
        assert!(matches!(failure, Error::Migration { domain: "other", number: 1, .. }), "{failure:?}");
        assert_eq!(history(&db).await, [("notes".to_owned(), 1)], "what came before it stands");
        let other = sea_query::Query::select().column("id").from("other").to_owned();
        assert!(db.read().query_all(&other).await.is_err(), "its table is still there");
        write(&db, "the database goes on").await.unwrap();
        let repaired = Migration { up: |schema| schema.sql("CREATE TABLE other (id integer)"), ..BROKEN };
        db.migrate(&[MIGRATIONS[0], repaired, MORE], LATER_MS).await.unwrap();
        assert!(db.read().query_all(&other).await.unwrap().is_empty());
    }

    async fn wrong_numbers_are_refused_before_anything_runs(db: Db) {
        for migrations in [vec![MORE], vec![MIGRATIONS[0], MIGRATIONS[0]], vec![MORE, MIGRATIONS[0]]] {
            let refusal = db.migrate(&migrations, LATER_MS).await.unwrap_err();
            assert!(matches!(refusal, Error::Numbering { domain: "notes", .. }), "{refusal:?}");
        }
        assert!(history(&db).await.is_empty());
    }

    async fn two_servers_that_start_at_once_migrate_once(db: Db) {
        let both = [MIGRATIONS[0], MORE];
        // On SQLite the lock of the data folder keeps a second server out; there they come in turn.
        let (one, two) = if db.dialect() == botserver_db::Dialect::Postgres {
            let other = Db::connect(db.url()).await.unwrap();
            let outcomes = tokio::join!(db.migrate(&both, LATER_MS), other.migrate(&both, LATER_MS));
            other.close().await;
            outcomes
        } else {
            (db.migrate(&both, LATER_MS).await, db.migrate(&both, LATER_MS).await)
        };
        let mut applied = [one.unwrap().applied.len(), two.unwrap().applied.len()];
        applied.sort_unstable();
        assert_eq!(applied, [0, 2]);
    }
}

#[test]
fn a_sqlite_file_with_tables_is_copied_first() -> anyhow::Result<()> {
    botserver_testkit::on_sqlite(&MIGRATIONS, async |db| {
        write(&db, "precious").await.unwrap();
        let report = db.migrate(&[MIGRATIONS[0], MORE], LATER_MS).await.unwrap();
        let copy = report.copy.expect("no copy was made");
        assert_eq!(copy.file_name().unwrap(), "test.before-1800000000000.db");
        let before = Db::connect(&botserver_db::DbUrl::Sqlite(copy)).await.unwrap();
        assert_eq!(texts(&before).await, ["precious"]);
        assert_eq!(history(&before).await, [("notes".to_owned(), 1)], "the copy is from before");
        before.close().await;
    })
}
