//! The tables of `auth`, step by step. Append only.

mod m0001_auth;

use botserver_db::Migration;

/// All of them, in order.
pub const MIGRATIONS: &[Migration] = &[m0001_auth::MIGRATION];
