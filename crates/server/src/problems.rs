//! The last problems, for the owner's page: what the log says at warning and error, and scripts that failed.
//! Kept in memory, bounded; the log has all of them.

use std::{collections::VecDeque, fmt::Write, sync::Arc};

use botserver_bot::ScriptProblem;
use botserver_kernel::{Clock, SystemClock};
use botserver_ui_tree::ScriptError;
use parking_lot::Mutex;
use serde::Serialize;
use tracing::{Event, Level, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context};
use utoipa::ToSchema;

/// How many are kept.
const KEPT: usize = 200;

/// One problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeptProblem)]
pub(crate) struct Problem {
    /// RFC 3339.
    at: String,
    /// `warning` or `error`.
    level: &'static str,
    /// Where it comes from: a script's file and line, or a part of the server.
    source: String,
    /// What happened.
    message: String,
    /// The bot, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<String>,
    /// What the person was told to quote.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

/// The last problems. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Problems(Arc<Mutex<VecDeque<Problem>>>);

impl Problems {
    /// The newest first.
    pub(crate) fn list(&self) -> Vec<Problem> {
        self.0.lock().iter().rev().cloned().collect()
    }

    /// Where and why a script failed, by what the person was told to quote.
    pub(crate) fn explain(&self, reference: &str) -> Option<String> {
        let kept = self.0.lock();
        let found = kept.iter().rev().find(|own| own.reference.as_deref() == Some(reference))?;
        Some(format!("{}: {}", found.source, found.message))
    }

    fn add(&self, problem: Problem) {
        let mut kept = self.0.lock();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(problem);
    }
}

impl ScriptProblem for Problems {
    fn script_failed(&self, bot: &str, reference: &str, message: &str, script: Option<&ScriptError>) {
        let source = script.map_or_else(|| "script".to_owned(), |own| format!("{}:{}", own.file, own.line));
        // The message may quote what a person wrote; the log gets the place, the owner's page gets both.
        tracing::info!(bot, reference, %source, "a script failed");
        self.add(Problem {
            at: SystemClock.now().to_string(),
            level: "error",
            source,
            message: message.to_owned(),
            bot: Some(bot.to_owned()).filter(|name| !name.is_empty()),
            reference: Some(reference.to_owned()),
        });
    }
}

impl<S: Subscriber> Layer<S> for Problems {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warning",
            _ => return,
        };
        let mut text = Text::default();
        event.record(&mut text);
        self.add(Problem {
            at: SystemClock.now().to_string(),
            level,
            source: event.metadata().target().to_owned(),
            message: if text.fields.is_empty() { text.message } else { format!("{} ({})", text.message, text.fields) },
            bot: text.bot,
            reference: None,
        });
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
    bot: Option<String>,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let shown = format!("{value:?}");
        match field.name() {
            "message" => self.message = shown,
            "bot" => self.bot = Some(shown.trim_matches('"').to_owned()),
            name => {
                let comma = if self.fields.is_empty() { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(self.fields, "{comma}{name}: {shown}");
            }
        }
    }
}
