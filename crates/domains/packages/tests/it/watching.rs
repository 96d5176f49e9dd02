//! The watcher on real folders with the system's own file events. Nothing waits for a fixed time: a test waits for the
//! event that must come. That something did *not* happen is shown by a later change of another bot having been taken.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use botserver_db::Db;
use botserver_packages::{
    MIGRATIONS, PackageEvent, Packages,
    watch::{Change, FolderEvents, watch, watch_with},
};
use botserver_testkit::on_sqlite;
use tokio::sync::{broadcast::Receiver, mpsc};
use tokio_util::sync::CancellationToken;

use crate::support::{Bots, next_of, serving_text};

const START: &str = "shop.gbdialog/start.bas";

struct Watched {
    packages: Packages,
    events: Receiver<PackageEvent>,
}

/// Runs a test beside a watcher over a `shop` and a bot `later`.
fn watched<F: Future<Output = ()>>(test: impl FnOnce(Bots, Watched) -> F) {
    on_sqlite(MIGRATIONS, |db: Db| async move {
        let bots = Bots::new();
        bots.write(&format!("shop.gbai/{START}"), "TALK \"one\"\n");
        bots.write("later.gbai/start.bas", "TALK 0\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let events = packages.subscribe();
        let stop = CancellationToken::new();
        let own = Watched { packages: packages.clone(), events };
        tokio::select! {
            () = watch(&packages, stop) => panic!("the watcher stopped"),
            () = test(bots, own) => {}
        }
    })
    .unwrap();
}

/// Changes the other bot and waits until that is taken. The watcher may still be starting, so the change is repeated
/// with other words until its event comes.
async fn ready(bots: &Bots, events: &mut Receiver<PackageEvent>) {
    for round in 0.. {
        bots.write("later.gbai/start.bas", format!("TALK \"ready {round}\"\n"));
        let wait = Duration::from_secs(2);
        if let Ok(PackageEvent::Published { .. }) = tokio::time::timeout(wait, next_of(events, "later")).await {
            return;
        }
    }
}

async fn later(bots: &Bots, events: &mut Receiver<PackageEvent>, text: &str) -> Vec<PackageEvent> {
    bots.write("later.gbai/start.bas", format!("TALK \"{text}\"\n"));
    let mut before = Vec::new();
    loop {
        let event = events.recv().await.unwrap();
        match &event {
            PackageEvent::Published { name, .. } if &**name == "later" => return before,
            _ => before.push(event),
        }
    }
}

#[test]
fn a_saved_file_is_live_and_a_deleted_folder_is_gone() {
    watched(|bots, mut own| async move {
        ready(&bots, &mut own.events).await;
        bots.write(&format!("shop.gbai/{START}"), "TALK \"two\"\n");
        assert!(matches!(next_of(&mut own.events, "shop").await, PackageEvent::Published { new_version: true, .. }));
        assert_eq!(serving_text(&own.packages, "shop", START).unwrap(), "TALK \"two\"\n");
        // A new folder inside the package, and a file in it afterwards.
        bots.write("shop.gbai/extra/one.bas", "TALK \"x\"\n");
        next_of(&mut own.events, "shop").await;
        bots.write("shop.gbai/extra/two.bas", "TALK \"y\"\n");
        next_of(&mut own.events, "shop").await;
        assert!(serving_text(&own.packages, "shop", "extra/two.bas").is_some());
        // A new bot.
        bots.write("fresh.gbai/start.bas", "TALK \"hi\"\n");
        assert!(matches!(next_of(&mut own.events, "fresh").await, PackageEvent::Published { .. }));
        bots.remove("shop.gbai");
        assert!(matches!(next_of(&mut own.events, "shop").await, PackageEvent::Removed { .. }));
        assert_eq!(own.packages.find_by_name("shop"), None);
    });
}

#[test]
fn renamed_over_files_and_folders_are_one_change() {
    watched(|bots, mut own| async move {
        ready(&bots, &mut own.events).await;
        // As editors save.
        let draft = bots.write("shop.gbai/shop.gbdialog/.start.bas.tmp", "TALK \"two\"\n");
        fs::rename(draft, bots.path(&format!("shop.gbai/{START}"))).unwrap();
        next_of(&mut own.events, "shop").await;
        assert_eq!(serving_text(&own.packages, "shop", START).unwrap(), "TALK \"two\"\n");
        // As deployments replace a folder.
        bots.write(&format!("incoming/{START}"), "TALK \"three\"\n");
        fs::rename(bots.path("shop.gbai"), bots.path("outgoing")).unwrap();
        fs::rename(bots.path("incoming"), bots.path("shop.gbai")).unwrap();
        let event = next_of(&mut own.events, "shop").await;
        assert!(matches!(event, PackageEvent::Published { .. }), "{event:?}");
        assert_eq!(serving_text(&own.packages, "shop", START).unwrap(), "TALK \"three\"\n");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn half_a_copy_never_serves() {
    watched(|bots, mut own| async move {
        ready(&bots, &mut own.events).await;
        // Half of the file is a sound script.
        let mut file = fs::File::create(bots.path(&format!("shop.gbai/{START}"))).unwrap();
        file.write_all(b"TALK \"first half\"\n").unwrap();
        let before = later(&bots, &mut own.events, "meanwhile").await;
        assert_eq!(before, []);
        file.write_all(b"TALK \"second half\"\n").unwrap();
        drop(file);
        next_of(&mut own.events, "shop").await;
        assert_eq!(serving_text(&own.packages, "shop", START).unwrap(), "TALK \"first half\"\nTALK \"second half\"\n");
    });
}

#[test]
fn a_checkout_of_many_files_is_one_version() {
    watched(|bots, mut own| async move {
        ready(&bots, &mut own.events).await;
        let write_all = |word: &str| {
            for number in 0..200 {
                bots.write(&format!("shop.gbai/many/{number}.bas"), format!("TALK \"{word}\"\n"));
            }
        };
        write_all("red");
        next_of(&mut own.events, "shop").await;
        write_all("blue");
        next_of(&mut own.events, "shop").await;
        let package = own.packages.current(own.packages.find_by_name("shop").unwrap()).unwrap();
        let blue = package.sources.values().filter(|text| text.contains("blue")).count();
        let red = package.sources.values().filter(|text| text.contains("red")).count();
        assert_eq!((blue, red), (200, 0));
    });
}

#[test]
fn documents_and_peoples_files_are_not_watched() {
    watched(|bots, mut own| async move {
        ready(&bots, &mut own.events).await;
        bots.write("shop.gbai/shop.gbdrive/users/1/evil.bas", "TALK \"evil\"\n");
        bots.write("shop.gbai/shop.gbkb/docs/a.md", "text");
        assert_eq!(later(&bots, &mut own.events, "then").await, []);
        assert!(serving_text(&own.packages, "shop", "shop.gbdrive/users/1/evil.bas").is_none());
    });
}

/// A file system that tells nothing; says when a package has been looked at.
struct Silent(mpsc::UnboundedSender<()>);

impl FolderEvents for Silent {
    fn works(&self) -> bool {
        false
    }

    fn cover(&mut self, _: &Path, _: &[PathBuf]) -> bool {
        self.0.send(()).unwrap();
        false
    }

    fn forget(&mut self, _: &Path) {}
}

#[test]
fn without_events_a_walk_finds_changes() {
    on_sqlite(MIGRATIONS, |db: Db| async move {
        let bots = Bots::new();
        bots.write(&format!("shop.gbai/{START}"), "TALK \"one\"\n");
        bots.write("gone.gbai/start.bas", "TALK 1\n");
        let packages = bots.open(&db).await;
        packages.mount_all(Duration::ZERO).await.unwrap();
        let mut events = packages.subscribe();
        let (_sender, changes) = mpsc::unbounded_channel::<Change>();
        let (looked, mut looks) = mpsc::unbounded_channel();
        let test = async {
            // Both packages have had their first look.
            looks.recv().await.unwrap();
            looks.recv().await.unwrap();
            bots.write(&format!("shop.gbai/{START}"), "TALK \"two, longer\"\n");
            bots.remove("gone.gbai");
            let mut seen = [events.recv().await.unwrap(), events.recv().await.unwrap()];
            seen.sort_by_key(|event| matches!(event, PackageEvent::Removed { .. }));
            assert!(matches!(seen, [PackageEvent::Published { .. }, PackageEvent::Removed { .. }]), "{seen:?}");
            assert_eq!(serving_text(&packages, "shop", START).unwrap(), "TALK \"two, longer\"\n");
        };
        let every = Duration::from_millis(50);
        tokio::select! {
            () = watch_with(&packages, Box::new(Silent(looked)), changes, every, CancellationToken::new()) => {
                panic!("the watcher stopped")
            }
            () = test => {}
        }
    })
    .unwrap();
}

#[test]
fn the_watcher_stops_when_told() {
    on_sqlite(MIGRATIONS, |db: Db| async move {
        let bots = Bots::new();
        let packages = bots.open(&db).await;
        let stop = CancellationToken::new();
        stop.cancel();
        packages.watch(stop).await.unwrap();
    })
    .unwrap();
}
