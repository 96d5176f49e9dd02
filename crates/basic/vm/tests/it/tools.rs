//! Conformance 82–84: declarations as data, arguments as typed variables.

use botserver_basic_types::Value;
use botserver_basic_vm::{Entry, Limits, Machine, Step};

use crate::host::{Run, image};

const TOOL: &str = "PARAM city AS string LIKE \"Rome\" DESCRIPTION \"Where\"
PARAM days AS integer DEFAULT 3
PARAM unit AS \"C\", \"F\"
PARAM lat AS number LIKE 52.52 OPTIONAL
DESCRIPTION \"Tells the weather\"
IF NOT lat THEN TALK \"no lat\"
RETURN city & \" \" & (days + 1)";

#[test]
fn schema() {
    let image = image(&[("tools/get-weather.bas", TOOL)]);
    let info = image.script("get-weather").unwrap();
    assert!(info.tool);
    insta::assert_json_snapshot!(info.json_schema());
    assert_eq!(info.description.as_deref(), Some("Tells the weather"));
}

#[test]
fn arguments_have_their_type_and_defaults() {
    let params = vec![("city".to_owned(), Value::text("Oslo")), ("UNKNOWN".to_owned(), Value::Int(1))];
    let run = Run { params, ..Run::new(TOOL) };
    assert_eq!(run.transcript(), "no lat\n=> \"Oslo 4\"");
    let params = vec![("Days".to_owned(), Value::text("7")), ("lat".to_owned(), Value::Float(1.5))];
    let run = Run { params, ..Run::new(TOOL) };
    assert_eq!(run.transcript(), "=> \" 8\"");
    let image = image(&[("test.bas", TOOL)]);
    let params = vec![("days".to_owned(), Value::text("many"))];
    let error = Machine::new(image, "test", params, Limits::default()).unwrap_err();
    assert_eq!(error.message, "the argument `days` of `test`: \"many\" is not a number");
}

#[test]
fn handlers_are_entries_that_share_procedures() {
    let source = "x = 1\nSUB show(t)\nTALK t & x\nEND SUB\nON INSERT OF \"orders\"\nx = 5\nshow \"new \"\nEND ON\nshow \"main \"";
    let image = image(&[("test.bas", source)]);
    let event = image.script("test").unwrap().events[0].clone();
    assert_eq!((event.entry, event.line), (Entry::Handler(0), 5));
    let mut machine = Machine::at_entry(image, "test", event.entry, Vec::new(), Limits::default()).unwrap();
    let Step::Effect(request) = machine.run(1000) else { panic!("no TALK") };
    assert_eq!(request.args.text("message"), "new 5");
}

#[test]
fn variables_can_be_asked_for() {
    let outcome = Run::new("result_Status = 200\nx = { a: 1 }\ny = NULL").go();
    let names: Vec<_> = outcome.variables.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["result_Status", "x"]);
}
