//! Somebody with a browser, over HTTP.

use std::{collections::BTreeMap, sync::Mutex};

use botserver_kernel::{IdSource as _, RandomIds};
use reqwest::{
    Client, Method, StatusCode,
    header::{HeaderMap, SET_COOKIE},
};
use serde_json::{Value as Json, json};
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{self, client::IntoClientRequest as _},
};

use super::{Live, PATIENCE, Socket};

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) what: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.text());
        self
    }

    /// Checks that it is a problem of that status and code, and gives its sentence.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}: {}", self.what, self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.what);
        let problem = self.json();
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{}: {problem}", self.what);
        problem["detail"].as_str().expect("a sentence").to_owned()
    }
}

/// What is sent.
pub(crate) enum Body {
    None,
    Json(Json),
    Bytes(&'static str, Vec<u8>),
}

/// Somebody with a browser.
pub(crate) struct Visitor {
    http: Client,
    base: String,
    cookies: Mutex<BTreeMap<String, String>>,
    headers: Vec<(&'static str, String)>,
}

impl Visitor {
    /// Somebody who has never been at this address.
    pub(super) fn new(http: Client, base: &str) -> Self {
        Self { http, base: base.to_owned(), cookies: Mutex::default(), headers: Vec::new() }
    }

    /// Says something in a header of every request.
    pub(crate) fn saying(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same person, in another program.
    pub(crate) fn same(&self) -> Self {
        let cookies = Mutex::new(self.cookies.lock().expect("cookies").clone());
        Self { http: self.http.clone(), base: self.base.clone(), cookies, headers: self.headers.clone() }
    }

    /// After a restart on another port.
    pub(crate) fn at(self, live: &Live) -> Self {
        Self { base: live.base.clone(), ..self }
    }

    pub(crate) fn cookie(&self) -> String {
        let cookies = self.cookies.lock().expect("cookies");
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Body) -> Answer {
        self.call_with(method, path, &[], body).await
    }

    pub(crate) async fn call_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Answer {
        let what = format!("{method} {path}");
        let verb = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(verb, format!("{}{path}", self.base));
        let cookie = self.cookie();
        if !cookie.is_empty() {
            request = request.header("cookie", cookie);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request = match body {
            Body::None => request,
            Body::Json(json) => request.header("content-type", "application/json").body(json.to_string()),
            Body::Bytes(kind, bytes) => request.header("content-type", kind).body(bytes),
        };
        let response = request.send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()) {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.lock().expect("cookies").insert(name.to_owned(), value.to_owned());
            }
        }
        let body = response.bytes().await.unwrap_or_else(|error| panic!("{what}: {error:?}")).to_vec();
        Answer { what, status, headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Body::None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Json) -> Answer {
        self.call("POST", path, Body::Json(body)).await
    }

    /// Uses an owner link.
    pub(crate) async fn enter(&self, link: &str) -> Answer {
        let token = link.split_once("token=").map(|(_, token)| token).expect("a token");
        let form = format!("token={token}").into_bytes();
        self.call("POST", "/owner/enter", Body::Bytes("application/x-www-form-urlencoded", form)).await
    }

    /// Begins a conversation.
    pub(crate) async fn begin(&self, bot: &str) -> String {
        let begun = self.call("POST", &format!("/api/v1/bots/{bot}/conversations"), Body::None).await.expect(201);
        begun.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Says something and waits for the end of the turn.
    pub(crate) async fn say(&self, conversation: &str, text: &str) -> Json {
        let path = format!("/api/v1/conversations/{conversation}/messages?wait=30");
        self.post(&path, json!({"text": text})).await.expect(200).json()
    }

    /// Says something and gives the texts of the answer.
    pub(crate) async fn hears(&self, conversation: &str, text: &str) -> Vec<String> {
        texts(&self.say(conversation, text).await["messages"])
    }

    /// Uploads a file.
    pub(crate) async fn upload(&self, conversation: &str, name: &str, bytes: &[u8]) -> Answer {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let path = format!("/api/v1/conversations/{conversation}/attachments?filename={name}");
        self.call("POST", &path, Body::Bytes("application/octet-stream", bytes.to_vec())).await
    }

    /// All messages of a conversation as lines: `person: Hello`.
    pub(crate) async fn transcript(&self, conversation: &str) -> Vec<String> {
        let path = format!("/api/v1/conversations/{conversation}/messages?limit=200");
        let found = self.get(&path).await.expect(200).json();
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let role = |item: &Json| item["role"].as_str().unwrap_or("?").to_owned();
        items.iter().map(|item| format!("{}: {}", role(item), texts(&json!([item])).join(" | "))).collect()
    }

    /// Opens the chat socket of a bot; the refusal if it is none.
    pub(crate) async fn open(&self, bot: &str, protocol: &str) -> Result<Socket, u16> {
        let url = format!("{}/api/v1/bots/{bot}/socket", self.base.replace("http://", "ws://"));
        let mut request = url.into_client_request().expect("a request");
        let headers = request.headers_mut();
        if !protocol.is_empty() {
            headers.insert("sec-websocket-protocol", protocol.parse().expect("a protocol"));
        }
        if !self.cookie().is_empty() {
            headers.insert("cookie", self.cookie().parse().expect("a cookie"));
        }
        match timeout(PATIENCE, connect_async(request)).await.expect("an answer") {
            Ok((socket, _)) => Ok(Socket::over(socket)),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens the chat socket and says hello; gives `ready` too.
    pub(crate) async fn socket(&self, bot: &str, hello: Json) -> (Socket, Json) {
        let mut socket = self.open(bot, "botserver.chat.v1").await.expect("a socket");
        let mut frame = json!({"type": "hello"});
        for (name, value) in hello.as_object().expect("fields") {
            frame[name] = value.clone();
        }
        socket.send(frame).await;
        let ready = socket.frame().await;
        assert_eq!(ready["type"], "ready", "{ready}");
        (socket, ready)
    }
}

/// The texts of messages.
pub(crate) fn texts(messages: &Json) -> Vec<String> {
    let parts = messages.as_array().into_iter().flatten().flat_map(|own| own["parts"].as_array().into_iter().flatten());
    parts.filter_map(|part| part["text"].as_str().map(str::to_owned)).collect()
}

/// An id for a message, as clients make them.
pub(crate) fn message_id() -> String {
    format!("msg_{}", RandomIds.next_uuid().simple())
}
