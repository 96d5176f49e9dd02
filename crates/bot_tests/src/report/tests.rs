//! A run with one test of each kind, in every form.

use quick_xml::{Reader, events::Event};

use super::*;

fn report() -> Report {
    let failure = Failure {
        line: 4,
        column: 8,
        source: "  Bot: Good <b>day</b>".to_owned(),
        message: "the bot said something \"else\" & more".to_owned(),
        difference: "expected   Good <b>day</b>\nsaid       Good\u{1} evening\n".to_owned(),
        conversation: vec!["You: Hello".to_owned(), "Bot: Good evening".to_owned()],
    };
    let test = |name: &str, line, outcome| TestReport {
        file: "shop.gbai/tests/a.test".to_owned(),
        name: name.to_owned(),
        line,
        time: Duration::from_millis(5),
        outcome,
    };
    Report {
        bot: "shop".to_owned(),
        tests: vec![
            test("It greets", 1, Outcome::Passed),
            test("It <says>", 3, Outcome::Failed(Box::new(failure))),
            TestReport { file: "shop.gbai/tests/b.test".to_owned(), ..test("Other", 1, Outcome::Passed) },
        ],
        left_out: 0,
        time: Duration::from_millis(20),
    }
}

#[test]
fn people_see_where_it_failed() {
    let shown = text(&report());
    let expected = "shop.gbai/tests/a.test\n  ok    It greets\n  FAIL  It <says>\nshop.gbai/tests/b.test\n  ok    Other\n\n\
        shop.gbai/tests/a.test:4:8: It <says>: the bot said something \"else\" & more\n\n\
        \x20   You: Hello\n    Bot: Good evening\n\n\
        \x20 4 |   Bot: Good <b>day</b>\n    |        ^\n\
        \x20   expected   Good <b>day</b>\n    said       Good\u{1} evening\n";
    assert_eq!(shown, expected);
    assert_eq!(report().summary(), "shop: 3 tests, 2 passed, 1 failed, in 0.02 s (150 a second).");
}

#[test]
fn programs_get_json() {
    let found = json(&report());
    assert_eq!((&found["passed"], &found["failed"], &found["seconds"]), (&2.into(), &1.into(), &0.02.into()));
    assert_eq!(found["tests"][1]["failure"]["line"], 4);
    assert!(found["tests"][0].get("failure").is_none());
}

/// What build machines look at: names of elements with their attributes.
#[test]
fn build_machines_can_read_it() {
    let text = junit(&report());
    let mut reader = Reader::from_str(&text);
    let mut seen = Vec::new();
    let mut depth = 0;
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => break,
            Event::End(_) => depth -= 1,
            event @ (Event::Start(_) | Event::Empty(_)) => {
                depth += i32::from(matches!(event, Event::Start(_)));
                let (Event::Start(own) | Event::Empty(own)) = event else { continue };
                let mut line: String = own.name().as_ref().to_owned();
                for name in ["name", "tests", "failures", "errors", "line", "message"] {
                    if let Some(value) = own.try_get_attribute(name).expect("an attribute") {
                        let value = value.value.into_owned();
                        line.extend([" ", name, "=", &value]);
                    }
                }
                seen.push(line);
            }
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    let expected = [
        "testsuites name=shop tests=3 failures=1 errors=0",
        "testsuite name=shop.gbai/tests/a.test tests=2 failures=1 errors=0",
        "testcase name=It greets line=1",
        "testcase name=It &lt;says&gt; line=3",
        "failure message=the bot said something &quot;else&quot; &amp; more",
        "testsuite name=shop.gbai/tests/b.test tests=1 failures=0 errors=0",
        "testcase name=Other line=1",
    ];
    assert_eq!(seen, expected);
    assert!(!text.contains('\u{1}'));
}
