//! The layout of a script: indentation by blocks, one blank between words and around operators, words of the language
//! in capitals. Lines are never joined or split, comments and empty lines stay; a layout that would be read
//! differently from the script it is made of is refused. Knows no files.

mod line;
mod spacing;

use std::sync::Arc;

use botserver_basic_types::{Diagnostic, Severity, Span};

use crate::{
    Grammar, ParseOptions,
    codes::Code,
    parser::{Parsed, notes::Notes, parse_noting, parse_with},
    print,
};

/// The script in its usual layout, or the errors that keep it from being read.
pub fn format(file: &str, source: &str, grammar: &Grammar, options: &ParseOptions) -> Result<String, Vec<Diagnostic>> {
    let (before, notes) = parse_noting(file, source, grammar, options, Some(Notes::default()));
    if before.has_errors() {
        return Err(before.diagnostics.into_iter().filter(|found| found.severity == Severity::Error).collect());
    }
    let text = line::lay_out(source, &notes);
    let after = parse_with(file, &text, grammar, options);
    if print(&before.script) == print(&after.script) && codes(&before) == codes(&after) {
        return Ok(text);
    }
    let message = "this script cannot be laid out anew without changing what it does; it stays as it is";
    Err(vec![Diagnostic {
        code: Arc::from(Code::NotFormatted.id()),
        severity: Severity::Error,
        message: message.to_owned(),
        span: Span { file: Arc::from(file), start: 0, end: 0, line: 1, column: 1 },
        help: None,
    }])
}

fn codes(parsed: &Parsed) -> Vec<&str> {
    parsed.diagnostics.iter().map(|found| &*found.code).collect()
}
