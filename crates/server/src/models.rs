//! The owner's pages about language models: which bot uses which, what could be used on this machine, a test, what was
//! used, and why an answer came out as it did.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::extract::State;
use botserver_context::WindowPart;
use botserver_http::HttpClient;
use botserver_kernel::{BotId, ConversationId, MessageId, Permission, Principal, Timestamp};
use botserver_llm::{AskedBy, Error, Llm, ModelSettings};
use botserver_models::{HttpModels, Listing, Offer, discover};
use botserver_packages::{LoadedPackage, Packages};
use botserver_ports::{Authorizer, ModelMessage, Resource};
use botserver_web::{Caller, Json, Path, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long a test waits.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long it waits for the list of models.
const LIST: Duration = Duration::from_secs(5);
/// What a test asks.
const TEST: &str = "Say hello in at most five words.";
/// Days of usage at most.
const MOST_DAYS: u32 = 366;

/// What the pages stand on.
pub(crate) struct Models {
    pub(crate) packages: Packages,
    pub(crate) llm: Llm,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) client: Arc<HttpClient>,
    /// The port this server listens on: not a model.
    pub(crate) own_port: u16,
    /// The addresses that the operator has opened.
    pub(crate) allowed: Vec<String>,
}

pub(crate) fn routes(models: Models) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(test))
        .routes(routes!(usage))
        .routes(routes!(trace))
        .with_state(Arc::new(models))
}

/// What could be used on this machine: never used by itself.
pub(crate) async fn offers(client: &HttpClient, own_port: Option<u16>, allowed: &[String]) -> Vec<Offer> {
    let environment = |name: &str| botserver_config::is_set_in_environment(name);
    discover(client, &environment, own_port, allowed).await
}

impl Models {
    async fn authorize(&self, principal: &Principal) -> Result<(), Problem> {
        let resource = Resource { org_id: principal.org_id, kind: "model", id: None, owner: None };
        let may = self.authorizer.authorize(principal, &Permission::new("model.read"), &resource).await;
        may.map_err(Problem::from)
    }

    fn packages(&self) -> Vec<Arc<LoadedPackage>> {
        self.packages.serving().into_iter().map(|(package, _)| package).collect()
    }
}

#[derive(Serialize, ToSchema)]
struct ModelList {
    /// One per bot.
    items: Vec<BotModel>,
    /// What was found on this machine.
    found: Vec<Found>,
}

#[derive(Serialize, ToSchema)]
struct BotModel {
    bot: String,
    configured: bool,
    provider: Option<String>,
    model: Option<String>,
    /// Empty for the provider's own address.
    url: Option<String>,
    /// Where it is set.
    origin: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Found {
    Server { software: String, url: String, models: Vec<String> },
    Key { variable: String, provider: String },
}

/// The models of all bots, and what could be used on this machine.
#[utoipa::path(get, path = "/api/v1/models", tag = "models", responses((status = 200, body = ModelList)))]
async fn list(State(own): State<Arc<Models>>, Caller(principal): Caller) -> Result<Json<ModelList>, Problem> {
    own.authorize(&principal).await?;
    let items = own.packages().into_iter().map(|package| {
        let settings = ModelSettings::resolve(&package.config, None);
        BotModel {
            bot: package.name.to_string(),
            configured: settings.is_some(),
            provider: settings.as_ref().map(|own| own.endpoint.provider.clone()),
            model: settings.as_ref().map(|own| own.endpoint.model.clone()),
            url: settings.as_ref().and_then(|own| own.endpoint.url.clone()),
            origin: settings.map(|own| own.origin),
        }
    });
    let items = items.collect();
    let found = offers(&own.client, Some(own.own_port), &own.allowed).await;
    let found = found.into_iter().map(|offer| match offer {
        Offer::Server { software, url, models } => Found::Server { software: software.to_owned(), url, models },
        Offer::Key { variable, provider } => {
            Found::Key { variable: variable.to_owned(), provider: provider.to_owned() }
        }
    });
    Ok(Json(ModelList { items, found: found.collect() }))
}

#[derive(Deserialize, ToSchema)]
struct TestWish {
    /// The bot's name.
    bot: String,
}

#[derive(Serialize, ToSchema)]
struct Tested {
    ok: bool,
    model: String,
    /// What it said.
    answer: Option<String>,
    ms: u64,
    /// What kind of failure.
    fault: Option<String>,
    /// The cause, for the owner.
    message: Option<String>,
    /// Its server does not list a model of this name: a sentence with the nearest ones.
    unlisted: Option<String>,
}

/// Asks the model of a bot one short question, and looks whether its server lists it.
#[utoipa::path(post, path = "/api/v1/models/test", tag = "models", request_body = TestWish,
    responses((status = 200, body = Tested)))]
async fn test(
    State(own): State<Arc<Models>>,
    Caller(principal): Caller,
    Json(wish): Json<TestWish>,
) -> Result<Json<Tested>, Problem> {
    own.llm.may_test(&principal).await.map_err(Problem::from)?;
    let (_, package) = own.packages.get(&principal, &wish.bot).await.map_err(Problem::from)?;
    let settings = ModelSettings::resolve(&package.config, None).ok_or(Error::NoModel).map_err(Problem::from)?;
    let by = AskedBy {
        org_id: principal.org_id,
        bot_id: package.bot_id,
        bot: package.name.clone(),
        person: None,
        conversation: None,
    };
    let started = std::time::Instant::now();
    let asked = vec![ModelMessage::user(TEST)];
    let model = settings.endpoint.model.clone();
    let mut tested = Tested { ok: true, model, answer: None, ms: 0, fault: None, message: None, unlisted: None };
    match own.llm.complete(&settings, asked, PATIENCE, by).await {
        Ok(answer) => tested.answer = Some(answer.text),
        Err(Error::Model(error)) => {
            tested.ok = false;
            tested.fault = serde_json::to_value(error.fault).ok().and_then(|word| word.as_str().map(str::to_owned));
            tested.message = Some(error.message);
        }
        Err(error) => return Err(error.into()),
    }
    tested.ms = started.elapsed().as_millis() as u64;
    if settings.is_named() {
        // A server that cannot list says nothing about the name.
        let listing = tokio::time::timeout(LIST, HttpModels::new(own.client.clone()).listing(&settings.endpoint)).await;
        if let Ok(Ok(Listing::Unlisted(said))) = listing {
            tested.unlisted = Some(said);
        }
    }
    Ok(Json(tested))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UsageQuery {
    /// How many days back, today included; 30 if absent.
    days: Option<u32>,
    /// Only this bot, by name.
    bot: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct UsageList {
    items: Vec<UsageView>,
}

#[derive(Serialize, ToSchema)]
struct UsageView {
    /// `2026-11-23`, UTC.
    day: String,
    /// The bot's name; its id once it is gone.
    bot: String,
    model: String,
    calls: i64,
    failed: i64,
    /// Tokens.
    input: u64,
    /// Tokens.
    output: u64,
    /// Of `input`: from the provider's cache.
    cached: u64,
}

/// What was used, by day, bot and model.
#[utoipa::path(get, path = "/api/v1/usage", tag = "models", params(UsageQuery),
    responses((status = 200, body = UsageList)))]
async fn usage(
    State(own): State<Arc<Models>>,
    Caller(principal): Caller,
    Query(query): Query<UsageQuery>,
) -> Result<Json<UsageList>, Problem> {
    let days = query.days.unwrap_or(30).min(MOST_DAYS);
    let rows = own.llm.usage(&principal, days).await.map_err(Problem::from)?;
    let names: HashMap<BotId, String> =
        own.packages().iter().map(|package| (package.bot_id, package.name.to_string())).collect();
    let items = rows.into_iter().map(|row| UsageView {
        day: Timestamp::from_second(row.day * 86_400).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default(),
        bot: names.get(&row.bot_id).cloned().unwrap_or_else(|| row.bot_id.to_string()),
        model: row.model,
        calls: row.calls,
        failed: row.failed,
        input: row.tokens.input,
        output: row.tokens.output,
        cached: row.tokens.cached,
    });
    let items = items.filter(|item| query.bot.as_ref().is_none_or(|bot| item.bot == *bot)).collect();
    Ok(Json(UsageList { items }))
}

#[derive(Serialize, ToSchema)]
struct TraceView {
    /// Tokens that the model takes.
    window: usize,
    /// Of these, kept for the answer.
    reserved: usize,
    /// Tokens of what it was given.
    used: usize,
    /// What counted them.
    counted_by: String,
    /// In the order in which the model saw them; what was left out is there with its reason.
    #[schema(value_type = Vec<Object>)]
    parts: Vec<WindowPart>,
    /// How often the model was asked for this answer.
    rounds: i32,
}

/// What a model was given for an answer, and what was left out.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages/{message}/trace", tag = "models",
    params(("id" = String, Path), ("message" = String, Path)), responses((status = 200, body = TraceView)))]
async fn trace(
    State(own): State<Arc<Models>>,
    Caller(principal): Caller,
    Path((id, message)): Path<(ConversationId, MessageId)>,
) -> Result<Json<TraceView>, Problem> {
    let (window, rounds) = own.llm.trace(&principal, id, message).await.map_err(Problem::from)?;
    Ok(Json(TraceView {
        window: window.window,
        reserved: window.reserved,
        used: window.used,
        counted_by: window.counted_by,
        parts: window.parts,
        rounds,
    }))
}
