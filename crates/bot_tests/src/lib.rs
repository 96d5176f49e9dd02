//! Tests of bots as their authors write them: the files with conversations, what a line expects and whether what was
//! said fits, cassettes of what came from outside, time and chance that repeat, and the reports of a run. Knows no bot,
//! no database and no server: who runs a conversation is somebody else's business.
#![forbid(unsafe_code)]

mod cassette;
mod chance;
mod diff;
mod model;
mod pattern;
mod read;
mod report;

pub use cassette::{Cassette, CassetteError, Missing, Mode, Secrets, Tape, TapedModel};
pub use chance::{ChanceIds, CountedIds, ManualClock, SeededDice};
pub use diff::{difference, marked};
pub use model::{
    Amount, Expected, Given, Line, MemoryScope, Person, RowsWanted, Say, SetUp, Step, StepKind, TestCase, TestFile,
};
pub use pattern::{Captures, Pattern};
pub use read::{CODES, read};
pub use report::{Failure, Outcome, Report, TestReport, json, junit, text};
