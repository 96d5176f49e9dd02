//! The room's tables.

use botserver_db::{Migration, Schema};
use sea_query::{Alias, ColumnDef, Index, Table};

/// In order; append only.
pub const MIGRATIONS: &[Migration] = &[
    Migration { domain: "session", number: 1, name: "tables", up: tables },
    Migration { domain: "session", number: 2, name: "opened with", up: opened_with },
    Migration { domain: "session", number: 3, name: "superseded", up: superseded },
    Migration { domain: "session", number: 4, name: "free text", up: free_text },
];

fn tables(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table(Alias::new("session_conversations"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("person_id").uuid().not_null())
            .col(ColumnDef::new("title").text())
            .col(ColumnDef::new("spoken").boolean().not_null())
            .col(ColumnDef::new("idempotency_key").string_len(200))
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.index(
        Index::create()
            .name("session_conversations_of_person")
            .table(Alias::new("session_conversations"))
            .col("org_id")
            .col("person_id")
            .col("updated_at_ms"),
    );
    schema.index(
        Index::create()
            .name("session_conversations_of_bot")
            .table(Alias::new("session_conversations"))
            .col("org_id")
            .col("bot_id"),
    );
    schema.index(
        Index::create()
            .name("session_conversations_once")
            .table(Alias::new("session_conversations"))
            .col("org_id")
            .col("person_id")
            .col("idempotency_key")
            .unique(),
    );
    schema.table(
        Table::create()
            .table(Alias::new("session_messages"))
            .col(ColumnDef::new("conversation_id").uuid().not_null())
            .col(ColumnDef::new("seq").big_integer().not_null())
            .col(ColumnDef::new("id").uuid().not_null())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("role").string_len(10).not_null())
            .col(ColumnDef::new("parts").text().not_null())
            // Lower case, for search without a dialect's own idea of letters.
            .col(ColumnDef::new("search_text").text().not_null())
            .col(ColumnDef::new("at_ms").big_integer().not_null())
            .col(ColumnDef::new("rating").small_integer())
            .col(ColumnDef::new("rating_reason").text())
            .primary_key(Index::create().col("conversation_id").col("seq")),
    );
    schema.index(
        Index::create()
            .name("session_messages_id")
            .table(Alias::new("session_messages"))
            .col("conversation_id")
            .col("id"),
    );
    schema.table(
        Table::create()
            .table(Alias::new("session_attachments"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("conversation_id").uuid().not_null())
            .col(ColumnDef::new("filename").text().not_null())
            .col(ColumnDef::new("mime_type").string_len(200).not_null())
            .col(ColumnDef::new("size_bytes").big_integer().not_null())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null()),
    );
    schema.index(
        Index::create()
            .name("session_attachments_of_conversation")
            .table(Alias::new("session_attachments"))
            .col("conversation_id"),
    );
}

/// The version of the package that greeted when the conversation was opened: one that nobody has written in is taken up
/// again only while that is still the bot's version.
fn opened_with(schema: &mut Schema) {
    schema.sql("ALTER TABLE session_conversations ADD COLUMN opened_with varchar(64)");
}

/// Which messages no script took: what answered them can be asked anew.
fn free_text(schema: &mut Schema) {
    schema.sql("ALTER TABLE session_messages ADD COLUMN free_text boolean NOT NULL DEFAULT false");
}

/// Messages that were answered anew or edited: they stay, but nobody is shown them and no model reads them.
fn superseded(schema: &mut Schema) {
    schema.sql("ALTER TABLE session_messages ADD COLUMN superseded boolean NOT NULL DEFAULT false");
}
