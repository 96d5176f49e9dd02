//! The words that the parser, the machine, the functions and the server's keywords share:
//! values, the heap, errors, keyword declarations and effect requests.
//! Knows no service, no async and no I/O.
#![forbid(unsafe_code)]

mod data_expr;
mod date;
mod effect;
mod error;
mod heap;
mod hear;
mod keyword;
pub mod ops;
mod value;

pub use data_expr::{Assignment, BinaryOp, DataExpr, OrderBy, UnaryOp};
pub use date::Date;
pub use effect::{Arg, Args, EffectRequest};
pub use error::{BasicError, Diagnostic, ERRORS, ErrorFamily, Result, Severity, Span};
pub use heap::{Handle, Heap, HeapLimits, Object, Slot, Text, Val};
pub use hear::{HearRequest, HearType};
pub use keyword::{Effect, FunctionDecl, FunctionKind, KeywordDecl, NativeFn};
pub use value::{FileHandle, Rows, Value, ValueObject};
