//! Migrations: per domain, numbered, append-only, forward-only, run at start, one history table.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use sea_query::{
    Alias, ColumnDef, Expr, IndexCreateStatement, PostgresQueryBuilder, Query, SqliteQueryBuilder, Table,
    TableAlterStatement, TableCreateStatement,
};

use crate::{Db, DbUrl, Dialect, Error, Result};

/// One step of a domain's schema.
#[derive(Clone, Copy)]
pub struct Migration {
    /// The domain; its tables begin with this word.
    pub domain: &'static str,
    /// From 1, without gaps.
    pub number: u32,
    /// What it does, in two words.
    pub name: &'static str,
    /// Writes the statements.
    pub up: fn(&mut Schema),
}

/// Collects the statements of a migration for one dialect.
pub struct Schema {
    dialect: Dialect,
    statements: Vec<String>,
}

impl Schema {
    /// Which SQL is written.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// `CREATE TABLE`.
    pub fn table(&mut self, table: &TableCreateStatement) {
        self.statements.push(match self.dialect {
            Dialect::Sqlite => table.to_string(SqliteQueryBuilder),
            Dialect::Postgres => table.to_string(PostgresQueryBuilder),
        });
    }

    /// `ALTER TABLE`.
    pub fn alter(&mut self, table: &TableAlterStatement) {
        self.statements.push(match self.dialect {
            Dialect::Sqlite => table.to_string(SqliteQueryBuilder),
            Dialect::Postgres => table.to_string(PostgresQueryBuilder),
        });
    }

    /// `CREATE INDEX`.
    pub fn index(&mut self, index: &IndexCreateStatement) {
        self.statements.push(match self.dialect {
            Dialect::Sqlite => index.to_string(SqliteQueryBuilder),
            Dialect::Postgres => index.to_string(PostgresQueryBuilder),
        });
    }

    /// A statement that both dialects understand.
    pub fn sql(&mut self, sql: impl Into<String>) {
        self.statements.push(sql.into());
    }
}

/// What [`Db::migrate`] did.
#[derive(Debug, Default)]
pub struct MigrationReport {
    /// `domain/number name` of each migration that ran.
    pub applied: Vec<String>,
    /// The copy made of a SQLite file before the first one.
    pub copy: Option<std::path::PathBuf>,
}

pub(crate) const HISTORY: &str = "schema_migrations";
/// Any number that no other program is likely to lock.
const POSTGRES_LOCK: i64 = 0x626f_7473_6572_7665;

impl Db {
    /// Brings the schema up to date; refuses a database that a newer release has written.
    ///
    /// A SQLite file that already has tables is copied first, to `NAME.before-MILLISECONDS.db` beside it.
    pub async fn migrate(&self, migrations: &[Migration], now_ms: i64) -> Result<MigrationReport> {
        check_numbers(migrations)?;
        let connection = self.migrator();
        let history = Table::create()
            .table(Alias::new(HISTORY))
            .if_not_exists()
            .col(ColumnDef::new("domain").string_len(64).not_null())
            .col(ColumnDef::new("number").integer().not_null())
            .col(ColumnDef::new("name").string_len(200).not_null())
            .col(ColumnDef::new("applied_at_ms").big_integer().not_null())
            .primary_key(sea_query::Index::create().col("domain").col("number"))
            .to_owned();
        let locked = Locked::take(connection, self.dialect()).await?;
        let outcome = self.migrate_locked(connection, &history, migrations, now_ms).await;
        locked.release().await?;
        outcome
    }

    async fn migrate_locked(
        &self,
        connection: &DatabaseConnection,
        history: &TableCreateStatement,
        migrations: &[Migration],
        now_ms: i64,
    ) -> Result<MigrationReport> {
        let statement = |source| Error::statement("the migration history", source);
        connection.execute(history).await.map_err(statement)?;
        let known: BTreeSet<(&str, i32)> =
            migrations.iter().map(|migration| (migration.domain, migration.number as i32)).collect();
        let applied = connection
            .query_all(Query::select().columns(["domain", "number"]).from(Alias::new(HISTORY)))
            .await
            .map_err(statement)?
            .iter()
            .map(|row| Ok((row.try_get::<String>("", "domain")?, row.try_get::<i32>("", "number")?)))
            .collect::<std::result::Result<BTreeSet<_>, sea_orm::DbErr>>()
            .map_err(statement)?;
        if let Some((domain, number)) =
            applied.iter().find(|(domain, number)| !known.contains(&(domain.as_str(), *number)))
        {
            return Err(Error::Newer { domain: domain.clone(), number: *number });
        }
        let pending: Vec<&Migration> = migrations
            .iter()
            .filter(|migration| !applied.contains(&(migration.domain.to_owned(), migration.number as i32)))
            .collect();
        let mut report = MigrationReport::default();
        if pending.is_empty() {
            return Ok(report);
        }
        if let DbUrl::Sqlite(path) = self.url()
            && has_tables(connection).await.map_err(statement)?
        {
            let copy = path.with_extension(format!("before-{now_ms}.db"));
            let target = copy.display().to_string();
            connection
                .execute_unprepared(&format!("VACUUM INTO '{}'", target.replace('\'', "''")))
                .await
                .map_err(|source| Error::Copy { path: target, source })?;
            report.copy = Some(copy);
        }
        for migration in pending {
            self.apply(connection, migration, now_ms).await.map_err(|source| Error::Migration {
                domain: migration.domain,
                number: migration.number,
                source,
            })?;
            report.applied.push(format!("{}/{} {}", migration.domain, migration.number, migration.name));
        }
        Ok(report)
    }

    async fn apply(
        &self,
        connection: &DatabaseConnection,
        migration: &Migration,
        now_ms: i64,
    ) -> std::result::Result<(), sea_orm::DbErr> {
        let mut schema = Schema { dialect: self.dialect(), statements: Vec::new() };
        (migration.up)(&mut schema);
        let transaction = connection.begin().await?;
        for sql in &schema.statements {
            transaction.execute_unprepared(sql).await?;
        }
        let mut done = Query::insert();
        done.into_table(Alias::new(HISTORY)).columns(["domain", "number", "name", "applied_at_ms"]).values_panic([
            Expr::value(migration.domain),
            Expr::value(migration.number as i32),
            Expr::value(migration.name),
            Expr::value(now_ms),
        ]);
        transaction.execute(&done).await?;
        transaction.commit().await
    }
}

fn check_numbers(migrations: &[Migration]) -> Result<()> {
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for migration in migrations {
        let number = last.entry(migration.domain).or_default();
        *number += 1;
        if *number != migration.number {
            return Err(Error::Numbering { domain: migration.domain, number: *number });
        }
    }
    Ok(())
}

/// Whether there is anything in the file besides the history.
async fn has_tables(connection: &DatabaseConnection) -> std::result::Result<bool, sea_orm::DbErr> {
    let tables = format!("SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name <> '{HISTORY}' LIMIT 1");
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, tables);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Keeps two servers on one PostgreSQL from migrating at once. SQLite needs none: its data directory is
/// locked by one process.
struct Locked(Option<sea_orm::DatabaseTransaction>);

impl Locked {
    async fn take(connection: &DatabaseConnection, dialect: Dialect) -> Result<Self> {
        if dialect == Dialect::Sqlite {
            return Ok(Self(None));
        }
        let statement = |source| Error::statement("the migration lock", source);
        let transaction = connection.begin().await.map_err(statement)?;
        transaction
            .execute_unprepared(&format!("SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"))
            .await
            .map_err(statement)?;
        Ok(Self(Some(transaction)))
    }

    async fn release(self) -> Result<()> {
        match self.0 {
            Some(transaction) => {
                transaction.commit().await.map_err(|source| Error::statement("the migration lock", source))
            }
            None => Ok(()),
        }
    }
}
