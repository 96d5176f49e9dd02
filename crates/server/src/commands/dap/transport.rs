//! Messages of the Debug Adapter Protocol as bytes: a header with the length, an empty line, JSON. The protocol is
//! described at <https://microsoft.github.io/debug-adapter-protocol/specification>.

use std::{io::Read as _, thread};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::mpsc,
    task::JoinSet,
};
use tokio_util::io::StreamReader;

/// No message of an editor is longer.
const LONGEST: usize = 16 << 20;

/// A request of the editor.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) seq: i64,
    pub(super) command: String,
    #[serde(default)]
    pub(super) arguments: Json,
}

/// The way to and from an editor.
pub(super) struct Transport {
    requests: mpsc::Receiver<Result<Request>>,
    writer: Box<dyn AsyncWrite + Send + Unpin>,
    sent: i64,
    _reading: JoinSet<()>,
}

impl Transport {
    pub(super) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (sender, requests) = mpsc::channel(16);
        let mut reading = JoinSet::new();
        // A message that is half read must not be lost when something else happens meanwhile.
        reading.spawn(async move {
            let mut reader = BufReader::new(reader);
            while let Some(read) = read(&mut reader).await.transpose() {
                let failed = read.is_err();
                if sender.send(read).await.is_err() || failed {
                    return;
                }
            }
        });
        Self { requests, writer: Box::new(writer), sent: 0, _reading: reading }
    }

    /// The next request; `None` when the editor has gone.
    pub(super) async fn next(&mut self) -> Result<Option<Request>> {
        self.requests.recv().await.transpose()
    }

    /// Answers a request; an error is a sentence for the person.
    pub(super) async fn answer(&mut self, request: &Request, answer: Result<Json, String>) -> Result<()> {
        let (request_seq, command) = (request.seq, &request.command);
        let message = match answer {
            Ok(body) => {
                json!({"type": "response", "request_seq": request_seq, "command": command, "success": true, "body": body})
            }
            Err(sentence) => json!({
                "type": "response", "request_seq": request_seq, "command": command, "success": false,
                "message": sentence, "body": {"error": {"id": 1, "format": sentence, "showUser": true}},
            }),
        };
        self.send(message).await
    }

    /// Tells the editor something that it has not asked for.
    pub(super) async fn tell(&mut self, event: &str, body: Json) -> Result<()> {
        self.send(json!({"type": "event", "event": event, "body": body})).await
    }

    async fn send(&mut self, mut message: Json) -> Result<()> {
        self.sent += 1;
        message["seq"] = self.sent.into();
        let text = message.to_string();
        self.writer.write_all(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes()).await?;
        self.writer.flush().await?;
        Ok(())
    }
}

/// What an editor writes to this process. A thread of its own reads: nothing waits for it when the process ends.
pub(super) fn stdin() -> impl AsyncRead + Send + Unpin {
    let (sender, mut receiver) = mpsc::channel::<std::io::Result<Bytes>>(4);
    thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut buffer = vec![0; 16 << 10];
        loop {
            let read = match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => Ok(Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default())),
                Err(error) => Err(error),
            };
            let failed = read.is_err();
            if sender.blocking_send(read).is_err() || failed {
                return;
            }
        }
    });
    StreamReader::new(stream::poll_fn(move |context| receiver.poll_recv(context)))
}

async fn read(reader: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Request>> {
    loop {
        let Some(length) = read_header(reader).await? else { return Ok(None) };
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).await.context("the editor's message breaks off")?;
        let message: Json = serde_json::from_slice(&bytes).context("the editor's message is no JSON")?;
        // What the editor answers was never asked.
        if message["type"] == "request" {
            return Ok(Some(serde_json::from_value(message).context("the editor's request cannot be read")?));
        }
    }
}

/// The length of the message that follows.
async fn read_header(reader: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<usize>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if reader.take(1 << 10).read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    match length {
        Some(length) if length <= LONGEST => Ok(Some(length)),
        _ => bail!("the editor's message has no length that can be right"),
    }
}
