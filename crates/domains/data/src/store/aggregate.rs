//! SUM, COUNT, AVG, MIN and MAX over tables, with groups.

use std::sync::Arc;

use botserver_basic_types::{DataExpr, Value, ValueObject};
use sea_orm::ConnectionTrait;

use super::{
    Store,
    convert::from_row,
    expr::{Columns, Writer},
};
use crate::{BotScope, Column, Error, Kind, Result, Table};

/// What is computed of many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Sum,
    Count,
    Average,
    Minimum,
    Maximum,
}

impl Function {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_uppercase().as_str() {
            "SUM" => Self::Sum,
            "COUNT" => Self::Count,
            "AVG" | "AVERAGE" => Self::Average,
            "MIN" => Self::Minimum,
            "MAX" => Self::Maximum,
            _ => return None,
        })
    }

    const fn sql(self) -> &'static str {
        match self {
            Self::Sum => "SUM",
            Self::Count => "COUNT",
            Self::Average => "AVG",
            Self::Minimum => "MIN",
            Self::Maximum => "MAX",
        }
    }
}

/// One function over one column; `COUNT` without a column counts rows.
#[derive(Clone, Debug)]
pub(crate) struct Aggregate<'a> {
    pub(crate) function: Function,
    pub(crate) column: Option<&'a Column>,
    pub(crate) name: Arc<str>,
}

/// A column of the result.
#[derive(Clone, Debug)]
pub(crate) enum Selected<'a> {
    /// A column that the rows are grouped by.
    Group(&'a Column, Arc<str>),
    /// A computed one.
    Aggregate(Aggregate<'a>),
}

impl Store {
    /// One row per group (one row without groups), at most `limit`.
    pub(crate) async fn aggregate<C: ConnectionTrait>(
        self,
        connection: &C,
        scope: BotScope,
        table: &Table,
        selected: &[Selected<'_>],
        filter: Option<&DataExpr>,
        limit: u64,
    ) -> Result<Vec<ValueObject>> {
        let names = Columns::one(table);
        let groups: Vec<&Column> = selected
            .iter()
            .filter_map(|item| match item {
                Selected::Group(column, _) => Some(*column),
                Selected::Aggregate(_) => None,
            })
            .collect();
        let mut sql = self.sql();
        sql.push("SELECT ");
        let mut kinds = Vec::new();
        for (index, item) in selected.iter().enumerate() {
            if index > 0 {
                sql.push(", ");
            }
            let (kind, aggregate) = match item {
                Selected::Group(column, _) => (column.kind, None),
                Selected::Aggregate(aggregate) => (result_kind(aggregate)?, Some(aggregate)),
            };
            let column = match item {
                Selected::Group(column, _) => Some(*column),
                Selected::Aggregate(aggregate) => aggregate.column,
            };
            let (before, after) = match kind {
                Kind::Double | Kind::Decimal => {
                    ("CAST(", if self.is_postgres() { " AS double precision)" } else { " AS REAL)" })
                }
                Kind::Integer | Kind::BigInt => {
                    ("CAST(", if self.is_postgres() { " AS bigint)" } else { " AS INTEGER)" })
                }
                Kind::Date if self.is_postgres() => ("to_char(", ", 'YYYY-MM-DD')"),
                Kind::DateTime if self.is_postgres() => ("to_char(", ", 'YYYY-MM-DD HH24:MI:SS')"),
                Kind::Time | Kind::Uuid | Kind::Json if self.is_postgres() => ("CAST(", " AS text)"),
                _ => ("", ""),
            };
            sql.push(before);
            if let Some(aggregate) = aggregate {
                sql.push(aggregate.function.sql()).push("(");
            }
            match column {
                Some(column) => {
                    sql.ident(&column.physical());
                }
                None => {
                    sql.push("*");
                }
            }
            if aggregate.is_some() {
                sql.push(")");
            }
            sql.push(after);
            kinds.push(kind);
        }
        sql.push(" FROM ").table(scope, &table.name);
        if let Some(filter) = filter {
            sql.push(" WHERE ");
            Writer { sql: &mut sql, columns: &names }.condition(filter)?;
        }
        for (word, last) in [(" GROUP BY ", ""), (" ORDER BY ", " NULLS FIRST")] {
            for (index, column) in groups.iter().enumerate() {
                sql.push(if index == 0 { word } else { ", " }).ident(&column.physical()).push(last);
            }
        }
        sql.push(" LIMIT ").bind(limit as i64);
        let broken = |source| Error::statement("an aggregate", source);
        let rows = connection.query_all_raw(sql.statement()).await.map_err(broken)?;
        rows.iter()
            .map(|row| {
                selected
                    .iter()
                    .zip(&kinds)
                    .enumerate()
                    .map(|(index, (item, kind))| {
                        let name = match item {
                            Selected::Group(_, name) => name,
                            Selected::Aggregate(aggregate) => &aggregate.name,
                        };
                        Ok((name.clone(), from_row(row, index, *kind)?))
                    })
                    .collect::<Result<ValueObject, sea_orm::DbErr>>()
            })
            .collect::<Result<_, _>>()
            .map_err(broken)
    }
}

fn result_kind(aggregate: &Aggregate<'_>) -> Result<Kind> {
    let Some(column) = aggregate.column else {
        return match aggregate.function {
            Function::Count => Ok(Kind::Integer),
            _ => Err(Error::Invalid(format!("{} needs a column", aggregate.function.sql()))),
        };
    };
    let number = matches!(column.kind, Kind::Integer | Kind::BigInt | Kind::Decimal | Kind::Double);
    match aggregate.function {
        Function::Count => Ok(Kind::Integer),
        Function::Sum if matches!(column.kind, Kind::Integer | Kind::BigInt) => Ok(Kind::Integer),
        Function::Sum | Function::Average if number => Ok(Kind::Double),
        Function::Sum | Function::Average => Err(Error::Invalid(format!(
            "{} needs numbers; `{}` is a {}",
            aggregate.function.sql(),
            column.name,
            column.kind.word()
        ))),
        Function::Minimum | Function::Maximum => match column.kind {
            Kind::Json | Kind::Binary | Kind::Boolean | Kind::Uuid => {
                Err(Error::Invalid(format!("{} needs numbers, texts or dates", aggregate.function.sql())))
            }
            kind => Ok(kind),
        },
    }
}

/// The number of a single aggregate without groups.
pub(crate) fn single(rows: Vec<ValueObject>) -> Value {
    rows.into_iter().next().and_then(|row| row.into_values().next()).unwrap_or(Value::Null)
}
