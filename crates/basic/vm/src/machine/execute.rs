//! The outer loop of the interpreter: what needs the whole machine (calls of scripts, errors, effects, collection).
//! The inner one leaves with a signal and is entered again.

use botserver_basic_types::{BasicError, Val};

use super::{
    Machine, State, Step,
    debug::Probe,
    slow::{self, NARROW},
};
use crate::code::{Ins, Reg};

/// Why the inner loop was left. `pc` has been saved in the frame before.
pub(super) enum Signal {
    Call {
        chunk: u16,
        base: Reg,
        argc: u16,
    },
    CallScript {
        base: Reg,
        argc: u16,
    },
    Return(Val),
    /// The topmost frame does not fit the window that the loop sees registers through.
    Window,
    Exit,
    Effect {
        site: u32,
    },
    Fuel,
    /// A statement at which a debugger wants to look is about to run.
    Statement,
    Collect,
    Raise(Box<BasicError>),
    /// An instruction that works on the machine as a whole.
    Whole(Ins),
}

/// What a call or loop round costs beside its instructions.
pub(super) const CALL_COST: u64 = 8;

impl Machine {
    /// Runs until a step is reached. What a debugger is stopped by looks like the end of a slice.
    pub(super) fn execute<P: Probe>(&mut self, probe: P) -> Step {
        loop {
            let signal = if self.make_window() && !P::WATCHES {
                self.run_frame::<[Val; NARROW], P>(probe)
            } else {
                self.run_frame::<[Val], P>(probe)
            };
            if !matches!(signal, Signal::Raise(_)) {
                self.retried = None;
            }
            let outcome = match signal {
                Signal::Call { chunk, base, argc } => {
                    let Some(frame) = self.frames.last() else { return self.broken() };
                    let (script, base) = (frame.script, frame.base as usize + usize::from(base));
                    self.pay(CALL_COST);
                    self.push_frame(script, chunk, base, usize::from(argc))
                }
                Signal::Return(value) => {
                    if self.leave_frame(value) {
                        return self.ended();
                    }
                    Ok(())
                }
                Signal::Window => Ok(()),
                Signal::Exit => {
                    if self.leave_script() {
                        return self.ended();
                    }
                    Ok(())
                }
                Signal::CallScript { base, argc } => {
                    let base = self.frames.last().map_or(0, |frame| frame.base as usize) + usize::from(base);
                    self.pay(CALL_COST);
                    self.call_script(base, usize::from(argc))
                }
                Signal::Effect { site } => match self.suspend(site) {
                    Ok(request) => {
                        self.state = State::Waiting;
                        return Step::Effect(request);
                    }
                    Err(error) => Err(error),
                },
                Signal::Fuel => return Step::Fuel,
                Signal::Statement => {
                    self.note_statement();
                    return Step::Fuel;
                }
                Signal::Collect => {
                    self.collect();
                    Ok(())
                }
                Signal::Raise(error) => self.retry_or(*error),
                Signal::Whole(Ins::ReturnGosub) => {
                    if !self.end_gosub() && self.leave_frame(Val::Null) {
                        return self.ended();
                    }
                    Ok(())
                }
                Signal::Whole(ins) => self.whole(ins),
            };
            self.pay(0);
            match outcome {
                Ok(()) => {
                    if self.fuel == 0 {
                        return Step::Fuel;
                    }
                }
                Err(error) => {
                    let error = if P::WATCHES { self.hold_error(error) } else { Some(error) };
                    let Some(error) = error else { return Step::Fuel };
                    if let Err(error) = self.raise(error) {
                        return self.end(Err(error));
                    }
                    if self.fuel == 0 {
                        return Step::Fuel;
                    }
                }
            }
        }
    }

    /// Makes room for the topmost frame; true when it is narrow.
    fn make_window(&mut self) -> bool {
        let Some(frame) = self.frames.last() else { return true };
        let registers = self.image.chunk(frame.script, frame.chunk).map_or(0, |chunk| usize::from(chunk.registers));
        slow::grow(&mut self.registers, frame.base as usize + registers.max(NARROW));
        registers <= NARROW
    }

    fn ended(&mut self) -> Step {
        match &self.state {
            State::Ended(Ok(value)) => Step::Done(value.clone()),
            State::Ended(Err(error)) => Step::Failed(error.clone()),
            State::Ready | State::Waiting => self.broken(),
        }
    }

    /// A state that verified code cannot reach.
    #[cold]
    fn broken(&mut self) -> Step {
        self.end(Err(BasicError::new(9006, "the compiled script is damaged")))
    }
}
