//! Machines that a debugger leads: where they stop, what they show, and that they do what they would do alone.

use std::sync::Arc;

use botserver_basic_types::{Severity, Value};
use botserver_basic_vm::{
    Image, Limits, Machine, Places, RESULT, Scope, Shown, Source, Step, Stop, Until, compile_input,
};

use crate::host::{self, Host, image};

const FUEL: u64 = 100_000;

/// A script that is led.
struct Led {
    machine: Machine,
    image: Arc<Image>,
    files: Vec<(&'static str, String)>,
    host: Host,
    marked: Places,
}

impl Led {
    fn new(source: &'static str) -> Self {
        Self::of(&[("test.bas", source)])
    }

    fn of(files: &[(&'static str, &'static str)]) -> Self {
        let image = image(files);
        let machine = Machine::new(image.clone(), files[0].0, Vec::new(), Limits::default()).unwrap();
        let files = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Self { machine, image, files, host: Host::default(), marked: Places::new() }
    }

    fn mark(&mut self, line: u32) {
        let places = self.image.places(self.files[0].0, line);
        assert!(!places.is_empty(), "line {line} has a statement");
        self.marked.extend(places);
    }

    /// Runs on; effects are carried out. The lines of the frames, innermost first, or how it ended.
    fn go(&mut self, until: Until) -> String {
        loop {
            match self.machine.run_until(FUEL, until, &self.marked) {
                Stop::Statement => {
                    let frames = self.machine.frames();
                    return frames
                        .iter()
                        .map(|own| format!("{}:{}", own.name, own.span.line))
                        .collect::<Vec<_>>()
                        .join(" ");
                }
                Stop::Error { error, caught } => return format!("error {} caught {caught}", error.message),
                Stop::Step(Step::Fuel) => {}
                Stop::Step(Step::Effect(request)) => self.machine.resume(self.host.perform(&request)),
                Stop::Step(Step::Done(value)) => return format!("done {}", value.to_json()),
                Stop::Step(Step::Failed(error)) => return format!("failed {}", error.message),
            }
        }
    }

    fn show(&mut self, frame: usize, scope: Scope) -> Vec<(String, String)> {
        self.machine.show_variables(frame, scope).into_iter().map(|own| (own.name, own.value)).collect()
    }

    /// Compiles what somebody typed for a frame.
    fn input(&self, frame: usize, text: &str) -> Arc<Image> {
        let names = self.machine.visible_names(frame);
        input(&self.files, &names, text)
    }

    fn evaluate(&mut self, frame: usize, text: &str) -> Result<Shown, String> {
        let image = self.input(frame, text);
        self.machine.evaluate(frame, image, "(input)", FUEL).map_err(|error| error.message)
    }
}

fn input(files: &[(&'static str, String)], names: &[Arc<str>], text: &str) -> Arc<Image> {
    // The result is left in the variable of which debuggers know; here the name is put into the tree.
    let text = format!("INCLUDE \"{}\"\nresult__ = {text}\n", files[0].0);
    let mut all = vec![("(input)", text.as_str())];
    all.extend(files.iter().map(|(name, text)| (*name, text.as_str())));
    let mut parsed = host::parse(&all);
    for stmt in &mut parsed[0].script.body {
        if let botserver_basic_syntax::ast::StmtKind::Assign { target, .. } = &mut stmt.kind {
            target.name.key = Arc::from(RESULT);
            target.name.text = Arc::from(RESULT);
        }
    }
    let sources: Vec<Source<'_>> =
        parsed.iter().map(|own| Source { script: &own.script, diagnostics: &own.diagnostics }).collect();
    let compiled = compile_input(&sources, names);
    let errors: Vec<_> = parsed.iter().flat_map(|own| &own.diagnostics).chain(&compiled.diagnostics).collect();
    assert!(errors.iter().all(|own| own.severity != Severity::Error), "{errors:#?}");
    compiled.image
}

const AREA: &str = "a = 2\nb = Area(a)\nTALK \"b is ${b}\"\nFOR i = 1 TO 2\n  b = b + i\nNEXT\nTALK b\nRETURN b\n\
                    FUNCTION Area(x)\n  y = x * x\n  a = a + 1\n  RETURN y\nEND FUNCTION\n";

#[test]
fn steps_go_into_over_and_out_of_calls() {
    let mut led = Led::new(AREA);
    assert_eq!(led.go(Until::Statement), "test:1");
    assert_eq!(led.go(Until::Statement), "test:2");
    assert_eq!(led.go(Until::Statement), "Area:10 test:2");
    assert_eq!(led.go(Until::Statement), "Area:11 test:2");
    // Out of the call: the next statement of whoever called.
    assert_eq!(led.go(Until::Depth(1)), "test:3");
    assert_eq!(led.host.said, [""; 0]);
    assert_eq!(led.go(Until::Depth(1)), "test:4");
    assert_eq!(led.host.said, ["b is 4"]);
    let rounds: Vec<String> = (0..4).map(|_| led.go(Until::Depth(1))).collect();
    assert_eq!(rounds, ["test:5", "test:5", "test:7", "test:8"]);
    assert_eq!(led.go(Until::Marked), "done 7");
    assert_eq!(led.host.said, ["b is 4", "7"]);
}

#[test]
fn a_step_over_a_call_runs_through_it_and_marks_in_it_stop() {
    let mut led = Led::new(AREA);
    led.go(Until::Statement);
    led.go(Until::Depth(1));
    assert_eq!(led.go(Until::Depth(1)), "test:3");
    let mut led = Led::new(AREA);
    led.mark(11);
    assert_eq!(led.go(Until::Depth(1)), "test:1");
    assert_eq!(led.go(Until::Depth(1)), "test:2");
    assert_eq!(led.go(Until::Depth(1)), "Area:11 test:2");
    assert_eq!(led.go(Until::Marked), "done 7");
}

#[test]
fn every_statement_can_be_stopped_at() {
    let image = image(&[(
        "test.bas",
        "' a comment\nx = 1\nIF x THEN\n  x = 2\nELSE\n  x = 3\nEND IF\nDO\n  x = x + 1\n  IF x > 5 THEN EXIT DO\nLOOP\n\
         ON ERROR RESUME NEXT\nTRY\n  THROW \"no\"\nCATCH e\n  x = 9\nFINALLY\n  x = 10\nEND TRY\nEXIT\n",
    )]);
    assert_eq!(image.lines_with_statements("test.bas"), [2, 3, 4, 6, 8, 9, 10, 12, 14, 16, 18, 20]);
    assert_eq!(image.lines_with_statements("other.bas"), [0; 0]);
}

#[test]
fn variables_of_frames_and_what_is_inside_them() {
    let mut led = Led::new(
        "who = \"Ada\"\nlist = [1, { name: \"x\", deep: [[1]] }, NULL]\nn = Twice(4)\nSUB Nothing(q)\n  who = q\nEND SUB\n\
         FUNCTION Twice(n)\n  half = n / 2\n  RETURN n * 2\nEND FUNCTION\n",
    );
    led.mark(9);
    assert_eq!(led.go(Until::Marked), "Twice:9 test:3");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(led.show(1, Scope::Local), [pair("n", "4"), pair("half", "2")]);
    let globals = led.show(1, Scope::Global);
    assert_eq!(globals, led.show(0, Scope::Local));
    let list = "[1, {name: \"x\", deep: [[…]]}, null] (3)";
    assert_eq!(globals, [pair("who", "\"Ada\""), pair("list", list), pair("n", "null")]);
    let shown = led.machine.show_variables(0, Scope::Local);
    let list = shown.iter().find(|own| own.name == "list").unwrap();
    assert_eq!((list.indexed, list.named), (3, 0));
    let page = led.machine.show_inside(list.reference, 1, 1);
    assert_eq!((page.len(), &*page[0].name, page[0].named), (1, "1", 2));
    let inside = led.machine.show_inside(page[0].reference, 0, 0);
    assert_eq!(inside.iter().map(|own| &*own.name).collect::<Vec<_>>(), ["name", "deep"]);
    // What was shown is gone when it goes on.
    let reference = page[0].reference;
    led.go(Until::Marked);
    assert!(led.machine.show_inside(reference, 0, 0).is_empty());
}

#[test]
fn expressions_are_worked_out_in_a_frame_and_variables_can_be_set() {
    let mut led = Led::new(AREA);
    led.mark(11);
    led.go(Until::Marked);
    let value = |led: &mut Led, frame, text: &str| led.evaluate(frame, text).map(|own| own.value);
    assert_eq!(value(&mut led, 1, "x * 10 + y + a"), Ok("26".to_owned()));
    assert_eq!(value(&mut led, 0, "a"), Ok("2".to_owned()));
    // Procedures of the script, errors, and what would leave the machine.
    assert_eq!(value(&mut led, 0, "Area(5)"), Ok("25".to_owned()));
    assert!(value(&mut led, 1, "x / 0").unwrap_err().contains("zero"));
    assert!(value(&mut led, 1, "NOW").unwrap_err().contains("cannot be used here"));
    // It has counted `a`, as the procedure does.
    assert_eq!(value(&mut led, 0, "a"), Ok("3".to_owned()));
    let image = led.input(1, "[x, 7]");
    let shown = led.machine.assign(1, (None, "y"), (image, "(input)"), FUEL).unwrap();
    assert_eq!((&*shown.value, shown.indexed), ("[2, 7] (2)", 2));
    let image = led.input(1, "8");
    led.machine.assign(1, (Some(shown.reference), "1"), (image, "(input)"), FUEL).unwrap();
    let image = led.input(1, "100");
    led.machine.assign(1, (None, "A"), (image, "(input)"), FUEL).unwrap();
    let image = led.input(1, "1");
    assert!(led.machine.assign(1, (None, "nobody"), (image, "(input)"), FUEL).is_err());
    assert_eq!(led.show(1, Scope::Local)[1].1, "[2, 8] (2)");
    assert_eq!(led.go(Until::Statement), "Area:12 test:2");
    assert_eq!(led.show(0, Scope::Local)[0].1, "101");
}

#[test]
fn errors_are_seen_where_they_happen() {
    let source = "TRY\n  x = Fail(0)\nCATCH e\n  y = e.message\nEND TRY\nz = Fail(0)\nFUNCTION Fail(n)\n  RETURN 1 / n\nEND FUNCTION\n";
    let mut led = Led::new(source);
    led.machine.stop_at_errors(true, true);
    assert_eq!(led.go(Until::Marked), "error division by zero caught true");
    let frames = led.machine.frames();
    assert_eq!((&*frames[0].name, frames[0].span.line, frames[1].span.line), ("Fail", 8, 2));
    assert_eq!(led.show(1, Scope::Local)[0].1, "0");
    assert_eq!(led.go(Until::Marked), "error division by zero caught false");
    assert!(led.go(Until::Marked).starts_with("failed division by zero"));
    // Only those that end the script.
    let mut led = Led::new(source);
    led.machine.stop_at_errors(false, true);
    assert_eq!(led.go(Until::Marked), "error division by zero caught false");
    // An effect that fails is an error like any other.
    let mut led = Led::new("x = GET \"fail\"\n");
    led.machine.stop_at_errors(false, true);
    assert!(led.go(Until::Marked).starts_with("error the server refused"));
    assert!(led.go(Until::Marked).starts_with("failed the server refused"));
}

#[test]
fn led_step_by_step_a_script_does_what_it_does_alone() {
    for source in [
        AREA,
        "s = \"\"\nFOR EACH x IN [3, 1, 2]\n  s = s + x\n  GOSUB mark\nNEXT\nTALK s\nEND\nmark:\ns = s + \"!\"\nRETURN\n",
    ] {
        let alone = host::Run::new(source).go();
        let mut led = Led::new(source);
        let mut stops = 0;
        let end = loop {
            let stop = led.go(Until::Statement);
            if stop.starts_with("done") || stop.starts_with("failed") {
                break stop;
            }
            stops += 1;
        };
        assert!(stops > 5, "{stops}");
        assert_eq!(end, format!("done {}", alone.result.clone().unwrap().to_json()));
        assert_eq!(led.host.said, alone.said);
        assert_eq!(led.machine.variables(), alone.variables);
    }
}

#[test]
fn lines_that_somebody_types_go_on_with_the_values_of_those_before() {
    let files = vec![("lib.bas", "FUNCTION Twice(n)\n  RETURN n * 2\nEND FUNCTION\n".to_owned())];
    let mut machine = Machine::new(input(&files, &[], "[1]"), "(input)", Vec::new(), Limits::default()).unwrap();
    assert_eq!(machine.run(FUEL), Step::Done(Value::Null));
    assert_eq!(machine.show_result().unwrap().value, "[1] (1)");
    let names: [Arc<str>; 2] = [Arc::from("a"), Arc::from("b")];
    machine.go_on_with(input(&files, &names, "Twice(4)"), "(input)").unwrap();
    assert_eq!(machine.run(FUEL), Step::Done(Value::Null));
    assert_eq!(machine.show_result().unwrap().value, "8");
    assert_eq!(machine.variable_names(), names);
}
