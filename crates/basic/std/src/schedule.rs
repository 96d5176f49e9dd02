//! When a schedule runs: cron expressions of five fields, or six with the second first, and the phrases of words that
//! stand for one. Knows no clock and no time zone.

/// A day of the week by its English name or the first three letters of it; Sunday is 0.
fn weekday(word: &str) -> Option<u32> {
    const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    let at = DAYS.iter().position(|day| *day == word || (word.len() >= 3 && day.starts_with(word)))?;
    u32::try_from(at).ok()
}

/// The hour and minute of `9am`, `9:30 pm`, `14:00`, `noon`, `midnight`.
fn time(words: &[&str]) -> Option<(u32, u32)> {
    let text = words.concat();
    match text.as_str() {
        "noon" => return Some((12, 0)),
        "midnight" => return Some((0, 0)),
        _ => {}
    }
    let (digits, half) = match text.strip_suffix("am") {
        Some(digits) => (digits, Some(0)),
        None => text.strip_suffix("pm").map_or((&*text, None), |digits| (digits, Some(12))),
    };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "0"));
    let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    (hour < 24 && minute < 60).then_some((hour, minute))
}

/// The cron expression that a schedule stands for; `None` for what is neither one nor a known phrase.
pub fn to_cron(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let words: Vec<&str> = text.split_whitespace().collect();
    phrase(&words).or_else(|| is_cron(&words).then(|| words.join(" ")))
}

fn phrase(words: &[&str]) -> Option<String> {
    const BUSINESS: [&str; 3] = ["during", "business", "hours"];
    let every = |count: &str, most: u32| count.parse::<u32>().ok().filter(|count| (1..=most).contains(count));
    let fixed = |text: &str| Some(text.to_owned());
    let at = |rest: &[&str], days: &str| {
        let (hour, minute) = match rest.split_first() {
            None => (0, 0),
            Some((&"at", rest)) => time(rest)?,
            Some(_) => return None,
        };
        Some(format!("{minute} {hour} * * {days}"))
    };
    match words {
        ["every", "minute"] => fixed("* * * * *"),
        ["every", count, "minute" | "minutes"] => every(count, 59).map(|count| format!("*/{count} * * * *")),
        ["every", count, "minute" | "minutes", rest @ ..] if *rest == BUSINESS => {
            every(count, 59).map(|count| format!("*/{count} 9-17 * * 1-5"))
        }
        ["every", "hour"] | ["hourly"] => fixed("0 * * * *"),
        ["every", count, "hour" | "hours"] => every(count, 23).map(|count| format!("0 */{count} * * *")),
        ["every", "hour", "from", rest @ ..] => {
            let to = rest.iter().position(|word| *word == "to")?;
            let (from, to) = (time(&rest[..to])?, time(&rest[to + 1..])?);
            Some(format!("0 {}-{} * * *", from.0, to.0))
        }
        ["business", "hours"] => fixed("0 9-17 * * 1-5"),
        ["every", "hour", rest @ ..] if *rest == BUSINESS => fixed("0 9-17 * * 1-5"),
        ["every", "day", rest @ ..] | ["daily", rest @ ..] => at(rest, "*"),
        ["every", "week"] | ["weekly"] => fixed("0 0 * * 0"),
        ["every", "month"] | ["monthly"] => fixed("0 0 1 * *"),
        ["every", "year"] | ["yearly" | "annually"] => fixed("0 0 1 1 *"),
        ["at", ..] => at(words, "*"),
        ["every", "weekday", rest @ ..] | ["weekdays", rest @ ..] => at(rest, "1-5"),
        ["every", "weekend", rest @ ..] | ["weekends", rest @ ..] => at(rest, "0,6"),
        ["every", day, rest @ ..] => at(rest, &weekday(day)?.to_string()),
        _ => None,
    }
}

/// True for five fields, or six with the second first.
fn is_cron(fields: &[&str]) -> bool {
    const RANGES: [(u32, u32); 6] = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    let ranges = match fields.len() {
        5 => &RANGES[1..],
        6 => &RANGES[..],
        _ => return false,
    };
    let last = ranges.len() - 1;
    fields
        .iter()
        .zip(ranges)
        .enumerate()
        .all(|(at, (field, range))| field.split(',').all(|part| is_part(part, *range, at == last, at + 1 == last)))
}

/// One part of a field: `*`, `5`, `1-5`, `*/10`, `MON-FRI`.
fn is_part(part: &str, (least, most): (u32, u32), days: bool, months: bool) -> bool {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (range, step) = part.split_once('/').unwrap_or((part, "1"));
    let number = |text: &str| {
        let named = match text {
            _ if days => weekday(text).filter(|_| text.len() == 3),
            _ if months => MONTHS.iter().zip(1..).find(|(own, _)| **own == text).map(|(_, number)| number),
            _ => None,
        };
        named.or_else(|| text.parse().ok()).filter(|value| (least..=most).contains(value))
    };
    let range_fits = match range.split_once('-') {
        Some((from, to)) => number(from).is_some() && number(to).is_some(),
        None => range == "*" || range == "?" || number(range).is_some(),
    };
    range_fits && step.parse::<u32>().is_ok_and(|step| step > 0)
}
