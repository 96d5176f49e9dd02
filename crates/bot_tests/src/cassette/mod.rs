//! Cassettes: what came from outside while a test was recorded, so that it comes again without anybody outside.

mod describe;
mod http;
mod masks;
mod model;
mod tape;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use masks::Secrets;
pub use model::TapedModel;
pub use tape::{Missing, Mode, Tape};

/// The form of the files; another one is refused.
const VERSION: u32 = 1;

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchanged {
    /// What was asked, as far as it matters.
    pub(crate) request: Json,
    /// What came back.
    pub(crate) answer: Json,
}

/// What came from outside in the tests of one file, by the names of the tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cassette {
    version: u32,
    tests: BTreeMap<String, Vec<Exchanged>>,
}

/// A cassette that cannot be read; one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CassetteError(pub String);

impl Default for Cassette {
    fn default() -> Self {
        Self { version: VERSION, tests: BTreeMap::new() }
    }
}

impl Cassette {
    /// Reads a file.
    pub fn read(text: &str) -> Result<Self, CassetteError> {
        let own: Self = serde_json::from_str(text).map_err(|error| CassetteError(error.to_string()))?;
        if own.version == VERSION {
            return Ok(own);
        }
        Err(CassetteError(format!("it has the form {}, and this build reads {VERSION}; record it anew", own.version)))
    }

    /// The text of the file: the same cassette always gives the same text.
    pub fn write(&self) -> String {
        // Plain data with text keys always serialises.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// True when nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// Puts what a test has recorded in the place of what it had.
    pub fn replace(&mut self, test: &str, tape: &Tape) {
        let heard = tape.recorded();
        if heard.is_empty() {
            self.tests.remove(test);
        } else {
            self.tests.insert(test.to_owned(), heard);
        }
    }

    /// Puts what another cassette has of a test in the place of what this one has.
    pub fn take_over(&mut self, test: &str, other: &Self) {
        match other.tests.get(test) {
            Some(heard) => self.tests.insert(test.to_owned(), heard.clone()),
            None => self.tests.remove(test),
        };
    }

    /// Forgets the tests that are gone.
    pub fn keep_only(&mut self, mut is_there: impl FnMut(&str) -> bool) {
        self.tests.retain(|name, _| is_there(name));
    }

    pub(crate) fn of(&self, test: &str) -> &[Exchanged] {
        self.tests.get(test).map(Vec::as_slice).unwrap_or_default()
    }
}
