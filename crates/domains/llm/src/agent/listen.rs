//! Listens to one answer of the model: collects it, passes it on as it comes, and asks once more when the provider
//! fails in a way that passes.

use std::{sync::Arc, time::Duration};

use botserver_engines::TextDelta;
use botserver_ports::{ChatModel, ModelError, ModelFault, ModelPiece, ModelRequest};
use futures_util::StreamExt;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{AnswerSink, SoFar, state::Heard};

/// Pieces within this time travel together; the first one never waits.
const TOGETHER: Duration = Duration::from_millis(25);
/// How often the model is asked for one answer.
const ATTEMPTS: u32 = 2;
/// Before the second time, unless the provider names its own time.
const PAUSE: Duration = Duration::from_millis(500);
/// A provider that wants us to wait longer gets no second request: the person may ask again.
const LONGEST_PAUSE: u64 = 10;

/// Where an answer is heard and shown.
pub(super) struct Listener {
    pub(super) model: Arc<dyn ChatModel>,
    pub(super) sink: Arc<dyn AnswerSink>,
    /// The message that the answer becomes.
    pub(super) message: String,
    pub(super) turn: String,
    /// What has been heard, also for whoever stops the listening.
    pub(super) heard: Arc<Mutex<Heard>>,
    pub(super) started: Instant,
    /// Milliseconds to the first piece.
    pub(super) first_ms: Option<u64>,
    /// Unix milliseconds at the start; attempts are numbered from it, so that they grow over restarts too.
    pub(super) attempt: i64,
}

impl Listener {
    /// Asks until there is a whole answer, or a failure that will not pass.
    pub(super) async fn listen(&mut self, request: &ModelRequest) -> Result<(), ModelError> {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            *self.heard.lock() = Heard::default();
            let Err(error) = self.once(request).await else { return Ok(()) };
            let pause = match error.retry_after {
                Some(seconds) if seconds > LONGEST_PAUSE => return Err(error),
                Some(seconds) => Duration::from_secs(seconds),
                None => PAUSE,
            };
            // One that was silent for its whole time has cost the person enough of theirs.
            if left == 0 || !error.is_passing() || error.fault == ModelFault::TimedOut {
                return Err(error);
            }
            let fault = crate::records::word(error.fault);
            tracing::info!(%fault, status = error.status, request_id = error.request_id, "the model is asked again");
            tokio::time::sleep(pause).await;
            self.attempt += 1;
        }
    }

    async fn once(&mut self, request: &ModelRequest) -> Result<(), ModelError> {
        let mut pieces = self.model.ask(request.clone()).await?;
        let mut shown = Shown::default();
        let mut thinking: Option<Instant> = None;
        loop {
            let due = shown.due;
            let piece = tokio::select! {
                piece = pieces.next() => piece,
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    self.show(&mut shown).await;
                    continue;
                }
            };
            match piece {
                Some(Ok(ModelPiece::End { reason, usage })) => {
                    self.show(&mut shown).await;
                    let mut heard = self.heard.lock();
                    heard.end = Some(reason);
                    heard.usage = usage;
                    return Ok(());
                }
                Some(Ok(piece)) => {
                    self.first_ms.get_or_insert_with(|| self.started.elapsed().as_millis() as u64);
                    let mut heard = self.heard.lock();
                    match piece {
                        ModelPiece::Text(text) => heard.text.push_str(&text),
                        ModelPiece::Reasoning(text) => {
                            heard.reasoning.push_str(&text);
                            let since = *thinking.get_or_insert_with(Instant::now);
                            heard.thought_ms = since.elapsed().as_millis() as u64;
                        }
                        ModelPiece::Call(call) => heard.calls.push(call),
                        ModelPiece::End { .. } => {}
                    }
                }
                Some(Err(error)) => {
                    self.show(&mut shown).await;
                    return Err(error);
                }
                None => return Err(ModelError::new(ModelFault::Cut, "the answer of the model broke off")),
            }
            match shown.last {
                Some(last) if last.elapsed() < TOGETHER => shown.due = Some(last + TOGETHER),
                _ => self.show(&mut shown).await,
            }
        }
    }

    /// Passes on what has come since the last time.
    async fn show(&self, shown: &mut Shown) {
        shown.due = None;
        let (deltas, so_far) = {
            let heard = self.heard.lock();
            let deltas =
                [("reasoning", &heard.reasoning, &mut shown.reasoning), ("text", &heard.text, &mut shown.text)]
                    .into_iter()
                    .filter_map(|(part, whole, shown)| {
                        let text = whole.get(shown.0..).filter(|text| !text.is_empty())?.to_owned();
                        let offset = shown.1;
                        *shown = (whole.len(), offset + text.chars().count());
                        let (message, turn) = (self.message.clone(), self.turn.clone());
                        Some(TextDelta { message, turn, attempt: self.attempt, offset, text, part: part.to_owned() })
                    })
                    .collect::<Vec<_>>();
            if deltas.is_empty() {
                return;
            }
            let so_far = SoFar {
                message: self.message.clone(),
                turn: self.turn.clone(),
                attempt: self.attempt,
                text: heard.text.clone(),
                reasoning: heard.reasoning.clone(),
            };
            (deltas, so_far)
        };
        shown.last = Some(Instant::now());
        self.sink.show(&so_far, deltas).await;
    }
}

/// What of an answer has been passed on: bytes and letters of each part.
#[derive(Default)]
struct Shown {
    text: (usize, usize),
    reasoning: (usize, usize),
    last: Option<Instant>,
    due: Option<Instant>,
}
