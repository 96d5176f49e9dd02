//! Where a script failed, as its owner is shown it.

use botserver_basic_types::{BasicError, Value, ops};
use botserver_engines::Failure;
use botserver_ui_tree::ScriptError;

/// The owner's view of a failed script; `source` finds the text of a file of the package version.
pub fn failure_to_script_error(failure: &Failure, source: impl Fn(&str) -> Option<String>) -> Option<ScriptError> {
    let error: BasicError = serde_json::from_value(failure.detail.clone()).ok()?;
    let span = error.span?;
    let text = source(&span.file)?;
    let line = text.lines().nth(span.line.saturating_sub(1) as usize).unwrap_or_default().to_owned();
    let column = span.column.max(1);
    let wide = (span.end.saturating_sub(span.start) as usize)
        .min(line.chars().count() + 1 - (column as usize - 1).min(line.chars().count()))
        .max(1);
    let caret = format!("{}{}", " ".repeat(column as usize - 1), "^".repeat(wide));
    Some(ScriptError {
        file: span.file.to_string(),
        line: span.line,
        column,
        source: line,
        caret,
        message: ops::to_text(&Value::text(error.message)),
        help: error.help,
    })
}
