//! The tests that come with the sample bots: they pass, and their cassettes are what a recording gives.

use std::{fs, path::Path, time::Duration};

use botserver_testkit::{FakeAnswer, FakeModel};
use serde_json::json;

use crate::support::{Folder, botserver, finish, program, samples};

#[test]
fn the_tests_of_the_samples_pass() {
    for bot in ["default", "shop", "helpdesk"] {
        let package = samples().join(format!("{bot}.gbai"));
        let done = botserver(&["test", &package.display().to_string()], "").expect(0);
        assert!(done.err.contains(", 0 failed"), "{}", done.all());
    }
}

/// Two hundred conversations, and how long they took: measured, and told, not judged.
#[test]
fn two_hundred_conversations_are_played() {
    let folder = Folder::new();
    copy(&samples().join("helpdesk.gbai"), &folder.path("helpdesk.gbai"));
    let dialog = "  Press: Something is broken\n  ...\n  You: Ada\n  ...\n  You: ada@example.org\n  ...\n  Press: Printer\n  ...\n\
        \x20 You: today\n  ...\n  You: 3\n  ...\n  You: It hums.\n  Bot: Thank you, Ada. ...\n  Table tickets: 1 row\n";
    let tests: Vec<String> = (1..=200).map(|number| format!("Test: Played {number}\n{dialog}")).collect();
    folder.write("helpdesk.gbai/tests/many.test", &tests.concat());
    let package = folder.text("helpdesk.gbai");
    let done = botserver(&["test", &package, "--filter", "Played ", "-o", "json"], "").expect(0);
    let report: serde_json::Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(report["passed"], 200, "{}", done.err);
    let took = Duration::from_secs_f64(report["seconds"].as_f64().expect("seconds"));
    println!("200 conversations of eight messages took {took:?}");
}

/// Recorded anew against the fake model, the cassette of the shop is the one that it ships with.
#[tokio::test(flavor = "multi_thread")]
async fn the_cassette_of_the_shop_is_what_a_recording_gives() {
    let model = FakeModel::start().await.expect("the fake model");
    model.answer(FakeAnswer::calls([("find-product", json!({"what": "green"}))]));
    model.answer(FakeAnswer::text(
        "We have three green teas: Genmaicha, Jasmine Pearls and Sencha. Which one do you like?",
    ));
    model.answer(FakeAnswer::calls([("place-order", json!({"product": "Assam", "quantity": 2}))]));
    model.answer(FakeAnswer::text("Your Assam is on its way. Anything else?"));
    let folder = Folder::new();
    copy(&samples().join("shop.gbai"), &folder.path("shop.gbai"));
    let cassette = folder.path("shop.gbai/tests/cassettes/model.json");
    let shipped = fs::read_to_string(&cassette).unwrap_or_default();
    let mut command = program();
    command.args(["test", &folder.text("shop.gbai"), "--filter", "the model", "--record"]);
    command.args(["--set", &format!("llm-url={}", model.url())]);
    command.env("BOTSERVER_OUTBOUND__ALLOW", model.address().to_string());
    let done = tokio::task::spawn_blocking(move || finish(command, "")).await.expect("it runs").expect(0);
    let recorded = fs::read_to_string(&cassette).expect("a cassette");
    assert_eq!(recorded, shipped, "{}", done.all());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file");
        }
    }
}
