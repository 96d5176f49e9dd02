//! The lines of `config.csv`: `name,value`, split at the first comma, everything else text.

use super::canonical;
use crate::{Finding, Level};

/// A line that has a name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Canonical.
    pub(super) key: String,
    /// As spelled.
    pub(super) spelled: String,
    /// The value.
    pub(super) value: String,
    /// Line number, from 1.
    pub(super) number: u32,
    /// Column of the value.
    pub(super) value_column: u32,
    /// Bytes of the key in the file.
    pub(super) key_bytes: (u32, u32),
    /// Bytes of the value in the file.
    pub(super) value_bytes: (u32, u32),
}

/// So many problems are enough to show that this is no configuration.
const MOST_FINDINGS: usize = 50;

/// Reads all lines; what cannot be read becomes a finding and the rest is still taken.
pub(super) fn read(bytes: &[u8]) -> (Vec<Line>, Vec<Finding>) {
    let mut reader = Reader { lines: Vec::new(), findings: Vec::new(), first: true };
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let help = "Save the file as UTF-8.".to_owned();
        reader.error("C0001", "the file is UTF-16, not UTF-8", Some(help), 1, 1, (0, 2));
        return (reader.lines, reader.findings);
    }
    let skipped = if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
    let mut start = skipped;
    for (index, raw) in bytes[skipped..].split(|byte| *byte == b'\n').enumerate() {
        reader.line(index as u32 + 1, start, raw.strip_suffix(b"\r").unwrap_or(raw));
        start += raw.len() + 1;
        if reader.findings.len() >= MOST_FINDINGS {
            let at = (start.min(bytes.len()) as u32, start.min(bytes.len()) as u32);
            reader.error("C0006", "too many errors; the rest of the file was not read", None, index as u32 + 2, 1, at);
            break;
        }
    }
    (reader.lines, reader.findings)
}

struct Reader {
    lines: Vec<Line>,
    findings: Vec<Finding>,
    first: bool,
}

impl Reader {
    fn error(
        &mut self,
        code: &'static str,
        message: &str,
        help: Option<String>,
        line: u32,
        column: u32,
        at: (u32, u32),
    ) {
        let message = message.to_owned();
        self.findings.push(Finding { code, level: Level::Error, message, help, line, column, start: at.0, end: at.1 });
    }

    fn line(&mut self, line: u32, start: usize, raw: &[u8]) {
        let whole = (start as u32, (start + raw.len()) as u32);
        let text = match std::str::from_utf8(raw) {
            Ok(text) if !text.contains('\0') => text,
            Ok(_) => {
                return self.error("C0002", "the line holds a zero byte: this is no text file", None, line, 1, whole);
            }
            Err(error) => {
                let good = String::from_utf8_lossy(&raw[..error.valid_up_to()]).chars().count() as u32;
                let at = (start + error.valid_up_to()) as u32;
                let help = Some("Save the file as UTF-8.".to_owned());
                return self.error("C0001", "the line is not UTF-8", help, line, good + 1, (at, at + 1));
            }
        };
        // Spreadsheets write an empty row as a comma.
        let empty = text.chars().all(|c| c.is_whitespace() || c == ',');
        if empty || text.trim_start().starts_with('#') {
            return;
        }
        let first = std::mem::take(&mut self.first);
        let Some((name, value)) = text.split_once(',') else {
            let help = text.contains(';').then(|| "Separate name and value by a comma, not a semicolon.".to_owned());
            return self.error("C0003", "a line is `name,value`, but this one has no comma", help, line, 1, whole);
        };
        let column = |part: &str| text[..offset(text, part)].chars().count() as u32 + 1;
        let place = |part: &str| {
            let at = start + offset(text, part);
            (at as u32, (at + part.len()) as u32)
        };
        let quoted = name.trim();
        if quoted.starts_with('"') && (quoted.len() == 1 || !quoted.ends_with('"')) {
            let help = Some("A name needs no quotes, and holds no comma.".to_owned());
            return self.error("C0005", "the quote before the name is not closed", help, line, 1, place(quoted));
        }
        let (spelled, value) = (unquoted(quoted), value.trim());
        if first && is_header(&spelled, value) {
            return;
        }
        let key = canonical(&spelled);
        if key.is_empty() {
            return self.error("C0004", "the name before the comma is missing", None, line, 1, place(name));
        }
        self.lines.push(Line {
            key,
            spelled,
            value: unquoted(value),
            number: line,
            value_column: column(value),
            key_bytes: place(name.trim()),
            value_bytes: place(value),
        });
    }
}

/// Where `part`, a slice of `text`, begins.
fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

fn is_header(name: &str, value: &str) -> bool {
    matches!(name.to_ascii_lowercase().as_str(), "name" | "key") && unquoted(value).eq_ignore_ascii_case("value")
}

/// Spreadsheets put quotes around a value with commas; they are not part of it.
fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_owned(),
    }
}
