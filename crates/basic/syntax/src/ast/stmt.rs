//! Statements.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, HearType};

use super::{Expr, KeywordCall, Loc, Name};

/// Statements in order.
pub type Block = Vec<Stmt>;

/// One statement and its place (its own header, not its body).
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// Where.
    pub loc: Loc,
    /// What.
    pub kind: StmtKind,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `x = e`, `SET x = e`, `LET x = e`, and `WITH x … END WITH` (its value is then an object).
    Assign {
        /// What is set.
        target: LValue,
        /// The new value.
        value: Expr,
    },
    /// `CONST x = e`.
    Const {
        /// The name; assigning it again is an error already reported by the parser.
        name: Name,
        /// Its value.
        value: Expr,
    },
    /// `DIM a`, `DIM a(5)`, `REDIM a(10)`, one per name.
    Dim {
        /// The array or variable.
        name: Name,
        /// Upper indexes, inclusive; empty for a plain variable (null).
        sizes: Vec<Expr>,
        /// True for REDIM (keeps what fits).
        redim: bool,
    },
    /// Block and single-line IF.
    If {
        /// `IF`, `ELSE IF` in order.
        branches: Vec<(Expr, Block)>,
        /// `ELSE`.
        otherwise: Option<Block>,
    },
    /// `FOR EACH v IN e`: the collection is evaluated once; the variable is local to the loop.
    ForEach {
        /// Loop variable.
        variable: Name,
        /// What is walked.
        collection: Expr,
        /// The statements.
        body: Block,
    },
    /// `FOR i = a TO b [STEP s]`, both ends included.
    For {
        /// Loop variable.
        variable: Name,
        /// First value.
        from: Expr,
        /// Last value.
        to: Expr,
        /// Step; 1 when absent.
        step: Option<Expr>,
        /// The statements.
        body: Block,
    },
    /// `WHILE c … WEND`.
    While {
        /// Tested before each round.
        condition: Expr,
        /// The statements.
        body: Block,
    },
    /// `DO [WHILE|UNTIL c] … LOOP [WHILE|UNTIL c]`.
    Do {
        /// Tested before each round.
        head: Option<LoopTest>,
        /// The statements.
        body: Block,
        /// Tested after each round.
        tail: Option<LoopTest>,
    },
    /// `EXIT FOR` and friends: leaves the innermost loop of that kind.
    ExitLoop(LoopKind),
    /// `CONTINUE [FOR|WHILE|DO]`.
    ContinueLoop(LoopKind),
    /// `EXIT SUB`, `EXIT FUNCTION`.
    ExitProcedure,
    /// `EXIT`, `END`: ends the whole script.
    Exit,
    /// `RETURN [e]`: leaves the procedure, or ends the script with its result.
    /// `RETURN WITH a AS v` has become an object. Also ends a GOSUB when one is pending and no value is given.
    Return(Option<Expr>),
    /// `SELECT CASE e` and `SWITCH e`.
    Select {
        /// Evaluated once.
        subject: Expr,
        /// The cases in order; the first that matches runs, no fall-through.
        cases: Vec<Case>,
        /// `CASE ELSE`, `DEFAULT`.
        otherwise: Option<Block>,
    },
    /// `CALL p(a)`, or `p a` for a SUB of this script.
    CallProcedure {
        /// One of `Script::procedures`, unless an INCLUDE may bring it.
        name: Name,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `CALL "file.bas"`, `RUN "file.bas"`, and `CALL name` when no procedure has that name.
    CallScript {
        /// File or stem.
        file: Expr,
        /// Arguments for its PARAMs, in order.
        args: Vec<Expr>,
    },
    /// `label:`
    Label(Name),
    /// `GOTO label`; the label exists in the same procedure, handler or script body.
    Goto(Name),
    /// `GOSUB label`.
    Gosub(Name),
    /// `ON ERROR …`.
    OnError(OnError),
    /// `RESUME [NEXT|label]`.
    Resume(Resume),
    /// `TRY … CATCH [e] … FINALLY … END TRY`.
    Try {
        /// The guarded statements.
        body: Block,
        /// `CATCH`.
        catch: Option<Catch>,
        /// `FINALLY`.
        finally: Option<Block>,
    },
    /// `THROW e`, `RAISE e`.
    Throw(Expr),
    /// `ASSERT c, "m"`.
    Assert {
        /// Must be true.
        condition: Expr,
        /// The message.
        message: Option<Expr>,
    },
    /// `CLEAR ERROR`, `ERR.CLEAR`.
    ClearError,
    /// HEAR as a statement.
    Hear(Hear),
    /// A keyword as a statement; its value, if any, is dropped. `GET u INTO v` has become an Assign.
    Keyword(KeywordCall),
    /// A mutating function with a variable: `PUSH list, v`, `list.push(v)`. The function gets the old
    /// value and the arguments, its result is stored back.
    Mutate {
        /// The variable.
        target: LValue,
        /// Canonical function name, upper case.
        function: Arc<str>,
        /// The other arguments.
        args: Vec<Expr>,
    },
    /// An expression for its effect; the value is dropped.
    Expr(Expr),
}

/// A condition at the head or tail of DO.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopTest {
    /// True for UNTIL: go on while it is false.
    pub until: bool,
    /// What is tested.
    pub condition: Expr,
}

/// Which loop EXIT and CONTINUE mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopKind {
    /// FOR and FOR EACH.
    For,
    /// WHILE.
    While,
    /// DO.
    Do,
    /// The nearest, whatever it is.
    Any,
}

/// One CASE.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Where.
    pub loc: Loc,
    /// Any of these.
    pub patterns: Vec<CasePattern>,
    /// What runs.
    pub body: Block,
}

/// What a CASE compares with.
#[derive(Clone, Debug, PartialEq)]
pub enum CasePattern {
    /// Equal by the language's `=`.
    Value(Expr),
    /// `a TO b`, both included.
    Range(Expr, Expr),
    /// `IS > e`.
    Compare(BinaryOp, Expr),
}

/// How errors are trapped from here on.
#[derive(Clone, Debug, PartialEq)]
pub enum OnError {
    /// `ON ERROR RESUME NEXT`.
    ResumeNext,
    /// `ON ERROR GOTO 0`: stop on errors and clear the state.
    Off,
    /// `ON ERROR GOTO label`.
    Goto(Name),
}

/// Where an error handler goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Resume {
    /// `RESUME`: the failing statement again.
    Same,
    /// `RESUME NEXT`: the statement after it.
    Next,
    /// `RESUME label`.
    Label(Name),
}

/// The CATCH part of a TRY.
#[derive(Clone, Debug, PartialEq)]
pub struct Catch {
    /// Holds `{message, code, …}`.
    pub variable: Option<Name>,
    /// What runs.
    pub body: Block,
}

/// Something that can stand left of `=`. The base is a variable; the steps go inwards.
#[derive(Clone, Debug, PartialEq)]
pub struct LValue {
    /// Where.
    pub loc: Loc,
    /// The variable.
    pub name: Name,
    /// `.field` and `[index]` after it, in order; empty for a plain variable.
    pub path: Vec<Step>,
}

/// One step of an lvalue.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// `.field`, as spelled.
    Member(Arc<str>),
    /// `[e]`, and `(e)` on a DIMmed array.
    Index(Expr),
}

/// A HEAR.
#[derive(Clone, Debug, PartialEq)]
pub struct Hear {
    /// Where the answer goes; absent in expressions.
    pub target: Option<LValue>,
    /// What is accepted.
    pub kind: HearKind,
    /// Said first.
    pub prompt: Option<Expr>,
    /// Used when the answer is empty.
    pub default: Option<Expr>,
}

/// What a HEAR accepts.
#[derive(Clone, Debug, PartialEq)]
pub enum HearKind {
    /// A named type (never `HearType::Menu`).
    Type(HearType),
    /// `AS "A", "B", *`.
    Menu {
        /// The options; `free` when `*` ends the list.
        options: Vec<Expr>,
        /// True when anything else is accepted as text.
        free: bool,
    },
    /// `AS list`: an array, or text with commas, evaluated at run time.
    List(Expr),
}

/// SUB or FUNCTION.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// Its name.
    pub name: Name,
    /// Parameters, local to the call.
    pub params: Vec<Name>,
    /// True for FUNCTION.
    pub returns: bool,
    /// The statements.
    pub body: Block,
    /// The header.
    pub loc: Loc,
}
