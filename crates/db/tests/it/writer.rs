//! The group-commit writer: what is answered is committed, and one job's failure is its own.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use botserver_db::{ConnectionTrait as _, Db, Dialect, Error};
use botserver_kernel::Fault as _;
use botserver_testkit::db_tests;
use futures_util::{FutureExt as _, future::join_all};
use sea_query::Query;
use tokio::sync::oneshot;

use crate::notes::{MIGRATIONS, insert, texts, write};

/// An error of a caller, as a domain has one.
#[derive(Debug, thiserror::Error)]
enum NoteError {
    #[error("the note is empty")]
    Empty,
    #[error("storage")]
    Db(#[from] Error),
}

/// Keeps every worker busy until the guard is sent to, so that what is written meanwhile shares batches.
async fn hold(db: &Db) -> Vec<oneshot::Sender<()>> {
    let workers = if db.dialect() == Dialect::Sqlite { 1 } else { 4 };
    let mut holders = Vec::new();
    for _ in 0..workers {
        let (started, has_started) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        let db = db.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends when its guard is sent to or dropped")]
        tokio::spawn(async move {
            db.write::<_, Error, _>("hold", |_| {
                Box::pin(async move {
                    let _ = started.send(());
                    let _ = released.await;
                    Ok(())
                })
            })
            .await
        });
        has_started.await.unwrap();
        holders.push(release);
    }
    holders
}

/// Queues the writes in order while the workers are held, then lets them go.
async fn together<T>(db: &Db, writes: Vec<impl Future<Output = T>>) -> Vec<T> {
    let holders = hold(db).await;
    let mut writes: Vec<_> = writes.into_iter().map(Box::pin).collect();
    for write in &mut writes {
        assert!(write.now_or_never().is_none(), "the workers are held, so no write can have ended");
    }
    drop(holders);
    join_all(writes).await
}

db_tests! {
    migrations: MIGRATIONS;

    async fn what_is_answered_is_seen_by_readers(db: Db) {
        for number in 0..20 {
            let text = format!("note {number:02}");
            write(&db, text.clone()).await.unwrap();
            assert!(texts(&db).await.contains(&text));
        }
    }

    async fn many_writes_at_once_all_stand(db: Db) {
        let outcomes = join_all((0..500).map(|number| write(&db, format!("note {number:03}")))).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(texts(&db).await, (0..500).map(|number| format!("note {number:03}")).collect::<Vec<_>>());
    }

    async fn waiting_writes_share_one_transaction(db: Db) {
        let transaction = async || {
            db.write("notes.transaction", |tx| Box::pin(async move {
                // SQLite has no transaction numbers; there the other batch tests speak for it.
                let mut query = Query::select();
                match tx.get_database_backend() {
                    sea_orm::DbBackend::Postgres => query.expr_as(sea_query::Expr::cust("pg_current_xact_id()::text"), "xid"),
                    _ => query.expr_as("1", "xid"),
                };
                let row = tx.query_one(&query).await.map_err(|source| Error::statement("xid", source))?;
                Ok::<_, Error>(row.unwrap().try_get::<String>("", "xid").unwrap())
            }))
            .await
            .unwrap()
        };
        let mut ids = together(&db, (0..60).map(|_| transaction()).collect()).await;
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 1, "60 waiting jobs fit one batch");
    }

    async fn one_failing_write_leaves_the_others(db: Db) {
        let save = async |text: &'static str| {
            db.write("notes.save", move |tx| Box::pin(async move {
                insert(tx, &format!("{text} first half")).await.map_err(|source| Error::statement("save", source))?;
                if text.is_empty() { Err(NoteError::Empty) } else { Ok(text.len()) }
            }))
            .await
        };
        let outcomes = together(&db, vec![save("a"), save(""), save("bb")]).await;
        assert!(matches!(outcomes.as_slice(), [Ok(1), Err(NoteError::Empty), Ok(2)]), "{outcomes:?}");
        assert_eq!(texts(&db).await, ["a first half", "bb first half"]);
        assert!(matches!(save("").await, Err(NoteError::Empty)), "also when it is alone");
        assert_eq!(texts(&db).await.len(), 2);
    }

    async fn the_same_key_twice_is_told_apart(db: Db) {
        write(&db, "a").await.unwrap();
        let alone = write(&db, "a").await.unwrap_err();
        assert!(matches!(alone, Error::Duplicate { operation: "notes.insert" }), "{alone:?}");
        assert_eq!(alone.kind(), botserver_kernel::ErrorKind::Conflict);
        let outcomes = together(&db, vec![write(&db, "b"), write(&db, "a"), write(&db, "c")]).await;
        assert!(matches!(outcomes.as_slice(), [Ok(()), Err(Error::Duplicate { .. }), Ok(())]), "{outcomes:?}");
        assert_eq!(texts(&db).await, ["a", "b", "c"]);
    }

    /// SQLite goes on after a failed statement and PostgreSQL does not; on neither is a lost write answered `Ok`.
    async fn a_hidden_error_never_loses_an_answered_write(db: Db) {
        write(&db, "taken").await.unwrap();
        let careless = async |text: &'static str| {
            db.write::<_, Error, _>("careless", move |tx| Box::pin(async move {
                insert(tx, text).await.unwrap();
                assert!(insert(tx, "taken").await.is_err());
                Ok(())
            }))
            .await
        };
        let mut kept = vec!["taken".to_owned()];
        let mut note = |text: &str, outcome: &Result<(), Error>| {
            if outcome.is_ok() {
                kept.push(text.to_owned());
            }
        };
        note("a", &careless("a").await);
        for (text, outcome) in ["b", "c"].iter().zip(together(&db, vec![careless("b"), careless("c")]).await) {
            note(text, &outcome);
        }
        let sound = together(&db, vec![write(&db, "d").boxed(), careless("e").boxed(), write(&db, "f").boxed()]).await;
        for (text, outcome) in ["d", "e", "f"].iter().zip(&sound) {
            note(text, outcome);
        }
        assert!(sound[0].is_ok() && sound[2].is_ok(), "{sound:?}");
        assert_eq!(texts(&db).await, { kept.sort(); kept });
    }

    async fn a_panic_ends_one_write_only(db: Db) {
        let broken = async || {
            db.write::<(), Error, _>("broken", |tx| Box::pin(async move {
                insert(tx, "half").await.unwrap();
                panic!("a mistake in a store")
            }))
            .await
        };
        for _ in 0..5 {
            let outcome = broken().await;
            assert!(matches!(outcome, Err(Error::Panicked { operation: "broken" })), "{outcome:?}");
        }
        let outcomes = together(&db, vec![write(&db, "a").boxed(), broken().boxed(), write(&db, "b").boxed()]).await;
        assert!(matches!(outcomes.as_slice(), [Ok(()), Err(Error::Panicked { .. }), Ok(())]), "{outcomes:?}");
        assert_eq!(texts(&db).await, ["a", "b"]);
    }

    async fn a_write_stands_although_its_caller_has_gone(db: Db) {
        let holders = hold(&db).await;
        assert!(Box::pin(write(&db, "orphan")).now_or_never().is_none());
        drop(holders);
        // Nobody is told when it is committed, and on PostgreSQL workers are side by side.
        while texts(&db).await != ["orphan"] {
            tokio::task::yield_now().await;
        }
    }

    async fn closing_finishes_what_is_queued_and_refuses_more(db: Db) {
        let done = Arc::new(AtomicUsize::new(0));
        let holders = hold(&db).await;
        let mut writes: Vec<_> = (0..100)
            .map(|number| {
                let (db, done) = (db.clone(), done.clone());
                Box::pin(async move {
                    write(&db, format!("note {number}")).await?;
                    done.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, Error>(())
                })
            })
            .collect();
        for write in &mut writes {
            assert!(write.now_or_never().is_none());
        }
        drop(holders);
        let (outcomes, ()) = tokio::join!(join_all(writes), db.close());
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        assert_eq!(done.load(Ordering::SeqCst), 100);
        assert!(matches!(write(&db, "too late").await, Err(Error::Stopped)));
    }
}

#[test]
fn readers_of_sqlite_cannot_write() -> anyhow::Result<()> {
    botserver_testkit::on_sqlite(&MIGRATIONS, async |db| {
        let refused = db.read().execute_unprepared("DELETE FROM notes").await;
        assert!(refused.unwrap_err().to_string().contains("readonly"));
    })
}
