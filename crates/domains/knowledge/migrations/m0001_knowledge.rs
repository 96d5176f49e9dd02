//! Libraries with their indexes, collections, documents and passages.

use botserver_db::{Migration, Schema};
use sea_query::{Alias, ColumnDef, Index, Table};

/// This step.
pub(crate) const MIGRATION: Migration = Migration { domain: "knowledge", number: 1, name: "tables", up };

fn up(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table(Alias::new("knowledge_libraries"))
            .col(ColumnDef::new("bot_id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("name").string_len(200).not_null())
            // A folder that was indexed by itself; empty for a bot.
            .col(ColumnDef::new("folder").text())
            .col(ColumnDef::new("index_name").string_len(100).not_null())
            .col(ColumnDef::new("embedder").string_len(200).not_null())
            .col(ColumnDef::new("dimensions").integer().not_null())
            .col(ColumnDef::new("next_index_name").string_len(100))
            .col(ColumnDef::new("next_embedder").string_len(200))
            .col(ColumnDef::new("next_dimensions").integer())
            .col(ColumnDef::new("generation").big_integer().not_null())
            .col(ColumnDef::new("rebuilding").boolean().not_null())
            .col(ColumnDef::new("problems").text().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.table(
        Table::create()
            .table(Alias::new("knowledge_collections"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("name").string_len(250).not_null())
            // Files that vanished at once and wait for a decision.
            .col(ColumnDef::new("missing").big_integer().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.index(
        Index::create()
            .name("knowledge_collections_of_bot")
            .table(Alias::new("knowledge_collections"))
            .col("bot_id")
            .col("name")
            .unique(),
    );
    schema.table(
        Table::create()
            .table(Alias::new("knowledge_documents"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("collection_id").uuid().not_null())
            .col(ColumnDef::new("path").text().not_null())
            .col(ColumnDef::new("size").big_integer().not_null())
            .col(ColumnDef::new("modified_ns").big_integer().not_null())
            .col(ColumnDef::new("hash").string_len(64))
            .col(ColumnDef::new("title").text())
            .col(ColumnDef::new("language").string_len(8))
            .col(ColumnDef::new("state").string_len(10).not_null())
            .col(ColumnDef::new("pages_done").integer().not_null())
            .col(ColumnDef::new("pages").integer())
            .col(ColumnDef::new("passages").integer().not_null())
            .col(ColumnDef::new("error").text())
            .col(ColumnDef::new("warnings").text().not_null())
            .col(ColumnDef::new("grants").text().not_null())
            // The grants that the index has; others are on their way to it.
            .col(ColumnDef::new("grants_served").text())
            .col(ColumnDef::new("attempts").integer().not_null())
            .col(ColumnDef::new("not_before_ms").big_integer().not_null())
            .col(ColumnDef::new("lease_until_ms").big_integer().not_null())
            .col(ColumnDef::new("revision").big_integer().not_null())
            .col(ColumnDef::new("served").big_integer())
            // Its file is gone, and its owner said that it stays.
            .col(ColumnDef::new("kept").boolean().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.index(
        Index::create()
            .name("knowledge_documents_path")
            .table(Alias::new("knowledge_documents"))
            .col("bot_id")
            .col("path")
            .unique(),
    );
    schema.index(
        Index::create()
            .name("knowledge_documents_work")
            .table(Alias::new("knowledge_documents"))
            .col("state")
            .col("bot_id")
            .col("not_before_ms"),
    );
    schema.index(
        Index::create()
            .name("knowledge_documents_of_collection")
            .table(Alias::new("knowledge_documents"))
            .col("collection_id")
            .col("path"),
    );
    schema.table(
        Table::create()
            .table(Alias::new("knowledge_passages"))
            .col(ColumnDef::new("document_id").uuid().not_null())
            // Of which content of the document.
            .col(ColumnDef::new("revision").big_integer().not_null())
            .col(ColumnDef::new("number").integer().not_null())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("place").text().not_null())
            .col(ColumnDef::new("page").integer())
            .col(ColumnDef::new("sheet").text())
            .col(ColumnDef::new("table_row").integer())
            .col(ColumnDef::new("text").text().not_null())
            .col(ColumnDef::new("tokens").integer().not_null())
            .primary_key(Index::create().col("document_id").col("revision").col("number")),
    );
}
