//! The laws of snapshots beyond what every test of this crate checks: size, sharing, damage.

use std::sync::Arc;

use botserver_basic_types::Value;
use botserver_basic_vm::{Limits, Machine, SnapshotError, Step};
use proptest::prelude::*;

use crate::host::{Host, image, run};

const HELPDESK: &str = r#"
' Opens a ticket and tells its state later.
company = "Northwind Traders"
BEGIN TALK
Welcome to the help desk of ${company}.

I will ask a few questions and open a ticket for you.
END TALK
HEAR name AS NAME WITH "What is your name?"
HEAR email AS EMAIL WITH "Which e-mail address may we write to, ${name}?"
person = FIND "people", "email=" + email
IF NOT person THEN
  TALK "We do not know you yet."
END IF
open = FIND "tickets" WHERE email = email ORDER BY opened DESC LIMIT 5
FOR EACH ticket IN open
  TALK "Ticket ${ticket.id}: ${ticket.name}"
NEXT
kinds = ["Hardware", "Software", "Account", "Something else"]
HEAR kind AS kinds
SELECT CASE kind
CASE "Hardware"
  TALK "Is it plugged in?"
CASE ELSE
  TALK "Noted."
END SELECT
HEAR since AS DATE WITH "Since when?"
WITH ticket
  name = name
  kind = kind
  since = since
END WITH
TALK ticket
"#;

fn at_third_hear() -> (Arc<botserver_basic_vm::Image>, Machine) {
    let image = image(&[("helpdesk.gbdialog/start.bas", HELPDESK)]);
    let mut machine = Machine::new(image.clone(), "start", Vec::new(), Limits::default()).unwrap();
    let user = serde_json::json!({"id": "u-1", "name": "Ann", "email": "ann@example.com", "role": "guest"});
    machine.set_global("user", &Value::from_json(&user)).unwrap();
    let mut host = Host { answers: vec!["Ann Lee".to_owned(), "ann@example.com".to_owned()], ..Host::default() };
    let mut heard = 0;
    loop {
        let Step::Effect(request) = machine.run(10_000) else { panic!("it must wait") };
        if &*request.keyword == "HEAR" {
            heard += 1;
            if heard == 3 {
                return (image, machine);
            }
        }
        machine.resume(host.perform(&request));
    }
}

#[test]
fn a_waiting_dialog_is_small() {
    let (_, machine) = at_third_hear();
    let bytes = machine.snapshot();
    assert!(bytes.len() <= 4096, "{} bytes", bytes.len());
    // Far below the promise, so that bigger dialogs keep it too.
    assert!(bytes.len() <= 1024, "{} bytes", bytes.len());
}

#[test]
fn sharing_survives() {
    // Every run of the harness restores at each TALK, so aliases must still be aliases afterwards.
    assert_eq!(
        run("a = [1]\nb = { list: a }\nTALK 0\nPUSH a, 2\nTALK b\nc = b\nTALK 0\nc.list[0] = 9\nTALK a"),
        "0\n{\"list\":[1,2]}\n0\n[9,2]"
    );
    assert_eq!(run("a = []\nPUSH a, a\nTALK 1\nTALK LEN(a[0][0][0])"), "1\n1");
}

#[test]
fn garbage_and_dead_temporaries_are_not_written() {
    let image =
        image(&[("test.bas", "big = SPLIT(\"a,b,c,d,e,f,g,h\", \",\")\nTALK LEN(big)\nbig = NULL\nTALK \"x\"")]);
    let mut machine = Machine::new(image, "test", Vec::new(), Limits::default()).unwrap();
    assert!(matches!(machine.run(1000), Step::Effect(_)));
    let with_list = machine.snapshot().len();
    machine.resume(Ok(Value::Null));
    assert!(matches!(machine.run(1000), Step::Effect(_)));
    assert!(machine.snapshot().len() + 16 < with_list);
}

#[test]
fn snapshots_know_their_image_and_format() {
    let (own, machine) = at_third_hear();
    let bytes = machine.snapshot();
    let other = image(&[("test.bas", "TALK 1")]);
    assert_eq!(Machine::restore(other, &bytes, Limits::default()).unwrap_err(), SnapshotError::OtherImage);
    assert_eq!(Machine::restore(own.clone(), b"", Limits::default()).unwrap_err(), SnapshotError::NotASnapshot);
    let mut newer = bytes.clone();
    newer[4] = 99;
    assert_eq!(
        Machine::restore(own.clone(), &newer, Limits::default()).unwrap_err(),
        SnapshotError::Format { found: 99 }
    );
    // The same source compiled again is the same image.
    let (again, _) = at_third_hear();
    assert!(Machine::restore(again, &bytes, Limits::default()).is_ok());
}

#[test]
fn answering_without_a_question_changes_nothing() {
    let image = image(&[("test.bas", "x = 1\nTALK x")]);
    let mut machine = Machine::new(image, "test", Vec::new(), Limits::default()).unwrap();
    let before = machine.snapshot();
    machine.resume(Ok(Value::Int(3)));
    assert_eq!(machine.snapshot(), before);
    let first = machine.run(100);
    assert_eq!(machine.run(100), first, "running on without an answer asks again");
}

/// Puts the right checksum on changed bytes, so that the reader has to look at the content.
pub(crate) fn seal(bytes: &mut [u8]) {
    if let Some((head, payload)) = bytes.split_at_mut_checked(10) {
        head[6..10].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn damaged_snapshots_are_errors_or_run_within_limits(
        changes in prop::collection::vec((10usize..600, any::<u8>()), 1..6), cut in prop::option::of(0usize..600),
    ) {
        let (image, machine) = at_third_hear();
        let mut bytes = machine.snapshot();
        for (at, byte) in changes {
            let at = at % bytes.len();
            if at >= 10 { bytes[at] = byte; }
        }
        if let Some(cut) = cut { bytes.truncate(cut.max(10).min(bytes.len())); }
        seal(&mut bytes);
        let limits = Limits { instructions: 20_000, ..Limits::default() };
        if let Ok(mut machine) = Machine::restore(image, &bytes, limits) {
            for _ in 0..20 {
                match machine.run(1000) {
                    Step::Done(_) | Step::Failed(_) => break,
                    Step::Fuel => {}
                    Step::Effect(_) => machine.resume(Ok(Value::text("x"))),
                }
                machine.snapshot();
            }
        }
    }
}
