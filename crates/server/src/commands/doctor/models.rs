//! Language models: the configured ones are tried with the smallest request there is, and those that could be used on
//! this machine are offered. None is used before somebody sets it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use botserver_config::{BotConfig, Settings};
use botserver_http::HttpClient;
use botserver_llm::ModelSettings;
use botserver_models::{HttpModels, Listing, Offer};
use botserver_ports::{AnswerFormat, ChatModel as _, ModelError, ModelFault, ModelLimits, ModelMessage, ModelRequest};
use futures_util::{StreamExt as _, stream};
use url::Url;

use super::Finding;
use crate::{bootstrap, models};

const MODELS: &str = "models";
/// How long one model may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Models that are tried at the same time.
const TOGETHER: usize = 8;

/// A bot and its settings.
pub(super) type Configured = (Arc<str>, Arc<BotConfig>);

/// Tries what the bots are set to, and looks at the usual addresses of local servers and the names of keys in the
/// environment.
pub(super) async fn examine(settings: &Settings, bots: &[Configured]) -> Vec<Finding> {
    let Ok(policy) = bootstrap::outbound(settings) else { return Vec::new() };
    let client = Arc::new(HttpClient::new(policy));
    let mut findings = configured(client.clone(), bots).await;
    let mut found = models::offers(&client, Some(settings.server.listen.port()), &settings.outbound.allow).await;
    let none = found.is_empty() && findings.is_empty();
    let used: BTreeSet<String> = bots.iter().filter_map(|(_, config)| address_of(config)).collect();
    found.retain(
        |offer| !matches!(offer, Offer::Server { url, .. } if address(url).is_some_and(|at| used.contains(&at))),
    );
    findings.extend(found.into_iter().map(|offer| Finding::ok(MODELS, describe(&offer))));
    if none {
        let message = "no language model was found on this machine; bots quote their documents without one";
        findings.push(Finding::ok(MODELS, message));
    }
    findings
}

/// The address of the server that a bot uses.
fn address_of(config: &BotConfig) -> Option<String> {
    address(&ModelSettings::resolve(config, None)?.endpoint.url?)
}

/// Host and port; this machine has one name.
fn address(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = match url.host_str()? {
        "localhost" | "[::1]" => "127.0.0.1",
        host => host,
    };
    Some(format!("{host}:{}", url.port_or_known_default()?))
}

/// One finding for each model, with the bots that use it.
async fn configured(client: Arc<HttpClient>, bots: &[Configured]) -> Vec<Finding> {
    let mut distinct: BTreeMap<String, (ModelSettings, Vec<&str>)> = BTreeMap::new();
    for (bot, config) in bots {
        let Some(own) = ModelSettings::resolve(config, None) else { continue };
        let key = own.endpoint.key.as_ref().map_or("", |key| key.expose().as_str());
        let same = format!("{:?} {} {} {key}", own.endpoint.url, own.endpoint.provider, own.endpoint.model);
        distinct.entry(same).or_insert_with(|| (own, Vec::new())).1.push(bot);
    }
    let http = HttpModels::new(client);
    let tried = stream::iter(distinct.into_values()).map(async |(own, bots)| {
        let outcome = tokio::time::timeout(PATIENCE, attempt(&http, &own)).await;
        finding(&own, &bots.join(", "), outcome.unwrap_or_else(|_| Err(late())))
    });
    tried.buffered(TOGETHER).collect().await
}

fn late() -> ModelError {
    ModelError::new(ModelFault::TimedOut, format!("it did not answer within {} seconds.", PATIENCE.as_secs()))
}

/// A model that answers.
enum Answers {
    /// As far as anybody can tell, under its own name.
    Well,
    /// Its server does not list it: why, in a sentence.
    Unlisted(String),
}

/// The list of models costs nothing; a server without one, and one whose list has another model, is asked for a word.
async fn attempt(http: &HttpModels, own: &ModelSettings) -> Result<Answers, ModelError> {
    let listing = http.listing(&own.endpoint).await;
    let unlisted = match listing {
        Ok(Listing::Listed | Listing::Empty) => return Ok(Answers::Well),
        // A server with one model takes every name, most of all when nobody has set one.
        Ok(Listing::Unlisted(said)) => own.is_named().then_some(said),
        Err(error) if is_final(error.fault) => return Err(error),
        Err(_) => None,
    };
    match (ask(http, own).await, unlisted) {
        (Ok(()), Some(said)) => Ok(Answers::Unlisted(said)),
        (Ok(()), None) => Ok(Answers::Well),
        (Err(error), Some(said)) if !is_final(error.fault) && error.fault != ModelFault::RateLimited => {
            Err(ModelError::new(ModelFault::NoModel, said))
        }
        (Err(error), _) => Err(error),
    }
}

/// Whether nothing more can be learnt from asking.
const fn is_final(fault: ModelFault) -> bool {
    matches!(fault, ModelFault::Refused | ModelFault::Unreachable | ModelFault::TimedOut)
}

/// Asks for one token.
async fn ask(http: &HttpModels, own: &ModelSettings) -> Result<(), ModelError> {
    let request = ModelRequest {
        endpoint: own.endpoint.clone(),
        messages: vec![ModelMessage::user("Hi")],
        tools: Vec::new(),
        temperature: None,
        max_tokens: Some(1),
        format: AnswerFormat::Text,
        limits: ModelLimits { first: PATIENCE, total: PATIENCE, ..ModelLimits::default() },
    };
    match http.ask(request).await?.next().await {
        Some(Err(error)) => Err(error),
        _ => Ok(()),
    }
}

fn finding(own: &ModelSettings, bots: &str, outcome: Result<Answers, ModelError>) -> Finding {
    let model = &own.endpoint.model;
    let error = match outcome {
        Ok(Answers::Well) => return Finding::ok(MODELS, format!("`{model}` of {bots} answers ({})", own.origin)),
        Ok(Answers::Unlisted(said)) => {
            let remedy = format!(
                "Correct `llm-model`, unless this server is meant to take a name that it does not list; the model is set \
                 in {}.",
                own.origin
            );
            return Finding::warning(MODELS, format!("`{model}` of {bots}: {said}"), remedy);
        }
        Err(error) => error,
    };
    let message = format!("`{model}` of {bots}: {}", error.message);
    let at = &own.origin;
    let remedy = match error.fault {
        ModelFault::Refused => format!("Correct `llm-key`; the model is set in {at}."),
        ModelFault::NoModel => format!("Correct `llm-model`; the model is set in {at}."),
        ModelFault::Unreachable | ModelFault::TimedOut => format!("Start the server, or correct `llm-url` in {at}."),
        ModelFault::Address => format!("Correct `llm-url` in {at}, or allow the address with outbound.allow."),
        ModelFault::RateLimited => "Wait, or look at the account with the provider.".to_owned(),
        _ => format!("Look at the provider, or correct what is set in {at}."),
    };
    match error.fault {
        ModelFault::RateLimited | ModelFault::Failed => Finding::warning(MODELS, message, remedy),
        _ => Finding::problem(MODELS, message, remedy),
    }
}

fn describe(offer: &Offer) -> String {
    match offer {
        Offer::Server { software, url, models } => {
            let model = models.first().map_or("NAME", String::as_str);
            let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
            format!(
                "{software} answers at {url}; to use it: `llm-url,{url}` and `llm-model,{model}` in config.csv, and \
                 outbound.allow = [\"{address}\"] in config.toml"
            )
        }
        Offer::Key { variable, provider } => format!(
            "{variable} is set; to use it: bot_defaults.llm-provider = \"{provider}\" and bot_defaults.llm-key in \
             config.toml, and `llm-model,NAME` in config.csv"
        ),
    }
}
