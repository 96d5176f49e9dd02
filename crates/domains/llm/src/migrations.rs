//! The room's tables.

use botserver_db::{Migration, Schema};
use sea_query::{Alias, ColumnDef, Index, Table};

use crate::records::{CALLS, TRACES};

/// In order; append only.
pub const MIGRATIONS: &[Migration] = &[Migration { domain: "llm", number: 1, name: "tables", up: tables }];

fn tables(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table(Alias::new(CALLS))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("person_id").uuid())
            .col(ColumnDef::new("conversation_id").uuid())
            .col(ColumnDef::new("message_id").uuid())
            .col(ColumnDef::new("model").text().not_null())
            .col(ColumnDef::new("provider").string_len(60).not_null())
            // Empty when the provider does not say.
            .col(ColumnDef::new("input_tokens").big_integer())
            .col(ColumnDef::new("output_tokens").big_integer())
            .col(ColumnDef::new("cached_tokens").big_integer())
            .col(ColumnDef::new("duration_ms").big_integer().not_null())
            .col(ColumnDef::new("first_ms").big_integer())
            .col(ColumnDef::new("outcome").string_len(20).not_null())
            .col(ColumnDef::new("at_ms").big_integer().not_null()),
    );
    schema.index(Index::create().name("llm_calls_by_time").table(Alias::new(CALLS)).col("org_id").col("at_ms"));
    schema.index(
        Index::create().name("llm_calls_of_message").table(Alias::new(CALLS)).col("conversation_id").col("message_id"),
    );
    schema.table(
        Table::create()
            .table(Alias::new(TRACES))
            .col(ColumnDef::new("message_id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("conversation_id").uuid().not_null())
            .col(ColumnDef::new("rounds").integer().not_null())
            .col(ColumnDef::new("parts").text().not_null())
            .col(ColumnDef::new("at_ms").big_integer().not_null()),
    );
    schema.index(Index::create().name("llm_traces_of_conversation").table(Alias::new(TRACES)).col("conversation_id"));
}
