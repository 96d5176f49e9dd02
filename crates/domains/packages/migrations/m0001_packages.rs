//! Bots, and every version of them that may still be needed.

use botserver_db::Schema;
use sea_query::{Alias, ColumnDef, Index, Table};

pub(super) fn up(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table(Alias::new("packages_bots"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("name").string_len(64).not_null())
            .col(ColumnDef::new("state").string_len(12).not_null())
            .col(ColumnDef::new("version").string_len(64))
            .col(ColumnDef::new("loaded_at_ms").big_integer())
            .col(ColumnDef::new("change_refused").boolean().not_null())
            .col(ColumnDef::new("diagnostics").text().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.index(
        Index::create()
            .name("packages_bots_name")
            .table(Alias::new("packages_bots"))
            .col("org_id")
            .col("name")
            .unique(),
    );
    schema.table(
        Table::create()
            .table(Alias::new("packages_versions"))
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("hash").string_len(64).not_null())
            .col(ColumnDef::new("source").blob().not_null())
            .col(ColumnDef::new("compiled").blob().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("served_at_ms").big_integer().not_null())
            .primary_key(Index::create().col("org_id").col("bot_id").col("hash")),
    );
}
