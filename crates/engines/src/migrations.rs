//! The engine's tables. They carry conversations today; schedules (timers of kind `schedule`), events
//! (executions that wait for a key) and child executions (`parent_id`) have their columns already.

use botserver_db::{Dialect, Migration, Schema};
use sea_query::{Alias, ColumnDef, Index, Table};

/// In order; append only.
pub const MIGRATIONS: &[Migration] = &[Migration { domain: "engine", number: 1, name: "tables", up: tables }];

fn tables(schema: &mut Schema) {
    schema.table(
        Table::create()
            .table(Alias::new("engine_lanes"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("person_id").uuid())
            .col(ColumnDef::new("kind").string_len(20).not_null())
            .col(ColumnDef::new("channel").text().not_null())
            .col(ColumnDef::new("version").big_integer().not_null())
            .col(ColumnDef::new("last_seq").big_integer().not_null())
            .col(ColumnDef::new("state").text())
            .col(ColumnDef::new("created_at_ms").big_integer().not_null())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.table(
        Table::create()
            .table(Alias::new("engine_inbox"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("lane_id").uuid().not_null())
            .col(ColumnDef::new("kind").string_len(20).not_null())
            .col(ColumnDef::new("channel").string_len(40).not_null())
            .col(ColumnDef::new("channel_message_id").string_len(200).not_null())
            .col(ColumnDef::new("payload").text().not_null())
            .col(ColumnDef::new("status").string_len(12).not_null())
            .col(ColumnDef::new("arrived_at_ms").big_integer().not_null()),
    );
    schema.index(
        Index::create()
            .name("engine_inbox_once")
            .table(Alias::new("engine_inbox"))
            .col("org_id")
            .col("channel")
            .col("channel_message_id")
            .unique(),
    );
    schema.sql(
        "CREATE INDEX engine_inbox_open ON engine_inbox (lane_id, arrived_at_ms, id) \
         WHERE status IN ('queued', 'taken')",
    );
    schema.table(
        Table::create()
            .table(Alias::new("engine_executions"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("lane_id").uuid().not_null())
            .col(ColumnDef::new("bot_id").uuid().not_null())
            .col(ColumnDef::new("parent_id").uuid())
            .col(ColumnDef::new("kind").string_len(20).not_null())
            .col(ColumnDef::new("program").text().not_null())
            .col(ColumnDef::new("program_version").string_len(128).not_null())
            .col(ColumnDef::new("status").string_len(12).not_null())
            .col(ColumnDef::new("wait_kind").string_len(12))
            .col(ColumnDef::new("wait_key").text())
            .col(ColumnDef::new("wait_due_ms").big_integer())
            .col(ColumnDef::new("turn").integer().not_null())
            .col(ColumnDef::new("snapshot").blob())
            .col(ColumnDef::new("item_id").uuid())
            .col(ColumnDef::new("error").text())
            .col(ColumnDef::new("updated_at_ms").big_integer().not_null()),
    );
    schema.sql(
        "CREATE INDEX engine_executions_open ON engine_executions (lane_id) WHERE status IN ('running', 'waiting')",
    );
    schema.sql(
        "CREATE INDEX engine_executions_waiting ON engine_executions (org_id, wait_kind, wait_key) \
         WHERE status = 'waiting' AND wait_key IS NOT NULL",
    );
    schema.table(
        Table::create()
            .table(Alias::new("engine_journal"))
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("execution_id").uuid().not_null())
            .col(ColumnDef::new("turn").integer().not_null())
            .col(ColumnDef::new("number").integer().not_null())
            .col(ColumnDef::new("outcome").text().not_null())
            .primary_key(Index::create().col("execution_id").col("turn").col("number")),
    );
    schema.table(
        Table::create()
            .table(Alias::new("engine_outbox"))
            .col(ColumnDef::new("lane_id").uuid().not_null())
            .col(ColumnDef::new("seq").big_integer().not_null())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("payload").text().not_null())
            .col(ColumnDef::new("at_ms").big_integer().not_null())
            // Channels that push (WhatsApp, mail) deliver from here; the web reads by seq and leaves it null.
            .col(ColumnDef::new("deliver_to").text())
            .col(ColumnDef::new("delivered_at_ms").big_integer())
            .col(ColumnDef::new("attempts").integer().not_null().default(0))
            .primary_key(Index::create().col("lane_id").col("seq")),
    );
    schema.sql(
        "CREATE INDEX engine_outbox_undelivered ON engine_outbox (at_ms) \
         WHERE deliver_to IS NOT NULL AND delivered_at_ms IS NULL",
    );
    schema.table(
        Table::create()
            .table(Alias::new("engine_timers"))
            .col(ColumnDef::new("id").uuid().not_null().primary_key())
            .col(ColumnDef::new("org_id").uuid().not_null())
            .col(ColumnDef::new("lane_id").uuid().not_null())
            .col(ColumnDef::new("execution_id").uuid())
            .col(ColumnDef::new("kind").string_len(12).not_null())
            .col(ColumnDef::new("due_ms").big_integer().not_null())
            .col(ColumnDef::new("payload").text().not_null())
            .col(ColumnDef::new("status").string_len(12).not_null()),
    );
    schema.sql("CREATE INDEX engine_timers_due ON engine_timers (due_ms) WHERE status = 'armed'");
    schema.sql("CREATE INDEX engine_timers_execution ON engine_timers (execution_id) WHERE status = 'armed'");
    if schema.dialect() == Dialect::Postgres {
        // Rows of running lanes change all the time; leave room on the page so that indexes stay untouched.
        schema.sql("ALTER TABLE engine_lanes SET (fillfactor = 70)");
        schema.sql("ALTER TABLE engine_executions SET (fillfactor = 70)");
    }
}
