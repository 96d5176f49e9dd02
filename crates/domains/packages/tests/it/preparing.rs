//! What a version needs is made before anybody sees it, and a folder that is being written at the start is left alone.

use std::{
    fs::{self, File},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use botserver_config::BotDefaults;
use botserver_db::Db;
use botserver_packages::{BotState, MIGRATIONS, Outcome};
use botserver_testkit::{db_tests, on_sqlite};

use crate::support::{Bots, Prepared, serving_text, system};

const START: &str = "shop.gbdialog/start.bas";

fn write_start(bots: &Bots, text: &str) {
    bots.write(&format!("shop.gbai/{START}"), text);
}

db_tests! {
    migrations: MIGRATIONS;

    async fn what_a_version_needs_is_made_before_it_serves(db: Db) {
        let bots = Bots::new();
        let prepared = Arc::new(Prepared::default());
        let packages = bots.open_over(&db, BotDefaults::default(), prepared.clone()).await;
        write_start(&bots, "TALK \"one\"\n");
        packages.take(&bots.path("shop.gbai")).await.unwrap();
        let id = packages.find_by_name("shop").unwrap();
        let first = packages.current(id).unwrap().hash.clone();
        write_start(&bots, "TALK \"two\"\n");
        packages.take(&bots.path("shop.gbai")).await.unwrap();
        let second = packages.current(id).unwrap().hash.clone();
        assert_eq!(*prepared.asked.lock(), [(first.clone(), None), (second.clone(), Some(first))]);
        // Other rows are a reason to look again, nothing new is none.
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Unchanged);
        assert_eq!(prepared.asked.lock().len(), 2);
        bots.write("shop.gbai/shop.gbdata/goods.csv", "id\n1\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Unchanged);
        assert_eq!(prepared.asked.lock().len(), 3);
        // The next start makes sure of it, whatever the last one left behind.
        let prepared = Arc::new(Prepared::default());
        let again = bots.open_over(&db, BotDefaults::default(), prepared.clone()).await;
        again.mount_all(Duration::ZERO).await.unwrap();
        assert_eq!(*prepared.asked.lock(), [(second.clone(), Some(second))]);
    }

    async fn what_cannot_be_made_ready_refuses_the_change(db: Db) {
        let bots = Bots::new();
        let prepared = Arc::new(Prepared::default());
        let packages = bots.open_over(&db, BotDefaults::default(), prepared.clone()).await;
        write_start(&bots, "TALK \"one\"\n");
        packages.take(&bots.path("shop.gbai")).await.unwrap();
        let id = packages.find_by_name("shop").unwrap();
        *prepared.wrong.lock() = Some(("two", "tables.bas", "the column cannot change"));
        write_start(&bots, "TALK \"two\"\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Refused);
        assert_eq!(serving_text(&packages, "shop", START).unwrap(), "TALK \"one\"\n");
        let bot = packages.diagnostics(&system(), id).await.unwrap();
        assert!(bot.change_refused && bot.error_count() == 1, "{bot:?}");
        assert_eq!(bot.diagnostics[0].diagnostic.message, "the column cannot change");
        write_start(&bots, "TALK \"three\"\n");
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
        assert_eq!(packages.diagnostics(&system(), id).await.unwrap().error_count(), 0);
    }

    async fn what_never_served_starts_without_what_could_not_be_made(db: Db) {
        let bots = Bots::new();
        let prepared = Arc::new(Prepared::default());
        *prepared.wrong.lock() = Some(("one", "goods.csv", "line 3 does not fit"));
        let packages = bots.open_over(&db, BotDefaults::default(), prepared.clone()).await;
        write_start(&bots, "TALK \"one\"\n");
        bots.write("strict.gbai/start.bas", "TALK \"one\"\n");
        bots.write("strict.gbai/config.csv", "package-strict,true\n");
        packages.mount_all(Duration::ZERO).await.unwrap();
        let id = packages.find_by_name("shop").unwrap();
        let bot = packages.diagnostics(&system(), id).await.unwrap();
        assert_eq!((bot.state, bot.error_count(), bot.change_refused), (BotState::Serving, 1, false));
        assert_eq!(packages.find_by_name("strict"), None);
        // It is tried again although the scripts are the same.
        *prepared.wrong.lock() = None;
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Unchanged);
        assert_eq!(packages.diagnostics(&system(), id).await.unwrap().error_count(), 0);
    }

    async fn when_nobody_knows_nothing_changes(db: Db) {
        let bots = Bots::new();
        let prepared = Arc::new(Prepared::default());
        let packages = bots.open_over(&db, BotDefaults::default(), prepared.clone()).await;
        write_start(&bots, "TALK \"one\"\n");
        packages.take(&bots.path("shop.gbai")).await.unwrap();
        *prepared.wrong.lock() = Some(("two", "", "nobody knows"));
        write_start(&bots, "TALK \"two\"\n");
        assert!(packages.take(&bots.path("shop.gbai")).await.is_err());
        assert_eq!(serving_text(&packages, "shop", START).unwrap(), "TALK \"one\"\n");
        // At the start it keeps neither the server nor the other bots from working.
        bots.write("other.gbai/start.bas", "TALK 1\n");
        let again = bots.open_over(&db, BotDefaults::default(), prepared.clone()).await;
        again.mount_all(Duration::ZERO).await.unwrap();
        assert_eq!(serving_text(&again, "shop", START).unwrap(), "TALK \"one\"\n");
        *prepared.wrong.lock() = None;
        assert_eq!(packages.take(&bots.path("shop.gbai")).await.unwrap().outcome, Outcome::Published);
    }
}

#[test]
fn a_package_that_is_being_copied_at_the_start_waits_for_its_end() {
    on_sqlite(MIGRATIONS, |db: Db| async move {
        let bots = Bots::new();
        bots.write("still.gbai/start.bas", "TALK 1\n");
        let half = bots.write(&format!("shop.gbai/{START}"), "TALK \"half\"\n");
        let packages = bots.open(&db).await;
        let over = AtomicBool::new(false);
        thread::scope(|threads| {
            // A copy that brings the old times of its files along.
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    fs::write(&half, "TALK \"half\"\n").unwrap();
                    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
                    File::options().write(true).open(&half).unwrap().set_modified(long_ago).unwrap();
                }
            });
            let runtime = tokio::runtime::Handle::current();
            let mounted = tokio::task::block_in_place(|| runtime.block_on(packages.mount_all(QUIET)));
            over.store(true, Ordering::Relaxed);
            mounted.unwrap();
        });
        assert!(packages.find_by_name("still").is_some());
        assert_eq!(packages.find_by_name("shop"), None, "half a copy is no package");
        write_start(&bots, "TALK \"whole\"\n");
        packages.mount_all(QUIET).await.unwrap();
        assert_eq!(serving_text(&packages, "shop", START).unwrap(), "TALK \"whole\"\n");
    })
    .unwrap();
}

/// As the server waits.
const QUIET: Duration = botserver_packages::watch::QUIET;
