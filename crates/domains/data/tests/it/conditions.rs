//! What conditions mean: the same on both databases, in files and in the language.

use botserver_data::MIGRATIONS;
use botserver_db::Db;
use botserver_testkit::db_tests;

use crate::world::World;

const THINGS: &str = r"
TABLE things
    id number key
    name string(50)
    code string(10)
    n number
    x double
    d number(8,2)
    live boolean
    day date
    at datetime
    hour time
    data jsonb
    ref uuid
    note text
END TABLE
";

const ROWS: &str = r#"
INSERT INTO "things" VALUES { id: 1, name: "Émile_1", code: "7", n: 5, x: 2.5, d: 10.25, live: true, day: "2026-02-01", at: "2026-02-01 10:30:00", hour: "09:15", data: { b: [1, 2], a: "x" }, ref: "0190a0a0-0000-7000-8000-00000000000A", note: "line\nbreak" }
INSERT INTO "things" VALUES { id: 2, name: "anna%b", code: "12", n: -3, x: 0.1, d: 0.3, live: false, day: "2026-03-01", at: "2026-03-01 12:00:00", note: "" }
INSERT INTO "things" VALUES { id: 3, name: "ANNA*[x]", code: "", n: 0 }
INSERT INTO "things" VALUES { id: 4 }
"#;

/// Conditions and the ids of the rows that fulfil them.
#[rustfmt::skip] // A table.
const CASES: &[(&str, &str)] = &[
    // Missing values equal the empty text, and nothing else.
    ("code = \"\"", "3 4"), ("code = NULL", "3 4"), ("code IS NULL", "3 4"), ("code IS NOT NULL", "1 2"),
    ("code <> \"\"", "1 2"), ("code <> \"7\"", "2 3 4"), ("n = 0", "3"), ("n <> 0", "1 2 4"), ("n IS NULL", "4"),
    ("NOT n = 0", "1 2 4"), ("n = NULL", "4"), ("live = FALSE", "2"), ("live <> TRUE", "2 3 4"), ("NOT live", "2 3 4"),
    ("live", "1"), ("day IS NULL", "3 4"), ("name = NULL OR n = 5", "1 4"),
    // Order never holds for what is missing.
    ("n < 1", "2 3"), ("NOT n < 1", "1 4"), ("n >= 0", "1 3"), ("name < \"b\"", "2 3"), ("code <= \"7\"", "1 2"),
    ("n BETWEEN -3 AND 0", "2 3"), ("x > 0.1", "1"), ("d = 10.25", "1"), ("d <= 0.3", "2"), ("n > 0.5", "1"),
    ("n < 4.5", "2 3"), ("n = 5.5", ""), ("n <> 5.5", "1 2 3 4"),
    // Numbers and texts.
    ("n = \"5\"", "1"), ("n = \"abc\"", ""), ("n <> \"abc\"", "1 2 3 4"), ("code = 7", "1"), ("code > 8", "2"),
    ("code < 8", "1"),
    // Patterns.
    ("name LIKE \"anna%\"", "2"), ("name ILIKE \"anna%\"", "2 3"), ("name ILIKE \"émile_1\"", "1"),
    ("name LIKE \"%\"", "1 2 3 4"), ("name LIKE \"\"", "4"), ("name LIKE \"ANNA*[x]\"", "3"), ("name LIKE \"_nna%b\"", "2"),
    ("NOT name LIKE \"A%\"", "1 2 4"), ("name CONTAINS \"_1\"", "1"), ("name CONTAINS \"%\"", "2"),
    ("note LIKE \"line%break\"", "1"), ("note ILIKE \"LINE_BREAK\"", "1"),
    // Lists.
    ("n IN [5, 0]", "1 3"), ("n NOT IN [5, 0]", "2 4"), ("code IN [\"7\", \"\"]", "1 3 4"), ("n IN []", ""),
    ("code NOT IN [\"7\"]", "2 3 4"), ("id IN [1, \"2\", \"x\"]", "1 2"),
    // Dates.
    ("day = \"2026-02-01\"", "1"), ("day >= \"2026-02-15\"", "2"), ("at > \"2026-02-01\"", "1 2"), ("at = \"2026-02-01 10:30\"", "1"),
    ("day < NOW()", "1 2"), ("day = TODAY()", "2"), ("at < \"2026-02-01 10:30:01\"", "1"), ("day > \"2026-02-01 00:00:00\"", "2"),
    ("day <= \"2026-02-28 23:00:00\"", "1"), ("YEAR(day) = 2026 AND MONTH(at) = 3", "2"), ("hour < \"10:00\"", "1"),
    // Arithmetic and functions.
    ("n + 1 > 0", "1 3 4"), ("n * 2 = 10", "1"), ("n / 2 = 2.5", "1"), ("n MOD 2 = 1", "1"), ("1 / n > 0", "1"),
    ("LOWER(name) LIKE \"anna%\"", "2 3"), ("LEN(name) = 8", "3"), ("name + code = \"anna%b12\"", "2"),
    ("COALESCE(code, \"none\") = \"none\"", "3 4"), ("ABS(n) = 3", "2"), ("ROUND(x) = 0", "2 3 4"), ("LEFT(name, 1) = \"a\"", "2"), ("MID(name, 2, 2) = \"nn\"", "2"), ("ISNULL(code)", "3 4"), ("NVL(n, 9) = 9", "4"),
    ("RIGHT(code, 1) = \"2\"", "2"), ("n = x * 2", "1 3"), ("code = n + 2", "1"), ("name = note", "4"),
    ("ref = \"0190A0A0-0000-7000-8000-00000000000A\"", "1"), ("ref = \"no uuid\"", ""),
];

/// The one difference: a column of identifiers knows that capital letters do not matter, a text does not.
const BY_TYPE: &str = "ref = \"0190A0A0-0000-7000-8000-00000000000A\"";

db_tests! {
    migrations: MIGRATIONS;

    async fn conditions_select_the_same_rows_everywhere(db: Db) {
        let world = World::new(db);
        world.tables(THINGS).await;
        assert_eq!(world.says(ROWS).await, "");
        let mut wrong = Vec::new();
        for (condition, expected) in CASES {
            let script = format!(
                "line = \"\"\nFOR EACH r IN FIND \"things\" WHERE {condition} ORDER BY id\nline = line + r.id + \" \"\nNEXT\nTALK line"
            );
            let said = world.says(&script).await;
            if said.trim() != *expected {
                wrong.push(format!("{condition}: {said} instead of {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        world.clean().await;
    }

    /// The same rows as a list: FILTER and SELECT keep what FIND would have found.
    async fn conditions_mean_the_same_in_memory(db: Db) {
        let world = World::new(db);
        world.tables(THINGS).await;
        assert_eq!(world.says(ROWS).await, "");
        let mut wrong = Vec::new();
        for (condition, expected) in CASES {
            let script = format!(
                "rows = FIND \"things\" ORDER BY id\n\
                 kept = FILTER rows WHERE {condition}\nFOR EACH r IN kept\nline = line + r.id + \" \"\nNEXT\nTALK line\n\
                 again = SELECT id FROM rows WHERE {condition}\nother = \"\"\nFOR EACH r IN again\nother = other + r.id + \" \"\nNEXT\n\
                 TALK other"
            );
            let said = world.says(&script).await;
            let lines: Vec<&str> = said.split('\n').map(str::trim).collect();
            if lines != [*expected, *expected] && *condition != BY_TYPE {
                wrong.push(format!("{condition}: {said:?} instead of {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        world.clean().await;
    }

    async fn types_come_back_as_they_went_in(db: Db) {
        let world = World::new(db);
        world.tables(THINGS).await;
        assert_eq!(world.says(ROWS).await, "");
        let script = r#"
            r = FIND "things", 1
            TALK TYPEOF(r.n) + " " + TYPEOF(r.x) + " " + TYPEOF(r.d) + " " + TYPEOF(r.live) + " " + TYPEOF(r.day) + " " + TYPEOF(r.at) + " " + TYPEOF(r.hour) + " " + TYPEOF(r.data)
            TALK JSON(r)
            TALK r.data.b[1] + r.day.year + r.at.hour
            m = FIND "things", 4
            TALK JSON(m)
        "#;
        assert_eq!(
            world.says(script).await,
            "integer float float boolean date date string object\n\
             {\"id\":1,\"name\":\"Émile_1\",\"code\":\"7\",\"n\":5,\"x\":2.5,\"d\":10.25,\"live\":true,\"day\":\"2026-02-01\",\
             \"at\":\"2026-02-01 10:30:00\",\"hour\":\"09:15:00\",\"data\":{\"b\":[1,2],\"a\":\"x\"},\
             \"ref\":\"0190a0a0-0000-7000-8000-00000000000a\",\"note\":\"line\\nbreak\"}\n\
             2038\n\
             {\"id\":4,\"name\":null,\"code\":null,\"n\":null,\"x\":null,\"d\":null,\"live\":null,\"day\":null,\"at\":null,\
             \"hour\":null,\"data\":null,\"ref\":null,\"note\":null}"
        );
        world.clean().await;
    }

    async fn intervals_and_order(db: Db) {
        let world = World::new(db);
        world.tables(THINGS).await;
        assert_eq!(world.says(ROWS).await, "");
        let script = r#"
            FOR EACH r IN FIND "things", "at > DATE_SUB(NOW(), INTERVAL 7 DAY)"
                TALK r.id
            NEXT
            FOR EACH r IN FIND "things", "day >= NOW() - INTERVAL '40 days'"
                TALK r.id
            NEXT
            line = ""
            FOR EACH r IN FIND "things" ORDER BY name
                line = line + r.id
            NEXT
            FOR EACH r IN FIND "things" ORDER BY n DESC, id
                line = line + r.id
            NEXT
            TALK line
        "#;
        assert_eq!(world.says(script).await, "2\n1\n2\n43211324");
        world.clean().await;
    }
}
