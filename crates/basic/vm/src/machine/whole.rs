//! Instructions that work on the machine as a whole: error handling, counted jumps, retries after a
//! collection.

use botserver_basic_types::{BasicError, Val, ops};

use super::{Machine, errors::Trap};
use crate::code::{Ins, Reg};

/// What a FINALLY that an error has reached finds in its `completion`.
const FINALLY_RAISED: i64 = 1;
/// What it finds there when EXIT has reached it.
pub(super) const FINALLY_EXITING: i64 = 2;

impl Machine {
    /// An instruction that ran out of memory is tried once more after a collection.
    #[cold]
    pub(super) fn retry_or(&mut self, error: BasicError) -> Result<(), BasicError> {
        let at = (self.frames.last().map_or(0, |frame| frame.pc), self.fuel);
        if self.heap.bytes > self.heap.limits.bytes && self.retried != Some(at) {
            self.collect();
            self.pay(0);
            if let Some(frame) = self.frames.last_mut()
                && self.heap.bytes < self.heap.limits.bytes
            {
                self.retried = Some((at.0, self.fuel));
                frame.pc -= 1;
                return Ok(());
            }
        }
        Err(error)
    }

    /// Instructions on error handling and script-wide jumps.
    #[cold]
    pub(super) fn whole(&mut self, ins: Ins) -> Result<(), BasicError> {
        let top = self.frames.len() as u32 - 1;
        match ins {
            Ins::OnErrorResumeNext => self.set_trap(Trap::ResumeNext),
            Ins::OnErrorGoto { target } => self.set_trap(Trap::Goto { frame: top, target }),
            Ins::OnErrorOff => {
                self.set_trap(Trap::Off);
                self.error = None;
            }
            Ins::ClearError => self.error = None,
            Ins::Resume => self.resume_from_handler(|handling| handling.again)?,
            Ins::ResumeNext => self.resume_from_handler(|handling| handling.next)?,
            Ins::ResumeLabel { target } => self.resume_from_handler(|_| target)?,
            Ins::Gosub { target } => self.gosub(target)?,
            Ins::Goto { target } => {
                self.count_jump()?;
                if let Some(frame) = self.frames.last_mut() {
                    // Every jump is paid for as if it were backward.
                    let cost = u64::from(frame.pc.abs_diff(target)).min(64) + 1;
                    frame.pc = target;
                    self.pay(cost);
                }
            }
            Ins::CaughtError { dst } => {
                let error = self.caught()?;
                self.set(dst, error);
            }
            Ins::EnterFinally { completion, value } => {
                let error = self.caught()?;
                self.set(value, error);
                self.set(completion, Val::Int(FINALLY_RAISED));
            }
            Ins::SetKey { object, src } => {
                let (object, result) = (self.get(object), self.get(src));
                self.set_key(&object, &result)?;
            }
            Ins::ErrorFlag { dst } => self.set(dst, Val::Bool(self.error.is_some())),
            Ins::ErrorMessage { dst } => {
                let message = self.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
                self.set(dst, super::text_value(message));
            }
            Ins::ErrorNumber { dst } => {
                let number = self.error.as_ref().map_or(0, |error| error.number);
                self.set(dst, Val::Int(i64::from(number)));
            }
            Ins::ErrorLine { dst } => {
                let line = self.error.as_ref().map_or(0, |error| error.line);
                self.set(dst, Val::Int(i64::from(line)));
            }
            Ins::Throw { src } | Ins::Rethrow { src } => {
                let value = self.get(src);
                return Err(self.thrown(&value, matches!(ins, Ins::Rethrow { .. }))?);
            }
            Ins::ThrowAssert { src } => {
                let value = self.get(src);
                let message = ops::text_of(&self.heap, &value)?;
                let message = if message.is_empty() {
                    "Assertion failed".to_owned()
                } else {
                    format!("Assertion failed: {message}")
                };
                return Err(BasicError::new(0, message));
            }
            _ => return Err(BasicError::new(9006, "the compiled script is damaged")),
        }
        Ok(())
    }

    /// What was saved learns the key it was saved under, unless it has one.
    fn set_key(&mut self, object: &Val, result: &Val) -> Result<(), BasicError> {
        let field = |container: &Val, name: &str| -> Val {
            let Val::Object(handle) = container else { return Val::Null };
            let found = ops::index_of(&self.heap, *handle, name);
            found.and_then(|at| self.heap.object(*handle)?.get_index(at)).map_or(Val::Null, |(_, own)| own.clone())
        };
        let (Val::Text(name), id) = (field(result, "key"), field(result, "id")) else { return Ok(()) };
        let known = !matches!(object, Val::Object(_)) || !matches!(field(object, &name), Val::Null);
        if known || matches!(id, Val::Null) {
            return Ok(());
        }
        ops::member_set(&mut self.heap, object, &std::sync::Arc::from(&*name), id)
    }

    fn index(&self, register: Reg) -> usize {
        self.frames.last().map_or(0, |frame| frame.base as usize) + usize::from(register)
    }

    pub(super) fn set(&mut self, register: Reg, value: Val) {
        let index = self.index(register);
        if let Some(slot) = self.registers.get_mut(index) {
            *slot = value;
        }
    }

    pub(super) fn get(&self, register: Reg) -> Val {
        self.registers.get(self.index(register)).cloned().unwrap_or_default()
    }
}
