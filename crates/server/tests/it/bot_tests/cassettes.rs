//! Recording against a server of this machine, and replaying when it is gone.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Json as Body, Router, extract::State, routing::post};
use botserver_testkit::{FakeAnswer, FakeCall, FakeModel, FakeStep};
use serde_json::{Value as Json, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::{Done, Folder, finish, program};

/// Runs a command without stopping the servers of the test.
async fn run(args: &[&str], allow: Option<&str>) -> Done {
    let mut command = program();
    command.args(args);
    if let Some(allow) = allow {
        command.env("BOTSERVER_OUTBOUND__ALLOW", allow);
    }
    tokio::task::spawn_blocking(move || finish(command, "")).await.expect("it runs")
}

/// A server that counts the orders it gets.
async fn orders() -> (String, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let take = async |State(count): State<Arc<AtomicUsize>>, Body(order): Body<Json>| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        Body(json!({"number": number, "what": order["what"], "access_token": "tok-4711-secret"}))
    };
    let router = Router::new().route("/orders", post(take)).with_state(count.clone());
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.expect("it serves until the test ends") });
    (address, count, serving)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_is_replayed_when_nobody_is_there() {
    let (address, count, serving) = orders().await;
    let folder = Folder::new();
    let script = format!(
        "HEAR what WITH \"What?\"\nr = POST \"http://{address}/orders?key=k-123-secret\", {{ what: what, at: NOW() }}\n\
         TALK \"Order \" + r.number + \": \" + r.what\n"
    );
    folder.write("out.gbai/out.gbdialog/start.bas", &script);
    let test = |what: &str| format!("Test: An order\n  Bot: What?\n  You: {what}\n  Bot: Order 1: {what}\n");
    folder.write("out.gbai/tests/http.test", &test("tea"));
    let package = folder.text("out.gbai");

    // Without a cassette it fails, and nothing has gone out.
    let done = run(&["test", &package], Some(&address)).await.expect(1);
    assert!(done.out.contains("is not in the cassette"), "{}", done.all());
    assert_eq!(count.load(Ordering::SeqCst), 0);

    let done = run(&["test", &package, "--record"], Some(&address)).await.expect(0);
    assert!(done.err.contains("Recorded"), "{}", done.all());
    assert_eq!(count.load(Ordering::SeqCst), 1);
    let path = folder.path("out.gbai/tests/cassettes/http.json");
    let cassette = std::fs::read_to_string(&path).expect("a cassette");
    for secret in ["k-123-secret", "tok-4711-secret"] {
        assert!(!cassette.contains(secret), "{cassette}");
    }

    // The server is gone, and may not even be asked.
    drop(serving);
    run(&["test", &package], None).await.expect(0);
    run(&["test", &package], None).await.expect(0);
    assert_eq!(count.load(Ordering::SeqCst), 1);

    // Another request is shown beside the one that is known.
    folder.write("out.gbai/tests/http.test", &test("coffee"));
    let done = run(&["test", &package], Some(&address)).await.expect(1);
    for part in
        ["http.test:3:8: An order: POST http://", "-     \"what\": \"tea\"", "+     \"what\": \"coffee\"", "--record"]
    {
        assert!(done.out.contains(part), "{part}: {}", done.all());
    }
    // What must not go out does not, also while recording: its failure is what is recorded.
    let done = run(&["test", &package, "--record"], None).await.expect(1);
    assert!(done.out.contains("private network"), "{}", done.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_recorded_with_its_tools_and_replayed() {
    let model = FakeModel::start().await.expect("the fake model");
    let call = FakeCall { name: "find".to_owned(), arguments: json!({"what": "tea"}), id: None };
    model.answer(FakeAnswer::stream([FakeStep::text("One "), FakeStep::text("moment."), FakeStep::Calls(vec![call])]));
    model.answer(FakeAnswer::text("We have tea."));
    let folder = Folder::new();
    folder.write("shop.gbai/shop.gbdialog/start.bas", "ADD TOOL \"find\"\nTALK \"Hello.\"\n");
    folder.write(
        "shop.gbai/shop.gbdialog/find.bas",
        "PARAM what AS string\nDESCRIPTION \"Finds things\"\nTALK \"Looking for \" + what + \".\"\nRETURN \"3 packets\"\n",
    );
    let test = "Config: llm-url = http://127.0.0.1:1/v1\nConfig: llm-model = fake-model\n\
        Test: Tea\n  You: Do you have tea?\n  Bot: One moment.\n  Bot: Looking for tea.\n  Bot: We have tea.\n  Tool: find with what = tea\n";
    folder.write("shop.gbai/tests/model.test", test);
    let package = folder.text("shop.gbai");
    let set = format!("llm-url={}", model.url());
    let args = ["test", &package, "--record", "--set", &set, "--set", "llm-key=sk-secret-key-of-the-bot"];
    let done = run(&args, Some(&model.address().to_string())).await;
    let done = done.expect(0);
    assert!(done.err.contains("1 passed"), "{}", done.all());
    assert_eq!(model.requests().len(), 2);
    assert_eq!(model.requests()[0].key.as_deref(), Some("sk-secret-key-of-the-bot"));
    let cassette = std::fs::read_to_string(folder.path("shop.gbai/tests/cassettes/model.json")).expect("a cassette");
    assert!(!cassette.contains("sk-secret") && !cassette.contains("127.0.0.1"), "{cassette}");
    // The model is gone: the same answers, in the same pieces.
    drop(model);
    run(&["test", &package], None).await.expect(0);
    // Another question is no question of the cassette.
    folder.write("shop.gbai/tests/model.test", &test.replace("have tea?", "have coffee?"));
    let done = run(&["test", &package], None).await.expect(1);
    for part in ["a question to the model `fake-model`", "Do you have tea?", "Do you have coffee?"] {
        assert!(done.out.contains(part), "{part}: {}", done.all());
    }
}
