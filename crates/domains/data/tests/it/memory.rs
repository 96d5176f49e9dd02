//! Memory of bots and people.

use botserver_data::MIGRATIONS;
use botserver_db::Db;
use botserver_kernel::{PersonId, Timestamp};
use botserver_testkit::db_tests;

use crate::world::World;

db_tests! {
    migrations: MIGRATIONS;

    async fn values_keep_their_types_and_their_owners(db: Db) {
        let mut world = World::new(db);
        let script = r#"
            SET BOT MEMORY "rate", 5.42
            SET BOT MEMORY "names" AS ["a", "b"]
            SET BOT MEMORY "conf", { a: 1 }
            SET USER MEMORY "lang", "pt"
            REMEMBER "size", 42
            id = 7
            REMEMBER "po_" + id = { total: 3 }
            REMEMBER "day", TODAY2, "7 days"
            TALK TYPEOF(GET BOT MEMORY "rate") + GET BOT MEMORY("rate")
            n = GET BOT MEMORY "names"
            TALK n[1]
            c = GET BOT MEMORY("conf")
            TALK c.a + 1
            TALK GET USER MEMORY("lang")
            TALK (RECALL "size") + 1
            p = RECALL "po_7"
            TALK p.total
        "#
        .replace("TODAY2", "\"x\"");
        assert_eq!(world.says(&script).await, "float5.42\nb\n2\npt\n43\n3");
        world.cx.principal.person_id = PersonId::new(uuid::Uuid::from_u128(9));
        let script = r#"
            TALK GET BOT MEMORY("rate")
            TALK "[" + GET USER MEMORY("lang") + "]"
            x = RECALL "size"
            TALK x IS NULL
            IF GET BOT MEMORY("missing") = "" THEN TALK "empty"
        "#;
        assert_eq!(world.says(script).await, "5.42\n[]\ntrue\nempty");
        world.clean().await;
    }

    async fn what_expires_is_forgotten_and_what_is_cleared_too(db: Db) {
        let mut world = World::new(db);
        assert_eq!(world.says("REMEMBER \"k\", 1, \"2 hours\"\nREMEMBER \"f\", 2, \"forever\"\nSET USER MEMORY \"u\", 3").await, "");
        world.cx.now = Timestamp::from_second(world.cx.now.as_second() + 7_199).unwrap();
        assert_eq!(world.says("TALK RECALL \"k\"").await, "1");
        world.cx.now = Timestamp::from_second(world.cx.now.as_second() + 1).unwrap();
        assert_eq!(world.says("x = RECALL \"k\"\nTALK x IS NULL\nTALK RECALL \"f\"").await, "true\n2");
        assert_eq!(world.says("CLEAR USER MEMORY\nTALK \"[\" + GET USER MEMORY(\"u\") + \"]\"").await, "[]");
        assert_eq!(world.says("SET BOT MEMORY \"x\", 1\nSET BOT MEMORY \"x\", NULL\nTALK \"[\" + GET BOT MEMORY(\"x\") + \"]\"").await, "[]");
        assert!(world.says("REMEMBER \"k\", 1, \"soon\"").await.starts_with("error 4000"));
        assert!(world.says("SET BOT MEMORY \"\", 1").await.starts_with("error 4000"));
        world.clean().await;
    }
}
