//! One keep-alive HTTP connection, and a visitor with a conversation.

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::Value as Json;
use tokio::net::TcpStream;

/// A connection.
pub(crate) struct Http {
    sender: SendRequest<Full<Bytes>>,
    address: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The visitor's cookie, if one was set.
    pub(crate) cookie: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    /// The body as JSON, if the request was granted.
    pub(crate) fn json(&self) -> Result<Json> {
        ensure!(self.status.is_success(), "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        Ok(serde_json::from_slice(&self.body)?)
    }
}

impl Http {
    pub(crate) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; an error reaches whoever waits for an answer.
        tokio::spawn(connection);
        Ok(Self { sender, address: address.to_owned() })
    }

    pub(crate) async fn post(&mut self, path: &str, cookie: &str, body: String) -> Result<Answer> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::HOST, &self.address)
            .header(header::CONTENT_TYPE, "application/json");
        if !cookie.is_empty() {
            request = request.header(header::COOKIE, cookie);
        }
        self.sender.ready().await?;
        let response = self.sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = response.status();
        let cookies = response.headers().get_all(header::SET_COOKIE).iter();
        let cookies: Vec<&str> = cookies.filter_map(|value| value.to_str().ok()?.split(';').next()).collect();
        let cookie = (!cookies.is_empty()).then(|| cookies.join("; "));
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, cookie, body })
    }
}

/// Somebody with a conversation that the bot has opened.
pub(crate) struct Visitor {
    path: String,
    cookie: String,
    /// How often they have spoken; the bot counts along.
    said: usize,
}

impl Visitor {
    /// Begins a conversation with a bot and lets it greet.
    pub(crate) async fn arrive(http: &mut Http, bot: &str) -> Result<Self> {
        let begun = http.post(&format!("/api/v1/bots/{bot}/conversations"), "", String::new()).await?;
        let conversation = begun.json()?["id"].as_str().context("a conversation's id")?.to_owned();
        let cookie = begun.cookie.context("a visitor's cookie")?;
        let opened = http.post(&format!("/api/v1/conversations/{conversation}/open"), &cookie, String::new()).await?;
        ensure!(opened.status == StatusCode::ACCEPTED, "not opened: {}", opened.status);
        let mut own = Self { path: format!("/api/v1/conversations/{conversation}/messages?wait=30"), cookie, said: 0 };
        own.say(http, "hello").await?;
        Ok(own)
    }

    /// Says something and checks the answer.
    pub(crate) async fn say(&mut self, http: &mut Http, text: &str) -> Result<()> {
        let answer = http.post(&self.path, &self.cookie, format!(r#"{{"text":"{text}"}}"#)).await?;
        ensure!(answer.status == StatusCode::OK, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        let body = std::str::from_utf8(&answer.body)?;
        let expected = format!("[{}] You said: {text}", self.said);
        ensure!(body.contains(&expected) && body.contains("\"waiting\""), "not {expected}: {body}");
        self.said += 1;
        Ok(())
    }
}
