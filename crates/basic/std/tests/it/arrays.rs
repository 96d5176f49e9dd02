//! Lists.

use botserver_basic_types::{Heap, Val, ops};
use serde_json::json;

use crate::support::{call_on, check, val};

#[test]
fn lengths() {
    check(&[
        ("UBOUND", json!([[5, 6]]), "2"),
        ("UBOUND", json!([[]]), "0"),
        ("UBOUND", json!([null]), "0"),
        ("UBOUND", json!([{"@rows": [{"a": 1}]}]), "1"),
        ("UBOUND", json!(["[1, 2, 3]"]), "3"),
        ("LBOUND", json!([[5, 6]]), "0"),
        ("COUNT", json!([[5, 6]]), "2"),
        ("COUNT", json!([[{"v": 1}, {"v": null}], "v"]), "1"),
    ]);
}

#[test]
fn growing_and_shrinking() {
    check(&[
        ("PUSH", json!([[1], 2, 3]), "[1,2,3]"),
        ("APPEND", json!([null, 2]), "[2]"),
        ("PUSH", json!([5, 2]), "!a list is needed here, not integer"),
        ("POP", json!([[1, 2]]), "2"),
        ("POP", json!([[]]), ""),
        ("SHIFT", json!([[1, 2]]), "1"),
        ("SHIFT", json!([null]), ""),
        ("UNSHIFT", json!([[3], 1, 2]), "[1,2,3]"),
        ("SPLICE", json!([[1, 2, 3], 1, 1]), "[1,3]"),
        ("SPLICE", json!([[1, 2, 3], -1]), "[1,2]"),
        ("SPLICE", json!([[1, 3], 1, 0, 2]), "[1,2,3]"),
        ("SPLICE", json!([[1], 9, 1]), "[1]"),
        ("CONCAT", json!([[1], null, [2, 3], 4]), "[1,2,3,4]"),
        ("CONCAT", json!(["a", 1, null]), "a1"),
        ("FILL", json!(["x", 2]), r#"["x","x"]"#),
        ("FILL", json!(["x", -2]), "[]"),
        (
            "FILL",
            json!([[{"n": "Ana", "v": 3}], {"to": "Dear {{n}}", "v": "{{v}}", "x": 1}]),
            r#"[{"to":"Dear Ana","v":3,"x":1}]"#,
        ),
        ("RANGE", json!([1, 3]), "[1,2,3]"),
        ("RANGE", json!([3, 1]), "[3,2,1]"),
        ("RANGE", json!([0, 1, 0.25]), "[0,0.25,0.5,0.75,1]"),
        ("RANGE", json!([1, 3, -1]), "[]"),
        ("RANGE", json!([1, 3, 0]), "!the step of RANGE must not be 0"),
    ]);
}

#[test]
fn functions_give_new_lists_and_leave_the_old_one() {
    let mut heap = Heap::default();
    let list = val(&mut heap, &json!([3, 1, 2]));
    for (name, more) in [("PUSH", Some(Val::Int(9))), ("SORT", None), ("REVERSE", None), ("UNIQUE", None)] {
        let args: Vec<Val> = std::iter::once(list.clone()).chain(more).collect();
        let function = botserver_basic_std::find(name).expect("a function");
        (function.run)(&mut heap, &args).expect(name);
        assert_eq!(ops::text_of(&heap, &list).expect("prints"), "[3,1,2]", "{name}");
    }
    let function = botserver_basic_std::find("POP").expect("a function");
    (function.run)(&mut heap, std::slice::from_ref(&list)).expect("pops");
    assert_eq!(ops::text_of(&heap, &list).expect("prints"), "[3,1]", "POP takes the element out");
}

#[test]
fn parts() {
    check(&[
        ("SLICE", json!([[1, 2, 3, 4], 1, 3]), "[2,3]"),
        ("SLICE", json!([[1, 2, 3, 4], -2]), "[3,4]"),
        ("SLICE", json!([[1, 2, 3], 2, 1]), "[]"),
        ("SLICE", json!([[1, 2, 3], 0, 99]), "[1,2,3]"),
        ("SLICE", json!(["ação", 1, 3]), "çã"),
        ("TAKE", json!([[1, 2, 3], 2]), "[1,2]"),
        ("TAKE", json!([[1], 9]), "[1]"),
        ("TAKE", json!([[1], -1]), "[]"),
        ("DROP", json!([[1, 2, 3], 2]), "[3]"),
        ("DROP", json!([[1], 9]), "[]"),
        ("HEAD", json!([[1, 2]]), "1"),
        ("HEAD", json!([[]]), ""),
        ("TAIL", json!([[1, 2, 3]]), "[2,3]"),
        ("TAIL", json!([[]]), "[]"),
        ("CHUNK", json!([[1, 2, 3], 2]), "[[1,2],[3]]"),
        ("BATCH", json!([[], 2]), "[]"),
        ("CHUNK", json!([[1], 0]), "!the size of a chunk must be 1 or more"),
        ("FLATTEN", json!([[1, [2, [3]], []]]), "[1,2,[3]]"),
        ("INDEX_OF", json!([[5, "a"], "5"]), "0"),
        ("INDEX_OF", json!([[5, "a"], "b"]), "-1"),
        ("INDEXOF", json!(["ação", "o"]), "3"),
    ]);
}

#[test]
fn order() {
    check(&[
        ("SORT", json!([[3, 1, 2]]), "[1,2,3]"),
        ("SORT", json!([[3, 1, 2], "desc"]), "[3,2,1]"),
        ("SORT", json!([["b", "a", "B"]]), r#"["B","a","b"]"#),
        ("SORT", json!([["10", 9, 2.5]]), r#"[2.5,9,"10"]"#),
        ("SORT", json!([[1, "x", null, true, 0.5]]), r#"[null,true,0.5,1,"x"]"#),
        ("SORT", json!([[{"v": 2}, {"v": 1}], "v"]), r#"[{"v":1},{"v":2}]"#),
        ("SORT", json!([[{"V": 1}, {"v": 2}], "v", "DESC"]), r#"[{"v":2},{"V":1}]"#),
        (
            "SORT",
            json!([[9_007_199_254_740_993_i64, 9_007_199_254_740_992_i64]]),
            "[9007199254740992,9007199254740993]",
        ),
        ("SORT", json!([null]), "[]"),
        ("UNIQUE", json!([[1, "1", 2, 1, null, ""]]), r"[1,2,null]"),
        ("DISTINCT", json!([[{"a": 1, "b": 1}, {"a": 1, "b": 2}], "a"]), r#"[{"a":1,"b":1}]"#),
    ]);
}

#[test]
fn parts_of_a_recordset_are_recordsets() {
    let rows = json!({"@rows": [{"v": 2}, {"v": 1}]});
    for (name, args) in [
        ("TAKE", json!([rows, 1])),
        ("SORT", json!([rows, "v"])),
        ("FILTER", json!([rows, "v", 1])),
        ("REVERSE", json!([rows])),
        ("MID", json!([rows, 0, 1])),
    ] {
        let mut heap = Heap::default();
        let value = call_on(&mut heap, name, &args).expect(name);
        assert!(matches!(value, Val::Rows(_, false)), "{name}: {value:?}");
    }
}
