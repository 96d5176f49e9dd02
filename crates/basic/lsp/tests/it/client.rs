//! An editor that does what a test says.

use std::{sync::Arc, thread::JoinHandle, time::Duration};

use botserver_basic_lsp::{Ended, Options, serve};
use lsp_server::{Connection, Message, Notification, Request, RequestId, Response, ResponseError};
use serde_json::{Value, json};

use crate::language::{InMemory, language};

/// Where the cursor is in the text of a test.
pub(crate) const CURSOR: char = '¦';
/// A test that waits longer waits for ever.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Client {
    connection: Connection,
    server: Option<JoinHandle<Ended>>,
    next: i32,
    version: i32,
    heard: Vec<Notification>,
    answered: Vec<Response>,
    pub(crate) packages: Arc<InMemory>,
}

pub(crate) fn uri(path: &str) -> String {
    format!("file:///bots/shop.gbai/{path}")
}

/// A text without its cursor, and where that was, in lines and units of UTF-16.
pub(crate) fn cursor(text: &str) -> (String, Value) {
    let at = text.find(CURSOR).expect("a cursor");
    let before = &text[..at];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let character: usize = before[start..].chars().map(char::len_utf16).sum();
    (text.replace(CURSOR, ""), json!({ "line": line, "character": character }))
}

impl Client {
    /// A server on a package, initialized.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let mut client = Self::fresh(files);
        let answer = client.request(
            "initialize",
            json!({ "capabilities": {
            "textDocument": {
                "publishDiagnostics": { "relatedInformation": true },
                "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            },
        } }),
        );
        assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
        client.notify("initialized", json!({}));
        client
    }

    /// A server that nothing has been said to.
    pub(crate) fn fresh(files: &[(&str, &str)]) -> Self {
        let files: Vec<(String, &str)> =
            files.iter().map(|(path, text)| (format!("/bots/shop.gbai/{path}"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        let packages = Arc::new(InMemory::new(&files));
        let (connection, server) = Connection::memory();
        let own = packages.clone();
        let options = Options { quiet: Duration::from_millis(5) };
        let server = std::thread::spawn(move || serve(&server, Arc::new(language()), own, options).expect("threads"));
        Self {
            connection,
            server: Some(server),
            next: 0,
            version: 0,
            heard: Vec::new(),
            answered: Vec::new(),
            packages,
        }
    }

    pub(crate) fn send(&self, message: Message) {
        self.connection.sender.send(message).expect("the server listens");
    }

    pub(crate) fn notify(&self, method: &str, params: Value) {
        self.send(Message::Notification(Notification { method: method.to_owned(), params }));
    }

    /// Asks without waiting.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> RequestId {
        self.next += 1;
        let id = RequestId::from(self.next);
        self.send(Message::Request(Request { id: id.clone(), method: method.to_owned(), params }));
        id
    }

    pub(crate) fn receive(&self) -> Message {
        self.connection.receiver.recv_timeout(PATIENCE).expect("an answer")
    }

    pub(crate) fn answer(&mut self, id: &RequestId) -> Result<Value, ResponseError> {
        loop {
            if let Some(at) = self.answered.iter().position(|own| own.id == *id) {
                return self.answered.remove(at).response_result;
            }
            match self.receive() {
                Message::Response(response) => self.answered.push(response),
                Message::Notification(notification) => self.heard.push(notification),
                Message::Request(_) => {}
            }
        }
    }

    pub(crate) fn try_request(&mut self, method: &str, params: Value) -> Result<Value, ResponseError> {
        let id = self.ask(method, params);
        self.answer(&id)
    }

    pub(crate) fn request(&mut self, method: &str, params: Value) -> Value {
        self.try_request(method, params).unwrap_or_else(|error| panic!("{method}: {error:?}"))
    }

    pub(crate) fn open(&mut self, path: &str, text: &str) -> i32 {
        self.version += 1;
        let document =
            json!({ "uri": uri(path), "languageId": "botserver-basic", "version": self.version, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        self.version
    }

    pub(crate) fn change(&mut self, path: &str, changes: &Value) -> i32 {
        self.version += 1;
        let document = json!({ "uri": uri(path), "version": self.version });
        self.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
        self.version
    }

    /// The next notification of a kind that is as wanted.
    pub(crate) fn heard(&mut self, method: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let fits = |own: &Notification| own.method == method && wanted(&own.params);
            if let Some(at) = self.heard.iter().position(fits) {
                return self.heard.remove(at).params;
            }
            if let Message::Notification(notification) = self.receive() {
                self.heard.push(notification);
            }
        }
    }

    /// What is wrong with a version of a file.
    pub(crate) fn diagnostics(&mut self, path: &str, version: i32) -> Vec<Value> {
        let name = uri(path);
        let published =
            self.heard("textDocument/publishDiagnostics", |own| own["uri"] == name && own["version"] == version);
        published["diagnostics"].as_array().expect("a list").clone()
    }

    /// Opens a file with a cursor in it and asks about that place.
    pub(crate) fn at(&mut self, method: &str, path: &str, text: &str) -> Value {
        let (text, place) = cursor(text);
        self.open(path, &text);
        self.request(method, json!({ "textDocument": { "uri": uri(path) }, "position": place }))
    }

    /// The labels of a completion, best first.
    pub(crate) fn completion(&mut self, path: &str, text: &str) -> Vec<String> {
        let answer = self.at("textDocument/completion", path, text);
        let mut items: Vec<(String, String)> = answer["items"]
            .as_array()
            .unwrap_or_else(|| panic!("no items: {answer}"))
            .iter()
            .map(|item| (text_of(&item["sortText"]), text_of(&item["label"])))
            .collect();
        items.sort();
        items.into_iter().map(|(_, label)| label).collect()
    }

    /// What a hover shows; nothing if there is none.
    pub(crate) fn hover(&mut self, path: &str, text: &str) -> String {
        text_of(&self.at("textDocument/hover", path, text)["contents"]["value"])
    }

    /// Says goodbye.
    pub(crate) fn end(&mut self) -> Ended {
        self.notify("exit", Value::Null);
        self.server.take().expect("a server").join().expect("no panic")
    }
}

pub(crate) fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// The edits of a file, done.
pub(crate) fn edited(text: &str, edits: &Value) -> String {
    let offset = |place: &Value| {
        let line = place["line"].as_u64().expect("a line") as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = place["character"].as_u64().expect("a character") as usize;
        let mut at = start;
        for letter in text[start..].chars() {
            if units == 0 {
                break;
            }
            units -= letter.len_utf16();
            at += letter.len_utf8();
        }
        at
    };
    let mut changes: Vec<(usize, usize, String)> = edits
        .as_array()
        .expect("edits")
        .iter()
        .map(|edit| (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]), text_of(&edit["newText"])))
        .collect();
    changes.sort();
    let mut made = text.to_owned();
    for (start, end, new) in changes.into_iter().rev() {
        made.replace_range(start..end, &new);
    }
    made
}
