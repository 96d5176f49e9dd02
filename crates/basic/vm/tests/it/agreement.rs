//! Laws over scripts that nobody wrote: however one is compiled, cut into slices, saved, restored and laid out, it comes
//! to the same. [`Run::go`] compares all ways of running; here are the scripts.

use std::sync::Arc;

use botserver_basic_syntax::{ParseOptions, format};
use botserver_basic_types::{BasicError, Value};
use proptest::prelude::{Just, ProptestConfig, Strategy as _, prop, prop_assert_eq, prop_oneof, proptest};

use crate::host::{GRAMMAR, Run};

fn variable() -> impl proptest::strategy::Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "n", "s", "l", "o"]).prop_map(str::to_owned)
}

fn literal() -> impl proptest::strategy::Strategy<Value = String> {
    prop_oneof![
        (-3i64..4).prop_map(|value| value.to_string()),
        prop::sample::select(vec![
            "0.5",
            "1e300",
            "9223372036854775807",
            "40000",
            "TRUE",
            "FALSE",
            "NULL",
            "\"\"",
            "\"7\"",
            "\"ab\"",
            "\"x%\"",
            "[]",
            "[1, \"b\", 2.5]",
            "{ x: 1, y: \"z\" }",
        ])
        .prop_map(str::to_owned),
    ]
}

fn expression() -> impl proptest::strategy::Strategy<Value = String> {
    prop_oneof![variable(), literal()].prop_recursive(4, 24, 3, |inner| {
        let operator = prop::sample::select(vec![
            "+", "-", "*", "/", "MOD", "&", "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "XOR", "??", "LIKE",
            "CONTAINS", "IN",
        ]);
        let function = prop::sample::select(vec!["LEN", "UCASE", "STR", "JSON", "ABS", "ISNULL", "REVERSE"]);
        prop_oneof![
            4 => (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            1 => inner.clone().prop_map(|a| format!("(NOT {a})")),
            1 => inner.clone().prop_map(|a| format!("(-{a})")),
            1 => (function, inner.clone()).prop_map(|(name, a)| format!("{name}({a})")),
            1 => (variable(), variable()).prop_map(|(a, b)| format!("\"${{{a}}}-${{{b} + 1}};\"")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
            1 => inner.clone().prop_map(|a| format!("{{ x: {a} }}")),
            1 => inner.clone().prop_map(|a| format!("twice({a})")),
            1 => Just("o?.x".to_owned()),
            1 => Just("l[1]".to_owned()),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} BETWEEN {b} AND {c})")),
        ]
    })
}

fn statement() -> impl proptest::strategy::Strategy<Value = String> {
    let simple = prop_oneof![
        4 => (variable(), expression()).prop_map(|(name, value)| format!("{name} = {value}")),
        2 => (variable(), expression()).prop_map(|(name, value)| format!("{name} = {name} + {value}")),
        1 => (variable(), expression(), expression()).prop_map(|(name, a, b)| format!("{name} = {name} & {a} & {b}")),
        1 => (variable(), variable()).prop_map(|(name, a)| format!("{name} = \"${{{name}}} ${{{a}}}\"")),
        2 => expression().prop_map(|value| format!("TALK {value}")),
        1 => expression().prop_map(|value| format!("PUSH l, {value}")),
        1 => expression().prop_map(|value| format!("o.y = {value}")),
        1 => expression().prop_map(|value| format!("note({value})")),
        1 => Just("HEAR s".to_owned()),
        1 => Just("ON ERROR RESUME NEXT".to_owned()),
        1 => Just("ON ERROR GOTO 0".to_owned()),
    ];
    simple.prop_recursive(3, 16, 4, |inner| {
        let block = prop::collection::vec(inner, 1..4).prop_map(|lines| lines.join("\n"));
        prop_oneof![
            (expression(), block.clone(), block.clone())
                .prop_map(|(test, a, b)| format!("IF {test} THEN\n{a}\nELSE\n{b}\nEND IF")),
            (expression(), block.clone())
                .prop_map(|(test, a)| format!("w = 0\nWHILE w < 3 AND {test}\nw = w + 1\n{a}\nWEND")),
            block.clone().prop_map(|a| format!("FOR i = 1 TO 3\n{a}\nNEXT")),
            block.clone().prop_map(|a| format!("FOR EACH v IN [1, \"b\"]\n{a}\nNEXT")),
            (expression(), block.clone(), block.clone()).prop_map(|(subject, a, b)| format!(
                "SELECT CASE {subject}\nCASE 1, \"ab\"\n{a}\nCASE IS > 2\n{b}\nEND SELECT"
            )),
            (block.clone(), block)
                .prop_map(|(a, b)| format!("TRY\n{a}\nCATCH e\nTALK e.message\n{b}\nFINALLY\nn = n + 1\nEND TRY")),
        ]
    })
}

const PROCEDURES: &str =
    "FUNCTION twice(x)\nn = n + 1\nRETURN x + x\nEND FUNCTION\nSUB note(x)\ns = s & x & \";\"\nEND SUB\n";

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scripts_come_to_the_same_in_every_way(lines in prop::collection::vec(statement(), 1..8)) {
        let start = "a = 1\nb = \"b\"\nn = 0\ns = \"\"\nl = [1, 2]\no = { x: 1 }\n";
        let source = format!("{start}{}\nRETURN [a, b, n, s, l, o]\n{PROCEDURES}", lines.join("\n"));
        let run = |source: &str| Run { answers: vec!["yes", "7", ""], ..Run::new(source) }.go();
        let plain = run(&source);
        let options = ParseOptions::default();
        let laid_out = format("test.bas", &source, &GRAMMAR, &options).expect("a sound script");
        let again = run(&laid_out);
        // What was caught knows its column, which a layout may move.
        let kept = |variables: &[(Arc<str>, Value)]| {
            variables.iter().filter(|(name, _)| **name != *"e").cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(&plain.said, &again.said);
        prop_assert_eq!(kept(&plain.variables), kept(&again.variables));
        let told = |result: &Result<Value, BasicError>| {
            result.clone().map_err(|error| (error.number, error.message, error.span.map(|span| span.line)))
        };
        prop_assert_eq!(told(&plain.result), told(&again.result));
    }
}
