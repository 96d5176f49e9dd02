//! What stands behind the colon: texts, numbers, times, labels, pairs and rows.

use std::time::Duration;

use jiff::civil::{Date, DateTime};

use super::{PLACE, ROWS, Read, VALUE, lines::Entry};
use crate::{Amount, Expected, Given, Pattern, Person, RowsWanted, Say};

/// A text that is not empty.
pub(super) fn needed(entry: &Entry) -> Read<String> {
    let text = entry.text();
    if text.trim().is_empty() {
        return Err((VALUE, entry.at, format!("nothing stands behind `{}:`", entry.word)));
    }
    Ok(text)
}

/// A text of one line that is not empty.
pub(super) fn one_line(entry: &Entry) -> Read<String> {
    if let Some((line, _)) = entry.more.first() {
        return Err((PLACE, *line, format!("`{}:` has one line only", entry.word)));
    }
    needed(entry)
}

pub(super) fn number(entry: &Entry) -> Read<u64> {
    let text = one_line(entry)?;
    text.parse().map_err(|_| (VALUE, entry.value_at, format!("`{text}` is not a whole number")))
}

pub(super) fn moment(entry: &Entry) -> Read<DateTime> {
    let text = one_line(entry)?;
    let whole = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
    whole.map_err(|_| (VALUE, entry.value_at, format!("`{text}` is not a date and a time")))
}

pub(super) fn duration(entry: &Entry) -> Read<Duration> {
    const UNITS: [(&[&str], u64); 5] = [
        (&["s", "second", "seconds"], 1),
        (&["min", "minute", "minutes"], 60),
        (&["h", "hour", "hours"], 3_600),
        (&["d", "day", "days"], 86_400),
        (&["w", "week", "weeks"], 7 * 86_400),
    ];
    let text = one_line(entry)?;
    let wrong = || (VALUE, entry.value_at, format!("`{text}` is not a time"));
    let mut words = text.split_whitespace();
    let mut seconds = 0_u64;
    while let Some(word) = words.next() {
        let digits = word.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(word.len());
        let (amount, unit) = word.split_at(digits);
        let amount: u64 = amount.parse().map_err(|_| wrong())?;
        let unit = if unit.is_empty() { words.next().unwrap_or_default() } else { unit };
        let unit = unit.trim_end_matches([',', '.']).to_lowercase();
        let (_, each) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str())).ok_or_else(wrong)?;
        seconds = amount.checked_mul(*each).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
    }
    Ok(Duration::from_secs(seconds))
}

pub(super) fn regex(entry: &Entry) -> Read<Pattern> {
    let text = one_line(entry)?;
    Pattern::regex(&text)
        .map_err(|why| (VALUE, entry.value_at, format!("the regular expression cannot be read: {why}")))
}

/// Labels with `|` between them; `none` is no label.
pub(super) fn labels(entry: &Entry) -> Read<Vec<Pattern>> {
    let text = one_line(entry)?;
    if text.eq_ignore_ascii_case("none") {
        return Ok(Vec::new());
    }
    Ok(cells(&text).into_iter().map(Pattern::text).collect())
}

/// `key = value`.
pub(super) fn pair(entry: &Entry) -> Read<(String, String)> {
    let text = needed(entry)?;
    one_pair(&text).ok_or_else(|| (VALUE, entry.value_at, format!("`{text}` is not `name = value`")))
}

fn one_pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    let key = key.trim();
    (!key.is_empty()).then(|| (key.to_owned(), unquoted(value.trim())))
}

/// A value without the quotation marks around it.
fn unquoted(text: &str) -> String {
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(text).to_owned()
}

/// `a = b, c = "d, e"`.
fn pairs(entry: &Entry, text: &str) -> Read<Vec<(String, String)>> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        quoted ^= letter == '"';
        match parts.last_mut() {
            Some(last) if letter != ',' || quoted => last.push(letter),
            _ => parts.push(String::new()),
        }
    }
    let wrong = |part: &String| (VALUE, entry.value_at, format!("`{}` is not `name = value`", part.trim()));
    parts.iter().map(|part| one_pair(part).ok_or_else(|| wrong(part))).collect()
}

pub(super) fn person(entry: &Entry) -> Read<Person> {
    let text = one_line(entry)?;
    let mut words = text.split(',').map(str::trim);
    let name = words.next().unwrap_or_default().to_owned();
    let mut person = Person { name, owner: false, anew: false };
    for word in words {
        match word.to_lowercase().as_str() {
            "owner" => person.owner = true,
            "again" => person.anew = true,
            _ => return Err((VALUE, entry.value_at, format!("a person is not `{word}`"))),
        }
    }
    if person.name.is_empty() { Err((VALUE, entry.value_at, "the person has no name".to_owned())) } else { Ok(person) }
}

/// A file that lies beside the tests; what continues the line is what is written with it.
pub(super) fn attachment(entry: &Entry) -> Read<Say> {
    let path = entry.value.clone();
    let inside = !path.is_empty() && !path.starts_with(['/', '\\']) && path.split(['/', '\\']).all(|part| part != "..");
    if !inside {
        return Err((VALUE, entry.value_at, format!("`{path}` is not a file in the folder of the tests")));
    }
    let text = Entry { value: String::new(), ..entry.clone() }.text();
    Ok(Say::Attach { path, text })
}

/// `name` or `name with a = b, c = d`.
pub(super) fn tool(entry: &Entry) -> Read<(String, Vec<(String, Pattern)>)> {
    let text = one_line(entry)?;
    let (name, with) = text.split_once(" with ").map_or((text.as_str(), None), |(name, with)| (name, Some(with)));
    let with = with.map(|with| pairs(entry, with)).transpose()?.unwrap_or_default();
    Ok((name.trim().to_owned(), with.into_iter().map(|(key, value)| (key, Pattern::text(value))).collect()))
}

/// The rows that a table has before.
pub(super) fn given(entry: &Entry, table: &str) -> Read<Given> {
    let table = table.to_owned();
    match entry.value.to_lowercase().as_str() {
        "empty" if entry.more.is_empty() => Ok(Given::Empty { table }),
        "" => rows(entry).map(|(columns, rows)| Given::Rows { table, columns, rows }),
        _ => Err((VALUE, entry.value_at, format!("`{}` is neither rows nor `empty`", entry.value))),
    }
}

/// What a table must have.
pub(super) fn table(entry: &Entry, table: &str) -> Read<Expected> {
    let table = table.to_owned();
    let value = entry.value.to_lowercase();
    if matches!(value.as_str(), "" | "only") {
        let (columns, rows) = rows(entry)?;
        return Ok(Expected::Rows { table, wanted: RowsWanted { only: value == "only", columns, rows } });
    }
    let wrong = || (VALUE, entry.value_at, format!("`{}` is no number of rows", entry.value));
    one_line(entry)?;
    let lower = value.split_once(" where ").map_or(value.as_str(), |(number, _)| number);
    let with = entry.value.get(lower.len()..).map(str::trim_start).unwrap_or_default();
    let with = with.get("where".len()..).map(str::trim).unwrap_or_default();
    let with = if with.is_empty() { Vec::new() } else { pairs(entry, with)? };
    let rows = match lower.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["empty"] | ["no", "rows"] => 0,
        [number, "row" | "rows"] => number.parse().map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    Ok(Expected::Amount { table, amount: Amount { rows, with } })
}

type Rows = (Vec<String>, Vec<Vec<String>>);

/// Columns and rows below a line.
fn rows(entry: &Entry) -> Read<Rows> {
    let mut lines = entry.more.iter().map(|(line, text)| (line, cells(inside(text))));
    let Some((line, columns)) = lines.next() else {
        return Err((ROWS, entry.at, format!("no rows stand below `{}:`", entry.word)));
    };
    if columns.iter().any(String::is_empty) {
        return Err((ROWS, *line, "a column has no name".to_owned()));
    }
    let mut rows = Vec::new();
    for (line, cells) in lines {
        let rule = cells.iter().all(|cell| !cell.is_empty() && cell.chars().all(|letter| "-:".contains(letter)));
        if rule && rows.is_empty() {
            // The line below the columns, as tables in Markdown have it.
            continue;
        }
        if cells.len() != columns.len() {
            let message = format!("{} where there are {}", many(cells.len(), "cell"), many(columns.len(), "column"));
            return Err((ROWS, *line, message));
        }
        rows.push(cells);
    }
    if rows.is_empty() { Err((ROWS, *line, "there are columns and no rows".to_owned())) } else { Ok((columns, rows)) }
}

/// A row without the `|` at its end.
fn inside(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix('|').unwrap_or(text)
}

fn many(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// The parts between `|`; `\|` is part of a cell.
fn cells(text: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, cells.last_mut()) {
            ('\\', Some(last)) if letters.peek() == Some(&'|') => last.extend(letters.next()),
            ('|', _) | (_, None) => cells.push(String::new()),
            (_, Some(last)) => last.push(letter),
        }
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}
