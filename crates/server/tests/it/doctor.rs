//! `botserver doctor`.

use std::net::TcpListener;

use serde_json::Value;

use crate::support::{Done, Folder, Server, botserver};

fn findings(done: &Done) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.all()));
    let text = |found: &Value, key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().expect("a list");
    for found in all.iter().filter(|found| found["level"] != "ok") {
        assert!(!text(found, "remedy").is_empty(), "no remedy: {found}");
    }
    all.iter().map(|own| (text(own, "check"), text(own, "level"), text(own, "message"))).collect()
}

fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn a_place_where_nothing_is_yet_is_fine() {
    let folder = Folder::new();
    let done = botserver(&["doctor", "--data", &folder.text("data"), "--listen", &free_port()], "").expect(0);
    assert!(done.out.contains("does not exist yet"), "{}", done.all());
    assert!(!folder.path("data").exists(), "it changes nothing");
}

#[test]
fn an_installation_with_a_running_server_is_fine() {
    let folder = Folder::new();
    let server = Server::start(&folder.path("data"));
    let listen = format!("127.0.0.1:{}", server.port());
    let done = botserver(&["doctor", "--data", &folder.text("data"), "--listen", &listen, "-o", "json"], "").expect(0);
    let found = findings(&done);
    let of = |check: &str| found.iter().filter(|own| own.0 == check).map(|own| own.2.clone()).collect::<Vec<_>>();
    assert!(of("server")[0].contains(&server.pid().to_string()), "{}", done.all());
    assert!(of("database")[0].contains("up to date"), "{}", done.all());
    assert!(of("bots")[0].starts_with("3 of 3"), "{}", done.all());
    // The server was not disturbed.
    let talked = botserver(&["chat", "default", "--data", &folder.text("data")], "").expect(0);
    assert!(talked.out.contains("welcome"), "{}", talked.all());
}

#[test]
fn what_must_be_done_is_told_with_a_remedy() {
    let folder = Folder::new();
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("an address").to_string();
    folder.write("data/bots/sad.gbai/start.bas", "IF\n");
    folder.write("data/bots/api.gbai/start.bas", "TALK 1\n");
    folder.write("data/botserver.db", "this is no database, and long enough to be looked at");
    let done = botserver(&["doctor", "--data", &folder.text("data"), "--listen", &address, "-o", "json"], "").expect(1);
    let found = findings(&done);
    let problem = |check: &str, part: &str| {
        let hit = found.iter().any(|own| own.0 == check && own.1 == "problem" && own.2.contains(part));
        assert!(hit, "{check}: {part}\n{}", done.all());
    };
    problem("port", &format!("process {}", std::process::id()));
    problem("bots", "sad has");
    problem("bots", "`api` cannot be a bot's name");
    problem("database", "");
    let text = botserver(&["doctor", "--data", &folder.text("data"), "--listen", &address], "").expect(1);
    assert!(text.out.contains("PROBLEM  port: ") && text.out.contains("→ "), "{}", text.all());
}

#[test]
fn settings_that_cannot_be_used_are_listed() {
    let folder = Folder::new();
    let file = folder.write("data/config.toml", "[srver]\nlisten = \"127.0.0.1:1\"\n");
    let done = botserver(&["doctor", "--data", &folder.text("data")], "").expect(1);
    assert!(done.out.contains(&format!("PROBLEM  settings: {file}:1")), "{}", done.all());
}

/// Documents: who may read them with the line of each mistake, what failed, and the state of the index; with a server
/// and without one.
#[test]
fn documents_and_their_indexes_are_looked_at() {
    let folder = Folder::new();
    folder.write("bots/tea.gbai/tea.gbdialog/start.bas", "TALK \"Hello\"\n");
    folder.write("bots/tea.gbai/tea.gbkb/sorts/assam.md", "# Assam\n\nAssam is strong.\n");
    folder.write("bots/tea.gbai/tea.gbkb/sorts/photo.png", "x");
    let rules = "version: 1\ndefault_access: all\nfolders:\n  sort:\n    access: role_based\n    roles: [bos]\n";
    folder.write("bots/tea.gbai/tea.gbkb/kb.permissions.yaml", rules);
    folder.write("bots/sad.gbai/sad.gbdialog/start.bas", "TALK \"Hello\"\n");
    folder.write("bots/sad.gbai/sad.gbkb/kb.permissions.yaml", "version: 1\ndefault_access: everyone\n");
    let (bots, data) = (folder.text("bots"), folder.text("data"));
    let server = Server::start_with(&folder.path("data"), |command| {
        command.args(["--bots", &bots]);
    });
    let listen = format!("127.0.0.1:{}", server.port());
    let look = || {
        let done = botserver(&["doctor", "--data", &data, "--bots", &bots, "--listen", &listen, "-o", "json"], "");
        (findings(&done), done)
    };
    let has = |check: &str, level: &str, part: &str| {
        let (found, done) = look();
        let hit = found.iter().any(|own| own.0 == check && own.1 == level && own.2.contains(part));
        assert!(hit, "{check} {level}: {part}\n{}", done.all());
    };
    let began = std::time::Instant::now();
    while !look().0.iter().any(|own| own.2.contains("1 of 2 documents could not be read")) {
        assert!(began.elapsed().as_secs() < 40, "{}", server.log());
    }
    has("documents", "ok", "tea: 2 documents (sorts 2), found by their words; the index is complete");
    has("permissions", "warning", "tea: kb.permissions.yaml:4: folders.sort: there is no such file or folder");
    has("permissions", "warning", "tea: kb.permissions.yaml:6: nobody has the role `bos`");
    has("permissions", "problem", "sad: kb.permissions.yaml:2: ");
    server.terminate();
    has("documents", "ok", "tea: 2 documents (sorts 2), found by their words; the index is complete");
    let index = folder.path("data").join("index");
    let of_bot = std::fs::read_dir(&index).expect("indexes").next().expect("one").expect("a folder").path();
    for file in std::fs::read_dir(&of_bot).expect("files") {
        let file = file.expect("a file").path();
        if file.file_name().is_some_and(|name| name != "MANIFEST") {
            std::fs::write(&file, "no index").expect("a file");
        }
    }
    has("documents", "warning", "the index is damaged: ");
    std::fs::remove_dir_all(&index).expect("the indexes");
    has("documents", "warning", "the index is not there");
}
