//! `botserver backup`: there and back, and everything that must be refused.

use std::{fs, io::Read, path::Path};

use botserver_db::{ConnectionTrait, Db, DbUrl};
use tar::{Builder, EntryType, Header};

use crate::support::{Folder, Server, botserver};

/// An installation in which a ticket was opened, and its backup.
fn backed_up(folder: &Folder) -> String {
    let data = folder.text("data");
    let say = "Something is broken\nAda\nada@example.org\nPrinter\ntoday\n3\nIt hums\n";
    let server = Server::start(&folder.path("data"));
    botserver(&["chat", "helpdesk", "--data", &data], say).expect(0);
    fs::create_dir_all(folder.path("data/objects/ab")).expect("a folder");
    fs::write(folder.path("data/objects/ab/photo"), vec![7; 100_000]).expect("a file");
    fs::write(folder.path("data/config.toml"), "[limits]\nmessages_per_minute = 77\n").expect("a file");
    // While the server runs.
    let file = folder.text("monday.tar.zst");
    let done = botserver(&["backup", "create", &file, "--data", &data], "").expect(0);
    assert_eq!(done.out.trim(), file);
    drop(server);
    file
}

fn entries(file: &str) -> Vec<(String, Vec<u8>)> {
    let plain = zstd::decode_all(fs::File::open(file).expect("the backup")).expect("zstd");
    let mut archive = tar::Archive::new(plain.as_slice());
    let read = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its bytes");
        (entry.path().expect("a path").display().to_string(), bytes)
    };
    archive.entries().expect("entries").map(read).collect()
}

/// Packs entries as they are, whatever they are.
fn pack(file: &Path, entries: &[(&str, EntryType, &[u8])]) {
    let mut builder = Builder::new(Vec::new());
    for (path, kind, bytes) in entries {
        let mut header = Header::new_gnu();
        // `set_path` refuses what we need here.
        header.as_gnu_mut().expect("gnu").name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc").expect("a link");
        }
        header.set_cksum();
        builder.append(&header, *bytes).expect("an entry");
    }
    let plain = builder.into_inner().expect("tar");
    fs::write(file, zstd::encode_all(plain.as_slice(), 1).expect("zstd")).expect("a file");
}

#[test]
fn there_and_back() {
    let folder = Folder::new();
    let file = backed_up(&folder);
    let names: Vec<String> = entries(&file).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.first().map(String::as_str), Some("manifest.json"));
    assert_eq!(names.last().map(String::as_str), Some("checksums.txt"));
    for name in ["database.sqlite", "config.toml", "objects/ab/photo", "bots/shop.gbai/shop.gbdata/products.csv"] {
        assert!(names.iter().any(|own| own == name), "{name} is not in {names:?}");
    }
    let verified = botserver(&["backup", "verify", &file], "").expect(0);
    assert!(verified.err.contains("is whole"), "{}", verified.all());

    let restored = folder.text("restored");
    let done = botserver(&["backup", "restore", &file, "--data", &restored], "").expect(0);
    assert_eq!(done.out.trim(), restored);
    assert_eq!(fs::read(folder.path("restored/objects/ab/photo")).expect("the file"), vec![7; 100_000]);
    assert!(!folder.path("restored.restoring").exists());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(folder.path("restored")), 0o700);
        assert_eq!(mode(folder.path("monday.tar.zst")), 0o600);
    }
    let shown = botserver(&["config", "show", "--data", &restored], "").expect(0);
    assert!(shown.out.contains("limits.messages_per_minute = 77"), "{}", shown.all());
    // What was written is there: the ticket's row, and the bot that asks for it.
    let script = folder.write(
        "restored/bots/helpdesk.gbai/helpdesk.gbdialog/count.bas",
        "rows = FIND \"tickets\" WHERE person = \"Ada\"\nTALK COUNT(rows)\n",
    );
    let counted = botserver(&["run", &script, "--data", &restored], "").expect(0);
    assert_eq!(counted.out, "1\n", "{}", counted.all());
    botserver(&["doctor", "--data", &restored, "--listen", "127.0.0.1:0"], "").expect(0);
}

#[tokio::test]
async fn postgres_there_and_back() {
    let server = std::env::var_os("TEST_POSTGRES_URL").and_then(|url| url.into_string().ok());
    let server = server.expect("TEST_POSTGRES_URL: run `make test` or `cargo xtask postgres`");
    let schema = format!("backup_{}", std::process::id());
    let url = |schema: &str| format!("{server}{}schema={schema}", if server.contains('?') { '&' } else { '?' });
    let settings = |schema: &str| format!("[storage]\ndatabase = \"{}\"\n", url(schema));
    let (there, back) = (schema.clone(), format!("{schema}_back"));
    let folder = Folder::new();
    folder.write("data/config.toml", &settings(&there));
    let (data, restored) = (folder.text("data"), folder.text("restored"));
    let say = "Something is broken\nAda\nada@example.org\nPrinter\ntoday\n3\nIt hums\n";
    let file = folder.text("monday.tar.zst");
    let running = Server::start(&folder.path("data"));
    botserver(&["chat", "helpdesk", "--data", &data], say).expect(0);
    botserver(&["backup", "create", &file, "--data", &data], "").expect(0);
    drop(running);
    assert!(entries(&file).iter().any(|(name, _)| name == "database.sql"));
    botserver(&["backup", "verify", &file], "").expect(0);

    // Over what is there: neither the database nor a directory.
    let full = botserver(&["backup", "restore", &file, "--data", &restored], "").expect(1);
    assert!(full.err.contains("is not empty"), "{}", full.all());
    assert!(!folder.path("restored").exists());
    // The tables of bots have schemas of their own, which must be free.
    let db = Db::connect(&DbUrl::parse(&url(&there)).expect("an address")).await.expect("the database");
    for name in botserver_data::schemas(&db).await.expect("their names") {
        drop_schema(&db, name).await;
    }
    let other = folder.write("other.toml", &settings(&back));
    botserver(&["backup", "restore", &file, "--data", &restored, "--config", &other], "").expect(0);
    assert!(!folder.path("restored/database.sql").exists());
    folder.write("restored/config.toml", &settings(&back));
    let script = folder.write(
        "restored/bots/helpdesk.gbai/helpdesk.gbdialog/count.bas",
        "rows = FIND \"tickets\" WHERE person = \"Ada\"\nTALK COUNT(rows)\n",
    );
    let counted = botserver(&["run", &script, "--data", &restored], "").expect(0);
    assert_eq!(counted.out, "1\n", "{}", counted.all());
    let again =
        botserver(&["backup", "restore", &file, "--data", &folder.text("more"), "--config", &other], "").expect(1);
    assert!(again.err.contains("is not empty"), "{}", again.all());

    for name in botserver_data::schemas(&db).await.expect("their names") {
        drop_schema(&db, name).await;
    }
    drop_schema(&db, there).await;
    drop_schema(&db, back).await;
    db.close().await;
}

async fn drop_schema(db: &Db, name: String) {
    let sql = format!("DROP SCHEMA IF EXISTS \"{name}\" CASCADE");
    let dropped = db.write::<_, botserver_db::Error, _>("test", move |tx| {
        Box::pin(async move {
            tx.execute_unprepared(&sql).await.map_err(|error| botserver_db::Error::statement("test", error))
        })
    });
    dropped.await.expect("a schema");
}

#[test]
fn nothing_is_ever_overwritten() {
    let folder = Folder::new();
    let file = backed_up(&folder);
    let again = botserver(&["backup", "create", &file, "--data", &folder.text("data")], "").expect(1);
    assert!(again.err.contains("exists already"), "{}", again.all());
    let before = fs::read(folder.path("data/bots/default.gbai/default.gbot/config.csv")).expect("a file");
    let full = botserver(&["backup", "restore", &file, "--data", &folder.text("data")], "").expect(1);
    assert!(full.err.contains("is not empty"), "{}", full.all());
    let after = fs::read(folder.path("data/bots/default.gbai/default.gbot/config.csv")).expect("a file");
    assert_eq!(before, after);
    folder.write("new.restoring/someone", "else's");
    let busy = botserver(&["backup", "restore", &file, "--data", &folder.text("new")], "").expect(1);
    assert!(busy.err.contains("new.restoring"), "{}", busy.all());
    assert!(folder.path("new.restoring/someone").exists());
    // An empty directory is as good as none.
    fs::create_dir(folder.path("empty")).expect("a folder");
    botserver(&["backup", "restore", &file, "--data", &folder.text("empty")], "").expect(0);
}

#[test]
fn a_backup_that_was_changed_or_is_damaged_is_refused() {
    let folder = Folder::new();
    let file = backed_up(&folder);
    let refused = |name: &str, part: &str| {
        let bad = folder.text(name);
        for verb in ["verify", "restore"] {
            let done = botserver(&["backup", verb, &bad, "--data", &folder.text("target")], "").expect(1);
            assert!(done.err.contains(part), "{name}: {part}\n{}", done.all());
        }
        assert!(!folder.path("target").exists() && !folder.path("target.restoring").exists(), "{name}");
    };
    // One byte of a file inside, in an archive that is otherwise sound.
    let mut plain = zstd::decode_all(fs::File::open(&file).expect("the backup")).expect("zstd");
    let photo = plain.windows(64).position(|bytes| bytes == [7; 64]).expect("the photo");
    plain[photo + 5] = 8;
    fs::write(folder.path("tampered"), zstd::encode_all(plain.as_slice(), 1).expect("zstd")).expect("a file");
    refused("tampered", "objects/ab/photo does not have the checksum");
    // One byte of the compressed stream.
    let mut bytes = fs::read(&file).expect("the backup");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(folder.path("flipped"), &bytes).expect("a file");
    refused("flipped", "");
    // Cut off.
    let bytes = fs::read(&file).expect("the backup");
    fs::write(folder.path("short"), &bytes[..bytes.len() / 2]).expect("a file");
    refused("short", "");
    folder.write("text", "this is no backup");
    refused("text", "damaged, or no backup");
    folder.write("nothing", "");
    refused("nothing", "no backup");
}

#[test]
fn nothing_is_written_outside_of_the_target() {
    let folder = Folder::new();
    let manifest =
        br#"{"format":1,"created_at":"2026-11-22T00:00:00Z","botserver":"0.1.0","database":"sqlite","migrations":[]}"#;
    let first = ("manifest.json", EntryType::Regular, manifest.as_slice());
    let evil = [
        (("../escaped", EntryType::Regular, b"x".as_slice()), "leads out"),
        (("bots/../../escaped", EntryType::Regular, b"x"), "leads out"),
        (("/tmp/botserver-escaped", EntryType::Regular, b"x"), "leads out"),
        (("bots/link", EntryType::Symlink, b""), "neither a file nor a folder"),
        (("bots/hard", EntryType::Link, b""), "neither a file nor a folder"),
        (("server.lock", EntryType::Regular, b"1"), "belongs to no backup"),
        (("botserver.db", EntryType::Regular, b"1"), "belongs to no backup"),
        (("bots/a//b", EntryType::Regular, b"1"), "belongs to no backup"),
    ];
    for (entry, part) in evil {
        pack(&folder.path("evil"), &[first, entry]);
        let done =
            botserver(&["backup", "restore", &folder.text("evil"), "--data", &folder.text("target")], "").expect(1);
        assert!(done.err.contains(part), "{}: {}", entry.0, done.all());
        assert!(!folder.path("target").exists() && !folder.path("target.restoring").exists());
        assert!(!folder.path("escaped").exists());
    }
    // Not even a whole archive may lack its checksums, or name a file twice.
    pack(&folder.path("evil"), &[first, ("database.sqlite", EntryType::Regular, b"x")]);
    let done = botserver(&["backup", "verify", &folder.text("evil")], "").expect(1);
    assert!(done.err.contains("no checksums"), "{}", done.all());
    let twice = ("bots/a", EntryType::Regular, b"x".as_slice());
    pack(&folder.path("evil"), &[first, twice, twice]);
    let done = botserver(&["backup", "verify", &folder.text("evil")], "").expect(1);
    assert!(done.err.contains("twice"), "{}", done.all());
}

#[test]
fn a_newer_format_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    let manifest = br#"{"format":9,"botserver":"7.0.0"}"#;
    pack(&folder.path("newer"), &[("manifest.json", EntryType::Regular, manifest), ("odd", EntryType::Regular, b"x")]);
    let done = botserver(&["backup", "restore", &folder.text("newer"), "--data", &folder.text("target")], "").expect(1);
    assert!(done.err.contains("BotServer 7.0.0"), "{}", done.all());
    assert!(!folder.path("target").exists() && !folder.path("target.restoring").exists());
}

#[test]
fn what_cannot_be_saved_is_told() {
    let folder = Folder::new();
    let file = folder.text("none.tar.zst");
    let none = botserver(&["backup", "create", &file, "--data", &folder.text("data")], "").expect(1);
    assert!(none.err.contains("there is no installation"), "{}", none.all());
    folder.write("pg/config.toml", "[storage]\ndatabase = \"postgres://bot:secret@127.0.0.1:1/bot\"\n");
    let pg = botserver(&["backup", "create", &file, "--data", &folder.text("pg")], "").expect(1);
    assert!(pg.err.contains("127.0.0.1:1") && !pg.err.contains("secret"), "{}", pg.all());
    assert!(!folder.path("none.tar.zst").exists());
}
