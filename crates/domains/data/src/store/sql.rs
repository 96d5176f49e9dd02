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

    /// A bound value. PostgreSQL is told its type in the text: the driver keeps prepared statements by their text
    /// alone, and would send the bits of `4.5` to a statement that was prepared for `1`.
    pub(crate) fn bind(&mut self, value: impl Into<SqlValue>) -> &mut Self {
        let value = value.into();
        if self.is_postgres() {
            self.text.push('$');
            self.text.push_str(&(self.values.len() + 1).to_string());
            self.text.push_str(postgres_type(&value));
        } else {
            self.text.push('?');
        }
        self.values.push(value);
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

/// The cast that says what a value is bound as; empty for types of which a place only ever has one.
const fn postgres_type(value: &SqlValue) -> &'static str {
    match value {
        SqlValue::Bool(_) => "::bool",
        SqlValue::Int(_) => "::int4",
        SqlValue::BigInt(_) => "::int8",
        SqlValue::Double(_) => "::float8",
        SqlValue::String(_) => "::text",
        SqlValue::Bytes(_) => "::bytea",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statements with values of other types must never be one prepared statement.
    #[test]
    fn postgres_sees_the_type_of_a_value_in_the_text() {
        let text = |value: SqlValue| Sql::new(Dialect::Postgres).push("n < ").bind(value).text.clone();
        assert_eq!(text(1_i64.into()), "n < $1::int8");
        assert_eq!(text(4.5.into()), "n < $1::float8");
        assert_eq!(text("x".into()), "n < $1::text");
        assert_eq!(text(true.into()), "n < $1::bool");
        assert_eq!(Sql::new(Dialect::Sqlite).push("n < ").bind(1_i64).text, "n < ?");
    }
}
