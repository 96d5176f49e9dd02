//! The tables of this room, step by step; append only.

mod m0001_packages;

use botserver_db::Migration;

/// In order.
pub const MIGRATIONS: &[Migration] =
    &[Migration { domain: "packages", number: 1, name: "bots and versions", up: m0001_packages::up }];
