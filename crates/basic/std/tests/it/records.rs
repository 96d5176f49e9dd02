//! Functions over lists of records.

use botserver_basic_types::{DataExpr, Heap};
use serde_json::json;

use crate::support::{check, val};

#[test]
fn filter_and_map() {
    let rows = json!([{"name": "Ana", "age": 30, "home": {"city": "Rio"}}, {"Name": "Bia", "age": 0}]);
    check(&[
        ("FILTER", json!([rows, "age", "30"]), r#"[{"name":"Ana","age":30,"home":{"city":"Rio"}}]"#),
        ("FILTER", json!([rows, "age"]), r#"[{"name":"Ana","age":30,"home":{"city":"Rio"}}]"#),
        ("FILTER", json!([null, "age"]), "[]"),
        ("FILTER", json!([rows, "age > 3"]), "!\"age > 3\" is neither a field nor a list of fields"),
        ("MAP", json!([rows, "name"]), r#"["Ana","Bia"]"#),
        ("MAP", json!([rows, "item.name"]), r#"["Ana","Bia"]"#),
        ("MAP", json!([rows, "home.city"]), r#"["Rio",null]"#),
        ("MAP", json!([rows, "name, age"]), r#"[{"name":"Ana","age":30},{"name":"Bia","age":0}]"#),
        ("MAP", json!([rows, "name->n"]), r#"[{"n":"Ana"},{"n":"Bia"}]"#),
        ("MAP", json!([rows, "name -> n, home.city as c"]), r#"[{"n":"Ana","c":"Rio"},{"n":"Bia","c":null}]"#),
        ("MAP", json!([null, "name"]), "[]"),
        ("MAP", json!([rows, "age + 1"]), "!\"age + 1\" is neither a field nor a list of fields"),
    ]);
}

#[test]
fn aggregates() {
    let rows = json!([{"g": "x", "v": 1}, {"g": "y", "v": 2.5}, {"g": "x", "v": null}, {"g": "x", "v": "4"}]);
    check(&[
        ("AGGREGATE", json!(["SUM", rows, "v"]), "7.5"),
        ("AGGREGATE", json!([rows, "avg", "v"]), "2.5"),
        ("AGGREGATE", json!(["COUNT", rows, "v"]), "3"),
        ("AGGREGATE", json!(["COUNT", rows]), "4"),
        ("AGGREGATE", json!(["MIN", rows, "v"]), "1"),
        ("AGGREGATE", json!(["MAX", rows, "v"]), "4"),
        ("AGGREGATE", json!(["COUNT", [], "v"]), "0"),
        ("AGGREGATE", json!(["SUM", [], "v"]), ""),
        ("AGGREGATE", json!(["MIN", null, "v"]), ""),
        ("AGGREGATE", json!(["MEDIAN", rows, "v"]), "!\"MEDIAN\" is not SUM, AVG, COUNT, MIN or MAX"),
        (
            "GROUP_BY",
            json!([rows, "g", "SUM(v) AS total, COUNT"]),
            r#"[{"key":"x","count":3,"total":5,"items":[{"g":"x","v":1},{"g":"x","v":null},{"g":"x","v":"4"}]},{"key":"y","count":1,"total":2.5,"items":[{"g":"y","v":2.5}]}]"#,
        ),
        ("GROUP_BY", json!([[], "g"]), "[]"),
        ("PIVOT", json!([rows, "g", "v"]), r#"[{"g":"x","v":5},{"g":"y","v":2.5}]"#),
        ("PIVOT", json!([rows, "g", "v", "MAX"]), r#"[{"g":"x","v":4},{"g":"y","v":2.5}]"#),
    ]);
    let sales = json!([{"q": 1, "p": "a", "v": 1}, {"q": 2, "p": "a", "v": 2}, {"q": 1, "p": "b", "v": 3}, {"q": 1, "p": "b", "v": 5}]);
    check(&[
        ("PIVOT", json!([sales, "p", "q", "v"]), r#"[{"p":"a","1":1,"2":2},{"p":"b","1":8,"2":null}]"#),
        ("PIVOT", json!([sales, "p", "q", "v", "AVG"]), r#"[{"p":"a","1":1,"2":2},{"p":"b","1":4,"2":null}]"#),
        ("PIVOT", json!([sales, "p", "q", "v", "MODE"]), "!\"MODE\" is not SUM, AVG, COUNT, MIN or MAX"),
    ]);
}

#[test]
fn ends_and_joins() {
    let rows = json!([{"v": 1}, {"v": 2}]);
    check(&[
        ("FIRST", json!(["one two  three"]), "one"),
        ("LAST", json!(["one two  three "]), "three"),
        ("FIRST", json!([""]), ""),
        ("FIRST", json!([[5, 6]]), "5"),
        ("LAST", json!([[5, 6]]), "6"),
        ("FIRST", json!([[5, 6, 7], 2]), "[5,6]"),
        ("LAST", json!([[5, 6, 7], 9]), "[5,6,7]"),
        ("LAST", json!([rows, "v"]), "2"),
        ("FIRST", json!([{"@rows": rows}, "V"]), "1"),
        ("FIRST", json!([[]]), ""),
        ("LAST", json!([null]), ""),
        (
            "JOIN",
            json!([[{"id": 1, "n": "a"}, {"id": 2, "n": "b"}, {"n": "c"}], [{"id": "1", "n": "z", "t": 9}, {"id": 1, "t": 8}], "id"]),
            r#"[{"id":1,"n":"a","t":9},{"id":1,"n":"a","t":8}]"#,
        ),
    ]);
}

#[test]
fn conditions_in_text_go_through_the_parser_that_is_handed_in() {
    let mut heap = Heap::default();
    let rows = val(&mut heap, &json!([{"v": 1}, {"v": 5}]));
    let condition = val(&mut heap, &json!("v > 3"));
    let parse = |text: &str| {
        assert_eq!(text, "v > 3");
        Ok(DataExpr::Binary(
            botserver_basic_types::BinaryOp::Greater,
            Box::new(DataExpr::Column { table: Some("item".into()), name: "V".into() }),
            Box::new(DataExpr::Value(3.into_value())),
        ))
    };
    let kept = botserver_basic_std::records::filter_with(&mut heap, &[rows.clone(), condition.clone()], parse);
    assert_eq!(heap.detach(&kept.expect("filters")).expect("fits").to_json(), json!([{"v": 5}]));
    let mapped = botserver_basic_std::records::map_with(&mut heap, &[rows, condition], parse);
    assert_eq!(heap.detach(&mapped.expect("maps")).expect("fits").to_json(), json!([false, true]));
}

trait IntoValue {
    fn into_value(self) -> botserver_basic_types::Value;
}

impl IntoValue for i64 {
    fn into_value(self) -> botserver_basic_types::Value {
        botserver_basic_types::Value::Int(self)
    }
}
