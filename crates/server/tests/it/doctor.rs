//! `botserver doctor`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    sync::atomic::Ordering,
};

use serde_json::Value;

use crate::support::{Done, Folder, Server, botserver, finish, program};

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

/// A server on this machine that lists models as Ollama or llama.cpp do, and counts who asks for anything else.
struct Local {
    address: String,
    others: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Local {
    fn start(path: &'static str, list: &'static str) -> Self {
        Self::chatting(path, list, None)
    }

    /// The same, which gives this answer to whatever it is asked, by whatever name.
    fn chatting(path: &'static str, list: &'static str, chat: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let others = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let count = others.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = String::new();
                let mut lines = BufReader::new(stream.try_clone().expect("a stream"));
                while lines.read_line(&mut head).is_ok_and(|read| read > 2) {}
                // Who closes before it has read everything takes its answer back.
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                let _ = lines.read_exact(&mut vec![0; length.unwrap_or_default()]);
                let (status, body) = if head.starts_with(&format!("GET {path} ")) {
                    ("200 OK", list)
                } else {
                    if !head.starts_with("GET /api/tags ") && !head.starts_with("GET /v1/models ") {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    match chat.filter(|_| head.starts_with("POST /v1/chat/completions ")) {
                        Some(chat) => ("200 OK", chat),
                        None => ("404 Not Found", "{}"),
                    }
                };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, others }
    }
}

const OLLAMA: &str = r#"{"models":[{"name":"qwen3:8b","model":"qwen3:8b","size":5225388164},{"name":"small:latest"}]}"#;
const LLAMA_CPP: &str = r#"{"object":"list","data":[{"id":"smollm2.gguf","object":"model","owned_by":"llamacpp"}]}"#;

/// What doctor finds about models, with these addresses opened.
fn models_found(folder: &Folder, allowed: &[&str], code: i32) -> Vec<(String, String)> {
    let mut command = program();
    command.args(["doctor", "--data", &folder.text("data"), "--listen", &free_port(), "-o", "json"]);
    command.env("BOTSERVER_OUTBOUND__ALLOW", allowed.join(","));
    let done = finish(command, "").expect(code);
    let own = findings(&done).into_iter().filter(|own| own.0 == "models");
    own.map(|(_, level, message)| (level, message)).collect()
}

#[test]
fn a_server_on_this_machine_is_offered_and_not_used() {
    let folder = Folder::new();
    let (ollama, llama) = (Local::start("/api/tags", OLLAMA), Local::start("/v1/models", LLAMA_CPP));
    folder.write("data/bots/plain.gbai/start.bas", "TALK 1\n");
    let found = models_found(&folder, &[&ollama.address, &llama.address], 0);
    let offered = |software: &str, address: &str, model: &str| {
        let hit = |(level, message): &(String, String)| {
            level == "ok"
                && message.starts_with(&format!("{software} answers at http://{address}/v1"))
                && message.contains(&format!("`llm-model,{model}`"))
        };
        assert!(found.iter().any(hit), "{software}: {found:?}");
    };
    offered("ollama", &ollama.address, "qwen3:8b");
    offered("llamacpp", &llama.address, "smollm2.gguf");
    assert_eq!(
        ollama.others.load(Ordering::SeqCst) + llama.others.load(Ordering::SeqCst),
        0,
        "nobody asked it anything"
    );
}

#[test]
fn configured_models_are_tried_and_what_is_wrong_is_told() {
    let folder = Folder::new();
    let ollama = Local::start("/api/tags", OLLAMA);
    let listed = Local::start("/v1/models", r#"{"data":[{"id":"small:latest"},{"id":"large"}]}"#);
    let gone = free_port();
    let bot = |name: &str, config: &str| {
        folder.write(&format!("data/bots/{name}.gbai/start.bas"), "TALK 1\n");
        folder.write(&format!("data/bots/{name}.gbai/{name}.gbot/config.csv"), config);
    };
    bot("good", &format!("llm-url,http://{}\nllm-model,small\n", listed.address));
    bot("same", &format!("llm-url,http://{}\nllm-model,small\n", listed.address));
    bot("unknown", &format!("llm-url,http://{}\nllm-model,medium\n", listed.address));
    bot("away", &format!("llm-url,http://{gone}\nllm-model,m\n"));
    bot("closed", "llm-url,http://127.0.0.1:9\nllm-model,m\n");
    bot("odd", &format!("llm-url,http://{}\nllm-model,qwen3:8b\n", ollama.address));
    let found = models_found(&folder, &[&listed.address, &ollama.address, &gone], 1);
    let has = |level: &str, parts: &[&str]| {
        let hit = found.iter().any(|(own, message)| own == level && parts.iter().all(|part| message.contains(part)));
        assert!(hit, "{level} {parts:?}: {found:#?}");
    };
    has("ok", &["`small` of good, same answers", "config.csv:1"]);
    has("problem", &["`medium` of unknown", "answers, but does not list a model `medium`; it lists", "`small:latest`"]);
    has("problem", &["`m` of away", "does not answer"]);
    has("problem", &["`m` of closed", "outbound.allow"]);
    // No list and no chat: that is no address of a model.
    has("problem", &["`qwen3:8b` of odd", "no chat model at this address"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_is_told_and_not_shown() {
    let model = botserver_testkit::FakeModel::start().await.expect("the fake model");
    model.require_key("another");
    let folder = Folder::new();
    folder.write("data/bots/shut.gbai/start.bas", "TALK 1\n");
    let config = format!("llm-url,{}\nllm-model,m\nllm-key,sk-secret-key-of-the-bot\n", model.url());
    folder.write("data/bots/shut.gbai/shut.gbot/config.csv", &config);
    let address = model.address().to_string();
    let found = tokio::task::spawn_blocking(move || models_found(&folder, &[&address], 1)).await.expect("it ran");
    let refused = found.iter().find(|(level, _)| level == "problem").expect("a problem");
    assert!(refused.1.contains("does not accept the key for `m`") && !refused.1.contains("sk-secret"), "{found:?}");
    assert_eq!(model.requests().len(), 0, "the list was enough");
}

const CHAT: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]}"#;

#[test]
fn a_server_that_takes_a_name_it_does_not_list_is_told_and_one_in_use_is_not_offered() {
    let folder = Folder::new();
    let local = Local::chatting("/v1/models", r#"{"data":[{"id":"fake-1"}]}"#, Some(CHAT));
    let bot = |name: &str, model: &str| {
        folder.write(&format!("data/bots/{name}.gbai/start.bas"), "TALK 1\n");
        let config = format!("llm-url,http://{}\n{model}", local.address);
        folder.write(&format!("data/bots/{name}.gbai/{name}.gbot/config.csv"), &config);
    };
    bot("other", "llm-model,other\n");
    bot("right", "llm-model,fake-1\n");
    bot("unnamed", "");
    let found = models_found(&folder, &[&local.address], 0);
    let of = |bot: &str| found.iter().find(|own| own.1.contains(&format!(" of {bot}"))).expect("a finding").clone();
    let (level, message) = of("other");
    assert_eq!(level, "warning", "{found:#?}");
    assert!(message.contains("answers, but does not list a model `other`; it lists `fake-1`"), "{message}");
    for bot in ["right", "unnamed"] {
        assert!(of(bot).0 == "ok" && of(bot).1.contains(" answers ("), "{found:#?}");
    }
    let offered = |text: &str| text.contains("to use it") && text.contains(&local.address);
    assert!(!found.iter().any(|(_, message)| offered(message)), "{found:#?}");
    assert_eq!(local.others.load(Ordering::SeqCst), 2, "the listed one cost nothing");
}
