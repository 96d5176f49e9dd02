//! What a line expects: the exact text, with `...` where anything may stand and `{{name}}` where something is kept for
//! later; or a regular expression.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

/// What `{{name}}` has kept, by name.
pub type Captures = BTreeMap<String, String>;

/// Names in double braces.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\{\{\s*([A-Za-z][A-Za-z0-9_]*)\s*\}\}").ok());

/// A text with gaps, or a regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was written.
    pub written: String,
    /// True when what was written is a regular expression.
    pub is_regex: bool,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(String),
    Anything,
    Keep(&'a str),
}

impl Pattern {
    /// A text with gaps.
    pub fn text(written: impl Into<String>) -> Self {
        Self { written: written.into(), is_regex: false }
    }

    /// A regular expression; an error says what is wrong with it.
    pub fn regex(written: &str) -> Result<Self, String> {
        match Regex::new(written) {
            Ok(_) => Ok(Self { written: written.to_owned(), is_regex: true }),
            Err(error) => {
                let text = error.to_string();
                Err(text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
            }
        }
    }

    /// A text with what was kept in the place of names.
    pub fn filled(text: &str, kept: &Captures) -> String {
        filled(text, kept)
    }

    /// The names that it keeps something under, or uses.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let found = NAMES.as_ref().map(|names| names.captures_iter(&self.written));
        found.into_iter().flatten().filter_map(|found| Some(found.get(1)?.as_str()))
    }

    /// True if a text fits as a whole; what it keeps is added to `kept`. Blanks around the text and at the ends of lines
    /// do not count.
    pub fn fits(&self, said: &str, kept: &mut Captures) -> bool {
        let said = tidy(said);
        if self.is_regex {
            return Regex::new(&filled(&self.written, kept)).is_ok_and(|own| own.is_match(&said));
        }
        let mut source = String::from(r"(?s)\A");
        let mut keeps = Vec::new();
        for piece in self.pieces(kept) {
            match piece {
                Piece::Text(text) => source.push_str(&regex::escape(&text)),
                Piece::Anything => source.push_str("(?:.*?)"),
                Piece::Keep(name) => {
                    keeps.push(name);
                    source.push_str("(.+?)");
                }
            }
        }
        source.push_str(r"\z");
        let Some(found) = Regex::new(&source).ok().and_then(|own| own.captures(&said)) else { return false };
        for (at, name) in keeps.into_iter().enumerate() {
            let text = found.get(at + 1).map_or("", |own| own.as_str());
            kept.insert(name.to_owned(), text.to_owned());
        }
        true
    }

    /// How many bytes of a text fit from its beginning, for people who look for the difference.
    pub fn fits_until(&self, said: &str, kept: &Captures) -> usize {
        let (mut at, mut free) = (0, false);
        for piece in if self.is_regex { Vec::new() } else { self.pieces(kept) } {
            let rest = said.get(at..).unwrap_or_default();
            match piece {
                Piece::Text(text) if free => match rest.find(&text) {
                    Some(found) => at += found + text.len(),
                    None => return at,
                },
                Piece::Text(text) => {
                    let same = text.chars().zip(rest.chars()).take_while(|(one, other)| one == other);
                    let common: usize = same.map(|(one, _)| one.len_utf8()).sum();
                    at += common;
                    if common < text.len() {
                        return at;
                    }
                }
                Piece::Anything | Piece::Keep(_) => {
                    free = true;
                    continue;
                }
            }
            free = false;
        }
        at
    }

    fn pieces(&self, kept: &Captures) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut rest = 0;
        for found in NAMES.as_ref().map(|names| names.captures_iter(&self.written)).into_iter().flatten() {
            let (Some(whole), Some(name)) = (found.get(0), found.get(1)) else { continue };
            with_gaps(self.written.get(rest..whole.start()).unwrap_or_default(), &mut pieces);
            match kept.get(name.as_str()) {
                Some(known) => pieces.push(Piece::Text(known.clone())),
                None => pieces.push(Piece::Keep(name.as_str())),
            }
            rest = whole.end();
        }
        with_gaps(self.written.get(rest..).unwrap_or_default(), &mut pieces);
        pieces
    }
}

/// A text in which `...` is a gap and `\...` are three dots.
fn with_gaps(text: &str, pieces: &mut Vec<Piece<'_>>) {
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("...") {
        let (before, after) = rest.split_at(at);
        rest = after.trim_start_matches('.');
        if let Some(before) = before.strip_suffix('\\') {
            literal.push_str(before);
            literal.push_str(&after[..after.len() - rest.len()]);
            continue;
        }
        literal.push_str(before);
        push_text(&mut literal, pieces);
        pieces.push(Piece::Anything);
    }
    literal.push_str(rest);
    push_text(&mut literal, pieces);
}

fn push_text(literal: &mut String, pieces: &mut Vec<Piece<'_>>) {
    if !literal.is_empty() {
        pieces.push(Piece::Text(std::mem::take(literal)));
    }
}

/// A text with what was kept in the place of names; those that keep nothing stay.
pub(crate) fn filled(text: &str, kept: &Captures) -> String {
    let Some(names) = NAMES.as_ref() else { return text.to_owned() };
    names
        .replace_all(text, |found: &regex::Captures<'_>| {
            let name = found.get(1).map_or("", |own| own.as_str());
            kept.get(name).cloned().unwrap_or_else(|| found.get(0).map_or("", |own| own.as_str()).to_owned())
        })
        .into_owned()
}

/// Without blanks around it and at the ends of its lines.
pub(crate) fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(written: &str, said: &str) -> bool {
        Pattern::text(written).fits(said, &mut Captures::new())
    }

    #[test]
    fn a_text_fits_as_a_whole() {
        for (written, said, expected) in [
            ("Hello.", "Hello.", true),
            ("Hello.", "  Hello. \n", true),
            ("Hello.", "Hello", false),
            ("Hello.", "Hello. You!", false),
            ("Hello...", "Hello, you!", true),
            ("...you!", "Hello, you!", true),
            ("H...,...!", "Hello, you!", true),
            ("...", "", true),
            ("......", "a\nb", true),
            (r"Wait\... now", "Wait... now", true),
            (r"Wait\... now", "Wait for it now", false),
            ("a.c (x)*", "a.c (x)*", true),
            ("a.c", "abc", false),
            ("one\ntwo...", "one  \ntwo\nthree", true),
        ] {
            assert_eq!(fits(written, said), expected, "{written:?} {said:?}");
        }
    }

    #[test]
    fn what_is_kept_must_come_again() {
        let mut kept = Captures::new();
        assert!(
            Pattern::text("Your number is **{{code}}**. Keep {{ what }}!")
                .fits("Your number is **TEA-12**. Keep it!", &mut kept)
        );
        assert_eq!(kept, Captures::from([("code".into(), "TEA-12".into()), ("what".into(), "it".into())]));
        assert!(Pattern::text("{{code}} is here").fits("TEA-12 is here", &mut kept));
        assert!(!Pattern::text("{{code}} is here").fits("TEA-13 is here", &mut kept));
        assert!(!Pattern::text("number {{new}}").fits("nothing", &mut kept));
        assert!(!kept.contains_key("new"));
        assert_eq!(filled("track {{code}} {{other}}", &kept), "track TEA-12 {{other}}");
        assert_eq!(Pattern::text("{{a}} {{ b }} {c}").names().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_regular_expression_may_stand_anywhere() {
        let own = Pattern::regex(r"\bHD-[0-9A-F]{6}\b").expect("sound");
        assert!(own.fits("Your ticket is HD-12AB34.", &mut Captures::new()));
        assert!(!own.fits("Your ticket is HD-12.", &mut Captures::new()));
        assert_eq!(Pattern::regex("(a").expect_err("open"), "unclosed group");
    }

    #[test]
    fn the_place_of_the_difference_is_found() {
        let until = |written: &str, said: &str| {
            let at = Pattern::text(written).fits_until(said, &Captures::new());
            said.get(..at).expect("a boundary").to_owned()
        };
        assert_eq!(until("Where can we reach you?", "Where can we write to you?"), "Where can we ");
        assert_eq!(until("Hello ... 5 apples", "Hello dear 6 apples"), "Hello ");
        assert_eq!(until("a...b...c", "a 1 b 2"), "a 1 b");
        assert_eq!(until("é1", "é2"), "é");
        assert_eq!(until("all", "all of it"), "all");
    }
}
