//! Reading civil dates and times from text, and arithmetic on them. Pure calendar: knows no clock and
//! no time zone. Written dates are day-first (`03/04/2024` is 3 April), as HEAR AS DATE reads them.

use std::sync::LazyLock;

use botserver_basic_types::{BasicError, Date, Result};
use jiff::civil::{DateTime, Time};
use regex::Regex;

use crate::text::fold;

/// A unit that DATEADD and DATEDIFF count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Seven days.
    Week,
    /// Calendar months.
    Month,
    /// Three calendar months.
    Quarter,
    /// Calendar years.
    Year,
}

impl Unit {
    /// The unit that a word names: `d`, `day`, `days`, … `m` alone is a minute.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Second,
            "m" | "n" | "min" | "mins" | "minute" | "minutes" => Self::Minute,
            "h" | "hour" | "hours" => Self::Hour,
            "d" | "day" | "days" => Self::Day,
            "w" | "ww" | "week" | "weeks" => Self::Week,
            "month" | "months" => Self::Month,
            "q" | "quarter" | "quarters" => Self::Quarter,
            "y" | "yyyy" | "year" | "years" => Self::Year,
            _ => return None,
        })
    }

    /// Seconds in a unit of fixed length; months in a calendar unit.
    const fn length(self) -> (i64, bool) {
        match self {
            Self::Second => (1, false),
            Self::Minute => (60, false),
            Self::Hour => (3_600, false),
            Self::Day => (86_400, false),
            Self::Week => (604_800, false),
            Self::Month => (1, true),
            Self::Quarter => (3, true),
            Self::Year => (12, true),
        }
    }
}

fn out_of_range() -> BasicError {
    BasicError::new(6, "the date is outside of the years 0 to 9999")
}

/// The calendar's view of a date.
pub(crate) fn to_datetime(date: Date) -> Result<DateTime> {
    let (year, month, day) = date.ymd();
    let (hour, minute, second) = date.hms();
    // Four digits are what prints and what reads back.
    let year = i16::try_from(year).ok().filter(|year| *year >= 0).ok_or_else(out_of_range)?;
    DateTime::new(year, month as i8, day as i8, hour as i8, minute as i8, second as i8, 0).map_err(|_| out_of_range())
}

fn from_datetime(value: DateTime, offset_minutes: i16, date_only: bool) -> Date {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    Date { civil_seconds: value.duration_since(epoch).as_secs(), offset_minutes, date_only }
}

/// A day without a time; `None` if the calendar has no such day.
pub(crate) fn from_ymd(year: i64, month: i64, day: i64) -> Option<Date> {
    let date =
        jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(from_datetime(date.to_datetime(Time::midnight()), 0, true))
}

/// Adds an amount of a unit. Months and years clamp to the end of the month (31 January + 1 month is
/// 28 or 29 February) and drop a fraction of the amount; a date without time stays one.
pub(crate) fn add(date: Date, amount: f64, unit: Unit) -> Result<Date> {
    let (length, calendar) = unit.length();
    if !amount.is_finite() || amount.abs() > 1e12 {
        return Err(out_of_range());
    }
    if calendar {
        let months = (amount.trunc() as i64).checked_mul(length).ok_or_else(out_of_range)?;
        let span = jiff::Span::new().try_months(months).map_err(|_| out_of_range())?;
        let moved = to_datetime(date)?.checked_add(span).map_err(|_| out_of_range())?;
        let moved = from_datetime(moved, date.offset_minutes, date.date_only);
        return to_datetime(moved).map(|_| moved);
    }
    let seconds = (amount * length as f64).round() as i64;
    let mut civil_seconds = date.civil_seconds.checked_add(seconds).ok_or_else(out_of_range)?;
    if date.date_only {
        civil_seconds = civil_seconds.div_euclid(86_400) * 86_400;
    }
    let moved = Date { civil_seconds, ..date };
    to_datetime(moved).map(|_| moved)
}

/// How many units lie between two dates, `to - from`. Days, weeks, months, quarters and years compare
/// calendar days (23:00 to 01:00 is one day, 31 December to 1 January one year); weeks are seven
/// such days; smaller units count what has passed.
pub(crate) fn difference(unit: Unit, from: Date, to: Date) -> i64 {
    let (length, calendar) = unit.length();
    if calendar {
        let months = |date: Date| {
            let (year, month, _) = date.ymd();
            year * 12 + i64::from(month) - 1
        };
        return months(to).div_euclid(length) - months(from).div_euclid(length);
    }
    if matches!(unit, Unit::Day | Unit::Week) {
        let days = to.civil_seconds.div_euclid(86_400) - from.civil_seconds.div_euclid(86_400);
        return days / (length / 86_400);
    }
    to.civil_seconds.saturating_sub(from.civil_seconds) / length
}

/// The last day of the month that lies `months` after the date's.
pub(crate) fn end_of_month(date: Date, months: f64) -> Result<Date> {
    let last = to_datetime(add(date, months, Unit::Month)?)?.date().last_of_month();
    Ok(from_datetime(last.to_datetime(Time::midnight()), date.offset_minutes, true))
}

/// Day of the week, 1 for Sunday to 7 for Saturday.
pub(crate) const fn weekday(date: Date) -> i64 {
    // 1970-01-01 was a Thursday.
    (date.civil_seconds.div_euclid(86_400) + 4).rem_euclid(7) + 1
}

/// A text longer than this is no date and no time.
const LONGEST: usize = 256;

/// `date`, then perhaps a time with perhaps an offset.
static MOMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^(?P<date>.+?)(?:t|\s*,\s*|\s+)
          (?P<time>\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:\s*[ap]\.?m\.?)?)
          \s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?$",
    )
    .ok()
});

/// Reads a date, with or without a time of day: ISO first, then the forms of [`parse_day`].
pub fn parse(text: &str) -> Option<Date> {
    if text.len() > LONGEST {
        return None;
    }
    let text = text.trim();
    if let Some(date) = parse_iso_fast(text) {
        return Some(date);
    }
    if let Some(day) = parse_day(text) {
        return Some(day);
    }
    let parts = MOMENT.as_ref()?.captures(text)?;
    let day = parse_day(parts.name("date")?.as_str())?;
    let seconds = parse_time(parts.name("time")?.as_str())?;
    let offset_minutes = parts.name("zone").map_or(Some(0), |zone| parse_offset(zone.as_str()))?;
    Some(Date { civil_seconds: day.civil_seconds + seconds, offset_minutes, date_only: false })
}

/// `YYYY-MM-DD` and `YYYY-MM-DD HH:mm:ss`, the forms that dates print as, without the regex engine.
fn parse_iso_fast(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes
            .get(from..to)?
            .iter()
            .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    if !matches!(bytes.len(), 10 | 19) || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    let day = from_ymd(number(0, 4)?, number(5, 7)?, number(8, 10)?)?;
    if bytes.len() == 10 {
        return Some(day);
    }
    if !matches!(bytes.get(10), Some(b' ' | b'T')) || bytes.get(13) != Some(&b':') || bytes.get(16) != Some(&b':') {
        return None;
    }
    let seconds = clock(number(11, 13)?, number(14, 16)?, number(17, 19)?)?;
    Some(Date { civil_seconds: day.civil_seconds + seconds, offset_minutes: 0, date_only: false })
}

fn clock(hour: i64, minute: i64, second: i64) -> Option<i64> {
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3_600 + minute * 60 + second)
}

fn parse_offset(text: &str) -> Option<i16> {
    let Some(digits) = text.strip_prefix(['+', '-']) else {
        return Some(0);
    };
    let digits = digits.replace(':', "");
    let number: i16 = digits.parse().ok()?;
    let minutes = number / 100 * 60 + number % 100;
    (minutes <= 18 * 60).then_some(if text.starts_with('-') { -minutes } else { minutes })
}

/// Reads a time of day as seconds since midnight: `9:30`, `09:30:15`, `2:30 PM`, `2pm`, `14h30`, `14h`.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    if text.len() > LONGEST {
        return None;
    }
    let lower = text.trim().to_ascii_lowercase().replace("a.m", "am").replace("p.m", "pm");
    let lower = lower.trim_end_matches('.');
    let (digits, afternoon) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(rest), _) => (rest.trim_end(), Some(false)),
        (_, Some(rest)) => (rest.trim_end(), Some(true)),
        _ => (lower, None),
    };
    let digits = digits.replace('h', ":");
    // Fractions of a second are below what a date holds.
    let digits = match digits.split_once(['.', ',']) {
        Some((clock, fraction)) if clock.len() > 5 && fraction.bytes().all(|b| b.is_ascii_digit()) => clock,
        Some(_) => return None,
        None => digits.as_str(),
    };
    let mut parts = digits.strip_suffix(':').unwrap_or(digits).split(':');
    let mut number = |width: usize| -> Option<Option<i64>> {
        let Some(part) = parts.next() else { return Some(None) };
        let sound =
            !part.is_empty() && part.len() <= 2 && part.len() >= width && part.bytes().all(|b| b.is_ascii_digit());
        sound.then(|| part.parse().ok())
    };
    let hour = number(1)??;
    let minute = number(2)?;
    let second = number(2)?.unwrap_or(0);
    // A bare number is not a time; `14h` and `2pm` are.
    if minute.is_none() && afternoon.is_none() && !lower.contains('h') {
        return None;
    }
    let hour = match afternoon {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    clock(hour, minute.unwrap_or(0), second)
}

/// Three numbers, the year first or last.
static NUMERIC_DAY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})|(\d{4})(\d{2})(\d{2}))$",
    )
    .ok()
});

/// A day with the month as a word, perhaps after the name of the weekday.
static NAMED_DAY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^(?:[^\W\d_]{2,13}(?:-feira)?\.?,\s*)?
          (?:(\d{1,2})(?:st|nd|rd|th|º)?[\s-]+(?:de\s+|of\s+)?([^\W\d_]{3,10})\.?,?[\s-]+(?:de\s+|del\s+)?(\d{4})
            |([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4}))$",
    )
    .ok()
});

/// Reads a day: `2024-12-25`, `2024/12/25`, `20241225`, `25/12/2024`, `25-12-24`, `25.12.2024`,
/// `12/25/2024` (only when it cannot be day-first), `25 Dec 2024`, `25 de dezembro de 2024`,
/// `December 25, 2024`, with month names in English, Portuguese and Spanish.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() > 64 {
        return None;
    }
    if let Some(parts) = NUMERIC_DAY.as_ref()?.captures(text) {
        let number = |index: usize| parts.get(index).and_then(|part| part.as_str().parse::<i64>().ok());
        if let (Some(year), Some(month), Some(day)) = (number(1), number(2), number(3)) {
            return from_ymd(year, month, day);
        }
        if let (Some(year), Some(month), Some(day)) = (number(8), number(9), number(10)) {
            return from_ymd(year, month, day);
        }
        let (first, second, year) = (number(4)?, number(6)?, number(7)?);
        // Two digits mean 1969 to 2068, as in POSIX.
        let year = match parts.get(7).map(|part| part.as_str().len()) {
            Some(2) if year < 69 => year + 2_000,
            Some(2) => year + 1_900,
            _ => year,
        };
        return from_ymd(year, second, first).or_else(|| from_ymd(year, first, second));
    }
    let parts = NAMED_DAY.as_ref()?.captures(text)?;
    let part = |index: usize| parts.get(index).map(|part| part.as_str());
    let (day, month, year) = match (part(1), part(2), part(3)) {
        (Some(day), Some(month), Some(year)) => (day, month, year),
        _ => (part(5)?, part(4)?, part(6)?),
    };
    from_ymd(year.parse().ok()?, month_number(month)?, day.parse().ok()?)
}

/// English names, for FORMAT and the date members.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// English names, Sunday first.
pub(crate) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The month that a word names, in English, Portuguese or Spanish, whole or as its usual short form.
fn month_number(word: &str) -> Option<i64> {
    const NAMES: [&[&str]; 12] = [
        &["january", "janeiro", "enero"],
        &["february", "fevereiro", "febrero"],
        &["march", "marco", "marzo"],
        &["april", "abril"],
        &["may", "maio", "mayo"],
        &["june", "junho", "junio"],
        &["july", "julho", "julio"],
        &["august", "agosto"],
        &["september", "setembro", "septiembre", "setiembre", "sept"],
        &["october", "outubro", "octubre"],
        &["november", "novembro", "noviembre"],
        &["december", "dezembro", "diciembre"],
    ];
    let word = fold(word);
    let found = NAMES.iter().position(|names| {
        names.iter().any(|name| *name == word || (word.len() == 3 && name.starts_with(word.as_str())))
    })?;
    Some(found as i64 + 1)
}
