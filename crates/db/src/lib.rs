//! SQLite and PostgreSQL behind one door: connections, the organisation scope, migrations and the
//! group-commit writer. Knows no table of any domain.
//!
//! Invariant: every write goes through [`Db::write`], which batches waiting writes into one transaction
//! and answers them only after its commit. Nothing but the database is awaited inside a write.

mod connect;
mod copy;
mod error;
mod history;
mod migrate;
mod scope;
mod statements;
mod writer;

pub use connect::{Db, DbUrl, Dialect, Durability};
pub use error::{Error, Result};
pub use history::AppliedMigration;
pub use migrate::{Migration, MigrationReport, Schema};
pub use scope::{OrgScope, row};
pub use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, QueryResult};
pub use statements::Statements;
pub use writer::{Tx, WriteFuture};
