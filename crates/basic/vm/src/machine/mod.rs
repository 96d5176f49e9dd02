//! The resumable machine: runs a script until it is done, needs an effect, is out of fuel or fails.
//! It never calls out and never blocks; between two calls of [`Machine::run`] its whole state can be
//! taken as a snapshot. Knows no keyword by name.

mod call;
mod collect;
mod debug;
mod effect;
mod errors;
mod execute;
mod frame;
mod limits;
mod params;
mod slow;
mod snapshot;
mod whole;

use std::sync::Arc;

use botserver_basic_types::{BasicError, EffectRequest, Heap, Text, Val, Value};
use indexmap::IndexMap;

pub use debug::{FrameInfo, Place, Places, RESULT, Scope, Shown, Stop, Until};
pub use limits::Limits;
pub use snapshot::SnapshotError;

use crate::{image::Image, info::Entry};
use errors::{ErrorRecord, Handling, Trap};

/// Why the machine stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The script ended with this value.
    Done(Value),
    /// The script waits for the outcome of this effect; give it to [`Machine::resume`].
    Effect(EffectRequest),
    /// The fuel of this slice is used up; call [`Machine::run`] again.
    Fuel,
    /// The script ended with an error that it did not trap.
    Failed(BasicError),
}

/// A running script.
#[derive(Debug)]
pub struct Machine {
    image: Arc<Image>,
    limits: Limits,
    heap: Heap,
    registers: Vec<Val>,
    frames: Vec<Frame>,
    runs: Vec<Run>,
    /// Predefined variables by lower-case name.
    globals: IndexMap<Arc<str>, Val>,
    /// The error that `ERROR`, `ERR` and a CATCH see.
    error: Option<ErrorRecord>,
    state: State,
    /// Fuel left in this slice.
    fuel: u64,
    /// Fuel used in the slices before.
    used: u64,
    /// Fuel that the last instruction of this slice took beyond what was left.
    debt: u64,
    jumps: u64,
    /// Traps and GOSUBs that belong to a procedure's frame; while 0, returning has nothing to tidy up.
    local_traps: u32,
    /// The heap is collected when it has grown to this.
    collect_at: usize,
    /// The instruction (and the fuel then) that was tried once more after it had run out of memory.
    retried: Option<(u32, u64)>,
    /// For each field name the position where it was last found in an object.
    hints: Vec<u32>,
    /// What a debugger wants and holds; nobody debugs most machines.
    debug: Option<Box<debug::Debug>>,
}

/// What the machine can do next.
#[derive(Clone, Debug, PartialEq)]
enum State {
    /// Run.
    Ready,
    /// Take the outcome of the effect whose instruction has just been executed.
    Waiting,
    /// Nothing more.
    Ended(Result<Value, BasicError>),
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    script: u16,
    chunk: u16,
    /// The next instruction.
    pc: u32,
    /// The first register.
    base: u32,
}

/// One script that is running: the one the machine was made for, or one that was CALLed.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    /// The frame of its body.
    frame: u32,
    /// The register of its first variable.
    base: u32,
    trap: Trap,
    handling: Option<Handling>,
    /// GOSUBs to return from: frame and instruction.
    gosubs: Vec<(u32, u32)>,
}

impl Machine {
    /// A machine that will run a script from its beginning. `params` are the arguments of its PARAMs, by name.
    pub fn new(
        image: Arc<Image>,
        script: &str,
        params: Vec<(String, Value)>,
        limits: Limits,
    ) -> Result<Self, BasicError> {
        Self::at_entry(image, script, Entry::Main, params, limits)
    }

    /// A machine that will run a handler or the body of a schedule.
    pub fn at_entry(
        image: Arc<Image>,
        script: &str,
        entry: Entry,
        params: Vec<(String, Value)>,
        limits: Limits,
    ) -> Result<Self, BasicError> {
        let mut machine = Self::empty(image, limits);
        let (script, chunk) = machine.find_script(script, entry)?;
        machine.push_script(script, chunk, 0)?;
        machine.set_params(script, params)?;
        Ok(machine)
    }

    fn empty(image: Arc<Image>, limits: Limits) -> Self {
        Self {
            heap: Heap::new(limits.heap),
            registers: Vec::new(),
            frames: Vec::new(),
            runs: Vec::new(),
            globals: IndexMap::new(),
            error: None,
            state: State::Ready,
            fuel: 0,
            used: 0,
            debt: 0,
            jumps: 0,
            local_traps: 0,
            collect_at: collect::FIRST_COLLECTION.min(limits.heap.bytes / 2),
            retried: None,
            hints: vec![0; image.body.names.len()],
            debug: None,
            limits,
            image,
        }
    }

    /// Gives a predefined variable (`user`, a `param-` setting) its value, in every script of the run.
    /// A PARAM of the same name keeps its argument. To be called before the first [`Self::run`].
    pub fn set_global(&mut self, name: &str, value: &Value) -> Result<(), BasicError> {
        let value = self.heap.attach(value)?;
        let name: Arc<str> = Arc::from(name.to_lowercase());
        if let Some(frame) = self.frames.first().copied()
            && let Some(code) = self.image.body.scripts.get(usize::from(frame.script))
            && let Some(slot) = code.variables.iter().position(|variable| *variable == name)
            && !code.params.contains(&(slot as u16))
            && let Some(register) = self.registers.get_mut(frame.base as usize + slot)
        {
            *register = value.clone();
        }
        self.globals.insert(name, value);
        Ok(())
    }

    /// Runs until something stops it; `fuel` is about the number of instructions this slice may take.
    pub fn run(&mut self, fuel: u64) -> Step {
        self.slice(fuel, debug::Unwatched)
    }

    fn slice<P: debug::Probe>(&mut self, fuel: u64, probe: P) -> Step {
        match &self.state {
            State::Ended(Ok(value)) => return Step::Done(value.clone()),
            State::Ended(Err(error)) => return Step::Failed(error.clone()),
            State::Waiting => {
                if let Some(request) = self.pending() {
                    return Step::Effect(request);
                }
            }
            State::Ready => {}
        }
        let left = self.limits.instructions.saturating_sub(self.used);
        self.fuel = fuel.min(left);
        let slice = self.fuel;
        // With tiny slices the loops' own check might never be reached.
        if self.heap.bytes >= self.collect_at {
            self.collect();
            self.pay(0);
        }
        // Collecting took the last of the slice before: the next try is the first thing of this one.
        if let Some((_, fuel @ 0)) = &mut self.retried {
            *fuel = self.fuel;
        }
        let step = self.execute(probe);
        self.pay(0);
        self.used = self.used.saturating_add(slice - self.fuel).saturating_add(std::mem::take(&mut self.debt));
        match &step {
            Step::Fuel if self.used >= self.limits.instructions => {
                let error = limits::too_long(&self.limits);
                let error = self.locate(error);
                self.end(Err(error))
            }
            _ => step,
        }
    }

    /// Answers the pending effect with its value or error; [`Self::run`] goes on from there.
    /// Without a pending effect nothing happens.
    pub fn resume(&mut self, outcome: Result<Value, BasicError>) {
        if self.state != State::Waiting {
            return;
        }
        self.state = State::Ready;
        let outcome = outcome.and_then(|value| self.receive(&value));
        if let Err(error) = outcome
            && let Some(error) = self.hold_error(error)
            && let Err(error) = self.raise(error)
        {
            self.end(Err(error));
        }
    }

    /// The effect whose outcome the machine waits for.
    pub fn pending(&self) -> Option<EffectRequest> {
        if self.state != State::Waiting {
            return None;
        }
        self.request().ok()
    }

    /// The value of a variable of the script the machine was made for, by name; also after the end.
    pub fn variable(&self, name: &str) -> Option<Value> {
        let (code, base) = self.outermost()?;
        let name = name.to_lowercase();
        let slot = code.variables.iter().position(|variable| **variable == *name)?;
        self.heap.detach(self.registers.get(base + slot)?).ok()
    }

    /// The variables of the script the machine was made for that are not null, in the author's spelling.
    pub fn variables(&self) -> Vec<(Arc<str>, Value)> {
        let Some((code, base)) = self.outermost() else { return Vec::new() };
        code.spellings
            .iter()
            .enumerate()
            .filter_map(|(slot, name)| {
                let value = self.heap.detach(self.registers.get(base + slot)?).ok()?;
                (!value.is_null()).then(|| (name.clone(), value))
            })
            .collect()
    }

    /// Instructions executed so far, about.
    pub fn instructions(&self) -> u64 {
        self.used
    }

    /// Pays for something, and for the work of functions and operators since the last time.
    fn pay(&mut self, cost: u64) {
        limits::pay(&mut self.fuel, &mut self.debt, cost + self.heap.settle());
    }

    fn outermost(&self) -> Option<(&crate::image::ScriptCode, usize)> {
        let frame = self.frames.first()?;
        Some((self.image.body.scripts.get(usize::from(frame.script))?, frame.base as usize))
    }

    fn end(&mut self, result: Result<Value, BasicError>) -> Step {
        self.state = State::Ended(result.clone());
        match result {
            Ok(value) => Step::Done(value),
            Err(error) => Step::Failed(error),
        }
    }
}

/// Text as a value.
fn text_value(text: impl Into<String>) -> Val {
    Val::Text(Text::new(text))
}
