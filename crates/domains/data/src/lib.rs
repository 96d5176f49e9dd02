//! Bots' data: tables that packages declare, CSV files, and memory. Real SQL tables, reached only through
//! this crate; conditions become bound SQL, never text.
//!
//! Invariants: every statement is limited to one organisation and one bot; a table or column is never
//! dropped; a change happens inside the transaction it is given, or not at all.

mod error;
mod fold;
mod keywords;
#[path = "../migrations/m0001_data.rs"]
mod m0001_data;
mod model;
mod service;
mod store;

use botserver_db::Migration;
use botserver_module::Module;

pub use error::{Error, Result};
pub use keywords::{Elsewhere, actor, keywords};
pub use model::{BotScope, Changes, Column, Kind, Table};
pub use service::{
    Actor, ApplyReport, DataService, Find, MemoryOwner, NoSeeds, Place, Row, Seeds, TablePlan, TableProblem,
    TableQuestion, is_csv,
};

/// The tables of this domain.
pub const MIGRATIONS: &[Migration] = &[m0001_data::MIGRATION];

/// The schemas of PostgreSQL that hold bots' tables, for a copy of the whole database; it has run the migrations.
pub async fn schemas(db: &botserver_db::Db) -> Result<Vec<String>> {
    store::Store::schemas(db.read()).await
}

/// What this domain brings. It has no routes: a bot's data is reached by its scripts.
pub fn module(service: &DataService, elsewhere: Elsewhere) -> Module {
    Module {
        name: "data",
        keywords: keywords(service, elsewhere),
        migrations: MIGRATIONS.to_vec(),
        ..Module::default()
    }
}
