//! Conformance 19–39: values, operators, members.

use botserver_basic_types::Value;

use crate::{all, host::Run};

#[test]
fn operators() {
    all(&[
        ("TALK 7 / 2", "3.5"),
        ("TALK 2 ^ 3 ^ 2", "512"),
        ("TALK 7 MOD 3", "1"),
        ("TALK \"a\" + 1", "a1"),
        ("TALK 1 + 2 + \"a\"", "3a"),
        ("TALK \"5\" * 2", "10"),
        ("TALK \"5\" > 3", "true"),
        ("TALK NOT 1 = 2", "true"),
        ("FUNCTION boom()\nTHROW \"no\"\nEND FUNCTION\nTALK false AND boom()", "false"),
        ("x = NULL\nTALK x = \"\"", "true"),
        ("TALK undefinedvar", ""),
        (
            "TALK 3 IN [1, 3]\nTALK 3 NOT IN [1, 3]\nTALK \"ab\" LIKE \"a%\"\nTALK \"ab\" CONTAINS \"b\"",
            "true\nfalse\ntrue\ntrue",
        ),
        ("v = true ? \"y\" : \"n\"\nTALK v", "y"),
        ("TALK NULL ?? 4", "4"),
        ("x = 1\nx = NULL ?? x\nTALK x", "1"),
        ("TALK 1 <> 2\nTALK 1 != 2", "true\ntrue"),
        ("x = 5\nTALK x BETWEEN 1 AND 5\nTALK x BETWEEN 6 AND 9\nTALK x IN (1, 5)", "true\nfalse\ntrue"),
        ("x = 5\nTALK x IS NULL\nTALK x IS NOT NULL\nTALK y IS NULL", "false\ntrue\ntrue"),
        ("a = true\nb = false\nTALK a OR b\nTALK a AND b\nTALK a XOR b\nTALK NOT a OR b", "true\nfalse\ntrue\nfalse"),
        ("TALK -2 + 3\nx = 4\nTALK -x", "1\n-4"),
        ("x = 9223372036854775807\nTALK x + 1 > 9223372036854775806", "true"),
        ("TALK \"a\" & 1 & NULL", "a1"),
        ("x = 2\nTALK IIF(x > 1, \"big\", boom)", "big"),
        ("x = \"10\"\nTALK x - 1\nTALK x + 1", "9\n101"),
        ("x = 1\nx = x + x\nTALK x\ns = \"a\"\ns = s + s\nTALK s", "2\naa"),
        ("x = 1.5\nTALK x * 2\nTALK 0.1 + 0.2", "3\n0.3"),
    ]);
}

#[test]
fn truth() {
    let source = "
        a = \"0\"\nb = \"false\"\nc = 0\nd = []\ne = {}
        IF a THEN TALK \"yes\" ELSE TALK \"no\"
        IF b THEN TALK \"yes\" ELSE TALK \"no\"
        IF c THEN TALK \"yes\" ELSE TALK \"no\"
        IF d THEN TALK \"yes\" ELSE TALK \"no\"
        IF e THEN TALK \"yes\" ELSE TALK \"no\"";
    all(&[(source, "no\nno\nno\nno\nyes")]);
}

#[test]
fn members_and_elements() {
    all(&[
        ("o = NULL\nTALK o?.a?.b", ""),
        ("o = NULL\nTALK o.a", "! 2: 91 cannot read `a` of nothing (null)"),
        ("a = [1]\na[3] = 9\nTALK UBOUND(a)\nTALK a", "4\n[1,null,null,9]"),
        ("a = [1] + [2]\nTALK LEN(a)", "2"),
        ("o = {}\no.new = 5\nTALK o", "{\"new\":5}"),
        ("o = { name: \"x\" }\nTALK o.NAME", "x"),
        ("payload.name = \"x\"\npayload.tags[1] = 2\nTALK payload", "{\"name\":\"x\",\"tags\":[null,2]}"),
        ("a[0].b = 1\na[\"k\"] = 2\nTALK a", "! 2: 9 a text is not a position in a list"),
        ("o[\"k\"] = 1\no[\"l\"].m = 2\nTALK o", "{\"k\":1,\"l\":{\"m\":2}}"),
        ("a = [1, 2]\nb = a\nb[0] = 9\nTALK a", "[9,2]"),
        ("a = [[1, 2], [3]]\nTALK a[0][1] + a[1][0]", "5"),
        ("s = \"abc\"\nTALK s.length\nTALK s.trim()\na = [1,2]\nTALK a.count", "3\nabc\n2"),
        ("a = [1]\na.push(2)\nPUSH a, 3\nTALK a\nTALK a.contains(2)", "[1,2,3]\ntrue"),
        ("o.list = [1]\no.list.push(2)\nPUSH o.list, 3\nTALK o", "{\"list\":[1,2,3]}"),
        (
            "d = NOW()\nTALK d.year + \"/\" + d.month\nTALK d\nTALK NOW() + 15 * 60",
            "2024/12\n2024-12-25 12:30:00\n2024-12-25 12:45:00",
        ),
        ("x = LLM \"where\"\nTALK x.city", "Rome"),
        (
            "DIM a(2)\na[1] = 5\nTALK a\nTALK a(1)\nREDIM a(1)\nTALK a\nDIM b(1, 1)\nTALK b",
            "[null,5,null]\n5\n[null,5]\n[[null,null],[null,null]]",
        ),
        ("i = 0\na = [10, 20, 30]\na[i + 1] = a[i] + 1\nTALK a", "[10,11,30]"),
    ]);
}

#[test]
fn recordsets_are_lists_and_their_first_record() {
    all(&[
        (
            "r = FIND \"people\"\nTALK r.name\nTALK r[1].name\nTALK LEN(r)\nFOR EACH p IN r\nTALK p.id\nNEXT",
            "Ann\nBob\n2\n1\n2",
        ),
        ("r = FIND \"empty\"\nTALK NOT r\nTALK r = NULL\nTALK r.name\nTALK UBOUND(r)", "true\ntrue\n\n0"),
        ("r = FIND \"people\"\nr.name = \"Eve\"\nTALK r[0].name", "Eve"),
    ]);
}

#[test]
fn texts_grow_in_place_and_stay_what_others_hold() {
    all(&[
        ("s = \"a\"\nt = s\nFOR i = 1 TO 3\ns = s + \"b\" + i\nNEXT\nTALK s\nTALK t", "ab1b2b3\na"),
        ("s = \"x\"\ns = s + s + s\nTALK s", "xxx"),
        ("FUNCTION add(x)\nlog = log + x + \";\"\nEND FUNCTION\nlog = \"\"\nadd(1)\nadd(2)\nTALK log", "1;2;"),
    ]);
}

#[test]
fn predefined_names_are_variables() {
    let run = Run {
        globals: vec![("host", Value::text("h")), ("User", Value::from_json(&serde_json::json!({"name": "Ann"})))],
        ..Run::new("SUB show\nTALK host + user.name\nEND SUB\nshow\nhost = 1\nshow")
    };
    assert_eq!(run.transcript(), "hAnn\n1Ann");
}
