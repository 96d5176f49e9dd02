//! Code actions: what a diagnostic means by "Did you mean …", put where the slip is.

use std::ops::Range;

use botserver_basic_syntax::nearest;
use botserver_basic_types::Diagnostic;

use crate::line::{self, Kind, Piece};

/// A correction: the bytes that are replaced, what comes there, and the line as it is then.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    pub(crate) place: Range<usize>,
    pub(crate) text: String,
    pub(crate) line: String,
}

/// The correction that a finding suggests, if it does.
pub(crate) fn fix(found: &Diagnostic, text: &str) -> Option<Fix> {
    let suggested = found.help.as_deref()?.strip_prefix("Did you mean `")?.split('`').next()?;
    let start = (found.span.start as usize).min(text.len());
    let span = start..(found.span.end as usize).clamp(start, text.len());
    let statement = line::statement(text, start);
    let pieces = line::pieces(text, statement);
    let mut candidates = candidates(text, &pieces, suggested);
    candidates.retain(|place| is_slip(text.get(place.clone()).unwrap_or(""), suggested));
    // What the finding shows comes first, then what stands before the rest.
    let touches = |place: &Range<usize>| place.start < span.end.max(span.start + 1) && span.start < place.end;
    let place = candidates.into_iter().min_by_key(|place| (!touches(place), place.start))?;
    let (begin, end) = (line::line_start(text, place.start), place.end + line_rest(text, place.end));
    let corrected = [text.get(begin..place.start)?, suggested, text.get(place.end..end)?].concat();
    Some(Fix { place, text: suggested.to_owned(), line: corrected.trim().to_owned() })
}

fn line_rest(text: &str, from: usize) -> usize {
    text.get(from..).map_or(0, |rest| rest.find(['\n', '\r']).unwrap_or(rest.len()))
}

/// As many words as are suggested, and whole texts between their quotes.
fn candidates(text: &str, pieces: &[Piece], suggested: &str) -> Vec<Range<usize>> {
    let count = suggested.split(' ').count();
    let mut found = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        match piece.kind {
            Kind::Word => {
                // Words may be joined by `_`.
                let mut words = 0;
                for last in pieces[index..].iter().take_while(|last| last.kind == Kind::Word) {
                    words += last.text(text).split('_').count();
                    if words == count || (count == 1 && last.start == piece.start) {
                        found.push(piece.start..last.end);
                    }
                    if words >= count {
                        break;
                    }
                }
            }
            Kind::Text { .. } => {
                let inside = piece.inside();
                found.push(inside.clone());
                let words = line::pieces(text, inside).into_iter().filter(|word| word.kind == Kind::Word);
                found.extend(words.map(|word| word.start..word.end));
            }
            _ => {}
        }
    }
    found
}

/// True if what is written is near to what is suggested, and not the same.
fn is_slip(written: &str, suggested: &str) -> bool {
    let plain = written.replace('_', " ");
    let stem = written.rsplit_once('.').map_or(written, |(stem, _)| stem);
    !plain.eq_ignore_ascii_case(suggested)
        && (nearest(&plain, std::iter::once(suggested)).is_some()
            || nearest(stem, std::iter::once(suggested)).is_some()
            || nearest(written, std::iter::once(suggested)).is_some())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use botserver_basic_types::{Severity, Span};

    use super::*;

    fn fixed(text: &str, shown: &str, help: &str) -> Option<String> {
        let start = text.find(shown).expect("shown") as u32;
        let span = Span { file: Arc::from(""), start, end: start + shown.len() as u32, line: 1, column: 1 };
        let help = Some(format!("Did you mean `{help}`?"));
        let found = Diagnostic { code: "B".into(), severity: Severity::Error, message: String::new(), span, help };
        fix(&found, text).map(|fix| fix.line)
    }

    #[test]
    fn the_slip_is_found_where_it_is() {
        assert_eq!(fixed("  TLAK \"TLAK\"", "TLAK", "TALK").as_deref(), Some("TALK \"TLAK\""));
        assert_eq!(fixed("END FI", "END", "END IF").as_deref(), Some("END IF"));
        assert_eq!(fixed("SET CONTXT \"a\"", "CONTXT", "SET CONTEXT").as_deref(), Some("SET CONTEXT \"a\""));
        assert_eq!(fixed("CALL \"fnd-tea.bas\"", "\"fnd-tea.bas\"", "find-tea").as_deref(), Some("CALL \"find-tea\""));
        let filter = "x = FIND \"t\", \"nmae = 'a'\"";
        assert_eq!(fixed(filter, "FIND", "name").as_deref(), Some("x = FIND \"t\", \"name = 'a'\""));
        assert_eq!(fixed("x = 1", "x", "unlike anything"), None);
    }
}
