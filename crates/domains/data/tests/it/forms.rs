//! Every form of FIND, SAVE, INSERT, UPDATE, DELETE, MERGE and AGGREGATE.

use botserver_basic_types::Value;
use botserver_data::MIGRATIONS;
use botserver_db::Db;
use botserver_testkit::db_tests;

use crate::world::World;

const SHOP: &str = r"
TABLE Customers
    Id number key
    Name string(40)
    Email string(80)
    Age number
    Balance number(10,2)
    Active boolean
    Since date
END TABLE
TABLE Orders
    Id number key
    Customer number references Customers
    Status string(20)
    Total number(10,2)
END TABLE
";

const PEOPLE: &str = r#"
INSERT INTO "Customers" VALUES { id: 1, name: "Ada", email: "ada@x.org", age: 36, balance: 10.5, active: true, since: "2025-01-31" }
INSERT INTO "Customers" VALUES { id: 2, name: "Bob", email: "bob@x.org", age: 17, balance: 0, active: false, since: "2026-02-28" }
INSERT INTO "Customers" VALUES { id: 3, name: "Cid", age: 52, balance: 7.25, active: true }
INSERT INTO "Orders" VALUES { id: 10, customer: 1, status: "open", total: 5 }
INSERT INTO "Orders" VALUES { id: 11, customer: 1, status: "paid", total: 7.5 }
INSERT INTO "Orders" VALUES { id: 12, customer: 2, status: "open", total: 2 }
"#;

async fn shop(db: Db) -> World {
    let world = World::new(db);
    let report = world.tables(SHOP).await;
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert_eq!(world.says(PEOPLE).await, "");
    world
}

db_tests! {
    migrations: MIGRATIONS;

    async fn find_takes_all_its_forms(db: Db) {
        let world = shop(db).await;
        let check = async |source: &str, expected: &str| {
            let script = format!("{source}\nline = \"\"\nFOR EACH c IN r\nline = line + c.name + \" \"\nNEXT\nTALK line");
            assert_eq!(world.says(&script).await.trim(), expected, "{source}");
        };
        check(r#"r = FIND "Customers""#, "Ada Bob Cid").await;
        check(r"r = FIND Customers", "Ada Bob Cid").await;
        check(r#"r = FIND "customers", "age > 30""#, "Ada Cid").await;
        check(r#"r = FIND "customers", "age > 30 AND active=true OR name LIKE 'B%'""#, "Ada Bob Cid").await;
        check(r#"r = FIND "customers" WHERE age > 30 AND Balance < 8"#, "Cid").await;
        check("limit = 30\nr = FIND \"customers\" WHERE age > limit ORDER BY age DESC", "Cid Ada").await;
        check("email = \"ada@x.org\"\nr = FIND \"customers\" WHERE email = email", "Ada").await;
        check("id = 2\nr = FIND \"customers\", \"id=\" + id", "Bob").await;
        check(r#"r = FIND "customers" WITH "name='Bob'""#, "Bob").await;
        check(r#"r = FIND "customers", 3"#, "Cid").await;
        check(r#"r = FIND "customers", { name: "Ada", active: true }"#, "Ada").await;
        check(r#"r = FIND "customers" ORDER BY name DESC LIMIT 2"#, "Cid Bob").await;
        check(r#"r = FIND "customers" ORDER BY name LIMIT 1 OFFSET 1"#, "Bob").await;
        check("r = FIND \"customers\" WHERE active = TRUE\nORDER BY age", "Ada Cid").await;
        check(r#"r = FIND ONE "customers" ORDER BY age"#, "Bob").await;
        check(r#"r = FIND_ONE "customers", "age > 40""#, "Cid").await;
        check(r#"r = FIND ".Customers", "id=1""#, "Ada").await;
        check("none = \"\"\nr = FIND \"customers\", none", "Ada Bob Cid").await;
        check(r#"r = FIND "orders" JOIN "customers" ON customer = customers.id WHERE status = "open""#, "Ada Bob").await;
        assert_eq!(world.says("r = GET LAST \"customers\"\nTALK r.name").await, "Cid");
        world.clean().await;
    }

    async fn a_recordset_is_a_record_and_a_list(db: Db) {
        let world = shop(db).await;
        let script = r#"
            r = FIND "customers", "id=1"
            TALK r.name + " " + r[0].NAME + " " + UBOUND(r) + " " + r.since + " " + r.balance
            o = FIND "orders", "id=10"
            TALK JSON(o)
            o = FIND "orders", "status=paid"
            TALK JSON(o)
            n = FIND "customers", "id=99"
            IF NOT n THEN TALK "none"
            IF n = NULL THEN TALK "null " + UBOUND(n)
        "#;
        assert_eq!(
            world.says(script).await,
            "Ada Ada 1 2025-01-31 10.5\n\
             {\"Id\":10,\"Customer\":1,\"Status\":\"open\",\"Total\":5}\n\
             [{\"Id\":11,\"Customer\":1,\"Status\":\"paid\",\"Total\":7.5}]\n\
             none\nnull 0"
        );
        world.clean().await;
    }

    async fn mistakes_are_named(db: Db) {
        let world = shop(db).await;
        let check = async |source: &str, expected: &str| assert_eq!(world.says(source).await, expected, "{source}");
        check(r#"r = FIND "custmers""#, "error 2001: there is no table `custmers`; did you mean `Customers`?").await;
        check(r#"r = FIND "customers" WHERE nmae = "x""#, "error 2002: `Customers` has no column `nmae`; did you mean `Name`?").await;
        check(r#"r = FIND "maria.Produtos""#, "error 2006: `Produtos` needs the connection `maria`; external databases are not available in this build").await;
        check(r#"INSERT INTO "orders" VALUES { id: 10 }"#, "error 2003: `Orders` already has a row with this key").await;
        check(r#"INSERT INTO "orders" VALUES { id: "x" }"#, "error 13: `Id` of `Orders` cannot hold \"x\": it is not a number").await;
        check(r#"SAVE "orders", { id: 10, totl: 1 }"#, "error 2002: `Orders` has no column `totl`; did you mean `Total`?").await;
        check(r#"r = FIND "customers" WHERE SOUNDEX(name) = "x""#, "error 4000: SOUNDEX is not available in conditions over tables").await;
        check(r#"r = FIND "customers" WHERE age > "old""#, "error 13: \"old\" cannot be compared with the column `age`").await;
        check("f = \"\"\nDELETE \"orders\", f", "error 4000: DELETE needs a condition that is not empty").await;
        check(r#"UPDATE "orders" SET status = "x""#, "error 4000: UPDATE needs a condition that is not empty").await;
        check(r#"r = FIND "customers" LIMIT 20000"#, "error 2005: `customers` gives more than 10000 rows; add LIMIT or a narrower filter").await;
        check(r#"r = FIND "prices.xlsx""#, "error 9404: prices.xlsx needs spreadsheet files, not available in this build").await;
        check("ON ERROR RESUME NEXT\nr = FIND \"nothing\"\nIF ERROR THEN TALK \"trapped \" + ERR", "trapped 2001").await;
        world.clean().await;
    }

    async fn save_takes_all_its_forms(db: Db) {
        let world = shop(db).await;
        let orders = r#"
            FOR EACH o IN FIND "orders" ORDER BY id
                line = line + o.id + ":" + o.status + ":" + o.total + " "
            NEXT
            TALK line
        "#;
        let check = async |source: &str, expected: &str| {
            let script = format!("{source}\nline = \"\"\n{orders}");
            assert_eq!(world.says(&script).await.trim(), expected, "{source}");
        };
        check(r#"SAVE "orders", { id: 10, status: "sent" }"#, "10:sent:5 11:paid:7.5 12:open:2").await;
        check(r#"SAVE "orders", [{ id: 11, total: 8 }, { id: 13, status: "new", total: 1 }]"#, "10:sent:5 11:paid:8 12:open:2 13:new:1").await;
        check("SAVE \"orders\", 12, { status: \"gone\" }", "10:sent:5 11:paid:8 12:gone:2 13:new:1").await;
        check("order_id = 14\nstatus = \"a\"\ntotal = 3\nSAVE \"orders\", order_id, status, total", "10:sent:5 11:paid:8 12:gone:2 13:new:1 14:a:3").await;
        check("v = 9\nSAVE \"orders\" WITH id AS 14, total AS v", "10:sent:5 11:paid:8 12:gone:2 13:new:1 14:a:9").await;
        check("o = { id: 14, total: 10 }\nSAVE o TO orders", "10:sent:5 11:paid:8 12:gone:2 13:new:1 14:a:10").await;
        check("none = NULL\nSAVE \"orders\", none", "10:sent:5 11:paid:8 12:gone:2 13:new:1 14:a:10").await;
        check("r = SAVE \"orders\", { status: \"auto\" }\nTALK r.id + \" \" + r.rows_affected + \" \" + r.table", "15 1 orders\n10:sent:5 11:paid:8 12:gone:2 13:new:1 14:a:10 15:auto:").await;
        check("po = { id: 16, total: 4 }\nSAVE \"orders\", po.id, po.total", "10:sent:5 11:paid:8 12:gone:2 13:new:1 14:a:10 15:auto: 16::4").await;
        world.clean().await;
    }

    async fn what_is_saved_learns_its_key(db: Db) {
        let world = shop(db).await;
        let script = r#"
            o = { status: "new" }
            SAVE "orders" o
            TALK o.id
            o.total = 4
            r = SAVE "orders", o
            TALK r.id + " " + r.rows_affected + " " + UBOUND(FIND("orders", "total=4"))
            UPDATE "orders" { id: o.id, total: 5 }
            all = SELECT * FROM orders WHERE id = 13
            TALK JSON(all)
            note = { text: "a" }
            SAVE "notes", note
            note.text = "b"
            SAVE "notes" note
            TALK UBOUND(FIND "notes") + " " + LEN(note.id)
            n = FIND "notes", note.id
            TALK n.text
        "#;
        assert_eq!(
            world.says(script).await,
            "13\n13 1 1\n[{\"Id\":13,\"Customer\":null,\"Status\":\"new\",\"Total\":5}]\n1 32\nb"
        );
        world.clean().await;
    }

    async fn a_key_in_a_text_is_one_row(db: Db) {
        let world = shop(db).await;
        let script = r#"
            TALK UBOUND(FIND "orders", "12") + UBOUND(FIND "orders", 12)
            id = 11
            r = FIND "orders", "${id}"
            TALK r.status
            TALK DELETE "orders", "10"
            TALK UBOUND(FIND "orders")
        "#;
        // In brackets a comma ends FIND, so that the filters belong to UBOUND: written with brackets of their own.
        let script = script.replace("FIND \"orders\", \"12\"", "FIND(\"orders\", \"12\")").replace("FIND \"orders\", 12", "FIND(\"orders\", 12)");
        assert_eq!(world.says(&script).await, "2\npaid\n1\n2");
        world.clean().await;
    }

    async fn filter_and_map_take_all_their_forms(db: Db) {
        let world = shop(db).await;
        let script = r#"
            rows = FIND "customers"
            name = "x' OR age > 0 OR name = 'x"
            TALK UBOUND(FILTER(rows, "name = '" + name + "'"))
            least = 20
            TALK JSON(MAP(FILTER(rows, "age > ${least}"), "name"))
            old = FILTER rows WHERE age > least AND since <= TODAY()
            TALK old.name
            TALK UBOUND(FILTER(rows, "active")) + UBOUND(FILTER(rows, "name", "Bob"))
            TALK JSON(FILTER([1, 5, 9], "x > 4"))
            f = FILTER rows, { name: "Ada", active: TRUE }
            TALK f.email
            doubled = MAP rows WITH age * 2
            TALK JSON(doubled)
            short = MAP rows, "name->n"
            TALK JSON(short)
            TALK UBOUND(FILTER(NULL, "a = 1"))
        "#;
        assert_eq!(
            world.says(script).await,
            "0\n[\"Ada\",\"Cid\"]\nAda\n3\n[5,9]\nada@x.org\n[72,34,104]\n[{\"n\":\"Ada\"},{\"n\":\"Bob\"},{\"n\":\"Cid\"}]\n0"
        );
        world.clean().await;
    }

    async fn insert_takes_all_its_forms(db: Db) {
        let world = shop(db).await;
        let script = r#"
            r = INSERT INTO "orders" VALUES { customer: 3, status: "a", total: 1.005 }
            TALK r.id + " " + r.success + " " + r.status
            v = { id: 20, status: "b" }
            INSERT INTO "orders" VALUES v
            INSERT INTO "orders", 21, 1, "c", 9.5
            INSERT "orders", { id: 22, status: "d" }
            status = "e"
            INSERT INTO "orders" WITH id = 23, status = status, total = 2 * 3
            INSERT "orders", [{ id: 24 }, { id: 25 }]
            FOR EACH o IN FIND "orders", "id > 12"
                line = line + o.id + ":" + o.customer + ":" + o.status + ":" + o.total + " "
            NEXT
            TALK line
        "#;
        assert_eq!(
            world.says(script).await.trim(),
            "13 true a\n13:3:a:1.01 20::b: 21:1:c:9.5 22::d: 23::e:6 24::: 25:::"
        );
        world.clean().await;
    }

    async fn a_composite_key_refuses_doubles(db: Db) {
        let world = World::new(db);
        let lines = "TABLE Lines\n  OrderId number key\n  Line number key\n  Item string(20)\nEND TABLE\n";
        let report = world.tables(lines).await;
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        let script = r#"
            INSERT INTO "lines" VALUES { orderid: 1, line: 1, item: "tea" }
            INSERT INTO "lines" VALUES { orderid: 1, line: 2, item: "cup" }
            INSERT INTO "lines" VALUES { orderid: 2, line: 1, item: "pot" }
            TRY
                INSERT INTO "lines" VALUES { orderid: 1, line: 2, item: "double" }
                TALK "never"
            CATCH e
                TALK e.code
            END TRY
            FOR EACH l IN FIND "lines" ORDER BY orderid, line
                all = all + l.orderid + "." + l.line + ":" + l.item + " "
            NEXT
            TALK all
        "#;
        assert_eq!(world.says(script).await.trim(), "2003\n1.1:tea 1.2:cup 2.1:pot");
        world.clean().await;
    }

    async fn update_and_delete_take_all_their_forms(db: Db) {
        let world = shop(db).await;
        let orders = r#"
            line = ""
            FOR EACH o IN FIND "orders" ORDER BY id
                line = line + o.id + ":" + o.status + ":" + o.total + " "
            NEXT
            TALK line
        "#;
        let check = async |source: &str, expected: &str| {
            assert_eq!(world.says(&format!("{source}\n{orders}")).await.trim(), expected, "{source}");
        };
        check("id = 10\nn = UPDATE \"orders\" SET status = \"paid\", total = total + 1 WHERE id = id\nTALK n", "1\n10:paid:6 11:paid:7.5 12:open:2").await;
        check("UPDATE \"orders\", \"status=paid\", { status: \"done\" }", "10:done:6 11:done:7.5 12:open:2").await;
        check("UPDATE \"orders\", \"id=12\", \"status=it's, new, total=3\"", "10:done:6 11:done:7.5 12:it's, new:3").await;
        check("st = \"x\"\nUPDATE \"orders\" WITH status AS st WHERE id = 12", "10:done:6 11:done:7.5 12:x:3").await;
        check("UPDATE \"orders\", 12, \"total=4\"", "10:done:6 11:done:7.5 12:x:4").await;
        check("status = \"y\"\ntotal = 3\nUPDATE \"orders\", \"id=12\", status, total", "10:done:6 11:done:7.5 12:y:3").await;
        check("status = \"x\"\nUPDATE \"orders\" SET\nstatus = status,\ntotal = 4\n\nWHERE id = 12", "10:done:6 11:done:7.5 12:x:4").await;
        check("UPDATE \"orders\", { id: 12, total: 5 }", "10:done:6 11:done:7.5 12:x:5").await;
        check("SET \"orders\", \"id=12\", \"total=6\"", "10:done:6 11:done:7.5 12:x:6").await;
        check("UPDATE \"orders\" SET total = total * 2 / 3 WHERE id = 12", "10:done:6 11:done:7.5 12:x:4").await;
        check("n = DELETE \"orders\", \"id=12\"\nTALK n", "1\n10:done:6 11:done:7.5").await;
        check("DELETE FROM \"orders\" WHERE total > 7", "10:done:6").await;
        check("DELETE \"orders\" WHERE \"id=99\"", "10:done:6").await;
        check("TALK DELETE \"https://a.example/x\"", "a web address\n10:done:6").await;
        check("TALK DELETE \"reports/old.pdf\"", "a file\n10:done:6").await;
        check("DELETE FROM \"orders\" WHERE 1 = 1", "").await;
        world.clean().await;
    }

    async fn merge_counts_and_reports(db: Db) {
        let world = shop(db).await;
        let script = r#"
            RESET REPORT
            rows = [{ id: 10, status: "open" }, { id: 11, status: "late" }, { id: 30, status: "new" }]
            r = MERGE "orders" WITH rows BY "id"
            TALK r.inserted + " " + r.updated + " " + r.unchanged + " " + r.total
            r = MERGE "orders", rows, "id", "status"
            TALK JSON(r)
            r = MERGE "orders", [{ id: 31, status: "z", total: 5 }], "id", ["status"]
            TALK r.inserted
            TALK REPORT
        "#;
        assert_eq!(
            world.says(script).await,
            "1 1 1 3\n{\"inserted\":0,\"updated\":0,\"unchanged\":3,\"total\":3}\n1\norders: 2 inserted, 1 updated, 4 unchanged"
        );
        world.clean().await;
    }

    async fn aggregates_over_tables_and_lists(db: Db) {
        let world = shop(db).await;
        let script = r#"
            TALK AGGREGATE "orders" SUM total
            TALK AGGREGATE "orders" AVERAGE total WHERE status = "open"
            TALK AGGREGATE "orders" COUNT
            TALK AGGREGATE "orders", "MAX", "total", "status=open"
            TALK AGGREGATE "customers" COUNT email
            TALK AGGREGATE "customers" MIN name
            x = AGGREGATE "orders" SUM total WHERE id > 99
            IF x IS NULL THEN TALK "null"
            FOR EACH g IN AGGREGATE "orders" SUM total GROUP BY status
                TALK g.status + "=" + g.sum
            NEXT
        "#;
        assert_eq!(world.says(script).await, "14.5\n3.5\n3\n5\n2\nAda\nnull\nopen=7\npaid=7.5");
        world.clean().await;
    }

    async fn select_reads_lists_and_tables(db: Db) {
        let world = shop(db).await;
        let script = r#"
            rows = [{ a: 1, g: "x" }, { a: 2, g: "y" }, { a: 3, g: "x" }]
            r = SELECT g, SUM(a) AS s, COUNT(*) AS n FROM rows GROUP BY g ORDER BY s DESC
            TALK JSON(r)
            r = SELECT a * 2 AS b FROM rows WHERE a > 1
            TALK JSON(r)
            r = SELECT MAX(a) FROM rows
            TALK JSON(r)
            r = SELECT id, status AS state FROM orders WHERE total > 4 ORDER BY id DESC LIMIT 1
            TALK JSON(r)
            r = SELECT customers.name, SUM(total) AS t FROM orders JOIN customers ON customer = customers.id GROUP BY customers.name
            TALK JSON(r)
            kinds = [{ state: "paid", label: "settled" }]
            r = SELECT id, name, label FROM orders JOIN customers ON customer = customers.id JOIN kinds ON kinds.state = status
            TALK JSON(r)
            r = SELECT YEAR(since) + "/" + MONTH(since) AS m FROM "Customers" WHERE since IS NOT NULL
            TALK JSON(r)
        "#;
        assert_eq!(
            world.says(script).await,
            "[{\"g\":\"x\",\"s\":4,\"n\":2},{\"g\":\"y\",\"s\":2,\"n\":1}]\n[{\"b\":4},{\"b\":6}]\n[{\"max\":3}]\n\
             [{\"id\":11,\"state\":\"paid\"}]\n[{\"name\":\"Ada\",\"t\":12.5},{\"name\":\"Bob\",\"t\":2}]\n\
             [{\"id\":11,\"name\":\"Ada\",\"label\":\"settled\"}]\n\
             [{\"m\":\"2025/1\"},{\"m\":\"2026/2\"}]"
        );
        world.clean().await;
    }

    async fn what_people_type_stays_data(db: Db) {
        let world = shop(db).await;
        for attack in [
            "x' OR '1'='1",
            "'; DROP TABLE customers; --",
            "x\" OR \"\"=\"",
            "Ada' UNION SELECT 1 --",
            "1 OR 1=1",
            "%",
            "$1",
            "?",
            "\\",
        ] {
            let source = r#"
                r = FIND "customers", "name='" + q + "'"
                s = FIND "customers" WHERE name = q
                t = FIND "customers", "name=" + q
                INSERT INTO "customers" VALUES { id: 50, name: q }
                u = FIND "customers" WHERE name = q
                n = DELETE "customers", "name='" + q + "'"
                TALK UBOUND(r) + " " + UBOUND(s) + " " + UBOUND(t) + " " + (u.name = q) + " " + n
                TALK UBOUND(FIND "customers")
            "#;
            let ran = world.run_with(source, &[("q", Value::text(attack))]).await;
            assert_eq!(ran.text(), "0 0 0 true 1\n3", "{attack}");
        }
        world.clean().await;
    }

    /// A filter that is put together before it is used is text by then; the runtime tells what was typed.
    async fn what_people_type_stays_data_in_filters_of_variables(db: Db) {
        let world = shop(db).await;
        for (typed, filter, expected) in [
            ("x' OR name <> '", "\"name = '\" + q + \"'\"", "0"),
            ("Ada' OR 'a' = 'a", "\"active = true AND name = '\" + q + \"'\"", "0"),
            ("1 OR 1=1", "q", "0"),
            ("1 OR 1=1", "\"id = \" + q", "0"),
            ("O'Brien", "\"name = '\" + q + \"'\"", "0"),
            (
                "OR 1=1",
                "\"id = 1 \" + q",
                "error 4000: the filter \"id = 1 OR 1=1\" cannot be read: what a person has typed would become a part of the condition",
            ),
            ("Ada", "\"name = '\" + q + \"'\"", "1"),
        ] {
            let source = format!("f = {filter}\nr = FIND \"customers\", f\nTALK UBOUND(r)");
            let ran = world.run_typed(&source, &[("q", Value::text(typed))]).await;
            assert_eq!(ran.text(), expected, "{typed} in {filter}");
        }
        world.clean().await;
    }
}
