//! The breakpoints of a session: where they stop, how often they were reached, and what they write instead of stopping.

use std::collections::BTreeMap;

use botserver_basic_vm::{Image, Places};

use super::wire::{Breakpoint, SetBreakpoint};

/// A breakpoint of a file.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) id: u32,
    pub(super) wanted: Breakpoint,
    /// How often it was reached with its condition true.
    pub(super) reached: u64,
}

/// All of them, by file.
#[derive(Debug, Default)]
pub(super) struct Breakpoints {
    files: BTreeMap<String, Vec<Own>>,
    last: u32,
}

impl Breakpoints {
    /// Replaces those of a file; they are checked against the scripts as they are now.
    pub(super) fn set(&mut self, file: &str, wanted: Vec<Breakpoint>, image: &Image) -> Vec<SetBreakpoint> {
        let before = self.files.remove(file).unwrap_or_default();
        let own: Vec<Own> = wanted
            .into_iter()
            .map(|wanted| {
                // One that stays the same goes on counting.
                if let Some(same) = before.iter().find(|own| own.wanted == wanted) {
                    return same.clone();
                }
                self.last += 1;
                Own { id: self.last, wanted, reached: 0 }
            })
            .collect();
        let lines = image.lines_with_statements(file);
        let set = own.iter().map(|own| answer(own, &lines)).collect();
        if !own.is_empty() {
            self.files.insert(file.to_owned(), own);
        }
        set
    }

    /// The statements of an image at which they stop.
    pub(super) fn places(&self, image: &Image) -> Places {
        let mut places = Places::new();
        for (file, own) in &self.files {
            let lines = image.lines_with_statements(file);
            let wanted = own.iter().filter_map(|own| stops_at(own, &lines));
            places.extend(wanted.flat_map(|line| image.places(file, line)));
        }
        places
    }

    /// Those that stop at a line.
    pub(super) fn at(&self, image: &Image, file: &str, line: u32) -> Vec<Own> {
        let Some(own) = self.files.get(file) else { return Vec::new() };
        let lines = image.lines_with_statements(file);
        own.iter().filter(|own| stops_at(own, &lines) == Some(line)).cloned().collect()
    }

    /// Counts; true if it has been reached often enough.
    pub(super) fn count(&mut self, id: u32) -> bool {
        let Some(own) = self.files.values_mut().flatten().find(|own| own.id == id) else { return false };
        own.reached += 1;
        own.wanted.hits.as_deref().is_none_or(|hits| often_enough(hits, own.reached))
    }
}

fn answer(own: &Own, lines: &[u32]) -> SetBreakpoint {
    let line = next_line(lines, own.wanted.line);
    let message = match line {
        None if lines.is_empty() => Some("no script of the bot comes from this file".to_owned()),
        None => Some("no statement stands on this line or below it".to_owned()),
        Some(_) => own.wanted.hits.as_deref().and_then(wrong_count),
    };
    SetBreakpoint { id: own.id, line: line.filter(|_| message.is_none()), message }
}

/// The line at which it stops, if it can.
fn stops_at(own: &Own, lines: &[u32]) -> Option<u32> {
    answer(own, lines).line
}

fn next_line(lines: &[u32], wanted: u32) -> Option<u32> {
    lines.get(lines.partition_point(|line| *line < wanted)).copied()
}

/// The sign and the number of a count of hits.
fn count(text: &str) -> Option<(&str, u64)> {
    let text = text.trim();
    let at = text.find(|c: char| c.is_ascii_digit())?;
    let (sign, number) = text.split_at_checked(at)?;
    let sign = sign.trim();
    let number = number.trim().parse().ok().filter(|number| *number > 0)?;
    ["", ">=", "=", "==", ">", "%"].contains(&sign).then_some((sign, number))
}

fn wrong_count(text: &str) -> Option<String> {
    let known = text.trim().is_empty() || count(text).is_some();
    (!known).then(|| format!("`{text}` is no count of hits: write 3, >= 3, = 3, > 3 or % 3"))
}

fn often_enough(text: &str, reached: u64) -> bool {
    match count(text) {
        Some(("=" | "==", number)) => reached == number,
        Some((">", number)) => reached > number,
        Some(("%", number)) => reached.is_multiple_of(number),
        Some((_, number)) => reached >= number,
        None => true,
    }
}

/// The pieces of a log text: what stands as it is, and what is worked out.
pub(super) fn pieces(text: &str) -> Vec<Result<String, String>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((inside, after)) = behind.split_once('}') else { break };
        pieces.push(Ok(before.to_owned()));
        pieces.push(Err(inside.to_owned()));
        rest = after;
    }
    pieces.push(Ok(rest.to_owned()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_hits() {
        let hits = |text: &str| (1..=6).filter(|reached| often_enough(text, *reached)).collect::<Vec<u64>>();
        assert_eq!(hits("3"), [3, 4, 5, 6]);
        assert_eq!(hits(">= 5"), [5, 6]);
        assert_eq!(hits("= 2"), [2]);
        assert_eq!(hits("> 4"), [5, 6]);
        assert_eq!(hits("% 3"), [3, 6]);
        assert_eq!(wrong_count("3"), None);
        for wrong in ["often", "% 0", "< 3", "3 times"] {
            assert!(wrong_count(wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn pieces_of_a_log_text() {
        let as_it_is = |text: &str| Ok(text.to_owned());
        assert_eq!(pieces("n is {n}!"), [as_it_is("n is "), Err("n".to_owned()), as_it_is("!")]);
        assert_eq!(pieces("{open"), [as_it_is("{open")]);
    }
}
