//! What is on disk becomes what is known: new, changed, unchanged, gone, and gone all at once.

use std::sync::atomic::Ordering;

use botserver_config::{BotConfig, BotDefaults};
use botserver_db::Db;
use botserver_knowledge::{CollectionState, Decision, MIGRATIONS};
use botserver_testkit::db_tests;

use crate::world::{World, owner, visitor};

fn config(text: &str) -> BotConfig {
    BotConfig::parse("config.csv", text.as_bytes(), &BotDefaults::default()).0
}

db_tests! {
    migrations: MIGRATIONS;

    async fn documents_come_change_and_go(db: Db) {
        let world = World::new(db).await;
        world.put("policies/returns.md", "# Returns\nSend unopened tea back within thirty days.");
        world.put("policies/deep/shipping.md", "# Shipping\nParcels arrive after three days.");
        world.put("about.md", "We sell tea since 1987.");
        let report = world.take().await;
        assert_eq!((report.added, report.changed, report.removed), (3, 0, 0), "{report:?}");
        let names: Vec<(String, i64, i64)> =
            world.collections().await.into_iter().map(|own| (own.name, own.documents, own.passages)).collect();
        assert_eq!(names, [("policies".to_owned(), 2, 2), ("shop".to_owned(), 1, 1)]);
        assert_eq!(world.found("unopened").await, "policies/returns.md");
        let answer = world.ask(&visitor(), "unopened").await;
        let found = &answer.passages[0];
        assert_eq!((&*found.passage.place, &*found.title, &*found.collection), ("Returns", "Returns", "policies"));
        assert!(found.lexical.is_some() && found.why.contains("words"), "{found:?}");

        // Nothing changed: nothing is read.
        let read = world.reader.read.load(Ordering::SeqCst);
        assert_eq!(world.take().await, botserver_knowledge::SyncReport::default());
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read);

        // Touched, with the same content: not read either.
        let path = world.path("about.md");
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000)).unwrap();
        assert_eq!(world.take().await.changed, 1);
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read);
        assert_eq!(world.found("1987").await, "about.md");

        world.put("about.md", "We sell coffee now, and nothing else.");
        assert_eq!(world.take().await.changed, 1);
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read + 1);
        assert_eq!((world.found("1987").await, world.found("coffee").await), (String::new(), "about.md".to_owned()));

        world.delete("about.md");
        let report = world.take().await;
        assert_eq!((report.removed, report.held), (1, 0));
        assert_eq!(world.found("coffee").await, "");
        assert_eq!(world.indexed().await, 2);
        assert_eq!(world.collections().await.len(), 1);
    }

    async fn what_cannot_be_read_says_why(db: Db) {
        let world = World::new(db).await;
        world.attach(&config("kb-md-max-size,1 KB\nkb-max-collections,2\n")).await;
        world.put("a/large.md", &"word ".repeat(1_000));
        world.put("a/picture.png", "x");
        world.put("a/.hidden.md", "x");
        world.put("a/~$open.md", "x");
        world.put("b/fine.txt", "A fine text.");
        world.put("c/one-too-many.md", "x");
        let report = world.take().await;
        assert_eq!(
            world.states().await,
            "a/large.md failed: the file has 5 KB; documents of this kind may have 1 KB (`kb-md-max-size`)\n\
             a/picture.png failed: .png files are no documents that can be read\n\
             b/fine.txt indexed"
        );
        assert_eq!(
            report.problems,
            ["the collection `c` is left out: a bot may have 2 collections (`kb-max-collections`)"]
        );
        // The limits are changed: the same files are looked at again.
        world.attach(&BotConfig::default()).await;
        world.take().await;
        assert_eq!(
            world.states().await,
            "a/large.md indexed\na/picture.png failed: .png files are no documents that can be read\n\
             b/fine.txt indexed\nc/one-too-many.md indexed"
        );
    }

    async fn most_files_gone_at_once_are_asked_about(db: Db) {
        let world = World::new(db).await;
        for number in 0..15 {
            world.put(&format!("many/{number:02}.md"), &format!("Document no{number:02} is here."));
        }
        world.put("few/a.md", "A document that stays.");
        world.take().await;
        for number in 0..12 {
            world.delete(&format!("many/{number:02}.md"));
        }
        let report = world.take().await;
        assert_eq!((report.removed, report.held), (0, 12));
        let many = world.collections().await.into_iter().find(|own| own.name == "many").unwrap();
        assert_eq!((many.state(), many.missing, many.documents), (CollectionState::Held, 12, 15));
        assert_eq!(world.found("no03").await, "many/03.md");

        // Some come back, and the owner keeps the others.
        world.put("many/00.md", "Document no00 is here.");
        world.knowledge.release(&owner(), many.id, Decision::Keep).await.unwrap();
        let report = world.take().await;
        assert_eq!((report.removed, report.held), (0, 0));
        assert_eq!(world.found("no03").await, "many/03.md");

        // The same again, and they were meant to go.
        for number in 20..40 {
            world.put(&format!("many/{number:02}.md"), &format!("Document no{number:02} is here."));
        }
        world.take().await;
        for number in 20..40 {
            world.delete(&format!("many/{number:02}.md"));
        }
        assert_eq!(world.take().await.held, 20);
        world.knowledge.release(&owner(), many.id, Decision::Remove).await.unwrap();
        assert_eq!(world.found("no25").await, "");
        assert!(world.knowledge.release(&owner(), many.id, Decision::Remove).await.is_err());
        let report = world.take().await;
        assert_eq!((report.removed, report.held), (0, 0));
    }

    async fn a_folder_that_cannot_be_read_takes_nothing_away(db: Db) {
        let world = World::new(db).await;
        world.put("a/one.md", "One document.");
        world.take().await;
        let folder = world.package();
        let elsewhere = tempfile::tempdir().unwrap();
        let elsewhere = elsewhere.path().join("away");
        std::fs::rename(&folder, &elsewhere).unwrap();
        assert!(world.knowledge.sync(crate::world::BOT).await.is_err());
        world.settle().await;
        assert_eq!(world.found("document").await, "a/one.md");
        std::fs::rename(&elsewhere, &folder).unwrap();
        assert_eq!(world.take().await, botserver_knowledge::SyncReport::default());
    }

    async fn files_that_move_are_not_lost(db: Db) {
        let world = World::new(db).await;
        for number in 0..12 {
            world.put(&format!("old/{number:02}.md"), &format!("Document no{number:02} is here."));
        }
        world.take().await;
        std::fs::rename(world.path("old"), world.path("new")).unwrap();
        let report = world.take().await;
        assert_eq!((report.added, report.removed, report.held), (12, 12, 0));
        assert_eq!(world.found("no07").await, "new/07.md");
    }
}
