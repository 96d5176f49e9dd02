//! The whole process over its life: first start, changes of packages under conversations, signals in the middle of a
//! turn, crashes.

use std::{fs, path::Path, time::Duration};

use botserver_db::{ConnectionTrait as _, Db, DbUrl};
use serde_json::{Value as Json, json};

use crate::{
    live::{Body, Heard, Live, Setup, Slow, Visitor, on_both, texts},
    support::{Folder, Server, samples},
};

/// Asks until it is so; nothing tells a visitor when a package is taken.
async fn until<F: AsyncFnMut() -> bool>(what: &str, mut is_so: F) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(40);
    while !is_so().await {
        assert!(tokio::time::Instant::now() < patience, "{what} does not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn bot(visitor: &Visitor, name: &str) -> Option<Json> {
    let answer = visitor.get(&format!("/api/v1/bots/{name}")).await;
    answer.status.is_success().then(|| answer.json())
}

async fn bot_of_owner(owner: &Visitor, name: &str) -> Json {
    let overview = owner.get("/api/v1/system/overview").await.expect(200).json();
    let bots = overview["bots"].as_array().expect("bots").clone();
    bots.into_iter().find(|bot| bot["name"] == name).unwrap_or_default()
}

async fn kept_references(live: &Live) -> Vec<String> {
    let db = Db::connect(&DbUrl::parse(&live.database()).expect("a URL")).await.expect("opened");
    let sql = "SELECT reference FROM system_problems WHERE reference IS NOT NULL";
    let select = sea_orm::Statement::from_string(db.read().get_database_backend(), sql);
    let rows = db.read().query_all_raw(select).await.expect("rows");
    db.close().await;
    rows.iter().map(|found| botserver_db::row(found, "reference").expect("a text")).collect()
}

async fn published(live: &Live, visitor: &Visitor, path: &str, text: &str) {
    let name = path.split('.').next().expect("a bot");
    let before = bot(visitor, name).await.map(|bot| bot["version"].clone());
    let file = live.bots(path);
    fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    fs::write(file, text).expect("written");
    until("the new version", async || bot(visitor, name).await.map(|bot| bot["version"].clone()) != before).await;
}

const ASK: &str = "probe.gbai/probe.gbdialog/ask.bas";

on_both! {
    async fn a_conversation_ends_in_the_version_it_began_with(setup: Setup) {
        let mut live = setup.start();
        let visitor = live.visitor().await;
        let (waits, later) = (visitor.begin("probe").await, visitor.begin("probe").await);
        for conversation in [&waits, &later] {
            visitor.say(conversation, "Ask me").await;
        }
        // So many that the first would be forgotten if nothing waited in it.
        for number in 0..8 {
            published(&live, &visitor, ASK, &format!("HEAR n AS INTEGER WITH \"New {number}?\"\nTALK \"New {number}: ${{n}}.\"\n")).await;
        }
        assert_eq!(visitor.hears(&waits, "1").await, ["You said 1."]);
        assert_eq!(visitor.hears(&waits, "Ask me").await, ["New 7?"]);
        // Also after a crash, and after the package is gone.
        live.kill();
        fs::remove_dir_all(live.bots("probe.gbai")).expect("removed");
        live.start();
        let visitor = visitor.at(&live);
        assert_eq!(visitor.hears(&later, "2").await, ["You said 2."]);
        assert_eq!(visitor.hears(&waits, "3").await, ["New 7: 3."]);
        assert!(bot(&visitor, "probe").await.is_none());
        // Nothing new begins, and the person is told.
        let told = "This bot is switched off at the moment. Please try again later.";
        assert_eq!(visitor.hears(&waits, "Ask me").await, [told]);
    }

    async fn a_chat_in_which_nobody_has_written_begins_anew_with_the_next_version(setup: Setup) {
        const START: &str = "fresh.gbai/fresh.gbdialog/start.bas";
        // The first version cannot even greet.
        let live = setup.file(START, "TAKL \"One\"\n").start();
        let visitor = live.visitor().await;
        let greeting = async || {
            let (mut socket, ready) = visitor.socket("fresh", json!({"visible": true})).await;
            (ready["conversation"].clone(), json!(socket.turn().await).to_string())
        };
        let (broken, said) = greeting().await;
        assert!(said.contains("has a mistake"), "{said}");
        for (number, word) in (1..).zip(["Two", "Three"]) {
            published(&live, &visitor, START, &format!("TALK \"{word}\"\nHEAR a\n")).await;
            let (opened, said) = greeting().await;
            assert_ne!(opened, broken, "{number}");
            assert!(said.contains(word), "{said}");
            assert_eq!(greeting().await.0, opened, "as long as the bot stays the same, so does the chat");
        }
    }

    async fn old_versions_are_forgotten_unless_somebody_waits_in_them(setup: Setup) {
        let mut live = setup.start();
        let visitor = live.visitor().await;
        let waits = visitor.begin("probe").await;
        visitor.say(&waits, "Ask me").await;
        for number in 0..9 {
            published(&live, &visitor, ASK, &format!("HEAR n AS INTEGER WITH \"New {number}?\"\nTALK n\n")).await;
        }
        until("forgetting", async || live.server().log().matches("old versions of packages were forgotten").count() >= 3).await;
        live.server().signal("TERM");
        live.ended();
        // Five are kept to go back to, and the one in which somebody waits.
        let db = Db::connect(&DbUrl::parse(&live.database()).expect("an address")).await.expect("the database");
        let rows = db.read().query_all(sea_query::Query::select().column("hash").from("packages_versions")).await.expect("rows");
        assert_eq!(rows.len(), 6);
        db.close().await;
        live.start();
        assert_eq!(visitor.at(&live).hears(&waits, "4").await, ["You said 4."]);
    }

    async fn tables_are_there_before_the_version_that_needs_them(setup: Setup) {
        let live = setup.start();
        let visitor = live.visitor().await;
        let rows: Vec<String> = (0..3_000).map(|number| format!("{number},Name {number}")).collect();
        let rows = rows.join("\n");
        for bot_number in 0..4 {
            let name = format!("fresh{bot_number}");
            let draft = live.bots(&format!("{name}.draft"));
            fs::create_dir_all(draft.join("fresh.gbdata")).expect("folders");
            fs::write(draft.join("fresh.gbdata/people.csv"), format!("id,name\n{rows}")).expect("written");
            fs::write(draft.join("tables.bas"), "TABLE people\n  id integer key\n  name string(40)\nEND TABLE\n").expect("written");
            fs::write(draft.join("start.bas"), "one = FIND \"people\" WHERE id = 2999 LIMIT 1\nTALK one.name\n").expect("written");
            fs::rename(&draft, live.bots(&format!("{name}.gbai"))).expect("renamed");
            // The very first moment at which anybody can talk with it.
            loop {
                let begun = visitor.call("POST", &format!("/api/v1/bots/{name}/conversations"), Body::None).await;
                if begun.status.as_u16() == 201 {
                    let conversation = begun.json()["id"].as_str().expect("an id").to_owned();
                    assert_eq!(visitor.hears(&conversation, "hello").await[0], "Name 2999");
                    break;
                }
                begun.problem(404, "unknown_bot");
            }
        }
    }

    async fn a_table_that_cannot_change_refuses_the_change_and_is_told(setup: Setup) {
        let live = setup
            .file("goods.gbai/tables.bas", "TABLE goods\n  id integer key\n  price integer\nEND TABLE\n")
            .file("goods.gbai/start.bas", "TALK \"Old.\"\n")
            .file("bad.gbai/tables.bas", "TABLE things\n  id integer key\nEND TABLE\n")
            .file("bad.gbai/bad.gbdata/things.csv", "id\n1\ntwo\n")
            .file("bad.gbai/start.bas", "TALK \"Here.\"\n")
            .start();
        let owner = live.owner().await;
        // Never served before: it starts, and says what is wrong.
        let bad = bot_of_owner(&owner, "bad").await;
        assert_eq!(bad["state"], "partly", "{bad}");
        assert_eq!((&bad["diagnostics"][0]["file"], &bad["diagnostics"][0]["line"]), (&json!("bad.gbdata/things.csv"), &json!(3)), "{bad}");
        fs::write(live.bots("goods.gbai/start.bas"), "TALK \"New.\"\n").expect("written");
        fs::write(live.bots("goods.gbai/tables.bas"), "TABLE goods\n  id integer key\n  price text\nEND TABLE\n").expect("written");
        until("the refusal", async || bot_of_owner(&owner, "goods").await["state"] == "refused").await;
        let goods = bot_of_owner(&owner, "goods").await;
        let found = &goods["diagnostics"][0];
        assert_eq!((&found["file"], &found["line"], &found["severity"]), (&json!("tables.bas"), &json!(3), &json!("error")), "{goods}");
        assert!(found["source"].as_str().unwrap().contains("price text"), "{found}");
        let conversation = owner.begin("goods").await;
        assert_eq!(owner.hears(&conversation, "hello").await[0], "Old.");
        // The rows are mended: the same version gets its table.
        fs::write(live.bots("bad.gbai/bad.gbdata/things.csv"), "id\n1\n2\n").expect("written");
        until("the repair", async || bot_of_owner(&owner, "bad").await["state"] == "serving").await;
    }

    async fn a_reference_means_something_after_a_restart_and_a_kill(setup: Setup) {
        let mut live = setup.start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let mut told = Vec::new();
        for kill in [false, true] {
            let failed = visitor.same().at(&live).say(&conversation, "Fail").await;
            let mut events = failed["events"].as_array().expect("events").iter().map(|own| &own["event"]);
            let error = events.find(|own| own["kind"] == "error").expect("an error");
            told.push(error["reference"].as_str().expect("a reference").to_owned());
            if kill {
                until("it is kept", async || kept_references(&live).await.contains(&told[1])).await;
                live.kill();
            } else {
                live.server().signal("TERM");
                assert!(live.ended().0.success());
            }
            live.start();
            let overview = live.owner().await.get("/api/v1/system/overview").await.expect(200).json();
            for reference in &told {
                let mut problems = overview["problems"].as_array().expect("problems").iter();
                let found = problems.find(|own| own["reference"] == **reference).expect("a problem with the reference");
                assert_eq!((&found["source"], &found["bot"]), (&json!("probe.gbdialog/fail.bas:3"), &json!("probe")));
            }
        }
    }

    async fn a_signal_lets_the_running_turn_finish(setup: Setup) {
        let slow = Slow::start().await;
        let mut live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        for signal in ["TERM", "INT"] {
            let visitor = visitor.same().at(&live);
            let conversation = visitor.begin("probe").await;
            let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
            let asking = visitor.same();
            let path = format!("/api/v1/conversations/{conversation}/messages?wait=60");
            let answer = async { asking.post(&path, json!({"text": "Slow"})).await.expect(200).json() };
            let ending = async {
                slow.arrived().await;
                live.server().signal(signal);
                // Whoever comes now is told, and the turn goes on.
                until("the end begins", async || {
                    live.server().log().contains("stopping: running turns finish first")
                }).await;
                slow.answer();
            };
            let (answer, ()) = tokio::join!(answer, ending);
            assert_eq!(texts(&answer["messages"]).last().map(String::as_str), Some("Found: done"), "{signal}");
            // The socket had the whole turn, and a goodbye.
            let frames = socket.until(|frame| frame["type"] == "bye").await;
            assert!(frames.iter().any(|frame| frame["event"]["kind"] == "turn.end"), "{frames:?}");
            assert_eq!(socket.heard().await, Heard::Closed(Some(1001)));
            let (status, log) = live.ended();
            assert_eq!(status.code(), Some(0), "{signal}: {log}");
            assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
            live.start();
            let said = visitor.at(&live).transcript(&conversation).await;
            assert_eq!(said, ["person: Slow", "bot: Welcome.", "bot: Looking.", "bot: Found: done"]);
        }
    }

    async fn a_crash_in_the_middle_of_a_turn_is_a_pause(setup: Setup) {
        let slow = Slow::start().await;
        let mut live = setup.reaching(&slow).start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let path = format!("/api/v1/conversations/{conversation}/messages");
        visitor.post(&path, json!({"text": "Slow"})).await.expect(202);
        slow.arrived().await;
        visitor.post(&path, json!({"text": "Ask me"})).await.expect(202);
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        slow.arrived().await;
        slow.answer();
        slow.answer();
        until("both are answered", async || visitor.transcript(&conversation).await.len() == 6).await;
        let said = visitor.transcript(&conversation).await;
        assert_eq!(
            said,
            ["person: Slow", "bot: Welcome.", "bot: Looking.", "bot: Found: done", "person: Ask me", "bot: How many?"]
        );
    }

    async fn a_package_with_broken_scripts_works_as_far_as_it_can(setup: Setup) {
        let live = setup.start();
        let owner = live.owner().await;
        let probe = bot_of_owner(&owner, "probe").await;
        assert_eq!(probe["state"], "partly", "{probe}");
        let found = &probe["diagnostics"][0];
        assert_eq!((&found["file"], &found["line"]), (&json!("probe.gbdialog/broken.bas"), &json!(1)), "{found}");
        let broken = probe["scripts"].as_array().unwrap().iter().find(|own| own["name"] == "broken").unwrap();
        assert_eq!(broken["state"], "broken");
        // Whoever calls it is told in plain words, and what is right goes on working.
        for (locale, part) in [("en", "has a mistake that"), ("pt", "tem um erro que"), ("es", "tiene un error que")] {
            let visitor = live.visitor().await.saying("accept-language", locale);
            let conversation = visitor.begin("probe").await;
            let said = visitor.say(&conversation, "Broken").await;
            assert_eq!(said["turn"]["outcome"], "failed", "{said}");
            let error = said["events"].as_array().unwrap().iter().find(|own| own["event"]["kind"] == "error");
            let error = &error.expect("an error")["event"];
            assert!(error["detail"].as_str().unwrap().contains(part), "{error}");
            assert!(error.get("script").is_none());
            assert_eq!(visitor.hears(&conversation, "Ask me").await, ["How many?"]);
        }
        let conversation = owner.begin("probe").await;
        let said = owner.say(&conversation, "Broken").await;
        let error = said["events"].as_array().unwrap().iter().find(|own| own["event"]["kind"] == "error").unwrap();
        let script = &error["event"]["script"];
        assert_eq!((&script["file"], &script["line"]), (&json!("probe.gbdialog/broken.bas"), &json!(1)), "{error}");
        assert_eq!(script["source"], "IF x THEN");
        let overview = owner.get("/api/v1/system/overview").await.json();
        assert_eq!(overview["problems"][0]["source"], "probe.gbdialog/broken.bas:1", "{}", overview["problems"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_come_with_the_first_start_only() {
    let mut live = Setup::new().with_samples().start();
    for name in ["default", "helpdesk", "shop"] {
        for entry in walk(&samples().join(format!("{name}.gbai"))) {
            let copy = live.bots(&format!("{name}.gbai")).join(&entry);
            let original = fs::read(samples().join(format!("{name}.gbai")).join(&entry)).expect("the sample");
            assert_eq!(fs::read(&copy).ok(), Some(original), "{}", copy.display());
        }
    }
    assert!(!live.data().join("bots.making").exists());
    // What an owner has deleted or changed stays so.
    fs::remove_dir_all(live.bots("shop.gbai")).expect("removed");
    fs::write(live.bots("default.gbai/default.gbdialog/start.bas"), "TALK \"Mine.\"\n").expect("written");
    live.server().signal("TERM");
    live.ended();
    live.start();
    let visitor = live.visitor().await;
    assert!(bot(&visitor, "shop").await.is_none());
    let conversation = visitor.begin("default").await;
    assert_eq!(visitor.hears(&conversation, "hello").await[0], "Mine.");
}

/// The files below a folder, relative to it.
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                found.push(entry.strip_prefix(folder).expect("inside").to_owned());
            }
        }
    }
    found
}

#[test]
fn a_first_start_that_died_half_way_is_done_again() {
    let folder = Folder::new();
    folder.write("data/bots.making/default.gbai/half.bas", "IF\n");
    let server = Server::start(&folder.path("data"));
    assert!(!folder.path("data/bots.making").exists());
    assert!(!folder.path("data/bots/default.gbai/half.bas").exists());
    assert!(folder.path("data/bots/shop.gbai/shop.gbdata/products.csv").exists());
    let (status, log) = server.terminate();
    assert!(status.success(), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_a_bot_is_one_problem() {
    let live = Setup::new().file("api.gbai/start.bas", "TALK \"Never.\"\n").start();
    let owner = live.owner().await;
    // What is taken later shows that the watcher has seen the folders of the start.
    fs::create_dir_all(live.bots("late.gbai")).expect("a folder");
    fs::write(live.bots("late.gbai/start.bas"), "TALK \"Late.\"\n").expect("written");
    until("the late bot", async || bot(&owner, "late").await.is_some()).await;
    let overview = owner.get("/api/v1/system/overview").await.expect(200).json();
    let problems = overview["problems"].as_array().expect("problems").iter();
    let told = problems.filter(|own| own["message"].as_str().is_some_and(|text| text.contains("api.gbai"))).count();
    assert_eq!((told, &overview["rejected"][0]["folder"]), (1, &json!("api.gbai")), "{}", overview["problems"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_two_hundred_problems_are_kept_the_newest_first() {
    let live = Setup::new().start();
    let owner = live.owner().await;
    let conversation = owner.begin("probe").await;
    for number in 0..=220 {
        let failed = owner.say(&conversation, "Fail").await;
        assert_eq!(failed["turn"]["outcome"], "failed", "{number}: {failed}");
    }
    let overview = owner.get("/api/v1/system/overview").await.expect(200).json();
    let problems = overview["problems"].as_array().expect("problems");
    assert_eq!(problems.len(), 200);
    let times: Vec<&str> = problems.iter().map(|own| own["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
    assert_eq!((&problems[0]["bot"], &problems[0]["level"]), (&json!("probe"), &json!("error")));
    assert_eq!(problems[0]["source"], "probe.gbdialog/fail.bas:3");
    // A missing number is nothing, not a zero that somebody made up.
    let disk = &overview["disk"];
    assert!(disk["data_bytes"].is_u64() && disk["total_bytes"].as_u64() >= disk["free_bytes"].as_u64(), "{disk}");
    assert!(overview["memory"]["resident_bytes"].as_u64().is_some_and(|bytes| bytes > 1 << 20), "{overview}");
}
