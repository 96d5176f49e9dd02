//! Sockets: the chat of a page, and a plain one that gets back what it sends.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest as _, protocol::WebSocketConfig},
};
use uuid::Uuid;

type Socket = WebSocketStream<TcpStream>;

/// A server that says nothing for so long has lost something.
const SILENCE: Duration = Duration::from_secs(30);

async fn connect(address: &str, path: &str, protocol: Option<&str>) -> Result<Socket> {
    let mut request = format!("ws://{address}{path}").into_client_request()?;
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse()?);
        request.headers_mut().insert("origin", format!("http://{address}").parse()?);
    }
    let stream = TcpStream::connect(address).await.with_context(|| address.to_owned())?;
    stream.set_nodelay(true)?;
    // Ten thousand of them must fit.
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let opening = client_async_with_config(request, stream, Some(config));
    Ok(timeout(SILENCE, opening).await.context("the socket was not opened")??.0)
}

async fn next(socket: &mut Socket) -> Result<Utf8Bytes> {
    loop {
        match timeout(SILENCE, socket.next()).await.context("nothing heard for 30 s")? {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(other)) => bail!("an unexpected frame: {other:?}"),
            Some(Err(error)) => return Err(error.into()),
            None => bail!("the server closed the socket"),
        }
    }
}

/// What a frame of the chat means to somebody who waits for an answer. Found by looking for words: parsing each
/// frame would cost the load generator more than the server spends.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    /// A message of the bot.
    Said(Utf8Bytes),
    /// The turn is over.
    End,
    /// Something else.
    Other,
}

impl Frame {
    fn of(text: Utf8Bytes) -> Result<Self> {
        if text.contains(r#""kind":"turn.end""#) {
            ensure!(!text.contains(r#""outcome":"failed""#), "a turn failed: {text}");
            Ok(Self::End)
        } else if text.contains(r#""role":"bot""#) {
            Ok(Self::Said(text))
        } else if text.contains(r#""type":"error""#) || text.contains(r#""kind":"error""#) {
            bail!("an error: {text}")
        } else {
            Ok(Self::Other)
        }
    }
}

/// What people say to the echo bot.
pub(crate) const TEXT: &str = "a few words of a person";

/// An open page.
pub(crate) struct Chat {
    socket: Socket,
    /// Turns of ours that have ended.
    answered: usize,
    /// The answer of the running turn has come.
    found: bool,
}

impl Chat {
    /// Opens the chat of a bot and waits until it has greeted.
    pub(crate) async fn open(address: &str, bot: &str) -> Result<Self> {
        let path = format!("/api/v1/bots/{bot}/socket");
        let socket = connect(address, &path, Some("botserver.chat.v1")).await?;
        let mut chat = Self { socket, answered: 0, found: false };
        chat.send(&json!({"type": "hello", "visible": true, "locale": "en"}).to_string()).await?;
        while Frame::of(next(&mut chat.socket).await?)? != Frame::End {}
        Ok(chat)
    }

    async fn send(&mut self, frame: &str) -> Result<()> {
        Ok(self.socket.send(Message::text(frame)).await?)
    }

    /// The next frame, read as JSON.
    pub(crate) async fn next_json(&mut self) -> Result<Json> {
        Ok(serde_json::from_str(next(&mut self.socket).await?.as_str())?)
    }

    /// Sends a message and does not wait.
    pub(crate) async fn write(&mut self, text: &str) -> Result<()> {
        let id = Uuid::new_v4().simple();
        self.send(&format!(r#"{{"type":"message","id":"msg_{id}","text":"{text}"}}"#)).await
    }

    /// Stops the running turn.
    pub(crate) async fn cancel(&mut self) -> Result<()> {
        self.send(r#"{"type":"cancel"}"#).await
    }

    /// Reads one frame of the echo bot; true when it ended a turn, whose answer is then checked. May be dropped while
    /// it waits.
    pub(crate) async fn hear(&mut self) -> Result<bool> {
        match Frame::of(next(&mut self.socket).await?)? {
            Frame::Said(frame) => {
                let expected = format!("[{}] You said: {TEXT}", self.answered);
                self.found |= frame.contains(&expected);
                Ok(false)
            }
            Frame::End => {
                ensure!(std::mem::take(&mut self.found), "turn {} ended without its answer", self.answered);
                self.answered += 1;
                Ok(true)
            }
            Frame::Other => Ok(false),
        }
    }

    /// Says something to the echo bot and waits for its answer.
    pub(crate) async fn say(&mut self) -> Result<()> {
        self.write(TEXT).await?;
        while !self.hear().await? {}
        Ok(())
    }

    /// The protocol's own ping, there and back.
    pub(crate) async fn ping(&mut self) -> Result<()> {
        self.send(r#"{"type":"ping"}"#).await?;
        let answer = next(&mut self.socket).await?;
        ensure!(answer.as_str() == r#"{"type":"pong"}"#, "not a pong: {answer}");
        Ok(())
    }
}

/// A socket to a server that sends everything back.
pub(crate) struct Echo {
    socket: Socket,
}

impl Echo {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        Ok(Self { socket: connect(address, "/", None).await? })
    }

    pub(crate) async fn say(&mut self, text: &str) -> Result<()> {
        self.socket.send(Message::text(text)).await?;
        let answer = next(&mut self.socket).await?;
        ensure!(answer.as_str() == text, "not an echo: {answer}");
        Ok(())
    }
}
