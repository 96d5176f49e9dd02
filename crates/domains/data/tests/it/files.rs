//! CSV files as tables.

use botserver_data::MIGRATIONS;
use botserver_db::Db;
use botserver_testkit::db_tests;

use crate::world::World;

db_tests! {
    migrations: MIGRATIONS;

    async fn a_file_is_found_changed_and_made(db: Db) {
        let world = World::new(db);
        world.package.put("data/items.csv", "id,name,price,zip\n1,Pen,1.5,01234\n2,Ink,7,94110\n");
        let script = r#"
            FOR EACH i IN FIND "data/items.csv", "price > 1 AND name LIKE '%n%'" ORDER BY price DESC
                TALK i.id + " " + i.name + " " + i.zip
            NEXT
            SAVE "data/items.csv", { id: 2, price: 8 }
            SAVE "data/items.csv", { id: 3, name: "Cap, red", colour: "red" }
            UPDATE "/data/items.csv" SET price = price * 2 WHERE id = 1
            n = DELETE "data/items.csv", "name=Pen"
            TALK n
            TALK JSON(FIND "data/items.csv")
            j = FIND "DATA/Items.csv", 3
            TALK JSON(j)
            TALK AGGREGATE "data/items.csv" SUM price
        "#;
        assert_eq!(
            world.says(script).await,
            "2 Ink 94110\n1 Pen 01234\n1\n\
             [{\"id\":2,\"name\":\"Ink\",\"price\":8,\"zip\":94110,\"colour\":null},\
             {\"id\":3,\"name\":\"Cap, red\",\"price\":null,\"zip\":null,\"colour\":\"red\"}]\n\
             [{\"id\":3,\"name\":\"Cap, red\",\"price\":null,\"zip\":null,\"colour\":\"red\"}]\n8"
        );
        let script = r#"
            name = "Ada"
            email = "a@x.org"
            SAVE "leads.csv", name, email
            name = "Bob"
            SAVE "leads.csv", name, email
            INSERT INTO "leads.csv", "Cid", "c@x.org"
            TALK UBOUND(FIND "leads.csv")
            r = FIND "leads.csv", "name=Bob"
            TALK r.email
            l = GET LAST "leads.csv"
            TALK l.name
        "#;
        assert_eq!(world.says(script).await, "3\na@x.org\nCid");
        world.clean().await;
    }

    async fn mistakes_with_files_are_named(db: Db) {
        let world = World::new(db);
        world.package.put("a.csv", "id,name\n1,x\n");
        let check = async |source: &str, expected: &str| assert_eq!(world.says(source).await, expected, "{source}");
        check(r#"r = FIND "nothing.csv""#, "error 3001: there is no file `nothing.csv`").await;
        check(r#"r = FIND "../secret.csv""#, "error 3002: `../secret.csv` is not a path inside the drive").await;
        check(r#"r = FIND "a.csv" WHERE nme = 1"#, "error 2002: `a.csv` has no column `nme`; did you mean `name`?").await;
        world.clean().await;
    }
}
