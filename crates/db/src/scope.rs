//! The organisation scope: statements begin here, so that a store cannot forget whose rows they are.

use botserver_kernel::OrgId;
use sea_orm::{DbErr, QueryResult, TryGetable};
use sea_query::{Alias, DeleteStatement, Expr, ExprTrait, InsertStatement, Query, SelectStatement, UpdateStatement};

/// Whose rows a statement may touch.
#[derive(Clone, Copy, Debug)]
pub struct OrgScope(pub OrgId);

impl OrgScope {
    /// `SELECT … FROM table WHERE org_id = …`
    pub fn select(self, table: &'static str) -> SelectStatement {
        let mut statement = Query::select();
        statement.from(Alias::new(table)).and_where(Expr::col((Alias::new(table), "org_id")).eq(self.0.uuid()));
        statement
    }

    /// `UPDATE table … WHERE org_id = …`
    pub fn update(self, table: &'static str) -> UpdateStatement {
        let mut statement = Query::update();
        statement.table(Alias::new(table)).and_where(Expr::col("org_id").eq(self.0.uuid()));
        statement
    }

    /// `DELETE FROM table WHERE org_id = …`
    pub fn delete(self, table: &'static str) -> DeleteStatement {
        let mut statement = Query::delete();
        statement.from_table(Alias::new(table)).and_where(Expr::col("org_id").eq(self.0.uuid()));
        statement
    }

    /// `INSERT INTO table (org_id, columns…)`; give each row through [`OrgScope::values`].
    pub fn insert(self, table: &'static str, columns: &[&'static str]) -> InsertStatement {
        let mut statement = Query::insert();
        statement.into_table(Alias::new(table)).columns(std::iter::once("org_id").chain(columns.iter().copied()));
        statement
    }

    /// The values of one row for [`OrgScope::insert`], with the organisation in front.
    pub fn values<const N: usize>(self, values: [sea_query::Value; N]) -> Vec<Expr> {
        std::iter::once(Expr::value(self.0.uuid())).chain(values.into_iter().map(Expr::value)).collect()
    }
}

/// A column of a row by name, with an error that names it.
pub fn row<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, DbErr> {
    row.try_get("", column)
}
