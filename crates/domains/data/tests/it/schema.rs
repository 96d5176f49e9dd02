//! Tables as packages declare them.

use botserver_basic_types::Severity;
use botserver_data::MIGRATIONS;
use botserver_db::{ConnectionTrait as _, Db, Dialect};
use botserver_kernel::{OrgId, Role};
use botserver_testkit::db_tests;

use crate::world::World;

const ERP: &str = r"
TABLE accounts
    id UUID PRIMARY KEY DEFAULT uuid_generate_v4()
    number VARCHAR(20) NOT NULL UNIQUE
    owner string(50)
    balance DECIMAL(12,2) DEFAULT 0
    opened TIMESTAMP DEFAULT CURRENT_TIMESTAMP
    active BOOLEAN DEFAULT TRUE
    meta JSONB
    low DECIMAL(12,2) CHECK (low >= 0)
    double_balance DECIMAL(12,2) GENERATED ALWAYS AS (balance * 2) STORED
    UNIQUE(owner, opened)
END TABLE
CREATE INDEX idx_owner ON accounts(owner)
TABLE lines
    FIELD doc AS number key
    FIELD pos AS number key
    text string(max)
END TABLE
";

db_tests! {
    migrations: MIGRATIONS;

    async fn all_styles_of_rows_make_columns(db: Db) {
        let world = World::new(db);
        let report = world.tables(ERP).await;
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        assert_eq!(report.created.len(), 2);
        let script = r#"
            r = INSERT INTO "accounts" VALUES { number: "A1", owner: "Ada", low: 1, meta: { a: 1 } }
            TALK LEN(r.id)
            a = FIND "accounts", "number=A1"
            TALK a.balance + " " + a.active + " " + a.opened + " " + a.double_balance + " " + a.meta.a
            UPDATE "accounts" SET balance = 12.345 WHERE number = "A1"
            a = FIND "accounts" WHERE id = r.id
            TALK a.balance + " " + a.double_balance
        "#;
        assert_eq!(world.says(script).await, "36\n0 true 2026-03-01 12:00:00 0 1\n12.35 24.7");
        let check = async |source: &str, expected: &str| assert_eq!(world.says(source).await, expected, "{source}");
        check(r#"INSERT INTO "accounts" VALUES { number: "A1" }"#, "error 2003: `accounts` already has a row with this key").await;
        check(r#"INSERT INTO "accounts" VALUES { owner: "x" }"#, "error 2004: `number` of `accounts` must have a value").await;
        check(r#"INSERT INTO "accounts" VALUES { number: "A2", low: -1 }"#, "error 2004: the row breaks a rule (CHECK) of `accounts`").await;
        check(r#"INSERT INTO "accounts" VALUES { number: "A2", double_balance: 1 }"#, "error 4000: `double_balance` of `accounts` is computed and cannot be set").await;
        check(r#"INSERT INTO "accounts" VALUES { number: "123456789012345678901" }"#, "error 13: `number` of `accounts` cannot hold \"123456789012345678901\": it is longer than 20 characters").await;
        check(r#"INSERT INTO "accounts" VALUES { number: "A3", balance: 12345678901 }"#, "error 13: `balance` of `accounts` cannot hold \"12345678901\": it has more than 10 digits before the point").await;
        check("INSERT \"lines\", { doc: 1, pos: 1 }\nINSERT \"lines\", { doc: 1, pos: 2 }\nINSERT \"lines\", { doc: 1, pos: 1 }", "error 2003: `lines` already has a row with this key").await;
        check("SAVE \"lines\", { doc: 1, pos: 2, text: \"two\" }\nl = FIND \"lines\" WHERE doc = 1 AND pos = 2\nTALK JSON(l)", "{\"doc\":1,\"pos\":2,\"text\":\"two\"}").await;
        world.clean().await;
    }

    async fn later_declarations_add_columns_and_keep_rows(db: Db) {
        let world = World::new(db);
        world.tables("TABLE t\n id number key\n a string(10)\nEND TABLE").await;
        assert_eq!(world.says("SAVE \"t\", { id: 1, a: \"x\" }").await, "");
        let report = world.tables("TABLE t\n id number key\n a string(10)\n b number DEFAULT 7\n c* string(5)\nEND TABLE").await;
        assert_eq!(report.added, ["t.b", "t.c"]);
        assert_eq!(report.problems.len(), 1, "{:?}", report.problems);
        assert_eq!(report.problems[0].severity, Severity::Warning);
        assert_eq!(world.says("j = FIND \"t\", 1\nTALK JSON(j)").await, r#"{"id":1,"a":"x","b":7,"c":null}"#);
        // Again: nothing to do. Without the column, and without the table: the rows stay.
        let again = world.tables("TABLE t\n id number key\n b number\nEND TABLE").await;
        assert!(again.added.is_empty() && again.created.is_empty());
        world.tables("").await;
        assert_eq!(world.says("j = FIND \"t\", 1\nTALK JSON(j)").await, r#"{"id":1,"a":"x","b":7,"c":null}"#);
        // Another type, or another key, is refused whole.
        let refused = world.tables("TABLE t\n id number key\n a date\nEND TABLE\nTABLE u\n id number key\nEND TABLE").await;
        assert_eq!(refused.problems[0].message, "`a` of `t` holds string and cannot become date; give the column another name");
        assert_eq!(refused.problems[0].severity, Severity::Error);
        assert!(refused.created.is_empty());
        assert!(world.says("x = FIND \"u\"").await.starts_with("error 2001"));
        world.clean().await;
    }

    async fn seeds_come_once(db: Db) {
        let world = World::new(db);
        world.package.put("products.csv", "sku,name,price,stock\nA-1,\"Pen, blue\",1.20,10\nB-2,Ink,7.5,0\n");
        let tables = "TABLE products\n sku string(10) key\n name string(40)\n price number(8,2)\n stock number\nEND TABLE";
        assert_eq!(world.tables(tables).await.created, [("products".into(), 2)]);
        assert_eq!(world.says("DELETE \"products\", \"sku=B-2\"\nTALK JSON(FIND \"products\")").await,
            r#"[{"sku":"A-1","name":"Pen, blue","price":1.2,"stock":10}]"#);
        world.tables(tables).await;
        assert_eq!(world.says("TALK UBOUND(FIND \"products\")").await, "1");
        // A mistake in the seeds is named, and nothing is made.
        world.package.put("bad.csv", "id,qty\n1,two\n");
        let script = world.parse("TABLE bad\n id number key\n qty number\nEND TABLE");
        let error = world.service.apply_tables(world.actor(), &script.tables, &[]).await.unwrap_err();
        assert_eq!(error.to_string(), "bad.csv, line 2: `qty` of `bad` cannot hold \"two\": it is not a number");
        world.clean().await;
    }

    async fn names_that_cannot_be_are_refused(db: Db) {
        let world = World::new(db);
        let long = "x".repeat(61);
        for (source, message) in [
            (format!("TABLE {long}\n id number\nEND TABLE"), format!("a table cannot be called `{long}`: a name has 1 to 60 bytes")),
            ("TABLE t\n _seq number\nEND TABLE".to_owned(), "a column cannot be called `_seq`: the name is taken by the row number".to_owned()),
            ("TABLE t\n a number\n A string\nEND TABLE".to_owned(), "the column `A` is declared twice".to_owned()),
        ] {
            let report = world.tables(&source).await;
            assert_eq!(report.problems.first().map(|own| own.message.clone()), Some(message));
        }
        world.clean().await;
    }

    async fn a_table_that_a_save_makes_grows_with_it(db: Db) {
        let world = World::new(db);
        let script = r#"
            SAVE "notes", { id: 1, text: "a", stars: 3 }
            SAVE "notes", { id: 1, done: true, tags: ["x", "y"] }
            SAVE "notes", { id: 2, stars: 2.5 }
            TALK JSON(FIND "notes")
            INSERT "notes", { id: 2 }
        "#;
        assert_eq!(
            world.says(script).await,
            "[{\"id\":1,\"text\":\"a\",\"stars\":3,\"done\":true,\"tags\":[\"x\",\"y\"]},\
             {\"id\":2,\"text\":null,\"stars\":2.5,\"done\":null,\"tags\":null}]\n\
             error 2003: `notes` already has a row with this key"
        );
        world.clean().await;
    }

    async fn roles_are_enforced(db: Db) {
        let mut world = World::new(db);
        world
            .tables(
                "TABLE secret READ BY \"staff;admin\" WRITE BY \"admin\"\n id number key\nEND TABLE\n\
                 TABLE open WRITE BY \"admin\"\n id number key\n pay number READ BY \"admin\"\nEND TABLE",
            )
            .await;
        assert_eq!(world.says("x = FIND \"secret\"").await, "error 5003: you may not read `secret`");
        assert_eq!(world.says("SAVE \"open\", { id: 1 }").await, "error 5003: you may not change `open`");
        world.cx.principal.role = Role::Owner;
        assert_eq!(world.says("SAVE \"open\", { id: 1, pay: 5 }\nj = FIND \"open\", 1\nTALK JSON(j)").await, "{\"id\":1,\"pay\":5}");
        world.cx.principal.role = Role::Visitor;
        assert_eq!(world.says("j = FIND \"open\", 1\nTALK JSON(j)").await, "{\"id\":1}");
        assert_eq!(world.says("TALK AGGREGATE \"open\" SUM pay").await, "error 5003: you may not read `open.pay`");
        world.clean().await;
    }

    async fn organisations_and_bots_do_not_see_each_other(db: Db) {
        let mut world = World::new(db);
        world.tables("TABLE t\n id number key\nEND TABLE").await;
        assert_eq!(world.says("SAVE \"t\", { id: 1 }\nSET BOT MEMORY \"k\", 1\nSAVE \"f.csv\", { id: 1 }").await, "");
        let own = world.cx.principal.org_id;
        world.cx.principal.org_id = OrgId::new(uuid::Uuid::from_u128(99));
        assert!(world.says("x = FIND \"t\"").await.starts_with("error 2001"));
        assert!(world.says("x = FIND \"f.csv\"").await.starts_with("error 3001"));
        assert_eq!(world.says("TALK \"[\" + GET BOT MEMORY(\"k\") + \"]\"").await, "[]");
        world.cx.principal.org_id = own;
        assert_eq!(world.says("TALK UBOUND(FIND \"t\")").await, "1");
        world.clean().await;
    }

    async fn a_change_that_is_rolled_back_never_was(db: Db) {
        let world = World::new(db);
        world.tables("TABLE t\n id number key\nEND TABLE").await;
        let (service, cx) = (world.service.clone(), world.cx.clone());
        let outcome = world
            .db
            .write("rolled back", move |tx| {
                Box::pin(async move {
                    let actor = botserver_data::Actor {
                        principal: &cx.principal, bot_id: cx.bot_id, now: cx.now, offset_minutes: 0, max_rows: 10,
                    };
                    let row = [("id".into(), botserver_basic_types::Value::Int(1))].into_iter().collect();
                    service.insert(tx, actor, "t", &[row]).await.map_err(|error| botserver_db::Error::BadUrl(error.to_string()))?;
                    Err::<(), _>(botserver_db::Error::Stopped)
                })
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(world.says("TALK UBOUND(FIND \"t\")").await, "0");
        world.clean().await;
    }

    async fn a_row_of_a_million_is_found_by_its_key_through_the_index(db: Db) {
        let world = World::new(db);
        world.tables("TABLE t\n id number key\n email* string(50)\nEND TABLE").await;
        let fill = match world.db.dialect() {
            Dialect::Sqlite => format!(
                "INSERT INTO \"t_{0}__t\" (\"id\", \"email\") WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000000) SELECT x, 'u' || x FROM c",
                world.cx.bot_id.uuid().simple()
            ),
            Dialect::Postgres => format!(
                "INSERT INTO \"bot_{0}\".\"t\" (\"id\", \"email\") SELECT x, 'u' || x FROM generate_series(1, 1000000) AS x; ANALYZE \"bot_{0}\".\"t\"",
                world.cx.bot_id.uuid().simple()
            ),
        };
        world
            .db
            .write("fill", move |tx| {
                Box::pin(async move {
                    tx.execute_unprepared(&fill).await.map_err(|source| botserver_db::Error::statement("fill", source))?;
                    Ok::<_, botserver_db::Error>(())
                })
            })
            .await
            .unwrap();
        let script = "r = FIND \"t\" WHERE id = 777777\nTALK r.email + UBOUND(r)";
        assert_eq!(world.says(script).await, "u7777771");
        // `cargo nextest run -p botserver-data million --no-capture` shows it; nothing depends on it.
        let begun = std::time::Instant::now();
        assert_eq!(world.says(script).await, "u7777771");
        println!("{:?}: one of 1,000,000 rows by its key, script and all, in {:?}", world.db.dialect(), begun.elapsed());
        for (filter, limit, index) in
            [("id=777", None, "u_"), ("id='777'", None, "u_"), ("email=u777", None, "i_"), ("email=u777", Some(1), "i_")]
        {
            let filter = Some(botserver_basic_syntax::parse_filter(filter).unwrap());
            let find = botserver_data::Find { filter, limit, ..botserver_data::Find::default() };
            let plan = world.service.explain(world.actor(), "t", &find).await.unwrap();
            assert!(plan.contains(index) && !plan.contains("Seq Scan") && !plan.contains("SCAN"), "{plan}");
        }
        world.clean().await;
    }

    async fn too_many_rows_are_an_error_not_a_cut(db: Db) {
        let world = World::new(db);
        let script = r#"
            rows = []
            FOR i = 1 TO 101
                rows = rows + [{ id: i }]
            NEXT
            SAVE "many", rows
        "#;
        assert_eq!(world.says(script).await, "");
        let actor = botserver_data::Actor { max_rows: 100, ..world.actor() };
        let find = botserver_data::Find::default();
        let error = world.service.find(actor, "many", &find).await.unwrap_err();
        assert_eq!(error.to_string(), "`many` gives more than 100 rows; add LIMIT or a narrower filter");
        let limited = botserver_data::Find { limit: Some(100), ..find };
        assert_eq!(world.service.find(actor, "many", &limited).await.unwrap().rows.len(), 100);
        world.clean().await;
    }
}
