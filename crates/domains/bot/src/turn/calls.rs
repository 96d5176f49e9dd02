//! Tools that the model calls: a script as a run of its own, which the agent waits for.

use std::{sync::Arc, time::Duration};

use botserver_data::{TableQuestion, actor};
use botserver_engines::{Drive, Execution, Turn, TurnError};
use botserver_kernel::MessageId;
use botserver_knowledge::Search;
use botserver_llm::{Agent, READ_TABLES, ToolResult, arguments};
use botserver_packages::LoadedPackage;
use botserver_runtime::{ScriptProgram, StartError, failure_to_script_error, unanswered};
use serde_json::Value as Json;

use super::{BotTurns, answer::tool_failure, principal, quote::source, state::set_state_flag};

/// The kind of the execution of a tool that a model called.
pub(super) const CALL: &str = "call";
/// The setting of how long a tool may take, the time in which it waits for the person not counted.
const TIMEOUT: &str = "tool-timeout";
/// Seconds, when the setting has none.
const PATIENCE: u64 = 30;

/// Passages that a search of the model gives.
const FOUND: usize = 5;

/// How a call ended, for now.
pub(super) enum CallEnd {
    /// With this result.
    Result(ToolResult),
    /// The tool waits for the person, or for a moment.
    Waiting,
    /// The person stopped it.
    Stopped,
}

fn error(text: impl std::fmt::Display) -> CallEnd {
    CallEnd::Result(ToolResult { text: format!("error: {text}"), failed: true })
}

impl BotTurns {
    /// Runs the tool that the agent asks for next.
    pub(super) async fn begin_call(
        &self,
        turn: &mut Turn<'_>,
        agent: &mut Agent,
        parent: &Execution,
        package: &Arc<LoadedPackage>,
    ) -> Result<CallEnd, TurnError> {
        let Some((open, tool)) = agent.open_call() else {
            return Err(TurnError::Internal("an answer waits for no call".to_owned()));
        };
        agent.announce_call(&mut turn.buffer);
        let Some(tool) = tool else { return Ok(CallEnd::Result(agent.no_such_tool(&open.call.name))) };
        if tool.built_in {
            let written = &open.call.arguments;
            return match tool.script.as_str() {
                READ_TABLES => Ok(self.read_tables(turn, package, written).await),
                _ => self.search_for(turn, agent, written).await,
            };
        }
        let Some(script) = package.script(&tool.script) else {
            return Ok(error(format_args!("the tool `{}` is not there any more", tool.script)));
        };
        let params = match arguments(script, &open.call.arguments) {
            Ok(params) => params,
            Err(reason) => return Ok(error(reason)),
        };
        let execution = Execution::child(parent, turn.item(), open.run, CALL, &tool.script, &package.hash);
        let context = self.context(turn, package);
        let (keywords, ids) = (self.keywords.clone(), self.ids.clone());
        match ScriptProgram::start(package.image.clone(), &tool.script, params, keywords, ids, context) {
            Ok(mut program) => {
                program.is_called_by_model();
                self.debuggers.lead(&mut program, &package.sources);
                self.drive_call(turn, execution, program, package).await
            }
            Err(StartError::Script(reason)) => Ok(error(reason.message)),
            Err(reason @ StartError::Snapshot(_)) => Err(TurnError::Internal(reason.to_string())),
        }
    }

    /// Drives the run of a tool; a failure is the model's to know and the owner's.
    pub(super) async fn drive_call(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        mut program: ScriptProgram,
        package: &Arc<LoadedPackage>,
    ) -> Result<CallEnd, TurnError> {
        let tool = execution.program.clone();
        let patience = package.config.seconds(TIMEOUT).filter(|seconds| *seconds > 0).unwrap_or(PATIENCE);
        turn.allow(Some(Duration::from_secs(patience)));
        let drive = turn.drive(execution, &mut program).await;
        turn.allow(None);
        let drive = drive?;
        set_state_flag(turn, "secret", program.is_hearing_secret());
        Ok(match drive {
            Drive::Done(value) => CallEnd::Result(ToolResult { text: result(&value, program.said()), failed: false }),
            Drive::Waiting => CallEnd::Waiting,
            Drive::Cancelled => CallEnd::Stopped,
            Drive::Failed(failure) => {
                if let Some(text) = unanswered(&failure) {
                    return Ok(CallEnd::Result(ToolResult { text, failed: true }));
                }
                let source = |file: &str| package.sources.get(file).map(ToString::to_string);
                let place = failure_to_script_error(&failure, source);
                let known = tool_failure(&tool, &failure);
                let reference = super::reference(MessageId::new(self.ids.next_uuid()));
                self.problems.script_failed(&package.name, &reference, &known.message, place.as_ref());
                if failure.is_timeout() {
                    return Ok(error(format_args!(
                        "the tool took longer than {patience} seconds and was ended; what it had done until then stays done"
                    )));
                }
                error(&failure.message)
            }
        })
    }
}

impl BotTurns {
    /// Searches the documents with the model's words, for whom the turn acts. It changes nothing, so a crash in the
    /// middle of it may do it again.
    async fn search_for(&self, turn: &Turn<'_>, agent: &mut Agent, written: &str) -> Result<CallEnd, TurnError> {
        let query = serde_json::from_str::<Json>(written).ok();
        let Some(question) = query.as_ref().and_then(|own| own.get("query")?.as_str()).map(str::to_owned) else {
            return Ok(error("the arguments must be an object with the text `query`"));
        };
        let collections = agent.question().collections.clone();
        let search = Search { question, collections, limit: Some(FOUND) };
        let found = self.knowledge.search(&principal(turn), turn.lane().bot_id, &search).await;
        Ok(match found {
            Ok(found) => CallEnd::Result(agent.cite(found.passages.iter().map(source).collect())),
            Err(reason) => {
                tracing::error!(%reason, "the documents could not be searched for a model");
                error("the documents cannot be searched at the moment")
            }
        })
    }
}

impl BotTurns {
    /// Reads a table with the filter that the model wrote, for whom the turn acts.
    async fn read_tables(&self, turn: &Turn<'_>, package: &Arc<LoadedPackage>, written: &str) -> CallEnd {
        let Some(Json::Object(asked)) = serde_json::from_str(written).ok() else {
            return error("the arguments must be an object");
        };
        let text = |name: &str| asked.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let question = TableQuestion {
            table: text("table"),
            filter: text("filter"),
            order: text("order"),
            limit: asked.get("limit").and_then(Json::as_u64),
        };
        match self.data.ask_table(actor(&self.context(turn, package)), &question).await {
            Ok(rows) => CallEnd::Result(ToolResult { text: rows.to_string(), failed: false }),
            Err(reason) => error(reason),
        }
    }
}

/// What the model is told: the value of RETURN, else what the script said.
fn result(value: &Json, said: &[String]) -> String {
    match value {
        Json::Null if said.is_empty() => "done".to_owned(),
        Json::Null => said.join("\n"),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
