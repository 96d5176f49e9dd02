//! `botserver config`.

use serde_json::Value;

use crate::support::{Folder, botserver, finish, program};

#[test]
fn every_value_tells_where_it_comes_from() {
    let folder = Folder::new();
    let file = folder.write(
        "data/config.toml",
        "[limits]\nmessages_per_minute = 30\n\n[storage]\ndatabase = \"postgres://bot:hunter2@localhost/bot\"\n\
         [bot_defaults]\nllm-key = \"sk-very-secret\"\n",
    );
    let mut command = program();
    command.args(["config", "show", "--origin", "--data", &folder.text("data")]);
    command.env("BOTSERVER_LOG__LEVEL", "debug");
    let done = finish(command, "").expect(0);
    let line = |key: &str| done.out.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
    assert!(line("limits.messages_per_minute = 30 ").ends_with(&format!("# {file}:2")), "{}", done.all());
    assert!(line("log.level = debug").ends_with("# BOTSERVER_LOG__LEVEL"), "{}", done.all());
    assert!(line("server.listen = 127.0.0.1:8080").ends_with("# default"), "{}", done.all());
    assert!(line("server.public_url is not set").ends_with("# default"), "{}", done.all());
    assert!(!done.out.contains("hunter2") && !done.out.contains("sk-very-secret"), "{}", done.all());

    let plain = botserver(&["config", "show", "--data", &folder.text("data")], "").expect(0);
    assert!(!plain.out.contains('#'), "{}", plain.all());
    let json = botserver(&["config", "show", "-o", "json", "--data", &folder.text("data")], "").expect(0);
    let report: Value = serde_json::from_str(&json.out).expect("JSON");
    let entries = report["settings"].as_array().expect("a list");
    let found = entries.iter().find(|entry| entry["key"] == "limits.messages_per_minute").expect("the key");
    assert_eq!((&found["value"], &found["origin"]), (&"30".into(), &format!("{file}:2").into()));
    assert!(!json.out.contains("hunter2") && !json.out.contains("sk-very-secret"), "{}", json.all());
    // Only what is a secret is one: of an address with a password the password, of one without nothing.
    let shown = |key: &str| {
        let entry = entries.iter().find(|entry| entry["key"] == key).expect("the key");
        (entry["value"].as_str().expect("a value").to_owned(), entry["secret"] == true)
    };
    assert_eq!(shown("storage.database"), ("postgres://bot:••••@localhost/bot".to_owned(), false));
    assert!(entries.iter().any(|entry| entry["key"] == "llm-key" && entry["secret"] == true), "{}", json.all());
    assert_eq!(shown("storage.objects"), (format!("file://{}/objects", folder.text("data")), false));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let folder = Folder::new();
    let file =
        folder.write("data/config.toml", "[server]\nlissten = \"x\"\n\n[limits]\nmessages_per_minute = \"many\"\n");
    let data = folder.text("data");
    let done = botserver(&["config", "validate", "--data", &data], "").expect(1);
    assert_eq!(done.out.lines().count(), 2, "{}", done.all());
    assert!(done.out.starts_with(&format!("{file}:2: ")) && done.out.contains("server.listen"), "{}", done.all());
    assert!(done.out.contains(&format!("{file}:5: ")), "{}", done.all());
    let serve = botserver(&["serve", "--data", &data], "").expect(1);
    assert!(serve.err.contains(&format!("{file}:2: ")), "{}", serve.all());
    std::fs::write(file, "").expect("a file");
    let fine = botserver(&["config", "validate", "--data", &data], "").expect(0);
    assert_eq!(fine.out, "");
    let missing = botserver(&["config", "validate", "--config", &folder.text("no.toml")], "").expect(1);
    assert!(missing.out.contains("there is no such file"), "{}", missing.all());
}
