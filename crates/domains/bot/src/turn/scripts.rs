//! Running scripts: a suggestion's tool, the greeting, and whatever waited or was interrupted.

use std::sync::Arc;

use botserver_basic_types::Value;
use botserver_context::ToolCall;
use botserver_engines::{Drive, Execution, Failure, Turn, TurnEnd, TurnError};
use botserver_kernel::ConversationId;
use botserver_packages::LoadedPackage;
use botserver_runtime::{CallContext, HTTP_HEADERS, ScriptProgram, StartError};
use serde_json::json;

use super::{
    BotTurns, TOOL, nth,
    state::{locale, principal, set_state_flag, turn_name},
    telling::BROKEN_SCRIPT,
};
use crate::sentences::sentence;

impl BotTurns {
    /// The tool of a suggestion.
    pub(super) async fn run_tool(&self, turn: &mut Turn<'_>, call: &ToolCall) -> Result<TurnEnd, TurnError> {
        let Some(package) = self.packages.current(turn.lane().bot_id) else { return Ok(TurnEnd::Done) };
        let Some(script) = package.script(&call.tool) else {
            let message = format!("a suggestion runs the script `{}`, which the package does not have", call.tool);
            let failure = Failure { message, detail: json!({"number": BROKEN_SCRIPT}) };
            self.fail(turn, &package.name, &failure, None);
            return Ok(TurnEnd::Failed);
        };
        if !may_run(turn, &script.allowed_roles) {
            self.say(turn, sentence("not_allowed", &locale(turn)));
            return Ok(TurnEnd::Done);
        }
        let names = script.params.iter().map(|param| param.name.to_string());
        let params = names.zip(call.with.iter().cloned()).collect();
        let name = script.name.clone();
        self.start(turn, &package, &name, TOOL, params).await
    }

    pub(super) async fn start(
        &self,
        turn: &mut Turn<'_>,
        package: &Arc<LoadedPackage>,
        script: &str,
        kind: &str,
        params: Vec<(String, Value)>,
    ) -> Result<TurnEnd, TurnError> {
        // Headers stick for one run (SET HEADER); they may hold tokens that the next script has no business with.
        turn.buffer.state_changed |= turn.buffer.state.remove(HTTP_HEADERS).is_some();
        let execution = Execution::start(turn.item(), nth(kind), kind, script, &package.hash);
        let context = self.context(turn, package);
        let started = ScriptProgram::start(
            package.image.clone(),
            script,
            params,
            self.keywords.clone(),
            self.ids.clone(),
            context,
        );
        match started {
            Ok(mut program) => {
                self.debuggers.lead(&mut program, &package.sources);
                self.drive(turn, execution, program, package).await
            }
            Err(StartError::Script(mut error)) => {
                // A script that does not compile has a place too: that of its first mistake.
                let broken = package.script(script).and_then(|own| own.broken.as_ref());
                error.span = error.span.or_else(|| broken.map(|found| found.span.clone()));
                let failure = Failure { message: error.message.clone(), detail: json!(error) };
                self.fail(turn, &package.name, &failure, Some(package));
                Ok(TurnEnd::Failed)
            }
            Err(error @ StartError::Snapshot(_)) => Err(TurnError::Internal(error.to_string())),
        }
    }

    /// Drives a script that had waited or was interrupted; if it is a tool that a model called, the model goes on
    /// with its result.
    pub(super) async fn drive_on(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        program: ScriptProgram,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        match execution.parent_id {
            Some(parent) => {
                let end = self.drive_call(turn, execution, program, package).await?;
                self.go_on(turn, parent, end, package).await
            }
            None => self.drive(turn, execution, program, package).await,
        }
    }

    pub(super) async fn drive(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        mut program: ScriptProgram,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        let tool = execution.kind == TOOL;
        let drive = turn.drive(execution, &mut program).await?;
        set_state_flag(turn, "secret", program.is_hearing_secret());
        match drive {
            Drive::Done(value) => {
                // A tool that only RETURNs speaks through its value; for a person that is its text.
                if tool && !program.has_spoken() && !value.is_null() {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    self.say(turn, &text);
                }
                Ok(TurnEnd::Done)
            }
            Drive::Waiting => Ok(TurnEnd::Waiting),
            Drive::Failed(failure) => {
                self.fail(turn, &package.name, &failure, Some(package));
                Ok(TurnEnd::Failed)
            }
            Drive::Cancelled => Ok(self.stopped(turn)),
        }
    }

    /// The package version an execution is pinned to.
    pub(super) async fn pinned(&self, turn: &Turn<'_>, execution: &Execution) -> Result<Arc<LoadedPackage>, TurnError> {
        self.packages
            .version(turn.lane().bot_id, &execution.program_version)
            .await
            .map_err(|error| TurnError::Internal(error.to_string()))
    }

    pub(super) fn restore(
        &self,
        turn: &Turn<'_>,
        package: &Arc<LoadedPackage>,
        execution: &Execution,
    ) -> Result<ScriptProgram, TurnError> {
        let saved = execution.snapshot.as_deref().unwrap_or_default();
        let context = self.context(turn, package);
        let (keywords, ids) = (self.keywords.clone(), self.ids.clone());
        let mut program = ScriptProgram::restore(package.image.clone(), saved, keywords, ids, context)
            .map_err(|error| TurnError::Internal(format!("{}: {error}", execution.program)))?;
        self.debuggers.lead(&mut program, &package.sources);
        Ok(program)
    }

    pub(super) fn context(&self, turn: &Turn<'_>, package: &Arc<LoadedPackage>) -> CallContext {
        let lane = turn.lane();
        CallContext {
            principal: principal(turn),
            bot_id: lane.bot_id,
            bot_name: package.name.clone(),
            package_version: package.hash.clone(),
            conversation_id: Some(ConversationId::new(lane.id.0)),
            config: package.config.clone(),
            locale: locale(turn).into(),
            time_zone: package.config.time_zone(),
            turn: turn_name(turn).into(),
            now: self.clock.now(),
        }
    }
}

/// ALLOW ROLE: whether the person of this conversation may run a script, however they come to it.
pub(super) fn may_run(turn: &Turn<'_>, roles: &[Arc<str>]) -> bool {
    let role = if turn.lane().person_id.is_some() { "visitor" } else { "system" };
    roles.is_empty() || roles.iter().any(|own| own.eq_ignore_ascii_case(role))
}
