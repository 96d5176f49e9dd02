//! Conformance items that a single dialogue cannot show: several runs of one package.

use std::sync::Arc;

use botserver_basic_types::{Arg, BasicError, EffectRequest, Value};
use botserver_basic_vm::{CompileOptions, Image, Limits, Machine, Step};

use crate::host;

fn package(script: &str) -> Arc<Image> {
    let files = [("start.bas".to_owned(), script.to_owned())];
    let package = host::build(&host::grammar(), &files, CompileOptions::default());
    assert_eq!(package.diagnostics, [], "{script}");
    package.image
}

fn start(image: &Arc<Image>) -> Machine {
    Machine::new(image.clone(), "start", Vec::new(), Limits::default()).expect("starts")
}

fn effect(machine: &mut Machine) -> EffectRequest {
    match machine.run(1_000_000) {
        Step::Effect(request) => request,
        other => panic!("not an effect: {other:?}"),
    }
}

/// The next TALK's text.
fn said(machine: &mut Machine) -> String {
    let request = effect(machine);
    assert_eq!(&*request.keyword, "TALK");
    machine.resume(Ok(Value::Null));
    request.args.text("message")
}

/// c073: ON ERROR RESUME NEXT of one run does not hold in the next.
#[test]
fn trapping_does_not_leak_into_the_next_run() {
    let image = package("x = RECALL \"trap\"\nIF x THEN ON ERROR RESUME NEXT\ny = 1 / 0\nTALK \"on\"");
    let mut first = start(&image);
    effect(&mut first);
    first.resume(Ok(Value::Bool(true)));
    assert_eq!(said(&mut first), "on");
    let mut second = start(&image);
    effect(&mut second);
    second.resume(Ok(Value::Null));
    assert!(matches!(second.run(1_000_000), Step::Failed(error) if error.number == 11));
}

/// c094: two conversations wait for their own answers.
#[test]
fn two_sessions_wait_independently() {
    let image = package("HEAR name\nTALK \"Hello \" + name\nHEAR age AS INTEGER\nTALK name + age");
    let (mut ana, mut bia) = (start(&image), start(&image));
    for machine in [&mut ana, &mut bia] {
        assert!(matches!(effect(machine).args.get("hear"), Some(Arg::Hear(_))));
    }
    bia.resume(Ok(Value::text("Bia")));
    assert_eq!(said(&mut bia), "Hello Bia");
    ana.resume(Ok(Value::text("Ana")));
    assert_eq!(said(&mut ana), "Hello Ana");
    effect(&mut ana);
    ana.resume(Ok(Value::Int(30)));
    assert_eq!(said(&mut ana), "Ana30");
    assert!(matches!(effect(&mut bia).args.get("hear"), Some(Arg::Hear(_))));
}

/// c107: a HEAR that timed out is an error that a script can trap.
#[test]
fn a_timeout_of_hear_raises() {
    let image = package("TRY\nHEAR name\nCATCH e\nTALK e.message\nEND TRY\nHEAR again");
    let mut machine = start(&image);
    let timeout = || BasicError::new(1001, "HEAR timed out after 60 s");
    effect(&mut machine);
    machine.resume(Err(timeout()));
    assert_eq!(said(&mut machine), "HEAR timed out after 60 s");
    effect(&mut machine);
    machine.resume(Err(timeout()));
    assert!(matches!(machine.run(1_000_000), Step::Failed(error) if error.number == 1001));
}
