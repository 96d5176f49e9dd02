//! Date functions. Dates are accepted as values or as text; NOW and TODAY are keywords of the runtime,
//! because they look at a clock.

use botserver_basic_types::{BasicError, Date, FunctionDecl, Heap, Result, Val, ops};

use crate::{
    args::{arg, clip, date, float, new_text, plain, text},
    civil::{self, Unit},
    format,
};

pub(crate) const FUNCTIONS: &[FunctionDecl] = &[
    plain("YEAR", &[], "date", (1, 1), "The year of a date.", r#"YEAR("2026-11-22") > 2026"#, year),
    plain("MONTH", &[], "date", (1, 1), "The month of a date, 1 to 12.", r#"MONTH("2026-11-22") > 11"#, month),
    plain("DAY", &[], "date", (1, 1), "The day of the month.", r#"DAY("2026-11-22") > 22"#, day),
    plain("HOUR", &[], "date", (1, 1), "The hour, 0 to 23.", r#"HOUR("2026-11-22 14:30") > 14"#, hour),
    plain("MINUTE", &[], "date", (1, 1), "The minute, 0 to 59.", r#"MINUTE("14:30") > 30"#, minute),
    plain("SECOND", &[], "date", (1, 1), "The second, 0 to 59.", r#"SECOND("14:30:05") > 5"#, second),
    plain(
        "WEEKDAY",
        &[],
        "date",
        (1, 1),
        "The day of the week, 1 for Sunday to 7 for Saturday.",
        r#"WEEKDAY("2026-11-22") > 1"#,
        weekday,
    ),
    plain("QUARTER", &[], "date", (1, 1), "The quarter of the year, 1 to 4.", r#"QUARTER("2026-11-22") > 4"#, quarter),
    plain(
        "DATEADD",
        &["DATE_ADD"],
        "date, amount, unit",
        (3, 3),
        "A date moved by an amount of second, minute, hour, day, week, month, quarter or year; the arguments may stand in any order.",
        r#"DATEADD("2026-01-31", 1, "month") > 2026-02-28"#,
        dateadd,
    ),
    plain(
        "DATEDIFF",
        &["DATE_DIFF"],
        "unit, start, end | a, b, unit",
        (3, 3),
        "The units from start to end; with the unit last, a - b. Days, months and years compare the calendar.",
        r#"DATEDIFF("day", "2026-11-20", "2026-11-22") > 2"#,
        datediff,
    ),
    plain(
        "DAYS_BETWEEN",
        &["DAYSBETWEEN"],
        "a, b",
        (2, 2),
        "The days between two dates, never negative.",
        r#"DAYS_BETWEEN("2026-11-22", "2026-11-20") > 2"#,
        days_between,
    ),
    plain(
        "HOURS_BETWEEN",
        &["HOURSBETWEEN"],
        "a, b",
        (2, 2),
        "The whole hours between two moments, never negative.",
        r#"HOURS_BETWEEN("2026-11-22 14:30", "2026-11-22 12:00") > 2"#,
        hours_between,
    ),
    plain(
        "ADD_DAYS",
        &["ADDDAYS"],
        "date, days",
        (2, 2),
        "A date moved by some days.",
        r#"ADD_DAYS("2026-01-31", -31) > 2025-12-31"#,
        add_days,
    ),
    plain(
        "DAYS",
        &[],
        "count",
        (1, 1),
        "Some days in seconds, for sums with dates: `NOW() - DAYS(7)`.",
        "DAYS(2) > 172800",
        days_in_seconds,
    ),
    plain(
        "FORMAT_TIME",
        &["FORMATTIME"],
        "date, [pattern]",
        (1, 2),
        "The time of day of a date as text, `HH:mm` unless a pattern says it.",
        r#"FORMAT_TIME("2026-11-22 14:30:00") > 14:30"#,
        format_time,
    ),
    plain(
        "DATEVALUE",
        &[],
        "text",
        (1, 1),
        "The date in a text, without its time; parts need no padding.",
        r#"DATEVALUE("2026-1-5") > 2026-01-05"#,
        datevalue,
    ),
    plain(
        "TIMEVALUE",
        &[],
        "text",
        (1, 1),
        "The time of day in a text, as HH:mm:ss.",
        r#"TIMEVALUE("2:30 PM") > 14:30:00"#,
        timevalue,
    ),
    plain(
        "CDATE",
        &[],
        "text",
        (1, 1),
        "The date, with its time if there is one, in a text.",
        r#"CDATE("22/11/2026 14:30") > 2026-11-22 14:30:00"#,
        cdate,
    ),
    plain(
        "EOMONTH",
        &[],
        "date, [months]",
        (1, 2),
        "The last day of the month, or of one some months later.",
        r#"EOMONTH("2026-01-15", 1) > 2026-02-28"#,
        eomonth,
    ),
    plain(
        "ISDATE",
        &["IS_DATE"],
        "value",
        (1, 1),
        "Whether a value is a date or reads as one.",
        r#"ISDATE("31/02/2026") > false"#,
        isdate,
    ),
    plain(
        "FORMAT_DATE",
        &["FORMATDATE"],
        "date, [pattern]",
        (1, 2),
        "A date as text, by the patterns of FORMAT.",
        r#"FORMAT_DATE("2026-11-22", "DD/MM/YYYY") > 22/11/2026"#,
        format_date,
    ),
];

/// A part of a time of day, also of a bare one (`14:30`).
fn clock_part(args: &[Val], read: fn(Date) -> i64) -> Result<Val> {
    if let Val::Text(text) = arg(args, 0)
        && let Some(seconds) = civil::parse_time(text)
    {
        return Ok(Val::Int(read(Date { civil_seconds: seconds, offset_minutes: 0, date_only: false })));
    }
    part(args, read)
}

/// A part of a date, null for null.
fn part(args: &[Val], read: fn(Date) -> i64) -> Result<Val> {
    Ok(date(args, 0)?.map_or(Val::Null, |date| Val::Int(read(date))))
}

fn year(_: &mut Heap, args: &[Val]) -> Result<Val> {
    part(args, |date| date.ymd().0)
}

fn month(_: &mut Heap, args: &[Val]) -> Result<Val> {
    part(args, |date| i64::from(date.ymd().1))
}

fn day(_: &mut Heap, args: &[Val]) -> Result<Val> {
    part(args, |date| i64::from(date.ymd().2))
}

fn hour(_: &mut Heap, args: &[Val]) -> Result<Val> {
    clock_part(args, |date| i64::from(date.hms().0))
}

fn minute(_: &mut Heap, args: &[Val]) -> Result<Val> {
    clock_part(args, |date| i64::from(date.hms().1))
}

fn second(_: &mut Heap, args: &[Val]) -> Result<Val> {
    clock_part(args, |date| i64::from(date.hms().2))
}

fn weekday(_: &mut Heap, args: &[Val]) -> Result<Val> {
    part(args, civil::weekday)
}

fn quarter(_: &mut Heap, args: &[Val]) -> Result<Val> {
    part(args, |date| i64::from(date.ymd().1.div_ceil(3)))
}

/// The unit that an argument names.
fn unit_at(args: &[Val], index: usize) -> Option<Unit> {
    match arg(args, index) {
        Val::Text(word) => Unit::from_word(word),
        _ => None,
    }
}

fn no_unit(heap: &Heap, args: &[Val]) -> BasicError {
    let words: Vec<String> = (0..args.len())
        .filter_map(|index| match arg(args, index) {
            Val::Text(_) => text(heap, args, index).ok().map(|word| format!("\"{}\"", clip(&word))),
            _ => None,
        })
        .collect();
    BasicError::invalid(format!("no unit of time among {}", words.join(", ")))
        .with_help("Units are second, minute, hour, day, week, month, quarter and year.")
}

fn dateadd(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let at = (0..3).rev().find(|index| unit_at(args, *index).is_some());
    let Some((at, unit)) = at.and_then(|at| Some((at, unit_at(args, at)?))) else {
        return Err(no_unit(heap, args));
    };
    let (first, second) = match at {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    };
    // Of the other two the amount is the number, or the text that spells one.
    let numeric = |index: usize| match arg(args, index) {
        Val::Int(_) | Val::Float(_) => true,
        Val::Text(text) => ops::parse_number(text).is_some(),
        _ => false,
    };
    let amount_first = numeric(first) && !numeric(second);
    let (date_at, amount_at) = if amount_first { (second, first) } else { (first, second) };
    match date(args, date_at)? {
        Some(start) => civil::add(start, float(args, amount_at)?, unit).map(Val::Date),
        None => Ok(Val::Null),
    }
}

fn datediff(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    // The documented order counts from the first date to the second; scripts that write the unit last
    // subtract the second date from the first.
    let (unit, from, to) = match (unit_at(args, 0), unit_at(args, 2), unit_at(args, 1)) {
        (Some(unit), _, _) => (unit, 1, 2),
        (None, Some(unit), _) => (unit, 1, 0),
        (None, None, Some(unit)) => (unit, 2, 0),
        _ => return Err(no_unit(heap, args)),
    };
    Ok(match (date(args, from)?, date(args, to)?) {
        (Some(from), Some(to)) => Val::Int(civil::difference(unit, from, to)),
        _ => Val::Null,
    })
}

fn days_between(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(match (date(args, 0)?, date(args, 1)?) {
        (Some(a), Some(b)) => Val::Int(civil::difference(Unit::Day, a, b).abs()),
        _ => Val::Null,
    })
}

fn hours_between(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(match (date(args, 0)?, date(args, 1)?) {
        (Some(a), Some(b)) => Val::Int((b.civil_seconds - a.civil_seconds).abs() / 3_600),
        _ => Val::Null,
    })
}

fn add_days(_: &mut Heap, args: &[Val]) -> Result<Val> {
    match date(args, 0)? {
        Some(start) => civil::add(start, float(args, 1)?, Unit::Day).map(Val::Date),
        None => Ok(Val::Null),
    }
}

fn days_in_seconds(_: &mut Heap, args: &[Val]) -> Result<Val> {
    let seconds = float(args, 0)? * 86_400.0;
    let whole = seconds.fract() == 0.0 && seconds.abs() < 9e15;
    Ok(if whole { Val::Int(seconds as i64) } else { Val::Float(seconds) })
}

fn format_time(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let Some(date) = date(args, 0)? else { return new_text(heap, "") };
    let pattern = match arg(args, 1) {
        Val::Null => "HH:mm".into(),
        _ => text(heap, args, 1)?,
    };
    let shown = format::dates::apply(date, &pattern);
    new_text(heap, shown)
}

fn datevalue(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(date(args, 0)?.map_or(Val::Null, |date| {
        let civil_seconds = date.civil_seconds.div_euclid(86_400) * 86_400;
        Val::Date(Date { civil_seconds, date_only: true, ..date })
    }))
}

fn timevalue(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let seconds = match arg(args, 0) {
        Val::Text(text) => civil::parse_time(text),
        _ => None,
    };
    let seconds = match seconds {
        Some(seconds) => seconds,
        None => match date(args, 0)? {
            Some(date) => date.civil_seconds.rem_euclid(86_400),
            None => return Ok(Val::Null),
        },
    };
    new_text(heap, format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60))
}

fn cdate(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(date(args, 0)?.map_or(Val::Null, Val::Date))
}

fn eomonth(_: &mut Heap, args: &[Val]) -> Result<Val> {
    match date(args, 0)? {
        Some(date) => civil::end_of_month(date, float(args, 1)?).map(Val::Date),
        None => Ok(Val::Null),
    }
}

fn isdate(_: &mut Heap, args: &[Val]) -> Result<Val> {
    Ok(Val::Bool(match arg(args, 0) {
        Val::Date(_) => true,
        Val::Text(text) => civil::parse(text).is_some(),
        _ => false,
    }))
}

fn format_date(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    let Some(date) = date(args, 0)? else { return new_text(heap, "") };
    let shown = match arg(args, 1) {
        Val::Null => date.to_string(),
        _ => format::dates::apply(date, &text(heap, args, 1)?),
    };
    new_text(heap, shown)
}
