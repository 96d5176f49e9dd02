//! A HEAR that waits: it takes the person's message, or is left without an answer.

use std::sync::Arc;

use botserver_basic_types::FileHandle;
use botserver_engines::{Execution, Turn, TurnEnd, TurnError, Wait};
use botserver_llm::ToolResult;
use botserver_packages::LoadedPackage;
use botserver_runtime::{Answer, Left, ScriptProgram};
use botserver_ui_tree::ChatEvent;

use super::{BotTurns, calls::CallEnd, state::set_state_flag};
use crate::message::{InboxLeave, InboxMessage};

impl BotTurns {
    /// A waiting HEAR takes the message.
    pub(super) async fn answer(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        message: &InboxMessage,
    ) -> Result<TurnEnd, TurnError> {
        let package = self.pinned(turn, &execution).await?;
        let mut program = self.restore(turn, &package, &execution)?;
        let files = message.files.iter().map(|file| FileHandle {
            url: file.url.as_str().into(),
            filename: file.filename.as_str().into(),
            mime_type: file.mime_type.as_str().into(),
            size: file.size,
        });
        let answer = Answer { text: message.text.clone(), files: files.collect() };
        match program.answer(&answer, &mut turn.buffer) {
            Some(how) => self.leave(turn, execution, &program, how, &package).await,
            None => self.drive_on(turn, execution, program, &package).await,
        }
    }

    /// A person has stopped the question that a tool asks them.
    pub(super) async fn leave_asked(&self, turn: &mut Turn<'_>, leave: &InboxLeave) -> Result<TurnEnd, TurnError> {
        let asks = |own: &Execution| {
            own.turn == leave.turn && own.parent_id.is_some() && matches!(own.wait, Some(Wait::Input { .. }))
        };
        // It may have had its answer meanwhile.
        let Some(execution) = turn.find_execution(leave.execution).filter(asks) else { return Ok(TurnEnd::Done) };
        let package = self.pinned(turn, &execution).await?;
        let program = self.restore(turn, &package, &execution)?;
        self.leave(turn, execution, &program, Left::Declined, &package).await
    }

    /// Ends a tool in its question, and lets the model go on with the knowledge of it.
    async fn leave(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        program: &ScriptProgram,
        how: Left,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        let result = ToolResult { text: program.left(how), failed: true };
        turn.cancel_one(execution.id);
        set_state_flag(turn, "secret", false);
        turn.buffer.events.push(ChatEvent::Hear { input: None }.to_json());
        let Some(parent) = execution.parent_id else {
            return Err(TurnError::Internal("a script that nobody called was left".to_owned()));
        };
        self.go_on(turn, parent, CallEnd::Result(result), package).await
    }
}
