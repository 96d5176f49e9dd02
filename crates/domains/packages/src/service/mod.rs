//! The verbs of this room. What serves is in memory; every change of it is committed first and told last.

mod publish;
mod query;
mod versions;

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use botserver_config::BotDefaults;
use botserver_db::{Db, OrgScope};
use botserver_kernel::{BotId, Clock, IdSource, OrgId, Permission, Principal};
use botserver_ports::{Authorizer, Resource};
use parking_lot::RwLock;
use tokio::sync::broadcast;

pub(crate) use self::publish::stamp_of;
pub use self::publish::{Outcome, Taken};
use crate::{Bot, BotState, Language, LoadedPackage, PackageEvent, Preparation, Result, ScanLimits, SeedFile, store};

const LIST: Permission = Permission::new("bot.list");
const READ: Permission = Permission::new("bot.read");
const MANAGE: Permission = Permission::new("bot.manage");

/// Events a slow listener may miss before it must ask again.
const EVENTS: usize = 256;
/// Memory for versions that no bot serves any more but something still waits in.
const VERSION_CACHE_BYTES: u64 = 64 << 20;

/// What the service needs.
pub struct PackagesDeps {
    /// The database, migrated.
    pub db: Db,
    /// Whose bots they are.
    pub org_id: OrgId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Who may do what.
    pub authorizer: Arc<dyn Authorizer>,
    /// The language of this build.
    pub language: Arc<Language>,
    /// What lies below and above every `config.csv`.
    pub defaults: BotDefaults,
    /// The folder of the packages.
    pub dir: PathBuf,
    /// Makes ready what a version needs before it serves.
    pub preparation: Arc<dyn Preparation>,
    /// Names that no bot may have, in lower case: the router's.
    pub reserved: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// A folder that cannot be a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedFolder {
    /// The folder's name.
    pub folder: String,
    /// Why.
    pub reason: String,
}

/// The packages of an installation. Clones share everything.
#[derive(Clone)]
pub struct Packages(Arc<Inner>);

struct Inner {
    deps: PackagesDeps,
    limits: ScanLimits,
    bots: RwLock<Registry>,
    versions: moka::sync::Cache<(BotId, Arc<str>), Arc<LoadedPackage>>,
    events: broadcast::Sender<PackageEvent>,
    /// One change at a time: two readings of one folder must not overtake each other.
    publishing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Registry {
    by_name: HashMap<Arc<str>, BotId>,
    bots: HashMap<BotId, Mounted>,
    rejected: BTreeMap<PathBuf, RejectedFolder>,
}

type Theme = BTreeMap<Arc<str>, Arc<[u8]>>;

/// A bot and what serves.
struct Mounted {
    bot: Bot,
    /// The folder it was read from; `None` until the first reading of this run.
    root: Option<PathBuf>,
    current: Option<Arc<LoadedPackage>>,
    theme: Arc<Theme>,
    seeds: Arc<[SeedFile]>,
    /// What serves has all it needs.
    prepared: bool,
    /// Of the folder as it was last taken.
    stamp: u64,
}

impl Packages {
    /// Takes up what served when the server stopped: a folder that was broken meanwhile does not stop its bot.
    pub async fn open(deps: PackagesDeps) -> Result<Self> {
        let limits = ScanLimits::from_defaults(&deps.defaults);
        let versions = moka::sync::Cache::builder()
            .max_capacity(VERSION_CACHE_BYTES)
            .weigher(|_, package: &Arc<LoadedPackage>| weight(package))
            .build();
        let packages = Self(Arc::new(Inner {
            limits,
            bots: RwLock::default(),
            versions,
            events: broadcast::Sender::new(EVENTS),
            publishing: tokio::sync::Mutex::new(()),
            deps,
        }));
        for bot in store::list_bots(&packages.0.deps.db, packages.org()).await? {
            packages.take_up(bot).await?;
        }
        Ok(packages)
    }

    async fn take_up(&self, bot: Bot) -> Result<()> {
        let (id, name) = (bot.id, bot.name.clone());
        let mounted = Mounted {
            root: None,
            current: None,
            theme: Arc::default(),
            seeds: Arc::from([]),
            prepared: false,
            stamp: 0,
            bot: bot.clone(),
        };
        {
            let mut registry = self.0.bots.write();
            registry.by_name.insert(name, id);
            registry.bots.insert(id, mounted);
        }
        let current = match (&bot.version, bot.state) {
            (Some(hash), BotState::Serving) => match self.version(bot.id, hash).await {
                Ok(current) => Some(current),
                Err(crate::Error::Db(error)) => return Err(error.into()),
                Err(error) => {
                    // Its folder is read next and compiled anew.
                    tracing::warn!(bot = &*bot.name, %error, "the version that served cannot be taken up");
                    None
                }
            },
            _ => None,
        };
        if let Some(mounted) = self.0.bots.write().bots.get_mut(&id) {
            mounted.current = current;
        }
        Ok(())
    }

    /// The folder of the packages.
    pub fn dir(&self) -> &Path {
        &self.0.deps.dir
    }

    pub(crate) fn limits(&self) -> ScanLimits {
        self.0.limits
    }

    /// The events from now on. Who misses some (`Lagged`) asks [`Packages::serving`] and goes on.
    pub fn subscribe(&self) -> broadcast::Receiver<PackageEvent> {
        self.0.events.subscribe()
    }

    /// The stamp of a folder as it was last taken in this run.
    pub(crate) fn taken_stamp(&self, folder: &Path) -> Option<u64> {
        let registry = self.0.bots.read();
        registry.bots.values().find(|mounted| mounted.root.as_deref() == Some(folder)).map(|mounted| mounted.stamp)
    }

    fn tell(&self, event: PackageEvent) {
        // Nobody may be listening.
        let _ = self.0.events.send(event);
    }

    fn org(&self) -> OrgScope {
        OrgScope(self.0.deps.org_id)
    }

    async fn authorize(&self, principal: &Principal, permission: &Permission, bot: Option<BotId>) -> Result<()> {
        let resource = Resource { org_id: self.0.deps.org_id, kind: "bot", id: bot.map(BotId::uuid), owner: None };
        Ok(self.0.deps.authorizer.authorize(principal, permission, &resource).await?)
    }
}

/// About what a version costs in memory: its texts, and code of about their size.
fn weight(package: &LoadedPackage) -> u32 {
    let texts: usize = package.sources.values().map(|text| text.len()).sum();
    u32::try_from(texts.saturating_mul(4).saturating_add(8 << 10)).unwrap_or(u32::MAX)
}
