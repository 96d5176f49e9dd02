//! The conversation itself: lines become messages, events become lines. Speaks version 1 of the chat protocol and knows
//! nothing else of the server.

use std::{collections::VecDeque, io, time::Duration};

use anyhow::{Result, anyhow, bail};
use botserver_kernel::{IdSource, MessageId, RandomIds};
use botserver_ui_tree::{ChatEvent, Speaker, Suggestion};
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use super::{super::Ending, said};
use crate::{
    command_line::{ChatOptions, Output},
    terminal::{self, Lines},
};

/// The server forgets who says nothing for 75 s.
const PING: Duration = Duration::from_secs(25);
/// How long to wait for a greeting: a bot without `start.bas` has none and says nothing about it.
const GREETING: Duration = Duration::from_secs(2);
/// How long the goodbye of the socket may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A frame from the server; those that do not concern a terminal are `Other`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Ready {
        conversation: String,
    },
    Event {
        event: Json,
    },
    Ack {},
    Working {
        on: bool,
    },
    Error {
        code: String,
        detail: String,
        retry_after: Option<u64>,
    },
    Bye {
        reason: String,
    },
    #[serde(other)]
    Other,
}

/// What is waited for before the next line is sent.
enum Waiting {
    /// Nothing: the person's turn.
    No,
    /// The greeting, at most until then; `None` once the server works on it.
    Greeting { conversation: String, until: Option<Instant> },
    /// The end of the turn of a message.
    Answer { id: String, text: String },
    /// The server asked for patience; the message is sent again then.
    Patience { id: String, text: String, until: Instant },
}

/// Tells more about a failure than a visitor may know, by its reference.
type Explain<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

struct Talk<'a, S> {
    socket: WebSocketStream<S>,
    explain: Explain<'a>,
    waiting: Waiting,
    chips: Vec<Suggestion>,
    /// Lines of suggestions that are shown when the turn is over, below what the bot says.
    below: Vec<String>,
    queue: VecDeque<String>,
    interactive: bool,
    output: Output,
    failed: bool,
}

/// Talks until the input ends and the last answer has come.
pub(super) async fn talk<S>(socket: WebSocketStream<S>, options: &ChatOptions, explain: Explain<'_>) -> Result<Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut talk = Talk {
        socket,
        explain,
        waiting: Waiting::Greeting { conversation: String::new(), until: Some(Instant::now() + GREETING) },
        chips: Vec::new(),
        below: Vec::new(),
        queue: VecDeque::new(),
        interactive: terminal::is_interactive(),
        output: options.output,
        failed: false,
    };
    talk.send(&json!({"type": "hello", "visible": true, "locale": options.locale})).await?;
    let talked = talk.run().await;
    // Whoever is at the other end has everything already.
    let _ = tokio::time::timeout(GOODBYE, talk.socket.close(None)).await;
    talked.map(|()| Ending::of(!talk.failed))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn run(&mut self) -> Result<()> {
        let mut lines = Lines::read();
        let mut open = true;
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            if let (Waiting::No, Some(text)) = (&self.waiting, self.queue.pop_front()) {
                self.say(text).await?;
            }
            if matches!(self.waiting, Waiting::No) && !open {
                return Ok(());
            }
            // Through a pipe one line at a time; a person may write ahead.
            let deadline = self.deadline();
            let take_line = open && (self.interactive || matches!(self.waiting, Waiting::No));
            tokio::select! {
                frame = self.socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => self.frame(&text)?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => bail!("the server closed the conversation"),
                    Some(Ok(_)) => {}
                },
                line = lines.next(), if take_line => match line? {
                    Some(line) if line.trim().is_empty() => self.invite(),
                    Some(line) => self.queue.push_back(line),
                    None => open = false,
                },
                () = until(deadline) => self.patience_is_over().await?,
                _ = ping.tick() => self.send(&json!({"type": "ping"})).await?,
                signal = &mut interrupted => return signal.map_err(Into::into),
            }
        }
    }

    async fn send(&mut self, frame: &Json) -> Result<()> {
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.map_err(|error| anyhow!(error).context("the server does not listen any more"))
    }

    /// Sends a line. One that names a suggestion chooses it.
    async fn say(&mut self, line: String) -> Result<()> {
        let id = MessageId::new(RandomIds.next_uuid()).to_string();
        self.waiting = Waiting::Answer { id: id.clone(), text: line.clone() };
        let chip = self.chips.iter().find(|chip| chip.label.eq_ignore_ascii_case(line.trim()));
        let frame = match chip {
            Some(chip) => json!({"type": "message", "id": id, "text": chip.text, "action": chip.action}),
            None => json!({"type": "message", "id": id, "text": line}),
        };
        self.send(&frame).await
    }

    fn frame(&mut self, text: &str) -> Result<()> {
        match serde_json::from_str(text)? {
            Frame::Ready { conversation: opened } => {
                if let Waiting::Greeting { conversation, .. } = &mut self.waiting {
                    *conversation = opened;
                }
            }
            Frame::Event { event } => self.event(event)?,
            Frame::Working { on: true } => {
                if let Waiting::Greeting { until, .. } = &mut self.waiting {
                    *until = None;
                }
            }
            Frame::Error { code, detail, retry_after } => self.refused(&code, &detail, retry_after)?,
            Frame::Bye { reason } => bail!("the server ends the conversation ({reason})"),
            Frame::Ack {} | Frame::Working { on: false } | Frame::Other => {}
        }
        Ok(())
    }

    fn event(&mut self, event: Json) -> Result<()> {
        if event.get("kind").and_then(Json::as_str) == Some("turn.end") {
            return self.turn_ended(event.get("item").and_then(Json::as_str).unwrap_or_default());
        }
        match serde_json::from_value(event) {
            Ok(ChatEvent::Message { role: Speaker::Bot, parts, .. }) => {
                terminal::print(&said::message(&parts, self.output))?;
            }
            Ok(ChatEvent::Suggestions { items }) => {
                let labels = items.iter().map(|chip| chip.label.as_str());
                self.below = said::choices(labels, self.output);
                self.chips = items;
            }
            Ok(ChatEvent::Hear { input: Some(input) }) => {
                self.below = said::choices(input.options.iter().map(String::as_str), self.output);
                if input.secret && self.interactive {
                    terminal::tell("(The terminal shows what you type.)");
                }
            }
            Ok(ChatEvent::Error { title, detail, reference, .. }) => {
                self.failed = true;
                terminal::tell(&format!("{title}: {detail} ({reference})"));
                if let Some(more) = (self.explain)(&reference) {
                    terminal::tell(&more);
                }
            }
            // The person's own words, a title, and what a newer server may say.
            _ => {}
        }
        Ok(())
    }

    fn turn_ended(&mut self, item: &str) -> Result<()> {
        let awaited = match &self.waiting {
            Waiting::Greeting { conversation, .. } => conversation == item,
            Waiting::Answer { id, .. } | Waiting::Patience { id, .. } => id == item,
            Waiting::No => false,
        };
        if awaited {
            self.waiting = Waiting::No;
        }
        self.show_below()?;
        if awaited {
            self.invite();
        }
        Ok(())
    }

    fn show_below(&mut self) -> io::Result<()> {
        for line in self.below.drain(..) {
            terminal::print(&line)?;
        }
        Ok(())
    }

    fn invite(&self) {
        if self.interactive && self.queue.is_empty() && matches!(self.waiting, Waiting::No) {
            terminal::prompt("» ");
        }
    }

    fn refused(&mut self, code: &str, detail: &str, retry_after: Option<u64>) -> Result<()> {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::No);
        match (waiting, retry_after) {
            (Waiting::Answer { id, text }, Some(seconds)) => {
                terminal::tell(&format!("({detail})"));
                let until = Instant::now() + Duration::from_secs(seconds.max(1));
                self.waiting = Waiting::Patience { id, text, until };
            }
            (Waiting::Answer { .. }, None) => {
                self.failed = true;
                terminal::tell(&format!("Not sent: {detail} ({code})"));
                self.invite();
            }
            (other, _) => {
                self.waiting = other;
                bail!("the server refused: {detail} ({code})");
            }
        }
        Ok(())
    }

    const fn deadline(&self) -> Option<Instant> {
        match self.waiting {
            Waiting::Greeting { until, .. } => until,
            Waiting::Patience { until, .. } => Some(until),
            Waiting::No | Waiting::Answer { .. } => None,
        }
    }

    async fn patience_is_over(&mut self) -> Result<()> {
        if let Waiting::Patience { text, .. } = std::mem::replace(&mut self.waiting, Waiting::No) {
            return self.say(text).await;
        }
        self.invite();
        Ok(())
    }
}

/// Resolves at a moment; never without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
