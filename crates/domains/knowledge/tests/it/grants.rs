//! Who may find what.

use std::sync::atomic::Ordering;

use botserver_db::Db;
use botserver_kernel::OrgId;
use botserver_knowledge::{Error, MIGRATIONS, Search};
use botserver_testkit::db_tests;

use crate::world::{BOT, World, owner, paths, visitor};

async fn found_with(world: &World, grants: &[&str], question: &str) -> String {
    let grants = grants.iter().map(|own| (*own).to_owned()).collect();
    let search = Search { question: question.to_owned(), ..Search::default() };
    paths(&world.knowledge.search_as(&owner(), BOT, grants, &search).await.unwrap())
}

db_tests! {
    migrations: MIGRATIONS;

    async fn a_permissions_file_decides_and_nothing_is_read_again(db: Db) {
        let world = World::new(db).await;
        world.put("hr/pay.md", "Salaries are paid on the last day.");
        world.put("open/pay.md", "Customers pay on delivery.");
        world.take().await;
        assert_eq!(world.found("salaries").await, "hr/pay.md");
        let read = world.reader.read.load(Ordering::SeqCst);

        world.put("kb.permissions.yaml", "default_access: all\nfolders:\n  hr: { access: role_based, roles: [hr] }\n");
        assert_eq!(world.sync().await.regranted, 1);
        // Before the index knows.
        assert_eq!(world.found("salaries").await, "");
        world.settle().await;
        assert_eq!(world.found("salaries").await, "");
        assert_eq!(found_with(&world, &["all", "role:hr"], "salaries").await, "hr/pay.md");
        assert_eq!(world.found("customers").await, "open/pay.md");
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read);

        // Signed in is more than a visitor.
        world.put("kb.permissions.yaml", "default_access: authenticated\n");
        world.take().await;
        assert_eq!(world.found("salaries").await, "");
        assert_eq!(paths(&world.ask(&owner(), "salaries").await), "hr/pay.md");
        assert_eq!(world.reader.read.load(Ordering::SeqCst), read);
    }

    /// Files that are gone and held are still found; only by who may read their folder.
    async fn what_is_held_obeys_new_permissions(db: Db) {
        let world = World::new(db).await;
        for number in 0..12 {
            world.put(&format!("hr/doc{number}.md"), &format!("Salaries of group {number}."));
        }
        world.take().await;
        for number in 0..11 {
            world.delete(&format!("hr/doc{number}.md"));
        }
        assert_eq!(world.take().await.held, 11);
        assert_eq!(world.found("group 3").await.split(' ').next(), Some("hr/doc3.md"));
        world.put("kb.permissions.yaml", "default_access: all\nfolders:\n  hr: { access: role_based, roles: [hr] }\n");
        assert_eq!(world.take().await.regranted, 12);
        assert_eq!(world.found("salaries").await, "");
        assert_eq!(found_with(&world, &["role:hr"], "group 3").await.split(' ').next(), Some("hr/doc3.md"));
    }

    async fn a_broken_permissions_file_opens_nothing_new(db: Db) {
        let world = World::new(db).await;
        world.put("old.md", "The old document.");
        world.take().await;
        world.put("kb.permissions.yaml", "default_access: everyone\n");
        world.put("new.md", "The new document.");
        let report = world.take().await;
        assert_eq!(world.found("document").await, "old.md");
        assert_eq!(paths(&world.ask(&owner(), "document").await), "old.md");
        let problem = &report.problems[0];
        assert!(problem.starts_with("kb.permissions.yaml cannot be used: ") && problem.contains("everyone"), "{problem}");
        let (library, _) = world.knowledge.collections(&owner(), BOT).await.unwrap();
        assert_eq!(library.problems, report.problems);
        world.delete("kb.permissions.yaml");
        world.take().await;
        assert_eq!(found_with(&world, &["all"], "new document").await.split(' ').count(), 2);
    }

    async fn the_best_readable_passages_come_back(db: Db) {
        let world = World::new(db).await;
        world.put("kb.permissions.yaml", "default_access: none\nfolders:\n  open: { access: all }\n");
        for number in 0..198 {
            world.put(&format!("secret/{number:03}.md"), "The word secret treasure, treasure, treasure.");
        }
        world.put("open/a.md", "A treasure is here among many other words.");
        world.put("open/b.md", "Another treasure.");
        world.take().await;
        let mut found: Vec<String> = world.found("treasure").await.split(' ').map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, ["open/a.md", "open/b.md"]);
    }

    async fn another_organisation_sees_nothing(db: Db) {
        let world = World::new(db).await;
        world.put("a.md", "Something to find.");
        world.take().await;
        let other = OrgId::new(uuid::Uuid::from_u128(99));
        let stranger = botserver_kernel::Principal { org_id: other, ..owner() };
        let elsewhere = world.elsewhere(other).await;
        let search = Search { question: "something".to_owned(), ..Search::default() };
        assert_eq!(elsewhere.search(&stranger, BOT, &search).await.unwrap().passages, []);
        assert!(matches!(elsewhere.collections(&stranger, BOT).await, Err(Error::NotFound(_))));
        let id = world.document("a.md").await;
        for outcome in [elsewhere.cancel(&stranger, id).await, elsewhere.retry(&stranger, id).await] {
            assert!(matches!(outcome, Err(Error::NotFound(_))), "{outcome:?}");
        }
        // Asked through the right door with the wrong principal.
        assert!(matches!(world.knowledge.passages(&stranger, id, 0, 10).await, Err(Error::NotFound(_))));
        assert_eq!(world.found("something").await, "a.md");
    }

    async fn only_named_collections_are_searched(db: Db) {
        let world = World::new(db).await;
        world.put("a/x.md", "A word to find.");
        world.put("b/y.md", "A word to find.");
        world.take().await;
        let ask = async |names: &[&str]| {
            let collections = Some(names.iter().map(|own| (*own).to_owned()).collect());
            let search = Search { question: "word".to_owned(), collections, limit: None };
            world.knowledge.search(&visitor(), BOT, &search).await.unwrap()
        };
        assert_eq!(paths(&ask(&["B"]).await), "b/y.md");
        assert_eq!(paths(&ask(&[]).await), "");
        let answer = ask(&["a", "nowhere"]).await;
        assert_eq!((paths(&answer), answer.warnings), ("a/x.md".to_owned(), vec!["there is no collection `nowhere`".to_owned()]));
    }
}
