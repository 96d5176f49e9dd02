//! The XML of JUnit, as build machines read it.

use std::fmt::Write as _;

use super::{Failure, Outcome, Report, TestReport};

/// The whole document: a suite for each file.
pub fn junit(report: &Report) -> String {
    let mut files: Vec<(&str, Vec<&TestReport>)> = Vec::new();
    for test in &report.tests {
        match files.last_mut().filter(|(file, _)| *file == test.file) {
            Some((_, tests)) => tests.push(test),
            None => files.push((&test.file, vec![test])),
        }
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.6}\">",
        escaped(&report.bot),
        report.tests.len(),
        report.failed(),
        report.time.as_secs_f64()
    );
    for (file, tests) in files {
        suite(&mut text, file, &tests);
    }
    text.push_str("</testsuites>\n");
    text
}

fn suite(text: &mut String, file: &str, tests: &[&TestReport]) {
    let failed = tests.iter().filter(|test| !test.passed()).count();
    let time: f64 = tests.iter().map(|test| test.time.as_secs_f64()).sum();
    let name = escaped(file);
    let _ = writeln!(
        text,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{time:.6}\">",
        tests.len()
    );
    for test in tests {
        let _ = write!(
            text,
            "    <testcase classname=\"{name}\" name=\"{}\" file=\"{name}\" line=\"{}\" time=\"{:.6}\"",
            escaped(&test.name),
            test.line,
            test.time.as_secs_f64()
        );
        match &test.outcome {
            Outcome::Passed => text.push_str("/>\n"),
            Outcome::Failed(failure) => {
                let _ = write!(
                    text,
                    ">\n      <failure type=\"expectation\" message=\"{}\">{}</failure>\n    </testcase>\n",
                    escaped(&failure.message),
                    escaped(&body(file, failure))
                );
            }
        }
    }
    text.push_str("  </testsuite>\n");
}

fn body(file: &str, failure: &Failure) -> String {
    let Failure { line, column, source, difference, conversation, .. } = failure;
    let mut text = format!("{file}:{line}:{column}\n{}\n", source.trim());
    text.push_str(difference);
    if !conversation.is_empty() {
        text.push_str("\nThe conversation so far:\n");
        text.extend(conversation.iter().flat_map(|line| [line.as_str(), "\n"]));
    }
    text
}

/// Fit for text and attributes; what XML cannot hold becomes `\u{fffd}`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push('\t'),
            '\r' => out.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}
