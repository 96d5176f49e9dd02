//! Expressions and uses of keywords.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, Effect, OrderBy, UnaryOp, Value};

use super::{Hear, HearKind, Loc, Name};

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
    /// The argument whose object learns the key under which it was saved.
    pub learns_key: Option<Arc<str>>,
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
                visit(child);
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
