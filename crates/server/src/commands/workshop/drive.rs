//! Drives one script in this process: its effects are performed at once, its waits are waited for. Nothing is
//! durable here; a script that shall survive belongs into a bot.

use std::time::Duration;

use anyhow::{Result, anyhow};
use async_trait::async_trait;
use botserver_basic_types::BasicError;
use botserver_engines::{LocalFailure, Program as _, Step, Wait};
use botserver_runtime::{Answer, ScriptProgram, TurnBuffer};
use botserver_ui_tree::{ChatEvent, Speaker, plain_text};
use serde_json::Value as Json;

use super::Stage;

/// Whoever talks with the script.
#[async_trait]
pub(crate) trait Person: Send {
    /// Is shown what it says: events of a conversation.
    fn hears(&mut self, events: Vec<Json>) -> Result<()>;

    /// Answers its question; `None` when nothing more will come.
    async fn answers(&mut self) -> Result<Option<String>>;
}

/// How a script ended.
pub(crate) enum Driven {
    /// With a value.
    Done(Json),
    /// With an error that it did not trap.
    Failed(BasicError),
}

impl Stage {
    /// Runs until the script ends.
    pub(crate) async fn drive(
        &self,
        program: &mut ScriptProgram,
        turn: &mut TurnBuffer,
        person: &mut dyn Person,
    ) -> Result<Driven> {
        loop {
            let step = program.step(turn);
            turn.log.drain(..).for_each(|line| line.write());
            // Who holds it may want to see what was said.
            if !turn.events.is_empty() {
                person.hears(std::mem::take(&mut turn.events))?;
            }
            match step {
                Step::Done(value) => return Ok(Driven::Done(value)),
                Step::Failed(failure) => {
                    let error = serde_json::from_value(failure.detail);
                    return Ok(Driven::Failed(error.unwrap_or_else(|_| BasicError::new(9000, failure.message))));
                }
                Step::Yield => tokio::task::yield_now().await,
                Step::Hold => program.hold(turn).await,
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
                    program.at(self.clock.now());
                    program.woke();
                }
                Step::Wait(Wait::Input { .. }) => {
                    let Some(text) = person.answers().await? else {
                        return Err(anyhow!("the script waits for an answer (HEAR), but the input has ended"));
                    };
                    program.at(self.clock.now());
                    program.answer(&Answer { text, files: Vec::new() }, turn);
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
}

/// What the bot says in these events, and the choices that it offers.
pub(crate) fn texts(events: Vec<Json>) -> (Vec<String>, Vec<String>) {
    let (mut said, mut choices) = (Vec::new(), Vec::new());
    for event in events {
        match serde_json::from_value(event) {
            Ok(ChatEvent::Message { role: Speaker::Bot, parts, .. }) => said.push(plain_text(&parts)),
            Ok(ChatEvent::Hear { input: Some(input) }) => choices.extend(input.options),
            _ => {}
        }
    }
    (said, choices)
}
