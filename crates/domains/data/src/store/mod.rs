//! All SQL of this domain, and only here. Tables of bots have names and columns that packages declare, so
//! their statements are written by [`sql::Sql`]; our own tables go through the organisation scope.
//!
//! A bot's tables live in a schema of their own on PostgreSQL (`bot_<id>`) and under prefixed names on
//! SQLite (`t_<id>__<name>`). Every one has a hidden column that numbers its rows in the order of their
//! insertion: it orders what has no ORDER BY, the same on both databases, and answers GET LAST.

mod aggregate;
mod catalogue;
mod convert;
mod copies;
mod ddl;
mod expr;
mod files;
mod memory;
mod patterns;
mod rows;
mod sql;

pub(crate) use aggregate::{Aggregate, Function, Selected, single};
pub(crate) use convert::Stored;
pub(crate) use ddl::Index;
pub(crate) use files::StoredFile;
pub(crate) use memory::{Entry, Owner};
pub(crate) use rows::{Join, Query, key_of};
pub(crate) use sql::Sql;

use botserver_db::Dialect;

use crate::BotScope;

/// The queries of this domain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(crate) dialect: Dialect,
}

/// Numbers the rows of a bot's table.
pub(crate) const SEQUENCE: &str = "_seq";

impl Store {
    pub(crate) fn is_postgres(self) -> bool {
        self.dialect == Dialect::Postgres
    }

    pub(crate) fn sql(self) -> Sql {
        Sql::new(self.dialect)
    }
}

impl Sql {
    /// The name of a bot's table.
    pub(crate) fn table(&mut self, scope: BotScope, name: &str) -> &mut Self {
        let name = name.to_lowercase();
        if self.dialect() == Dialect::Postgres {
            self.ident(&schema_name(scope)).push(".").ident(&name)
        } else {
            self.ident(&format!("t_{}__{name}", scope.bot_id.uuid().simple()))
        }
    }
}

/// The schema of a bot on PostgreSQL.
pub(crate) fn schema_name(scope: BotScope) -> String {
    format!("bot_{}", scope.bot_id.uuid().simple())
}
