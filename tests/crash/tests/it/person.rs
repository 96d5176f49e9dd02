//! A person with a browser: reconnects, resumes, keeps what is not acknowledged and sends it again.

use std::{collections::VecDeque, ops::Range, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::Client;
use serde_json::{Value as Json, json};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};
use uuid::Uuid;

use crate::api::Visitor;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a person behaves.
pub(crate) struct Manner {
    /// What is answered to the nth question.
    pub(crate) answer: fn(&str, usize, &Json) -> String,
    /// How long that takes, in milliseconds.
    pub(crate) thinks: Range<u64>,
    /// Of a thousand events, after how many the connection is lost.
    pub(crate) drops: u32,
    /// A first message without a question.
    pub(crate) opening: Option<&'static str>,
    /// A last message, after the dialog.
    pub(crate) closing: Option<&'static str>,
}

pub(crate) struct Person<'t> {
    http: &'t Client,
    server: String,
    bot: &'static str,
    manner: &'t Manner,
    pub(crate) name: String,
    address: String,
    pub(crate) visitor: Option<Visitor>,
    pub(crate) conversation: Option<String>,
    /// What the server has sent, in order of its numbers.
    pub(crate) events: Vec<Json>,
    questions: usize,
    opened: bool,
    /// Turns that ended for good after a question.
    ends: usize,
    /// Written and not acknowledged; the first may still have to be thought about.
    unacknowledged: VecDeque<(String, String)>,
    thinking: Option<(Instant, String)>,
    /// When the last message was sent first, and how long its turn took to end.
    sent_at: Option<Instant>,
    pub(crate) turns: Vec<Duration>,
    pub(crate) connections: usize,
}

impl<'t> Person<'t> {
    pub(crate) fn new(
        http: &'t Client,
        server: &str,
        bot: &'static str,
        manner: &'t Manner,
        name: String,
        number: usize,
    ) -> Self {
        // The range for benchmarks; nobody's proxy.
        let address = format!("198.{}.{}.{}", 18 + number / 65_536 % 2, number / 256 % 256, number % 256);
        Self {
            http,
            server: server.to_owned(),
            bot,
            manner,
            name,
            address,
            visitor: None,
            conversation: None,
            events: Vec::new(),
            questions: 0,
            opened: false,
            ends: 0,
            unacknowledged: VecDeque::new(),
            thinking: None,
            sent_at: None,
            turns: Vec::new(),
            connections: 0,
        }
    }

    /// Talks until a turn ends as done after a question was answered.
    pub(crate) async fn talk(&mut self, patience: Duration) -> Result<()> {
        let talked = timeout(patience, async {
            let mut pause = 20;
            while !self.is_over() {
                if let Some(mut socket) = self.connect().await {
                    pause = 20;
                    self.connections += 1;
                    self.converse(&mut socket).await?;
                } else {
                    sleep(Duration::from_millis(rand::random_range(pause / 2..=pause))).await;
                    pause = (pause * 2).min(500);
                }
            }
            anyhow::Ok(())
        });
        let Ok(talked) = talked.await else {
            bail!("{} got no further within {} s than\n{}", self.name, patience.as_secs(), self.told());
        };
        talked.with_context(|| format!("{} after\n{}", self.name, self.told()))
    }

    fn is_over(&self) -> bool {
        let last = self.events.last();
        self.ends > usize::from(self.manner.closing.is_some())
            && last.is_some_and(|last| last["event"]["kind"] == "turn.end" && last["event"]["outcome"] != "waiting")
    }

    async fn connect(&mut self) -> Option<Socket> {
        if self.visitor.is_none() {
            self.visitor = Visitor::arrive(self.http, &self.server, &self.address).await;
        }
        let visitor = self.visitor.as_ref()?;
        let url = format!("ws://{}/api/v1/bots/{}/socket", self.server, self.bot);
        let mut request = url.into_client_request().ok()?;
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "botserver.chat.v1".parse().ok()?);
        headers.insert("origin", format!("http://{}", self.server).parse().ok()?);
        headers.insert("cookie", visitor.cookie.parse().ok()?);
        headers.insert("x-forwarded-for", visitor.address.parse().ok()?);
        let connecting = timeout(Duration::from_secs(20), connect_async(request));
        let (mut socket, _) = connecting.await.ok()?.ok()?;
        let mut hello = json!({"type": "hello", "after": self.events.len(), "visible": true, "locale": "en"});
        if let Some(conversation) = &self.conversation {
            hello["conversation"] = json!(conversation);
        }
        socket.send(Message::text(hello.to_string())).await.ok()?;
        for (id, text) in self.unacknowledged.clone() {
            send(&mut socket, &id, &text).await?;
        }
        Some(socket)
    }

    /// Until the connection or the conversation ends.
    async fn converse(&mut self, socket: &mut Socket) -> Result<()> {
        while !self.is_over() {
            let due = self.thinking.as_ref().map_or_else(Instant::now, |(due, _)| *due);
            tokio::select! {
                frame = timeout(Duration::from_mins(1), socket.next()) => {
                    let Some(Ok(Message::Text(text))) = frame.context("a server that is silent")? else { return Ok(()) };
                    self.hear(&serde_json::from_str(text.as_str())?)?;
                    if rand::random_ratio(self.manner.drops, 1_000) {
                        return Ok(());
                    }
                }
                () = sleep_until(due), if self.thinking.is_some() => {
                    let Some((_, text)) = self.thinking.take() else { continue };
                    let id = format!("msg_{}", Uuid::from_u128(rand::random()).simple());
                    self.sent_at = Some(Instant::now());
                    self.unacknowledged.push_back((id.clone(), text.clone()));
                    if send(socket, &id, &text).await.is_none() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, frame: &Json) -> Result<()> {
        match frame["type"].as_str() {
            Some("ready") => {
                let conversation = frame["conversation"].as_str().context("ready names the conversation")?;
                let known = self.conversation.get_or_insert_with(|| conversation.to_owned());
                ensure!(known == conversation, "another conversation than before");
                ensure!(frame["seq"].as_u64() >= Some(self.events.len() as u64), "the server has less than was sent");
            }
            Some("event") => {
                let expected = self.events.len() as u64 + 1;
                ensure!(frame["seq"].as_u64() == Some(expected), "event {expected} is missing: {frame}");
                self.events.push(frame.clone());
                self.event(&frame["event"]);
            }
            Some("ack") => self.unacknowledged.retain(|(id, _)| frame["id"] != json!(id)),
            Some("error") => bail!("an error: {frame}"),
            _ => {}
        }
        Ok(())
    }

    fn event(&mut self, event: &Json) {
        match event["kind"].as_str() {
            Some("hear") if !event["input"].is_null() => {
                let text = (self.manner.answer)(&self.name, self.questions, &event["input"]);
                self.questions += 1;
                self.think(text);
            }
            Some("turn.end") => {
                self.turns.extend(self.sent_at.take().map(|sent| sent.elapsed()));
                if self.questions > 0 && event["outcome"] != "waiting" {
                    self.ends += 1;
                    if let (1, Some(closing)) = (self.ends, self.manner.closing) {
                        self.think(closing.to_owned());
                    }
                }
                if let (false, Some(opening)) = (std::mem::replace(&mut self.opened, true), self.manner.opening) {
                    self.think(opening.to_owned());
                }
            }
            _ => {}
        }
    }

    fn think(&mut self, text: String) {
        let takes = Duration::from_millis(rand::random_range(self.manner.thinks.clone()));
        self.thinking = Some((Instant::now() + takes, text));
    }

    /// The transcript as far as it has come, one event a line.
    pub(crate) fn told(&self) -> String {
        told(self.events.iter().map(|frame| &frame["event"])).join("\n")
    }
}

async fn send(socket: &mut Socket, id: &str, text: &str) -> Option<()> {
    let frame = json!({"type": "message", "id": id, "text": text});
    socket.send(Message::text(frame.to_string())).await.ok()
}

/// Events as lines to compare.
pub(crate) fn told<'a>(events: impl Iterator<Item = &'a Json>) -> Vec<String> {
    let line = |event: &Json| match event["kind"].as_str().unwrap_or("?") {
        "message" => message(event),
        "hear" if event["input"].is_null() => "(heard)".to_owned(),
        "hear" => format!("(asks {})", event["input"]["kind"].as_str().unwrap_or("?")),
        "tool" => {
            let (name, state) = (event["name"].as_str().unwrap_or("?"), event["state"].as_str().unwrap_or("?"));
            format!("(tool {name} {state}: {})", event["result"].as_str().unwrap_or_default())
        }
        "turn.end" => format!("(turn {})", event["outcome"].as_str().unwrap_or("?")),
        _ => event.to_string(),
    };
    events.map(line).collect()
}

/// A message as a line to compare.
pub(crate) fn message(message: &Json) -> String {
    let parts = message["parts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    format!("{}: {}", message["role"].as_str().unwrap_or("?"), texts.join(" | "))
}
