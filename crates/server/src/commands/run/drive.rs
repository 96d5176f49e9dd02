//! Drives one script in this process: its effects are performed at once, its waits are waited for. Nothing is
//! durable here; a script that shall survive belongs into a bot.

use std::{io, sync::Arc, time::Duration};

use anyhow::{Result, anyhow};
use botserver_basic_types::{BasicError, Diagnostic, Severity, Span, Value};
use botserver_db::Db;
use botserver_engines::{Failure, LocalFailure, Program as _, Step, Wait};
use botserver_kernel::{Clock, IdSource};
use botserver_packages::PackageVersion;
use botserver_runtime::{Answer, CallContext, KeywordRegistry, ScriptProgram, StartError, TurnBuffer};
use botserver_ui_tree::{ChatEvent, Speaker, plain_text};

use super::Ending;
use crate::terminal::{self, Lines};

/// A script and everything it stands on.
pub(super) struct Run<'a> {
    pub(super) db: Db,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn IdSource>,
    pub(super) keywords: Arc<KeywordRegistry>,
    pub(super) version: &'a PackageVersion,
    pub(super) script: Arc<str>,
    pub(super) context: CallContext,
}

impl Run<'_> {
    /// Runs until the script ends.
    pub(super) async fn until_it_ends(mut self, params: Vec<(String, Value)>) -> Result<Ending> {
        let started = ScriptProgram::start(
            self.version.image.clone(),
            &self.script,
            params,
            self.keywords.clone(),
            self.ids.clone(),
            self.context.clone(),
        );
        let mut program = match started {
            Ok(program) => program,
            Err(StartError::Script(error)) => return Ok(self.failed(&error)),
            Err(error @ StartError::Snapshot(_)) => return Err(error.into()),
        };
        let mut turn = TurnBuffer::default();
        let mut input: Option<Lines> = None;
        loop {
            let step = program.step(&mut turn);
            Self::show(&mut turn)?;
            match step {
                Step::Done(value) => {
                    if !value.is_null() {
                        terminal::print(&value.to_string())?;
                    }
                    return Ok(Ending::Success);
                }
                Step::Failed(failure) => return Ok(self.failure(&failure)),
                Step::Yield => tokio::task::yield_now().await,
                Step::Read { .. } => {
                    let outcome = program.read().await;
                    program.resume(outcome);
                }
                Step::Local => {
                    let work = program.local();
                    let outcome = match self.db.write("run", work).await {
                        Ok(outcome) | Err(LocalFailure::Script(outcome)) => outcome,
                        Err(LocalFailure::Db(error)) => return Err(error.into()),
                    };
                    program.resume(outcome);
                }
                Step::Write => {
                    let key = format!("run/{}", self.ids.next_uuid().simple());
                    let outcome = program.write(&key).await;
                    program.resume(outcome);
                }
                Step::Wait(Wait::Timer { due_ms }) => {
                    let left = due_ms.saturating_sub(self.clock.now_ms());
                    tokio::time::sleep(Duration::from_millis(u64::try_from(left).unwrap_or_default())).await;
                    program = self.later(program)?;
                    program.woke();
                }
                Step::Wait(Wait::Input { .. }) => {
                    let lines = input.get_or_insert_with(Lines::read);
                    if terminal::is_interactive() {
                        terminal::prompt("> ");
                    }
                    let Some(text) = lines.next().await? else {
                        return Err(anyhow!("the script waits for an answer (HEAR), but the input has ended"));
                    };
                    program = self.later(program)?;
                    program.answer(&Answer { text, files: Vec::new() }, &mut turn);
                }
                Step::Wait(Wait::Event(what) | Wait::Approval(what)) => {
                    return Err(anyhow!("the script waits for `{what}`, which happens only on a server"));
                }
                Step::Wait(Wait::Child(_)) => {
                    return Err(anyhow!("the script waits for another run, which happens only on a server"));
                }
            }
        }
    }

    /// The same program at the present moment, as a server would take it up: WAIT counts from when it begins.
    fn later(&mut self, mut program: ScriptProgram) -> Result<ScriptProgram> {
        self.context.now = self.clock.now();
        let saved = program.snapshot();
        let (keywords, ids) = (self.keywords.clone(), self.ids.clone());
        Ok(ScriptProgram::restore(self.version.image.clone(), &saved, keywords, ids, self.context.clone())?)
    }

    /// What the script said: each message on stdout; the choices of a menu are for whoever types.
    fn show(turn: &mut TurnBuffer) -> io::Result<()> {
        turn.log.drain(..).for_each(|line| line.write());
        for event in turn.events.drain(..) {
            match serde_json::from_value(event) {
                Ok(ChatEvent::Message { role: Speaker::Bot, parts, .. }) => terminal::print(&plain_text(&parts))?,
                Ok(ChatEvent::Hear { input: Some(input) }) => {
                    for option in input.options {
                        terminal::tell(&format!("> {option}"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn failure(&self, failure: &Failure) -> Ending {
        let error = serde_json::from_value(failure.detail.clone());
        self.failed(&error.unwrap_or_else(|_| BasicError::new(9000, failure.message.clone())))
    }

    /// The error as `check` shows mistakes: place, source line, caret, advice.
    fn failed(&self, error: &BasicError) -> Ending {
        let whole = Span { file: self.script.clone(), line: 1, column: 1, ..Span::default() };
        let diagnostic = Diagnostic {
            // What the script reads as ERR; 0 is what it has thrown itself.
            code: if error.number == 0 { "THROW".into() } else { error.number.to_string().into() },
            severity: Severity::Error,
            message: error.message.clone(),
            span: error.span.clone().unwrap_or(whole),
            help: error.help.clone(),
        };
        super::show(&diagnostic, self.version);
        Ending::Failure
    }
}
