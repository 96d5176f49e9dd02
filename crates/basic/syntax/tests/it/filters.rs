//! Filter texts.

use botserver_basic_syntax::{parse_filter, parse_filter_with, parse_order};
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

#[test]
fn what_people_typed_stays_a_value() {
    let check = |filter: &str, typed: &[&str], expected: &str| {
        let shown = match parse_filter_with(filter, typed) {
            Ok(expr) => show(&expr),
            Err(error) => format!("error at {}: {}", error.position, error.message),
        };
        assert_eq!(shown, expected, "{filter}");
    };
    let evil = "x' OR name <> '";
    check(&format!("name = '{evil}'"), &[evil], "(equal @name \"x' OR name <> '\")");
    check(
        &format!("name = 'Mr {evil}.' AND a > 1"),
        &[evil],
        "(and (equal @name \"Mr x' OR name <> '.\") (greater @a 1))",
    );
    check("name = 'O'Brien'", &["O'Brien"], "(equal @name \"O'Brien\")");
    check("id = 1 OR 1 = 1", &["1 OR 1 = 1"], "(equal @id \"1 OR 1 = 1\")");
    check("1 OR 1 = 1", &["1 OR 1 = 1"], "\"1 OR 1 = 1\"");
    check("a = 1 OR 1 = 1", &["OR 1 = 1"], "error at 0: what a person has typed would become a part of the condition");
    check("id IN (1) OR (1)", &[") OR ("], "error at 0: what a person has typed would become a part of the condition");
    // The longest text wins, and what nobody typed is read as ever.
    check("name = 'a=b=c'", &["a=b", "a=b=c"], "(equal @name \"a=b=c\")");
    check("name = 'x' OR a = 1", &["y = 1"], "(or (equal @name \"x\") (equal @a 1))");
}
