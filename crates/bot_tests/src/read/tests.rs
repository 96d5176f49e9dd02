//! Text in, what was read out; and the findings as people see them.

use botserver_basic_syntax::render;

use super::*;
use crate::{Amount, MemoryScope};

fn sound(text: &str) -> TestFile {
    let (file, found) = read("a.test", text);
    assert!(found.is_empty(), "{found:#?}");
    file
}

/// Findings as `path:line:column: error[code]: sentence`, and the help.
fn told(text: &str) -> Vec<String> {
    let (_, found) = read("a.test", text);
    let shown = |own: &Diagnostic| {
        let text = render(own, text);
        let lines: Vec<&str> = text.lines().collect();
        let help = lines.iter().find_map(|line| line.trim_start().strip_prefix("= help: "));
        format!("{}{}", lines[0], help.map(|help| format!(" {help}")).unwrap_or_default())
    };
    found.iter().map(shown).collect()
}

#[test]
fn a_file_is_read_as_it_is_meant() {
    let file = sound(
        "Config: llm-model = small\nClock: 2026-03-02 09:00\nRandom: 7\n\
         Test: One\n  Language: pt-BR\n  Given orders:\n    | code | sku |\n    |------|-----|\n    | A-1  |     |\n\
         \x20 Given bot memory: rate = 5.42\n  As: Ada, owner\n  You: Hello\n    | there\n  Bot: Hi {{name}}...\n  ...\n\
         \x20 Bot matches: ^a+$\n  Buttons: A | ... | C\n  Choices: none\n  Asks for: Email\n  Wait: 1 hour 30 minutes\n\
         \x20 Tool: find with what = \"a, b\", n = 2\n  Table orders: 1 row where code = A-1\n  Table orders: only\n    | code |\n    | A-1 |\n\
         \x20 User memory: size = nothing\n  Press: {{name}}\n  Attach: files/a.pdf\n    | Look!\n\
         Test: Two\n  Clock: 2026-03-03\n  You: x\n  Clock: 2026-03-04 10:00\n",
    );
    assert_eq!(file.config, [("llm-model".to_owned(), "small".to_owned())]);
    let [one, two] = file.tests.as_slice() else { panic!("{:?}", file.tests) };
    assert_eq!((one.name.as_str(), one.line.number, one.set_up.random), ("One", 4, Some(7)));
    assert_eq!(one.set_up.language.as_deref(), Some("pt-BR"));
    assert_eq!(one.set_up.clock, two.set_up.clock.map(|clock| clock.with().day(2).hour(9).build().expect("a day")));
    let given: Vec<&Given> = one.set_up.given.iter().map(|(_, given)| given).collect();
    let rows = Given::Rows {
        table: "orders".into(),
        columns: vec!["code".into(), "sku".into()],
        rows: vec![vec!["A-1".into(), String::new()]],
    };
    assert_eq!(given, [&rows, &Given::Memory(MemoryScope::Bot, "rate".into(), "5.42".into())]);
    let steps: Vec<String> = one.steps.iter().map(|step| format!("{:?}", step.kind)).collect();
    let beginnings = [
        "As(Person { name: \"Ada\", owner: true, anew: false })",
        "Person(Text(\"Hello\\nthere\"))",
        "Expect(Says(Pattern { written: \"Hi {{name}}...\", is_regex: false }))",
        "Expect(Anything)",
        "Expect(Says(Pattern { written: \"^a+$\", is_regex: true }))",
        "Expect(Buttons([",
        "Expect(Choices([]))",
        "Expect(Asks(Some(\"email\")))",
        "Wait(5400s)",
        "Expect(Tool { name: \"find\", with: [(\"what\", Pattern { written: \"a, b\"",
        "Expect(Amount { table: \"orders\", amount: Amount { rows: 1, with: [(\"code\", \"A-1\")] } })",
        "Expect(Rows { table: \"orders\", wanted: RowsWanted { only: true, columns: [\"code\"], rows: [[\"A-1\"]] } })",
        "Expect(Memory(User, \"size\", None))",
        "Person(Press(\"{{name}}\"))",
        "Person(Attach { path: \"files/a.pdf\", text: \"Look!\" })",
    ];
    assert_eq!(steps.len(), beginnings.len(), "{steps:#?}");
    for (step, beginning) in steps.iter().zip(beginnings) {
        assert!(step.starts_with(beginning), "{step}\n{beginning}");
    }
    assert!(matches!(two.steps[1].kind, StepKind::Clock(_)));
}

#[test]
fn numbers_of_rows_are_read_in_every_form() {
    let amount = |text: &str| {
        let file = sound(&format!("Test: a\n  Table t: {text}\n"));
        match file.tests.into_iter().next().map(|test| test.steps) {
            Some(steps) => match steps.into_iter().next().map(|step| step.kind) {
                Some(StepKind::Expect(Expected::Amount { amount, .. })) => amount,
                other => panic!("{other:?}"),
            },
            None => panic!("no test"),
        }
    };
    assert_eq!(amount("no rows"), Amount { rows: 0, with: Vec::new() });
    assert_eq!(amount("Empty"), Amount { rows: 0, with: Vec::new() });
    assert_eq!(amount("12 Rows"), Amount { rows: 12, with: Vec::new() });
    assert_eq!(amount("1 row WHERE A = x y"), Amount { rows: 1, with: vec![("A".into(), "x y".into())] });
}

#[test]
fn a_mistake_has_a_place_and_advice() {
    for (text, expected) in [
        (
            "Test: a\n  Bott: Hello\n",
            "a.test:2:3: error[D0001]: no line of a test begins with `Bott` Did you mean `Bot:`?",
        ),
        (
            "| a\n",
            "a.test:1:1: error[D0001]: this line continues nothing A line that begins with `|` continues the line above it.",
        ),
        (
            "You: Hello\n",
            "a.test:1:1: error[D0002]: `You:` stands below a `Test:` line Write `Test:` and a name above it.",
        ),
        (
            "Test: a\n  You: x\n  Config: a = b\n",
            "a.test:3:3: error[D0002]: `Config:` stands above the first test, for all tests of the file Write `Config: llm-model = small`.",
        ),
        (
            "Test: a\n  You: x\n  Random: 1\n",
            "a.test:3:3: error[D0002]: `Random:` stands before the conversation begins Write a whole number, such as `Random: 7`.",
        ),
        (
            "Test: a\n",
            "a.test:1:7: error[D0002]: the test `a` is empty Write what happens below it, such as `You: Hello`.",
        ),
        (
            "Clock: noon\nTest: a\n  You: x\n",
            "a.test:1:8: error[D0003]: `noon` is not a date and a time Write a date and a time, such as `Clock: 2026-03-02 09:00`.",
        ),
        (
            "Test: a\n  Wait: 2 moons\n",
            "a.test:2:9: error[D0003]: `2 moons` is not a time Write a time, such as `Wait: 2 days` or `Wait: 1 hour 30 minutes`.",
        ),
        (
            "Test: a\n  Bot matches: (a\n",
            "a.test:2:16: error[D0003]: the regular expression cannot be read: unclosed group Write a regular expression, such as `Bot matches: HD-[0-9A-F]{6}`.",
        ),
        (
            "Test: a\n  Attach: ../secret\n",
            "a.test:2:11: error[D0003]: `../secret` is not a file in the folder of the tests Write the path of a file in the folder of the tests, such as `Attach: files/bill.pdf`.",
        ),
        (
            "Test: a\n  Table t:\n    | a | b |\n    | 1 |\n",
            "a.test:4:5: error[D0004]: 1 cell where there are 2 columns Write `2 rows`, `1 row where state = open`, `no rows`, or rows below it between `|`.",
        ),
        (
            "Test: a\n  You: x\nTest: a\n  You: x\n",
            "a.test:3:7: error[D0005]: there is a test `a` already, in line 1 Give the test a name of its own, such as `Test: A ticket is opened`.",
        ),
        (
            "Test: a\n  Bot: {{code}}\n  You: {{cod}}\n",
            "a.test:3:8: error[D0006]: no line above keeps anything as `{{cod}}` Only what a line above has kept can be used: `Bot: Your number is {{code}}.`",
        ),
    ] {
        let found = told(text);
        assert_eq!(found.first().map(String::as_str), Some(expected), "{text}: {found:#?}");
    }
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    let found = told("Bots: x\nTest: a\n  Wait: x\n  You:\n  Bot: fine\n");
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn any_text_is_read_without_a_panic() {
    for text in [
        "",
        ":",
        "\u{feff}:::\n|\n||\n",
        "Test:\n|\n",
        "Test: é\n  Given é: é\n  | \\|",
        "Given t:\n| a |\n| b |",
        "Tool:",
        "...",
    ] {
        drop(read("a.test", text));
    }
}
