//! A script as a durable program: steps the machine and hands its effects to the keywords.

mod hear;
mod place;
mod saved;

use std::sync::Arc;

use async_trait::async_trait;
use botserver_basic_syntax::FunctionSig;
use botserver_basic_types::{Arg, Args, BasicError, EffectRequest, Value};
use botserver_basic_vm::{Image, Limits, Machine, Step as MachineStep};
use botserver_config::{BotConfig, ParamValue};
use botserver_engines::{Failure, LocalFailure, LocalWork, Outcome, Program, Step, TurnBuffer, Wait};
use botserver_kernel::{BotId, ConversationId, IdSource, Timestamp};
use botserver_ui_tree::ChatEvent;
use serde_json::json;

pub use self::{
    hear::{Answer, Left, unanswered},
    place::failure_to_script_error,
};
use crate::{CallContext, Handler, KeywordRegistry, debug::Led, http_keywords::attach_headers};

/// Instructions per slice: about a millisecond.
const FUEL: u64 = 50_000;

/// What an effect costs that is answered at once, such as TALK, as a number of instructions.
const EFFECT: u64 = 250;

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
    /// The debugger that leads it.
    led: Option<Box<Led>>,
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
            led: None,
        }
    }

    /// The bot and the conversation that it runs for.
    pub(crate) const fn whose(&self) -> (BotId, Option<ConversationId>) {
        (self.context.bot_id, self.context.conversation_id)
    }

    pub(crate) fn is_led_by(&mut self, led: Led) {
        self.led = Some(Box::new(led));
    }

    /// The present moment, for what it does from now on.
    pub fn at(&mut self, now: Timestamp) {
        self.context.now = now;
    }

    /// Goes on with what a person has typed: the first script of `image`, which knows the variables so far.
    pub fn go_on_with(&mut self, image: Arc<Image>, script: &str) -> Result<(), BasicError> {
        self.pending = None;
        self.attempts = 0;
        self.asked = false;
        self.machine.go_on_with(image, script)
    }

    /// The machine, to look into it between two inputs.
    pub const fn machine(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// Says that a model called it: what it says is also remembered for [`ScriptProgram::said`], and the person may
    /// leave its questions.
    pub fn is_called_by_model(&mut self) {
        self.said.get_or_insert_default();
    }

    /// True when somebody called it and waits for its result: then a question of it may be left.
    const fn is_called(&self) -> bool {
        self.said.is_some()
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

    /// The WAIT is over.
    pub fn woke(&mut self) {
        self.resume_machine(Ok(Value::Null));
    }

    /// True when it has said something since it began or since the person answered last.
    pub const fn has_spoken(&self) -> bool {
        self.spoke
    }

    fn resume_machine(&mut self, outcome: Result<Value, BasicError>) {
        self.attempts = 0;
        self.asked = false;
        self.machine.resume(outcome);
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
        let before = self.machine.instructions();
        let (mut fuel, mut effects) = (FUEL, 0);
        loop {
            // A machine that was restored, or whose person answered wrongly, asks for its effect again.
            let ran = match &mut self.led {
                None => Some(self.machine.run(fuel)),
                Some(led) => led.run(&mut self.machine, fuel),
            };
            let Some(ran) = ran else { return Step::Hold };
            let request = match ran {
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
            // A script that talks without end shares its core like any other.
            effects += EFFECT;
            match FUEL.checked_sub(self.machine.instructions() - before + effects) {
                None | Some(0) => return Step::Yield,
                Some(left) => fuel = left,
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
        self.save()
    }

    async fn hold(&mut self, turn: &TurnBuffer) {
        if let Some(led) = &mut self.led {
            led.hold(&mut self.machine, &self.context, turn).await;
        }
    }
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

/// The functions of the language, as the grammar needs them.
pub fn function_signatures() -> Vec<FunctionSig> {
    botserver_basic_std::functions().iter().map(FunctionSig::from).collect()
}
