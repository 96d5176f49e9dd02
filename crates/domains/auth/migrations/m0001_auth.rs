//! Organisations, signing keys, owner links and owner sessions. Visitors have no row: the signed cookie
//! is all there is to know of them.

use botserver_db::{Migration, Schema};
use sea_query::{ColumnDef, Index, Table};

pub(super) const MIGRATION: Migration = Migration { domain: "auth", number: 1, name: "owner sign-in", up };

fn up(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table("auth_orgs")
            .col(ColumnDef::new("org_id").uuid().not_null().primary_key())
            .col(ColumnDef::new("name").string_len(64).not_null().unique_key())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null()),
    );
    schema.table(
        Table::create()
            .table("auth_keys")
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("number").integer().not_null())
            .col(ColumnDef::new("secret").blob().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .primary_key(Index::create().col("org_id").col("number")),
    );
    schema.table(
        Table::create()
            .table("auth_owner_links")
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("secret_hash").blob().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("expires_at_ms").big_integer().not_null())
            .col(ColumnDef::new("used_at_ms").big_integer()),
    );
    schema.table(
        Table::create()
            .table("auth_owner_sessions")
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("secret_hash").blob().not_null())
            .col(ColumnDef::new("person_id").uuid().not_null())
            .col(ColumnDef::new("client").string_len(200).not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("seen_at_ms").big_integer().not_null())
            .col(ColumnDef::new("expires_at_ms").big_integer().not_null())
            .col(ColumnDef::new("ended_at_ms").big_integer()),
    );
}
