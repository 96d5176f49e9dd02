//! The last problems, for the owner's page: what the log says at warning and error, and scripts that failed.
//! They are in memory for whoever looks, and in the database so that a reference means something after a restart.
//! Nobody who reports one waits for the database.

mod store;

use std::{collections::VecDeque, fmt::Write, sync::Arc, time::Duration};

use botserver_bot::ScriptProblem;
use botserver_db::Db;
use botserver_kernel::{Clock, IdSource as _, OrgId, RandomIds, SystemClock};
use botserver_ui_tree::ScriptError;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::{Event, Level, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context};
use utoipa::ToSchema;
use uuid::Uuid;

pub(crate) use self::store::MIGRATIONS;

/// How many are kept.
const KEPT: usize = 200;
/// Before a database that took nothing is asked again.
const AGAIN: Duration = Duration::from_secs(5);

/// One problem.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = KeptProblem)]
pub(crate) struct Problem {
    #[serde(skip)]
    id: Uuid,
    #[serde(skip)]
    at_ms: i64,
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

impl Problem {
    fn now(level: &'static str, source: String, message: String) -> Self {
        let at = SystemClock.now();
        let at_ms = at.as_millisecond();
        Self {
            id: RandomIds.next_uuid(),
            at_ms,
            at: at.to_string(),
            level,
            source,
            message,
            bot: None,
            reference: None,
        }
    }
}

/// The last problems. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Problems(Arc<Shared>);

#[derive(Default)]
struct Shared {
    last: Mutex<Last>,
    added: Notify,
}

/// The oldest first.
#[derive(Default)]
struct Last {
    problems: VecDeque<Problem>,
    /// How many of them, from the end, are not in the database yet. Those that fall out before they get there would
    /// be removed from it too.
    unsaved: usize,
}

impl Problems {
    /// The newest first.
    pub(crate) fn list(&self) -> Vec<Problem> {
        self.0.last.lock().problems.iter().rev().cloned().collect()
    }

    /// Where and why a script failed, by what the person was told to quote.
    pub(crate) fn explain(&self, reference: &str) -> Option<String> {
        let last = self.0.last.lock();
        let found = last.problems.iter().rev().find(|own| own.reference.as_deref() == Some(reference))?;
        Some(format!("{}: {}", found.source, found.message))
    }

    /// Takes up what was kept before this process began.
    pub(crate) async fn take_up(&self, db: &Db, org_id: OrgId) -> botserver_db::Result<()> {
        let kept = store::last(db, org_id).await?;
        let mut last = self.0.last.lock();
        let free = KEPT - last.problems.len();
        kept.into_iter().rev().take(free).for_each(|problem| last.problems.push_front(problem));
        Ok(())
    }

    /// Keeps in the database what is reported, all that has come together with one statement, until `stop`.
    pub(crate) async fn keep(self, db: Db, org_id: OrgId, stop: CancellationToken) {
        loop {
            let stopping = tokio::select! {
                () = self.0.added.notified() => false,
                () = stop.cancelled() => true,
            };
            if !self.save(&db, org_id).await && !stopping {
                tokio::select! {
                    () = tokio::time::sleep(AGAIN) => self.0.added.notify_one(),
                    () = stop.cancelled() => {}
                }
            }
            if stopping {
                return;
            }
        }
    }

    async fn save(&self, db: &Db, org_id: OrgId) -> bool {
        let unsaved: Vec<Problem> = {
            let mut last = self.0.last.lock();
            let count = std::mem::take(&mut last.unsaved);
            last.problems.iter().skip(last.problems.len() - count).cloned().collect()
        };
        let count = unsaved.len();
        if count == 0 {
            return true;
        }
        if let Err(error) = store::add(db, org_id, unsaved).await {
            // At this level nothing asks for it to be kept.
            tracing::info!(%error, count, "problems could not be kept in the database; they are tried again");
            let mut last = self.0.last.lock();
            last.unsaved = (last.unsaved + count).min(last.problems.len());
            return false;
        }
        true
    }

    fn add(&self, problem: Problem) {
        {
            let mut last = self.0.last.lock();
            if last.problems.len() == KEPT {
                last.problems.pop_front();
            }
            last.problems.push_back(problem);
            last.unsaved = (last.unsaved + 1).min(KEPT);
        }
        self.0.added.notify_one();
    }
}

impl ScriptProblem for Problems {
    fn script_failed(&self, bot: &str, reference: &str, message: &str, script: Option<&ScriptError>) {
        let source = script.map_or_else(|| "script".to_owned(), |own| format!("{}:{}", own.file, own.line));
        // The message may quote what a person wrote; the log gets the place, the owner's page gets both.
        tracing::info!(bot, reference, %source, "a script failed");
        self.add(Problem {
            bot: Some(bot.to_owned()).filter(|name| !name.is_empty()),
            reference: Some(reference.to_owned()),
            ..Problem::now("error", source, message.to_owned())
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
        // Otherwise a slow database would have every problem make the next one.
        if text.told || text.fields.contains(store::TABLE) {
            return;
        }
        let message = if text.fields.is_empty() { text.message } else { format!("{} ({})", text.message, text.fields) };
        self.add(Problem { bot: text.bot, ..Problem::now(level, event.metadata().target().to_owned(), message) });
    }
}

#[derive(Default)]
struct Text {
    message: String,
    fields: String,
    bot: Option<String>,
    /// The page is told by other means.
    told: bool,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let shown = format!("{value:?}");
        match field.name() {
            "message" => self.message = shown,
            "told" => self.told = shown == "true",
            "bot" => self.bot = Some(shown.trim_matches('"').to_owned()),
            name => {
                let comma = if self.fields.is_empty() { "" } else { ", " };
                // Writing to a String cannot fail.
                let _ = write!(self.fields, "{comma}{name}: {shown}");
            }
        }
    }
}
