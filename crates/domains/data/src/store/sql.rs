//! Writes one SQL statement: text made of our own words and quoted identifiers, values always bound.

use botserver_db::Dialect;
use sea_orm::{DbBackend, Statement};
use sea_query::Value as SqlValue;

use crate::{Kind, store::Stored};

/// A statement under construction.
#[derive(Debug)]
pub(crate) struct Sql {
    text: String,
    values: Vec<SqlValue>,
    dialect: Dialect,
}

impl Sql {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self { text: String::with_capacity(256), values: Vec::new(), dialect }
    }

    pub(crate) const fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.dialect == Dialect::Postgres
    }

    /// Our own words.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// The word of the dialect.
    pub(crate) fn push_for(&mut self, sqlite: &str, postgres: &str) -> &mut Self {
        let text = if self.is_postgres() { postgres } else { sqlite };
        self.push(text)
    }

    /// A quoted identifier.
    pub(crate) fn ident(&mut self, name: &str) -> &mut Self {
        self.text.push('"');
        self.text.push_str(&name.replace('"', "\"\""));
        self.text.push('"');
        self
    }

    /// A bound value.
    pub(crate) fn bind(&mut self, value: impl Into<SqlValue>) -> &mut Self {
        self.values.push(value.into());
        if self.is_postgres() {
            self.text.push('$');
            self.text.push_str(&self.values.len().to_string());
        } else {
            self.text.push('?');
        }
        self
    }

    /// A bound value of a column's type.
    pub(crate) fn bind_kind(&mut self, kind: Kind, value: &Stored) -> &mut Self {
        let cast = match kind {
            _ if !self.is_postgres() || matches!(value, Stored::Null) => None,
            Kind::Decimal => Some("numeric"),
            Kind::Date => Some("date"),
            Kind::DateTime => Some("timestamp"),
            Kind::Time => Some("time"),
            Kind::Uuid => Some("uuid"),
            Kind::Json => Some("json"),
            _ => None,
        };
        if cast.is_some() {
            self.push("CAST(");
        }
        match value {
            Stored::Null => self.push("NULL"),
            Stored::Int(value) => self.bind(*value),
            Stored::Float(value) => self.bind(*value),
            Stored::Bool(value) => self.bind(*value),
            Stored::Text(value) => self.bind(value.clone()),
            Stored::Bytes(value) => self.bind(value.clone()),
        };
        if let Some(cast) = cast {
            self.push(" AS ").push(cast).push(")");
        }
        self
    }

    pub(crate) fn statement(self) -> Statement {
        let backend = if self.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
        Statement::from_sql_and_values(backend, self.text, self.values)
    }

    /// The text of a statement without values, for `execute_unprepared`.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}
