//! Numbers.

use serde_json::json;

use crate::support::check;

#[test]
fn rounding_and_signs() {
    check(&[
        ("ABS", json!([-3]), "3"),
        ("ABS", json!(["-2.5"]), "2.5"),
        ("ABS", json!([i64::MIN]), "9223372036854780000"),
        ("ROUND", json!([2.5]), "3"),
        ("ROUND", json!([-2.5]), "-3"),
        ("ROUND", json!([0.5]), "1"),
        ("ROUND", json!([2.345, 2]), "2.35"),
        ("ROUND", json!([1.005, 2]), "1.01"),
        ("ROUND", json!([2.675, 2]), "2.68"),
        ("ROUND", json!([1.4449, 2]), "1.44"),
        ("ROUND", json!([1234, -2]), "1200"),
        ("ROUND", json!([1250, -2]), "1300"),
        ("ROUND", json!([5, 2]), "5"),
        ("ROUND", json!([0.1, 400]), "0.1"),
        ("ROUND", json!([1e300, 2]), &format!("{}", 1e300)),
        ("INT", json!([2.7]), "2"),
        ("INT", json!([-2.7]), "-2"),
        ("INT", json!(["12.9"]), "12"),
        ("FIX", json!([-2.7]), "-2"),
        ("FLOOR", json!([-2.1]), "-3"),
        ("CEILING", json!([2.1]), "3"),
        ("SGN", json!([-0.5]), "-1"),
        ("SGN", json!([0]), "0"),
        ("SGN", json!(["7"]), "1"),
        ("INT", json!([null]), "0"),
        ("INT", json!(["x"]), "!\"x\" is not a number"),
    ]);
}

#[test]
fn functions_of_numbers() {
    check(&[
        ("SQR", json!([16]), "4"),
        ("SQRT", json!([-1]), "!a negative number has no square root"),
        ("POW", json!([2, 10]), "1024"),
        ("POW", json!([2, 0.5]), "1.4142135623731"),
        ("POW", json!([2, -1]), "0.5"),
        ("POW", json!([-8, 0.5]), "!a negative number has no broken power"),
        ("POWER", json!([10, 400]), "!the result is too large for a number"),
        ("EXP", json!([1]), "2.71828182845905"),
        ("EXP", json!([1000]), "!the result is too large for a number"),
        ("LOG", json!([1]), "0"),
        ("LOG", json!([0]), "!only numbers above zero have a logarithm"),
        ("LOG10", json!([1000]), "3"),
        ("SIN", json!([0]), "0"),
        ("COS", json!([0]), "1"),
        ("TAN", json!([0]), "0"),
        ("ASIN", json!([2]), "!a sine lies between -1 and 1"),
        ("ACOS", json!([1]), "0"),
        ("ATAN", json!([0]), "0"),
        ("PI", json!([]), "3.14159265358979"),
        ("MOD", json!([7, 3]), "1"),
        ("MOD", json!([-7, 3]), "-1"),
        ("MOD", json!([7.5, 2]), "1.5"),
        ("MOD", json!([7, 0]), "!division by zero"),
    ]);
}

#[test]
fn over_several_values() {
    let rows = json!([{"v": 3, "d": "b"}, {"V": 1, "d": "a"}, {"v": null, "d": "c"}, {"v": "8"}]);
    check(&[
        ("MAX", json!([3, 7.5, 5]), "7.5"),
        ("MIN", json!([3, 7, 5]), "3"),
        ("MAX", json!([[3, 9, 5]]), "9"),
        ("MIN", json!([[3, null, 5]]), "3"),
        ("MAX", json!([[]]), ""),
        ("MAX", json!([null]), ""),
        ("MAX", json!([null, 3]), "3"),
        ("MAX", json!(["b", "a"]), "b"),
        ("MAX", json!(["10", "9"]), "10"),
        ("MIN", json!([["2026-02-01", "2026-01-01"]]), "2026-01-01"),
        ("MAX", json!([rows, "v"]), "8"),
        ("MIN", json!([{"@rows": rows}, "V"]), "1"),
        ("MIN", json!([rows, "d"]), "a"),
        ("MAX", json!([[1, 2], 9]), "9"),
        ("SUM", json!([[1, 2, 3.5]]), "6.5"),
        ("SUM", json!([rows, "v"]), "12"),
        ("SUM", json!([[1e308, 1e308]]), "!the result is too large for a number"),
        ("SUM", json!([[]]), "0"),
        ("SUM", json!([null]), "0"),
        ("SUM", json!([1, 2, 3]), "6"),
        ("SUM", json!([[i64::MAX, 1]]), "9223372036854780000"),
        ("SUM", json!([["x"]]), "!\"x\" is not a number"),
        ("AVG", json!([[1, 2, 6]]), "3"),
        ("AVERAGE", json!([rows, "v"]), "4"),
        ("AVG", json!([[]]), ""),
    ]);
}
