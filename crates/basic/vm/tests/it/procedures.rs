//! Conformance 55–57, 59, 60 and 63: procedures, results, other scripts.

use crate::{
    all,
    host::{Run, compile_all, run},
};
use botserver_basic_vm::{Limits, Machine};

#[test]
fn functions_and_subs() {
    all(&[
        (
            "FUNCTION fact(n)\nIF n <= 1 THEN RETURN 1\nRETURN n * fact(n - 1)\nEND FUNCTION\nTALK fact(10) + 0",
            "3628800",
        ),
        ("FUNCTION depth(n)\nIF n = 0 THEN RETURN 0\nRETURN 1 + depth(n - 1)\nEND FUNCTION\nTALK depth(50)", "50"),
        ("SUB price(p)\np.final = p.base * 2\nEND SUB\nitem = { base: 4 }\nCALL price(item)\nTALK item.final", "8"),
        ("TALK twice(4)\nFUNCTION twice(x)\nRETURN x * 2\nEND FUNCTION", "8"),
        ("SUB change(x)\nx = 9\nEND SUB\na = 1\nchange a\nTALK a", "1"),
        ("total = 1\nSUB add(x)\ntotal = total + x\nown = 5\nEND SUB\nadd(2)\nTALK total\nTALK own", "3\n5"),
        ("SUB work\nown = 5\nFOR i = 1 TO 2\nNEXT\nEND SUB\nFOR i = 1 TO 2\nwork\nTALK i\nNEXT", "1\n2"),
        ("SUB s\nTALK 1\nEXIT SUB\nTALK 2\nEND SUB\nCALL s\nTALK 3", "1\n3"),
        ("FUNCTION f(a, b)\nRETURN a & \"-\" & b\nEND FUNCTION\nTALK f(1)", "1-"),
        ("FUNCTION f(x)\nf = x + 1\nEND FUNCTION\nTALK f(1)", "2"),
        ("x = 1\nFUNCTION bump()\nx = x + 10\nRETURN x\nEND FUNCTION\nTALK x + bump()\nTALK x", "12\n11"),
        ("FUNCTION f(x)\nRETURN x.length\nEND FUNCTION\na = [f(\"ab\"), f([1])]\nTALK a", "[2,1]"),
        ("SUB fill(list)\nPUSH list, 1\nEND SUB\na = []\nfill(a)\nTALK a", "[1]"),
        (
            "FUNCTION deep(n)\nRETURN deep(n + 1)\nEND FUNCTION\nTALK deep(0)",
            "! 2: 28 calls are nested more than 100 deep",
        ),
    ]);
}

#[test]
fn results() {
    all(&[
        ("RETURN { a: 1, b: [true, NULL] }", "=> {\"a\":1,\"b\":[true,null]}"),
        ("x = 3\nRETURN WITH a AS 1, b AS x", "=> {\"a\":1,\"b\":3}"),
        ("RETURN -1", "=> -1"),
        ("RETURN NULL", ""),
        ("TALK 1\nRETURN\nTALK 2", "1"),
    ]);
}

#[test]
fn other_scripts() {
    let files = vec![
        (
            "pkg/start.bas",
            "x = 1\nTALK \"start\"\nCALL \"other.bas\"\nTALK x\nCALL greet(\"Ann\")\nCALL \"quit\"\nTALK \"end\"",
        ),
        ("pkg/other.bas", "x = 2\nTALK \"other\"\nRETURN 5"),
        ("pkg/greet.bas", "PARAM name AS string\nTALK \"Hi \" + name"),
        ("pkg/quit.bas", "TALK \"quit\"\nEXIT\nTALK \"never\""),
    ];
    let run = Run { files, ..Run::new("") };
    assert_eq!(run.transcript(), "start\nother\n1\nHi Ann\nquit\nend");

    all(&[
        ("CALL \"missing.bas\"", "! 1: 53 there is no script `missing.bas` in this package"),
        ("ON ERROR RESUME NEXT\nCALL \"missing.bas\"\nTALK ERR", "53"),
    ]);
    let run = Run { files: vec![("a.bas", "CALL \"a.bas\"")], ..Run::new("") };
    assert_eq!(run.transcript(), "! 1: 28 calls are nested more than 100 deep");
}

#[test]
fn included_procedures() {
    let files = vec![
        ("start.bas", "INCLUDE \"tools.bas\"\nTALK twice(4)\nfail"),
        ("tools.bas", "FUNCTION twice(x)\nRETURN x * 2\nEND FUNCTION\nSUB fail\nTHROW \"here\"\nEND SUB"),
    ];
    let outcome = Run { files, ..Run::new("") }.go();
    assert_eq!(outcome.said, ["8"]);
    let span = outcome.result.unwrap_err().span.unwrap();
    assert_eq!((&*span.file, span.line), ("tools.bas", 5));
}

#[test]
fn a_broken_script_says_why_it_cannot_run() {
    let (compiled, _) = compile_all(&[("start.bas", "TALK 1"), ("bad.bas", "IF 1 THEN\nTALK 2")]);
    assert!(compiled.image.script("bad").unwrap().broken.is_some());
    let error = Machine::new(compiled.image.clone(), "bad", Vec::new(), Limits::default()).unwrap_err();
    assert_eq!(error.number, 9005);
    assert!(error.message.starts_with("the script `bad` has an error and cannot run: "), "{}", error.message);
    assert!(Machine::new(compiled.image, "start", Vec::new(), Limits::default()).is_ok());
}

/// Frames of up to 64 registers are seen through another window than wider ones; calls go both ways.
#[test]
fn many_variables() {
    use std::fmt::Write as _;
    let mut source = String::new();
    for number in 0..400 {
        writeln!(source, "v{number} = {number}").unwrap();
    }
    source.push_str("sum = 0\nFOR i = 1 TO 3\n    sum = sum + narrow(v399)\nNEXT\nTALK sum\nTALK v0 + v300 + v399\n");
    source.push_str("FUNCTION narrow(n)\n    RETURN wide(n) + 1\nEND FUNCTION\n");
    source.push_str("FUNCTION wide(n)\n");
    for number in 0..300 {
        writeln!(source, "    w{number} = n + {number}").unwrap();
    }
    source.push_str("    RETURN least(w299, w0)\nEND FUNCTION\n");
    source.push_str("FUNCTION least(a, b)\n    IF a < b THEN RETURN a\n    RETURN b\nEND FUNCTION\n");
    assert_eq!(run(&source), "1200\n699");
}
