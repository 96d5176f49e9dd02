//! A date or a moment as BASIC sees it: a civil (wall clock) time and the offset it was read with.
//! Sixteen bytes with its tag, so that a [`crate::Val`] stays small. Arithmetic lives in `basic/std`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A civil date, with a time of day unless `date_only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Date {
    /// Seconds of the wall clock since 1970-01-01T00:00:00 (as if the wall clock were UTC).
    pub civil_seconds: i64,
    /// Offset from UTC in minutes when the clock was read; `civil_seconds - offset` is Unix time.
    pub offset_minutes: i16,
    /// True when there is no time of day.
    pub date_only: bool,
}

impl Date {
    /// Unix time in seconds.
    pub const fn timestamp(self) -> i64 {
        self.civil_seconds - self.offset_minutes as i64 * 60
    }

    /// Year, month 1–12, day 1–31.
    pub const fn ymd(self) -> (i64, u32, u32) {
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let days = self.civil_seconds.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month as u32, day as u32)
    }

    /// Hour, minute, second.
    pub const fn hms(self) -> (u32, u32, u32) {
        let seconds = self.civil_seconds.rem_euclid(86_400);
        ((seconds / 3_600) as u32, (seconds / 60 % 60) as u32, (seconds % 60) as u32)
    }
}

impl fmt::Display for Date {
    /// `YYYY-MM-DD`, or `YYYY-MM-DD HH:mm:ss`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(out, "{year:04}-{month:02}-{day:02}")?;
        if !self.date_only {
            let (hour, minute, second) = self.hms();
            write!(out, " {hour:02}:{minute:02}:{second:02}")?;
        }
        Ok(())
    }
}
