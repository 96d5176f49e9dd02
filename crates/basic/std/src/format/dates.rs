//! Date patterns. `Y` and `D` mean the same in either case, `MM` is the month and `mm` the minute.
//! Names are English: a pattern has no language.

use std::fmt::Write as _;

use botserver_basic_types::Date;

use crate::civil::{self, MONTHS, WEEKDAYS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Year4,
    Year2,
    MonthName,
    MonthShort,
    Month2,
    Month1,
    WeekdayName,
    WeekdayShort,
    Day2,
    Day1,
    Hour24Two,
    Hour24One,
    Hour12Two,
    Hour12One,
    Minute2,
    Minute1,
    Second2,
    Second1,
    Millisecond,
    AmPm,
}

/// Longest first within each letter.
const TOKENS: &[(&str, Token)] = &[
    ("yyyy", Token::Year4),
    ("yy", Token::Year2),
    ("MMMM", Token::MonthName),
    ("MMM", Token::MonthShort),
    ("MM", Token::Month2),
    ("M", Token::Month1),
    ("dddd", Token::WeekdayName),
    ("ddd", Token::WeekdayShort),
    ("dd", Token::Day2),
    ("d", Token::Day1),
    ("HH", Token::Hour24Two),
    ("H", Token::Hour24One),
    ("hh", Token::Hour12Two),
    ("h", Token::Hour12One),
    ("mm", Token::Minute2),
    ("m", Token::Minute1),
    ("ss", Token::Second2),
    ("s", Token::Second1),
    ("fff", Token::Millisecond),
    ("tt", Token::AmPm),
];

/// The token at the start of a pattern and its length. `Y`, `D` and `S` count as small letters.
fn token(pattern: &str) -> Option<(Token, usize)> {
    let fits = |wanted: &str| {
        let mut letters = pattern.chars().map(|c| match c {
            'Y' => 'y',
            'D' => 'd',
            'S' => 's',
            other => other,
        });
        wanted.chars().all(|letter| letters.next() == Some(letter))
    };
    if fits("AM/PM") || fits("am/pm") {
        return Some((Token::AmPm, 5));
    }
    TOKENS.iter().find(|(letters, _)| fits(letters)).map(|(letters, token)| (*token, letters.len()))
}

/// Whether a run of letters consists of tokens (and the `T` and `Z` of ISO times). Words such as `de`
/// or `at` do not, and stay as they are.
fn is_token_run(mut run: &str) -> bool {
    let mut found = false;
    while let Some(first) = run.chars().next() {
        let length = match token(run) {
            Some((_, length)) => {
                found = true;
                length
            }
            None if matches!(first, 'T' | 'Z') => 1,
            None => return false,
        };
        run = run.get(length..).unwrap_or_default();
    }
    found
}

enum Piece<'a> {
    Token(Token),
    Literal(&'a str),
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some((token, length)) = token(rest).filter(|(_, length)| *length == 5) {
            pieces.push(Piece::Token(token));
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        // 'de' between quotes is text.
        if first == '\''
            && let Some((quoted, after)) = rest.get(1..).and_then(|rest| rest.split_once('\''))
        {
            pieces.push(Piece::Literal(if quoted.is_empty() { "'" } else { quoted }));
            rest = after;
            continue;
        }
        if !first.is_alphabetic() {
            let (literal, after) = rest.split_at(first.len_utf8());
            pieces.push(Piece::Literal(literal));
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let (mut run, after) = rest.split_at(end);
        if !is_token_run(run) {
            pieces.push(Piece::Literal(run));
            run = "";
        }
        while !run.is_empty() {
            let (piece, length) = match token(run) {
                Some((token, length)) => (Piece::Token(token), length),
                None => (Piece::Literal(run.get(..1).unwrap_or_default()), 1),
            };
            pieces.push(piece);
            run = run.get(length..).unwrap_or_default();
        }
        rest = after;
    }
    pieces
}

/// Whether a pattern is meant for dates: it has a date token and no digit placeholder.
pub(crate) fn is_pattern(pattern: &str) -> bool {
    !pattern.contains(['#', '0', '@']) && pieces(pattern).iter().any(|piece| matches!(piece, Piece::Token(_)))
}

/// A date by a pattern.
pub(crate) fn apply(date: Date, pattern: &str) -> String {
    let (year, month, day) = date.ymd();
    let (hour, minute, second) = date.hms();
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let month_name = MONTHS.get(month as usize - 1).copied().unwrap_or_default();
    let weekday_name = WEEKDAYS.get(civil::weekday(date) as usize - 1).copied().unwrap_or_default();
    let mut shown = String::with_capacity(pattern.len() + 8);
    for piece in pieces(pattern) {
        // Writing to a String cannot fail.
        let _ = match piece {
            Piece::Literal(text) => shown.write_str(text),
            Piece::Token(token) => match token {
                Token::Year4 => write!(shown, "{year:04}"),
                Token::Year2 => write!(shown, "{:02}", year.rem_euclid(100)),
                Token::MonthName => shown.write_str(month_name),
                Token::MonthShort => shown.write_str(month_name.get(..3).unwrap_or_default()),
                Token::Month2 => write!(shown, "{month:02}"),
                Token::Month1 => write!(shown, "{month}"),
                Token::WeekdayName => shown.write_str(weekday_name),
                Token::WeekdayShort => shown.write_str(weekday_name.get(..3).unwrap_or_default()),
                Token::Day2 => write!(shown, "{day:02}"),
                Token::Day1 => write!(shown, "{day}"),
                Token::Hour24Two => write!(shown, "{hour:02}"),
                Token::Hour24One => write!(shown, "{hour}"),
                Token::Hour12Two => write!(shown, "{hour12:02}"),
                Token::Hour12One => write!(shown, "{hour12}"),
                Token::Minute2 => write!(shown, "{minute:02}"),
                Token::Minute1 => write!(shown, "{minute}"),
                Token::Second2 => write!(shown, "{second:02}"),
                Token::Second1 => write!(shown, "{second}"),
                // Dates hold whole seconds.
                Token::Millisecond => shown.write_str("000"),
                Token::AmPm => shown.write_str(if hour >= 12 { "PM" } else { "AM" }),
            },
        };
    }
    shown
}
