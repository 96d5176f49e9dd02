//! `botserver config`: the settings as the server would use them, and where each value comes from.

use anyhow::Result;
use botserver_config::{Entry, Settings};
use serde_json::{Value, json};

use super::Ending;
use crate::{
    command_line::{Common, Output, ShowConfigOptions},
    settings::{self, Overrides},
    terminal,
};

pub(crate) fn show(common: &Common, options: &ShowConfigOptions) -> Result<Ending> {
    let settings = settings::load(common, &Overrides::default())?;
    let text = match options.output {
        Output::Json => serde_json::to_string_pretty(&as_json(&settings))?,
        Output::Text => as_text(&settings.entries(), options.origin),
    };
    terminal::print(&text)?;
    Ok(Ending::Success)
}

pub(crate) fn validate(common: &Common) -> Result<Ending> {
    match settings::load(common, &Overrides::default()) {
        Ok(_) => {
            terminal::tell("The settings are fine.");
            Ok(Ending::Success)
        }
        Err(error) => {
            for problem in &error.problems {
                terminal::print(&problem.to_string())?;
            }
            Ok(Ending::Failure)
        }
    }
}

fn as_json(settings: &Settings) -> Value {
    let entries = settings.entries();
    let entry = |entry: &Entry| {
        json!({
            "key": entry.key, "value": entry.value, "origin": entry.origin.to_string(), "secret": entry.secret,
            "locked": entry.locked, "scope": entry.scope.to_string(),
        })
    };
    json!({"data_dir": settings.data_dir, "settings": entries.iter().map(entry).collect::<Vec<_>>()})
}

/// One setting a line, `key = value`, and the origins in a column.
fn as_text(entries: &[Entry], with_origin: bool) -> String {
    let line = |entry: &Entry| {
        let scope = if entry.scope == botserver_config::Scope::BotDefaults { "bot_defaults." } else { "" };
        match &entry.value {
            Some(value) => format!("{scope}{} = {value}", entry.key),
            None => format!("{scope}{} is not set", entry.key),
        }
    };
    let lines: Vec<String> = entries.iter().map(line).collect();
    let widest = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (line, entry) in lines.iter().zip(entries) {
        text.push_str(line);
        if with_origin {
            let gap = widest - line.chars().count() + 2;
            text.extend(std::iter::repeat_n(' ', gap));
            text.push_str("# ");
            text.push_str(&entry.origin.to_string());
        }
        text.push('\n');
    }
    text
}
