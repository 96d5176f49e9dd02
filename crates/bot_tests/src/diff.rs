//! What was expected beside what was said, for people.

use std::fmt::Write as _;

use crate::{
    Captures, Pattern,
    pattern::{filled, tidy},
};

/// Longer texts are not compared line by line.
const MOST_LINES: usize = 300;

/// Two texts with the place where they part; texts of several lines as a list of lines, `-` expected and `+` said.
pub fn marked(expected: &Pattern, said: &str, kept: &Captures) -> String {
    let said = tidy(said);
    let wanted = tidy(&filled(&expected.written, kept));
    let what = if expected.is_regex { "a match of" } else { "expected  " };
    if said.contains('\n') || wanted.contains('\n') {
        let gaps = |line: &str| line.contains("...") || line.contains("{{");
        let same = |one: &str, other: &str| {
            if gaps(one) { Pattern::text(one).fits(other, &mut kept.clone()) } else { one == other }
        };
        return difference(&wanted, &said, same);
    }
    let mut text = format!("{what} {wanted}\nsaid       {said}\n");
    if !expected.is_regex {
        let until = expected.fits_until(&said, kept);
        let before = said.get(..until).unwrap_or_default().chars().count();
        let _ = writeln!(text, "           {}^ from here on", " ".repeat(before));
    }
    text
}

/// Two texts as one list of lines: `-` is missing, `+` is too much, the others are in both. Far from a change the lines
/// are left out.
pub fn difference(expected: &str, said: &str, same: impl Fn(&str, &str) -> bool) -> String {
    let one: Vec<&str> = expected.lines().collect();
    let other: Vec<&str> = said.lines().collect();
    let lines = if one.len().max(other.len()) > MOST_LINES {
        let gone = one.iter().map(|line| ('-', *line));
        gone.chain(other.iter().map(|line| ('+', *line))).collect()
    } else {
        aligned(&one, &other, &same)
    };
    shortened(&lines)
}

/// The longest common lines, and what is around them.
fn aligned<'t>(one: &[&'t str], other: &[&'t str], same: &impl Fn(&str, &str) -> bool) -> Vec<(char, &'t str)> {
    let width = other.len() + 1;
    let mut common = vec![0_usize; (one.len() + 1) * width];
    let at = |row: usize, column: usize| row * width + column;
    let equal: Vec<bool> = one.iter().flat_map(|a| other.iter().map(move |b| same(a, b))).collect();
    let is_equal = |row: usize, column: usize| equal.get(row * other.len() + column).copied().unwrap_or(false);
    for row in (0..one.len()).rev() {
        for column in (0..other.len()).rev() {
            let best = if is_equal(row, column) {
                common[at(row + 1, column + 1)] + 1
            } else {
                common[at(row + 1, column)].max(common[at(row, column + 1)])
            };
            common[at(row, column)] = best;
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut lines = Vec::new();
    while row < one.len() || column < other.len() {
        if row < one.len() && column < other.len() && is_equal(row, column) {
            lines.push((' ', other[column]));
            (row, column) = (row + 1, column + 1);
        } else if row < one.len()
            && (column == other.len() || common[at(row + 1, column)] >= common[at(row, column + 1)])
        {
            lines.push(('-', one[row]));
            row += 1;
        } else {
            lines.push(('+', other[column]));
            column += 1;
        }
    }
    lines
}

/// Only what changed, with two lines around it.
fn shortened(lines: &[(char, &str)]) -> String {
    const AROUND: usize = 2;
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        lines.iter().skip(from).take(at - from + AROUND + 1).any(|(sign, _)| *sign != ' ')
    };
    let mut text = String::new();
    let mut left_out = false;
    for (at, (sign, line)) in lines.iter().enumerate() {
        if near(at) {
            let _ = writeln!(text, "{}", format!("{sign} {line}").trim_end());
            left_out = false;
        } else if !std::mem::replace(&mut left_out, true) {
            text.push_str("  …\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_shows_where_it_parts() {
        let shown = marked(&Pattern::text("Where can we reach you?"), "Where can we write to you?", &Captures::new());
        let expected = "expected   Where can we reach you?\n\
             said       Where can we write to you?\n\
            \x20                       ^ from here on\n";
        assert_eq!(shown, expected);
        let own = Pattern::regex("^a+$").expect("sound");
        assert_eq!(marked(&own, "b", &Captures::new()), "a match of ^a+$\nsaid       b\n");
    }

    #[test]
    fn several_lines_are_a_list() {
        let shown = marked(
            &Pattern::text("Thank you.\n\n- About: ...\n- Priority: high\n\nSoon."),
            "Thank you.\n\n- About: Printer\n- Priority: low\n- New\n\nSoon.",
            &Captures::new(),
        );
        let expected = "  …\n\n  - About: Printer\n- - Priority: high\n+ - Priority: low\n+ - New\n\n  Soon.\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn nothing_in_common_is_all() {
        assert_eq!(difference("a", "b", |one, other| one == other), "- a\n+ b\n");
        assert_eq!(difference("", "b", |one, other| one == other), "+ b\n");
    }
}
