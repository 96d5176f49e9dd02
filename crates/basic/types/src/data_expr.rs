//! Conditions and assignments over columns, as FIND, UPDATE, FILTER and friends receive them.
//! The machine has already put in the values of variables; what is left names columns only.
//! `data` turns this into bound SQL or evaluates it over rows in memory; it is never SQL text.

use serde::{Deserialize, Serialize};

use crate::Value;

/// An expression over the columns of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DataExpr {
    /// A column, found ignoring case. `item.size` and `t.size` keep the last part in `name`.
    Column {
        /// The table or alias before the dot, if one was written.
        table: Option<String>,
        /// The column.
        name: String,
    },
    /// A value, always bound, never pasted.
    Value(Value),
    /// One operand.
    Unary(UnaryOp, Box<DataExpr>),
    /// Two operands.
    Binary(BinaryOp, Box<DataExpr>, Box<DataExpr>),
    /// `x [NOT] IN (a, b)`.
    In {
        /// What is looked for.
        needle: Box<DataExpr>,
        /// Where.
        list: Vec<DataExpr>,
        /// True for NOT IN.
        negated: bool,
    },
    /// `x BETWEEN a AND b`, both ends included.
    Between(Box<DataExpr>, Box<DataExpr>, Box<DataExpr>),
    /// `x IS [NOT] NULL`.
    IsNull {
        /// What is tested.
        operand: Box<DataExpr>,
        /// True for IS NOT NULL.
        negated: bool,
    },
    /// A call such as `SUM(x)`, `LOWER(name)`, `NOW()`; `data` decides which names it knows.
    Call(String, Vec<DataExpr>),
    /// `*` in COUNT(*) and SELECT *.
    Star,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnaryOp {
    /// `NOT x`
    Not,
    /// `-x`
    Negate,
}

/// Operators with two operands, of the whole language (not only of conditions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Concat,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessEqual,
    GreaterEqual,
    Like,
    ILike,
    Contains,
    In,
    NotIn,
    And,
    Or,
    Xor,
    Coalesce,
}

/// `column = expression` of UPDATE … SET, SAVE … WITH, INSERT … WITH.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// The column that is set.
    pub column: String,
    /// Its new value; may name columns of the row (`n = n + 1`).
    pub value: DataExpr,
}

/// One key of ORDER BY.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderBy {
    /// The column.
    pub column: String,
    /// True for DESC.
    pub descending: bool,
}
