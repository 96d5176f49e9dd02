//! Conformance 74–78: WITH and text blocks.

use crate::all;

#[test]
fn with_builds_a_new_object() {
    all(&[
        ("a = 9\nWITH o\na = 1\nb = a\nEND WITH\nTALK o.a & o.b", "19"),
        ("WITH o\n.a = 1\nEND WITH\nTALK o", "{\"a\":1}"),
        ("WITH o\na = { x: [1] }\nEND WITH\nTALK o", "{\"a\":{\"x\":[1]}}"),
    ]);
}

#[test]
fn text_blocks() {
    all(&[
        ("n = \"Ann\"\nBEGIN TALK\nHi ${n}\n\n'quoted' REM IF \"x\"\nEND TALK", "Hi Ann\n\n'quoted' REM IF \"x\""),
        ("x = \"${n}\"\nn = 1\nBEGIN TALK\n${x}\nEND TALK", ""),
    ]);
}
