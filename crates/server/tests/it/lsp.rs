//! `botserver lsp`: the real program over pipes, as an editor starts it.

use std::{
    io::{BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use botserver_basic_lsp::{read_frame, write_frame};
use serde_json::{Value, json};

use crate::support::{Folder, botserver, program, samples};

struct Editor {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: i64,
}

impl Editor {
    fn start() -> Self {
        let mut child = program()
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut editor = Self { child, input, output: BufReader::new(output), next: 0 };
        let about = editor.request("initialize", &json!({ "processId": null, "rootUri": null, "capabilities": {} }));
        assert_eq!(about["serverInfo"]["name"], "botserver");
        editor.notify("initialized", &json!({}));
        editor
    }

    fn notify(&mut self, method: &str, params: &Value) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        write_frame(&mut self.input, &message).expect("sent");
    }

    fn receive(&mut self) -> Value {
        let frame = read_frame(&mut self.output).expect("read").expect("a message");
        let message: Value = serde_json::from_slice(&frame).expect("JSON");
        assert_eq!(message["jsonrpc"], "2.0");
        message
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let message = json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params });
        write_frame(&mut self.input, &message).expect("sent");
        loop {
            let answer = self.receive();
            if answer["id"] == self.next {
                assert!(answer.get("error").is_none(), "{answer}");
                return answer["result"].clone();
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "botserver-basic", "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// What is wrong with a file.
    fn diagnostics(&mut self, uri: &str) -> Vec<Value> {
        loop {
            let message = self.receive();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri {
                return message["params"]["diagnostics"].as_array().expect("a list").clone();
            }
        }
    }

    fn at(&mut self, method: &str, uri: &str, line: u32, character: u32) -> Value {
        let place = json!({ "line": line, "character": character });
        self.request(method, &json!({ "textDocument": { "uri": uri }, "position": place }))
    }

    fn end(mut self) {
        self.request("shutdown", &Value::Null);
        self.notify("exit", &Value::Null);
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[test]
fn an_editor_is_served_over_pipes() {
    let folder = Folder::new();
    folder.write("tea.gbai/tea.gbdialog/tables.bas", "TABLE teas\n  id integer key\n  name string(20)\nEND TABLE\n");
    folder.write("tea.gbai/tea.gbdialog/find-tea.bas", "DESCRIPTION \"Finds a tea.\"\nTALK \"Sencha\"\n");
    folder.write("tea.gbai/tea.gbkb/policies/returns.md", "# Returns\n");
    folder.write("tea.gbai/tea.gbot/config.csv", "name,value\nparam-shopkey,5\n");
    let saved = "TALK 1\n";
    folder.write("tea.gbai/tea.gbdialog/start.bas", saved);
    let uri = format!("file://{}", folder.text("tea.gbai/tea.gbdialog/start.bas"));
    let mut editor = Editor::start();

    // What is not saved counts, and says what `check` says when it is.
    let text = "TALK \"ä😀\": TALKK 1\nUSE KB \"policys\"\nx = FIND \"teas\" WHERE nmae = 1\nTALK x + shopkey\n\
        TABLE t\n  id integer key\n  a string\n  a string\nEND TABLE\nADD TOOL \"\n";
    editor.open(&uri, text);
    let mut found: Vec<(String, u64)> = editor
        .diagnostics(&uri)
        .iter()
        .map(|own| {
            (own["code"].as_str().unwrap_or("").to_owned(), own["range"]["start"]["line"].as_u64().expect("a line"))
        })
        .collect();
    found.sort();
    folder.write("tea.gbai/tea.gbdialog/start.bas", text);
    let checked = botserver(&["check", &folder.text("tea.gbai"), "-o", "json"], "");
    let checked: Value = serde_json::from_str(&checked.out).expect("JSON");
    let mut wanted: Vec<(String, u64)> = checked["diagnostics"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|own| own["path"].as_str().is_some_and(|path| path.ends_with("start.bas")))
        .map(|own| (own["code"].as_str().unwrap_or("").to_owned(), own["line"].as_u64().expect("a line") - 1))
        .collect();
    wanted.sort();
    assert!(
        wanted.iter().any(|(code, _)| code == "K0001") && wanted.iter().any(|(code, _)| code == "B0103"),
        "{wanted:?}"
    );
    assert_eq!(found, wanted);

    let labels = |answer: &Value| -> Vec<String> {
        let items = answer["items"].as_array().expect("items");
        items.iter().map(|item| item["label"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert!(labels(&editor.at("textDocument/completion", &uri, 9, 10)).contains(&"find-tea".to_owned()));
    assert_eq!(labels(&editor.at("textDocument/completion", &uri, 1, 8)), ["policies"]);
    let hover = editor.at("textDocument/hover", &uri, 2, 5);
    assert!(hover["contents"]["value"].as_str().is_some_and(|page| page.contains("FIND table:word")), "{hover}");
    let hover = editor.at("textDocument/hover", &uri, 3, 12);
    assert!(hover["contents"]["value"].as_str().is_some_and(|page| page.contains("config.csv, line 2")), "{hover}");
    let place = editor.at("textDocument/definition", &uri, 2, 11);
    assert!(place["uri"].as_str().is_some_and(|uri| uri.ends_with("tables.bas")), "{place}");

    // A message that is none is answered, and the session goes on.
    editor.input.write_all(b"Content-Length: 5\r\n\r\n{oops").expect("sent");
    let answer = editor.receive();
    assert_eq!((answer["error"]["code"].as_i64(), &answer["id"]), (Some(-32700), &Value::Null));
    editor.end();
}

#[test]
fn the_sample_bots_are_shown_without_mistakes() {
    let mut editor = Editor::start();
    for bot in ["shop", "helpdesk"] {
        let path = samples().join(format!("{bot}.gbai/{bot}.gbdialog/start.bas"));
        let uri = format!("file://{}", path.display());
        editor.open(&uri, &std::fs::read_to_string(&path).expect("a script"));
        assert_eq!(editor.diagnostics(&uri), Vec::<Value>::new());
    }
    editor.end();
}

#[test]
fn who_goes_without_a_word_ends_the_program() {
    let mut editor = Editor::start();
    editor.notify("exit", &Value::Null);
    assert_eq!(editor.child.wait().expect("it ends").code(), Some(1));
    let editor = Editor::start();
    let Editor { mut child, input, .. } = editor;
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
}
