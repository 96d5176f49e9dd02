//! Databases to throw away, and the macro that runs one test on both kinds.

use std::future::Future;

use anyhow::{Context as _, Result, bail};
use botserver_db::{ConnectionTrait as _, Db, DbUrl, Migration};
use botserver_kernel::{IdSource as _, RandomIds};

/// Where the tests find a PostgreSQL server.
const VARIABLE: &str = "TEST_POSTGRES_URL";
/// When test migrations ran.
const NOW_MS: i64 = 1_767_323_045_000;

/// Runs a test on a fresh SQLite file.
pub fn on_sqlite<F: Future<Output = ()>>(migrations: &[Migration], test: impl FnOnce(Db) -> F) -> Result<()> {
    let folder = tempfile::tempdir()?;
    block_on(async {
        let db = Db::connect(&DbUrl::Sqlite(folder.path().join("test.db"))).await?;
        db.migrate(migrations, NOW_MS).await?;
        test(db.clone()).await;
        db.close().await;
        Ok(())
    })
}

/// Runs a test in a fresh schema of the PostgreSQL server that `TEST_POSTGRES_URL` names.
///
/// Without a server the test fails: a test that is skipped where nobody looks is none.
pub fn on_postgres<F: Future<Output = ()>>(migrations: &[Migration], test: impl FnOnce(Db) -> F) -> Result<()> {
    let Some(server) = std::env::var_os(VARIABLE).and_then(|url| url.into_string().ok()) else {
        bail!(
            "{VARIABLE} is not set: run `make test`, or `cargo xtask postgres` in another terminal and set what it \
             prints, or `cargo xtask postgres -- cargo nextest run …`"
        );
    };
    let schema = format!("test_{}", RandomIds.next_uuid().simple());
    let separator = if server.contains('?') { '&' } else { '?' };
    let url = DbUrl::parse(&format!("{server}{separator}schema={schema}"))?;
    block_on(async {
        let db = Db::connect(&url).await.context("is the server that TEST_POSTGRES_URL names running?")?;
        db.migrate(migrations, NOW_MS).await?;
        test(db.clone()).await;
        db.close().await;
        // A connection of our own, for the test may have closed the other.
        let cleaner = Db::connect(&DbUrl::parse(&server)?).await?;
        cleaner.read().execute_unprepared(&format!("DROP SCHEMA \"{schema}\" CASCADE")).await?;
        cleaner.close().await;
        Ok(())
    })
}

fn block_on<T>(test: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(test)
}

/// Each `async fn name(db: Db) { … }` becomes two tests, `name::sqlite` and `name::postgres`, each on a
/// database of its own with the given migrations.
///
/// ```text
/// db_tests! {
///     migrations: crate::MIGRATIONS;
///
///     async fn a_note_is_found(db: Db) { … }
/// }
/// ```
#[macro_export]
macro_rules! db_tests {
    (migrations: $migrations:expr; $($(#[$attribute:meta])* async fn $name:ident($db:ident: $type:ty) $body:block)+) => {
        $(
            async fn $name($db: $type) $body

            mod $name {
                use super::*;

                $(#[$attribute])*
                #[test]
                fn sqlite() -> ::std::result::Result<(), impl ::std::fmt::Debug> {
                    $crate::on_sqlite(&$migrations, $name)
                }

                $(#[$attribute])*
                #[test]
                fn postgres() -> ::std::result::Result<(), impl ::std::fmt::Debug> {
                    $crate::on_postgres(&$migrations, $name)
                }
            }
        )+
    };
}
