//! What the listeners of a lane hear, and how it travels: events as the text that is stored, copied and never built anew.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, value::RawValue};

/// An event as it is stored and sent: JSON text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventText(Box<RawValue>);

impl EventText {
    /// The text of an event.
    pub fn new(event: &Json) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(event).map(Self)
    }

    /// Takes a stored text.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Reads all of it, or the fields one is interested in.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0.get())
    }
}

impl PartialEq for EventText {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// An event that a turn adds, as a value and as text.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What it says.
    pub value: Json,
    /// What is stored and sent.
    pub text: EventText,
}

impl NewEvent {
    /// The event and its text.
    pub fn new(value: Json) -> Result<Self, serde_json::Error> {
        Ok(Self { text: EventText::new(&value)?, value })
    }
}

/// An event with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct CommittedEvent {
    /// Its number, gapless per lane, from 1.
    pub seq: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The event.
    pub event: EventText,
}

/// What listeners of a lane hear.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneNotice {
    /// Events that have just been committed.
    Events(Vec<CommittedEvent>),
    /// A turn that takes a while began or ended.
    Working(bool),
    /// The messages that wait, when that changes: the sender's ids and the payloads.
    Queue(Vec<(String, Json)>),
    /// More of a message that is being written.
    Delta(TextDelta),
    /// The lane is gone.
    Deleted,
}

/// A piece of a message that a later commit will hold whole. It has no number: who misses it reads the text so far
/// from where its writer keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextDelta {
    /// The message's id, which the committed message will have.
    pub message: String,
    /// The turn.
    pub turn: String,
    /// A higher one replaces what was sent before.
    pub attempt: i64,
    /// Unicode code points of this part before the piece.
    pub offset: usize,
    /// The piece.
    pub text: String,
    /// `text` or `reasoning`.
    pub part: String,
}

/// What [`botserver_ports::PubSub`] carries: borrowed when it is written, owned when it is read.
#[derive(Serialize, Deserialize)]
enum WireNotice<Event, Items> {
    Events(Vec<(i64, i64, Event)>),
    Working(bool),
    Queue(Items),
    Delta(TextDelta),
    Deleted,
}

impl LaneNotice {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let wire: WireNotice<&EventText, &[(String, Json)]> = match self {
            Self::Events(events) => {
                WireNotice::Events(events.iter().map(|own| (own.seq, own.at_ms, &own.event)).collect())
            }
            Self::Working(on) => WireNotice::Working(*on),
            Self::Queue(items) => WireNotice::Queue(items),
            Self::Delta(delta) => WireNotice::Delta(delta.clone()),
            Self::Deleted => WireNotice::Deleted,
        };
        // Plain data with text keys always serialises.
        serde_json::to_vec(&wire).unwrap_or_default()
    }

    /// Reads what came through [`botserver_ports::PubSub`].
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let wire: WireNotice<EventText, Vec<(String, Json)>> = serde_json::from_slice(bytes).ok()?;
        Some(match wire {
            WireNotice::Events(events) => Self::Events(
                events.into_iter().map(|(seq, at_ms, event)| CommittedEvent { seq, at_ms, event }).collect(),
            ),
            WireNotice::Working(on) => Self::Working(on),
            WireNotice::Queue(items) => Self::Queue(items),
            WireNotice::Delta(delta) => Self::Delta(delta),
            WireNotice::Deleted => Self::Deleted,
        })
    }
}
