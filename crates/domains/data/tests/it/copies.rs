//! Trying something out, and having everything as it was.

use botserver_data::MIGRATIONS;
use botserver_db::{Db, Dialect};
use botserver_testkit::db_tests;

use crate::world::World;

const TELL: &str = r#"
    rows = FIND "things" ORDER BY id
    FOR EACH row IN rows
        TALK row.id + row.name + row.both
    NEXT
    TALK GET BOT MEMORY("k")
"#;

db_tests! {
    migrations: MIGRATIONS;

    async fn everything_is_as_it_was(db: Db) {
        let world = World::new(db);
        world.package.put("things.csv", "id,name\n1,a\n2,b\n");
        world.tables("TABLE things\n  id integer key\n  name string(20)\n  both string(40) GENERATED ALWAYS AS (UPPER(name)) STORED\nEND TABLE\n").await;
        world.run("SET BOT MEMORY \"k\", \"kept\"").await.end.unwrap();
        if world.db.dialect() == Dialect::Postgres {
            assert!(world.service.keep_copies(world.actor()).await.is_err());
            return world.clean().await;
        }
        let before = world.says(TELL).await;
        world.service.keep_copies(world.actor()).await.unwrap();
        for _ in 0..2 {
            world.service.bring_copies_back(world.actor()).await.unwrap();
            assert_eq!(world.says(TELL).await, before);
            let change = r#"
                INSERT INTO "things" VALUES { id: 3, name: "c" }
                UPDATE "things" SET name = "z" WHERE id = 1
                DELETE FROM "things" WHERE id = 2
                SAVE "made", { id: 1, what: "new" }
                SET BOT MEMORY "k", "changed"
                REMEMBER "size", 1
            "#;
            world.run(change).await.end.unwrap();
            assert_ne!(world.says(TELL).await, before);
        }
        world.service.bring_copies_back(world.actor()).await.unwrap();
        assert_eq!(world.says(TELL).await, before);
        let gone = world.run("x = FIND \"made\"").await.end.unwrap_err();
        assert!(gone.message.contains("there is no table `made`"), "{gone}");
        assert_eq!(world.says("x = RECALL \"size\"\nTALK x IS NULL").await, "true");
        // What was deleted can be made again, with other columns.
        world.run("SAVE \"made\", { id: 1, other: \"x\" }").await.end.unwrap();
    }
}
