//! The lines of a test file: a word, a colon and a value, with the lines below that continue it. Knows no word.

use crate::Line;

/// A line with what continues it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What stands before the colon; `...` for a line of three dots.
    pub(super) word: String,
    /// Its place.
    pub(super) at: Line,
    /// What stands behind the colon.
    pub(super) value: String,
    /// Its place; that of the word when there is nothing.
    pub(super) value_at: Line,
    /// The lines that continue it: what stands behind the `|`, with the place.
    pub(super) more: Vec<(Line, String)>,
}

impl Entry {
    /// The value with the lines that continue it.
    pub(super) fn text(&self) -> String {
        let first = (!self.value.is_empty()).then_some(self.value.as_str());
        let lines = self.more.iter().map(|(_, text)| text.strip_prefix(' ').unwrap_or(text).trim_end());
        first.into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// The entries of a file, and the lines that continue nothing or have no colon.
pub(super) fn entries(text: &str) -> (Vec<Entry>, Vec<Line>) {
    let (mut entries, mut stray): (Vec<Entry>, Vec<Line>) = (Vec::new(), Vec::new());
    let mut start = 0;
    for (number, raw) in (1..).zip(text.split_inclusive('\n')) {
        let begin = start;
        start += raw.len();
        let line = if number == 1 { raw.trim_start_matches('\u{feff}') } else { raw };
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let place = |part: &str| place(raw, begin, number, part);
        if let Some(more) = bare.strip_prefix('|') {
            match entries.last_mut() {
                Some(entry) => entry.more.push((place(bare), more.to_owned())),
                None => stray.push(place(bare)),
            }
            continue;
        }
        let (word, value) = match bare.split_once(':') {
            Some((word, value)) => (word.trim_end(), value.trim()),
            None => (bare, ""),
        };
        let at = place(word);
        let value_at = if value.is_empty() { at } else { place(value) };
        entries.push(Entry { word: word.to_owned(), at, value: value.to_owned(), value_at, more: Vec::new() });
    }
    (entries, stray)
}

/// The place of a part of a line.
fn place(raw: &str, begin: usize, number: u32, part: &str) -> Line {
    // A part is a slice of its line.
    let offset = (part.as_ptr() as usize).saturating_sub(raw.as_ptr() as usize).min(raw.len());
    let column = raw.get(..offset).unwrap_or_default().trim_start_matches('\u{feff}').chars().count() + 1;
    let start = begin + offset;
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Line { number, column: small(column), start: small(start), end: small(start + part.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_word_and_a_value() {
        let text = "\u{feff}# a comment\n\n  Bot: Thank you: Ada.\r\n    | - é\n    |\n    |  x |\n...\nnothing\n| y\n";
        let (entries, stray) = entries(text);
        assert!(stray.is_empty());
        assert_eq!(entries.len(), 3, "{entries:?}");
        assert_eq!((entries[0].word.as_str(), entries[0].value.as_str()), ("Bot", "Thank you: Ada."));
        assert_eq!(entries[0].text(), "Thank you: Ada.\n- é\n\n x |");
        let at = entries[0].value_at;
        assert_eq!((at.number, at.column), (3, 8));
        assert_eq!(&text[at.start as usize..at.end as usize], "Thank you: Ada.");
        assert_eq!(entries[1].word, "...");
        assert_eq!((entries[2].word.as_str(), entries[2].text().as_str()), ("nothing", "y"));
        assert_eq!(super::entries("| a").1.len(), 1);
    }
}
