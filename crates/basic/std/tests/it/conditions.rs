//! Conditions over one row.

use botserver_basic_std::condition::{column_names, eval_row};
use botserver_basic_types::{BinaryOp, DataExpr, UnaryOp, Value};
use serde_json::{Value as Json, json};

fn column(name: &str) -> DataExpr {
    DataExpr::Column { table: None, name: name.into() }
}

fn constant(json: Json) -> DataExpr {
    DataExpr::Value(Value::from_json(&json))
}

fn op(op: BinaryOp, left: DataExpr, right: DataExpr) -> DataExpr {
    DataExpr::Binary(op, Box::new(left), Box::new(right))
}

fn eval(expr: &DataExpr, row: &Json) -> Json {
    let find = |name: &str| {
        let fields = row.as_object().expect("a row");
        fields
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map_or(Value::Null, |(_, value)| Value::from_json(value))
    };
    eval_row(expr, &find).map_or_else(|error| json!(format!("!{}", error.message)), |value| value.to_json())
}

#[test]
fn operators() {
    use BinaryOp::{
        Add, And, Coalesce, Concat, Contains, Divide, Equal, Greater, GreaterEqual, ILike, In, Less, LessEqual, Like,
        Modulo, Multiply, NotEqual, NotIn, Or, Power, Subtract, Xor,
    };
    let row = json!({"Name": "Ana", "age": 30, "tags": ["x", "y"], "note": null, "n": "7", "day": "2026-11-22"});
    for (expr, expected) in [
        (op(Equal, column("NAME"), constant(json!("Ana"))), json!(true)),
        (op(Equal, column("name"), constant(json!("ana"))), json!(false)),
        (op(Equal, column("n"), constant(json!(7))), json!(true)),
        (op(NotEqual, column("note"), constant(json!("x"))), json!(true)),
        (op(Equal, column("note"), constant(json!(""))), json!(true)),
        (op(Greater, column("age"), constant(json!("29"))), json!(true)),
        (op(Less, column("note"), constant(json!(5))), json!(false)),
        (op(GreaterEqual, column("missing"), constant(json!(0))), json!(false)),
        (op(LessEqual, column("day"), constant(json!("2026-11-22"))), json!(true)),
        (op(Like, column("name"), constant(json!("A_%"))), json!(true)),
        (op(Like, column("name"), constant(json!("a%"))), json!(false)),
        (op(ILike, column("name"), constant(json!("a%"))), json!(true)),
        (op(Contains, column("tags"), constant(json!("y"))), json!(true)),
        (op(In, constant(json!("z")), column("tags")), json!(false)),
        (op(NotIn, constant(json!("z")), column("tags")), json!(true)),
        (op(Add, column("age"), constant(json!(1))), json!(31)),
        (op(Subtract, column("age"), constant(json!(1))), json!(29)),
        (op(Multiply, column("age"), constant(json!(2))), json!(60)),
        (op(Divide, column("age"), constant(json!(4))), json!(7.5)),
        (op(Modulo, column("age"), constant(json!(7))), json!(2)),
        (op(Power, constant(json!(2)), constant(json!(3))), json!(8)),
        (op(Concat, column("name"), column("age")), json!("Ana30")),
        (op(Coalesce, column("note"), constant(json!("none"))), json!("none")),
        (op(Xor, constant(json!(true)), constant(json!(true))), json!(false)),
        (op(And, constant(json!(false)), op(Divide, constant(json!(1)), constant(json!(0)))), json!(false)),
        (op(Or, constant(json!(true)), op(Divide, constant(json!(1)), constant(json!(0)))), json!(true)),
        (op(Divide, constant(json!(1)), constant(json!(0))), json!(null)),
        (DataExpr::Unary(UnaryOp::Not, Box::new(column("note"))), json!(true)),
        (DataExpr::Unary(UnaryOp::Negate, Box::new(column("age"))), json!(-30)),
        (
            DataExpr::Between(Box::new(column("age")), Box::new(constant(json!(30))), Box::new(constant(json!(40)))),
            json!(true),
        ),
        (
            DataExpr::Between(Box::new(column("note")), Box::new(constant(json!(-1))), Box::new(constant(json!(1)))),
            json!(false),
        ),
        (
            DataExpr::In {
                needle: Box::new(column("age")),
                list: vec![constant(json!(1)), constant(json!("30"))],
                negated: false,
            },
            json!(true),
        ),
        (DataExpr::In { needle: Box::new(column("age")), list: vec![], negated: true }, json!(true)),
        (DataExpr::IsNull { operand: Box::new(column("note")), negated: false }, json!(true)),
        (DataExpr::IsNull { operand: Box::new(column("age")), negated: true }, json!(true)),
        (DataExpr::Call("lower".into(), vec![column("name")]), json!("ana")),
        (DataExpr::Call("YEAR".into(), vec![column("day")]), json!(2026)),
        (DataExpr::Call("NOW".into(), vec![]), json!("!a condition over rows cannot call NOW")),
        (DataExpr::Call("LEFT".into(), vec![]), json!("!LEFT takes other arguments: text, count")),
        (DataExpr::Star, json!("!`*` has no value in a condition")),
    ] {
        assert_eq!(eval(&expr, &row), expected, "{expr:?}");
    }
}

#[test]
fn column_names_are_listed() {
    let expr = op(
        BinaryOp::And,
        op(BinaryOp::Equal, column("a"), constant(json!(1))),
        DataExpr::Call("LEN".into(), vec![column("b")]),
    );
    assert_eq!(column_names(&expr), ["a", "b"]);
}
