//! The example of every function declaration, run by the machine.

use botserver_basic_std::functions;

use crate::host::{self, Way};

#[test]
fn examples_of_functions_are_true() {
    let grammar = host::grammar();
    let mut failures = Vec::new();
    for function in functions() {
        let (expression, result) = function.example.rsplit_once(" > ").expect("an expression and its result");
        let script = vec![("start.bas".to_owned(), format!("TALK {expression}"))];
        let plain = host::converse(&grammar, &script, "", Way::Plain);
        for way in Way::OTHERS {
            let other = host::converse(&grammar, &script, "", way);
            assert_eq!(other.seen_by(way), plain.seen_by(way), "{} {way:?}", function.name);
        }
        let said = plain.said;
        let expected = format!("Bot: {}", result.replace("\\n", "\n     "));
        if said.trim_end() != expected.trim_end() {
            failures.push(format!("{}: {}\n   is {said}", function.name, function.example));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
