//! BASIC: parser, compiler and machine as the server uses them, with a host that only collects.

use std::sync::{Arc, LazyLock};

use anyhow::{Result, anyhow, bail, ensure};
use botserver_basic_syntax::{FunctionSig, Grammar, GrammarError, parse};
use botserver_basic_types::{Effect, KeywordDecl, Value};
use botserver_basic_vm::{Image, Limits, Machine, Source, Step, compile};

use super::Run;

/// Instructions per slice, as the server gives them.
const FUEL: u64 = 50_000;

/// Keywords are declarations; these are the ones that the scripts of the benches use.
static GRAMMAR: LazyLock<Result<Grammar, GrammarError>> = LazyLock::new(|| {
    let functions: Vec<FunctionSig> = botserver_basic_std::functions().iter().map(FunctionSig::from).collect();
    let keyword = |name, form, effect| KeywordDecl::new(name, &[form], effect, "", "");
    let keywords = [
        keyword("TALK", "TALK message:expr", Effect::Say),
        keyword("INSERT", "INSERT INTO table:word VALUES value:expr", Effect::Local).returning(),
        keyword("NOW", "NOW", Effect::Read).returning(),
        keyword("TODAY", "TODAY", Effect::Read).returning(),
        keyword("GUID", "GUID", Effect::Read).returning(),
    ];
    Grammar::new(&keywords, &functions)
});

/// The limits of the server, without the one that stops long loops.
const LIMITS: fn() -> Limits = || Limits { instructions: u64::MAX, loop_rounds: u64::MAX, ..Limits::default() };

pub(crate) fn image(source: &str) -> Result<Arc<Image>> {
    let grammar = GRAMMAR.as_ref().map_err(|error| anyhow!("{error}"))?;
    let parsed = parse("bench.bas", source, grammar);
    let compiled = compile(&[Source { script: &parsed.script, diagnostics: &parsed.diagnostics }]);
    if let Some(wrong) = parsed.diagnostics.iter().chain(&compiled.diagnostics).next() {
        bail!("{}:{}: {}", wrong.span.line, wrong.span.column, wrong.message);
    }
    Ok(compiled.image)
}

/// A machine at the beginning of a script.
pub(crate) fn machine(image: &Arc<Image>) -> Result<Machine> {
    Ok(Machine::new(image.clone(), "bench", Vec::new(), LIMITS())?)
}

/// Compiles once; every run is a new machine, as every turn of the server is.
pub(crate) fn prepare(source: &str) -> Result<Run> {
    let image = image(source)?;
    Ok(Box::new(move || run(&image)))
}

/// What the machine executes in one run, as its fuel counts it.
pub(crate) fn executed(source: &str) -> Result<u64> {
    let mut machine = machine(&image(source)?)?;
    finish(&mut machine)?;
    Ok(machine.instructions())
}

fn run(image: &Arc<Image>) -> Result<i64> {
    finish(&mut machine(image)?)
}

fn finish(machine: &mut Machine) -> Result<i64> {
    loop {
        match machine.run(FUEL) {
            Step::Fuel => {}
            Step::Effect(request) => {
                ensure!(&*request.keyword == "TALK", "another effect than TALK");
                machine.resume(Ok(Value::Null));
            }
            Step::Done(Value::Int(value)) => return Ok(value),
            Step::Done(other) => bail!("not a whole number: {other:?}"),
            Step::Failed(error) => bail!("{error}"),
        }
    }
}

/// One turn of a compiled script: what it said goes to `said`.
pub(crate) fn turn(image: &Arc<Image>, said: &mut Vec<String>) -> Result<i64> {
    let mut machine = machine(image)?;
    loop {
        match machine.run(FUEL) {
            Step::Fuel => {}
            Step::Effect(request) => {
                said.push(request.args.text("message"));
                machine.resume(Ok(Value::Null));
            }
            Step::Done(Value::Int(value)) => return Ok(value),
            Step::Done(other) => bail!("not a whole number: {other:?}"),
            Step::Failed(error) => bail!("{error}"),
        }
    }
}

/// The snapshot of a dialog that waits in its nth HEAR, answered by `answer` before.
pub(crate) fn snapshot_at_hear(source: &str, nth: usize, answer: fn(usize) -> Value) -> Result<Vec<u8>> {
    let image = image(source)?;
    let mut machine = machine(&image)?;
    let mut heard = 0;
    loop {
        match machine.run(FUEL) {
            Step::Fuel => {}
            Step::Effect(request) if &*request.keyword == "HEAR" => {
                heard += 1;
                if heard == nth {
                    return Ok(machine.snapshot());
                }
                machine.resume(Ok(answer(heard)));
            }
            Step::Effect(_) => machine.resume(Ok(Value::Null)),
            Step::Done(_) => bail!("the dialog ended after {heard} questions"),
            Step::Failed(error) => bail!("{error}"),
        }
    }
}
