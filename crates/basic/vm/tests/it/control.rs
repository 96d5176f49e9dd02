//! Conformance 40–54, 58, 61 and 62: branches, loops, jumps.

use crate::all;

#[test]
fn branches() {
    all(&[
        (
            "x = 2\nIF x = 1 THEN\nTALK 1\nELSE IF x = 2 THEN\nTALK 2\nELSEIF x = 3 THEN\nTALK 3\nELSE\nTALK 4\nEND IF",
            "2",
        ),
        ("x = 9\nIF x = 1 THEN\nTALK 1\nELSE\nTALK 4\nENDIF", "4"),
        ("IF 1 > 2 THEN TALK 1 ELSE TALK 2", "2"),
        (
            "x = 5\nSELECT CASE x\nCASE 1, 2\nTALK \"low\"\nCASE 5\nSELECT CASE x + 1\nCASE 6\nTALK \"six\"\nEND SELECT\nCASE ELSE\nTALK \"other\"\nEND SELECT",
            "six",
        ),
        ("x = \"1\"\nSELECT CASE x\nCASE 1\nTALK \"one\"\nCASE ELSE\nTALK \"other\"\nEND SELECT", "one"),
        ("x = \"a\"\nSWITCH x\nCASE \"A\"\nTALK 1\nDEFAULT\nTALK 2\nEND SWITCH", "2"),
        ("x = 7\nSELECT CASE x\nCASE 1 TO 5\nTALK \"low\"\nCASE IS > 6\nTALK \"high\"\nEND SELECT", "high"),
        ("x = 3\nSELECT CASE x\nCASE 1 TO 5\nTALK \"low\"\nEND SELECT\nTALK \"end\"", "low\nend"),
    ]);
}

#[test]
fn for_each() {
    all(&[
        ("FOR EACH v IN [1, 2]\nTALK v\nNEXT", "1\n2"),
        ("FOR EACH v IN [1, 2]\nTALK v\nNEXT v", "1\n2"),
        ("FOR EACH v IN [1, 2] DO\nTALK v\nEND FOR", "1\n2"),
        ("FOR EACH a IN [1, 2]\nFOR EACH b IN [3, 4]\nTALK a * b\nNEXT\nNEXT", "3\n4\n6\n8"),
        ("v = 5\nFOR EACH v IN [1]\nNEXT\nTALK v", "5"),
        ("FOR EACH v IN nothing\nTALK v\nNEXT\nTALK \"end\"", "end"),
        ("FOR EACH v IN { a: 1, b: 2 }\nTALK v\nNEXT", "1\n2"),
        ("FOR EACH v IN \"text\"\nNEXT", "! 1: 13 FOR EACH needs a list, not a text"),
        ("a = [1, 2, 3]\nFOR EACH v IN a\nPUSH a, v\nNEXT\nTALK LEN(a)", "6"),
        ("FOR EACH v IN [1, 2, 3]\nIF v = 2 THEN CONTINUE\nTALK v\nNEXT", "1\n3"),
    ]);
}

#[test]
fn counting_loops() {
    all(&[
        ("FOR i = 1 TO 3\nTALK i\nNEXT", "1\n2\n3"),
        ("FOR i = 3 TO 1 STEP -1\nTALK i\nNEXT i", "3\n2\n1"),
        ("FOR i = 1 TO 0\nTALK i\nNEXT\nTALK \"end\"", "end"),
        ("FOR i = 0 TO 1 STEP 0.5\nTALK i\nNEXT", "0\n0.5\n1"),
        ("FOR i = \"1\" TO \"2\"\nTALK i + 1\nNEXT", "2\n3"),
        (
            "FOR i = 1 TO 9\nFOR j = 1 TO 9\nIF j = 2 THEN EXIT FOR\nTALK i & j\nNEXT\nIF i = 2 THEN EXIT FOR\nNEXT\nTALK i",
            "11\n21\n2",
        ),
        ("n = 2\nFOR n = n TO n + 1\nTALK n\nNEXT", "2\n3"),
        ("FOR i = 1 TO 3 STEP 0\nNEXT", "! 1: 5 STEP must not be 0"),
        ("x = 0\nFOR i = 9223372036854775806 TO 9223372036854775807\nx = x + 1\nNEXT\nTALK x", "2"),
    ]);
}

#[test]
fn conditional_loops() {
    all(&[
        ("i = 0\nWHILE i < 3\ni = i + 1\nWEND\nTALK i", "3"),
        ("i = 0\nWHILE i < 3 DO\ni = i + 1\nEND WHILE\nTALK i", "3"),
        ("i = 0\nDO WHILE i < 3\ni = i + 1\nLOOP\nTALK i", "3"),
        ("i = 0\nDO UNTIL i = 3\ni = i + 1\nLOOP\nTALK i", "3"),
        ("i = 9\nDO\ni = i + 1\nLOOP WHILE i < 3\nTALK i", "10"),
        ("i = 0\nDO\ni = i + 1\nLOOP UNTIL i >= 3\nTALK i", "3"),
        ("i = 0\nDO\ni = i + 1\nIF i = 2 THEN EXIT DO\nLOOP\nTALK i", "2"),
        ("i = 0\nWHILE true\ni = i + 1\nIF i < 3 THEN CONTINUE WHILE\nEXIT WHILE\nWEND\nTALK i", "3"),
        ("FOR i = 1 TO 3\nDO\nEXIT FOR\nLOOP\nNEXT\nTALK i", "1"),
        ("i = 0\nWHILE i < 5 AND NOT (i = 3 OR i > 7)\ni = i + 1\nWEND\nTALK i", "3"),
    ]);
}

#[test]
fn jumps_and_ends() {
    all(&[
        ("FOR i = 1 TO 3\nTALK i\nIF i = 2 THEN EXIT\nNEXT\nTALK \"never\"", "1\n2"),
        ("i = 0\nagain:\ni = i + 1\nIF i < 3 THEN GOTO again\nTALK i", "3"),
        ("GOTO done\nTALK 1\ndone:\nTALK 2", "2"),
        ("GOSUB part\nTALK 2\nEND\npart:\nTALK 1\nRETURN", "1\n2"),
        ("i = 0\nGOSUB a\nTALK i\nEXIT\na:\nGOSUB b\nGOSUB b\nRETURN\nb:\ni = i + 1\nRETURN", "2"),
        ("TALK 1\nEND\nTALK 2", "1"),
    ]);
}
