//! The session with one editor: its beginning and its end, which message comes next, when packages are checked. What a
//! request is answered with is in `requests`.

mod checks;
mod requests;

use std::{
    collections::{HashMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::select;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, InitializeParams,
    PositionEncodingKind,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::checks::{Checker, Done, Job};
use crate::{
    documents::{Document, Documents},
    language::Language,
    packages::Packages,
    text::Encoding,
    uri,
};

/// How a session is held.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long an editor must be quiet before packages are checked.
    pub quiet: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { quiet: Duration::from_millis(150) }
    }
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The client said shutdown, then exit.
    Properly,
    /// It said exit without shutdown, or went away.
    Abruptly,
}

/// Serves one editor until it goes.
pub fn serve(
    connection: &Connection,
    language: Arc<Language>,
    packages: Arc<dyn Packages>,
    options: Options,
) -> std::io::Result<Ended> {
    let checker = Checker::start(packages.clone())?;
    let session = Session {
        connection,
        language,
        packages,
        options,
        checker,
        documents: Documents::default(),
        client: Client::default(),
        state: State::New,
        queue: VecDeque::new(),
        due: HashMap::new(),
        published: HashMap::new(),
        found: HashMap::new(),
        asked: 0,
    };
    Ok(session.run())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Running,
    /// Shutdown was answered; only exit is left.
    Ending,
}

/// What the session waits for.
enum Event {
    Message(Message),
    Done(Box<Done>),
    /// The client has gone away.
    Gone,
    /// Something may be due.
    Time,
}

/// What the client can do.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    encoding: Encoding,
    related: bool,
    nested_symbols: bool,
    watches: bool,
}

struct Session<'c> {
    connection: &'c Connection,
    language: Arc<Language>,
    packages: Arc<dyn Packages>,
    options: Options,
    checker: Checker,
    documents: Documents,
    client: Client,
    state: State,
    queue: VecDeque<Message>,
    /// Packages to check, and when.
    due: HashMap<PathBuf, Instant>,
    /// The files of a package that have findings in the editor.
    published: HashMap<PathBuf, Vec<String>>,
    /// The findings of open files with the version that has them.
    found: HashMap<String, (i32, Vec<botserver_basic_types::Diagnostic>)>,
    /// Requests of ours so far.
    asked: i32,
}

impl Session<'_> {
    fn run(mut self) -> Ended {
        loop {
            while let Ok(message) = self.connection.receiver.try_recv() {
                self.arrived(message);
            }
            if let Some(message) = self.queue.pop_front() {
                if let Some(ended) = self.message(message) {
                    return ended;
                }
                continue;
            }
            self.check_what_is_due();
            let wait = self.next_check();
            let event = select! {
                recv(self.connection.receiver) -> message => message.map_or(Event::Gone, Event::Message),
                recv(self.checker.done) -> done => done.map_or(Event::Time, |done| Event::Done(Box::new(done))),
                default(wait) => Event::Time,
            };
            match event {
                Event::Message(message) => self.arrived(message),
                Event::Done(done) => self.checked(*done),
                Event::Gone if self.state == State::Ending => return Ended::Properly,
                Event::Gone => return Ended::Abruptly,
                Event::Time => {}
            }
        }
    }

    /// A message waits for its turn; one that takes back another does so at once.
    fn arrived(&mut self, message: Message) {
        if let Message::Notification(notification) = &message
            && notification.method == "$/cancelRequest"
        {
            let id = serde_json::from_value::<RequestId>(notification.params["id"].clone()).ok();
            let place = self
                .queue
                .iter()
                .position(|own| matches!(own, Message::Request(request) if Some(&request.id) == id.as_ref()));
            if let Some(Message::Request(request)) = place.and_then(|place| self.queue.remove(place)) {
                self.fail(request.id, ErrorCode::RequestCanceled, "cancelled");
            }
            return;
        }
        self.queue.push_back(message);
    }

    fn message(&mut self, message: Message) -> Option<Ended> {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(notification) if notification.method == "exit" => {
                return Some(if self.state == State::Ending { Ended::Properly } else { Ended::Abruptly });
            }
            Message::Notification(notification) if self.state == State::Running => {
                let method = notification.method.clone();
                let taken = catch_unwind(AssertUnwindSafe(|| self.notification(notification)));
                if taken.is_err() {
                    tracing::error!(method, "a notification could not be handled");
                }
            }
            Message::Notification(_) | Message::Response(_) => {}
        }
        None
    }

    fn request(&mut self, request: Request) {
        let id = request.id.clone();
        match (self.state, request.method.as_str()) {
            (State::New, "initialize") => self.initialize(request),
            (State::New, _) => self.fail(id, ErrorCode::ServerNotInitialized, "initialize comes first"),
            (State::Running, "shutdown") => {
                self.state = State::Ending;
                self.answer(id, Value::Null);
            }
            (State::Running, "initialize") => self.fail(id, ErrorCode::InvalidRequest, "initialize comes once"),
            (State::Running, _) => {
                let method = request.method.clone();
                match catch_unwind(AssertUnwindSafe(|| self.answer_to(request))) {
                    Ok(Ok(value)) => self.answer(id, value),
                    Ok(Err((code, message))) => self.fail(id, code, &message),
                    Err(_) => {
                        tracing::error!(method, "a request could not be handled");
                        self.fail(id, ErrorCode::InternalError, "this request could not be handled");
                    }
                }
            }
            (State::Ending, _) => self.fail(id, ErrorCode::InvalidRequest, "the server has been shut down"),
        }
    }

    fn send(&self, message: Message) {
        // A client that has gone away is noticed at the next reading.
        let _ = self.connection.sender.send(message);
    }

    fn answer(&self, id: RequestId, value: Value) {
        self.send(Message::Response(Response { id, response_result: Ok(value) }));
    }

    fn fail(&self, id: RequestId, code: ErrorCode, message: &str) {
        self.send(Message::Response(Response::new_err(id, code as i32, message.to_owned())));
    }

    fn notify(&self, method: &str, params: Value) {
        self.send(Message::Notification(Notification { method: method.to_owned(), params }));
    }

    fn initialize(&mut self, request: Request) {
        let Ok(params) = serde_json::from_value::<InitializeParams>(request.params) else {
            return self.fail(request.id, ErrorCode::InvalidParams, "the parameters of initialize cannot be read");
        };
        let can = params.capabilities;
        let encodings = can.general.and_then(|general| general.position_encodings).unwrap_or_default();
        let text = can.text_document.unwrap_or_default();
        self.client = Client {
            encoding: if encodings.contains(&PositionEncodingKind::UTF8) { Encoding::Utf8 } else { Encoding::Utf16 },
            related: text.publish_diagnostics.and_then(|own| own.related_information).unwrap_or(false),
            nested_symbols: text
                .document_symbol
                .and_then(|own| own.hierarchical_document_symbol_support)
                .unwrap_or(false),
            watches: can
                .workspace
                .and_then(|own| own.did_change_watched_files)
                .and_then(|own| own.dynamic_registration)
                .unwrap_or(false),
        };
        self.state = State::Running;
        self.answer(request.id, capabilities(self.client.encoding));
    }

    fn notification(&mut self, notification: Notification) {
        match notification.method.as_str() {
            "initialized" if self.client.watches => self.watch(),
            "textDocument/didOpen" => {
                if let Some(params) = params::<DidOpenTextDocumentParams>(notification) {
                    let own = params.text_document;
                    self.open(own.uri.as_str().to_owned(), own.version, own.text);
                }
            }
            "textDocument/didChange" => {
                if let Some(params) = params::<DidChangeTextDocumentParams>(notification) {
                    let encoding = self.client.encoding;
                    let own = params.text_document;
                    if let Some(document) = self.documents.get_mut(own.uri.as_str()) {
                        document.change(own.version, params.content_changes, encoding);
                        let root = document.root.clone();
                        self.check_soon(root);
                    }
                }
            }
            "textDocument/didClose" => {
                if let Some(params) = params::<DidCloseTextDocumentParams>(notification) {
                    self.close(params.text_document.uri.as_str());
                }
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                for root in self.documents.roots() {
                    self.check_soon(root);
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, name: String, version: i32, text: String) {
        let file = uri::file(&name);
        let root = file.as_deref().map_or_else(|| PathBuf::from(&name), |file| self.packages.root(file));
        let path = file.as_deref().map_or_else(|| name.clone(), |file| inside(&root, file));
        self.documents.insert(Document::new(name, root.clone(), path.into(), version, text));
        if !self.documents.knows(&root) {
            let (unsaved, _) = self.documents.unsaved(&root);
            let package = self.packages.read(&on_disk(&root), &unsaved);
            self.documents.take(root.clone(), package, &self.language);
        }
        self.check_soon(root);
    }

    fn close(&mut self, name: &str) {
        let Some(document) = self.documents.remove(name) else { return };
        self.found.remove(name);
        if self.documents.roots().contains(&document.root) {
            // What lies on disk counts again.
            self.check_soon(document.root);
        } else {
            self.due.remove(&document.root);
            for name in self.published.remove(&document.root).unwrap_or_default() {
                self.notify("textDocument/publishDiagnostics", json!({ "uri": name, "diagnostics": [] }));
            }
        }
    }

    /// Files that change behind the editor's back.
    fn watch(&mut self) {
        self.asked += 1;
        let globs = ["**/*.bas", "**/config.csv", "**/*.gbkb/**", "**/*.gbdata/**"];
        let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
        let params = json!({ "registrations": [{
            "id": "files", "method": "workspace/didChangeWatchedFiles", "registerOptions": { "watchers": watchers },
        }] });
        let id = RequestId::from(format!("botserver-{}", self.asked));
        self.send(Message::Request(Request { id, method: "client/registerCapability".to_owned(), params }));
    }

    fn check_soon(&mut self, root: PathBuf) {
        self.due.insert(root, Instant::now() + self.options.quiet);
    }

    fn next_check(&self) -> Duration {
        const LONG: Duration = Duration::from_hours(1);
        if self.checker.busy() {
            return LONG;
        }
        let now = Instant::now();
        self.due.values().map(|due| due.saturating_duration_since(now)).min().unwrap_or(LONG)
    }

    fn check_what_is_due(&mut self) {
        let now = Instant::now();
        let next = self.due.iter().filter(|(_, due)| **due <= now).min_by_key(|(_, due)| **due);
        let Some(root) = next.map(|(root, _)| root.clone()).filter(|_| !self.checker.busy()) else { return };
        self.due.remove(&root);
        let (unsaved, versions) = self.documents.unsaved(&root);
        self.checker.check(Job { folder: on_disk(&root), root, unsaved, versions });
    }

    fn checked(&mut self, done: Done) {
        self.checker.finished();
        if let Some(checked) = done.checked {
            let (job, language) = (done.job, self.language.clone());
            if !self.documents.roots().contains(&job.root) {
                return;
            }
            self.documents.take(job.root.clone(), checked.package, &language);
            self.publish(&job, checked.diagnostics, &checked.texts);
        }
    }
}

/// The path of a file inside a folder, with `/`.
fn inside(root: &Path, file: &Path) -> String {
    let inner = file.strip_prefix(root).unwrap_or(file);
    inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Where the files of a package are; nowhere for a text that is no file.
fn on_disk(root: &Path) -> PathBuf {
    if root.is_absolute() { root.to_owned() } else { PathBuf::new() }
}

fn params<P: DeserializeOwned>(notification: Notification) -> Option<P> {
    let method = notification.method;
    let read = serde_json::from_value(notification.params);
    read.inspect_err(|error| tracing::warn!(method, %error, "a notification cannot be read")).ok()
}

fn capabilities(encoding: Encoding) -> Value {
    json!({
        "capabilities": {
            "positionEncoding": if encoding == Encoding::Utf8 { "utf-8" } else { "utf-16" },
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "completionProvider": { "triggerCharacters": ["\"", ".", "{", "/"], "resolveProvider": true },
            "hoverProvider": true,
            "signatureHelpProvider": { "triggerCharacters": ["(", ",", " "] },
            "definitionProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "documentSymbolProvider": true,
            "documentFormattingProvider": true,
            "renameProvider": { "prepareProvider": true },
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        },
        "serverInfo": { "name": "botserver", "version": env!("CARGO_PKG_VERSION") },
    })
}
