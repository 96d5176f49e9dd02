//! What may serve: never worse than before, through mistakes, restarts and removals.

use std::{collections::HashSet, time::Duration};

use botserver_config::BotDefaults;
use botserver_db::Db;
use botserver_packages::{BotState, Error, MIGRATIONS, Outcome, PackageEvent};
use botserver_testkit::db_tests;

use crate::support::{Bots, serving_text, system};

const START: &str = "shop.gbdialog/start.bas";

fn write_start(bots: &Bots, text: &str) {
    bots.write(&format!("shop.gbai/{START}"), text);
}

db_tests! {
    migrations: MIGRATIONS;

    async fn a_change_that_makes_it_worse_is_refused_whole(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let id = packages.find_by_name("SHOP").unwrap();
        let first = packages.current(id).unwrap();

        let mut events = packages.subscribe();
        write_start(&bots, "TALK \"two\"\n");
        bots.write("shop.gbai/new.bas", "IF x THEN\n");
        bots.write("shop.gbai/shop.gbot/config.csv", "history-limit,many\n");
        let taken = packages.take(&bots.path("shop.gbai")).await.unwrap();
        assert_eq!(taken.outcome, Outcome::Refused);
        assert!(matches!(events.recv().await.unwrap(), PackageEvent::Refused { .. }));
        assert_eq!(packages.current(id).unwrap().hash, first.hash);
        let bot = packages.diagnostics(&system(), id).await.unwrap();
        assert!(bot.change_refused && bot.state == BotState::Serving && bot.error_count() == 2, "{bot:?}");

        bots.remove("shop.gbai/new.bas");
        bots.remove("shop.gbai/shop.gbot/config.csv");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
        assert_eq!(serving_text(&packages, "shop", START).unwrap(), "TALK \"two\"\n");
        let bot = packages.diagnostics(&system(), id).await.unwrap();
        assert!(!bot.change_refused && bot.diagnostics.is_empty());
        // What waits in the old version still finds it.
        assert_eq!(packages.version(id, &first.hash).await.unwrap().hash, first.hash);
    }

    async fn what_never_served_starts_with_its_sound_scripts(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        bots.write("shop.gbai/bad.bas", "IF x THEN\n");
        let packages = bots.open(&db).await;
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
        let id = packages.find_by_name("shop").unwrap();
        assert!(packages.current(id).unwrap().script("bad").unwrap().broken.is_some());
        // An old mistake does not stop the repair of something else, nor a new one what works.
        write_start(&bots, "TALK \"two\"\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
        write_start(&bots, "TALK (\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Refused);
        // And once it is repaired, it may not break again.
        write_start(&bots, "TALK \"three\"\n");
        bots.write("shop.gbai/bad.bas", "TALK \"good\"\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
        bots.write("shop.gbai/bad.bas", "IF x THEN\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Refused);
    }

    async fn strict_packages_let_no_error_through(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        bots.write("shop.gbai/bad.bas", "IF x THEN\n");
        bots.write("shop.gbai/config.csv", "package-strict,true\n");
        let packages = bots.open(&db).await;
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Refused);
        assert_eq!(packages.find_by_name("shop"), None);
        let (all, _) = packages.overview(&system()).await.unwrap();
        assert_eq!((all[0].state, all[0].error_count()), (BotState::Refused, 1));
        assert!(matches!(packages.get(&system(), "shop").await, Err(Error::UnknownBot(_))));
    }

    async fn deleted_lines_and_scripts_are_gone(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        bots.write("shop.gbai/other.bas", "TALK \"two\"\n");
        bots.write("shop.gbai/config.csv", "history-limit,7\nbot-name,Shop\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let id = packages.find_by_name("shop").unwrap();
        assert_eq!(packages.current(id).unwrap().config.integer("history-limit"), Some(7));
        bots.remove("shop.gbai/other.bas");
        bots.write("shop.gbai/config.csv", "bot-name,Shop\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
        let now = packages.current(id).unwrap();
        assert!(now.script("other").is_none());
        assert_eq!(now.config.integer("history-limit"), Some(50));
    }

    async fn a_restart_takes_up_what_worked(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        bots.write("shop.gbai/shop.gbot/config.csv", "bot-name,Shop\nparam-x,5\n");
        bots.write("shop.gbai/shop.gbot/PROMPT.md", "Be kind.");
        let before = bots.open(&db).await;
        before.mount_all(Duration::ZERO).await.unwrap();
        let id = before.find_by_name("shop").unwrap();
        let first = before.current(id).unwrap();
        // It breaks while the server is down.
        write_start(&bots, "TALK (\n");
        let mut defaults = BotDefaults::default();
        defaults.set("llm-model", "house", botserver_config::Origin::Default);
        let after = bots.open_with(&db, defaults).await;
        let taken_up = after.current(id).unwrap();
        assert_eq!((&taken_up.hash, &taken_up.name), (&first.hash, &first.name));
        assert_eq!(taken_up.prompt.as_deref(), Some("Be kind."));
        assert_eq!(taken_up.config.integer("param-x"), Some(5));
        assert_eq!(taken_up.config.get("llm-model"), Some("house"));
        assert_eq!(&*taken_up.look.title, "Shop");
        assert_eq!(taken_up.image.to_bytes(), first.image.to_bytes());
        after.mount_all(Duration::ZERO).await.unwrap();
        assert_eq!(after.current(id).unwrap().hash, first.hash);
        assert!(after.diagnostics(&system(), id).await.unwrap().change_refused);
        // The unchanged folder is no change.
        write_start(&bots, "TALK \"one\"\n");
        assert_eq!(after.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Unchanged);
        assert!(!after.diagnostics(&system(), id).await.unwrap().change_refused);
    }

    async fn a_removed_bot_stops_and_comes_back_as_itself(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let id = packages.find_by_name("shop").unwrap();
        let hash = packages.current(id).unwrap().hash.clone();
        let mut events = packages.subscribe();
        bots.remove("shop.gbai");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Removed);
        assert!(matches!(events.recv().await.unwrap(), PackageEvent::Removed { .. }));
        assert_eq!((packages.find_by_name("shop"), packages.current(id).is_none()), (None, true));
        assert!(packages.version(id, &hash).await.is_ok());
        let again = bots.open(&db).await;
        again.mount_all(Duration::ZERO).await.unwrap();
        assert_eq!(again.find_by_name("shop"), None);
        write_start(&bots, "TALK \"one\"\n");
        again.mount_all(Duration::ZERO).await.unwrap();
        assert_eq!(again.find_by_name("shop"), Some(id));
    }

    async fn all_bots_survive_a_folder_that_cannot_be_read(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        std::fs::rename(bots.dir(), bots.outside().join("elsewhere")).unwrap();
        assert!(packages.mount_all(Duration::ZERO).await.is_err());
        assert!(packages.find_by_name("shop").is_some());
    }

    async fn names_of_routes_and_doubles_are_rejected(db: Db) {
        let bots = Bots::new();
        for folder in ["api.gbai", "Docs.gbai", "my bot.gbai", "shop.gbai", "Shop.gbai"] {
            bots.write(&format!("{folder}/start.bas"), "TALK \"one\"\n");
        }
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let (all, rejected) = packages.overview(&system()).await.unwrap();
        assert_eq!(all.iter().map(|bot| &*bot.name).collect::<Vec<_>>(), ["shop"]);
        let mut folders: Vec<_> = rejected.iter().map(|own| own.folder.clone()).collect();
        folders.sort();
        assert_eq!(folders, ["Docs.gbai", "api.gbai", "my bot.gbai", "shop.gbai"]);
        // Once the other is gone, it serves.
        bots.remove("Shop.gbai");
        bots.write("shop.gbai/start.bas", "TALK \"two\"\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
    }

    async fn theme_and_seed_data_change_without_a_new_version(db: Db) {
        let bots = Bots::new();
        write_start(&bots, "TALK \"one\"\n");
        bots.write("shop.gbai/shop.gbtheme/logo.svg", "<svg/>");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let mut events = packages.subscribe();
        bots.write("shop.gbai/shop.gbtheme/logo.svg", "<svg></svg>");
        bots.write("shop.gbai/shop.gbdata/goods.csv", "id\n1\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Unchanged);
        let PackageEvent::Published { new_version, seeds, .. } = events.recv().await.unwrap() else { panic!() };
        assert_eq!((new_version, &*seeds[0].table), (false, "goods"));
        assert_eq!(&*packages.theme_file(&system(), "shop", "logo.svg").await.unwrap(), b"<svg></svg>");
        for path in ["../shop.gbdialog/start.bas", "", "LOGO.svg", "/logo.svg"] {
            assert!(packages.theme_file(&system(), "shop", path).await.is_err(), "{path}");
        }
        // A refused change is refused whole, its theme included.
        write_start(&bots, "TALK (\n");
        bots.write("shop.gbai/shop.gbtheme/logo.svg", "<svg>new</svg>");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Refused);
        assert_eq!(&*packages.theme_file(&system(), "shop", "logo.svg").await.unwrap(), b"<svg></svg>");
    }

    async fn pruning_keeps_what_is_needed(db: Db) {
        let bots = Bots::new();
        let packages = bots.open(&db).await;
        let mut hashes = Vec::new();
        for number in 0..9 {
            write_start(&bots, &format!("TALK {number}\n"));
            packages.take(&bots.path("shop.gbai")).await.unwrap();
            let id = packages.find_by_name("shop").unwrap();
            hashes.push(packages.current(id).unwrap().hash.to_string());
        }
        let id = packages.find_by_name("shop").unwrap();
        let all: HashSet<String> = hashes.iter().cloned().collect();
        let everything = all.clone();
        assert_eq!(packages.prune(|_| { let used = everything.clone(); async move { Ok(used) } }).await.unwrap(), 0);
        assert_eq!(packages.prune(|_| async { Ok(HashSet::new()) }).await.unwrap(), 4);
        // Nothing cached stands for what is gone.
        let fresh = bots.open(&db).await;
        let mut left = 0;
        for hash in &hashes {
            left += usize::from(fresh.version(id, hash).await.is_ok());
        }
        assert!(left >= 5, "{left}");
        assert!(fresh.current(id).is_some());
        assert!(matches!(fresh.version(id, "0000").await, Err(Error::UnknownVersion { .. })));
    }
}
