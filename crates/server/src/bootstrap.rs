//! The start order: what is opened before what, and what each room gets.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use botserver_auth::{Auth, AuthDeps, AuthSettings};
use botserver_basic_vm::CompileOptions;
use botserver_bot::{BotTurns, ChatDependencies, ChatService};
use botserver_bot_tests::{Tape, TapedModel};
use botserver_cache::{LocalPubSub, MemoryCache};
use botserver_config::Settings;
use botserver_data::DataService;
use botserver_db::{Db, DbUrl, Durability, MigrationReport};
use botserver_engines::{CommitExtension, Engine, EngineOptions};
use botserver_http::{HostPort, HttpClient, OutboundPolicy};
use botserver_kernel::{Clock, IdSource, RandomIds, SystemClock};
use botserver_llm::{Llm, LlmDeps, ModelRecords, delete_traces};
use botserver_models::HttpModels;
use botserver_objects::FolderObjects;
use botserver_packages::{Language, Packages, PackagesDeps};
use botserver_ports::{Cache, ChatModel, ObjectStore, PubSub};
use botserver_runtime::{KeywordRegistry, debug::Debuggers, function_signatures};
use botserver_session::{History, SessionService, UploadLimit};
use botserver_web::{Health, Metrics, RateLimiter, RatePolicy, ReservedNames, Site, Sockets, Stack, WebSettings};
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use crate::{
    documents::{self, Documents, Outside},
    embedders,
    models::{self, Models},
    modules::{self, Chance},
    overview,
    problems::Problems,
    tables::{PackageFiles, Tables},
    upkeep::Upkeep,
};

/// Memory for short-lived values: counters of limits, texts that are being streamed.
const CACHE_BYTES: u64 = 16 << 20;

/// What everything stands on that is not of this machine's choice in a test.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) chance: Chance,
    /// Stands between the rooms and the network.
    pub(crate) tape: Option<Arc<Tape>>,
}

impl World {
    /// The real one.
    pub(crate) fn real() -> Self {
        let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
        Self { clock: Arc::new(SystemClock), chance: Chance::of_this_machine(&ids), ids, tape: None }
    }
}

/// A server that is ready to listen.
pub(crate) struct Assembled {
    pub(crate) auth: Auth,
    pub(crate) db: Db,
    pub(crate) engine: Engine,
    pub(crate) packages: Packages,
    pub(crate) llm: Llm,
    pub(crate) documents: Documents,
    pub(crate) upkeep: Upkeep,
    pub(crate) turns: Arc<BotTurns>,
    pub(crate) chat: Arc<ChatService>,
    pub(crate) sessions: Arc<SessionService>,
    /// Closed, until the server is told that it is one for development.
    pub(crate) debuggers: Arc<Debuggers>,
    pub(crate) language: Arc<Language>,
    pub(crate) keywords: Arc<KeywordRegistry>,
    pub(crate) data: DataService,
    pub(crate) router: axum::Router,
    /// The names that no bot may have.
    pub(crate) reserved: ReservedNames,
    pub(crate) sockets: Sockets,
    pub(crate) migrated: MigrationReport,
}

/// Opens everything. Nothing runs yet.
pub(crate) async fn assemble(settings: &Settings, problems: &Problems, stop: &CancellationToken) -> Result<Assembled> {
    assemble_in(World::real(), settings, problems, stop).await
}

/// [`assemble`] in a world of one's own.
pub(crate) async fn assemble_in(
    world: World,
    settings: &Settings,
    problems: &Problems,
    stop: &CancellationToken,
) -> Result<Assembled> {
    let World { clock, ids, chance, tape } = world;
    let durability = match settings.storage.durability {
        botserver_config::Durability::Full => Durability::Full,
        botserver_config::Durability::Off => Durability::Off,
    };
    let db = Db::connect_with(&DbUrl::parse(settings.storage.database.expose())?, durability).await?;
    let migrated = db.migrate(&modules::migrations(), clock.now_ms()).await?;

    let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new(CACHE_BYTES));
    let pubsub: Arc<dyn PubSub> = Arc::new(LocalPubSub::default());
    let objects = open_objects(settings.storage.objects.expose())?;
    let limiter = RateLimiter::new(cache.clone(), clock.clone());
    let auth = Auth::open(AuthDeps {
        db: db.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        limiter: limiter.clone(),
        settings: AuthSettings {
            session_idle: settings.auth.session_idle_timeout,
            session_life: settings.auth.session_lifetime,
            link_life: settings.auth.owner_link_lifetime,
        },
    })
    .await?;

    problems.take_up(&db, auth.org_id()).await?;

    let options = EngineOptions { queue_limit: settings.limits.queued_messages as usize, ..EngineOptions::default() };
    let extensions: Vec<Arc<dyn CommitExtension>> = vec![Arc::new(History), Arc::new(ModelRecords)];
    let engine = Engine::new(db.clone(), clock.clone(), ids.clone(), pubsub, extensions, options);

    let client = HttpClient::new(outbound(settings)?);
    let client = Arc::new(match &tape {
        Some(tape) => client.with_exchange(tape.clone()),
        None => client,
    });
    let seeds = PackageFiles::default();
    let data = DataService::new(db.clone(), ids.clone(), Arc::new(seeds.clone()));
    let llm = Llm::new(LlmDeps {
        db: db.clone(),
        ids: ids.clone(),
        clock: clock.clone(),
        model: chat_model(settings, &client, tape.as_ref())?,
        authorizer: auth.authorizer(),
    });
    let knowledge = documents::open(
        settings,
        Outside {
            db: db.clone(),
            org_id: auth.org_id(),
            clock: clock.clone(),
            ids: ids.clone(),
            authorizer: auth.authorizer(),
            // In a test documents are found by their words: nothing is asked while they are read.
            embedders: if tape.is_some() { embedders::none() } else { embedders::embedders(settings, &client) },
        },
    )
    .await?;
    let mut rooms = modules::rooms_with_keywords(&data, &knowledge, &llm, &client);
    let keywords = Arc::new(KeywordRegistry::new(modules::keywords_with(&mut rooms, &clock, &ids, &chance, &client))?);
    let language = Language::new(&keywords.declarations(), &function_signatures())?;
    let language = Arc::new(language.compiled_with(CompileOptions { optimize: settings.bots.optimize }));

    let debuggers = Debuggers::new(language.grammar());
    let tables = Tables::new(data.clone(), seeds, auth.org_id(), clock.clone());
    let reserved = ReservedNames::default();
    let names = reserved.clone();
    let packages = Packages::open(PackagesDeps {
        db: db.clone(),
        org_id: auth.org_id(),
        clock: clock.clone(),
        ids: ids.clone(),
        authorizer: auth.authorizer(),
        language: language.clone(),
        defaults: settings.bot_defaults.clone(),
        dir: settings.bots.dir.clone(),
        preparation: Arc::new(tables.clone()),
        reserved: Arc::new(move |name| names.contains(name)),
    })
    .await?;
    let documents = Documents::new(knowledge.clone(), packages.clone(), auth.org_id(), settings, ids.clone());
    let sessions = SessionService::new(
        db.clone(),
        clock.clone(),
        ids.clone(),
        objects.clone(),
        auth.authorizer(),
        engine.clone(),
        upload_limit(settings.limits.upload_max_bytes, &packages),
    );
    let sessions = Arc::new(sessions.deleting_with(Arc::new(delete_traces)));

    let metrics = Metrics::default();
    let web = Arc::new(web_settings(settings)?);
    let origins = web.allowed_origins.clone();
    let sockets = Sockets::new(web.clone(), &metrics, stop.clone());
    let per_minute = RatePolicy::per_minute("messages", u64::from(settings.limits.messages_per_minute));
    let chat = Arc::new(ChatService::new(ChatDependencies {
        db: db.clone(),
        engine: engine.clone(),
        sessions: sessions.clone(),
        packages: packages.clone(),
        clock: clock.clone(),
        ids: ids.clone(),
        limiter: limiter.clone(),
        messages: per_minute,
        cache: cache.clone(),
    }));
    let turns = Arc::new(BotTurns {
        packages: packages.clone(),
        keywords: keywords.clone(),
        ids: ids.clone(),
        clock: clock.clone(),
        problems: Arc::new(problems.clone()),
        sessions: sessions.clone(),
        llm: llm.clone(),
        knowledge: knowledge.clone(),
        data: data.clone(),
        announcer: engine.announcer(),
        cache,
        debuggers: debuggers.clone(),
    });

    let running = engine.clone();
    metrics.gauge_on_scrape("turns_running", "Turns that run now", move || i64::try_from(running.running_turns()).ok());
    rooms.extend([
        botserver_auth::module(&auth),
        botserver_packages::module(&packages),
        botserver_session::module(sessions.clone()),
        botserver_bot::module(chat.clone(), sockets.clone()),
    ]);
    let mut site = Site::new(health(&db, &objects), reserved.clone());
    for room in rooms {
        site = site.routes(room.routes);
    }
    let overview =
        overview::Overview::new(settings, &db, packages.clone(), sessions.clone(), auth.authorizer(), problems.clone());
    let own_port = settings.server.listen.port();
    let models = Models {
        packages: packages.clone(),
        llm: llm.clone(),
        authorizer: auth.authorizer(),
        client,
        own_port,
        allowed: settings.outbound.allow.clone(),
    };
    let site = site.routes(overview::routes(overview)).routes(models::routes(models));
    let router = site.build(Stack { settings: web, ids, authenticator: auth.authenticator(), limiter, metrics });
    let upkeep = Upkeep::new(packages.clone(), tables, db.clone(), auth.org_id(), origins);
    Ok(Assembled {
        auth,
        db,
        engine,
        packages,
        llm,
        documents,
        upkeep,
        turns,
        chat,
        sessions,
        debuggers,
        language,
        keywords,
        data,
        router,
        reserved,
        sockets,
        migrated,
    })
}

/// What speaks with models. A tape knows their answers by what was asked, so that its client has no tape of its own.
fn chat_model(settings: &Settings, client: &Arc<HttpClient>, tape: Option<&Arc<Tape>>) -> Result<Arc<dyn ChatModel>> {
    Ok(match tape {
        None => Arc::new(HttpModels::new(client.clone())),
        Some(tape) => {
            let model = Arc::new(HttpModels::new(Arc::new(HttpClient::new(outbound(settings)?))));
            Arc::new(TapedModel::new(model, tape.clone()))
        }
    })
}

/// The server's limit, or a bot's own if that is lower.
fn upload_limit(most: u64, packages: &Packages) -> UploadLimit {
    const KEY: &str = "upload-max-size";
    let packages = packages.clone();
    Arc::new(move |bot| {
        let own = packages.current(bot).filter(|package| package.config.is_set(KEY));
        own.and_then(|package| package.config.bytes(KEY)).map_or(most, |own| own.min(most))
    })
}

pub(crate) fn outbound(settings: &Settings) -> Result<OutboundPolicy> {
    let allowed = settings
        .outbound
        .allow
        .iter()
        .map(|text| text.parse::<HostPort>().with_context(|| format!("outbound.allow: `{text}` is not host:port")));
    Ok(OutboundPolicy { allow: allowed.collect::<Result<_>>()? })
}

fn open_objects(url: &str) -> Result<Arc<dyn ObjectStore>> {
    let path = url.strip_prefix("file://").context("storage.objects must be file://PATH")?;
    Ok(Arc::new(FolderObjects::open(std::path::Path::new(path)).context("cannot open the folder of objects")?))
}

fn web_settings(settings: &Settings) -> Result<WebSettings> {
    let web = WebSettings {
        public_url: settings.server.public_url.as_deref().map(url::Url::parse).transpose()?,
        request_timeout: Duration::from_secs(settings.server.request_timeout_seconds),
        body_limit_bytes: usize::try_from(settings.server.max_body_bytes)?,
        trusted_proxies: settings.server.trusted_proxies.iter().map(|text| network(text)).collect::<Result<_>>()?,
        rate_per_address: RatePolicy::per_minute("address", settings.limits.requests_per_address.into()),
        rate_of_reads: RatePolicy::per_minute("reads", settings.limits.reads_per_minute.into()),
        rate_of_writes: RatePolicy::per_minute("writes", settings.limits.changes_per_minute.into()),
        ..WebSettings::default()
    };
    let refused = web.allowed_origins.set(settings.server.cors_allowed_origins.iter().map(String::as_str));
    if let Some(origin) = refused.first() {
        anyhow::bail!("server.cors_allowed_origins: `{origin}` is not an origin such as https://example.org");
    }
    Ok(web)
}

/// An address, or a range of addresses.
fn network(text: &str) -> Result<IpNet> {
    let wrong = || format!("server.trusted_proxies: `{text}` is neither an address nor a range");
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.into()),
        Err(_) => text.parse().with_context(wrong),
    }
}

fn health(db: &Db, objects: &Arc<dyn ObjectStore>) -> Health {
    let (db, objects) = (db.clone(), objects.clone());
    Health::default()
        .check("database", move || {
            let db = db.clone();
            async move { db.ping().await.map_err(|error| error.to_string()) }
        })
        .check("objects", move || {
            let objects = objects.clone();
            async move { objects.check().await.map_err(|error| error.to_string()) }
        })
}
