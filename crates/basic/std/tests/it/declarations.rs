//! Every declaration is complete and every name means one thing.

use std::collections::HashMap;

use botserver_basic_std::{call, find, functions};
use botserver_basic_types::Value;

#[test]
fn names_and_aliases_are_unique_and_upper_case() {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for function in functions() {
        for name in std::iter::once(&function.name).chain(function.aliases) {
            assert!(
                name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'_' | b' ')),
                "{name}"
            );
            if let Some(owner) = owners.insert(name, function.name) {
                panic!("{name} belongs to {owner} and {}", function.name);
            }
        }
    }
    assert!(owners.len() > 140, "only {} names", owners.len());
}

#[test]
fn every_declaration_has_doc_example_and_sound_arity() {
    for function in functions() {
        let name = function.name;
        assert!(function.doc.len() > 10 && function.doc.ends_with('.'), "{name}: doc");
        assert!(function.example.contains(" > "), "{name}: example");
        let uses_own_name = function.example.contains(name);
        assert!(uses_own_name, "{name}: the example shows something else");
        assert!(function.min <= function.max, "{name}: arity");
        assert_eq!(function.max == 0, function.params.is_empty(), "{name}: params");
    }
}

/// What scripts of older bots call. Clocks and dice are keywords; `IF(…)`, `IIF(…)`, `ARRAY(…)` belong to the parser.
#[test]
fn the_functions_of_older_scripts_are_all_here() {
    let names = "\
        LEN LENGTH SIZE LEFT RIGHT MID UCASE UPPER LCASE LOWER PROPER TRIM LTRIM RTRIM REPLACE SPLIT JOIN INSTR CONTAINS CHR ASC \
        HEX STRING REVERSE STARTSWITH ENDSWITH FORMAT JSON CSV XML TOYAML BASE64 HASH IS_NUMERIC ISNUMERIC ABS ROUND INT FIX \
        FLOOR CEIL CEILING SGN SQR SQRT POW POWER EXP LOG LOG10 SIN COS TAN ASIN ACOS ATAN ATN PI MAX MIN SUM AVG AVERAGE MOD \
        YEAR MONTH DAY HOUR MINUTE SECOND WEEKDAY QUARTER DATEADD DATEDIFF DAYS_BETWEEN DATEVALUE TIMEVALUE CDATE EOMONTH \
        ISDATE FORMAT_DATE UBOUND LBOUND COUNT PUSH APPEND POP SHIFT UNSHIFT SORT UNIQUE DISTINCT SLICE INDEX_OF CONCAT FLATTEN \
        RANGE TAKE DROP HEAD TAIL CHUNK BATCH FILL VAL STR CINT CDBL CSTR CBOOL ISNULL ISEMPTY ISARRAY ISOBJECT ISSTRING \
        ISNUMBER ISBOOL TYPEOF EXISTS NVL COALESCE IFNULL CHOOSE SWITCH_FUNC JSON_PARSE PARSE_JSON JSON_STRINGIFY TOJSON FIRST \
        LAST FILTER MAP PIVOT GROUP_BY IS_ERROR ISERROR GET_ERROR_MESSAGE ERROR SPLICE";
    let missing: Vec<&str> = names.split_whitespace().filter(|name| find(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn functions_are_found_by_any_spelling() {
    for (spelling, name) in [
        ("len", "LEN"),
        ("Length", "LEN"),
        ("UCASE$", "UCASE"),
        ("mid$", "MID"),
        ("is numeric", "IS_NUMERIC"),
        ("Group By", "GROUP_BY"),
        ("coalesce", "NVL"),
    ] {
        assert_eq!(find(spelling).map(|function| function.name), Some(name), "{spelling}");
    }
    assert_eq!(call("UPPER", &[Value::text("a")]), Ok(Value::text("A")));
    assert!(call("LEFT", &[Value::text("a")]).is_err());
    assert!(call("NOWHERE", &[]).is_err());
    assert!(find("").is_none());
    assert!(find("NOW").is_none(), "clocks are keywords of the runtime");
}
