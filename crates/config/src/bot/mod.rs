//! A bot's settings: server defaults below `config.csv`, operator's locks above, each value with its origin.
//! Values are text, typed by their key; keys are compared in lower case with `-` between words, so that the
//! title case of old packages (`Answer Mode`) is the same key.

mod csv;
mod keys;

use std::{collections::BTreeMap, fmt, sync::Arc};

pub use self::keys::{BotKey, BotKeyGroup, Works, bot_key, bot_key_groups};
use crate::{Entry, Finding, Kind, Level, Origin, Scope, kind};

/// What the operator sets for every bot: values below `config.csv`, and the keys that stand above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BotDefaults {
    values: BTreeMap<String, BotValue>,
    locked: Vec<String>,
}

impl BotDefaults {
    /// Adds a value.
    pub fn set(&mut self, key: &str, text: impl Into<String>, origin: Origin) {
        self.values.insert(canonical(key), BotValue { text: text.into(), origin });
    }

    /// Locks a key, or all keys of a pattern such as `llm-*`.
    pub fn lock(&mut self, pattern: &str) {
        self.locked.push(canonical(pattern));
    }

    /// True if `config.csv` may not set the key.
    pub fn is_locked(&self, key: &str) -> bool {
        self.locked.iter().any(|pattern| keys::matches(pattern, key))
    }

    /// The values as people see them.
    pub fn entries(&self) -> Vec<Entry> {
        self.values.iter().map(|(key, value)| entry(key, value, self.is_locked(key), Scope::BotDefaults)).collect()
    }
}

/// A typed `param-*` value: a variable of every script of the bot.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ParamValue {
    Boolean(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

/// The settings of one bot version.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BotConfig {
    values: BTreeMap<String, BotValue>,
    locked: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
struct BotValue {
    text: String,
    origin: Origin,
}

impl fmt::Debug for BotValue {
    /// Values may be secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "from {}", self.origin)
    }
}

impl fmt::Debug for BotConfig {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_map().entries(self.entries("").iter().map(|entry| (entry.key.clone(), entry.value.clone()))).finish()
    }
}

impl BotConfig {
    /// The settings of a bot without `config.csv`.
    pub fn from_defaults(defaults: &BotDefaults) -> Self {
        Self { values: defaults.values.clone(), locked: defaults.locked.clone() }
    }

    /// Reads `config.csv`; `file` is its path for people. Lines that cannot be used are told and left out, so the
    /// rest still counts; whether such a configuration may serve is the caller's decision.
    pub fn parse(file: &str, bytes: &[u8], defaults: &BotDefaults) -> (Self, Vec<Finding>) {
        let mut config = Self::from_defaults(defaults);
        let (lines, mut findings) = csv::read(bytes);
        let path: Arc<str> = file.into();
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for line in lines {
            findings.extend(config.take(&path, line, &mut seen));
        }
        findings.sort_by_key(|finding| (finding.line, finding.column));
        (config, findings)
    }

    fn take(&mut self, path: &Arc<str>, line: csv::Line, seen: &mut BTreeMap<String, u32>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let at_key = |code, level, message, help| Finding {
            code,
            level,
            message,
            help,
            line: line.number,
            column: 1,
            start: line.key_bytes.0,
            end: line.key_bytes.1,
        };
        let known = bot_key(&line.key);
        if known.is_none() {
            let help = keys::nearest_key(&line.key).map(|near| format!("Did you mean `{near}`?"));
            let message = format!("the key `{}` is not known", shorten(&line.spelled));
            findings.push(at_key("C0101", Level::Warning, message, help));
        }
        if self.locked.iter().any(|pattern| keys::matches(pattern, &line.key)) {
            let message = format!("`{}` is set by the operator of this server; this line has no effect", line.key);
            findings.push(at_key("C0102", Level::Warning, message, None));
            return findings;
        }
        match known.map(|key| key.works) {
            Some(Works::NotYet) => {
                let message = format!("`{}` is a known key, but nothing in this build uses it", line.key);
                let help = keys::server_setting(&line.key)
                    .map(|setting| format!("The operator sets `{setting}` for the whole server."));
                findings.push(at_key("C0105", Level::Warning, message, help));
            }
            Some(Works::ForOperators) => {
                let message = format!("`{}` has no effect here: a package cannot raise its own limits", line.key);
                let help = Some("The operator sets it in `[bot_defaults]` of the server's settings.".to_owned());
                findings.push(at_key("C0106", Level::Warning, message, help));
            }
            Some(Works::Everywhere) | None => {}
        }
        if let Some(earlier) = seen.insert(line.key.clone(), line.number) {
            let message = format!("`{}` is set twice; line {earlier} has no effect", line.key);
            findings.push(at_key("C0103", Level::Warning, message, None));
        }
        let kind = known.map_or(Kind::Text, |key| key.kind);
        // An empty value of a typed key means "not set": spreadsheets leave such lines behind.
        if line.value.is_empty() && !matches!(kind, Kind::Text | Kind::List) {
            return findings;
        }
        if let Err(reason) = kind.check(&line.value) {
            findings.push(Finding {
                code: "C0104",
                level: Level::Error,
                message: format!("`{}`: `{}` is {reason}", line.key, shorten(&line.value)),
                help: known.and_then(|key| key.default).map(|default| format!("The default is {default}.")),
                line: line.number,
                column: line.value_column,
                start: line.value_bytes.0,
                end: line.value_bytes.1,
            });
            return findings;
        }
        let origin = Origin::File { path: path.clone(), line: line.number };
        self.values.insert(line.key, BotValue { text: line.value, origin });
        findings
    }

    /// The text of a key: from `config.csv`, the server's defaults, or the documented default.
    pub fn get(&self, key: &str) -> Option<&str> {
        if let Some(value) = self.values.get(key) {
            return Some(&value.text);
        }
        let plain = canonical(key);
        match self.values.get(&plain) {
            Some(value) => Some(&value.text),
            None => bot_key(&plain)?.default,
        }
    }

    /// The text of a key unless it is empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|text| !text.is_empty())
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Option<i64> {
        kind::integer(self.get(key)?)
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<f64> {
        kind::number(self.get(key)?)
    }

    /// True or false; a key that is not set is false.
    pub fn boolean(&self, key: &str) -> bool {
        self.get(key).and_then(kind::boolean).unwrap_or(false)
    }

    /// A duration in seconds.
    pub fn seconds(&self, key: &str) -> Option<u64> {
        kind::seconds(self.get(key)?)
    }

    /// A size in bytes.
    pub fn bytes(&self, key: &str) -> Option<u64> {
        kind::bytes(self.get(key)?)
    }

    /// The items of a comma-separated value.
    pub fn list(&self, key: &str) -> Vec<&str> {
        self.get(key).map(|text| kind::list(text).collect()).unwrap_or_default()
    }

    /// The bot's `time-zone`, else the server's.
    pub fn time_zone(&self) -> jiff::tz::TimeZone {
        self.text("time-zone")
            .and_then(|name| jiff::tz::TimeZone::get(name).ok())
            .unwrap_or_else(jiff::tz::TimeZone::system)
    }

    /// True if somebody set the key: what they wrote counts, and not the documented default.
    pub fn is_set(&self, key: &str) -> bool {
        self.values.contains_key(&canonical(key))
    }

    /// Where the value of a key came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.values.get(&canonical(key)).map_or(Origin::Default, |value| value.origin.clone())
    }

    /// True for what the operator of the server decides: everything that does not stand in the package. What a package
    /// names is not trusted with the operator's keys.
    pub fn is_operators(&self, key: &str) -> bool {
        !matches!(self.origin(key), Origin::File { path, .. } if path.ends_with("config.csv"))
    }

    /// The `param-*` values, named without the prefix, in lower case, typed by what they look like.
    pub fn params(&self) -> Vec<(String, ParamValue)> {
        self.values
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix("param-")?.to_owned(), param(&value.text))))
            .filter(|(name, _)| !name.is_empty())
            .collect()
    }

    /// All values with their origins, defaults included, secrets masked; `bot` names the bot.
    pub fn entries(&self, bot: &str) -> Vec<Entry> {
        let scope = Scope::Bot(bot.into());
        let locked = |key: &str| self.locked.iter().any(|pattern| keys::matches(pattern, key));
        let mut entries: Vec<Entry> =
            self.values.iter().map(|(key, value)| entry(key, value, locked(key), scope.clone())).collect();
        for (key, default) in keys::defaults().filter(|(key, _)| !self.values.contains_key(*key)) {
            let value = BotValue { text: default.to_owned(), origin: Origin::Default };
            entries.push(entry(key, &value, locked(key), scope.clone()));
        }
        entries.sort_by(|left, right| left.key.cmp(&right.key));
        entries
    }
}

fn entry(key: &str, value: &BotValue, locked: bool, scope: Scope) -> Entry {
    let hidden = bot_key(key).map_or(Kind::Text, |known| known.kind);
    let kind = if hidden == Kind::Text && keys::looks_secret(key) { Kind::Secret } else { hidden };
    Entry {
        key: key.to_owned(),
        value: Some(kind.shown(&value.text)),
        origin: value.origin.clone(),
        secret: kind.is_hidden(),
        locked,
        scope,
    }
}

/// Lower case, with `-` for blanks and underscores: `Answer Mode` is `answer-mode`. The rest of `param-…` names a
/// variable, so its underscores stay.
fn canonical(key: &str) -> String {
    if let Some((_, variable)) =
        key.split_at_checked("param-".len()).filter(|(head, _)| head.eq_ignore_ascii_case("param-"))
    {
        return format!("param-{}", variable.trim().to_lowercase());
    }
    let mut plain = String::with_capacity(key.len());
    for word in key.split(|c: char| c.is_whitespace() || c == '_').filter(|word| !word.is_empty()) {
        if !plain.is_empty() {
            plain.push('-');
        }
        plain.extend(word.chars().flat_map(char::to_lowercase));
    }
    plain
}

fn param(text: &str) -> ParamValue {
    if text.eq_ignore_ascii_case("true") {
        return ParamValue::Boolean(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return ParamValue::Boolean(false);
    }
    // Digits that a number would not give back (a telephone number, a code with zeros) stay text.
    let padded = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
    let numeric = !padded && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | 'e' | 'E'));
    if numeric {
        if let Ok(number) = text.parse::<i64>() {
            return ParamValue::Integer(number);
        }
        if let Some(number) = kind::number(text) {
            return ParamValue::Number(number);
        }
    }
    ParamValue::Text(text.to_owned())
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
