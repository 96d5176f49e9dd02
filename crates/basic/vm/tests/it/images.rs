//! Images as bytes.

use botserver_basic_types::Value;
use botserver_basic_vm::{Image, ImageError, Limits, Machine, Step};
use proptest::prelude::*;

use crate::{host::compile_all, snapshots::seal};

const SOURCE: &str = r#"
PARAM who AS string LIKE "Ann" DEFAULT "you"
DESCRIPTION "Says hello"
SUB greet(name)
  TALK "Hello ${name}"
  count = count + 1
END SUB
count = 0
FOR EACH n IN [who, "Bob"]
  greet n
NEXT
TRY
  r = FIND "people" WHERE id = count AND name LIKE "A%"
  TALK r.name & UCASE(r[1].name)
CATCH e
  TALK e.message
FINALLY
  o.list[2] = count
END TRY
again:
count = count + 1
IF count < 5 THEN GOTO again
RETURN o
"#;

fn bytes() -> Vec<u8> {
    compile_all(&[("hello.bas", SOURCE), ("other.bas", "HEAR x AS \"a\", \"b\"\nRETURN x")]).0.image.to_bytes()
}

#[test]
fn bytes_round_trip_and_are_checked() {
    let bytes = bytes();
    let image = Image::from_bytes(&bytes).unwrap();
    assert_eq!(image.to_bytes(), bytes);
    assert_eq!(Image::from_bytes(b"nonsense").unwrap_err(), ImageError::NotAnImage);
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(Image::from_bytes(&damaged).unwrap_err(), ImageError::Damaged("wrong checksum"));
    let mut newer = bytes;
    newer[4] = 2;
    assert_eq!(Image::from_bytes(&newer).unwrap_err(), ImageError::Format { found: 2 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn damaged_images_are_errors_or_run_within_limits(
        changes in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..6),
    ) {
        let mut bytes = bytes();
        for (at, byte) in changes {
            let at = 10 + ((bytes.len() - 10) as f64 * at) as usize;
            bytes[at] = byte;
        }
        seal(&mut bytes);
        let Ok(image) = Image::from_bytes(&bytes) else { return Ok(()) };
        let image = std::sync::Arc::new(image);
        let limits = Limits { instructions: 20_000, ..Limits::default() };
        let Ok(mut machine) = Machine::new(image.clone(), "hello", Vec::new(), limits) else { return Ok(()) };
        for _ in 0..20 {
            match machine.run(1000) {
                Step::Done(_) | Step::Failed(_) => break,
                Step::Fuel => {}
                Step::Effect(_) => machine.resume(Ok(Value::text("x"))),
            }
            let snapshot = machine.snapshot();
            machine = Machine::restore(image.clone(), &snapshot, limits).unwrap();
        }
    }
}
