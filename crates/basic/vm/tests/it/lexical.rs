//! Conformance 1–18.

use crate::all;

#[test]
fn the_surface_of_the_language() {
    all(&[
        ("talk \"a\"", "a"),
        ("X = 1\nTALK x + 1", "2"),
        ("' c\nREM c\n// c\nTALK 1", "1"),
        ("TALK \"it's\" ' tail", "it's"),
        ("x = 'b'\nTALK x", "b"),
        (r#"TALK "a\nb""#, "a\nb"),
        (r#"TALK "q ${1 + 2}""#, "q 3"),
        (r#"TALK "{n} ${{m}}""#, "{n} ${{m}}"),
        ("TALK \"a\" + _\n\"b\"", "ab"),
        ("TALK \"a\nb\"", "a\nb"),
        ("a = [1,\n2,\n3,\n]\nTALK LEN(a)", "3"),
        ("o = #{ \"a\": 1 }\np = { a: 1 }\nTALK o.a + p.a", "2"),
        ("preço = 2\nTALK preço", "2"),
        ("from = 1\nto = 2\nTALK from + to", "3"),
        ("TALK 1\r\nTALK 2\r\n", "1\n2"),
        ("TALK 1;", "1"),
        ("name$ = \"x\"\nTALK name$", "x"),
    ]);
}
