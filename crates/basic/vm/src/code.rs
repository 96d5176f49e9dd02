//! The bytecode: instructions over registers, and the tables that go with a piece of code.
//! Variants of [`Ins`] are append-only: their order is their number in stored images.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, OrderBy, UnaryOp};
use serde::{Deserialize, Serialize};

/// A register of the running frame.
pub(crate) type Reg = u16;

/// One instruction: eight bytes. `dst` is written, everything else is read, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[rustfmt::skip] // One line each: it is a table.
pub(crate) enum Ins {
    /// Does nothing.
    Nop,
    LoadNull { dst: Reg },
    LoadBool { dst: Reg, value: bool },
    LoadInt { dst: Reg, value: i32 },
    /// A constant of the image.
    LoadConst { dst: Reg, index: u32 },
    Move { dst: Reg, src: Reg },
    /// A script variable, from inside a procedure.
    GetScript { dst: Reg, slot: Reg },
    SetScript { slot: Reg, src: Reg },
    Add { dst: Reg, a: Reg, b: Reg },
    AddInt { dst: Reg, a: Reg, value: i16 },
    Subtract { dst: Reg, a: Reg, b: Reg },
    SubtractInt { dst: Reg, a: Reg, value: i16 },
    Multiply { dst: Reg, a: Reg, b: Reg },
    Divide { dst: Reg, a: Reg, b: Reg },
    Modulo { dst: Reg, a: Reg, b: Reg },
    Power { dst: Reg, a: Reg, b: Reg },
    Concat { dst: Reg, a: Reg, b: Reg },
    Negate { dst: Reg, a: Reg },
    Not { dst: Reg, a: Reg },
    /// The boolean a value counts as.
    Truth { dst: Reg, a: Reg },
    Equal { dst: Reg, a: Reg, b: Reg },
    NotEqual { dst: Reg, a: Reg, b: Reg },
    Less { dst: Reg, a: Reg, b: Reg },
    LessEqual { dst: Reg, a: Reg, b: Reg },
    Like { dst: Reg, a: Reg, b: Reg },
    ILike { dst: Reg, a: Reg, b: Reg },
    /// `a CONTAINS b`, `b IN a`.
    Contains { dst: Reg, a: Reg, b: Reg },
    IsNull { dst: Reg, a: Reg },
    Xor { dst: Reg, a: Reg, b: Reg },
    /// `dst = dst + r[first] + …`: in place when `dst` is a text that nobody else holds.
    Append { dst: Reg, first: Reg, count: u16 },
    /// The same for a script variable, from inside a procedure.
    AppendScript { slot: Reg, first: Reg, count: u16 },
    /// The texts of `count` registers, joined.
    Interpolate { dst: Reg, first: Reg, count: u16 },
    Jump { target: u32 },
    JumpIf { a: Reg, target: u32 },
    JumpUnless { a: Reg, target: u32 },
    JumpNull { a: Reg, target: u32 },
    JumpNotNull { a: Reg, target: u32 },
    /// Goes on with the next instruction if the comparison is `expect`, else skips it.
    TestEqual { a: Reg, b: Reg, expect: bool },
    TestLess { a: Reg, b: Reg, expect: bool },
    TestLessEqual { a: Reg, b: Reg, expect: bool },
    TestEqualInt { a: Reg, value: i16, expect: bool },
    TestLessInt { a: Reg, value: i16, expect: bool },
    TestLessEqualInt { a: Reg, value: i16, expect: bool },
    TestGreaterInt { a: Reg, value: i16, expect: bool },
    TestGreaterEqualInt { a: Reg, value: i16, expect: bool },
    /// Back to the top of a loop; `counter` counts the rounds.
    LoopBack { counter: Reg, target: u32 },
    /// Checks `r[var]` (first value) and `state..` (limit, step, rounds). Without any round it goes on with
    /// the jump behind it, else skips that.
    ForPrep { var: Reg, state: Reg },
    /// Advances `var`; while it is within the limit it takes the jump behind it, else skips that.
    ForLoop { var: Reg, state: Reg },
    /// Puts what `src` holds into `state..` (collection, position, length).
    EachPrep { state: Reg, src: Reg },
    /// The next element, skipping the jump behind it; that is for the end of the collection.
    EachNext { dst: Reg, state: Reg },
    /// A user's jump, counted.
    Goto { target: u32 },
    Gosub { target: u32 },
    /// `RETURN` without a value where a GOSUB may be pending.
    ReturnGosub,
    /// Calls a procedure of the script: arguments start at `base`, the result replaces the first.
    Call { chunk: u16, base: Reg, argc: u16 },
    /// Runs another script: its name is in `base`, its arguments follow, the result replaces the name.
    CallScript { base: Reg, argc: u16 },
    /// Calls a pure function of `basic/std`; the arguments are consumed.
    CallNative { argc: u8, function: u16, base: Reg, dst: Reg },
    /// The same for a mutating one: a new list replaces the elements of the old one, so that everyone
    /// who holds the list sees the change.
    Mutate { argc: u8, function: u16, base: Reg, dst: Reg },
    /// Appends to the list in `list` in place (`PUSH`); a null becomes a list.
    Push { list: Reg, src: Reg },
    Return { src: Reg },
    ReturnNull,
    /// Ends the script, from any depth of procedures.
    Exit,
    NewArray { dst: Reg, first: Reg, count: u16 },
    /// Appends `count` registers to the list in `list`.
    Extend { list: Reg, first: Reg, count: u16 },
    /// An object of the image's shape `shape`, its values in consecutive registers.
    NewObject { dst: Reg, shape: u16, first: Reg },
    /// An empty list if `index` is a number, else an empty object.
    NewFor { dst: Reg, index: Reg },
    GetField { dst: Reg, object: Reg, name: u16 },
    SetField { object: Reg, name: u16, src: Reg },
    GetIndex { dst: Reg, object: Reg, index: Reg },
    SetIndex { object: Reg, index: Reg, src: Reg },
    /// `DIM`: sizes in `first..`; with `redim` what fits of the old value of `dst` is kept.
    Dim { dst: Reg, first: Reg, count: u8, redim: bool },
    /// Hands the effect of that site out; its value goes to `dst`.
    Effect { dst: Reg, site: u32 },
    Throw { src: Reg },
    /// Raises the failure of an ASSERT with the message in `src`.
    ThrowAssert { src: Reg },
    /// Raises the error that a CATCH put into `src` again.
    Rethrow { src: Reg },
    /// The recorded error as an object.
    CaughtError { dst: Reg },
    ErrorFlag { dst: Reg },
    ErrorMessage { dst: Reg },
    ErrorNumber { dst: Reg },
    ErrorLine { dst: Reg },
    ClearError,
    OnErrorResumeNext,
    OnErrorGoto { target: u32 },
    OnErrorOff,
    /// `RESUME`
    Resume,
    ResumeNext,
    ResumeLabel { target: u32 },
    /// The handler of a FINALLY: 1 goes to `completion` and the recorded error as an object to `value`. EXIT
    /// in a procedure enters behind it, with 2 in `completion`.
    EnterFinally { completion: Reg, value: Reg },
    /// Gives the object in `object` the key that the result of a keyword names: its `key` says the field, its
    /// `id` the value. A field that is set stays.
    SetKey { object: Reg, src: Reg },
    ModuloInt { dst: Reg, a: Reg, value: i16 },
}

/// A constant that an instruction can load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Const {
    Int(i64),
    Float(f64),
    Text(Arc<str>),
}

/// One procedure, the body of a script or a handler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Chunk {
    /// For disassembly and messages.
    pub name: Arc<str>,
    pub kind: ChunkKind,
    /// The script whose file the marks refer to; an included procedure comes from another one.
    pub source: u16,
    /// Parameters, in the first registers.
    pub params: u16,
    /// Registers in all.
    pub registers: u16,
    pub code: Vec<Ins>,
    /// Statements in order of `start`; they do not overlap.
    pub units: Vec<Unit>,
    /// Guarded ranges, inner ones first.
    pub guards: Vec<Guard>,
    /// Where instructions come from, in order of `pc`; holds until the next mark.
    pub marks: Vec<Mark>,
    pub sites: Vec<Site>,
}

/// What a chunk is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ChunkKind {
    /// The body of a script or a handler: its first registers are the script's variables.
    #[default]
    Body,
    Procedure,
}

/// A statement (or the head of a block statement): where it starts, and where RESUME NEXT goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unit {
    pub start: u32,
    pub end: u32,
    pub resume: u32,
}

/// Instructions `start..end` whose errors go to `handler`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    pub start: u32,
    pub end: u32,
    pub handler: u32,
}

/// From `pc` on, instructions come from this place in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub pc: u32,
    pub start: u32,
    pub end: u32,
    pub line: u32,
    pub column: u32,
}

/// One use of a keyword: what to put into the effect request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Site {
    pub keyword: Arc<str>,
    pub form: u16,
    pub args: Vec<(Arc<str>, SiteArg)>,
    /// Registers from here on hold nothing that is still needed.
    pub live: Reg,
    /// Expressions over columns, children before parents.
    pub nodes: Vec<Node>,
}

/// An argument of a site; registers hold what has been evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SiteArg {
    Value(Reg),
    Values {
        first: Reg,
        count: u16,
    },
    /// Index of the root among the site's nodes.
    Condition(u32),
    Assignments(Vec<(Arc<str>, u32)>),
    Order(Vec<OrderBy>),
    Word(Arc<str>),
    Columns(Vec<(u32, Option<String>)>),
    Hear {
        kind: SiteHear,
        prompt: Option<Reg>,
        default: Option<Reg>,
    },
}

/// What a HEAR accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SiteHear {
    /// By the name of the type.
    Type(Arc<str>),
    Menu {
        first: Reg,
        count: u16,
        free: bool,
    },
    /// A list, or text with commas, in a register.
    List(Reg),
}

/// A node of an expression over columns; children have smaller indexes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Node {
    Column {
        table: Option<Arc<str>>,
        name: Arc<str>,
    },
    /// Evaluated by the machine.
    Value(Reg),
    Unary(UnaryOp, u32),
    Binary(BinaryOp, u32, u32),
    In {
        needle: u32,
        list: Vec<u32>,
        negated: bool,
    },
    Between(u32, u32, u32),
    IsNull {
        operand: u32,
        negated: bool,
    },
    Call(Arc<str>, Vec<u32>),
    Star,
}

impl Chunk {
    /// The statement that holds an instruction.
    pub(crate) fn unit_at(&self, pc: u32) -> Option<Unit> {
        let after = self.units.partition_point(|unit| unit.start <= pc);
        self.units.get(after.checked_sub(1)?).copied().filter(|unit| pc < unit.end)
    }

    /// Where an instruction comes from.
    pub(crate) fn mark_at(&self, pc: u32) -> Option<Mark> {
        let after = self.marks.partition_point(|mark| mark.pc <= pc);
        self.marks.get(after.checked_sub(1)?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Ins;

    /// Stored images name instructions by number: new ones go to the end, none is ever moved.
    #[test]
    fn numbers_of_instructions_do_not_move() {
        let number = |ins: Ins| postcard::to_stdvec(&ins).unwrap()[0];
        assert_eq!(number(Ins::Nop), 0);
        assert_eq!(number(Ins::Add { dst: 0, a: 0, b: 0 }), 8);
        assert_eq!(number(Ins::Jump { target: 0 }), 32);
        assert_eq!(number(Ins::Call { chunk: 0, base: 0, argc: 0 }), 53);
        assert_eq!(number(Ins::Effect { dst: 0, site: 0 }), 70);
        assert_eq!(number(Ins::ResumeLabel { target: 0 }), 85);
        assert_eq!(number(Ins::EnterFinally { completion: 0, value: 0 }), 86);
        assert_eq!(number(Ins::SetKey { object: 0, src: 0 }), 87);
        assert_eq!(number(Ins::ModuloInt { dst: 0, a: 0, value: 0 }), 88);
        assert_eq!(size_of::<Ins>(), 8, "an instruction has eight bytes");
    }
}
