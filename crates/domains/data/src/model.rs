//! The nouns: tables of a bot and their columns. Names compare ignoring case; the declared spelling is
//! what scripts get back. Serde is here only because the catalogue keeps columns as one document.

use std::sync::Arc;

use botserver_basic_types::DataExpr;
use botserver_kernel::{BotId, OrgId, Principal, Role};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Whose data: every statement is limited to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BotScope {
    /// The organisation.
    pub org_id: OrgId,
    /// The bot.
    pub bot_id: BotId,
}

/// A table of a bot.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// As declared.
    pub name: Arc<str>,
    /// The columns, in the order of their declaration; later ones at the end.
    pub columns: Vec<Column>,
    /// Roles that may read it; empty for everybody.
    pub read_roles: Vec<String>,
    /// Roles that may change it; empty for everybody.
    pub write_roles: Vec<String>,
    /// False when a SAVE made it: then a SAVE may also widen it.
    pub declared: bool,
}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// As declared.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Most characters, or digits of a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Digits after the point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// Part of the key.
    #[serde(default)]
    pub key: bool,
    /// Must have a value.
    #[serde(default)]
    pub not_null: bool,
    /// No two rows share a value.
    #[serde(default)]
    pub unique: bool,
    /// What a row gets that brings no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<DataExpr>,
    /// Computed by the database; cannot be written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<DataExpr>,
    /// The table that its values name; for tools and editors, not enforced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// Roles that may read it; empty for everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_roles: Vec<String>,
    /// Roles that may change it; empty for everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub write_roles: Vec<String>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Kind {
    #[default]
    String,
    Text,
    Integer,
    BigInt,
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

impl Kind {
    /// The word for messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Text => "text",
            Self::Integer | Self::BigInt => "integer",
            Self::Decimal => "decimal",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Time => "time",
            Self::Uuid => "uuid",
            Self::Json => "json",
            Self::Binary => "binary",
        }
    }

    /// True when values of the one are stored like values of the other, so that a changed declaration
    /// needs no conversion of rows.
    pub const fn same_storage(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::String | Self::Text, Self::String | Self::Text)
                | (Self::Integer | Self::BigInt, Self::Integer | Self::BigInt)
        ) || self as u8 == other as u8
    }
}

impl Column {
    /// The name in the database.
    pub fn physical(&self) -> String {
        self.name.to_lowercase()
    }
}

impl Table {
    /// The column of that name, ignoring case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        // Names are short and few; a scan beats a map.
        self.columns.iter().find(|column| same_name(&column.name, name))
    }

    /// The column of that name, or an error that suggests one.
    pub fn need_column(&self, name: &str) -> Result<&Column> {
        self.column(name).ok_or_else(|| Error::NoColumn {
            table: self.name.to_string(),
            name: name.to_owned(),
            nearest: nearest(name, self.columns.iter().map(|column| column.name.as_str())),
        })
    }

    /// The columns of the key; a column named `id` when none is declared.
    pub fn key(&self) -> Vec<&Column> {
        let declared: Vec<_> = self.columns.iter().filter(|column| column.key).collect();
        if declared.is_empty() { self.column("id").into_iter().collect() } else { declared }
    }

    /// Refuses a principal without the role that reading asks for.
    pub fn may_read(&self, principal: &Principal) -> Result<()> {
        self.may(principal, &self.read_roles, "read")
    }

    /// Refuses a principal without the role that writing asks for.
    pub fn may_write(&self, principal: &Principal) -> Result<()> {
        self.may(principal, &self.write_roles, "change")
    }

    fn may(&self, principal: &Principal, roles: &[String], action: &'static str) -> Result<()> {
        if has_role(principal, roles) {
            return Ok(());
        }
        Err(Error::Forbidden { action, table: self.name.to_string() })
    }
}

/// Whether a principal fulfils a list of roles. Until there are more roles, owner and server fulfil every
/// list; a visitor those that name `visitor`, `everyone` or `public`.
pub(crate) fn has_role(principal: &Principal, roles: &[String]) -> bool {
    roles.is_empty()
        || match principal.role {
            Role::Owner | Role::System => true,
            Role::Visitor => roles.iter().any(|role| {
                ["visitor", "everyone", "public"].iter().any(|open| role.trim().eq_ignore_ascii_case(open))
            }),
        }
}

/// Names compare ignoring case.
pub(crate) fn same_name(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right) || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

/// The most similar of some names, if one is similar at all.
pub(crate) fn nearest<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<String> {
    let wanted = name.to_lowercase();
    among
        .map(|own| (strsim::jaro_winkler(&wanted, &own.to_lowercase()), own))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, own)| own.to_owned())
}

/// What a write did, for MERGE, REPORT and the results of keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New rows.
    pub inserted: u64,
    /// Rows that changed.
    pub updated: u64,
    /// Rows that were the same already.
    pub unchanged: u64,
}
