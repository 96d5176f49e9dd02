//! Text functions, conversions, and documents written from values.

use botserver_basic_types::{Heap, HeapLimits, Val};
use serde_json::json;

use crate::support::{call, call_on, check};

#[test]
fn parts_of_text() {
    check(&[
        ("LEN", json!(["ação"]), "4"),
        ("LEN", json!([""]), "0"),
        ("LEN", json!([null]), "0"),
        ("LEN", json!([12345]), "5"),
        ("LEN", json!([[1, 2, 3]]), "3"),
        ("LEN", json!([{"a": 1, "b": 2}]), "2"),
        ("LENGTH", json!(["👍🏽"]), "2"),
        ("SIZE", json!([{"@rows": [{"a": 1}]}]), "1"),
        ("LEFT", json!(["ação", 2]), "aç"),
        ("LEFT", json!(["abc", 0]), ""),
        ("LEFT", json!(["abc", -1]), ""),
        ("LEFT", json!(["abc", 99]), "abc"),
        ("LEFT", json!([12345, 2]), "12"),
        ("LEFT", json!([null, 2]), ""),
        ("LEFT", json!([[1, 2, 3], 2]), "[1,2]"),
        ("RIGHT", json!(["ação", 2]), "ão"),
        ("RIGHT", json!(["abc", 99]), "abc"),
        ("RIGHT", json!(["abc", 0]), ""),
        ("RIGHT", json!([[1, 2, 3], 2]), "[2,3]"),
        ("MID", json!(["ação", 2, 2]), "çã"),
        ("MID", json!(["abc", 2]), "bc"),
        ("MID", json!(["abc", 0, 2]), "ab"),
        ("MID", json!(["abc", 9]), ""),
        ("MID", json!(["abc", 2, -1]), ""),
        ("MID", json!(["abc", 2, 99]), "bc"),
        ("MID", json!([[1, 2, 3, 4], 0, 2]), "[1,2]"),
        ("MID", json!([[1, 2, 3, 4], 2, 9]), "[3,4]"),
        ("MID", json!([[1, 2], 9, 1]), "[]"),
        ("MID", json!([null, 1, 5]), ""),
        ("MID$", json!(["abc", 3]), "c"),
    ]);
}

#[test]
fn changing_text() {
    check(&[
        ("UCASE", json!(["ação ß"]), "AÇÃO SS"),
        ("LOWER", json!(["ÀÉ"]), "àé"),
        ("PROPER", json!(["joão da SILVA"]), "João Da Silva"),
        ("PROPER", json!(["it's o'neill-smith"]), "It's O'neill-Smith"),
        ("TRIM", json!(["\t a \n"]), "a"),
        ("LTRIM", json!([" a "]), "a "),
        ("RTRIM", json!([" a "]), " a"),
        ("REPLACE", json!(["aaa", "a", "bb"]), "bbbbbb"),
        ("REPLACE", json!(["abc", "", "x"]), "abc"),
        ("REPLACE", json!(["abc", "B", "x"]), "abc"),
        ("REPLACE", json!([105, 0, ""]), "15"),
        ("REVERSE", json!(["ação"]), "oãça"),
        ("REVERSE", json!([[1, 2]]), "[2,1]"),
        ("REPEAT", json!(["ab", 3]), "ababab"),
        ("REPEAT", json!(["ab", -3]), ""),
        ("STRING", json!([3, "xy"]), "xxx"),
        ("STRING", json!([3, 42]), "***"),
        ("STRING", json!([3, ""]), ""),
        ("CHR", json!([233]), "é"),
        ("CHR", json!([-1]), "!-1 is not the number of a character"),
        ("CHR", json!([55296]), "!55296 is not the number of a character"),
        ("ASC", json!(["é"]), "233"),
        ("ASC", json!([""]), "0"),
        ("HEX", json!([255]), "FF"),
        ("HEX", json!([0]), "0"),
    ]);
}

#[test]
fn finding_in_text() {
    check(&[
        ("INSTR", json!(["ação", "ão"]), "3"),
        ("INSTR", json!(["abc", "C"]), "0"),
        ("INSTR", json!(["abc", ""]), "0"),
        ("INSTR", json!(["", "a"]), "0"),
        ("INSTR", json!([4, "banana", "na"]), "5"),
        ("INSTR", json!([0, "banana", "b"]), "1"),
        ("INSTR", json!([99, "banana", "b"]), "0"),
        ("INSTR", json!(["banana", "na", 4]), "5"),
        ("CONTAINS", json!(["abc", "b"]), "true"),
        ("CONTAINS", json!([["a", "b"], "b"]), "true"),
        ("CONTAINS", json!([[1, 2], "2"]), "true"),
        ("CONTAINS", json!([null, "b"]), "false"),
        ("STARTSWITH", json!(["abc", "ab"]), "true"),
        ("STARTSWITH", json!(["abc", "AB"]), "false"),
        ("ENDS_WITH", json!(["abc", "bc"]), "true"),
    ]);
}

#[test]
fn splitting_and_joining() {
    check(&[
        ("SPLIT", json!(["a,b,,c"]), r#"["a","b","","c"]"#),
        ("SPLIT", json!(["a;b", ";"]), r#"["a","b"]"#),
        ("SPLIT", json!(["aé", ""]), r#"["a","é"]"#),
        ("SPLIT", json!(["", ","]), "[]"),
        ("SPLIT", json!([null, ","]), "[]"),
        ("JOIN", json!([[1, null, "x"]]), "1,,x"),
        ("JOIN", json!([["a", "b"], " - "]), "a - b"),
        ("JOIN", json!([[], "-"]), ""),
        ("JOIN", json!([null, "-"]), ""),
        ("JOIN", json!([5, "-"]), "!a list is needed here, not integer"),
    ]);
}

#[test]
fn conversions() {
    check(&[
        ("VAL", json!(["12 apples"]), "12"),
        ("VAL", json!(["  -3.5e2x"]), "-350"),
        ("VAL", json!([".5"]), "0.5"),
        ("VAL", json!(["1e"]), "1"),
        ("VAL", json!(["5."]), "5"),
        ("VAL", json!(["-"]), "0"),
        ("VAL", json!(["abc"]), "0"),
        ("VAL", json!([null]), "0"),
        ("VAL", json!(["1e999"]), "0"),
        ("VAL", json!([true]), "1"),
        ("STR", json!([2.50]), "2.5"),
        ("STR", json!([null]), ""),
        ("CSTR", json!([[1, "a"]]), r#"[1,"a"]"#),
        ("CINT", json!(["2.5"]), "3"),
        ("CINT", json!([-2.5]), "-3"),
        ("CINT", json!([1e300]), "!the number is too large for a whole number"),
        ("CINT", json!(["x"]), "!\"x\" is not a number"),
        ("CDBL", json!(["2.5"]), "2.5"),
        ("CBOOL", json!(["false"]), "false"),
        ("CBOOL", json!(["no"]), "true"),
        ("CBOOL", json!([0]), "false"),
        ("IS_NUMERIC", json!(["1e3"]), "true"),
        ("IS_NUMERIC", json!([" 12 "]), "true"),
        ("IS_NUMERIC", json!(["1,000"]), "false"),
        ("IS_NUMERIC", json!(["R$ 1"]), "false"),
        ("IS_NUMERIC", json!([""]), "false"),
        ("IS_NUMERIC", json!(["inf"]), "false"),
        ("IS_NUMERIC", json!([5]), "true"),
        ("ISNULL", json!([null]), "true"),
        ("ISNULL", json!([""]), "true"),
        ("ISNULL", json!([0]), "false"),
        ("ISNULL", json!([{"@rows": []}]), "true"),
        ("ISEMPTY", json!([0]), "false"),
        ("ISEMPTY", json!([false]), "false"),
        ("ISEMPTY", json!([""]), "true"),
        ("ISEMPTY", json!([[]]), "true"),
        ("ISEMPTY", json!([{}]), "true"),
        ("ISARRAY", json!([[1]]), "true"),
        ("ISARRAY", json!([{"@rows": []}]), "true"),
        ("ISARRAY", json!(["[1]"]), "false"),
        ("ISOBJECT", json!([{}]), "true"),
        ("ISSTRING", json!(["1"]), "true"),
        ("ISNUMBER", json!(["1"]), "false"),
        ("ISNUMBER", json!([1.5]), "true"),
        ("ISBOOL", json!([true]), "true"),
        ("TYPEOF", json!([null]), "null"),
        ("TYPEOF", json!([true]), "boolean"),
        ("TYPEOF", json!([1]), "integer"),
        ("TYPEOF", json!([1.5]), "float"),
        ("TYPEOF", json!(["x"]), "string"),
        ("TYPEOF", json!([[]]), "array"),
        ("TYPEOF", json!([{"@rows": []}]), "array"),
        ("TYPEOF", json!([{}]), "object"),
        ("TYPEOF", json!(["@date:2026-11-22"]), "date"),
        ("NVL", json!([null, "x"]), "x"),
        ("COALESCE", json!(["", null, 0, 5]), "0"),
        ("IFNULL", json!([null, null]), ""),
        ("CHOOSE", json!([1, "a", "b"]), "a"),
        ("CHOOSE", json!([3, "a", "b"]), ""),
        ("CHOOSE", json!([0, "a", "b"]), ""),
        ("SWITCH_FUNC", json!(["2", 1, "one", 2, "two"]), "two"),
        ("SWITCH_FUNC", json!([9, 1, "one", "many"]), "many"),
        ("SWITCH_FUNC", json!([9, 1, "one"]), ""),
        ("ERROR", json!(["no"]), r#"{"error":true,"message":"no"}"#),
        ("IS_ERROR", json!([{"error": true, "message": "no"}]), "true"),
        ("IS_ERROR", json!([{"error": false}]), "false"),
        ("ISERROR", json!(["error"]), "false"),
        ("GET_ERROR_MESSAGE", json!([{"error": true, "message": "no"}]), "no"),
        ("GET_ERROR_MESSAGE", json!([5]), ""),
    ]);
}

#[test]
fn documents() {
    check(&[
        ("JSON", json!([{"a": [1, 2.5, null, true, "x\"\n"]}]), r#"{"a":[1,2.5,null,true,"x\"\n"]}"#),
        ("TOJSON", json!(["é"]), r#""é""#),
        ("JSON_STRINGIFY", json!([null]), "null"),
        ("JSON", json!(["@date:2026-11-22"]), r#""2026-11-22""#),
        ("JSON_PARSE", json!([r#" {"a": [1, 2.5, "x"]} "#]), r#"{"a":[1,2.5,"x"]}"#),
        ("PARSE_JSON", json!([[1]]), "[1]"),
        ("JSON_PARSE", json!([""]), ""),
        ("JSON_PARSE", json!(["```json\n{\"a\": 1}\n```"]), r#"{"a":1}"#),
        ("JSON_PARSE", json!(["{'a'}"]), "!this is not JSON: key must be a string at line 1 column 2"),
        ("JSON_PARSE", json!(["18446744073709551615"]), "18446744073709600000"),
        ("CSV", json!([[{"a": 1, "b": "x,y"}, {"b": "q\"", "c": null}]]), "a,b,c\n1,\"x,y\",\n,\"q\"\"\",\n"),
        ("CSV", json!([[[1, 2], [3]]]), "1,2\n3\n"),
        ("CSV", json!([["a", "b"]]), "a\nb\n"),
        ("CSV", json!([null]), ""),
        ("CSV", json!([{"a": 1}]), "a\n1\n"),
        (
            "XML",
            json!([{"a b": "<&>", "1": [1, null]}]),
            "<root><a_b>&lt;&amp;&gt;</a_b><_1><item>1</item><item></item></_1></root>",
        ),
        ("XML", json!(["x", "name"]), "<name>x</name>"),
        (
            "TOYAML",
            json!([{"a": 1, "b": [1, {"c": "x", "d": [2]}], "e": {}, "f": {"g": null}}]),
            "a: 1\nb:\n  - 1\n  - c: x\n    d:\n      - 2\ne: {}\nf:\n  g: null\n",
        ),
        (
            "TOYAML",
            json!([["yes", "1", "a: b", "- x", "two\nlines", "plain text", "", "no #c", "#c", "olá"]]),
            "- \"yes\"\n- \"1\"\n- \"a: b\"\n- \"- x\"\n- \"two\\nlines\"\n- plain text\n- \"\"\n- \"no #c\"\n- \"#c\"\n- olá\n",
        ),
        ("TOYAML", json!([[[1, 2], [3]]]), "- - 1\n  - 2\n- - 3\n"),
        ("BASE64", json!(["olá"]), "b2zDoQ=="),
        ("BASE64_DECODE", json!(["b2zD\noQ=="]), "olá"),
        ("BASE64_DECODE", json!(["***"]), "!this is not Base64"),
        ("BASE64_DECODE", json!(["/w=="]), "!this Base64 does not hold text"),
        ("HASH", json!([""]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ]);
}

#[test]
fn results_stay_inside_the_limits_of_the_heap() {
    let mut heap = Heap::new(HeapLimits { text_len: 100, array_len: 10, bytes: 1 << 20, ..HeapLimits::default() });
    let long = "x".repeat(60);
    for (name, args) in [
        ("REPEAT", json!([long, i64::MAX])),
        ("STRING", json!([i64::MAX, "x"])),
        ("REPLACE", json!([long, "x", long])),
        ("CONCAT", json!([long, long])),
        ("JOIN", json!([["x", "y"], long,])),
        ("SPLIT", json!([long, ""])),
        ("FILL", json!([0, i64::MAX])),
        ("RANGE", json!([1, i64::MAX])),
        ("FORMAT", json!(["{0}{0}", long])),
        ("CSV", json!([[long, long]])),
        ("XML", json!([[long, long]])),
        ("TOYAML", json!([[long, long]])),
        ("JSON", json!([[long, long]])),
        ("JSON_PARSE", json!(["[1,1,1,1,1,1,1,1,1,1,1,1]"])),
    ] {
        let result = call_on(&mut heap, name, &args);
        if name == "JOIN" {
            assert!(result.is_ok(), "{name}");
            continue;
        }
        let error = result.expect_err(name);
        assert!((9000..9100).contains(&error.number), "{name}: {} {}", error.number, error.message);
    }
}

#[test]
fn a_value_that_contains_itself_is_an_error_not_a_crash() {
    let mut heap = Heap::new(HeapLimits::default());
    let handle = heap.new_array(vec![Val::Int(1)]).expect("fits");
    heap.array_mut(handle).expect("a list").push(Val::Array(handle));
    for name in ["JSON", "XML", "TOYAML", "CSV", "STR", "UNIQUE", "SORT", "HASH"] {
        let function = botserver_basic_std::find(name).expect("a function");
        let error = (function.run)(&mut heap, &[Val::Array(handle)]).expect_err(name);
        assert_eq!(error.number, 9001, "{name}: {}", error.message);
    }
    assert_eq!(call("LEN", &json!(["still alive"])).expect("works"), "11");
}
