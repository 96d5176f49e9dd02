//! A script as a durable program: steps the machine, hands its effects to the keywords, does the waiting and
//! asking again of HEAR.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_basic_std::hear::{self, HearContext, HearInput};
use botserver_basic_syntax::FunctionSig;
use botserver_basic_types::{Arg, Args, BasicError, EffectRequest, FileHandle, HearRequest, HearType, Value, ops};
use botserver_basic_vm::{Image, Limits, Machine, Step as MachineStep};
use botserver_config::{BotConfig, ParamValue};
use botserver_engines::{Failure, LocalFailure, LocalWork, Outcome, Program, Step, TurnBuffer, Wait};
use botserver_kernel::{IdSource, MessageId};
use botserver_ui_tree::{ChatEvent, Part, ScriptError, Speaker};
use serde_json::json;

use crate::{
    CallContext, Handler, KeywordRegistry,
    clock_keywords::{civil, day},
    http_keywords::attach_headers,
};

/// Instructions per slice: about a millisecond.
const FUEL: u64 = 50_000;
/// Wrong answers after which HEAR goes on with an empty one (language reference 3.2).
const ATTEMPTS: u8 = 3;
/// First byte of a saved program; append-only.
const FORMAT: u8 = 1;
/// Bits of its third byte; append-only.
const ASKED: u8 = 1;
const SPOKE: u8 = 2;
/// The texts that were typed follow, as JSON behind its length.
const TYPED: u8 = 4;
/// What it has said follows, as JSON behind its length.
const SAID: u8 = 8;

/// The argument in which keywords with filters are told what people have typed in this run: texts that could be
/// taken for a piece of a condition. A filter that a script puts together in a variable keeps them values.
pub const TYPED_TEXTS: &str = "typed_texts";
/// The part of the state document that says which collections of documents a conversation uses, and the argument under
/// which slow reads are told.
pub const KNOWLEDGE_STATE: &str = "knowledge";
/// Typed texts that are remembered, and their longest; a longer one is no injection that anybody needs.
const MOST_TYPED: usize = 32;
const LONGEST_TYPED: usize = 4_096;
/// Bytes after which what a tool says is not remembered any more.
const LONGEST_SAID: usize = 16_384;

/// Why a program could not be started or taken up again.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The script is missing or broken, or its limits are exceeded at once.
    #[error(transparent)]
    Script(#[from] BasicError),
    /// The saved state cannot be read.
    #[error("the saved state of the script cannot be read: {0}")]
    Snapshot(String),
}

/// What a person answered to a HEAR.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// The files.
    pub files: Vec<FileHandle>,
}

/// A script in the middle of its run.
pub struct ScriptProgram {
    machine: Machine,
    keywords: Arc<KeywordRegistry>,
    ids: Arc<dyn IdSource>,
    context: CallContext,
    /// The handler and arguments of the effect that the engine is about to perform.
    pending: Option<(Handler, Args)>,
    /// Answers that were not acceptable.
    attempts: u8,
    /// The HEAR has been announced to the person and waits.
    asked: bool,
    /// It has said something since it began or the person answered last.
    spoke: bool,
    /// How long a HEAR waits, from the bot's settings.
    hear_timeout_ms: Option<i64>,
    /// See [`TYPED_TEXTS`].
    typed: Vec<String>,
    /// What it has said, while somebody wants to know: a tool without RETURN answers with it.
    said: Option<Vec<String>>,
}

impl ScriptProgram {
    /// Starts a script of an image.
    pub fn start(
        image: Arc<Image>,
        script: &str,
        params: Vec<(String, Value)>,
        keywords: Arc<KeywordRegistry>,
        ids: Arc<dyn IdSource>,
        context: CallContext,
    ) -> Result<Self, StartError> {
        let texts: Vec<Value> = params.iter().map(|(_, value)| value.clone()).collect();
        let mut machine = Machine::new(image, script, params, limits(&context.config))?;
        for (name, value) in context.config.params() {
            machine.set_global(&name, &param(value))?;
        }
        let mut program = Self::around(machine, keywords, ids, context);
        for text in &texts {
            program.note_typed(text);
        }
        Ok(program)
    }

    /// Takes a saved script up again.
    pub fn restore(
        image: Arc<Image>,
        saved: &[u8],
        keywords: Arc<KeywordRegistry>,
        ids: Arc<dyn IdSource>,
        context: CallContext,
    ) -> Result<Self, StartError> {
        let (&[format, attempts, flags], rest) =
            saved.split_first_chunk::<3>().ok_or_else(|| StartError::Snapshot("it is too short".to_owned()))?;
        if format != FORMAT {
            return Err(StartError::Snapshot(format!("its format {format} is unknown to this build")));
        }
        let unreadable = || StartError::Snapshot("its texts cannot be read".to_owned());
        let (typed, rest) =
            if flags & TYPED == 0 { (Vec::new(), rest) } else { read_texts(rest).ok_or_else(unreadable)? };
        let (said, machine) = if flags & SAID == 0 {
            (None, rest)
        } else {
            let (said, rest) = read_texts(rest).ok_or_else(unreadable)?;
            (Some(said), rest)
        };
        let machine = Machine::restore(image, machine, limits(&context.config))
            .map_err(|error| StartError::Snapshot(error.to_string()))?;
        let (asked, spoke) = (flags & ASKED != 0, flags & SPOKE != 0);
        Ok(Self { attempts, asked, spoke, typed, said, ..Self::around(machine, keywords, ids, context) })
    }

    fn around(machine: Machine, keywords: Arc<KeywordRegistry>, ids: Arc<dyn IdSource>, context: CallContext) -> Self {
        let hear_timeout = context.config.seconds("hear-timeout-secs").filter(|seconds| *seconds > 0);
        let hear_timeout_ms = hear_timeout.map(|s| i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1_000));
        Self {
            machine,
            keywords,
            ids,
            context,
            pending: None,
            attempts: 0,
            asked: false,
            spoke: false,
            hear_timeout_ms,
            typed: Vec::new(),
            said: None,
        }
    }

    /// From now on what it says is also remembered for [`ScriptProgram::said`].
    pub fn remember_said(&mut self) {
        self.said.get_or_insert_default();
    }

    /// The texts it has said, if they are remembered.
    pub fn said(&self) -> &[String] {
        self.said.as_deref().unwrap_or_default()
    }

    /// Remembers the texts of new events.
    fn note_said(&mut self, events: &[serde_json::Value]) {
        let Some(said) = &mut self.said else { return };
        for event in events {
            if let Ok(ChatEvent::Message { parts, .. }) = serde_json::from_value(event.clone())
                && said.iter().map(String::len).sum::<usize>() < LONGEST_SAID
            {
                said.push(botserver_ui_tree::plain_text(&parts));
            }
        }
    }

    /// Remembers a text from outside if it could be taken for a piece of a condition.
    fn note_typed(&mut self, value: &Value) {
        let Value::Text(text) = value else { return };
        let text = text.trim();
        if could_be_a_condition(text) && text.len() <= LONGEST_TYPED && !self.typed.iter().any(|own| own == text) {
            if self.typed.len() == MOST_TYPED {
                self.typed.remove(0);
            }
            self.typed.push(text.to_owned());
        }
    }

    /// Gives the person's answer to the HEAR that waits: the script goes on with the value, or the person is asked
    /// again.
    pub fn answer(&mut self, answer: &Answer, turn: &mut TurnBuffer) {
        let Some(request) = self.hearing() else { return };
        let empty = answer.text.trim().is_empty() && answer.files.is_empty();
        if let (true, Some(default)) = (empty, &request.default) {
            return self.heard(default.clone(), turn);
        }
        let today = day(civil(self.context.now, &self.context.time_zone));
        let given = HearInput { text: &answer.text, attachments: &answer.files };
        let about = HearContext { today, locale: &self.context.locale };
        match hear::validate(&request.kind, &given, &about) {
            Ok(value) => self.heard(value, turn),
            Err(rejection) => {
                self.attempts += 1;
                if self.attempts >= ATTEMPTS {
                    return self.heard(hear::empty_value(&request.kind), turn);
                }
                self.say(hear::sentence(&rejection, &self.context.locale), turn);
                self.announce(&request, turn);
            }
        }
    }

    /// The HEAR has waited as long as the bot's settings allow.
    pub fn hear_timed_out(&mut self, turn: &mut TurnBuffer) {
        if self.hearing().is_some() {
            let seconds = self.hear_timeout_ms.unwrap_or_default() / 1_000;
            self.resume_machine(Err(BasicError::new(1001, format!("HEAR timed out after {seconds} s"))));
            turn.events.push(ChatEvent::Hear { input: None }.to_json());
        }
    }

    /// The WAIT is over.
    pub fn woke(&mut self) {
        self.resume_machine(Ok(Value::Null));
    }

    /// True when it has said something since it began or since the person answered last.
    pub const fn has_spoken(&self) -> bool {
        self.spoke
    }

    /// True while the person is asked for something that must not be shown.
    pub fn is_hearing_secret(&self) -> bool {
        self.hearing().is_some_and(|request| matches!(request.kind, HearType::Password))
    }

    fn hearing(&self) -> Option<HearRequest> {
        match self.machine.pending()?.args.get("hear")? {
            Arg::Hear(request) => Some(request.clone()),
            _ => None,
        }
    }

    fn heard(&mut self, value: Value, turn: &mut TurnBuffer) {
        self.note_typed(&value);
        self.resume_machine(Ok(value));
        self.spoke = false;
        turn.events.push(ChatEvent::Hear { input: None }.to_json());
    }

    fn resume_machine(&mut self, outcome: Result<Value, BasicError>) {
        self.attempts = 0;
        self.asked = false;
        self.machine.resume(outcome);
    }

    fn say(&self, text: String, turn: &mut TurnBuffer) {
        let id = MessageId::new(self.ids.next_uuid()).to_string();
        let parts = vec![Part::Text { text }];
        let said = ChatEvent::message(id, Speaker::Bot, parts, self.context.turn.to_string());
        turn.events.push(said.to_json());
    }

    /// Shows the person which kind of answer is waited for.
    fn announce(&self, request: &HearRequest, turn: &mut TurnBuffer) {
        let spec = hear::input_spec(&request.kind, &self.context.locale);
        let input = botserver_ui_tree::HearInput {
            kind: spec.kind.clone(),
            options: spec.options.clone(),
            accept: spec.accept.iter().flat_map(|types| types.split(',')).map(|kind| kind.trim().to_owned()).collect(),
            attempt: u32::from(self.attempts) + 1,
            secret: matches!(request.kind, HearType::Password),
        };
        turn.events.push(ChatEvent::Hear { input: Some(input) }.to_json());
    }

    fn wait_for_person(&mut self, request: &HearRequest, turn: &mut TurnBuffer) -> Option<Step> {
        if let Some(capability) = hear::missing_capability(&request.kind) {
            self.resume_machine(Err(BasicError::not_available("HEAR", capability)));
            return None;
        }
        if !std::mem::replace(&mut self.asked, true) {
            if let Some(prompt) = request.prompt.as_ref().filter(|text| !text.trim().is_empty()) {
                self.say(prompt.clone(), turn);
            }
            self.announce(request, turn);
        }
        let until_ms = self.hear_timeout_ms.map(|timeout| self.context.now.as_millisecond().saturating_add(timeout));
        Some(Step::Wait(Wait::Input { until_ms }))
    }

    /// Handles an effect; `None` when it was answered at once and the machine goes on.
    fn effect(&mut self, mut request: EffectRequest, turn: &mut TurnBuffer) -> Option<Step> {
        if let Some(Arg::Hear(hear)) = request.args.get("hear") {
            let hear = hear.clone();
            return self.wait_for_person(&hear, turn);
        }
        let Some(keyword) = self.keywords.get(&request.keyword) else {
            let error = BasicError::new(9404, format!("this build has no keyword {}", request.keyword));
            self.machine.resume(Err(error));
            return None;
        };
        if !self.typed.is_empty() {
            let typed = self.typed.iter().map(Value::text).collect();
            request.args.0.push((Arc::from(TYPED_TEXTS), Arg::Values(typed)));
        }
        for key in keyword.state {
            let value = turn.state.get(*key).map_or(Value::Null, Value::from_json);
            request.args.0.push((format!("state.{key}").into(), Arg::Value(value)));
        }
        match keyword.handler.resolve(&request.args) {
            Handler::Say(run) => {
                let before = turn.events.len();
                let outcome = run(&self.context, turn, request.args);
                self.spoke |= turn.events.len() > before;
                self.note_said(turn.events.get(before..).unwrap_or_default());
                self.machine.resume(outcome);
                None
            }
            Handler::Wait(seconds) => match seconds(&request.args) {
                Ok(seconds) => {
                    let due_ms = self.context.now.as_millisecond().saturating_add((seconds * 1_000.0) as i64);
                    Some(Step::Wait(Wait::Timer { due_ms }))
                }
                Err(error) => {
                    self.machine.resume(Err(error));
                    None
                }
            },
            handler @ Handler::Read { slow, .. } => {
                let (slow, mut args) = (*slow, request.args);
                if slow {
                    attach_headers(&mut args, &turn.state);
                    if let Some(chosen) = turn.state.get(KNOWLEDGE_STATE) {
                        args.0.push((Arc::from(KNOWLEDGE_STATE), Arg::Value(Value::from_json(chosen))));
                    }
                }
                self.pending = Some((handler.clone(), args));
                Some(Step::Read { slow })
            }
            handler @ Handler::Local(_) => {
                self.pending = Some((handler.clone(), request.args));
                Some(Step::Local)
            }
            handler @ Handler::Write(_) => {
                let mut args = request.args;
                attach_headers(&mut args, &turn.state);
                self.pending = Some((handler.clone(), args));
                Some(Step::Write)
            }
            Handler::Missing | Handler::Choice(..) => {
                let error = match keyword.decl.missing_capability.as_deref() {
                    Some(capability) => BasicError::not_available(&request.keyword, capability),
                    // Where the arguments choose, a file is the one thing for which no room has come yet.
                    None => BasicError::not_available(&format!("{} of a file", request.keyword), "the drive"),
                };
                self.machine.resume(Err(error));
                None
            }
        }
    }
}

#[async_trait]
impl Program for ScriptProgram {
    fn step(&mut self, turn: &mut TurnBuffer) -> Step {
        loop {
            // A machine that was restored, or whose person answered wrongly, asks for its effect again.
            let request = match self.machine.run(FUEL) {
                MachineStep::Effect(request) => request,
                MachineStep::Done(value) => return Step::Done(value.to_json()),
                MachineStep::Fuel => return Step::Yield,
                MachineStep::Failed(error) => {
                    let detail = json!(error);
                    return Step::Failed(Failure { message: error.message, detail });
                }
            };
            if let Some(step) = self.effect(request, turn) {
                return step;
            }
        }
    }

    async fn read(&mut self) -> Outcome {
        match self.pending.take() {
            Some((Handler::Read { run, .. }, args)) => encode(&run(&self.context, args).await),
            _ => encode(&Err(BasicError::new(9000, "the engine asked for a read that is not pending"))),
        }
    }

    fn local(&mut self) -> LocalWork {
        let pending = self.pending.take();
        let context = self.context.clone();
        Box::new(move |tx| {
            Box::pin(async move {
                let outcome = match pending {
                    Some((Handler::Local(run), args)) => run(&context, tx, args).await,
                    _ => Err(BasicError::new(9000, "the engine asked for a change that is not pending")),
                };
                let text = encode(&outcome);
                if outcome.is_err() { Err(LocalFailure::Script(text)) } else { Ok(text) }
            })
        })
    }

    async fn write(&mut self, key: &str) -> Outcome {
        match self.pending.take() {
            Some((Handler::Write(run), args)) => encode(&run(&self.context, key, args).await),
            _ => encode(&Err(BasicError::new(9000, "the engine asked for a write that is not pending"))),
        }
    }

    fn resume(&mut self, outcome: Outcome) {
        self.pending = None;
        let decoded = serde_json::from_str(&outcome)
            .unwrap_or_else(|error| Err(BasicError::new(9000, format!("a recorded outcome cannot be read: {error}"))));
        self.machine.resume(decoded);
    }

    fn snapshot(&mut self) -> Vec<u8> {
        let flags = (u8::from(self.asked) * ASKED) | (u8::from(self.spoke) * SPOKE);
        let flags = flags | (u8::from(!self.typed.is_empty()) * TYPED);
        let flags = flags | (u8::from(self.said.is_some()) * SAID);
        let mut saved = vec![FORMAT, self.attempts, flags];
        if !self.typed.is_empty() {
            write_texts(&mut saved, &self.typed);
        }
        if let Some(said) = &self.said {
            write_texts(&mut saved, said);
        }
        saved.extend(self.machine.snapshot());
        saved
    }
}

/// Texts in a saved program, behind their length.
fn write_texts(saved: &mut Vec<u8>, texts: &[String]) {
    let texts = serde_json::to_vec(texts).unwrap_or_default();
    saved.extend((texts.len() as u32).to_le_bytes());
    saved.extend(texts);
}

/// Texts at the start of the rest of a saved program, and what follows them.
fn read_texts(bytes: &[u8]) -> Option<(Vec<String>, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (texts, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    Some((serde_json::from_slice(texts).ok()?, rest))
}

/// Whether a text inside a filter could be more than a value: it holds a quote, an operator or a word that joins.
fn could_be_a_condition(text: &str) -> bool {
    let joins = |word: &str| {
        ["OR", "AND", "NOT", "IN", "IS", "LIKE", "ILIKE", "BETWEEN", "CONTAINS"]
            .iter()
            .any(|own| word.eq_ignore_ascii_case(own))
    };
    text.chars().count() > 2
        && (text.contains(['\'', '"', '=', '<', '>', '|', '&', '!', '(', ')'])
            || text.split(|c: char| !c.is_alphanumeric()).any(joins))
}

/// What a run may take, by the bot's settings.
fn limits(config: &BotConfig) -> Limits {
    let own = Limits::default();
    let count = |key| config.integer(key).and_then(|number| u64::try_from(number).ok());
    Limits {
        loop_rounds: count("loop-max-iterations").unwrap_or(own.loop_rounds),
        jumps: count("goto-max-iterations").unwrap_or(own.jumps),
        ..own
    }
}

fn param(value: ParamValue) -> Value {
    match value {
        ParamValue::Integer(number) => Value::Int(number),
        ParamValue::Number(number) => Value::Float(number),
        ParamValue::Boolean(on) => Value::Bool(on),
        ParamValue::Text(text) => Value::text(text),
    }
}

fn encode(outcome: &Result<Value, BasicError>) -> Outcome {
    serde_json::to_string(outcome).unwrap_or_else(|error| {
        let message = format!("the outcome cannot be recorded: {error}").replace('"', "'");
        format!(
            "{{\"Err\":{{\"number\":9000,\"message\":\"{message}\",\"span\":null,\"help\":null,\"trappable\":true}}}}"
        )
    })
}

/// The owner's view of a failed script; `source` finds the text of a file of the package version.
pub fn failure_to_script_error(failure: &Failure, source: impl Fn(&str) -> Option<String>) -> Option<ScriptError> {
    let error: BasicError = serde_json::from_value(failure.detail.clone()).ok()?;
    let span = error.span?;
    let text = source(&span.file)?;
    let line = text.lines().nth(span.line.saturating_sub(1) as usize).unwrap_or_default().to_owned();
    let column = span.column.max(1);
    let wide = (span.end.saturating_sub(span.start) as usize)
        .min(line.chars().count() + 1 - (column as usize - 1).min(line.chars().count()))
        .max(1);
    let caret = format!("{}{}", " ".repeat(column as usize - 1), "^".repeat(wide));
    Some(ScriptError {
        file: span.file.to_string(),
        line: span.line,
        column,
        source: line,
        caret,
        message: ops::to_text(&Value::text(error.message)),
        help: error.help,
    })
}

/// The functions of the language, as the grammar needs them.
pub fn function_signatures() -> Vec<FunctionSig> {
    botserver_basic_std::functions().iter().map(FunctionSig::from).collect()
}
