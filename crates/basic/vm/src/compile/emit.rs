//! One chunk under construction: registers, jumps, statements' tables. Registers are handed out like a
//! stack above the variables, so a mark is enough to release them.

use std::sync::Arc;

use botserver_basic_syntax::ast::{Block, Loc, Name, Script};
use foldhash::HashMap;

use super::{Problems, TOO_LARGE, binder::Mentions, tables::Tables, traps::Finally};
use crate::code::{Chunk, Ins, Mark, Reg, Unit};

/// Registers one chunk may use; leaves room for sums of two register numbers.
const MAX_REGISTERS: usize = 30_000;

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A register of this chunk.
    Register(Reg),
    /// A slot of the script, seen from a procedure.
    Script(Reg),
}

/// A jump whose target is not known yet.
#[must_use]
pub(crate) struct Patch(usize);

/// A loop that EXIT and CONTINUE may name.
pub(crate) struct Loop {
    pub kind: botserver_basic_syntax::ast::LoopKind,
    pub exits: Vec<Patch>,
    pub continues: Vec<Patch>,
    /// How many FINALLY blocks enclose the loop.
    pub finally_depth: usize,
}

/// A label of this chunk.
#[derive(Default)]
pub(crate) struct Label {
    pub pc: Option<u32>,
    pub patches: Vec<Patch>,
    /// The TRY statements with FINALLY around it, outermost first.
    pub tries: Vec<Loc>,
}

/// What a call of a procedure needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Callee {
    pub chunk: u16,
    pub params: u16,
}

/// The compiler of one chunk.
pub(crate) struct Emitter<'a, 'p> {
    pub tables: &'a mut Tables,
    pub problems: &'a mut Problems<'p>,
    /// Where locations refer to (an included procedure has another one than the script).
    pub script: &'a Script,
    pub procedures: &'a HashMap<Arc<str>, Callee>,
    pub chunk: Chunk,
    pub variables: HashMap<Arc<str>, Place>,
    pub next: usize,
    pub loops: Vec<Loop>,
    pub finally: Vec<Finally>,
    pub labels: HashMap<Arc<str>, Label>,
    pub gosub: bool,
    /// Registers for the state of loops and the like, when handlers or GOSUB may run in between; they
    /// share nothing with the temporaries.
    kept: Option<std::ops::Range<usize>>,
    /// The register of the variable that holds a FUNCTION's result, if it assigns its own name.
    pub result: Option<Place>,
    /// How deep blocks are nested, to keep recursion bounded.
    pub depth: usize,
    /// Whether the quicker of two ways to say the same is taken.
    pub optimize: bool,
    loc: Loc,
}

impl<'a, 'p> Emitter<'a, 'p> {
    pub(crate) fn new(
        tables: &'a mut Tables,
        problems: &'a mut Problems<'p>,
        script: &'a Script,
        procedures: &'a HashMap<Arc<str>, Callee>,
        chunk: Chunk,
        variables: HashMap<Arc<str>, Place>,
        first_free: usize,
    ) -> Self {
        Self {
            tables,
            problems,
            script,
            procedures,
            chunk,
            variables,
            next: first_free,
            loops: Vec::new(),
            finally: Vec::new(),
            labels: HashMap::default(),
            gosub: false,
            kept: None,
            result: None,
            depth: 0,
            optimize: true,
            loc: Loc::default(),
        }
        .with_registers(first_free)
    }

    fn with_registers(mut self, count: usize) -> Self {
        self.chunk.registers = self.register_count(count);
        self
    }

    fn register_count(&mut self, count: usize) -> Reg {
        if count > MAX_REGISTERS {
            self.too_large("it uses too many variables or values at once");
            return MAX_REGISTERS as Reg;
        }
        count as Reg
    }

    pub(crate) fn too_large(&mut self, what: &str) {
        let loc = self.loc;
        self.problems.error(TOO_LARGE, loc, format!("this part of the script is too large: {what}"));
    }

    /// What must be known of the whole block before its first statement.
    pub(crate) fn prepare(&mut self, mentions: &Mentions, block: &Block) {
        self.gosub = mentions.gosub;
        if mentions.interrupted {
            self.keep(mentions.states);
        }
        self.find_labels(block, &mut Vec::new());
    }

    // -- places ---------------------------------------------------------------

    /// Instructions from now on come from here.
    pub(crate) fn at(&mut self, loc: Loc) {
        if loc != Loc::default() {
            self.loc = loc;
        }
    }

    /// The next instruction's number.
    pub(crate) fn pc(&self) -> u32 {
        self.chunk.code.len() as u32
    }

    pub(crate) fn emit(&mut self, ins: Ins) -> usize {
        let pc = self.pc();
        let last = self.chunk.marks.last();
        if last.is_none_or(|mark| mark.start != self.loc.start || mark.end != self.loc.end) {
            let (line, column) = self.script.position(self.loc);
            self.chunk.marks.push(Mark { pc, start: self.loc.start, end: self.loc.end, line, column });
        }
        self.chunk.code.push(ins);
        pc as usize
    }

    // -- registers ------------------------------------------------------------

    /// A fresh register above all others in use.
    pub(crate) fn temp(&mut self) -> Reg {
        self.temps(1)
    }

    /// The first of `count` fresh registers.
    pub(crate) fn temps(&mut self, count: usize) -> Reg {
        let first = self.next;
        self.next += count;
        let used = self.register_count(self.next);
        self.chunk.registers = self.chunk.registers.max(used);
        if self.next > MAX_REGISTERS {
            // Already reported; what follows is never run.
            self.next = MAX_REGISTERS.saturating_sub(count);
            return self.next as Reg;
        }
        first as Reg
    }

    /// Reserves registers for [`Self::state`] in a chunk where other statements may run in the middle of
    /// a block: subroutines and error handlers.
    fn keep(&mut self, count: usize) {
        let first = self.next;
        self.temps(count);
        self.kept = Some(first..first + count);
    }

    /// The first of `count` registers that hold the state of a block statement while its body runs.
    pub(crate) fn state(&mut self, count: usize) -> Reg {
        match &mut self.kept {
            Some(kept) if kept.len() >= count => {
                let first = kept.start;
                kept.start += count;
                first as Reg
            }
            _ => self.temps(count),
        }
    }

    /// Runs `work` and releases the registers that it took.
    pub(crate) fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let mark = self.next;
        let result = work(self);
        self.next = mark;
        result
    }

    pub(crate) fn place(&self, name: &Name) -> Place {
        // The binder has seen every name; the fallback is never run.
        self.variables.get(&name.key).copied().unwrap_or(Place::Register(0))
    }

    pub(crate) fn move_to(&mut self, dst: Reg, src: Reg) {
        if dst != src {
            self.emit(Ins::Move { dst, src });
        }
    }

    pub(crate) fn store(&mut self, place: Place, src: Reg) {
        match place {
            Place::Register(dst) => self.move_to(dst, src),
            Place::Script(slot) => {
                self.emit(Ins::SetScript { slot, src });
            }
        }
    }

    // -- jumps ----------------------------------------------------------------

    /// Emits a jump that [`Self::land`] completes.
    pub(crate) fn jump(&mut self, ins: Ins) -> Patch {
        Patch(self.emit(ins))
    }

    pub(crate) fn jump_always(&mut self) -> Patch {
        self.jump(Ins::Jump { target: 0 })
    }

    /// Makes the jumps go to the next instruction.
    pub(crate) fn land(&mut self, patches: impl IntoIterator<Item = Patch>) {
        let here = self.pc();
        self.land_at(patches, here);
    }

    pub(crate) fn land_at(&mut self, patches: impl IntoIterator<Item = Patch>, to: u32) {
        for Patch(index) in patches {
            match self.chunk.code.get_mut(index) {
                Some(
                    Ins::Jump { target }
                    | Ins::JumpIf { target, .. }
                    | Ins::JumpUnless { target, .. }
                    | Ins::JumpNull { target, .. }
                    | Ins::JumpNotNull { target, .. }
                    | Ins::LoopBack { target, .. }
                    | Ins::Goto { target }
                    | Ins::Gosub { target }
                    | Ins::OnErrorGoto { target }
                    | Ins::ResumeLabel { target },
                ) => *target = to,
                _ => self.too_large("a jump cannot be placed"),
            }
        }
    }

    // -- statements -----------------------------------------------------------

    /// Runs `work` as one statement: after an error under RESUME NEXT the next statement runs.
    pub(crate) fn unit(&mut self, work: impl FnOnce(&mut Self)) {
        let start = self.pc();
        work(self);
        let end = self.pc();
        self.add_unit(start, end, end);
    }

    /// Runs `work` as the head of a block statement; the unit's place to resume is set later.
    pub(crate) fn head<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (Option<usize>, T) {
        let start = self.pc();
        let result = work(self);
        let end = self.pc();
        (self.add_unit(start, end, end), result)
    }

    fn add_unit(&mut self, start: u32, end: u32, resume: u32) -> Option<usize> {
        if start == end {
            return None;
        }
        self.chunk.units.push(Unit { start, end, resume });
        Some(self.chunk.units.len() - 1)
    }

    /// Where execution goes on when the head of that unit fails under RESUME NEXT: here.
    pub(crate) fn resume_here(&mut self, units: impl IntoIterator<Item = Option<usize>>) {
        let here = self.pc();
        for index in units.into_iter().flatten() {
            if let Some(unit) = self.chunk.units.get_mut(index) {
                unit.resume = here;
            }
        }
    }

    /// The finished chunk.
    pub(crate) fn finish(mut self) -> Chunk {
        match self.result {
            Some(Place::Register(src)) => {
                self.emit(Ins::Return { src });
            }
            Some(Place::Script(slot)) => {
                let dst = self.temp();
                self.emit(Ins::GetScript { dst, slot });
                self.emit(Ins::Return { src: dst });
            }
            None => {
                self.emit(Ins::ReturnNull);
            }
        }
        let labels = std::mem::take(&mut self.labels);
        for label in labels.into_values() {
            // The parser has reported a label that does not exist.
            self.land_at(label.patches, label.pc.unwrap_or(0));
        }
        // Units are added when they end, so an outer head may come after what it encloses.
        self.chunk.units.sort_by_key(|unit| unit.start);
        self.chunk
    }
}
