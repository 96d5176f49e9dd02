//! A bot with its data, in which scripts run: the machine, the keywords of this domain, and a TALK that
//! collects what is said.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use botserver_basic_syntax::{FunctionSig, Grammar, ast::Script};
use botserver_basic_types::{Arg, BasicError, Effect, KeywordDecl, Value, ops};
use botserver_basic_vm::{Limits, Machine, Source, Step, compile};
use botserver_config::BotConfig;
use botserver_data::{Actor, ApplyReport, DataService, Elsewhere, Seeds, keywords};
use botserver_db::Db;
use botserver_kernel::{BotId, Clock, IdSource, OrgId, PersonId, Principal, Role, Timestamp};
use botserver_runtime::{CallContext, Handler, Keyword, KeywordRegistry};
use botserver_testkit::{FixedClock, SeqIds};

/// 2026-03-01 12:00:00 in the bot's zone (UTC-3).
const NOW: i64 = 1_772_377_200;

/// Files of the bot's package.
#[derive(Default)]
pub(crate) struct Package(Mutex<HashMap<String, Vec<u8>>>);

impl Package {
    pub(crate) fn put(&self, path: &str, content: &str) {
        self.0.lock().unwrap().insert(path.to_owned(), content.as_bytes().to_vec());
    }
}

#[async_trait]
impl Seeds for Package {
    async fn read(&self, _: BotId, path: &str) -> std::io::Result<Option<bytes::Bytes>> {
        Ok(self.0.lock().unwrap().get(path).cloned().map(Into::into))
    }
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) service: DataService,
    pub(crate) package: Arc<Package>,
    pub(crate) cx: CallContext,
    registry: KeywordRegistry,
    grammar: Grammar,
}

/// What a script did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) said: Vec<String>,
    pub(crate) end: Result<Value, BasicError>,
}

impl World {
    pub(crate) fn new(db: Db) -> Self {
        let package = Arc::new(Package::default());
        let ids = Arc::new(SeqIds::default());
        let service = DataService::new(db.clone(), ids, package.clone());
        let elsewhere = |word: &'static str| Handler::Read {
            slow: false,
            run: Arc::new(move |_: &CallContext, _| Box::pin(std::future::ready(Ok(Value::text(word))))),
        };
        let delete = Elsewhere {
            url: elsewhere("a web address"),
            file: elsewhere("a file"),
            collection: elsewhere("a collection"),
        };
        let mut all = keywords(&service, delete);
        let clock = FixedClock::new(NOW * 1_000);
        let clock: Arc<dyn Clock> = Arc::new(clock);
        all.extend(botserver_runtime::clock_keywords(&clock, &(Arc::new(SeqIds::default()) as Arc<dyn IdSource>)));
        let talk = KeywordDecl::new("TALK", &["TALK message:expr"], Effect::Say, "Says.", "TALK 1");
        all.push(Keyword::say(talk, |_, turn, args| {
            turn.events.push(args.text("message").into());
            Ok(Value::Null)
        }));
        let registry = KeywordRegistry::new(all).unwrap();
        let functions: Vec<FunctionSig> = botserver_basic_std::functions().iter().map(FunctionSig::from).collect();
        let grammar = Grammar::new(&registry.declarations(), &functions).unwrap();
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(-3));
        let cx = CallContext {
            principal: Principal {
                org_id: OrgId::new(uuid::Uuid::from_u128(7)),
                person_id: PersonId::new(uuid::Uuid::from_u128(8)),
                role: Role::Visitor,
            },
            // Schemas of bots are shared by all tests on one PostgreSQL server.
            bot_id: BotId::new(random()),
            bot_name: "shop".into(),
            package_version: "v1".into(),
            conversation_id: None,
            config: Arc::new(BotConfig::default()),
            locale: "en".into(),
            time_zone: zone,
            turn: "t1".into(),
            now: Timestamp::from_second(NOW).unwrap(),
        };
        Self { db, service, package, cx, registry, grammar }
    }

    pub(crate) fn actor(&self) -> Actor<'_> {
        Actor {
            principal: &self.cx.principal,
            bot_id: self.cx.bot_id,
            now: self.cx.now,
            offset_minutes: -180,
            max_rows: 10_000,
        }
    }

    pub(crate) fn parse(&self, source: &str) -> Script {
        let parsed = botserver_basic_syntax::parse("test.bas", source, &self.grammar);
        // B0601 warns of filters in variables, which some tests are about.
        let found = parsed.diagnostics.iter().filter(|own| &*own.code != "B0601");
        let errors: Vec<String> = found.map(|own| own.message.clone()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{source}");
        parsed.script
    }

    /// Applies TABLE and CREATE INDEX declarations.
    pub(crate) async fn tables(&self, source: &str) -> ApplyReport {
        let script = self.parse(source);
        self.service.apply_tables(self.actor(), &script.tables, &script.indexes).await.unwrap()
    }

    pub(crate) async fn run(&self, source: &str) -> Ran {
        self.run_with(source, &[]).await
    }

    /// Runs a script with parameters that a person has typed, as the durable program tells keywords.
    pub(crate) async fn run_typed(&self, source: &str, params: &[(&str, Value)]) -> Ran {
        let texts = params.iter().map(|(_, value)| value.clone()).collect();
        self.run_telling(source, params, Some((Arc::from(botserver_runtime::TYPED_TEXTS), Arg::Values(texts)))).await
    }

    /// Runs a script with parameters.
    pub(crate) async fn run_with(&self, source: &str, params: &[(&str, Value)]) -> Ran {
        self.run_telling(source, params, None).await
    }

    async fn run_telling(&self, source: &str, params: &[(&str, Value)], more: Option<(Arc<str>, Arg)>) -> Ran {
        let declared =
            params.iter().fold(String::new(), |own, (name, _)| own + "PARAM " + name + " AS string OPTIONAL\n");
        let script = self.parse(&format!("{declared}{source}"));
        let compiled = compile(&[Source { script: &script, diagnostics: &[] }]);
        assert!(compiled.diagnostics.is_empty(), "{:?}\n{source}", compiled.diagnostics);
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let mut machine = Machine::new(compiled.image, "test", params, Limits::default()).unwrap();
        let mut turn = botserver_runtime::TurnBuffer::default();
        loop {
            let mut request = match machine.run(1_000_000) {
                Step::Done(value) => return Ran { said: said(&turn), end: Ok(value) },
                Step::Failed(error) => return Ran { said: said(&turn), end: Err(error) },
                Step::Fuel => continue,
                Step::Effect(request) => request,
            };
            request.args.0.extend(more.clone());
            let keyword = self.registry.get(&request.keyword).unwrap();
            let outcome = match keyword.handler.resolve(&request.args) {
                Handler::Read { run, .. } => run(&self.cx, request.args).await,
                Handler::Say(run) => run(&self.cx, &mut turn, request.args),
                Handler::Local(run) => {
                    let (run, cx) = (run.clone(), self.cx.clone());
                    self.db
                        .write("test", move |tx| {
                            Box::pin(async move { run(&cx, tx, request.args).await.map_err(Failed::Script) })
                        })
                        .await
                        .map_err(|failed| match failed {
                            Failed::Script(error) => error,
                            Failed::Db(error) => panic!("{error}"),
                        })
                }
                _ => panic!("unexpected effect of {}", request.keyword),
            };
            machine.resume(outcome);
        }
    }

    /// What a script says, line by line; a failure is its message.
    pub(crate) async fn says(&self, source: &str) -> String {
        self.run(source).await.text()
    }

    /// Drops what lies outside the test's own schema.
    pub(crate) async fn clean(&self) {
        use botserver_db::ConnectionTrait as _;
        if self.db.dialect() == botserver_db::Dialect::Postgres {
            let drop = format!("DROP SCHEMA IF EXISTS \"bot_{}\" CASCADE", self.cx.bot_id.uuid().simple());
            self.db
                .write("clean", move |tx| {
                    Box::pin(async move {
                        tx.execute_unprepared(&drop)
                            .await
                            .map_err(|source| botserver_db::Error::statement("clean", source))?;
                        Ok::<_, botserver_db::Error>(())
                    })
                })
                .await
                .unwrap();
        }
    }
}

impl Ran {
    pub(crate) fn text(&self) -> String {
        let mut lines = self.said.clone();
        if let Err(error) = &self.end {
            lines.push(format!("error {}: {}", error.number, error.message));
        }
        lines.join("\n")
    }
}

fn said(turn: &botserver_runtime::TurnBuffer) -> Vec<String> {
    turn.events.iter().map(|event| ops::to_text(&Value::from_json(event))).collect()
}

/// Not sequential: tests that run side by side share a server.
fn random() -> uuid::Uuid {
    botserver_kernel::RandomIds.next_uuid()
}

enum Failed {
    Script(BasicError),
    Db(botserver_db::Error),
}

impl From<botserver_db::Error> for Failed {
    fn from(error: botserver_db::Error) -> Self {
        Self::Db(error)
    }
}
