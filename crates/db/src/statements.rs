//! Statements of one transaction that need nothing of each other's results.

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement, StatementBuilder};
use sea_query::Values;

use crate::Tx;

/// Statements that run one after the other. On SQLite they go to the connection's thread in one go: that way costs
/// more than many of the statements.
#[derive(Debug)]
pub struct Statements {
    backend: DbBackend,
    statements: Vec<Statement>,
}

impl Statements {
    /// None yet, for this transaction.
    pub fn new(tx: &Tx) -> Self {
        Self { backend: tx.get_database_backend(), statements: Vec::new() }
    }

    /// Which SQL they speak.
    pub const fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Adds one.
    pub fn push(&mut self, statement: &impl StatementBuilder) {
        self.statements.push(statement.build(&self.backend));
    }

    /// Adds one that is SQL already. Its placeholders are `?` on SQLite and `$1` on PostgreSQL, as the builders' are.
    pub fn push_sql(&mut self, sql: String, values: Vec<sea_query::Value>) {
        self.statements.push(Statement::from_sql_and_values(self.backend, sql, values));
    }

    /// Runs them.
    pub async fn run(self, tx: &Tx) -> Result<(), DbErr> {
        if self.backend != DbBackend::Sqlite {
            for statement in self.statements {
                tx.execute_raw(statement).await?;
            }
            return Ok(());
        }
        let (mut sql, mut values) = (String::new(), Vec::new());
        for statement in self.statements {
            if !sql.is_empty() {
                sql.push_str(";\n");
            }
            sql.push_str(&statement.sql);
            let Values(own) = statement.values.unwrap_or(Values(Vec::new()));
            values.extend(own);
        }
        if sql.is_empty() {
            return Ok(());
        }
        tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)).await.map(drop)
    }
}
