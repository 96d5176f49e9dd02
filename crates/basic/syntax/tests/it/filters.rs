//! Filter texts.

use botserver_basic_syntax::{parse_filter, parse_order};
use botserver_basic_types::{BinaryOp, DataExpr, UnaryOp, ops};

fn show(expr: &DataExpr) -> String {
    let list = |items: &[DataExpr]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match expr {
        DataExpr::Column { table: Some(table), name } => format!("@{table}.{name}"),
        DataExpr::Column { table: None, name } => format!("@{name}"),
        DataExpr::Value(value) => match value.as_text() {
            Some(text) => format!("{text:?}"),
            None if value.is_null() => "null".into(),
            None => ops::to_text(value),
        },
        DataExpr::Unary(UnaryOp::Not, operand) => format!("(not {})", show(operand)),
        DataExpr::Unary(UnaryOp::Negate, operand) => format!("(- {})", show(operand)),
        DataExpr::Binary(op, left, right) => format!("({} {} {})", name(*op), show(left), show(right)),
        DataExpr::In { needle, list: items, negated } => {
            format!("({}in {} [{}])", if *negated { "not-" } else { "" }, show(needle), list(items))
        }
        DataExpr::Between(a, b, c) => format!("(between {} {} {})", show(a), show(b), show(c)),
        DataExpr::IsNull { operand, negated } => {
            format!("({}null {})", if *negated { "not-" } else { "" }, show(operand))
        }
        DataExpr::Call(name, args) => format!("({name} [{}])", list(args)),
        DataExpr::Star => "*".into(),
    }
}

fn name(op: BinaryOp) -> String {
    format!("{op:?}").to_lowercase()
}

#[test]
fn conditions() {
    let filters = [
        "id=5",
        "status=active",
        "name = 'O''Brien'",
        "name=John Smith AND city = New York",
        "a > 0 AND b LIKE '%x%' OR c ILIKE \"y%\"",
        "NOT (a = 1 OR b != 2) AND c <> 3",
        "id IN (1, 'b', c) AND d NOT IN (2)",
        "a BETWEEN 1 AND 5 AND b IS NOT NULL AND c IS NULL",
        "created >= DATE_SUB(NOW(), INTERVAL 90 DAY)",
        "LOWER(name) = abc AND t.size < 3.5",
        "date >= 2024-01-01 AND code=007 AND id=3f2a-b AND email=a@b.c",
        "active = TRUE AND gone = NULL AND note=",
        "price * 2 > 10",
        "item.size >= 5 && x == y || z",
        "",
        "a = ",
        "a = 'x",
        "(a = 1",
        "a IN 1",
        "a ~ 1",
        "a = 1)",
        "f(a = 1",
    ];
    let shown: Vec<String> = filters
        .iter()
        .map(|filter| match parse_filter(filter) {
            Ok(expr) => format!("{filter}\n    {}", show(&expr)),
            Err(error) => format!("{filter}\n    error at {}: {}", error.position, error.message),
        })
        .collect();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("filters", shown.join("\n"));
    });
}

#[test]
fn order() {
    let keys = parse_order("a, t.b DESC").unwrap();
    assert_eq!(
        keys.iter().map(|key| (key.column.as_str(), key.descending)).collect::<Vec<_>>(),
        [("a", false), ("b", true)]
    );
    assert!(parse_order("a down").is_err());
}
