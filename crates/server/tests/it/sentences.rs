//! What people are told when something is refused: in their words, with what to do, and without our own.

use serde_json::json;

use crate::{
    live::{Body, Setup, texts},
    support::{Folder, botserver},
};

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_sentences_for_people() {
    let live = Setup::new().set("LIMITS__UPLOAD_MAX_BYTES", "2048").start();
    let visitor = live.visitor().await;
    let conversation = visitor.begin("probe").await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let shape = visitor.post(&path, json!([])).await.problem(400, "wrong_shape");
    assert_eq!(shape, "The body must be a JSON object, `{…}`, and is a list.");
    let shape = visitor.post(&path, json!({"text": "x", "attachments": {"a": 1}})).await.problem(400, "wrong_shape");
    assert!(shape.contains("found an object, expected a list"), "{shape}");
    let wait = visitor.post(&format!("{path}?wait=abc"), json!({"text": "x"})).await.problem(400, "bad_query");
    assert_eq!(wait, "A parameter behind the `?` is wrong: `wait` must be a whole number from 0 up.");
    let denied = visitor.get("/api/v1/system/overview").await.problem(403, "forbidden");
    assert!(denied.starts_with("Only the owner may do this") && denied.contains("botserver owner link"), "{denied}");
    let large = visitor.upload(&conversation, "huge.bin", &[7; 3000]).await.problem(413, "too_large");
    assert_eq!(large, "The file is larger than 2 KB, which is the most that is taken here.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nothing_waits_for_is_acknowledged_by_its_name() {
    let live = Setup::new().start();
    let visitor = live.visitor().await;
    let conversation = visitor.begin("probe").await;
    let stored = visitor.upload(&conversation, "plan *1*.txt", b"Monday").await.expect(201).json();
    let path = format!("/api/v1/conversations/{conversation}/messages?wait=30");
    let answer = visitor.post(&path, json!({"attachments": [stored["id"]]})).await.expect(200).json();
    let said =
        "I have received `plan *1*.txt`, but nothing here waits for a file. You can use one of the suggestions below.";
    assert_eq!(texts(&answer["messages"]).last().map(String::as_str), Some(said), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hint_about_another_site_is_what_lets_it_in() {
    const SITE: &str = "https://shop.example";
    let begin = async |setup: Setup| {
        let live = setup.start();
        let visitor = live.visitor().await.saying("origin", SITE);
        visitor.call("POST", "/api/v1/bots/probe/conversations", Body::None).await
    };
    let refused = begin(Setup::new()).await.problem(403, "foreign_origin");
    assert!(refused.contains(SITE), "{refused}");
    let line = refused.split('`').find(|own| own.starts_with("cors_allowed_origins")).expect("a line for config.toml");
    let folder = Folder::new();
    let file = folder.write("config.toml", &format!("[server]\n{line}\n"));
    begin(Setup::new().config(&file)).await.expect(201);
}

#[test]
fn a_file_where_an_address_should_be_is_named_as_what_is_missing() {
    let folder = Folder::new();
    let script = folder.write("read.bas", "x = GET \"/etc/passwd\"\n");
    let done = botserver(&["run", &script], "").expect(1);
    assert!(done.err.contains("GET of a file needs the drive, not available in this build"), "{}", done.all());
}
