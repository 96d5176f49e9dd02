//! Rows of bots' tables: select, insert, update, delete.

use std::sync::Arc;

use botserver_basic_types::{BinaryOp, DataExpr, OrderBy, Value, ValueObject};
use sea_orm::{ConnectionTrait, DbErr, SqlErr};

use super::{
    SEQUENCE, Store,
    convert::{Stored, from_row, to_stored},
    expr::{Columns, Writer},
    sql::Sql,
};
use crate::{BotScope, Column, Error, Kind, Result, Table};

/// What rows are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Query<'a> {
    pub(crate) filter: Option<&'a DataExpr>,
    pub(crate) order: &'a [OrderBy],
    pub(crate) limit: Option<u64>,
    pub(crate) offset: Option<u64>,
    /// Newest first.
    pub(crate) newest: bool,
}

/// A second table: rows that agree in a condition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Join<'a> {
    pub(crate) table: &'a Table,
    pub(crate) on: &'a DataExpr,
}

/// PostgreSQL takes 65,535 bound values, SQLite 32,766; we stay below both.
const MAX_BOUND: usize = 30_000;

impl Store {
    /// The rows of a query; `columns` are those that may be read.
    pub(crate) async fn select<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        columns: &[&Column],
        query: Query<'_>,
    ) -> Result<Vec<ValueObject>> {
        let sql = self.select_sql(scope, table, columns, query)?;
        self.fetch(connection, sql, columns).await
    }

    /// The plan of a query, one line per step.
    pub(crate) async fn explain<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        columns: &[&Column],
        query: Query<'_>,
    ) -> Result<String> {
        let mut statement = self.select_sql(scope, table, columns, query)?.statement();
        let (prefix, column) =
            if self.is_postgres() { ("EXPLAIN ", "QUERY PLAN") } else { ("EXPLAIN QUERY PLAN ", "detail") };
        statement.sql.insert_str(0, prefix);
        let broken = |source| Error::statement("a plan", source);
        let steps = connection.query_all_raw(statement).await.map_err(broken)?;
        let steps: Vec<String> =
            steps.iter().map(|step| step.try_get("", column)).collect::<Result<_, DbErr>>().map_err(broken)?;
        Ok(steps.join("\n"))
    }

    fn select_sql(self, scope: BotScope, table: &Table, columns: &[&Column], query: Query<'_>) -> Result<Sql> {
        let names = Columns::one(table);
        let mut sql = self.sql();
        sql.push("SELECT ");
        self.list(&mut sql, None, columns);
        sql.push(" FROM ").table(scope, &table.name);
        filter(&mut sql, &names, query.filter)?;
        Self::order_and_limit(&mut sql, &names, None, query)?;
        Ok(sql)
    }

    /// Rows of two tables; where both have a column, the left value counts.
    pub(crate) async fn select_joined<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        columns: &[&Column],
        (join, joined): (Join<'_>, &[&Column]),
        query: Query<'_>,
    ) -> Result<Vec<ValueObject>> {
        let names = Columns::joined(vec![("a", table), ("b", join.table)]);
        let extra: Vec<&Column> = joined.iter().copied().filter(|own| table.column(&own.name).is_none()).collect();
        let mut sql = self.sql();
        sql.push("SELECT ");
        self.list(&mut sql, Some("a"), columns);
        if !extra.is_empty() {
            sql.push(", ");
            self.list(&mut sql, Some("b"), &extra);
        }
        sql.push(" FROM ").table(scope, &table.name).push(" AS ").ident("a");
        sql.push(" JOIN ").table(scope, &join.table.name).push(" AS ").ident("b").push(" ON ");
        Writer { sql: &mut sql, columns: &names }.condition(join.on)?;
        filter(&mut sql, &names, query.filter)?;
        Self::order_and_limit(&mut sql, &names, Some("a"), query)?;
        let all: Vec<&Column> = columns.iter().copied().chain(extra).collect();
        self.fetch(connection, sql, &all).await
    }

    /// Columns as [`from_row`] reads them: PostgreSQL gives dates, decimals and documents as text.
    fn list(self, sql: &mut Sql, alias: Option<&str>, columns: &[&Column]) {
        if columns.is_empty() {
            sql.push("1");
        }
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                sql.push(", ");
            }
            let (before, after) = match column.kind {
                _ if !self.is_postgres() => ("", ""),
                Kind::Decimal => ("CAST(", " AS double precision)"),
                Kind::Date => ("to_char(", ", 'YYYY-MM-DD')"),
                Kind::DateTime => ("to_char(", ", 'YYYY-MM-DD HH24:MI:SS')"),
                Kind::Time | Kind::Uuid | Kind::Json => ("CAST(", " AS text)"),
                _ => ("", ""),
            };
            sql.push(before);
            if let Some(alias) = alias {
                sql.ident(alias).push(".");
            }
            sql.ident(&column.physical()).push(after);
        }
    }

    fn order_and_limit(sql: &mut Sql, names: &Columns<'_>, alias: Option<&str>, query: Query<'_>) -> Result<()> {
        sql.push(" ORDER BY ");
        for key in query.order {
            let column = DataExpr::Column { table: None, name: key.column.clone() };
            Writer { sql, columns: names }.value(&column)?;
            // Missing values come first, as SQLite has it; PostgreSQL would put them last.
            sql.push(if key.descending { " DESC" } else { " ASC" });
            sql.push_for("", if key.descending { " NULLS LAST" } else { " NULLS FIRST" }).push(", ");
        }
        if let Some(alias) = alias {
            sql.ident(alias).push(".");
        }
        sql.ident(SEQUENCE).push(if query.newest { " DESC" } else { "" });
        if let Some(limit) = query.limit {
            sql.push(" LIMIT ").bind(limit as i64);
        }
        if let Some(offset) = query.offset.filter(|offset| *offset > 0) {
            if query.limit.is_none() {
                sql.push_for(" LIMIT -1", "");
            }
            sql.push(" OFFSET ").bind(offset as i64);
        }
        Ok(())
    }

    async fn fetch<C: ConnectionTrait>(
        self,
        connection: &C,
        sql: Sql,
        columns: &[&Column],
    ) -> Result<Vec<ValueObject>> {
        let names: Vec<Arc<str>> = columns.iter().map(|column| Arc::from(column.name.as_str())).collect();
        let broken = |source| Error::statement("reading rows", source);
        let rows = connection.query_all_raw(sql.statement()).await.map_err(broken)?;
        rows.iter()
            .map(|row| {
                columns
                    .iter()
                    .enumerate()
                    .map(|(index, column)| Ok((names[index].clone(), from_row(row, index, column.kind)?)))
                    .collect::<Result<ValueObject, DbErr>>()
            })
            .collect::<Result<_, _>>()
            .map_err(broken)
    }

    /// Inserts rows that all bring the same columns.
    pub(crate) async fn insert<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        columns: &[&Column],
        rows: &[Vec<Stored>],
    ) -> Result<u64> {
        let mut inserted = 0;
        for chunk in rows.chunks((MAX_BOUND / columns.len().max(1)).max(1)) {
            let mut sql = self.sql();
            sql.push("INSERT INTO ").table(scope, &table.name).push(" (");
            idents(&mut sql, columns);
            sql.push(") VALUES ");
            for (index, row) in chunk.iter().enumerate() {
                sql.push(if index > 0 { ", (" } else { "(" });
                for (position, (column, value)) in columns.iter().zip(row).enumerate() {
                    if position > 0 {
                        sql.push(", ");
                    }
                    sql.bind_kind(column.kind, value);
                }
                sql.push(")");
            }
            inserted += self.change(connection, sql, table).await?;
        }
        Ok(inserted)
    }

    /// Sets columns of the rows that fulfil the filter; values may name columns of the row.
    pub(crate) async fn update<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        set: &[(&Column, DataExpr)],
        wanted: Option<&DataExpr>,
    ) -> Result<u64> {
        let names = Columns::one(table);
        let mut sql = self.sql();
        sql.push("UPDATE ").table(scope, &table.name).push(" SET ");
        for (index, (column, value)) in set.iter().enumerate() {
            if index > 0 {
                sql.push(", ");
            }
            sql.ident(&column.physical()).push(" = ");
            Writer { sql: &mut sql, columns: &names }.assigned(table, column, value)?;
        }
        filter(&mut sql, &names, wanted)?;
        self.change(connection, sql, table).await
    }

    /// Deletes the rows that fulfil the filter.
    pub(crate) async fn delete<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        wanted: Option<&DataExpr>,
    ) -> Result<u64> {
        let mut sql = self.sql();
        sql.push("DELETE FROM ").table(scope, &table.name);
        filter(&mut sql, &Columns::one(table), wanted)?;
        self.change(connection, sql, table).await
    }

    /// The next free whole number of a key column. On PostgreSQL, where writers run side by side, the
    /// table's numbers are handed out one transaction at a time.
    pub(crate) async fn next_number<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        column: &Column,
    ) -> Result<i64> {
        let broken = |source| Error::statement("the next number", source);
        if self.is_postgres() {
            let mut sql = self.sql();
            let lock = format!("{}.{}", super::schema_name(scope), table.name.to_lowercase());
            sql.push("SELECT pg_advisory_xact_lock(hashtextextended(").bind(lock).push(", 0))");
            connection.execute_raw(sql.statement()).await.map_err(broken)?;
        }
        let mut sql = self.sql();
        sql.push("SELECT MAX(").ident(&column.physical()).push(") FROM ").table(scope, &table.name);
        let row = connection.query_one_raw(sql.statement()).await.map_err(broken)?;
        let last = row.map_or(Ok(None), |row| row.try_get_by_index::<Option<i64>>(0)).map_err(broken)?;
        last.unwrap_or(0)
            .checked_add(1)
            .ok_or_else(|| Error::Invalid(format!("`{}` has no free numbers left", table.name)))
    }

    async fn change<C: ConnectionTrait>(self, connection: &C, sql: Sql, table: &Table) -> Result<u64> {
        match connection.execute_raw(sql.statement()).await {
            Ok(done) => Ok(done.rows_affected()),
            Err(error) => Err(refused(table, error)),
        }
    }

    /// The stored form of a value for a column.
    pub(crate) fn stored(self, table: &Table, column: &Column, value: &Value) -> Result<Stored> {
        to_stored(&table.name, column, value, self.is_postgres())
    }
}

fn idents(sql: &mut Sql, columns: &[&Column]) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        sql.ident(&column.physical());
    }
}

fn filter(sql: &mut Sql, names: &Columns<'_>, wanted: Option<&DataExpr>) -> Result<()> {
    if let Some(wanted) = wanted {
        sql.push(" WHERE ");
        Writer { sql, columns: names }.condition(wanted)?;
    }
    Ok(())
}

fn refused(table: &Table, error: DbErr) -> Error {
    let name = || table.name.to_string();
    if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
        return Error::Duplicate { table: name() };
    }
    let text = error.to_string();
    if text.contains("CHECK constraint failed") || text.contains("violates check constraint") {
        return Error::Check { table: name() };
    }
    if text.contains("value too long for type") || text.contains("numeric field overflow") {
        return Error::Invalid(format!("a value is too large for its column of `{}`", table.name));
    }
    if text.contains("NOT NULL constraint failed") || text.contains("violates not-null constraint") {
        let missing = table
            .columns
            .iter()
            .find(|own| {
                let physical = own.physical();
                text.contains(&format!("\"{physical}\"")) || text.contains(&format!(".{physical}"))
            })
            .map_or_else(|| "a column".to_owned(), |column| column.name.clone());
        return Error::Missing { table: name(), column: missing };
    }
    Error::statement("changing rows", error)
}

/// The key that a filter asks for, if it pins every key column to a value: at most one row can match.
pub(crate) fn key_of(table: &Table, filter: &DataExpr) -> bool {
    fn pinned<'a>(expr: &'a DataExpr, names: &mut Vec<&'a str>) {
        match expr {
            DataExpr::Binary(BinaryOp::And, left, right) => {
                pinned(left, names);
                pinned(right, names);
            }
            DataExpr::Binary(BinaryOp::Equal, left, right) => match (&**left, &**right) {
                (DataExpr::Column { name, .. }, DataExpr::Value(_))
                | (DataExpr::Value(_), DataExpr::Column { name, .. }) => {
                    names.push(name);
                }
                _ => {}
            },
            _ => {}
        }
    }
    let mut names = Vec::new();
    pinned(filter, &mut names);
    let mut keys = table.columns.iter().filter(|column| column.key).peekable();
    keys.peek().is_some() && keys.all(|key| names.iter().any(|name| crate::model::same_name(&key.name, name)))
}
