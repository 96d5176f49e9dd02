//! Declarations: what is read before a script runs.

use std::sync::Arc;

use botserver_basic_types::{DataExpr, Value};
use serde::{Deserialize, Serialize};

use super::{Block, Expr, Loc, Name};

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
    pub foreign_keys: Vec<ForeignKey>,
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

/// `FOREIGN KEY (a, b) REFERENCES t(c, d)`: own columns, the other table, its columns (empty: its key).
pub type ForeignKey = (Vec<Arc<str>>, Arc<str>, Vec<Arc<str>>);
