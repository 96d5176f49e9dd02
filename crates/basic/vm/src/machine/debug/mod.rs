//! A machine that a debugger leads: it runs from statement to statement, or to marked ones, and stops where an error is
//! raised. A loop of its own does that, so a machine that nobody debugs pays nothing. Knows no breakpoint's condition
//! and no protocol.

mod evaluate;
mod frames;
mod values;

use std::{cell::Cell, collections::HashSet};

use botserver_basic_types::{BasicError, Val};

pub use self::{
    evaluate::RESULT,
    frames::{FrameInfo, Scope},
    values::Shown,
};
use super::{Frame, Machine, State, Step, errors::Trap};
pub use crate::stops::Place;
use crate::{
    code::Ins,
    stops::{ChunkStops, Stops},
};

/// The statements before which a machine shall stop.
pub type Places = HashSet<Place>;

/// How far a machine shall run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To a marked statement.
    Marked,
    /// To the next statement, wherever it is.
    Statement,
    /// To the next statement in one of the outermost frames, so many of them: deeper calls run through.
    Depth(usize),
}

/// Why a machine that is led has stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// A statement is about to run.
    Statement,
    /// An error was raised; the frames are still those in which it happened. Going on takes it to whoever traps it.
    Error {
        /// The error, with its place.
        error: BasicError,
        /// True if the script traps it.
        caught: bool,
    },
    /// What any machine stops for.
    Step(Step),
}

/// What a debugger wants of a machine, and holds of it.
#[derive(Debug, Default)]
pub(super) struct Debug {
    /// Errors to stop at: those that the script traps, those that end it.
    errors: (bool, bool),
    /// The error at which it stands, and whether the debugger has been told.
    raised: Option<(BasicError, bool)>,
    /// It stands before a statement of which the debugger knows.
    at_statement: bool,
    /// A statement was reached in the slice that runs.
    reached: bool,
    /// Values that the debugger looks at: they stay alive until the machine goes on.
    pub(super) held: Vec<Val>,
}

/// What the interpreter asks before each instruction. The one of an ordinary machine vanishes when it is compiled.
pub(super) trait Probe: Copy {
    /// What it knows of the chunk that runs.
    type Chunk: Copy;
    /// Somebody looks.
    const WATCHES: bool;
    fn enter(self, frame: Frame) -> Self::Chunk;
    fn stops(self, chunk: Self::Chunk, pc: usize, depth: usize) -> bool;
}

/// Nobody looks.
#[derive(Clone, Copy)]
pub(super) struct Unwatched;

impl Probe for Unwatched {
    type Chunk = ();
    const WATCHES: bool = false;

    #[inline(always)]
    fn enter(self, _: Frame) -> Self::Chunk {}

    #[expect(clippy::inline_always, reason = "it must cost nothing")]
    #[inline(always)]
    fn stops(self, (): Self::Chunk, _: usize, _: usize) -> bool {
        false
    }
}

struct Watch<'a> {
    stops: &'a Stops,
    marked: &'a Places,
    until: Until,
    /// The statement before which the machine stands now runs.
    pass: Cell<bool>,
    /// Where it stands: other statements of the same line belong to the same step.
    here: Option<(usize, u32)>,
    machine: &'a crate::image::Image,
}

impl<'a> Probe for &'a Watch<'a> {
    type Chunk = Option<(&'a ChunkStops, Frame)>;
    const WATCHES: bool = true;

    fn enter(self, frame: Frame) -> Self::Chunk {
        Some((self.stops.chunk(frame.script, frame.chunk)?, frame))
    }

    fn stops(self, chunk: Self::Chunk, pc: usize, depth: usize) -> bool {
        if self.pass.replace(false) {
            return false;
        }
        let begins = chunk.filter(|(stops, _)| stops.begins(pc));
        let Some((_, Frame { script, chunk, .. })) = begins else { return false };
        let place = Place { script, chunk, pc: pc as u32 };
        if self.marked.contains(&place) {
            return true;
        }
        let wanted = match self.until {
            Until::Marked => false,
            Until::Statement => true,
            Until::Depth(most) => depth <= most,
        };
        wanted && !self.here.is_some_and(|(own, line)| own == depth && self.is_rest_of_line(place, line))
    }
}

impl Watch<'_> {
    fn is_rest_of_line(&self, place: Place, line: u32) -> bool {
        let Some(chunk) = self.machine.chunk(place.script, place.chunk) else { return false };
        let stops = self.stops.chunk(place.script, place.chunk);
        chunk.mark_at(place.pc).is_some_and(|mark| mark.line == line)
            && stops.is_some_and(|stops| !stops.begins_line(place.pc, line))
    }
}

impl Machine {
    /// As [`Machine::run`], but it also stops before statements: marked ones always, others as `until` says.
    pub fn run_until(&mut self, fuel: u64, until: Until, marked: &Places) -> Stop {
        if let Some(stop) = self.tell_error() {
            return stop;
        }
        let debug = self.debug.get_or_insert_default();
        debug.held.clear();
        debug.reached = false;
        let pass = std::mem::take(&mut debug.at_statement);
        if let Some((error, _)) = debug.raised.take()
            && let Err(error) = self.raise(error)
        {
            return Stop::Step(self.end(Err(error)));
        }
        let here = if pass { self.frames().first().map(|frame| (self.depth(), frame.span.line)) } else { None };
        let image = self.image.clone();
        let watch = Watch { stops: image.stops(), marked, until, pass: Cell::new(pass), here, machine: &image };
        let step = self.slice(fuel, &watch);
        if self.debug.as_deref().is_some_and(|debug| debug.reached) && step == Step::Fuel {
            return Stop::Statement;
        }
        self.tell_error().unwrap_or(Stop::Step(step))
    }

    /// Says at which errors [`Machine::run_until`] stops.
    pub fn stop_at_errors(&mut self, caught: bool, uncaught: bool) {
        self.debug.get_or_insert_default().errors = (caught, uncaught);
    }

    /// The scripts that it runs.
    pub fn image(&self) -> &crate::Image {
        &self.image
    }

    /// Calls inside of calls that are running, from 1.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// The statement before which it stands, if it stands before one.
    pub fn place(&self) -> Option<Place> {
        let frame = self.frames.last().filter(|_| self.stands_at_statement())?;
        Some(Place { script: frame.script, chunk: frame.chunk, pc: frame.pc })
    }

    pub(super) fn stands_at_statement(&self) -> bool {
        self.debug.as_deref().is_some_and(|debug| debug.at_statement)
    }

    /// A statement that is wanted has been reached.
    pub(super) fn note_statement(&mut self) {
        let debug = self.debug.get_or_insert_default();
        debug.at_statement = true;
        debug.reached = true;
    }

    /// Keeps an error at which the debugger wants to look; gives back any other.
    #[cold]
    pub(super) fn hold_error(&mut self, error: BasicError) -> Option<BasicError> {
        let Some((caught, uncaught)) = self.debug.as_deref().map(|debug| debug.errors) else { return Some(error) };
        let wanted = if self.traps(&error) { caught } else { uncaught };
        if !wanted {
            return Some(error);
        }
        let error = self.locate(error);
        self.debug.get_or_insert_default().raised = Some((error, false));
        None
    }

    fn tell_error(&mut self) -> Option<Stop> {
        let (error, told) = self.debug.as_deref_mut()?.raised.as_mut()?;
        if std::mem::replace(told, true) {
            return None;
        }
        let error = error.clone();
        Some(Stop::Error { caught: self.traps(&error), error })
    }

    /// Whether the script takes an error of the instruction just executed: as [`Machine::raise`] decides it.
    fn traps(&self, error: &BasicError) -> bool {
        let mut above = self.frames.len();
        error.trappable
            && self.runs.iter().rev().any(|run| {
                let frames = run.frame as usize..above;
                above = run.frame as usize;
                (run.handling.is_none() && run.trap != Trap::Off) || frames.rev().any(|index| self.is_guarded(index))
            })
    }

    /// Whether a TRY with a CATCH is around what a frame does.
    fn is_guarded(&self, index: usize) -> bool {
        let Some(frame) = self.frames.get(index) else { return false };
        let Some(chunk) = self.image.chunk(frame.script, frame.chunk) else { return false };
        let pc = frame.pc.saturating_sub(1);
        // A FINALLY lets the error pass.
        chunk
            .guards
            .iter()
            .filter(|guard| guard.start <= pc && pc < guard.end)
            .any(|guard| !matches!(chunk.code.get(guard.handler as usize), Some(Ins::EnterFinally { .. })))
    }

    /// True when nothing of it is left to run.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}
