//! LLM, USE MODEL and their kin.

use std::{sync::Arc, time::Duration};

use botserver_basic_types::{Args, BasicError, Effect, KeywordDecl, Value};
use botserver_ports::{ModelFault, ModelMessage};
use botserver_runtime::{CallContext, Keyword, TurnBuffer};
use serde_json::{Value as Json, json};

use crate::{AskedBy, Error, Llm, ModelSettings};

/// The key of this room in the state document.
const KEY: &str = "llm";
/// How long LLM waits for its answer.
const PATIENCE: Duration = Duration::from_secs(45);
/// The number of the error of a model that did not answer.
const NO_ANSWER: u32 = 2101;
/// And of having none.
const NO_MODEL: u32 = 2100;

/// What USE MODEL said in a conversation.
pub fn chosen_model(turn: &TurnBuffer) -> Option<String> {
    turn.state.get(KEY).and_then(model_of)
}

fn model_of(state: &Json) -> Option<String> {
    Some(state.get("model")?.as_str()?.to_owned())
}

pub(crate) fn keywords(llm: &Llm) -> Vec<Keyword> {
    let own = llm.clone();
    vec![
        Keyword::slow_read(
            KeywordDecl::new(
                "LLM",
                &["LLM prompt:expr [WITH OPTIMIZE FOR optimize:expr] [WITH MAX_COST max_cost:expr] [WITH MAX_LATENCY max_latency:expr]"],
                Effect::Read,
                "Asks the language model once and answers its text; an answer that is JSON can be used like an object.",
                "summary = LLM \"Summarize in one sentence: \" + text",
            )
            .returning(),
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
                turn.state_mut(KEY);
                turn.state.insert(KEY.to_owned(), json!({"model": model}));
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
    ]
}

async fn ask(llm: &Llm, cx: &CallContext, args: &Args) -> Result<Value, BasicError> {
    let prompt = args.required_text("prompt")?;
    let chosen = match args.text("optimize").to_lowercase().as_str() {
        "speed" | "cost" => Some("fast".to_owned()),
        "quality" => Some("quality".to_owned()),
        _ => model_of(&args.value("state.llm").to_json()),
    };
    let settings = ModelSettings::resolve(&cx.config, chosen.as_deref()).ok_or_else(no_model)?;
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
    let by = AskedBy {
        org_id: cx.principal.org_id,
        bot_id: cx.bot_id,
        bot: cx.bot_name.clone(),
        person: Some(cx.principal.person_id.uuid()).filter(|id| !id.is_nil()),
        conversation: cx.conversation_id,
    };
    match llm.complete(&settings, messages, patience, by).await {
        Ok(completion) => Ok(Value::Text(Arc::from(completion.text))),
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
