//! Calls of procedures and of other scripts, and returning from them.

use botserver_basic_types::{BasicError, Result, Val, ops};

use super::{
    Frame, Machine, Run, State,
    errors::Trap,
    limits,
    slow::{self, NARROW},
    whole::FINALLY_EXITING,
};
use crate::{code::Ins, info::Entry};

impl Machine {
    /// A script of the image that can run; in plain words why not.
    pub(super) fn find_script(&self, name: &str, entry: Entry) -> Result<(u16, u16)> {
        let script = self
            .image
            .find(name)
            .ok_or_else(|| BasicError::new(53, format!("there is no script `{name}` in this package")))?;
        if let Some(broken) = self.image.infos.get(usize::from(script)).and_then(|info| info.broken.as_ref()) {
            return Err(BasicError::new(
                9005,
                format!(
                    "the script `{name}` has an error and cannot run: {} ({}, line {})",
                    broken.message, broken.span.file, broken.span.line
                ),
            ));
        }
        let chunk = self
            .image
            .entry(script, entry)
            .ok_or_else(|| BasicError::new(53, format!("the script `{name}` has nothing to run there")))?;
        Ok((script, chunk))
    }

    /// Starts the body of a script with its first register at `base`.
    pub(super) fn push_script(&mut self, script: u16, chunk: u16, base: usize) -> Result<()> {
        self.push_frame(script, chunk, base, 0)?;
        let run = Run {
            frame: self.frames.len() as u32 - 1,
            base: base as u32,
            trap: Trap::Off,
            handling: None,
            gosubs: Vec::new(),
        };
        self.runs.push(run);
        if let Some(code) = self.image.body.scripts.get(usize::from(script)).filter(|_| !self.globals.is_empty()) {
            for (register, name) in self.registers.iter_mut().skip(base).zip(&code.variables) {
                if let Some(value) = self.globals.get(name) {
                    *register = value.clone();
                }
            }
        }
        Ok(())
    }

    /// Starts a chunk whose first `args` registers are filled; the others become null.
    pub(super) fn push_frame(&mut self, script: u16, chunk: u16, base: usize, args: usize) -> Result<()> {
        if self.frames.len() >= self.limits.depth {
            return Err(limits::too_deep(&self.limits));
        }
        let registers = self.image.chunk(script, chunk).map_or(0, |chunk| usize::from(chunk.registers));
        let end = base + registers;
        if self.registers.len() < end {
            // Some room ahead, so that a recursion does not grow it call by call.
            slow::grow(&mut self.registers, (base + NARROW).max(end + 32));
        }
        if let Some(fresh) = self.registers.get_mut(base + args..end) {
            slow::clear(fresh);
        }
        self.frames.push(Frame { script, chunk, pc: 0, base: base as u32 });
        Ok(())
    }

    /// `CALL "file.bas"`: the name and the arguments stand at `base`.
    pub(super) fn call_script(&mut self, base: usize, argc: usize) -> Result<()> {
        let values: Vec<Val> = self.registers.get(base..=base + argc).map(<[Val]>::to_vec).unwrap_or_default();
        let Some((name, args)) = values.split_first() else { return Ok(()) };
        let name = ops::text_of(&self.heap, name)?.into_owned();
        let (script, chunk) = self.find_script(&name, Entry::Main)?;
        self.push_script(script, chunk, base)?;
        for (position, arg) in args.iter().enumerate() {
            if let Err(error) = self.set_param(script, position, arg.clone()) {
                self.runs.pop();
                self.frames.pop();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Leaves the topmost frame with a value; true when that was the last one.
    pub(super) fn leave_frame(&mut self, value: Val) -> bool {
        let Some(frame) = self.frames.last().copied() else { return true };
        let depth = self.frames.len() as u32 - 1;
        if depth == 0 {
            // The frame stays: its variables may still be asked for.
            let result = self.heap.detach(&value).map_err(|error| self.locate(error));
            self.state = State::Ended(result);
            return true;
        }
        self.frames.pop();
        // What the call held is not needed any more; texts then append in place again.
        let used = self.image.chunk(frame.script, frame.chunk).map_or(0, |chunk| usize::from(chunk.params));
        let base = frame.base as usize;
        for register in self.registers.get_mut(base..base + used).into_iter().flatten() {
            *register = Val::Null;
        }
        if let Some(register) = self.registers.get_mut(base) {
            *register = value;
        }
        if self.runs.last().is_some_and(|run| run.frame == depth) {
            self.runs.pop();
        }
        if self.local_traps > 0 {
            self.drop_traps();
        }
        false
    }

    /// Leaves the script that is running, from any depth of procedures, through the FINALLY blocks of those
    /// who called them; true when that was the last one.
    pub(super) fn leave_script(&mut self) -> bool {
        let body = self.runs.last().map_or(0, |run| run.frame as usize);
        // The frame that has met EXIT went through its own blocks before.
        for index in (body..self.frames.len().saturating_sub(1)).rev() {
            let Some(frame) = self.frames.get(index).copied() else { break };
            let Some(chunk) = self.image.chunk(frame.script, frame.chunk) else { break };
            let pc = frame.pc.saturating_sub(1);
            let entered = chunk.guards.iter().filter(|guard| guard.start <= pc && pc < guard.end).find_map(|guard| {
                match chunk.code.get(guard.handler as usize) {
                    Some(Ins::EnterFinally { completion, .. }) => Some((guard.handler, *completion)),
                    _ => None,
                }
            });
            if let Some((handler, completion)) = entered {
                self.unwind(index, handler + 1);
                self.set(completion, Val::Int(FINALLY_EXITING));
                return false;
            }
        }
        self.frames.truncate(body + 1);
        self.leave_frame(Val::Null)
    }
}
