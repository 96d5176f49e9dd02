//! Errors at run time: finding the TRY or ON ERROR that takes them, and what scripts can ask about them.

use std::sync::Arc;

use botserver_basic_types::{BasicError, Object, Result, Span, Val, ops};
use serde::{Deserialize, Serialize};

use super::{Machine, limits, text_value};

/// Characters of a message that `ERROR MESSAGE` keeps.
const MESSAGE_LEN: usize = 4096;

/// The last error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ErrorRecord {
    pub number: u32,
    pub message: String,
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

/// What ON ERROR has set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Trap {
    #[default]
    Off,
    ResumeNext,
    /// Go to the handler in that frame.
    Goto {
        frame: u32,
        target: u32,
    },
}

/// A handler that has been entered and not been left by RESUME.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Handling {
    pub frame: u32,
    /// Where RESUME goes on.
    pub again: u32,
    /// Where RESUME NEXT goes on.
    pub next: u32,
}

impl Machine {
    /// The place of the instruction that the topmost frame has just executed.
    pub(super) fn locate(&self, error: BasicError) -> BasicError {
        let Some(frame) = self.frames.last() else { return error };
        let Some(chunk) = self.image.chunk(frame.script, frame.chunk) else { return error };
        let mark = chunk.mark_at(frame.pc.saturating_sub(1));
        error.at(&self.image.span(chunk.source, mark))
    }

    /// Takes an error of the instruction just executed to whoever traps it; gives it back if nobody does.
    /// An error of a limit that must stop the run passes all traps.
    #[cold]
    pub(super) fn raise(&mut self, error: BasicError) -> Result<()> {
        let error = self.locate(error);
        if !error.trappable {
            return Err(error);
        }
        // Failing is work too: a script cannot spin on errors for free.
        self.pay(20);
        self.record(&error);
        let image = self.image.clone();
        while let Some(run) = self.runs.last() {
            let body = run.frame as usize;
            // A TRY around, also in a calling procedure, goes before ON ERROR: it is the closer intent.
            let guarded = (body..self.frames.len()).rev().find_map(|index| {
                let frame = self.frames.get(index)?;
                let pc = frame.pc.saturating_sub(1);
                let guards = &image.chunk(frame.script, frame.chunk)?.guards;
                let guard = guards.iter().find(|guard| guard.start <= pc && pc < guard.end)?;
                Some((index, guard.handler))
            });
            if let Some((index, handler)) = guarded {
                self.unwind(index, handler);
                return Ok(());
            }
            if run.handling.is_none() {
                match run.trap {
                    Trap::Off => {}
                    Trap::ResumeNext => {
                        let top = self.frames.len() - 1;
                        if let Some((_, next)) = self.unit(top) {
                            self.unwind(top, next);
                            return Ok(());
                        }
                    }
                    Trap::Goto { frame, target } => {
                        let index = frame as usize;
                        let (again, next) = self.unit(index).unwrap_or((target, target));
                        self.unwind(index, target);
                        if let Some(run) = self.runs.last_mut() {
                            run.handling = Some(Handling { frame, again, next });
                        }
                        return Ok(());
                    }
                }
            }
            if body == 0 {
                break;
            }
            // The script fails: the CALL in the script that called it has failed.
            self.runs.pop();
            self.frames.truncate(body);
            self.drop_traps();
        }
        Err(error)
    }

    /// The statement that a frame is in: where it starts and where the next one does.
    fn unit(&self, index: usize) -> Option<(u32, u32)> {
        let frame = self.frames.get(index)?;
        let unit = self.image.chunk(frame.script, frame.chunk)?.unit_at(frame.pc.saturating_sub(1))?;
        Some((unit.start, unit.resume))
    }

    pub(super) fn unwind(&mut self, index: usize, pc: u32) {
        self.frames.truncate(index + 1);
        if let Some(frame) = self.frames.last_mut() {
            frame.pc = pc;
        }
        if self.local_traps > 0 {
            self.drop_traps();
        }
    }

    /// Forgets traps and GOSUBs of frames that are gone.
    pub(super) fn drop_traps(&mut self) {
        let frames = self.frames.len() as u32;
        let mut local = 0;
        for run in &mut self.runs {
            run.gosubs.retain(|(frame, _)| *frame < frames);
            if matches!(run.trap, Trap::Goto { frame, .. } if frame >= frames) {
                run.trap = Trap::Off;
            }
            if run.handling.is_some_and(|handling| handling.frame >= frames) {
                run.handling = None;
            }
            local += run.gosubs.iter().filter(|(frame, _)| *frame != run.frame).count() as u32;
            local += u32::from(matches!(run.trap, Trap::Goto { frame, .. } if frame != run.frame));
            local += u32::from(run.handling.is_some_and(|handling| handling.frame != run.frame));
        }
        self.local_traps = local;
    }

    fn record(&mut self, error: &BasicError) {
        let span = error.span.clone().unwrap_or_default();
        self.error = Some(ErrorRecord {
            number: error.number,
            message: error.message.chars().take(MESSAGE_LEN).collect(),
            file: span.file,
            line: span.line,
            column: span.column,
        });
    }

    pub(super) fn set_trap(&mut self, trap: Trap) {
        if let Some(run) = self.runs.last_mut() {
            run.trap = trap;
            // A new ON ERROR also ends a handler that was never left by RESUME.
            run.handling = None;
        }
        self.drop_traps();
    }

    /// RESUME in its three forms: `target` picks where to go from the statement that failed.
    pub(super) fn resume_from_handler(&mut self, target: impl FnOnce(Handling) -> u32) -> Result<()> {
        self.count_jump()?;
        let top = self.frames.len() as u32 - 1;
        let handling = self.runs.last_mut().and_then(|run| run.handling.take());
        match handling {
            Some(handling) if handling.frame == top => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.pc = target(handling);
                }
                Ok(())
            }
            _ => Err(BasicError::new(20, "RESUME without an error")),
        }
    }

    pub(super) fn count_jump(&mut self) -> Result<()> {
        self.jumps += 1;
        if self.jumps > self.limits.jumps {
            return Err(limits::too_many_jumps(&self.limits));
        }
        Ok(())
    }

    pub(super) fn gosub(&mut self, target: u32) -> Result<()> {
        self.count_jump()?;
        let top = self.frames.len() as u32 - 1;
        let limit = self.limits.depth;
        let (Some(run), Some(frame)) = (self.runs.last_mut(), self.frames.last_mut()) else { return Ok(()) };
        if run.gosubs.len() >= limit {
            return Err(limits::too_deep(&self.limits));
        }
        run.gosubs.push((top, frame.pc));
        frame.pc = target;
        self.local_traps += u32::from(top != run.frame);
        Ok(())
    }

    /// Where a bare RETURN goes when a GOSUB of this frame is pending.
    pub(super) fn end_gosub(&mut self) -> bool {
        let top = self.frames.len() as u32 - 1;
        let Some(run) = self.runs.last_mut() else { return false };
        match (run.gosubs.last().copied(), self.frames.last_mut()) {
            (Some((frame, pc)), Some(current)) if frame == top => {
                run.gosubs.pop();
                current.pc = pc;
                true
            }
            _ => false,
        }
    }

    /// The recorded error as the object that CATCH gives.
    pub(super) fn caught(&mut self) -> Result<Val> {
        let Some(record) = self.error.clone() else { return Ok(Val::Null) };
        let mut fields = Object::default();
        fields.insert(Arc::from("message"), text_value(record.message));
        fields.insert(Arc::from("code"), Val::Int(i64::from(record.number)));
        fields.insert(Arc::from("line"), Val::Int(i64::from(record.line)));
        fields.insert(Arc::from("column"), Val::Int(i64::from(record.column)));
        fields.insert(Arc::from("file"), text_value(&*record.file));
        self.heap.new_object(fields).map(Val::Object)
    }

    /// The error that THROW raises: an object made by CATCH as it was, anything else as its text.
    pub(super) fn thrown(&mut self, value: &Val, again: bool) -> Result<BasicError> {
        let Val::Object(handle) = value else {
            return Ok(BasicError::new(0, ops::text_of(&self.heap, value)?.into_owned()));
        };
        let field = |name: &str| -> Val {
            let index = ops::index_of(&self.heap, *handle, name);
            index
                .and_then(|index| self.heap.object(*handle)?.get_index(index))
                .map(|(_, value)| value.clone())
                .unwrap_or_default()
        };
        if matches!(field("message"), Val::Null) {
            return Ok(BasicError::new(0, ops::text_of(&self.heap, value)?.into_owned()));
        }
        let number = |name: &str| ops::to_integer(&field(name)).ok().and_then(|value| u32::try_from(value).ok());
        let text = |name: &str| ops::text_of(&self.heap, &field(name)).map(std::borrow::Cow::into_owned);
        let mut error = BasicError::new(number("code").unwrap_or(0), text("message")?);
        if again {
            // Going on after FINALLY: the place is where it happened, not END TRY.
            error.span = Some(Span {
                file: Arc::from(text("file")?),
                line: number("line").unwrap_or(0),
                column: number("column").unwrap_or(0),
                ..Span::default()
            });
        }
        Ok(error)
    }
}
