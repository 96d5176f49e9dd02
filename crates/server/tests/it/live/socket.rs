//! The chat socket, frame by frame.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use super::{PATIENCE, message_id};

/// What comes through a socket.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Frame(Json),
    /// Closed, with its code.
    Closed(Option<u16>),
}

/// A chat socket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(super) const fn over(stream: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        Self(stream)
    }

    pub(crate) async fn send(&mut self, frame: Json) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Whatever it is; that nobody takes it is for the next look to find.
    pub(crate) async fn send_raw(&mut self, message: Message) {
        let _ = timeout(PATIENCE, self.0.send(message)).await.expect("taken in time");
    }

    pub(crate) async fn heard(&mut self) -> Heard {
        loop {
            return match timeout(PATIENCE, self.0.next()).await.expect("something comes") {
                Some(Ok(Message::Text(text))) => Heard::Frame(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Close(frame))) => Heard::Closed(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Heard::Closed(None),
            };
        }
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Json {
        match self.heard().await {
            Heard::Frame(frame) => frame,
            Heard::Closed(code) => panic!("closed with {code:?}"),
        }
    }

    /// The frames up to the first of this kind, which is the last.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Json) -> bool) -> Vec<Json> {
        let mut frames = Vec::new();
        loop {
            let frame = self.frame().await;
            let found = wanted(&frame);
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }

    /// The first frame of this type; others are passed over.
    pub(crate) async fn next(&mut self, kind: &str) -> Json {
        self.until(|frame| frame["type"] == kind).await.pop().expect("one at least")
    }

    /// The events up to the end of a turn.
    pub(crate) async fn turn(&mut self) -> Vec<Json> {
        let frames = self.until(|frame| frame["event"]["kind"] == "turn.end").await;
        frames.into_iter().filter(|frame| frame["type"] == "event").collect()
    }

    /// Says something; the id it has.
    pub(crate) async fn say(&mut self, text: &str) -> String {
        let id = message_id();
        self.send(json!({"type": "message", "id": id, "text": text})).await;
        id
    }
}
