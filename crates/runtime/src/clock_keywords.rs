//! Clock and dice. They look at the world, so their outcome is journaled and a replay sees the same moment.

use std::sync::Arc;

use botserver_basic_types::{BasicError, Date, Effect, KeywordDecl, Value};
use botserver_kernel::{Clock, IdSource, Timestamp};
use jiff::tz::TimeZone;
use rand::{Rng, RngCore};

use crate::{CallContext, Keyword};

/// Where scripts' random numbers come from.
pub trait Dice: Send + Sync {
    /// 64 random bits.
    fn roll(&self) -> u64;
}

/// Numbers that nobody can foresee.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDice;

impl Dice for SystemDice {
    fn roll(&self) -> u64 {
        rand::rng().next_u64()
    }
}

/// Dice as a generator, for ranges.
struct Rolls<'d>(&'d dyn Dice);

impl RngCore for Rolls<'_> {
    fn next_u32(&mut self) -> u32 {
        (self.0.roll() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0.roll()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(self.0.roll().to_le_bytes().get(..part.len()).unwrap_or_default());
        }
    }
}

/// NOW, TODAY, DATE, TIME, HOUR, TIMESTAMP, RND, RANDOM, GUID, GENERATE CODE.
pub fn clock_keywords(clock: &Arc<dyn Clock>, ids: &Arc<dyn IdSource>) -> Vec<Keyword> {
    clock_keywords_with(clock, ids, &(Arc::new(SystemDice) as Arc<dyn Dice>))
}

/// [`clock_keywords`] with dice of one's own.
pub fn clock_keywords_with(clock: &Arc<dyn Clock>, ids: &Arc<dyn IdSource>, dice: &Arc<dyn Dice>) -> Vec<Keyword> {
    let mut all = Vec::new();
    let mut at = |name, forms: &[&'static str], doc, example, read: fn(Timestamp, &TimeZone) -> Value| {
        let decl = KeywordDecl::new(name, forms, Effect::Read, doc, example).returning();
        let clock = clock.clone();
        all.push(Keyword::read(decl, move |cx: &CallContext, _| {
            let value = read(clock.now(), &cx.time_zone);
            Box::pin(std::future::ready(Ok(value)))
        }));
    };
    at("NOW", &["NOW"], "The current date and time in the bot's time zone.", "TALK NOW()", |now, zone| {
        Value::Date(civil(now, zone))
    });
    at("TODAY", &["TODAY"], "The current date in the bot's time zone.", "TALK TODAY()", |now, zone| {
        Value::Date(day(civil(now, zone)))
    });
    at("TIME", &["TIME"], "The current time as HH:mm:ss.", "TALK TIME()", |now, zone| {
        let (hour, minute, second) = civil(now, zone).hms();
        Value::text(format!("{hour:02}:{minute:02}:{second:02}"))
    });
    at("DATE", &["DATE"], "The current date, as TODAY gives it.", "TALK date", |now, zone| {
        Value::Date(day(civil(now, zone)))
    });
    at(
        "HOUR",
        &["HOUR"],
        "The current hour, from 0 to 23.",
        "IF hour < 12 THEN TALK \"Good morning!\" ELSE TALK \"Hello!\"",
        |now, zone| Value::Int(i64::from(civil(now, zone).hms().0)),
    );
    at("TIMESTAMP", &["TIMESTAMP"], "Seconds since 1970-01-01 UTC.", "TALK TIMESTAMP()", |now, _| {
        Value::Int(now.as_second())
    });
    all.extend([rnd(dice.clone()), random(dice.clone()), code(dice.clone()), guid(ids.clone())]);
    all
}

/// The wall clock at a moment.
pub(crate) fn civil(now: Timestamp, zone: &TimeZone) -> Date {
    let offset = zone.to_offset(now).seconds();
    Date { civil_seconds: now.as_second() + i64::from(offset), offset_minutes: (offset / 60) as i16, date_only: false }
}

/// The day of a moment.
pub(crate) const fn day(date: Date) -> Date {
    Date {
        civil_seconds: date.civil_seconds - date.civil_seconds.rem_euclid(86_400),
        offset_minutes: date.offset_minutes,
        date_only: true,
    }
}

fn rnd(dice: Arc<dyn Dice>) -> Keyword {
    let decl = KeywordDecl::new("RND", &["RND"], Effect::Read, "A number from 0 up to, not including, 1.", "x = RND()");
    Keyword::read(decl.returning(), move |_, _| {
        Box::pin(std::future::ready(Ok(Value::Float(Rolls(&*dice).random::<f64>()))))
    })
}

fn random(dice: Arc<dyn Dice>) -> Keyword {
    let decl = KeywordDecl::new(
        "RANDOM",
        &["RANDOM [first:expr [, last:expr]]"],
        Effect::Read,
        "A number from 0 to 1; RANDOM(n) a whole number below n; RANDOM(a, b) one from a to b.",
        "dice = RANDOM(1, 6)",
    );
    Keyword::read(decl.returning(), move |_, args| {
        let whole = |name: &str| -> Result<Option<i64>, BasicError> {
            match args.value(name) {
                Value::Null => Ok(None),
                Value::Int(number) => Ok(Some(number)),
                Value::Float(number) => Ok(Some(number as i64)),
                other => other
                    .as_text()
                    .and_then(|text| text.trim().parse().ok())
                    .map(Some)
                    .ok_or_else(|| BasicError::type_mismatch("RANDOM needs whole numbers")),
            }
        };
        let drawn = (|| {
            let (low, high) = match (whole("first")?, whole("last")?) {
                (None, _) => return Ok(Value::Float(Rolls(&*dice).random::<f64>())),
                (Some(below), None) => (0, below.saturating_sub(1)),
                (Some(low), Some(high)) => (low, high),
            };
            if low > high {
                return Err(BasicError::invalid(format!("RANDOM: there is no number from {low} to {high}")));
            }
            Ok(Value::Int(Rolls(&*dice).random_range(low..=high)))
        })();
        Box::pin(std::future::ready(drawn))
    })
}

fn code(dice: Arc<dyn Dice>) -> Keyword {
    let decl = KeywordDecl::new(
        "GENERATE CODE",
        &["GENERATE CODE digits:expr"],
        Effect::Read,
        "That many random digits, as text.",
        "pin = GENERATE CODE 6",
    );
    Keyword::read(decl.returning(), move |_, args| {
        let mut rolls = Rolls(&*dice);
        let made = match args.value("digits") {
            Value::Int(digits @ 1..=64) => {
                Ok(Value::text((0..digits).map(|_| char::from(rolls.random_range(b'0'..=b'9'))).collect::<String>()))
            }
            _ => Err(BasicError::invalid("GENERATE CODE needs a number of digits from 1 to 64")),
        };
        Box::pin(std::future::ready(made))
    })
}

fn guid(ids: Arc<dyn IdSource>) -> Keyword {
    let decl = KeywordDecl::new(
        "GUID",
        &["GUID", "UUID", "GENERATE_ID"],
        Effect::Read,
        "A new unique id (UUID).",
        "id = GUID()",
    );
    Keyword::read(decl.returning(), move |_, _| {
        Box::pin(std::future::ready(Ok(Value::text(ids.next_uuid().hyphenated().to_string()))))
    })
}
