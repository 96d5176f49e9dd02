//! The tree of one script: what the parser makes and the compiler reads. Every node knows its place.
//! Names are already resolved as far as the text alone allows (columns, functions, procedures,
//! keywords); it knows nothing of values at run time and nothing of what a keyword does.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, DataExpr, Effect, HearType, OrderBy, Span, UnaryOp, Value};
use serde::{Deserialize, Serialize};

/// Bytes `start..end` of the source; [`Script::span`] adds file, line and column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Loc {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Loc {
    /// A place from two byte offsets.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest place that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A variable, procedure, label or loop name. Case does not count: compare `key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Lower-case spelling.
    pub key: Arc<str>,
    /// As the author wrote it.
    pub text: Arc<str>,
    /// Where.
    pub loc: Loc,
}

/// One parsed file.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Path inside the package.
    pub file: Arc<str>,
    /// The whole text.
    pub source: Arc<str>,
    /// Byte offset of the first character of every line.
    pub line_starts: Vec<u32>,
    /// First line was `#workflow`.
    pub workflow: bool,
    /// `DESCRIPTION "…"`; the last one wins.
    pub description: Option<Arc<str>>,
    /// `PARAM` in the order written: they are variables when the script runs.
    pub params: Vec<ParamDecl>,
    /// `SET SCHEDULE` at top level.
    pub schedules: Vec<ScheduleDecl>,
    /// `WEBHOOK "name"`.
    pub webhooks: Vec<(Arc<str>, Loc)>,
    /// `ALLOW ROLE "r"`: any of them may run the script; empty means everybody.
    pub allowed_roles: Vec<(Arc<str>, Loc)>,
    /// `TABLE … END TABLE`.
    pub tables: Vec<TableDecl>,
    /// `CREATE INDEX n ON t(c)`.
    pub indexes: Vec<IndexDecl>,
    /// `ON INSERT OF "t" … END ON` and friends.
    pub events: Vec<EventHandler>,
    /// `SUB` and `FUNCTION`.
    pub procedures: Vec<Procedure>,
    /// `INCLUDE "file.bas"`: its procedures are to be added to this script's.
    pub includes: Vec<(Arc<str>, Loc)>,
    /// The executable statements outside procedures and handlers.
    pub body: Block,
}

impl Script {
    /// The full place of `loc`: file, bytes, line and column in characters.
    pub fn span(&self, loc: Loc) -> Span {
        let line = self.line_starts.partition_point(|start| *start <= loc.start).max(1);
        let line_start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.source.get(line_start as usize..loc.start as usize).unwrap_or("");
        Span {
            file: self.file.clone(),
            start: loc.start,
            end: loc.end,
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        }
    }

    /// True when the file can be offered as a tool: it has a PARAM or a DESCRIPTION.
    pub fn is_tool(&self) -> bool {
        self.description.is_some() || !self.params.is_empty()
    }
}

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

/// An expression, its place, and how tall its tree is (bounded, so recursion over it is safe).
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Where.
    pub loc: Loc,
    /// Height of the tree; never more than [`MAX_HEIGHT`].
    pub height: u16,
    /// What.
    pub kind: ExprKind,
}

/// The tallest expression the parser makes.
pub const MAX_HEIGHT: u16 = 400;

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// Null, boolean, number or text without `${…}`.
    Literal(Value),
    /// Text with `${…}` parts, printed by the language's rule and joined.
    Interpolated(Vec<TextPart>),
    /// A variable or a predefined name; null when nobody set it.
    Variable(Name),
    /// A column of the rows that the enclosing keyword looks at; only inside conditions, assignments
    /// and column lists.
    Column {
        /// The table or alias before the dot.
        table: Option<Arc<str>>,
        /// The column, as spelled.
        name: Arc<str>,
    },
    /// `*` in COUNT(*) and in column lists.
    Star,
    /// `[a, b]`, `ARRAY(a, b)`, `NEW ARRAY`.
    Array(Vec<Expr>),
    /// `{k: v}`, `#{…}`, `NEW OBJECT`, `CREATE OBJECT`, in order.
    Object(Vec<(Arc<str>, Expr)>),
    /// `e.name`, or `e?.name`.
    Member {
        /// Left of the dot.
        base: Box<Expr>,
        /// The field, as spelled.
        name: Arc<str>,
        /// True for `?.`: null gives null and the rest of the chain is skipped.
        safe: bool,
    },
    /// `e[i]`, `e?.[i]`, and `e(i)` on a variable that is no function.
    Index {
        /// What is indexed.
        base: Box<Expr>,
        /// The index or key.
        index: Box<Expr>,
        /// True for `?.[`.
        safe: bool,
    },
    /// `F(a, b)` of a declared pure function, by its canonical upper-case name.
    Function {
        /// Canonical name.
        name: Arc<str>,
        /// Arguments; their number has been checked.
        args: Vec<Expr>,
    },
    /// `p(a)` of a FUNCTION or SUB of this script (or of an INCLUDE).
    Procedure {
        /// Its name.
        name: Name,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `e.trim()`: the function of that name with `e` as first argument.
    Method {
        /// Left of the dot.
        base: Box<Expr>,
        /// Canonical function name, upper case.
        name: Arc<str>,
        /// The other arguments.
        args: Vec<Expr>,
        /// True for `?.`.
        safe: bool,
        /// True when the function is a mutating one and `base` is a variable path: the result is stored back too.
        mutating: bool,
    },
    /// One operand.
    Unary(UnaryOp, Box<Expr>),
    /// Two operands; And, Or and Coalesce evaluate the right one only when needed. IN with an array
    /// value on the right is `BinaryOp::In` / `NotIn`.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x [NOT] BETWEEN a AND b`, both included.
    Between {
        /// What is tested.
        operand: Box<Expr>,
        /// Low end.
        low: Box<Expr>,
        /// High end.
        high: Box<Expr>,
        /// True for NOT BETWEEN.
        negated: bool,
    },
    /// `x [NOT] IN (a, b)`: a list in parentheses.
    InList {
        /// What is looked for.
        needle: Box<Expr>,
        /// Where.
        list: Vec<Expr>,
        /// True for NOT IN.
        negated: bool,
    },
    /// `x IS [NOT] NULL`.
    IsNull {
        /// What is tested.
        operand: Box<Expr>,
        /// True for IS NOT NULL.
        negated: bool,
    },
    /// `c ? a : b`, `IIF(c, a, b)`, `IF(c, a, b)`: only one side is evaluated.
    Ternary {
        /// The condition.
        condition: Box<Expr>,
        /// When true.
        yes: Box<Expr>,
        /// When false.
        no: Box<Expr>,
    },
    /// A keyword used for its value.
    Keyword(Box<KeywordCall>),
    /// `x = HEAR …`; its `target` is absent.
    Hear(Box<Hear>),
    /// `ERROR`, `ERR`, `ERROR MESSAGE` and their spellings.
    ErrorState(ErrorPart),
}

/// A piece of an interpolated text.
#[derive(Clone, Debug, PartialEq)]
pub enum TextPart {
    /// As it stands.
    Text(Arc<str>),
    /// `${…}`
    Expr(Expr),
}

/// What of the recorded error is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorPart {
    /// `ERROR`: is one recorded?
    Flag,
    /// `ERROR MESSAGE`, `ERROR_MESSAGE`, `ERR.MESSAGE$`, `ERR.DESCRIPTION`, `ERR_DESCRIPTION()`.
    Message,
    /// `ERR`, `ERR.NUMBER`, `ERR_NUMBER()`, `ERROR NUMBER`.
    Number,
    /// `ERL`, `ERR.LINE`: the line of the failing statement.
    Line,
}

/// One use of a keyword.
#[derive(Clone, Debug, PartialEq)]
pub struct KeywordCall {
    /// Stable name of the declaration.
    pub keyword: Arc<str>,
    /// Which of its forms, from 0.
    pub form: u16,
    /// Arguments by the names the form gives them, in the order of the form; those not written are absent.
    pub args: Vec<(Arc<str>, ArgExpr)>,
    /// Class of the declaration.
    pub effect: Effect,
    /// Place of the phrase.
    pub loc: Loc,
}

/// An argument before evaluation; each kind becomes the `Arg` of the same name.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgExpr {
    /// `expr`, `word`, `table`, `path` → `Arg::Value`.
    Expr(Expr),
    /// `exprs` → `Arg::Values`.
    Exprs(Vec<Expr>),
    /// `cond` → `Arg::Condition`: what holds no [`ExprKind::Column`] is evaluated first.
    Condition(Expr),
    /// `assigns`, `fields` → `Arg::Assignments`.
    Assignments(Vec<(Arc<str>, Expr)>),
    /// `order` → `Arg::Order`.
    Order(Vec<OrderBy>),
    /// A word from a menu, upper case → `Arg::Word`.
    Word(Arc<str>),
    /// `columns` → `Arg::Columns`.
    Columns(Vec<(Expr, Option<String>)>),
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

/// A handler of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventHandler {
    /// What is waited for.
    pub event: Event,
    /// The statements; `None` when no END ON follows: the whole script is the handler.
    pub body: Option<Block>,
    /// The header.
    pub loc: Loc,
}

/// What an `ON …` block waits for. All texts are literals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// `ON INSERT|UPDATE|DELETE OF "t"`.
    Row {
        /// Which change.
        change: RowChange,
        /// The table.
        table: Arc<str>,
    },
    /// `ON EMAIL "addr" [FROM "x"] [SUBJECT "y"]`.
    Email {
        /// The mailbox.
        address: Arc<str>,
        /// Sender filter.
        from: Option<Arc<str>>,
        /// Subject filter.
        subject: Option<Arc<str>>,
    },
    /// `ON CHANGE "path" [EVENTS "create, modify"]`.
    File {
        /// Folder or file, possibly with a scheme.
        path: Arc<str>,
        /// `create`, `modify`, `delete`.
        events: Vec<Arc<str>>,
    },
    /// `ON FORM SUBMIT "form"`.
    Form(Arc<str>),
    /// `ON "event"`, `ON EVENT "event"`.
    Named(Arc<str>),
}

/// A change of a table's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum RowChange {
    Insert,
    Update,
    Delete,
}

/// A PARAM.
#[derive(Clone, Debug, PartialEq)]
pub struct ParamDecl {
    /// The variable and, as spelled, the name in the tool's schema.
    pub name: Name,
    /// Its type.
    pub kind: ParamType,
    /// The allowed values, empty for any.
    pub options: Vec<Arc<str>>,
    /// `LIKE`: an example.
    pub example: Option<Value>,
    /// `DESCRIPTION`.
    pub description: Option<Arc<str>>,
    /// False after OPTIONAL or DEFAULT.
    pub required: bool,
    /// `DEFAULT`.
    pub default: Option<Expr>,
    /// Where.
    pub loc: Loc,
}

/// Type of a PARAM, as the schema and the conversion of arguments need it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ParamType {
    #[default]
    String,
    Email,
    Phone,
    /// `qrcode`, `image`, `file`, `audio`, `video`: the address of an attachment.
    File,
    Date,
    DateTime,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
}

/// SET SCHEDULE at top level.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleDecl {
    /// Texts or expressions as written: cron, phrase, name, file, arguments. Who is who is decided by
    /// what parses as a cron line or phrase.
    pub args: Vec<Expr>,
    /// `SET SCHEDULE "name" TO "cron" … END SCHEDULE`: args are name and cron, this is the body.
    pub body: Option<Block>,
    /// Where.
    pub loc: Loc,
}

/// A TABLE.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableDecl {
    /// Its name, as spelled.
    pub name: Arc<str>,
    /// `ON connection`.
    pub connection: Option<Arc<str>>,
    /// `READ BY "a;b"`; empty means everybody.
    pub read_roles: Vec<Arc<str>>,
    /// `WRITE BY "a;b"`.
    pub write_roles: Vec<Arc<str>>,
    /// Columns in order.
    pub columns: Vec<ColumnDecl>,
    /// `UNIQUE(a, b)`.
    pub uniques: Vec<Vec<Arc<str>>>,
    /// `FOREIGN KEY (a, b) REFERENCES t(c, d)`.
    pub foreign_keys: Vec<(Vec<Arc<str>>, Arc<str>, Vec<Arc<str>>)>,
    /// `CHECK (…)` of the table.
    pub checks: Vec<DataExpr>,
    /// The header.
    pub loc: Loc,
}

/// A column of a TABLE.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnDecl {
    /// Its name, as spelled.
    pub name: Arc<str>,
    /// Its type.
    pub kind: ColumnType,
    /// `string(40)`: 40; `decimal(10,2)`: 10. `string(max)` has none and is [`ColumnType::Text`].
    pub length: Option<u32>,
    /// `decimal(10,2)`: 2.
    pub scale: Option<u32>,
    /// Part of the primary key (all such columns together form it); implies `not_null`.
    pub key: bool,
    /// `NOT NULL`, or a starred name.
    pub not_null: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// A starred name: wants an index.
    pub indexed: bool,
    /// `DEFAULT e`.
    pub default: Option<DataExpr>,
    /// `references T`, `REFERENCES t(c)`, or a type that is a table: table and, if written, column.
    pub references: Option<(Arc<str>, Option<Arc<str>>)>,
    /// `CHECK (…)`.
    pub check: Option<DataExpr>,
    /// `GENERATED ALWAYS AS (…) STORED`.
    pub generated: Option<DataExpr>,
    /// `READ BY "a;b"` on the field.
    pub read_roles: Vec<Arc<str>>,
    /// `WRITE BY "a;b"` on the field.
    pub write_roles: Vec<Arc<str>>,
    /// Where.
    pub loc: Loc,
}

/// Type of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum ColumnType {
    /// `string(n)`, default 255, and every unknown type.
    #[default]
    String,
    Text,
    Integer,
    BigInt,
    /// `number(n,p)`, `decimal(n,p)`.
    Decimal,
    Double,
    Boolean,
    Date,
    DateTime,
    Time,
    Uuid,
    Json,
    Binary,
}

/// `CREATE [UNIQUE] INDEX n ON t(a, b)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexDecl {
    /// Its name, if given.
    pub name: Option<Arc<str>>,
    /// The table.
    pub table: Arc<str>,
    /// The columns.
    pub columns: Vec<Arc<str>>,
    /// `UNIQUE`.
    pub unique: bool,
    /// Where.
    pub loc: Loc,
}

impl Expr {
    /// A node; the height is taken from its children.
    pub fn new(loc: Loc, kind: ExprKind) -> Self {
        let mut tallest = 0;
        kind.each_child(&mut |child| tallest = tallest.max(child.height));
        Self { loc, height: tallest.saturating_add(1), kind }
    }

    /// True when a column is named anywhere inside, so that it cannot be evaluated before the rows are known.
    pub fn names_column(&self) -> bool {
        if matches!(self.kind, ExprKind::Column { .. } | ExprKind::Star) {
            return true;
        }
        let mut found = false;
        self.kind.each_child(&mut |child| found = found || child.names_column());
        found
    }
}

impl ExprKind {
    /// Calls `visit` with every direct child, in order of evaluation.
    pub fn each_child<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::Literal(_) | Self::Variable(_) | Self::Column { .. } | Self::Star | Self::ErrorState(_) => {}
            Self::Interpolated(parts) => {
                for part in parts {
                    if let TextPart::Expr(child) = part {
                        visit(child);
                    }
                }
            }
            Self::Array(items) | Self::Function { args: items, .. } | Self::Procedure { args: items, .. } => {
                items.iter().for_each(visit);
            }
            Self::Object(fields) => fields.iter().for_each(|(_, child)| visit(child)),
            Self::Member { base: child, .. } | Self::Unary(_, child) | Self::IsNull { operand: child, .. } => {
                visit(child)
            }
            Self::Index { base: left, index: right, .. } | Self::Binary(_, left, right) => {
                visit(left);
                visit(right);
            }
            Self::Method { base: first, args: rest, .. } | Self::InList { needle: first, list: rest, .. } => {
                visit(first);
                rest.iter().for_each(visit);
            }
            Self::Between { operand: a, low: b, high: c, .. } | Self::Ternary { condition: a, yes: b, no: c } => {
                visit(a);
                visit(b);
                visit(c);
            }
            Self::Keyword(call) => call.args.iter().for_each(|(_, arg)| arg.each_expr(visit)),
            Self::Hear(hear) => {
                if let HearKind::Menu { options, .. } = &hear.kind {
                    options.iter().for_each(&mut *visit);
                }
                if let HearKind::List(list) = &hear.kind {
                    visit(list);
                }
                hear.prompt.iter().chain(&hear.default).for_each(visit);
            }
        }
    }
}

impl ArgExpr {
    /// Calls `visit` with every expression of the argument.
    pub fn each_expr<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match self {
            Self::Expr(expr) | Self::Condition(expr) => visit(expr),
            Self::Exprs(exprs) => exprs.iter().for_each(visit),
            Self::Assignments(pairs) => pairs.iter().for_each(|(_, expr)| visit(expr)),
            Self::Columns(columns) => columns.iter().for_each(|(expr, _)| visit(expr)),
            Self::Order(_) | Self::Word(_) => {}
        }
    }
}
