//! Reads an answer within its limits: waits, sizes, and what an end means. Knows events and pieces, not which provider
//! they are of.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use botserver_http::{Error as HttpError, StreamingResponse};
use botserver_ports::{
    EndReason, ModelError, ModelFault, ModelLimits, ModelPiece, ModelStream, ModelToolCall, ModelUsage,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::{
    fault::Speaker,
    sse::{Event, Events},
};

/// What surrounds the characters of an answer: names of fields, escapes, ids. One token a chunk is the worst of it.
const WRAPPING: usize = 64;
/// The smallest limit of bytes on the wire.
const SMALLEST: usize = 1 << 20;

/// The most bytes that an answer of this many characters may take on the wire.
pub(crate) const fn wire_limit(bytes: usize) -> usize {
    bytes.saturating_mul(WRAPPING).saturating_add(SMALLEST)
}

/// A limit without a limit is a year, which the clock can count.
pub(crate) fn after(start: Instant, wait: Duration) -> Instant {
    start + wait.min(Duration::from_hours(24 * 365))
}

/// Understands the events of one protocol.
pub(crate) trait Reader: Send {
    /// The next event.
    fn event(&mut self, event: &Event, out: &mut Output) -> Result<(), ModelError>;

    /// An answer that is one JSON value instead of events.
    fn whole(&mut self, body: &Json, out: &mut Output) -> Result<(), ModelError>;

    /// The connection ended as it should; an error if the answer is not complete.
    fn end(&mut self, out: &mut Output) -> Result<(), ModelError>;
}

/// What readers write into.
#[derive(Debug)]
pub(crate) struct Output {
    pieces: VecDeque<ModelPiece>,
    bytes: usize,
    limit: usize,
    pub(crate) ended: bool,
}

impl Output {
    const fn new(limit: usize) -> Self {
        Self { pieces: VecDeque::new(), bytes: 0, limit, ended: false }
    }

    /// Counts what arrives.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= self.limit {
            return Ok(());
        }
        let message = format!("The answer is longer than {} bytes.", self.limit);
        Err(ModelError::new(ModelFault::TooMuch, message))
    }

    pub(crate) fn text(&mut self, text: String) -> Result<(), ModelError> {
        self.count(text.len())?;
        if !text.is_empty() {
            self.pieces.push_back(ModelPiece::Text(text));
        }
        Ok(())
    }

    pub(crate) fn reasoning(&mut self, text: String) -> Result<(), ModelError> {
        self.count(text.len())?;
        if !text.is_empty() {
            self.pieces.push_back(ModelPiece::Reasoning(text));
        }
        Ok(())
    }

    /// A call whose arguments were counted as they came.
    pub(crate) fn call(&mut self, call: ModelToolCall) {
        self.pieces.push_back(ModelPiece::Call(call));
    }

    pub(crate) fn end(&mut self, reason: EndReason, usage: Option<ModelUsage>) {
        if !std::mem::replace(&mut self.ended, true) {
            self.pieces.push_back(ModelPiece::End { reason, usage });
        }
    }
}

enum Shape {
    Unknown,
    Events(Events),
    /// One JSON value.
    Whole(Vec<u8>),
}

type Body = Pin<Box<dyn Stream<Item = Result<Bytes, HttpError>> + Send>>;

struct Answer {
    /// Gone as soon as nothing more is wanted of it: that closes the connection.
    body: Option<Body>,
    shape: Shape,
    reader: Box<dyn Reader>,
    out: Output,
    failed: Option<ModelError>,
    speaker: Speaker,
    limits: ModelLimits,
    started: Instant,
    /// A piece has come.
    begun: bool,
    /// An event of the protocol has come.
    understood: bool,
    /// Since when nothing has come that we waited for.
    waiting: Option<Instant>,
}

/// The pieces of an answer whose head has come.
pub(crate) fn pieces(
    response: StreamingResponse,
    reader: Box<dyn Reader>,
    speaker: Speaker,
    limits: ModelLimits,
    started: Instant,
) -> ModelStream {
    let answer = Answer {
        body: Some(response.body),
        shape: Shape::Unknown,
        reader,
        out: Output::new(limits.bytes),
        failed: None,
        speaker,
        limits,
        started,
        begun: false,
        understood: false,
        waiting: None,
    };
    Box::pin(stream::unfold(answer, async |mut answer| Some((answer.next().await?, answer))))
}

impl Answer {
    async fn next(&mut self) -> Option<Result<ModelPiece, ModelError>> {
        loop {
            if let Some(piece) = self.out.pieces.pop_front() {
                return Some(Ok(piece));
            }
            if let Some(error) = self.failed.take() {
                return Some(Err(error));
            }
            self.read().await?;
        }
    }

    /// Waits for more; `None` when the answer is over.
    async fn read(&mut self) -> Option<()> {
        let body = self.body.as_mut()?;
        let ModelLimits { first, idle, total, .. } = self.limits;
        let (since, patience) =
            if self.begun { (*self.waiting.get_or_insert_with(Instant::now), idle) } else { (self.started, first) };
        let last = after(self.started, total);
        let deadline = after(since, patience).min(last);
        let outcome = match tokio::time::timeout_at(deadline, body.next()).await {
            Err(_) => Err(self.late(deadline == last)),
            Ok(Some(Ok(bytes))) => self.take(&bytes),
            Ok(Some(Err(error))) => Err(self.speaker.http(&error, true)),
            Ok(None) => self.close(),
        };
        if let Err(error) = outcome {
            self.failed = Some(self.speaker.named(error));
        }
        if self.failed.is_some() || self.out.ended {
            self.body = None;
        }
        Some(())
    }

    fn late(&self, at_all: bool) -> ModelError {
        let Speaker { host, .. } = &self.speaker;
        let ModelLimits { first, idle, total, .. } = self.limits;
        let message = if at_all {
            format!("The answer of {host} took longer than {} seconds.", total.as_secs_f64().ceil())
        } else if self.begun {
            format!("{host} went silent in the middle of its answer for {} seconds.", idle.as_secs_f64().ceil())
        } else {
            format!("{host} did not begin to answer within {} seconds.", first.as_secs_f64().ceil())
        };
        ModelError::new(ModelFault::TimedOut, message)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        let most = wire_limit(self.limits.bytes);
        if let Shape::Unknown = self.shape {
            // What it is shows in its first character; what it is called (`Content-Type`) is often wrong.
            match bytes.trim_ascii_start().first() {
                None => return Ok(()),
                Some(b'<') => return Err(self.speaker.malformed("a web page instead of an answer")),
                Some(b'{' | b'[') => self.shape = Shape::Whole(Vec::new()),
                Some(_) => {
                    let longest = self.limits.bytes.saturating_mul(6).saturating_add(SMALLEST);
                    self.shape = Shape::Events(Events::new(longest));
                }
            }
        }
        match &mut self.shape {
            Shape::Unknown => Ok(()),
            Shape::Whole(all) => {
                if all.len() + bytes.len() > most {
                    let message = format!("The answer is longer than {} bytes.", self.limits.bytes);
                    return Err(ModelError::new(ModelFault::TooMuch, message));
                }
                all.extend_from_slice(bytes);
                Ok(())
            }
            Shape::Events(events) => {
                let mut found = Vec::new();
                let fed = events.feed(bytes, &mut found);
                self.read_events(&found)?;
                fed
            }
        }
    }

    fn read_events(&mut self, events: &[Event]) -> Result<(), ModelError> {
        for event in events {
            if self.out.ended {
                break;
            }
            let before = self.out.bytes;
            self.reader.event(event, &mut self.out)?;
            self.understood = true;
            // Events that only name the role, or pretend to be alive, are no pieces.
            if self.out.bytes > before {
                self.begun = true;
                self.waiting = None;
            }
        }
        Ok(())
    }

    /// The body has ended.
    fn close(&mut self) -> Result<(), ModelError> {
        match std::mem::replace(&mut self.shape, Shape::Unknown) {
            Shape::Unknown => return Err(self.speaker.malformed("an empty answer")),
            Shape::Whole(all) => match serde_json::from_slice::<Json>(&all) {
                Ok(body) => self.reader.whole(&body, &mut self.out)?,
                Err(error) if error.is_eof() => return Err(self.speaker.cut()),
                Err(_) => return Err(self.speaker.malformed("JSON that cannot be read")),
            },
            Shape::Events(mut events) => {
                let mut found = Vec::new();
                let broken = events.finish(&mut found);
                self.read_events(&found)?;
                if broken && !self.out.ended {
                    return Err(if self.understood { self.speaker.cut() } else { self.speaker.malformed("no answer") });
                }
                if !self.understood {
                    return Err(self.speaker.malformed("nothing that is an answer"));
                }
            }
        }
        if !self.out.ended {
            self.reader.end(&mut self.out)?;
        }
        // No reader forgets it; a stream without an end does not exist.
        if self.out.ended { Ok(()) } else { Err(self.speaker.cut()) }
    }
}
