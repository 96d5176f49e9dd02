//! Looking into conversations of a running server: `botserver dap` attached to it, and people who go on talking.

use serde_json::json;

use crate::live::{Editor, Live, Setup, on_both};

const SUM: &str = "probe.gbai/probe.gbdialog/sum.bas";
const SCRIPT: &str = "TALK \"One moment.\"\nn = 20\nn = n + 1\nHEAR more AS INTEGER WITH \"How many more?\"\nn = n + more\nTALK \"That is ${n}.\"\n";
const START: &str =
    "ADD SUGGESTION TOOL \"ask\" AS \"Ask me\"\nADD SUGGESTION TOOL \"sum\" AS \"Sum\"\nTALK \"Welcome.\"\n";

fn developing(setup: Setup) -> Setup {
    setup.file(SUM, SCRIPT).option("--dev")
}

/// The server with a start that offers the script.
fn start(setup: Setup) -> Live {
    setup.with_start(START).start()
}

/// An editor that looks into a bot.
fn attach(live: &Live, conversation: Option<&str>) -> Editor {
    let mut editor = Editor::start();
    let data = live.data().display().to_string();
    let mut arguments = json!({"data": data, "bot": "probe"});
    if let Some(id) = conversation {
        arguments["conversation"] = id.into();
    }
    editor.ask("attach", arguments);
    editor.event("initialized");
    editor
}

fn mark(editor: &mut Editor, live: &Live, lines: &[u32]) {
    let path = live.bots(SUM).display().to_string();
    let wanted = lines.iter().map(|line| json!({"line": line})).collect();
    let set = editor.breakpoints(&path, serde_json::Value::Array(wanted));
    assert!(set.iter().all(|own| own["verified"] == true), "{set:?}");
}

/// Does what blocks where it may.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("it ends")
}

on_both! {
    async fn a_turn_stands_still_and_everything_else_goes_on(setup: Setup) {
        let live = start(developing(setup));
        let visitor = live.visitor().await;
        let (looked, other) = (visitor.begin("probe").await, visitor.begin("probe").await);
        let mut editor = attach(&live, Some(&looked));
        mark(&mut editor, &live, &[3, 5]);
        editor.ask("configurationDone", json!({}));
        let (mut socket, _) = visitor.socket("probe", json!({"conversation": looked})).await;
        socket.say("Sum").await;
        let editor = blocking(move || {
            let (reason, thread, frames) = editor.stopped();
            assert_eq!((&*reason, &*frames), ("breakpoint", &["sum:3".to_owned()][..]));
            assert_eq!(editor.evaluate(thread, "n"), Ok("20".to_owned()));
            assert!(editor.frames(thread)[0]["source"]["path"].as_str().expect("a path").ends_with(SUM));
            let about = editor.lines(thread, "Conversation");
            assert!(about.iter().any(|own| own.starts_with("(said in this turn) = [") && own.contains("One moment.")), "{about:?}");
            let frame = editor.frames(thread)[0]["id"].clone();
            let scopes = editor.ask("scopes", json!({"frameId": frame}));
            let locals = scopes["scopes"][0]["variablesReference"].clone();
            editor.ask("setVariable", json!({"variablesReference": locals, "name": "n", "value": "n * 2"}));
            // What a keyword would do belongs to the turn.
            assert!(editor.evaluate(thread, "FIND \"visits\"").unwrap_err().contains("cannot be used here"));
            editor
        }).await;
        // The message is acknowledged, the page sees that the bot is busy; nothing is said yet.
        let frames = socket.until(|frame| frame["type"] == "working" && frame["on"] == true).await;
        assert!(frames.iter().any(|frame| frame["type"] == "ack"), "{frames:?}");
        // Others talk.
        assert_eq!(visitor.hears(&other, "Ask me").await, ["Welcome.", "How many?"]);
        assert_eq!(visitor.hears(&other, "7").await, ["You said 7."]);
        let mut editor = editor;
        let editor = blocking(move || {
            let thread = editor.ask("threads", json!({}))["threads"][0]["id"].as_u64().expect("a thread");
            editor.go("continue", thread);
            editor
        }).await;
        let said = json!(socket.turn().await).to_string();
        assert!(said.contains("How many more?"), "{said}");
        // A run that waited stops in the next turn too.
        socket.say("1").await;
        let mut editor = editor;
        blocking(move || {
            let (_, thread, frames) = editor.stopped();
            assert_eq!(frames, ["sum:5"]);
            assert_eq!(editor.lines(thread, "Locals"), ["n = 41", "more = 1"]);
            // A debugger that leaves lets everything go on.
            editor.leave();
        }).await;
        let said = json!(socket.turn().await).to_string();
        assert!(said.contains("That is 42."), "{said}");
    }

    async fn a_debugger_that_is_lost_lets_the_turn_go_on(setup: Setup) {
        let live = start(developing(setup));
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let mut editor = attach(&live, None);
        mark(&mut editor, &live, &[2]);
        editor.ask("configurationDone", json!({}));
        let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
        socket.say("Sum").await;
        blocking(move || {
            assert_eq!(editor.stopped().2, ["sum:2"]);
            editor.kill();
        }).await;
        let said = json!(socket.turn().await).to_string();
        assert!(said.contains("How many more?"), "{said}");
    }

    async fn a_server_that_is_killed_while_a_turn_stands_still_loses_nothing(setup: Setup) {
        let mut live = start(developing(setup));
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let mut editor = attach(&live, None);
        mark(&mut editor, &live, &[3]);
        editor.ask("configurationDone", json!({}));
        let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
        socket.say("Sum").await;
        let mut editor = blocking(move || {
            editor.stopped();
            editor
        }).await;
        live.kill();
        blocking(move || editor.event("terminated")).await;
        live.start();
        let visitor = visitor.at(&live);
        // The turn is run again, and nobody holds it.
        let path = format!("/api/v1/conversations/{conversation}/messages?limit=200");
        let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(40);
        while !visitor.get(&path).await.text().contains("How many more?") {
            assert!(tokio::time::Instant::now() < patience, "the turn is not run again");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(visitor.hears(&conversation, "9").await, ["That is 30."]);
        let said = visitor.transcript(&conversation).await;
        assert_eq!(said.iter().filter(|line| line.contains("One moment.")).count(), 1, "{said:?}");
    }

    async fn a_server_that_is_told_to_stop_lets_the_turn_finish_first(setup: Setup) {
        let mut live = start(developing(setup));
        let visitor = live.visitor().await;
        let conversation = visitor.begin("probe").await;
        let mut editor = attach(&live, None);
        mark(&mut editor, &live, &[3]);
        editor.ask("configurationDone", json!({}));
        let (mut socket, _) = visitor.socket("probe", json!({"conversation": conversation})).await;
        socket.say("Sum").await;
        blocking(move || editor.stopped()).await;
        live.server().signal("TERM");
        let said = json!(socket.turn().await).to_string();
        assert!(said.contains("How many more?"), "{said}");
        assert!(live.ended().0.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_server_for_development_lets_debuggers_in() {
    let live = Setup::new().start();
    let data = live.data().display().to_string();
    let mut editor = Editor::start();
    let refused = editor.try_ask("attach", json!({"data": data, "bot": "probe"})).unwrap_err();
    assert!(refused.contains("`botserver serve --dev`"), "{refused}");
    let live = Setup::new().option("--dev").start();
    let data = live.data().display().to_string();
    let refused = editor.try_ask("attach", json!({"data": data, "bot": "nobody"})).unwrap_err();
    assert!(refused.contains("there is no bot `nobody`"), "{refused}");
    let refused = editor.try_ask("attach", json!({"data": data, "bot": "probe", "conversation": "x"})).unwrap_err();
    assert!(refused.contains("`x` is no id of a conversation"), "{refused}");
    assert!(editor.try_ask("attach", json!({"data": data})).unwrap_err().contains("`bot` is missing"));
    let nowhere = format!("{data}/none");
    assert!(
        editor
            .try_ask("attach", json!({"data": nowhere, "bot": "probe"}))
            .unwrap_err()
            .contains("cannot reach a server")
    );
    editor.ask("attach", json!({"data": data, "bot": "probe"}));
    editor.leave();
}
