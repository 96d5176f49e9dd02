//! The tree of one script: what the parser makes and the compiler reads. Every node knows its place.
//! Names are already resolved as far as the text alone allows (columns, functions, procedures,
//! keywords); it knows nothing of values at run time and nothing of what a keyword does.

mod decl;
mod expr;
mod stmt;

use std::sync::Arc;

use botserver_basic_types::Span;
use serde::{Deserialize, Serialize};

pub use decl::{
    ColumnDecl, ColumnType, Event, EventHandler, ForeignKey, IndexDecl, ParamDecl, ParamType, RowChange, ScheduleDecl,
    TableDecl,
};
pub use expr::{ArgExpr, ErrorPart, Expr, ExprKind, KeywordCall, MAX_HEIGHT, TextPart};
pub use stmt::{
    Block, Case, CasePattern, Catch, Hear, HearKind, LValue, LoopKind, LoopTest, OnError, Procedure, Resume, Step,
    Stmt, StmtKind,
};

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
    /// The scripts that are called or offered under a literal name: `CALL "file.bas"`.
    pub called: Vec<(Arc<str>, Loc)>,
    /// The executable statements outside procedures and handlers.
    pub body: Block,
}

impl Script {
    /// The full place of `loc`: file, bytes, line and column in characters.
    pub fn span(&self, loc: Loc) -> Span {
        let (line, column) = self.position(loc);
        Span { file: self.file.clone(), start: loc.start, end: loc.end, line, column }
    }

    /// Line and column of the beginning of `loc`.
    pub fn position(&self, loc: Loc) -> (u32, u32) {
        let line = self.line_starts.partition_point(|start| *start <= loc.start).max(1);
        let line_start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.source.get(line_start as usize..loc.start as usize).unwrap_or("");
        // A byte-order mark is no character of the first line.
        let before = if line == 1 { before.trim_start_matches('\u{feff}') } else { before };
        let characters = if before.is_ascii() { before.len() } else { before.chars().count() };
        (line as u32, characters as u32 + 1)
    }

    /// True when the file can be offered as a tool: it has a PARAM or a DESCRIPTION.
    pub fn is_tool(&self) -> bool {
        self.description.is_some() || !self.params.is_empty()
    }
}
