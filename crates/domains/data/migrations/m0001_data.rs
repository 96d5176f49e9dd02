//! The catalogue of bots' tables, their CSV files and their memory.

use botserver_db::{Migration, Schema};
use sea_query::{Alias, ColumnDef, Index, Table};

/// This step.
pub(crate) const MIGRATION: Migration = Migration { domain: "data", number: 1, name: "tables, files, memory", up };

fn up(schema: &mut Schema) {
    schema.table(
        &Table::create()
            .table(Alias::new("data_tables"))
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            // Lower case, as names compare.
            .col(ColumnDef::new("name").string_len(100).not_null())
            .col(ColumnDef::new("title").string_len(100).not_null())
            .col(ColumnDef::new("columns").json_binary().not_null())
            .col(ColumnDef::new("read_roles").json_binary().not_null())
            .col(ColumnDef::new("write_roles").json_binary().not_null())
            // False when a SAVE made it.
            .col(ColumnDef::new("declared").boolean().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null())
            .primary_key(Index::create().col("org_id").col("bot_id").col("name"))
            .to_owned(),
    );
    schema.table(
        &Table::create()
            .table(Alias::new("data_files"))
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            // Normalised, lower case.
            .col(ColumnDef::new("path").string_len(500).not_null())
            .col(ColumnDef::new("content").text().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null())
            .primary_key(Index::create().col("org_id").col("bot_id").col("path"))
            .to_owned(),
    );
    schema.table(
        &Table::create()
            .table(Alias::new("data_memory"))
            .col(ColumnDef::new("org_id").uuid().not_null())
            // `bot`, `user` (a person, all bots), `recall` (a person with one bot) or `report` (a bot).
            .col(ColumnDef::new("scope").string_len(10).not_null())
            // Whose it is; all zeros where the scope has none.
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("person_id").uuid().not_null())
            .col(ColumnDef::new("key").string_len(200).not_null())
            .col(ColumnDef::new("value").text().not_null())
            .col(ColumnDef::new("expires_at_ms").big_integer())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null())
            .primary_key(Index::create().col("org_id").col("scope").col("bot_id").col("person_id").col("key"))
            .to_owned(),
    );
}
