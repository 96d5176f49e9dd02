//! No text makes the parser panic, hang or overflow the stack.

use botserver_basic_syntax::{parse_filter, render};
use proptest::prelude::*;

use crate::parse;

/// Pieces of real scripts, to be cut and mixed.
pub(crate) const PIECES: &[&str] = &[
    "TALK \"Hello ${name}\"",
    "x = FIND \"t\", \"a=1\"",
    "IF x THEN",
    "ELSE",
    "END IF",
    "FOR EACH v IN list DO",
    "NEXT v",
    "END FOR",
    "WHILE a < 3",
    "WEND",
    "DO",
    "LOOP UNTIL b",
    "SELECT CASE x",
    "CASE 1, 2",
    "CASE ELSE",
    "END SELECT",
    "WITH o",
    "a = 1",
    "END WITH",
    "BEGIN TALK",
    "END TALK",
    "TABLE T",
    "Id number key",
    "END TABLE",
    "SUB s(a)",
    "END SUB",
    "HEAR v AS EMAIL WITH \"p\"",
    "SAVE \"t\" WITH a AS b, c AS d",
    "UPDATE \"t\" SET n = n + 1 WHERE id = y",
    "x = SELECT SUM(a) AS b FROM c WHERE d = e GROUP BY f",
    "ON ERROR GOTO l",
    "l:",
    "GOTO l",
    "RETURN WITH a AS 1",
    "PARAM x AS string LIKE \"a\" OPTIONAL",
    "DESCRIPTION free text",
    "SET SCHEDULE \"every hour\"",
    "'",
    "\"",
    "${",
    "}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "#{ \"a\": 1 }",
    ",",
    "=",
    "?.",
    "??",
    "? 1 : 2",
    " _",
    ";",
    "REM x",
    "AND",
    "NOT",
    "GET",
    "GET",
    "SET",
    "AS",
    "TO",
    "ON INSERT OF \"t\"",
    "END ON",
    "TRY",
    "CATCH e",
    "END TRY",
    "\n",
    "\n",
    "\n",
    "\u{feff}",
    "é",
    "😀",
    "BEGIN MAIL a@b.c",
    "Subject: x",
    "END MAIL",
    "SET HEADER \"a\" = \"b\"",
    "1e",
    "0x",
    ".5",
    "a.b[1](2)?.c",
    "\\\"",
];

fn survives(source: &str) {
    let parsed = parse(source);
    for diagnostic in &parsed.diagnostics {
        assert!(diagnostic.span.start <= diagnostic.span.end);
        assert!(source.is_char_boundary(diagnostic.span.start as usize));
        render(diagnostic, source);
    }
    botserver_basic_syntax::print(&parsed.script);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 600 } else { 4000 }))]

    #[test]
    fn any_text(source in any::<String>()) {
        survives(&source);
    }

    #[test]
    fn any_line_like_text(source in "[ -~\n\t\r]{0,200}") {
        survives(&source);
    }

    #[test]
    fn mixed_pieces(parts in prop::collection::vec((0..PIECES.len(), prop_oneof![Just(" "), Just("\n"), Just("")]), 0..60)) {
        let source: String = parts.iter().flat_map(|(index, gap)| [PIECES[*index], gap]).collect();
        survives(&source);
    }

    #[test]
    fn any_filter(text in "[ -~]{0,80}") {
        let _ = parse_filter(&text);
    }

    #[test]
    fn mixed_filter(parts in prop::collection::vec(prop::sample::select(vec![
        "a", "=", "'x'", "AND", "OR", "NOT", "(", ")", "IN", ",", "1", "BETWEEN", "IS", "NULL", "LIKE", "f(", "-", "*", "é",
    ]), 0..40)) {
        let _ = parse_filter(&parts.join(" "));
    }
}

#[test]
fn deep_and_long_scripts_are_diagnosed() {
    let (n, m) = (100_000, 20_000);
    let sources = [
        format!("x = {}1{}", "(".repeat(n), ")".repeat(n)),
        "(".repeat(n),
        format!("x = {}", "(".repeat(n)),
        format!("x = {}", "[".repeat(n)),
        format!("x = {}", "{a:".repeat(n)),
        "IF a THEN\n".repeat(n),
        "IF a THEN ".repeat(n),
        format!("{}{}", "IF a THEN\n".repeat(n), "END IF\n".repeat(n)),
        "FOR EACH a IN b\n".repeat(m),
        "SELECT CASE a\nCASE 1\n".repeat(m),
        format!("x = {}1", "1 + ".repeat(m)),
        format!("x = {}1", "NOT ".repeat(m)),
        format!("x = {}1", "-".repeat(m)),
        format!("x = {}1", "2 ^ ".repeat(m)),
        format!("x = a{}", ".b".repeat(m)),
        format!("x = a{}", "[1]".repeat(m)),
        format!("a{} = 1", ".b".repeat(m)),
        format!("a{} = 1", "[1]".repeat(m)),
        format!("x = {}1", "GET ".repeat(m)),
        format!("x = {}1", "LEN ".repeat(m)),
        format!("x = {}1", "a ? ".repeat(m)),
        format!("x = \"{}\"", "${".repeat(m)),
        format!("x = \"{}\"", "${a".repeat(m)),
        format!("TALK {}", "\"${a+".repeat(m)),
        "\"\n".repeat(m),
        "x = \"a\n".repeat(m),
        "'".repeat(m),
        "BEGIN TALK\n".repeat(m),
        "TABLE t\n".repeat(m),
        "SUB s\n".repeat(m),
        "ON \"a\"\n".repeat(m),
        "TALK _\n".repeat(m),
        "a:\n".repeat(m),
        "TALK ".repeat(m),
        "FIND \"t\" WHERE a = ".repeat(m),
        "SEND MAIL a, ".repeat(m),
        "SAVE \"t\" WITH a AS ".repeat(m),
        "x = a,\n".repeat(m),
        "SELECT x\n".repeat(m),
        "DESCRIPTION \"a\"\n".repeat(m),
        "PARAM a\nDESCRIPTION \"a\"\n".repeat(m),
        "\n".repeat(m),
        "WHERE\n".repeat(m),
        "FIND a\n\n".repeat(m),
        "DIM a(1, ".repeat(m),
    ];
    for source in &sources {
        let parsed = parse(source);
        assert!(parsed.diagnostics.len() <= 2 * source.len());
    }
}

#[test]
fn deep_and_long_filters_are_refused() {
    for text in [
        "(".repeat(100_000),
        "NOT ".repeat(100_000),
        "a=1 AND ".repeat(100_000),
        "f(".repeat(100_000),
        "-".repeat(100_000),
    ] {
        assert!(parse_filter(&text).is_err());
    }
}
