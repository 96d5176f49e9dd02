//! The cassette in use by one test: replays it and notes what it lacks, or records it anew.

use parking_lot::Mutex;
use serde_json::Value as Json;

use super::{Cassette, Exchanged, Secrets};
use crate::difference;

/// What a tape does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Answers from the cassette; nothing goes out.
    #[default]
    Replay,
    /// Lets requests go out and keeps what came back.
    Record,
}

/// A request that is not in the cassette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The request in a few words, such as `POST https://example.org/orders`.
    pub what: String,
    /// How it differs from the nearest one that was not used yet; none when all are used up.
    pub difference: Option<String>,
}

#[derive(Default)]
struct State {
    secrets: Secrets,
    /// What the cassette has for the test, and whether it was used.
    known: Vec<(Exchanged, bool)>,
    recorded: Vec<Exchanged>,
    missing: Vec<Missing>,
}

/// A cassette in use.
#[derive(Default)]
pub struct Tape {
    mode: Mode,
    state: Mutex<State>,
}

impl Tape {
    /// A tape without a cassette.
    pub fn new(mode: Mode) -> Self {
        Self { mode, state: Mutex::default() }
    }

    /// What it does.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// A test begins.
    pub fn begin(&self, cassette: &Cassette, test: &str, secrets: Secrets) {
        let known = cassette.of(test).iter().map(|own| (own.clone(), false)).collect();
        *self.state.lock() = State { secrets, known, ..State::default() };
    }

    /// A request that was not in the cassette, once.
    pub fn take_missing(&self) -> Option<Missing> {
        let mut state = self.state.lock();
        if state.missing.is_empty() { None } else { Some(state.missing.remove(0)) }
    }

    /// What the cassette has for the test and nobody asked for.
    pub fn unused(&self) -> Vec<String> {
        let state = self.state.lock();
        state.known.iter().filter(|(_, used)| !used).map(|(own, _)| title(&own.request)).collect()
    }

    pub(super) fn recorded(&self) -> Vec<Exchanged> {
        self.state.lock().recorded.clone()
    }

    pub(super) fn secrets(&self) -> Secrets {
        self.state.lock().secrets.clone()
    }

    pub(super) fn record(&self, request: Json, answer: Json) {
        self.state.lock().recorded.push(Exchanged { request, answer });
    }

    /// The answer to a request, each only once; an error when there is none.
    pub(super) fn replay(&self, request: &Json) -> Result<Json, String> {
        let mut state = self.state.lock();
        if let Some((own, used)) = state.known.iter_mut().find(|(own, used)| !used && own.request == *request) {
            *used = true;
            return Ok(own.answer.clone());
        }
        let wanted = pretty(request);
        let rest = state.known.iter().filter(|(own, used)| !used && kind(&own.request) == kind(request));
        let nearest = rest.map(|(own, _)| pretty(&own.request)).max_by_key(|own| likeness(own, &wanted));
        let difference = nearest.map(|nearest| difference(&nearest, &wanted, |one, other| one == other));
        let what = title(request);
        state.missing.push(Missing { what: what.clone(), difference });
        Err(format!("{what} is not in the cassette of this test, and a test asks nobody outside"))
    }
}

/// Whether a model is asked.
fn kind(request: &Json) -> bool {
    request.get("messages").is_some()
}

fn title(request: &Json) -> String {
    let word = |name: &str| request[name].as_str().unwrap_or_default();
    if let Some(messages) = request["messages"].as_array() {
        return format!("a question to the model `{}` with {} messages", word("model"), messages.len());
    }
    format!("{} {}", word("method"), word("url"))
}

fn pretty(request: &Json) -> String {
    serde_json::to_string_pretty(request).unwrap_or_default()
}

/// How many lines of one text are in another.
fn likeness(one: &str, other: &str) -> usize {
    let lines: std::collections::HashSet<&str> = other.lines().collect();
    one.lines().filter(|line| lines.contains(line)).count()
}
