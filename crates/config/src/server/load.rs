//! From the four layers to one table of values: defaults, `config.toml`, environment, flags, each over the last.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use toml::{Spanned, de::DeTable, de::DeValue};

use super::{
    Problem,
    keys::{self, BOT_DEFAULTS},
};
use crate::{BotDefaults, Kind, Origin, Sources, bot_key, nearest};

/// A value as text, and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// What the layers gave.
pub(super) struct Layers {
    pub(super) values: BTreeMap<&'static str, Value>,
    pub(super) bot_defaults: BotDefaults,
    pub(super) problems: Vec<Problem>,
}

pub(super) fn load(sources: &Sources<'_>) -> Layers {
    let mut layers = Layers { values: BTreeMap::new(), bot_defaults: BotDefaults::default(), problems: Vec::new() };
    for key in keys::server_keys() {
        if let Some(text) = key.default_in(&sources.data_dir) {
            layers.values.insert(key.name, Value { text, origin: Origin::Default });
        }
    }
    layers.file(sources);
    // TOML tables come sorted by name; people read the file from the top.
    layers.problems.sort_by_key(|problem| match &problem.origin {
        Origin::File { line, .. } => *line,
        _ => 0,
    });
    layers.environment(sources);
    for flag in &sources.flags {
        layers.set(flag.key, flag.value.clone(), Origin::Flag { flag: flag.flag.into() });
    }
    layers
}

impl Layers {
    fn problem(&mut self, origin: Origin, message: impl Into<String>, help: Option<String>) {
        self.problems.push(Problem { origin, message: message.into(), help });
    }

    /// Takes a value of a known key if it fits its kind.
    fn set(&mut self, name: &str, text: String, origin: Origin) {
        if let Some(bot_name) = name.strip_prefix(BOT_DEFAULTS).and_then(|rest| rest.strip_prefix('.')) {
            return self.set_bot_default(bot_name, text, origin);
        }
        let Some(key) = keys::find(name) else {
            let help = suggestion(name);
            return self.problem(origin, format!("`{name}` is no setting of this server"), help);
        };
        if let Err(reason) = key.kind.check(&text) {
            let shown = key.kind.shown(&text);
            return self.problem(origin, format!("`{name}`: `{shown}` is {reason}"), Some(key.doc.to_owned()));
        }
        self.values.insert(key.name, Value { text, origin });
    }

    fn set_bot_default(&mut self, name: &str, text: String, origin: Origin) {
        let plain = name.to_lowercase().replace('_', "-");
        let Some(key) = bot_key(&plain) else {
            let known = crate::bot_key_groups().iter().flat_map(|group| group.keys).map(|key| key.name);
            let help = nearest(&plain, known).map(|near| format!("Did you mean `{near}`?"));
            return self.problem(origin, format!("`{name}` is no key of a bot's config.csv"), help);
        };
        if let Err(reason) = key.kind.check(&text) {
            let shown = key.kind.shown(&text);
            return self.problem(origin, format!("`{BOT_DEFAULTS}.{plain}`: `{shown}` is {reason}"), None);
        }
        self.bot_defaults.set(&plain, text, origin);
    }

    fn file(&mut self, sources: &Sources<'_>) {
        let path = sources.config_file.clone().unwrap_or_else(|| sources.data_dir.join("config.toml"));
        let name: Arc<str> = path.display().to_string().into();
        let at = |line| Origin::File { path: name.clone(), line };
        let text = match sources.files.read(&path) {
            Ok(Some(text)) => text,
            Ok(None) if sources.config_file.is_none() => return,
            Ok(None) => return self.problem(at(1), "there is no such file", Some("Check --config.".to_owned())),
            Err(error) => return self.problem(at(1), format!("the file cannot be read: {error}"), None),
        };
        let table = match DeTable::parse(&text) {
            Ok(table) => table,
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(&text, span.start));
                return self.problem(at(line), error.message().to_owned(), None);
            }
        };
        for (section, body) in table.get_ref() {
            let origin = at(line_of(&text, section.span().start));
            let section = section.get_ref().as_ref();
            let known = section == BOT_DEFAULTS || sections().any(|own| own == section);
            if !known {
                let help = nearest(section, sections().chain([BOT_DEFAULTS]));
                let help = help.map(|near| format!("Did you mean `[{near}]`?"));
                self.problem(origin, format!("`[{section}]` is no section of the settings"), help);
                continue;
            }
            let Some(keys) = body.get_ref().as_table() else {
                self.problem(origin, format!("`{section}` is a section: write `[{section}]`"), None);
                continue;
            };
            for (key, value) in keys {
                let name = format!("{section}.{}", key.get_ref());
                let origin = at(line_of(&text, key.span().start));
                match plain_text(value) {
                    Some(text) => self.set(&name, text, origin),
                    None => {
                        self.problem(origin, format!("`{name}` must be a text, a number, true, false or a list"), None);
                    }
                }
            }
        }
    }

    fn environment(&mut self, sources: &Sources<'_>) {
        for (variable, value) in &sources.environment {
            let Some(rest) = variable.strip_prefix("BOTSERVER_") else { continue };
            let Some((section, key)) = rest.split_once("__") else {
                self.single_underscore(variable, rest);
                continue;
            };
            let (section, key) = (section.to_lowercase(), key.to_lowercase());
            let name = format!("{section}.{key}");
            let origin = Origin::Environment { variable: variable.as_str().into() };
            let secret =
                key.strip_suffix("_file").map(|stem| format!("{section}.{stem}")).filter(|name| is_secret(name));
            match secret {
                Some(secret) if keys::find(&name).is_none() => {
                    if sources.environment.contains_key(variable.trim_end_matches("_FILE")) {
                        let help = Some("Set one of the two.".to_owned());
                        self.problem(origin, format!("`{secret}` is given directly and by a file"), help);
                    } else {
                        self.secret_file(sources, variable, &secret, Path::new(value));
                    }
                }
                _ => self.set(&name, value.clone(), origin),
            }
        }
    }

    /// `BOTSERVER_SERVER_LISTEN`: most likely a forgotten underscore. Other names belong to somebody else: a
    /// container platform sets `BOTSERVER_SERVICE_HOST` for a service of that name.
    fn single_underscore(&mut self, variable: &str, rest: &str) {
        let lower = rest.to_lowercase();
        if let Some(key) = keys::server_keys().iter().find(|key| key.name.replace('.', "_") == lower) {
            let meant = format!("BOTSERVER_{}", key.name.to_uppercase().replace('.', "__"));
            let origin = Origin::Environment { variable: variable.into() };
            self.problem(origin, "the variable has no effect", Some(format!("Did you mean `{meant}`?")));
        }
    }

    fn secret_file(&mut self, sources: &Sources<'_>, variable: &str, name: &str, path: &Path) {
        let origin = Origin::EnvironmentFile { variable: variable.into(), path: path.display().to_string().into() };
        match sources.files.read(path) {
            Ok(Some(text)) => self.set(name, text.trim_end_matches(['\r', '\n']).to_owned(), origin),
            Ok(None) => self.problem(origin, "there is no such file", None),
            Err(error) => self.problem(origin, format!("the file cannot be read: {error}"), None),
        }
    }
}

fn is_secret(name: &str) -> bool {
    match name.strip_prefix(BOT_DEFAULTS).and_then(|rest| rest.strip_prefix('.')) {
        Some(key) => bot_key(&key.replace('_', "-")).is_some_and(|key| key.kind.is_secret()),
        None => keys::find(name).is_some_and(|key| key.kind.is_secret()),
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    keys::server_keys().iter().filter_map(|key| key.name.split('.').next())
}

fn suggestion(name: &str) -> Option<String> {
    let (section, key) = name.split_once('.')?;
    let best = keys::nearest(name).or_else(|| {
        // The right key in the wrong section.
        keys::server_keys()
            .iter()
            .map(|own| own.name)
            .find(|own| own.split_once('.').is_some_and(|(_, own)| own == key))
    });
    if let Some(near) = best {
        return Some(format!("Did you mean `{near}`?"));
    }
    let own: Vec<&str> =
        keys::server_keys().iter().filter_map(|key| key.name.strip_prefix(section)?.strip_prefix('.')).collect();
    if own.is_empty() { None } else { Some(format!("`[{section}]` knows {}.", own.join(", "))) }
}

fn line_of(text: &str, byte: usize) -> u32 {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() as u32 + 1
}

/// Scalars as text, lists joined by commas.
fn plain_text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(|n| n.to_string()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Array(items) => {
            let items: Option<Vec<String>> = items
                .iter()
                .map(|item| match item.get_ref() {
                    DeValue::Array(_) | DeValue::Table(_) => None,
                    _ => plain_text(item),
                })
                .collect();
            Some(items?.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// The value of a key as it may be shown.
pub(super) fn shown(name: &str, text: &str) -> (String, bool) {
    let kind = keys::find(name).map_or(Kind::Text, |key| key.kind);
    (kind.shown(text), kind.is_secret())
}
