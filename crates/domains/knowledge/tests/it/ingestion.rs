//! The stages of a document: failures, repetition, cancelling, and a process that dies in each of them.

use std::{sync::atomic::Ordering, time::Duration};

use botserver_db::Db;
use botserver_knowledge::{Error, MIGRATIONS};
use botserver_ports::ExtractError;
use botserver_testkit::db_tests;
use tokio_util::sync::CancellationToken;

use crate::world::{World, owner};

db_tests! {
    migrations: MIGRATIONS;

    async fn a_failure_has_a_reason_and_can_be_tried_again(db: Db) {
        let world = World::new(db).await;
        world.put("a.md", "Fine.");
        world.put("locked.md", "Secret.");
        world.reader.errors.lock().insert("locked.md".to_owned(), ExtractError::Encrypted);
        world.take().await;
        assert_eq!(
            world.states().await,
            "a.md indexed\nlocked.md failed: the document is encrypted; save it without a password"
        );
        let id = world.document("locked.md").await;
        world.reader.errors.lock().clear();
        world.knowledge.retry(&owner(), id).await.unwrap();
        world.settle().await;
        assert_eq!(world.states().await, "a.md indexed\nlocked.md indexed");
        assert!(matches!(world.knowledge.retry(&owner(), id).await, Err(Error::Invalid(_))));
        assert!(matches!(world.knowledge.cancel(&owner(), id).await, Err(Error::Invalid(_))));
    }

    async fn a_process_that_dies_on_a_document_is_tried_twice(db: Db) {
        let world = World::new(db).await;
        world.put("bomb.md", "x");
        world.reader.errors.lock().insert("bomb.md".to_owned(), ExtractError::Died("signal 9".to_owned()));
        world.take().await;
        assert_eq!(world.states().await, "bomb.md waiting: reading the document failed: signal 9");
        assert_eq!(world.reader.read.load(Ordering::SeqCst), 1);
        world.clock.advance(Duration::from_mins(1));
        world.settle().await;
        assert_eq!(world.states().await, "bomb.md failed: reading the document failed: signal 9");
        assert_eq!(world.reader.read.load(Ordering::SeqCst), 2);
    }

    async fn reading_can_be_cancelled(db: Db) {
        let world = World::new(db).await;
        world.put("long.md", "A very long document.");
        world.reader.hangs.store(true, Ordering::SeqCst);
        world.sync().await;
        let id = world.document("long.md").await;
        let (knowledge, stop) = (world.knowledge.clone(), CancellationToken::new());
        let working = async move { knowledge.settle(&stop).await.unwrap() };
        let cancelling = async {
            while world.reader.read.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.states().await, "long.md reading");
            world.knowledge.cancel(&owner(), id).await.unwrap();
        };
        tokio::join!(working, cancelling);
        assert_eq!(world.states().await, "long.md cancelled");
        world.reader.hangs.store(false, Ordering::SeqCst);
        world.take().await;
        assert_eq!(world.states().await, "long.md cancelled");
        world.knowledge.retry(&owner(), id).await.unwrap();
        world.settle().await;
        assert_eq!(world.states().await, "long.md indexed");
    }

    async fn a_slow_document_keeps_no_other_waiting(db: Db) {
        let world = World::new(db).await;
        *world.reader.hangs_on.lock() = Some("a-slow.md".to_owned());
        world.put("a-slow.md", "A very long document.");
        world.put("b.md", "A short document.");
        world.put("c.md", "Another short one.");
        world.sync().await;
        let id = world.document("a-slow.md").await;
        let (knowledge, stop) = (world.knowledge.clone(), CancellationToken::new());
        let working = async move { knowledge.settle(&stop).await.unwrap() };
        let looking = async {
            while world.states().await != "a-slow.md reading\nb.md indexed\nc.md indexed" {
                tokio::task::yield_now().await;
            }
            assert_eq!(world.found("short").await, "b.md c.md");
            world.knowledge.cancel(&owner(), id).await.unwrap();
        };
        tokio::join!(working, looking);
        assert_eq!(world.states().await, "a-slow.md cancelled\nb.md indexed\nc.md indexed");
    }

    async fn the_work_goes_on_after_a_death_while_reading(db: Db) {
        let world = World::new(db).await;
        world.put("a.md", "A document to find.");
        world.reader.hangs.store(true, Ordering::SeqCst);
        world.sync().await;
        {
            let stop = CancellationToken::new();
            let mut working = Box::pin(world.knowledge.settle(&stop));
            while world.reader.read.load(Ordering::SeqCst) == 0 {
                tokio::select! {
                    biased;
                    _ = &mut working => panic!("it hangs"),
                    () = tokio::task::yield_now() => {}
                }
            }
            // Dropped in the middle, as kill -9 would.
        }
        assert_eq!(world.states().await, "a.md reading");
        let world = world.restarted().await;
        world.reader.hangs.store(false, Ordering::SeqCst);
        world.settle().await;
        assert_eq!(world.states().await, "a.md indexed");
        assert_eq!(world.found("document").await, "a.md");
    }

    async fn a_document_that_kills_the_server_is_given_up(db: Db) {
        let mut world = World::new(db).await;
        world.put("a.md", "x");
        world.reader.hangs.store(true, Ordering::SeqCst);
        world.sync().await;
        for death in 1..=20 {
            let stop = CancellationToken::new();
            let mut working = Box::pin(world.knowledge.settle(&stop));
            while world.reader.read.load(Ordering::SeqCst) < death {
                tokio::select! {
                    biased;
                    _ = &mut working => panic!("it hangs"),
                    () = tokio::task::yield_now() => {}
                }
            }
            drop(working);
            world = world.restarted().await;
        }
        world.settle().await;
        assert_eq!(
            world.states().await,
            "a.md failed: it was tried 20 times without success; the server ended each time before it was read"
        );
    }

    async fn a_stop_gives_documents_back(db: Db) {
        let world = World::new(db).await;
        world.put("a.md", "A document to find.");
        world.reader.hangs.store(true, Ordering::SeqCst);
        world.sync().await;
        let stop = CancellationToken::new();
        let stopping = async {
            while world.reader.read.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        };
        let (_, ()) = tokio::join!(world.knowledge.settle(&stop), stopping);
        assert_eq!(world.documents().await[0].attempts, 0);
        world.reader.hangs.store(false, Ordering::SeqCst);
        world.settle().await;
        assert_eq!(world.states().await, "a.md indexed");
    }

    async fn everything_can_be_read_again(db: Db) {
        let world = World::new(db).await;
        world.put("a/x.md", "One.");
        world.put("b/y.md", "Two.");
        world.take().await;
        let read = world.reader.read.load(Ordering::SeqCst);
        let collection = world.collections().await[0].id;
        assert_eq!(world.knowledge.reindex(&owner(), collection).await.unwrap(), 1);
        world.settle().await;
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read + 1);
        assert_eq!(world.knowledge.reindex_all(&owner(), crate::world::BOT).await.unwrap(), 2);
        // What was found goes on being found.
        assert_eq!(world.found("one").await, "a/x.md");
        world.settle().await;
        assert_eq!(world.states().await, "a/x.md indexed\nb/y.md indexed");
    }
}
