//! Conformance 93–105 as far as the machine takes part: suspension, values, targets.

use crate::host::{chat, image, requests};
use botserver_basic_types::{Arg, HearRequest, HearType, Value};
use botserver_basic_vm::{Limits, Machine, Step};

#[test]
fn answers_reach_their_targets() {
    assert_eq!(
        chat("TALK \"a\"\nHEAR x\nTALK \"b\" + x\nHEAR o.list[1]\nTALK o", &["1", "2"]),
        "a\nb1\n{\"list\":[null,\"2\"]}"
    );
    assert_eq!(chat("HEAR e AS EMAIL\nTALK e", &["bad", "A@B.example"]), "not EMAIL\na@b.example");
    assert_eq!(chat("HEAR n AS INTEGER WITH \"How many?\"\nTALK n + 1", &["1,234"]), "How many?\n1235");
    assert_eq!(chat("HEAR b AS BOOLEAN\nIF b THEN TALK \"yes\"", &["sim"]), "yes");
    assert_eq!(chat("HEAR c AS \"Red\", \"Green\"\nTALK c", &["2"]), "Green");
    assert_eq!(chat("list = [\"Red\", \"Green\"]\nHEAR c AS list\nTALK c", &["1"]), "Red");
    assert_eq!(chat("HEAR c WITH \"Name?\" DEFAULT \"nobody\"\nTALK c", &[""]), "Name?\nnobody");
    assert_eq!(chat("x = HEAR \"Who?\"\nTALK x", &["me"]), "Who?\nme");
    assert_eq!(
        chat("FUNCTION ask(q)\nHEAR a WITH q\nRETURN a\nEND FUNCTION\nTALK ask(\"1?\") + ask(\"2?\")", &["a", "b"]),
        "1?\n2?\nab"
    );
    assert_eq!(chat("HEAR x", &[]), "! 1: 1001 HEAR timed out");
    assert_eq!(chat("ON ERROR RESUME NEXT\nHEAR x\nTALK ERR", &[]), "1001");
}

#[test]
fn the_request_of_a_menu() {
    let found = requests("a = \"One\"\nON ERROR RESUME NEXT\nHEAR c AS \"done\", a, *");
    let request = HearRequest {
        kind: HearType::Menu { options: vec!["done".to_owned(), "One".to_owned()], free: true },
        ..HearRequest::default()
    };
    assert_eq!(found[0].args.get("hear"), Some(&Arg::Hear(request)));
    assert_eq!(found[0].span.line, 3);
}

#[test]
fn two_sessions_wait_independently() {
    let image = image(&[("test.bas", "HEAR x\nTALK x")]);
    let mut machines: Vec<Machine> =
        (0..2).map(|_| Machine::new(image.clone(), "test", Vec::new(), Limits::default()).unwrap()).collect();
    for machine in &mut machines {
        assert!(matches!(machine.run(100), Step::Effect(_)));
    }
    for (index, machine) in machines.iter_mut().enumerate().rev() {
        machine.resume(Ok(Value::Int(index as i64)));
        let Step::Effect(request) = machine.run(100) else { panic!("no TALK") };
        assert_eq!(request.args.text("message"), index.to_string());
    }
}
