//! Folders to throw away, the language that tests speak, and a service over them.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use botserver_basic_syntax::FunctionSig;
use botserver_basic_types::{Diagnostic, Effect, KeywordDecl, Severity, Span};
use botserver_config::BotDefaults;
use botserver_db::Db;
use botserver_kernel::{Clock, OrgId, Principal, RandomIds, Timestamp};
use botserver_packages::{
    Error, Language, Listed, LoadedPackage, PackageEvent, PackageVersion, Packages, PackagesDeps, Preparation,
    ScanLimits, SeedFile, compile, scan,
};
use botserver_testkit::OpenDoor;
use parking_lot::Mutex;
use tokio::sync::broadcast::Receiver;

pub(crate) const ORG: OrgId = OrgId::new(uuid::Uuid::from_u128(1));

fn say(name: &'static str, forms: &[&'static str]) -> KeywordDecl {
    KeywordDecl::new(name, forms, Effect::Say, "", "")
}

/// The shapes of the keywords that the sample bots use; their code is other rooms' business.
fn keywords() -> Vec<KeywordDecl> {
    let read = |name, forms: &[&'static str]| KeywordDecl::new(name, forms, Effect::Read, "", "").returning();
    let local = |name, forms: &[&'static str]| KeywordDecl::new(name, forms, Effect::Local, "", "").returning();
    vec![
        say("TALK", &["TALK text:expr"]),
        say("ADD TOOL", &["ADD TOOL name:expr"]),
        say("CLEAR SUGGESTIONS", &["CLEAR SUGGESTIONS"]),
        say(
            "ADD SUGGESTION",
            &["ADD SUGGESTION TOOL tool:expr AS label:expr", "ADD SUGGESTION key:expr AS label:expr"],
        ),
        say("SET CONTEXT", &["SET CONTEXT name:expr AS text:expr"]),
        read("FIND", &["FIND table:expr [, filter:expr] [WHERE where:cond] [ORDER BY order:order] [LIMIT limit:expr]"]),
        local("INSERT", &["INSERT INTO table:expr VALUES values:expr"]),
        local("UPDATE", &["UPDATE table:expr SET set:assigns [WHERE where:cond]"]),
        read("NOW", &["NOW"]),
        read("TODAY", &["TODAY"]),
        read("GUID", &["GUID"]),
        read("RANDOM", &["RANDOM [limits:exprs]"]),
    ]
}

/// Every look is a millisecond later, so that what is published later is later.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

static LANGUAGE: LazyLock<Arc<Language>> = LazyLock::new(|| {
    let functions: Vec<FunctionSig> = botserver_basic_std::functions().iter().map(FunctionSig::from).collect();
    Arc::new(Language::new(&keywords(), &functions).unwrap())
});

pub(crate) fn language() -> Arc<Language> {
    LANGUAGE.clone()
}

/// A version that was to be made ready, and what its bot served at that moment.
pub(crate) type Asked = (Arc<str>, Option<Arc<str>>);

/// Makes nothing ready, and finds wrong what a test says.
#[derive(Default)]
pub(crate) struct Prepared {
    /// In order.
    pub(crate) asked: Mutex<Vec<Asked>>,
    /// What is wrong with a package that has this text in one of its scripts: the file, and a message.
    pub(crate) wrong: Mutex<Option<(&'static str, &'static str, &'static str)>>,
    /// The service, to look at what serves.
    pub(crate) packages: OnceLock<Packages>,
}

#[async_trait]
impl Preparation for Prepared {
    async fn prepare(&self, package: &LoadedPackage, _: &Arc<[SeedFile]>) -> botserver_packages::Result<Vec<Listed>> {
        let serving = self.packages.get().and_then(|packages| packages.current(package.bot_id));
        self.asked.lock().push((package.hash.clone(), serving.map(|serving| serving.hash.clone())));
        let Some((text, file, message)) = *self.wrong.lock() else { return Ok(Vec::new()) };
        if message == "nobody knows" {
            return Err(Error::Stopping);
        }
        let span = Span { file: file.into(), start: 0, end: 0, line: 1, column: 1 };
        let diagnostic = Diagnostic {
            code: "T0001".into(),
            severity: Severity::Error,
            message: message.to_owned(),
            span,
            help: None,
        };
        let hit = package.sources.values().any(|source| source.contains(text));
        Ok(if hit { vec![Listed { diagnostic, source: None }] } else { Vec::new() })
    }
}

/// A folder of packages.
pub(crate) struct Bots {
    temp: tempfile::TempDir,
}

impl Bots {
    pub(crate) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("bots")).unwrap();
        Self { temp }
    }

    /// Beside the packages.
    pub(crate) fn outside(&self) -> &Path {
        self.temp.path()
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.temp.path().join("bots")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir().join(path)
    }

    /// Writes `package.gbai/…` with its folders.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, content).unwrap();
        file
    }

    pub(crate) fn remove(&self, path: &str) {
        let path = self.path(path);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    pub(crate) fn compile(&self, package: &str) -> PackageVersion {
        compiled(&self.path(package))
    }

    pub(crate) async fn open(&self, db: &Db) -> Packages {
        self.open_with(db, BotDefaults::default()).await
    }

    pub(crate) async fn open_with(&self, db: &Db, defaults: BotDefaults) -> Packages {
        self.open_over(db, defaults, Arc::default()).await
    }

    pub(crate) async fn open_over(&self, db: &Db, defaults: BotDefaults, preparation: Arc<Prepared>) -> Packages {
        let packages = Packages::open(PackagesDeps {
            db: db.clone(),
            org_id: ORG,
            clock: Arc::new(Ticking(AtomicI64::new(1_767_323_045_000))),
            ids: Arc::new(RandomIds),
            authorizer: Arc::new(OpenDoor),
            language: language(),
            defaults,
            dir: self.dir(),
            preparation: preparation.clone(),
            reserved: Arc::new(|name| matches!(name, "api" | "docs" | "owner")),
        })
        .await
        .unwrap();
        let _ = preparation.packages.set(packages.clone());
        packages
    }
}

pub(crate) fn compiled(folder: &Path) -> PackageVersion {
    compile(&scan(folder, &ScanLimits::default()), &language(), &BotDefaults::default())
}

/// The diagnostics as `check` prints them.
pub(crate) fn printed(version: &PackageVersion) -> String {
    let lines: Vec<String> = version
        .diagnostics
        .iter()
        .map(|listed| {
            let found = &listed.diagnostic;
            let source = listed.source.as_ref().map(|line| format!("\n    | {line}")).unwrap_or_default();
            let help = found.help.as_ref().map(|help| format!("\n    = {help}")).unwrap_or_default();
            let (file, line, column) = (&found.span.file, found.span.line, found.span.column);
            format!("{file}:{line}:{column}: {:?} {} {}{source}{help}", found.severity, found.code, found.message)
        })
        .collect();
    lines.join("\n")
}

pub(crate) fn system() -> Principal {
    Principal::system(ORG)
}

/// The next event of a bot; others are passed over.
pub(crate) async fn next_of(events: &mut Receiver<PackageEvent>, bot: &str) -> PackageEvent {
    loop {
        let event = events.recv().await.unwrap();
        let (PackageEvent::Published { name, .. }
        | PackageEvent::Refused { name, .. }
        | PackageEvent::Removed { name, .. }) = &event;
        if &**name == bot {
            return event;
        }
    }
}

/// The text of a script of what serves.
pub(crate) fn serving_text(packages: &Packages, bot: &str, path: &str) -> Option<String> {
    let package = packages.current(packages.find_by_name(bot)?)?;
    package.sources.get(path).map(ToString::to_string)
}
