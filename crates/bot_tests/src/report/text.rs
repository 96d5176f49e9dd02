//! A run for people: a line for each test, and for each that failed where, what was said until then, and the difference.

use std::fmt::Write as _;

use super::{Failure, Outcome, Report, TestReport};

/// More of a conversation is not shown: the end of it matters.
const MOST_LINES: usize = 30;

/// Everything but the summary.
pub fn text(report: &Report) -> String {
    let mut text = String::new();
    let mut file = "";
    for test in &report.tests {
        if test.file != file {
            file = &test.file;
            let _ = writeln!(text, "{file}");
        }
        let _ = writeln!(text, "  {}  {}", if test.passed() { "ok  " } else { "FAIL" }, test.name);
    }
    for test in &report.tests {
        if let Outcome::Failed(failure) = &test.outcome {
            failed(&mut text, test, failure);
        }
    }
    text
}

fn failed(text: &mut String, test: &TestReport, failure: &Failure) {
    let Failure { line, column, source, message, difference, conversation } = failure;
    let _ = writeln!(text, "\n{}:{line}:{column}: {}: {message}", test.file, test.name);
    if !conversation.is_empty() {
        text.push('\n');
        let hidden = conversation.len().saturating_sub(MOST_LINES);
        if hidden > 0 {
            let _ = writeln!(text, "    … ({hidden} lines before)");
        }
        for said in conversation.iter().skip(hidden) {
            let _ = writeln!(text, "{}", format!("    {said}").trim_end());
        }
    }
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let before = source.chars().take((*column as usize).saturating_sub(1));
    let blanks: String = before.map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
    let _ = writeln!(text, "\n  {number} | {source}\n  {margin} | {blanks}^");
    for line in difference.lines() {
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
}
