//! What became of the tests: for people, for programs, and for build machines that read JUnit's XML.

mod junit;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

use serde_json::{Value as Json, json};

pub use junit::junit;
pub use text::text;

/// Why a test failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The line of the test file.
    pub line: u32,
    /// Its column.
    pub column: u32,
    /// The line itself.
    pub source: String,
    /// One sentence.
    pub message: String,
    /// What was expected beside what came; may be empty.
    pub difference: String,
    /// The conversation so far, a line each.
    pub conversation: Vec<String>,
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was as expected.
    Passed,
    /// Something was not.
    Failed(Box<Failure>),
}

/// A test that has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// The path of its file, as the person can open it.
    pub file: String,
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub line: u32,
    /// How long it took.
    pub time: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl TestReport {
    /// True if it passed.
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }
}

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The bot.
    pub bot: String,
    /// The tests, by file and line.
    pub tests: Vec<TestReport>,
    /// How many were left out because one had failed.
    pub left_out: usize,
    /// From the first conversation to the end of the last.
    pub time: Duration,
}

impl Report {
    /// How many passed.
    pub fn passed(&self) -> usize {
        self.tests.iter().filter(|test| test.passed()).count()
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.tests.len() - self.passed()
    }

    /// The last line for people.
    pub fn summary(&self) -> String {
        let many = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        let left = if self.left_out > 0 { format!(", {} left out", self.left_out) } else { String::new() };
        let seconds = self.time.as_secs_f64();
        let pace = self.tests.len() as f64 / seconds.max(0.001);
        format!(
            "{}: {}, {} passed, {} failed{left}, in {seconds:.2} s ({pace:.0} a second).",
            self.bot,
            many(self.tests.len(), "test"),
            self.passed(),
            self.failed()
        )
    }
}

/// For programs.
pub fn json(report: &Report) -> Json {
    let tests: Vec<Json> = report.tests.iter().map(test_json).collect();
    json!({
        "bot": report.bot, "passed": report.passed(), "failed": report.failed(), "left_out": report.left_out,
        "seconds": seconds(report.time), "tests": tests,
    })
}

fn test_json(test: &TestReport) -> Json {
    let mut own = json!({
        "file": test.file, "line": test.line, "name": test.name, "seconds": seconds(test.time),
        "outcome": if test.passed() { "passed" } else { "failed" },
    });
    if let Outcome::Failed(failure) = &test.outcome {
        own["failure"] = json!({
            "line": failure.line, "column": failure.column, "source": failure.source, "message": failure.message,
            "difference": failure.difference, "conversation": failure.conversation,
        });
    }
    own
}

/// To the microsecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}
