//! Just enough of dates for operators: reading ISO text to compare it, and moving by seconds.
//! Everything else about dates lives in `basic/std`.

use crate::Date;

/// Reads `YYYY-MM-DD`, optionally followed by `T` or a blank and `HH:mm[:ss]`; no offset.
pub fn parse_iso(text: &str) -> Option<Date> {
    let text = text.trim();
    let (day, time) = match text.split_once(['T', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let mut parts = day.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let mut seconds = days_from_civil(year, month, day) * 86_400;
    if let Some(time) = time {
        let mut parts = time.trim_end_matches('Z').split(':');
        let hour = digits(parts.next()?, 2)?;
        let minute = digits(parts.next()?, 2)?;
        // Fractions of a second are below what a date holds.
        let second = parts.next().map_or(Some(0), |part| digits(part.split('.').next()?, 2))?;
        if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        seconds += hour * 3_600 + minute * 60 + second;
    }
    Some(Date { civil_seconds: seconds, offset_minutes: 0, date_only: time.is_none() })
}

fn digits(text: &str, most: usize) -> Option<i64> {
    if text.is_empty() || text.len() > most || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 (Howard Hinnant, days_from_civil).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The date some seconds later; one without time of day keeps that shape only when it lands on midnight.
pub(super) fn shift(date: Date, seconds: i64) -> Option<Date> {
    let civil_seconds = date.civil_seconds.checked_add(seconds)?;
    // Years stay within four digits, which is what prints and parses.
    if !(-62_167_219_200..=253_402_300_799).contains(&civil_seconds) {
        return None;
    }
    Some(Date { civil_seconds, date_only: date.date_only && civil_seconds % 86_400 == 0, ..date })
}

/// A member such as `.year` or `.weekday_name` of a date.
pub(super) fn member(date: Date, name: &str) -> Option<crate::Val> {
    use crate::{Text, Val};
    const MONTHS: [&str; 12] = [
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
    const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let (year, month, day) = date.ymd();
    let (hour, minute, second) = date.hms();
    let days = date.civil_seconds.div_euclid(86_400);
    // 1970-01-01 was a Thursday; 0 is Sunday here.
    let weekday = (days + 4).rem_euclid(7);
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let name = name.to_ascii_lowercase();
    let text = |text: String| Val::Text(Text::new(text));
    let name_of = |names: &[&str], index: usize| text((*names.get(index).unwrap_or(&"")).to_owned());
    Some(match name.as_str() {
        "year" => Val::Int(year),
        "month" => Val::Int(i64::from(month)),
        "day" => Val::Int(i64::from(day)),
        "hour" => Val::Int(i64::from(hour)),
        "minute" => Val::Int(i64::from(minute)),
        "second" => Val::Int(i64::from(second)),
        "weekday" => Val::Int(weekday + 1),
        "weekday_name" => name_of(&DAYS, weekday as usize),
        "month_name" => name_of(&MONTHS, month as usize - 1),
        "timestamp" => Val::Int(date.timestamp()),
        "formatted" => text(date.to_string()),
        "date" => text(format!("{year:04}-{month:02}-{day:02}")),
        "time" => text(format!("{hour:02}:{minute:02}:{second:02}")),
        "iso" => {
            let offset = date.offset_minutes;
            let sign = if offset < 0 { '-' } else { '+' };
            let (hours, minutes) = (offset.unsigned_abs() / 60, offset.unsigned_abs() % 60);
            text(format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{sign}{hours:02}:{minutes:02}"
            ))
        }
        "quarter" => Val::Int(i64::from(month.div_ceil(3))),
        "day_of_year" => Val::Int(days - days_from_civil(year, 1, 1) + 1),
        "is_weekend" => Val::Bool(weekday == 0 || weekday == 6),
        "is_pm" => Val::Bool(hour >= 12),
        "ampm" => text(if hour >= 12 { "PM".to_owned() } else { "AM".to_owned() }),
        "hour12" => Val::Int(i64::from(hour12)),
        _ => return None,
    })
}
