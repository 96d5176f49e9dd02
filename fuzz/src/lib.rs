//! What the targets do with bytes, so that the tests of the machine can do it too. A panic is a finding, and so is
//! a run that does not end.
#![forbid(unsafe_code)]

#[path = "../../crates/basic/syntax/tests/it/grammar.rs"]
mod declarations;

use std::sync::{Arc, LazyLock};

use botserver_basic_syntax::{ParseOptions, format, parse, print, render};
use botserver_basic_types::Value;
use botserver_basic_vm::{Image, Limits, Machine, Source, Step, compile};

/// Bytes of the header of images and snapshots; the last four are the checksum of what follows.
const HEADER: usize = 10;

const SCRIPT: &str = "DIM list(3)\no = { a: [1, \"two\", 3.5], when: NULL }\nlist[0] = o\nFOR EACH v IN o.a\n  HEAR x AS \"yes\", \
    \"no\"\n  list.push(v & x)\nNEXT\nTRY\n  GOSUB work\nCATCH e\n  TALK e.message\nEND TRY\nRETURN list\nwork:\nHEAR y\nRETURN";

/// Parses and compiles a script with the grammar of the parser's tests.
pub fn image_of(source: &str) -> Arc<Image> {
    let grammar = declarations::grammar();
    let parsed = parse("fuzz.bas", source, grammar);
    compile(&[Source { script: &parsed.script, diagnostics: &parsed.diagnostics }]).image
}

/// The image into which snapshots are restored.
pub fn waiting_image() -> Arc<Image> {
    image_of(SCRIPT)
}

/// A machine that waits for its third answer.
pub fn waiting_machine(image: &Arc<Image>) -> Option<Machine> {
    let mut machine = Machine::new(image.clone(), "fuzz", Vec::new(), Limits::default()).ok()?;
    for _ in 0..3 {
        if !matches!(machine.run(10_000), Step::Effect(_)) {
            return None;
        }
        machine.resume(Ok(Value::text("yes")));
    }
    machine.run(10_000);
    Some(machine)
}

/// A whole image or snapshot with this content: the header of a sound one, and the right checksum.
fn sealed(sound: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = sound.iter().copied().take(HEADER).collect();
    if let Some(checksum) = bytes.get_mut(6..HEADER) {
        checksum.copy_from_slice(&crc32fast::hash(content).to_le_bytes());
    }
    bytes.extend_from_slice(content);
    bytes
}

/// The content of a sealed one.
pub fn content(sealed: &[u8]) -> &[u8] {
    sealed.get(HEADER..).unwrap_or_default()
}

/// Limits under which every run of a target ends soon.
fn limits() -> Limits {
    Limits { instructions: 20_000, ..Limits::default() }
}

/// Any bytes as a script: parsed, shown, laid out, compiled and run within limits.
pub fn compile_any(bytes: &[u8]) {
    let source = String::from_utf8_lossy(bytes);
    let grammar = declarations::grammar();
    let parsed = parse("fuzz.bas", &source, grammar);
    for found in &parsed.diagnostics {
        render(found, &source);
    }
    print(&parsed.script);
    let options = ParseOptions::default();
    match format("fuzz.bas", &source, grammar, &options) {
        Ok(once) => {
            let again = format("fuzz.bas", &once, grammar, &options);
            assert_eq!(again.as_ref(), Ok(&once), "a layout is its own layout");
        }
        Err(found) => assert!(found.iter().all(|found| &*found.code != "B0550"), "a layout is read the same: {source}"),
    }
    let image = image_of(&source);
    if let Ok(machine) = Machine::new(image.clone(), "fuzz", Vec::new(), limits()) {
        drive(&image, machine);
    }
}

/// Any bytes as the content of an image: an error, or one that runs within limits.
pub fn image_any(bytes: &[u8]) {
    static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| waiting_image().to_bytes());
    let _ = Image::from_bytes(bytes);
    let Ok(image) = Image::from_bytes(&sealed(&SOUND, bytes)) else { return };
    let image = Arc::new(image);
    for script in image.scripts().iter().take(3) {
        if let Ok(machine) = Machine::new(image.clone(), &script.name, Vec::new(), limits()) {
            drive(&image, machine);
        }
    }
}

/// Any bytes as the content of a snapshot: an error, or a machine that runs on within limits.
pub fn snapshot_any(bytes: &[u8]) {
    static SOUND: LazyLock<(Arc<Image>, Vec<u8>)> = LazyLock::new(|| {
        let image = waiting_image();
        let saved = waiting_machine(&image).map(|machine| machine.snapshot()).unwrap_or_default();
        (image, saved)
    });
    let (image, saved) = &*SOUND;
    let _ = Machine::restore(image.clone(), bytes, limits());
    if let Ok(machine) = Machine::restore(image.clone(), &sealed(saved, bytes), limits()) {
        drive(image, machine);
    }
}

/// Runs a machine to its end, or for a while; it is saved and restored on the way.
fn drive(image: &Arc<Image>, mut machine: Machine) {
    for step in 0..40 {
        match machine.run(500) {
            Step::Done(_) | Step::Failed(_) => return,
            Step::Fuel => {}
            Step::Effect(request) => machine.resume(Ok(answer(step, request.args.get("hear").is_some()))),
        }
        let saved = machine.snapshot();
        if step % 8 == 0
            && let Ok(restored) = Machine::restore(image.clone(), &saved, limits())
        {
            machine = restored;
        }
    }
}

fn answer(step: usize, hear: bool) -> Value {
    match step % 4 {
        _ if hear => Value::text("7"),
        0 => Value::Null,
        1 => Value::Int(3),
        2 => Value::Array(vec![Value::text("a"), Value::Int(1)]),
        _ => Value::text("text"),
    }
}
