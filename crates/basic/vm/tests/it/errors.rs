//! Conformance 64–73: errors and their traps.

use crate::all;

#[test]
fn untrapped_errors_stop_the_script_with_their_place() {
    all(&[
        ("TALK 1\nx = GET \"fail\"\nTALK 2", "1\n! 2: 1003 the server refused the connection"),
        ("x = 1\n  y = x / 0", "! 2: 11 division by zero"),
        ("TALK 1e308 * 10", "! 1: 6 the result is too large for a number"),
        ("x = 1e308\ny = 10.5\nTALK x * y", "! 3: 6 the result is too large for a number"),
        ("x = 1e308\nTALK x + x", "! 2: 6 the result is too large for a number"),
        ("x = -1e308\nTALK x - 1e308", "! 2: 6 the result is too large for a number"),
        ("x = 1e308\ny = 0.1\nTALK x / y", "! 3: 6 the result is too large for a number"),
        ("x = 10\nTALK x ^ 309", "! 2: 6 the result is too large for a number"),
        ("x = 0\nTALK x ^ -1", "! 2: 11 division by zero"),
        ("x = -8\nTALK x ^ 0.5", "! 2: 4000 a negative number has no broken power"),
        ("x = \"1e999\" * 2", "! 1: 13 \"1e999\" is not a number"),
        ("ON ERROR RESUME NEXT\nx = 1e308\nx = x * 10.0\nTALK ERR\nTALK x = 1e308", "6\ntrue"),
        ("THROW \"mine\"", "! 1: 0 mine"),
        ("ASSERT 1 = 2, \"m\"", "! 1: 0 Assertion failed: m"),
        ("ASSERT 1 = 1, \"m\"\nTALK 1", "1"),
        ("x = \"five\" * 2", "! 1: 13 \"five\" is not a number"),
    ]);
}

#[test]
fn resume_next() {
    all(&[
        (
            "ON ERROR RESUME NEXT\nx = GET \"fail\"\nIF ERROR THEN TALK \"bad\"\nTALK ERROR MESSAGE\nTALK ERR",
            "bad\nthe server refused the connection\n1003",
        ),
        ("ON ERROR RESUME NEXT\nx = 5\nx = x / 0\nTALK x\nCLEAR ERROR\nIF NOT ERROR THEN TALK \"clear\"", "5\nclear"),
        (
            "ON ERROR RESUME NEXT\nx = 1 / 0\nON ERROR GOTO 0\nTALK ERROR\ny = 1 / 0\nTALK \"never\"",
            "false\n! 5: 11 division by zero",
        ),
        ("ON ERROR RESUME NEXT\nIF 1 / 0 THEN\nTALK 1\nELSE\nTALK 2\nEND IF", "2"),
        ("ON ERROR RESUME NEXT\nWHILE 1 / 0\nTALK 1\nWEND\nTALK 2", "2"),
        ("ON ERROR RESUME NEXT\nFOR i = 1 TO 1 / 0\nTALK 1\nNEXT\nFOR EACH x IN 5\nTALK 2\nNEXT\nTALK 3", "3"),
        ("ON ERROR RESUME NEXT\nSELECT CASE 1 / 0\nCASE 1\nTALK 1\nCASE ELSE\nTALK 2\nEND SELECT\nTALK 3", "3"),
        ("SUB f\nTALK 1\nx = 1 / 0\nTALK 2\nEND SUB\nON ERROR RESUME NEXT\nf\nTALK 3", "1\n2\n3"),
        ("ON ERROR RESUME NEXT\nTHROW \"a\"\nx = 1\nTALK ERROR MESSAGE\nTALK ERL", "a\n2"),
    ]);
}

#[test]
fn handlers() {
    all(&[
        ("ON ERROR GOTO bad\nx = 1 / 0\nTALK \"never\"\nEND\nbad:\nTALK ERROR MESSAGE", "division by zero"),
        ("ON ERROR GOTO bad\nx = 1 / 0\nTALK \"next\"\nEND\nbad:\nTALK \"bad\"\nRESUME NEXT", "bad\nnext"),
        ("d = 0\nON ERROR GOTO bad\nx = 1 / d\nTALK x\nEND\nbad:\nd = 4\nRESUME", "0.25"),
        ("ON ERROR GOTO bad\nx = 1 / 0\nEND\nbad:\ny = 2 / 0", "! 5: 11 division by zero"),
        (
            "ON ERROR GOTO bad\nf\nTALK \"next\"\nEND\nSUB f\nx = 1 / 0\nTALK \"never\"\nEND SUB\nbad:\nTALK ERL\nRESUME NEXT",
            "6\nnext",
        ),
        ("ON ERROR GOTO bad\nTHROW \"a\"\nEND\nbad:\nTALK 1\nRESUME out\nout:\nTALK 2", "1\n2"),
        (
            "ON ERROR GOTO bad\nFOR i = 1 TO 3\nIF i = 2 THEN THROW \"two\"\nTALK i\nNEXT\nEND\nbad:\nTALK ERROR MESSAGE\nRESUME NEXT",
            "1\ntwo\n2\n3",
        ),
        (
            "SUB f\nON ERROR GOTO own\nTHROW \"a\"\nTALK \"never\"\nEXIT SUB\nown:\nTALK \"own\"\nEND SUB\nf\nTHROW \"b\"",
            "own\n! 10: 0 b",
        ),
    ]);
}

#[test]
fn try_catch_finally() {
    all(&[
        (
            "TRY\nx = 1 / 0\nTALK \"never\"\nCATCH e\nTALK e.message & \" \" & e.code & \" \" & e.line\nEND TRY\nTALK \"end\"",
            "division by zero 11 2\nend",
        ),
        ("TRY\nTALK 1\nCATCH e\nTALK 2\nFINALLY\nTALK 3\nEND TRY", "1\n3"),
        ("TRY\nTHROW \"a\"\nCATCH\nTALK ERROR MESSAGE\nFINALLY\nTALK 3\nEND TRY", "a\n3"),
        ("TRY\nTHROW \"a\"\nFINALLY\nTALK 3\nEND TRY\nTALK \"never\"", "3\n! 2: 0 a"),
        ("TRY\nTRY\nTHROW \"a\"\nFINALLY\nTALK 1\nEND TRY\nCATCH e\nTALK e.message\nEND TRY", "1\na"),
        ("TRY\nTHROW \"a\"\nCATCH e\nTHROW \"b\"\nFINALLY\nTALK 1\nEND TRY", "1\n! 4: 0 b"),
        ("FUNCTION f()\nTRY\nRETURN 1\nFINALLY\nTALK \"f\"\nEND TRY\nEND FUNCTION\nTALK f()", "f\n1"),
        (
            "FOR i = 1 TO 3\nTRY\nIF i = 1 THEN CONTINUE\nIF i = 2 THEN EXIT FOR\nFINALLY\nTALK i\nEND TRY\nNEXT\nTALK \"end\"",
            "1\n2\nend",
        ),
        ("TRY\nTRY\nGOTO out\nFINALLY\nTALK 1\nEND TRY\nFINALLY\nTALK 2\nEND TRY\nout:\nTALK 3", "1\n2\n3"),
        ("TRY\nf\nCATCH e\nTALK e.line\nEND TRY\nSUB f\nTHROW \"x\"\nEND SUB", "7"),
        ("ON ERROR RESUME NEXT\nTRY\nTHROW \"x\"\nTALK \"never\"\nCATCH\nTALK \"caught\"\nEND TRY", "caught"),
        ("TRY\nEXIT\nFINALLY\nTALK 1\nEND TRY", "1"),
        // EXIT in a procedure runs the FINALLY blocks of everybody who called it, and no CATCH.
        (
            "SUB a\nTRY\nEXIT\nFINALLY\nTALK \"a\"\nEND TRY\nEND SUB\nSUB b\nTRY\na\nTALK \"never\"\nCATCH\nTALK \"never\"\n\
             FINALLY\nTALK \"b\"\nEND TRY\nTALK \"never\"\nEND SUB\nTRY\nb\nFINALLY\nTALK \"c\"\nEND TRY\nTALK \"never\"",
            "a\nb\nc",
        ),
        (
            "SUB a\nEXIT\nEND SUB\nON ERROR RESUME NEXT\nFOR i = 1 TO 2\nTRY\nTRY\na\nFINALLY\nTALK \"in\"\nEND TRY\nFINALLY\n\
             TALK \"out\"\nEND TRY\nNEXT\nTALK \"never\"",
            "in\nout",
        ),
        ("TRY\nGET \"fail\"\nCATCH e\nTALK e.code\nEND TRY", "1003"),
        (
            "FOR i = 1 TO 2\nTRY\nTHROW { message: \"m\", code: 4000 + i }\nCATCH e\nTALK e.code\nEND TRY\nNEXT",
            "4001\n4002",
        ),
    ]);
}

#[test]
fn exit_ends_the_script_it_stands_in() {
    use crate::host::Run;
    let files = vec![
        ("start.bas", "TRY\nCALL \"inner\"\nTALK \"back\"\nFINALLY\nTALK \"start\"\nEND TRY"),
        ("inner.bas", "SUB a\nEXIT\nEND SUB\nTRY\na\nFINALLY\nTALK \"inner\"\nEND TRY\nTALK \"never\""),
    ];
    assert_eq!(Run { files, ..Run::new("") }.transcript(), "inner\nback\nstart");
}

#[test]
fn an_outcome_that_ends_the_script_is_in_the_snapshot() {
    use botserver_basic_types::BasicError;
    use botserver_basic_vm::{Limits, Machine, Step};
    let image = crate::host::image(&[("test.bas", "SUB f\nx = GET \"u\"\nEND SUB\nf\nTALK \"never\"")]);
    let mut machine = Machine::new(image.clone(), "test", Vec::new(), Limits::default()).unwrap();
    assert!(matches!(machine.run(1000), Step::Effect(_)));
    machine.resume(Err(BasicError::new(1003, "refused")));
    let mut restored = Machine::restore(image, &machine.snapshot(), Limits::default()).unwrap();
    let Step::Failed(error) = restored.run(1000) else { panic!("it has failed") };
    assert_eq!((error.number, error.span.map(|span| span.line)), (1003, Some(2)));
}

#[test]
fn traps_belong_to_one_script() {
    use crate::host::Run;
    let files = vec![
        ("start.bas", "ON ERROR RESUME NEXT\nCALL \"bad\"\nTALK ERROR MESSAGE\nCALL \"trap\"\nx = 1 / 0\nTALK \"end\""),
        ("bad.bas", "TALK 1\nTHROW \"inner\"\nTALK \"never\""),
        ("trap.bas", "ON ERROR GOTO 0\nTALK 2"),
    ];
    assert_eq!(Run { files, ..Run::new("") }.transcript(), "1\ninner\n2\nend");
    all(&[("THROW \"a\"", "! 1: 0 a")]);
}
