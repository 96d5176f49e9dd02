//! LLM, USE MODEL and their kin.

use std::{sync::Arc, time::Duration};

use botserver_basic_types::{Args, BasicError, Effect, KeywordDecl, Value};
use botserver_config::BotConfig;
use botserver_ports::{ModelFault, ModelMessage};
use botserver_runtime::{CallContext, Keyword, TurnBuffer};
use serde_json::{Value as Json, json};

use crate::{AskedBy, Error, Llm, ModelSettings, words};

/// The key of this room in the state document.
pub(crate) const KEY: &str = "llm";
/// How long LLM waits for its answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);
/// The number of the error of a model that did not answer.
const NO_ANSWER: u32 = 2101;
/// And of having none.
const NO_MODEL: u32 = 2100;

/// What USE MODEL said in a conversation.
pub fn chosen_model(turn: &TurnBuffer) -> Option<String> {
    turn.state.get(KEY).and_then(model_of)
}

/// What free text is answered from, as SET ANSWER MODE said in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerMode {
    /// From what the model knows, with documents and tools as they are there.
    Usual,
    /// Without documents.
    Direct,
    /// From documents only.
    Documents,
    /// From the bot's tables too, which the model may ask.
    Tables,
}

/// The words of SET ANSWER MODE, as packages write them.
const MODES: [(&str, AnswerMode); 8] = [
    ("default", AnswerMode::Usual),
    ("direct", AnswerMode::Direct),
    ("document", AnswerMode::Documents),
    ("documents", AnswerMode::Documents),
    ("document-ref", AnswerMode::Documents),
    ("sql", AnswerMode::Tables),
    ("table", AnswerMode::Tables),
    ("tables", AnswerMode::Tables),
];

impl AnswerMode {
    /// Of a conversation; without a word of its own, of the bot (`answer-mode`).
    pub fn of(turn: &TurnBuffer, config: &BotConfig) -> Self {
        let own = turn.state.get(KEY).and_then(|own| own.get("answers")?.as_str());
        own.or_else(|| config.text("answer-mode")).and_then(Self::named).unwrap_or(Self::Usual)
    }

    fn named(word: &str) -> Option<Self> {
        MODES.iter().find(|(own, _)| own.eq_ignore_ascii_case(word.trim())).map(|(_, mode)| *mode)
    }
}

/// Keeps something of this room in the conversation's state.
fn keep(turn: &mut TurnBuffer, name: &str, value: Json) {
    let state = turn.state_mut(KEY);
    match state.as_object_mut() {
        Some(own) => {
            own.insert(name.to_owned(), value);
        }
        None => *state = json!({ name: value }),
    }
}

pub(crate) fn model_of(state: &Json) -> Option<String> {
    Some(state.get("model")?.as_str()?.to_owned())
}

pub(crate) fn keywords(llm: &Llm) -> Vec<Keyword> {
    let own = llm.clone();
    let mut all = vec![
        Keyword::slow_read(
            KeywordDecl::new(
                "LLM",
                &["LLM prompt:expr [WITH OPTIMIZE FOR optimize:expr] [WITH MAX_COST max_cost:expr] [WITH MAX_LATENCY max_latency:expr]"],
                Effect::Read,
                "Asks the language model once and answers its text; an answer that is JSON can be used like an object.",
                "summary = LLM \"Summarize in one sentence: \" + text",
            )
            .returning()
            .raising(&[2100, 2101]),
            move |cx, args| {
                let llm = own.clone();
                Box::pin(async move { ask(&llm, cx, &args).await })
            },
        )
        .with_state(&["context", KEY]),
        Keyword::say(
            KeywordDecl::new(
                "USE MODEL",
                &["USE MODEL model:expr"],
                Effect::Say,
                "Chooses the model of this conversation: \"fast\", \"quality\", \"code\", \"auto\", or a model's name.",
                "USE MODEL \"fast\"",
            ),
            |_, turn, args| {
                let model = args.required_text("model")?;
                keep(turn, "model", json!(model));
                Ok(Value::Null)
            },
        ),
        Keyword::say(
            KeywordDecl::new(
                "SET ANSWER MODE",
                &["SET ANSWER MODE mode:expr"],
                Effect::Say,
                "What free text is answered from in this conversation: \"default\", \"direct\" (no documents), \
                 \"document\" (documents only), or \"sql\" (the model may read the tables that the person may read).",
                "SET ANSWER MODE \"document\"",
            )
            .raising(&[4000]),
            |_, turn, args| {
                let word = args.required_text("mode")?;
                if AnswerMode::named(&word).is_none() {
                    let known: Vec<&str> = MODES.iter().map(|(own, _)| *own).collect();
                    return Err(BasicError::invalid(format!("there is no answer mode \"{word}\""))
                        .with_help(format!("The modes are {}.", known.join(", "))));
                }
                keep(turn, "answers", json!(word.trim().to_lowercase()));
                Ok(Value::Null)
            },
        ),
        Keyword::say(
            KeywordDecl::new(
                "GET CURRENT MODEL",
                &["GET CURRENT MODEL"],
                Effect::Say,
                "The name of the model that answers in this conversation; empty when none is configured.",
                "TALK GET CURRENT MODEL",
            )
            .returning(),
            |cx, turn, _| {
                let settings = ModelSettings::resolve(&cx.config, chosen_model(turn).as_deref());
                Ok(Value::text(settings.map(|own| own.endpoint.model).unwrap_or_default()))
            },
        ),
        Keyword::say(
            KeywordDecl::new(
                "LIST MODELS",
                &["LIST MODELS"],
                Effect::Say,
                "The names of the models in the bot's settings.",
                "names = LIST MODELS",
            )
            .returning(),
            |cx, _, _| {
                let keys = ["llm-model", "model-default", "model-fast", "model-quality", "model-code"];
                let mut names: Vec<&str> = keys.iter().filter_map(|key| cx.config.text(key)).collect();
                names.extend(cx.config.list("llm-models"));
                let mut seen = std::collections::HashSet::new();
                names.retain(|name| !name.trim().is_empty() && seen.insert(*name));
                Ok(Value::Array(names.into_iter().map(Value::text).collect()))
            },
        ),
    ];
    all.extend(words::keywords(llm));
    all
}

async fn ask(llm: &Llm, cx: &CallContext, args: &Args) -> Result<Value, BasicError> {
    let prompt = args.required_text("prompt")?;
    let chosen = match args.text("optimize").to_lowercase().as_str() {
        "speed" | "cost" => Some("fast".to_owned()),
        "quality" => Some("quality".to_owned()),
        _ => model_of(&args.value("state.llm").to_json()),
    };
    let mut messages = Vec::new();
    let context = args.value("state.context").to_json();
    if let Some(texts) = context.get("contexts").and_then(Json::as_object) {
        let texts: Vec<&str> = texts.values().filter_map(Json::as_str).collect();
        if !texts.is_empty() {
            messages.push(ModelMessage::System { text: texts.join("\n\n") });
        }
    }
    messages.push(ModelMessage::user(prompt));
    let latency = args.value("max_latency").to_json().as_f64().filter(|ms| *ms >= 1.0);
    let patience = latency.map_or(PATIENCE, |ms| PATIENCE.min(Duration::from_millis(ms as u64)));
    complete(llm, cx, chosen.as_deref(), messages, patience).await.map(|text| Value::Text(Arc::from(text)))
}

/// One answer of the model, with an error that a script's author understands.
pub(crate) async fn complete(
    llm: &Llm,
    cx: &CallContext,
    chosen: Option<&str>,
    messages: Vec<ModelMessage>,
    patience: Duration,
) -> Result<String, BasicError> {
    let settings = ModelSettings::resolve(&cx.config, chosen).ok_or_else(no_model)?;
    let by = AskedBy {
        org_id: cx.principal.org_id,
        bot_id: cx.bot_id,
        bot: cx.bot_name.clone(),
        person: Some(cx.principal.person_id.uuid()).filter(|id| !id.is_nil()),
        conversation: cx.conversation_id,
    };
    match llm.complete(&settings, messages, patience, by).await {
        Ok(completion) => Ok(completion.text),
        Err(Error::Model(error)) => {
            let help = match error.fault {
                ModelFault::Address => "allow the address with `outbound.allow` in the server's settings",
                ModelFault::Refused => "check `llm-key` in config.csv",
                ModelFault::NoModel => "check `llm-model` in config.csv",
                ModelFault::Limited => "raise `llm-rate-limit` in config.csv",
                _ => "ON ERROR RESUME NEXT lets the dialog go on without it",
            };
            Err(BasicError::new(NO_ANSWER, format!("the language model did not answer: {}", error.message))
                .with_help(help))
        }
        Err(error) => Err(BasicError::new(NO_ANSWER, error.to_string())),
    }
}

fn no_model() -> BasicError {
    BasicError::new(NO_MODEL, "no language model is configured")
        .with_help("set `llm-url` and `llm-model` in config.csv; `botserver doctor` names models that it finds")
}
