//! The smallest host that can hold a conversation: TALK lines, HEAR answers, a clock that stands still,
//! a network that is down. It writes down what happens in the words of the guide's dialogues.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use botserver_basic_std::hear::{self, HearContext, HearInput};
use botserver_basic_syntax::{FunctionSig, Grammar, ParseOptions, format, parse};
use botserver_basic_types::{
    Arg, Args, BasicError, Date, Diagnostic, Effect, EffectRequest, FileHandle, HearRequest, KeywordDecl, Severity,
    Value, ops,
};
use botserver_basic_vm::{CompileOptions, Image, Limits, Machine, Source, Step, compile_with};

/// Sunday, 22 November 2026, 15:20.
const NOW: Date = Date { civil_seconds: 1_795_360_800, offset_minutes: 0, date_only: false };

/// How an example is run; all ways must come to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Straight through.
    Plain,
    /// As compiled without optimisations.
    Unoptimised,
    /// Without optimisations, saved and restored as below.
    UnoptimisedSaved,
    /// In slices of a few instructions, saved and restored at every stop.
    Saved,
    /// As an editor on Windows saves it: its line ends, and a byte-order mark.
    CarriageReturns,
    /// As the formatter lays it out.
    Formatted,
}

impl Way {
    /// All but the plain one.
    pub(crate) const OTHERS: [Self; 5] =
        [Self::Unoptimised, Self::UnoptimisedSaved, Self::Saved, Self::CarriageReturns, Self::Formatted];

    const fn options(self) -> CompileOptions {
        CompileOptions { optimize: !matches!(self, Self::Unoptimised | Self::UnoptimisedSaved) }
    }

    const fn saves(self) -> bool {
        matches!(self, Self::Saved | Self::UnoptimisedSaved)
    }

    /// Whether columns stay where they are.
    const fn keeps_columns(self) -> bool {
        !matches!(self, Self::Formatted)
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Run {
    /// The dialogue.
    pub(crate) said: String,
    /// What the script returned.
    pub(crate) value: Option<Value>,
    /// The error that ended it: its number and message, and the file, line and column.
    pub(crate) error: Option<(u32, String, String, u32, u32)>,
    /// The variables at the end, or where it waits.
    pub(crate) variables: Vec<(Arc<str>, Value)>,
    /// Every effect it asked for, with file, line and column.
    pub(crate) effects: Vec<(Arc<str>, Args, String, u32, u32)>,
}

impl Run {
    /// As another way of running may differ from it.
    pub(crate) fn seen_by(&self, way: Way) -> Self {
        let mut seen = self.clone();
        if !way.keeps_columns() {
            seen.error.iter_mut().for_each(|error| error.4 = 0);
            seen.effects.iter_mut().for_each(|effect| effect.4 = 0);
        }
        seen
    }
}

fn keywords() -> Vec<KeywordDecl> {
    let read = |name, forms: &[&'static str]| KeywordDecl::new(name, forms, Effect::Read, "", "").returning();
    let say = |name, forms: &[&'static str]| KeywordDecl::new(name, forms, Effect::Say, "", "");
    vec![
        say("TALK", &["TALK message:expr"]),
        say("SYSTEM PROMPT", &["SYSTEM PROMPT text:expr"]),
        say("SEND MAIL", &["SEND MAIL to:expr , subject:expr , body:expr"]),
        say("REMEMBER", &["REMEMBER key:expr , value:expr"]),
        read("RECALL", &["RECALL key:expr"]),
        read("NOW", &["NOW"]),
        read("TODAY", &["TODAY"]),
        read("GET", &["GET address:path"]),
        read("GET TOOL PARAM", &["GET TOOL PARAM name:variable"]),
    ]
}

pub(crate) fn grammar() -> Grammar {
    let functions: Vec<FunctionSig> = botserver_basic_std::functions().iter().map(FunctionSig::from).collect();
    Grammar::new(&keywords(), &functions).expect("the declarations are sound")
}

/// A compiled package and what the compiler said.
pub(crate) struct Package {
    pub(crate) image: Arc<Image>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

pub(crate) fn build(grammar: &Grammar, files: &[(String, String)], options: CompileOptions) -> Package {
    let parsed: Vec<_> = files.iter().map(|(name, text)| parse(name, text, grammar)).collect();
    let sources: Vec<Source<'_>> =
        parsed.iter().map(|file| Source { script: &file.script, diagnostics: &file.diagnostics }).collect();
    let compiled = compile_with(&sources, options);
    let diagnostics = parsed.iter().flat_map(|file| file.diagnostics.clone()).chain(compiled.diagnostics).collect();
    Package { image: compiled.image, diagnostics }
}

/// The script in its usual layout, which stays as it is when it is laid out again; one with errors as it stands.
fn formatted(grammar: &Grammar, name: &str, text: &str) -> String {
    let options = ParseOptions::default();
    match format(name, text, grammar, &options) {
        Ok(once) => {
            assert_eq!(format(name, &once, grammar, &options).as_ref(), Ok(&once), "{once}");
            once
        }
        Err(found) => {
            assert!(found.iter().all(|found| &*found.code != "B0550"), "{text}");
            text.to_owned()
        }
    }
}

/// Runs `start.bas` and writes down what happens. The person's lines are taken from `expected`.
pub(crate) fn converse(grammar: &Grammar, files: &[(String, String)], expected: &str, way: Way) -> Run {
    let files: Vec<(String, String)> = match way {
        Way::CarriageReturns => {
            files.iter().map(|(name, text)| (name.clone(), format!("\u{feff}{}", text.replace('\n', "\r\n")))).collect()
        }
        Way::Formatted => files.iter().map(|(name, text)| (name.clone(), formatted(grammar, name, text))).collect(),
        Way::Plain | Way::Unoptimised | Way::UnoptimisedSaved | Way::Saved => files.to_vec(),
    };
    let package = build(grammar, &files, way.options());
    let mut talk =
        Conversation { run: Run::default(), memory: HashMap::new(), answers: answers(expected), restarts: 0 };
    let mut broken = false;
    for found in &package.diagnostics {
        broken |= found.severity == Severity::Error;
        let word = if found.severity == Severity::Error { "Error" } else { "Warning" };
        talk.line(&format!("{word} {} in line {}", found.code, found.span.line), &found.message);
        if let Some(help) = &found.help {
            talk.line("Help", help);
        }
    }
    if !broken {
        let params = expected.lines().next().and_then(|line| line.strip_prefix("Call: ")).unwrap_or("{}");
        if params != "{}" {
            talk.line("Call", params);
        }
        let params: serde_json::Map<String, serde_json::Value> = serde_json::from_str(params).expect("JSON arguments");
        let params = params.into_iter().map(|(name, value)| (name, Value::from_json(&value))).collect();
        talk.run(&package.image, params, way);
    }
    talk.run.said.truncate(talk.run.said.trim_end().len());
    talk.run
}

/// The person's lines: `You: text`, or `You attach: name (media type)`.
fn answers(expected: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = expected
        .lines()
        .filter_map(|line| {
            if let Some(file) = line.strip_prefix("You attach: ") {
                let (name, media) = file.split_once(" (").expect("name (media type)");
                let media = media.trim_end_matches(')');
                let file = FileHandle {
                    url: format!("/files/{name}").into(),
                    filename: name.into(),
                    mime_type: media.into(),
                    size: 1_024,
                };
                return Some(Answer { text: String::new(), files: vec![file] });
            }
            let text = line.strip_prefix("You:")?;
            Some(Answer { text: text.trim_start().to_owned(), files: Vec::new() })
        })
        .collect();
    answers.reverse();
    answers
}

struct Answer {
    text: String,
    files: Vec<FileHandle>,
}

struct Conversation {
    run: Run,
    memory: HashMap<String, Value>,
    /// Next one last.
    answers: Vec<Answer>,
    restarts: u32,
}

impl Conversation {
    /// A line of the dialogue; further lines of its text are indented, empty ones stay empty.
    fn line(&mut self, who: &str, text: &str) {
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default();
        let said = &mut self.run.said;
        let _ = writeln!(said, "{}", format!("{who}: {first}").trim_end());
        for line in lines {
            let _ = writeln!(said, "{}", format!("     {line}").trim_end());
        }
    }

    fn run(&mut self, image: &Arc<Image>, params: Vec<(String, Value)>, way: Way) {
        let mut machine = match Machine::new(image.clone(), "start", params, Limits::default()) {
            Ok(machine) => machine,
            Err(error) => return self.failed(&error),
        };
        let fuel = if way.saves() { 7 } else { 1_000_000 };
        loop {
            let step = machine.run(fuel);
            self.run.variables = machine.variables();
            match step {
                Step::Done(Value::Null) => return,
                Step::Done(value) => {
                    let shown = match &value {
                        Value::Text(text) => text.to_string(),
                        other => ops::to_text(other),
                    };
                    self.run.value = Some(value);
                    return self.line("Returns", &shown);
                }
                Step::Failed(error) => return self.failed(&error),
                Step::Effect(request) => {
                    let span = &request.span;
                    let place = (span.file.to_string(), span.line, span.column);
                    let effect = (request.keyword.clone(), request.args.clone(), place.0, place.1, place.2);
                    self.run.effects.push(effect);
                    machine = self.saved(image, machine, way);
                    match self.effect(&request) {
                        Some(outcome) => machine.resume(outcome),
                        None => return,
                    }
                }
                Step::Fuel => machine = self.saved(image, machine, way),
            }
        }
    }

    /// The machine after a restart of the server; after many of them one that long loops do not wait for.
    fn saved(&mut self, image: &Arc<Image>, machine: Machine, way: Way) -> Machine {
        if !way.saves() || self.restarts == 1_000 {
            return machine;
        }
        self.restarts += 1;
        Machine::restore(image.clone(), &machine.snapshot(), Limits::default()).expect("restores")
    }

    fn failed(&mut self, error: &BasicError) {
        let span = error.span.clone().unwrap_or_default();
        self.line(&format!("Error {} in line {}", error.number, span.line), &error.message);
        let place = (span.file.to_string(), span.line, span.column);
        self.run.error = Some((error.number, error.message.clone(), place.0, place.1, place.2));
    }

    /// The outcome of an effect; `None` when the person says nothing more.
    fn effect(&mut self, request: &EffectRequest) -> Option<Result<Value, BasicError>> {
        let args = &request.args;
        if let Some(Arg::Hear(hear)) = args.get("hear") {
            return self.hear(hear).map(Ok);
        }
        let null = Some(Ok(Value::Null));
        match &*request.keyword {
            "TALK" => {
                self.line("Bot", &args.text("message"));
                null
            }
            "SYSTEM PROMPT" => {
                self.line("Prompt", &args.text("text"));
                null
            }
            "SEND MAIL" => {
                self.line(&format!("Mail to {}", args.text("to")), &args.text("subject"));
                let body = args.text("body");
                self.line("Text", &body);
                null
            }
            "REMEMBER" => {
                self.memory.insert(args.text("key"), args.value("value"));
                null
            }
            "RECALL" => Some(Ok(self.memory.get(&args.text("key")).cloned().unwrap_or_default())),
            "NOW" => Some(Ok(Value::Date(NOW))),
            "TODAY" => Some(Ok(Value::Date(today()))),
            "GET TOOL PARAM" => Some(Ok(match args.value("name") {
                Value::Null => Value::text(""),
                value => value,
            })),
            "GET" => Some(Err(BasicError::new(1_002, format!("cannot reach {}", args.text("address"))))),
            other => panic!("the host has no {other}"),
        }
    }

    /// HEAR as the runtime does it: prompt, answer, at most three tries.
    fn hear(&mut self, request: &HearRequest) -> Option<Value> {
        if let Some(prompt) = &request.prompt {
            self.line("Bot", prompt);
        }
        let spec = hear::input_spec(&request.kind, "en");
        if !spec.options.is_empty() {
            self.line("Choices", &spec.options.join(" | "));
        }
        for attempt in 1.. {
            let Some(answer) = self.answers.pop() else {
                let _ = writeln!(self.run.said, "(waits)");
                return None;
            };
            if let Some(file) = answer.files.first() {
                self.line("You attach", &format!("{} ({})", file.filename, file.mime_type));
            } else {
                self.line("You", &answer.text);
            }
            if answer.text.is_empty()
                && answer.files.is_empty()
                && let Some(default) = &request.default
            {
                return Some(default.clone());
            }
            let input = HearInput { text: &answer.text, attachments: &answer.files };
            match hear::validate(&request.kind, &input, &HearContext { today: today(), locale: "en" }) {
                Ok(value) => return Some(value),
                Err(_) if attempt == 3 || hear::declines(&request.kind, &answer.text) => break,
                Err(rejection) => self.line("Bot", &hear::sentence(&rejection, "en")),
            }
        }
        Some(hear::empty_value(&request.kind))
    }
}

const fn today() -> Date {
    Date { civil_seconds: NOW.civil_seconds - NOW.civil_seconds.rem_euclid(86_400), date_only: true, ..NOW }
}
