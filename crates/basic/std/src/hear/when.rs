//! HEAR AS DATE and HEAR AS HOUR.

use botserver_basic_types::Date;

use crate::{
    civil::{self, Unit},
    text::fold,
};

/// A day as `YYYY-MM-DD`; `today`, `tomorrow` and `yesterday` in English, Portuguese and Spanish.
pub(super) fn date(text: &str, today: Date) -> Option<String> {
    let days = match fold(text).as_str() {
        "today" | "hoje" | "hoy" => 0.0,
        "tomorrow" | "amanha" | "manana" => 1.0,
        "yesterday" | "ontem" | "ayer" => -1.0,
        _ => return civil::parse_day(text).map(|day| day.to_string()),
    };
    civil::add(Date { date_only: true, ..today }, days, Unit::Day).ok().map(|day| day.to_string())
}

/// A time of day as `HH:MM`.
pub(super) fn hour(text: &str) -> Option<String> {
    let seconds = civil::parse_time(text)?;
    Some(format!("{:02}:{:02}", seconds / 3_600, seconds / 60 % 60))
}
