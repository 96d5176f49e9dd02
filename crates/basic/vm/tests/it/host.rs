//! A host for tests: TALK collects, HEAR answers from a list, the clock stands still. Every script runs
//! straight through, and again with a snapshot and restore at every suspension and tiny slices of fuel;
//! both must agree.

use std::sync::{Arc, LazyLock};

use botserver_basic_std::hear;
use botserver_basic_syntax::{FunctionSig, Grammar, ParseOptions, Parsed};
use botserver_basic_types::{
    Arg, BasicError, Date, Effect, EffectRequest, HearType, KeywordDecl, Result, Rows, Severity, Value, ValueObject,
};
use botserver_basic_vm::{CompileOptions, Compiled, Image, Limits, Machine, Source, Step, compile, compile_with};

pub(crate) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    let functions: Vec<FunctionSig> = botserver_basic_std::functions().iter().map(FunctionSig::from).collect();
    Grammar::new(&keywords(), &functions).unwrap().with_variables(["host", "user"])
});

fn keywords() -> Vec<KeywordDecl> {
    let say = |name, forms: &[&'static str]| KeywordDecl::new(name, forms, Effect::Say, "", "");
    let read = |name, forms: &[&'static str]| KeywordDecl::new(name, forms, Effect::Read, "", "").returning();
    vec![
        say("TALK", &["TALK message:expr"]),
        say("SET CONTEXT", &["SET CONTEXT name:expr AS text:expr"]),
        say("BEGIN SYSTEM PROMPT", &["SYSTEM PROMPT text:expr"]),
        read("NOW", &["NOW"]),
        read("TODAY", &["TODAY"]),
        read("GET", &["GET url:expr"]),
        read("FIND", &["FIND table:expr [, filter:expr] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr]"]),
        read("UPDATE", &["UPDATE table:expr SET values:assigns WHERE where:cond"]),
        read("SELECT", &["SELECT columns:columns FROM source:expr [WHERE where:cond]"]),
        read("LLM", &["LLM prompt:expr"]),
        read("SAVE", &["SAVE table:word , values:fields", "SAVE value:expr TO table:word"])
            .teaching_key(&["values", "value"]),
    ]
}

/// Parses the files of a package.
pub(crate) fn parse(files: &[(&str, &str)]) -> Vec<Parsed> {
    // Procedures of every file are offered to every other one, as INCLUDE may bring them.
    let procedures: Vec<String> = files
        .iter()
        .flat_map(|(file, text)| botserver_basic_syntax::parse(file, text, &GRAMMAR).script.procedures)
        .map(|procedure| procedure.name.text.to_string())
        .collect();
    let options = ParseOptions { procedures, ..ParseOptions::default() };
    files
        .iter()
        .map(|(file, text)| {
            let includes = text.to_uppercase().contains("INCLUDE ");
            let options = if includes { options.clone() } else { ParseOptions::default() };
            botserver_basic_syntax::parse_with(file, text, &GRAMMAR, &options)
        })
        .collect()
}

/// Compiles the files of a package, whatever is wrong with them.
pub(crate) fn compile_all(files: &[(&str, &str)]) -> (Compiled, Vec<Parsed>) {
    let parsed = parse(files);
    (compile(&sources(&parsed)), parsed)
}

fn sources(parsed: &[Parsed]) -> Vec<Source<'_>> {
    parsed.iter().map(|parsed| Source { script: &parsed.script, diagnostics: &parsed.diagnostics }).collect()
}

/// Compiles files that must be sound; the image goes through its bytes, so that all code is verified.
pub(crate) fn image(files: &[(&str, &str)]) -> Arc<Image> {
    image_with(files, CompileOptions::default())
}

/// [`image`] as compiled in one way.
pub(crate) fn image_with(files: &[(&str, &str)], options: CompileOptions) -> Arc<Image> {
    let parsed = parse(files);
    let compiled = compile_with(&sources(&parsed), options);
    let problems: Vec<_> = parsed
        .iter()
        .filter(|parsed| parsed.has_errors())
        .flat_map(|parsed| &parsed.diagnostics)
        // A script that is called and not there is a warning; what happens then is for tests to see.
        .chain(compiled.diagnostics.iter().filter(|found| found.severity == Severity::Error))
        .map(|found| format!("{}:{}: {}", found.span.file, found.span.line, found.message))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let restored = Image::from_bytes(&compiled.image.to_bytes()).unwrap();
    assert_eq!(restored.disassemble(), compiled.image.disassemble());
    Arc::new(restored)
}

/// Carries out effects.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub said: Vec<String>,
    pub answers: Vec<String>,
    pub heard: usize,
    /// Every request, as it was.
    pub requests: Vec<EffectRequest>,
}

impl Host {
    pub(crate) fn perform(&mut self, request: &EffectRequest) -> Result<Value> {
        self.requests.push(request.clone());
        match &*request.keyword {
            "TALK" => {
                self.said.push(request.args.text("message"));
                Ok(Value::Null)
            }
            "HEAR" => {
                let Some(Arg::Hear(hear)) = request.args.get("hear") else { panic!("{request:?}") };
                if let Some(prompt) = &hear.prompt {
                    self.said.push(prompt.clone());
                }
                self.answer(&hear.kind.clone(), hear.default.clone())
            }
            // Wednesday
            "NOW" => Ok(Value::Date(Date { civil_seconds: 1_735_129_800, offset_minutes: 0, date_only: false })),
            "TODAY" => Ok(Value::Date(Date { civil_seconds: 1_735_084_800, offset_minutes: 0, date_only: true })),
            "GET" => match &*request.args.text("url") {
                "fail" => Err(BasicError::new(1003, "the server refused the connection")),
                "json" => Ok(Value::from_json(&serde_json::json!({"Id": 7, "items": [{"name": "a"}, {"name": "b"}]}))),
                other => Ok(Value::text(format!("page {other}"))),
            },
            "FIND" => Ok(Value::Rows(Rows {
                rows: match &*request.args.text("table") {
                    "empty" => vec![],
                    _ => vec![row(1, "Ann"), row(2, "Bob")],
                },
                single: false,
            })),
            "UPDATE" => Ok(Value::Int(1)),
            "SAVE" => Ok(Value::from_json(&serde_json::json!({"key": "Id", "id": 7}))),
            "LLM" => Ok(Value::text("Sure:\n```json\n{\"city\": \"Rome\"}\n```")),
            _ => Ok(Value::Null),
        }
    }

    /// The validators' part, as far as the tests go: a bad answer is asked for again.
    fn answer(&mut self, kind: &HearType, default: Option<Value>) -> Result<Value> {
        loop {
            let Some(answer) = self.answers.get(self.heard).cloned() else {
                return Err(BasicError::new(1001, "HEAR timed out"));
            };
            self.heard += 1;
            if answer.is_empty() && default.is_some() {
                return Ok(default.unwrap_or_default());
            }
            let today = Date { civil_seconds: 1_735_084_800, offset_minutes: 0, date_only: true };
            let input = hear::HearInput { text: &answer, attachments: &[] };
            match hear::validate(kind, &input, &hear::HearContext { today, locale: "en" }) {
                Ok(value) => return Ok(value),
                Err(_) => self.said.push(format!("not {}", kind.name())),
            }
        }
    }
}

fn row(id: i64, name: &str) -> ValueObject {
    [(Arc::from("id"), Value::Int(id)), (Arc::from("Name"), Value::text(name))].into_iter().collect()
}

/// What a run did.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub said: Vec<String>,
    pub result: Result<Value>,
    pub variables: Vec<(Arc<str>, Value)>,
    /// Every effect with its arguments and place.
    pub requests: Vec<EffectRequest>,
}

/// One script with its answers and settings.
#[derive(Clone)]
pub(crate) struct Run<'a> {
    pub files: Vec<(&'a str, &'a str)>,
    pub answers: Vec<&'a str>,
    pub params: Vec<(String, Value)>,
    pub globals: Vec<(&'a str, Value)>,
    pub limits: Limits,
}

impl<'a> Run<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self {
            files: vec![("test.bas", source)],
            answers: Vec::new(),
            params: Vec::new(),
            globals: Vec::new(),
            limits: Limits { instructions: 50_000_000, ..Limits::default() },
        }
    }

    fn machine(&self, image: &Arc<Image>) -> Machine {
        let mut machine = Machine::new(image.clone(), self.files[0].0, self.params.clone(), self.limits).unwrap();
        for (name, value) in &self.globals {
            machine.set_global(name, value).unwrap();
        }
        machine
    }

    fn host(&self) -> Host {
        Host { answers: self.answers.iter().map(ToString::to_string).collect(), ..Host::default() }
    }

    /// Runs in many ways and checks that they agree.
    pub(crate) fn go(&self) -> Outcome {
        let image = image(&self.files);
        let straight = drive(self.machine(&image), self.host(), u64::MAX, |machine| machine);
        let plain = image_with(&self.files, CompileOptions { optimize: false });
        let unoptimised = drive(self.machine(&plain), self.host(), u64::MAX, |machine| machine);
        // It takes more instructions, so that limit is reached elsewhere.
        if !straight.result.as_ref().is_err_and(|error| error.number == 9002) {
            assert_eq!(straight, unoptimised, "without optimisations");
        }
        for fuel in [1, 7, 100] {
            let mut count = 0usize;
            let broken_up = drive(self.machine(&image), self.host(), fuel, |machine| {
                // Long loops would take for ever: after a while ever less often.
                count += 1;
                if count > 200 && !usize::is_power_of_two(count) {
                    return machine;
                }
                let pending = machine.pending();
                let bytes = machine.snapshot();
                let restored = Machine::restore(image.clone(), &bytes, self.limits).unwrap();
                assert_eq!(restored.pending(), pending, "the pending effect changed");
                assert_eq!(restored.snapshot(), bytes, "a snapshot of a restored machine differs");
                restored
            });
            // What a limit of instructions stops is counted a little differently in slices.
            if !straight.result.as_ref().is_err_and(|error| error.number == 9002) {
                assert_eq!(straight, broken_up, "with slices of {fuel}");
            }
        }
        straight
    }

    /// What the script says, and how it ends if not well.
    pub(crate) fn transcript(&self) -> String {
        let outcome = self.go();
        let mut lines = outcome.said;
        match outcome.result {
            Ok(Value::Null) => {}
            Ok(value) => lines.push(format!("=> {}", value.to_json())),
            Err(error) => {
                let line = error.span.as_ref().map_or(0, |span| span.line);
                lines.push(format!("! {line}: {} {}", error.number, error.message));
            }
        }
        lines.join("\n")
    }
}

fn drive(mut machine: Machine, mut host: Host, fuel: u64, mut between: impl FnMut(Machine) -> Machine) -> Outcome {
    let result = loop {
        machine = between(machine);
        match machine.run(fuel) {
            Step::Done(value) => break Ok(value),
            Step::Failed(error) => break Err(error),
            Step::Fuel => {}
            Step::Effect(request) => {
                machine = between(machine);
                // The next round takes a snapshot of the machine with its answer, also where that has ended it.
                machine.resume(host.perform(&request));
            }
        }
    };
    Outcome { said: host.said, result, variables: machine.variables(), requests: host.requests }
}

/// Runs a script without answers and gives its transcript.
pub(crate) fn run(source: &str) -> String {
    Run::new(source).transcript()
}

/// Runs a script with answers to its HEARs.
pub(crate) fn chat(source: &str, answers: &[&str]) -> String {
    Run { answers: answers.to_vec(), ..Run::new(source) }.transcript()
}

/// The requests that a script makes.
pub(crate) fn requests(source: &str) -> Vec<EffectRequest> {
    let image = image(&[("test.bas", source)]);
    let mut machine = Machine::new(image, "test", Vec::new(), Limits::default()).unwrap();
    let mut host = Host::default();
    loop {
        match machine.run(u64::MAX) {
            Step::Effect(request) => machine.resume(host.perform(&request)),
            Step::Failed(error) => panic!("{error}"),
            Step::Done(_) => return host.requests,
            Step::Fuel => {}
        }
    }
}
