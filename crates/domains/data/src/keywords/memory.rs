//! BOT MEMORY, USER MEMORY, REMEMBER and RECALL.

use botserver_basic_types::{Arg, Args, BasicError, DataExpr, Effect, KeywordDecl, Result, Value, ops};
use botserver_runtime::{CallContext, Keyword};

use super::arguments::{actor, shorten};
use crate::{DataService, MemoryOwner, service::MAX_KEYS};

const SECOND_MS: i64 = 1_000;
const DAY_MS: i64 = 86_400 * SECOND_MS;

pub(super) fn keywords(service: &DataService) -> Vec<Keyword> {
    let set_bot = set(
        service,
        KeywordDecl::new(
            "SET BOT MEMORY",
            &[
                "SET BOT MEMORY key:word , value:expr",
                "SET BOT MEMORY pair:values",
                "SET BOT MEMORY key:expr AS value:expr",
            ],
            Effect::Local,
            "Keeps a value that every conversation of the bot shares.",
            "SET BOT MEMORY \"rate\", 5.42",
        ),
        MemoryOwner::Bot,
    );
    let set_user = set(
        service,
        KeywordDecl::new(
            "SET USER MEMORY",
            &[
                "SET USER MEMORY key:word , value:expr",
                "SET USER MEMORY pair:values",
                "SET USER MEMORY key:expr AS value:expr",
            ],
            Effect::Local,
            "Keeps a value for the person, with every bot.",
            "SET USER MEMORY \"language\", \"pt\"",
        ),
        MemoryOwner::Person,
    );
    let get_bot = get(
        service,
        KeywordDecl::new(
            "GET BOT MEMORY",
            &["GET BOT MEMORY key:word"],
            Effect::Read,
            "A value kept for the bot; empty text if there is none.",
            "rate = GET BOT MEMORY(\"rate\")",
        ),
        MemoryOwner::Bot,
        Value::text(""),
    );
    let get_user = get(
        service,
        KeywordDecl::new(
            "GET USER MEMORY",
            &["GET USER MEMORY key:word"],
            Effect::Read,
            "A value kept for the person; empty text if there is none.",
            "language = GET USER MEMORY(\"language\")",
        ),
        MemoryOwner::Person,
        Value::text(""),
    );
    let recall = get(
        service,
        KeywordDecl::new(
            "RECALL",
            &["RECALL key:word"],
            Effect::Read,
            "What REMEMBER kept; null if there is nothing or its time is over.",
            "size = RECALL \"size\"",
        ),
        MemoryOwner::PersonWithBot,
        Value::Null,
    );
    vec![set_bot, get_bot, set_user, get_user, clear_user(service), remember(service), recall]
}

fn get(service: &DataService, decl: KeywordDecl, owner: MemoryOwner, missing: Value) -> Keyword {
    let service = service.clone();
    Keyword::read(decl.returning(), move |cx, args| {
        let (service, missing) = (service.clone(), missing.clone());
        Box::pin(async move {
            let found = service.recall(actor(cx), owner, &args.required_text("key")?).await?;
            Ok(found.unwrap_or(missing))
        })
    })
}

fn set(service: &DataService, decl: KeywordDecl, owner: MemoryOwner) -> Keyword {
    let service = service.clone();
    Keyword::local(decl, move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move {
            let (key, value) = pair(&args)?;
            let lifetime = match owner {
                MemoryOwner::Person => cx.config.seconds("user-memory-default-ttl").filter(|seconds| *seconds > 0),
                _ => None,
            };
            let lifetime = lifetime.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_MS));
            service.remember(tx, actor(cx), owner, (&key, &value), lifetime, max_keys(cx, owner)).await?;
            Ok(Value::Null)
        })
    })
}

fn clear_user(service: &DataService) -> Keyword {
    let service = service.clone();
    let decl = KeywordDecl::new(
        "CLEAR USER MEMORY",
        &["CLEAR USER MEMORY"],
        Effect::Local,
        "Forgets everything that SET USER MEMORY kept for the person.",
        "CLEAR USER MEMORY",
    );
    Keyword::local(decl, move |cx, tx, _| {
        let service = service.clone();
        Box::pin(async move {
            service.forget_all(tx, actor(cx), MemoryOwner::Person).await?;
            Ok(Value::Null)
        })
    })
}

fn remember(service: &DataService) -> Keyword {
    let service = service.clone();
    let decl = KeywordDecl::new(
        "REMEMBER",
        &[
            "REMEMBER key:expr , value:expr [, expiry:expr]",
            "REMEMBER key:expr = value:expr [, expiry:expr]",
            "REMEMBER key:expr AS value:expr [, expiry:expr]",
        ],
        Effect::Local,
        "Keeps a value for the person with this bot, for good or for a time such as \"7 days\".",
        "REMEMBER \"size\", \"XL\", \"30 days\"",
    );
    Keyword::local(decl, move |cx, tx, args| {
        let service = service.clone();
        Box::pin(async move {
            let (key, value) = pair(&args)?;
            let lifetime = lifetime_ms(&args.value("expiry"))?;
            let owner = MemoryOwner::PersonWithBot;
            service.remember(tx, actor(cx), owner, (&key, &value), lifetime, max_keys(cx, owner)).await?;
            Ok(Value::Null)
        })
    })
}

fn pair(args: &Args) -> Result<(String, Value)> {
    if let Some(Arg::Assignments(pairs)) = args.get("pair") {
        let [pair] = pairs.as_slice() else {
            return Err(BasicError::invalid("one key and one value are kept at a time"));
        };
        let DataExpr::Value(value) = &pair.value else {
            return Err(BasicError::invalid("the value of memory names a column"));
        };
        return Ok((pair.column.clone(), value.clone()));
    }
    Ok((args.required_text("key")?, args.value("value")))
}

pub(super) fn max_keys(cx: &CallContext, owner: MemoryOwner) -> u64 {
    match owner {
        MemoryOwner::Bot => MAX_KEYS,
        _ => cx.config.integer("user-memory-max-keys").and_then(|most| u64::try_from(most).ok()).unwrap_or(1_000),
    }
}

/// `"7 days"`, `7` (days), `"forever"`.
fn lifetime_ms(value: &Value) -> Result<Option<i64>> {
    let text = ops::to_text(value).trim().to_lowercase();
    if text.is_empty() || ["forever", "permanent", "never", "always"].contains(&text.as_str()) {
        return Ok(None);
    }
    let bad = || {
        BasicError::invalid(format!("\"{}\" is no time to remember", shorten(&text)))
            .with_help("Write \"30 minutes\", \"7 days\", a number of days, or \"forever\".")
    };
    let digits = text.find(|character: char| !(character.is_ascii_digit() || character == '.')).unwrap_or(text.len());
    let (amount, unit) = text.split_at(digits);
    let amount: f64 = amount.parse().map_err(|_| bad())?;
    let unit_ms = match unit.trim() {
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND_MS,
        "min" | "mins" | "minute" | "minutes" => 60 * SECOND_MS,
        "h" | "hour" | "hours" => 3_600 * SECOND_MS,
        "" | "d" | "day" | "days" => DAY_MS,
        "w" | "week" | "weeks" => 7 * DAY_MS,
        "month" | "months" => 30 * DAY_MS,
        "y" | "year" | "years" => 365 * DAY_MS,
        _ => return Err(bad()),
    };
    Ok(Some((amount * unit_ms as f64) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_words_and_as_days() {
        let read = |text: &str| lifetime_ms(&Value::text(text));
        assert_eq!(read("7 days"), Ok(Some(7 * DAY_MS)));
        assert_eq!(read("1.5 hours"), Ok(Some(5_400_000)));
        assert_eq!(read("30"), Ok(Some(30 * DAY_MS)));
        assert_eq!(lifetime_ms(&Value::Int(2)), Ok(Some(2 * DAY_MS)));
        assert_eq!(read("forever"), Ok(None));
        assert_eq!(lifetime_ms(&Value::Null), Ok(None));
        assert!(read("soon").is_err());
        assert!(read("3 fortnights").is_err());
    }
}
