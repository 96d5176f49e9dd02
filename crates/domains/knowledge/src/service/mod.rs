//! The verbs: the only door for other rooms. Documents come in by listings, wait in a table until somebody reads them,
//! and are found by people who may read them.

mod evidence;
mod health;
mod index;
mod ingest;
mod manage;
mod open;
mod search;
mod sync;
mod watch;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use botserver_config::BotConfig;
use botserver_db::Db;
use botserver_kernel::{BotId, Clock, IdSource, OrgId, Permission, Principal};
use botserver_ports::{Authorizer, DocumentExtractor, Embedder, ExtractLimits, IndexSpec, Resource, SearchIndex};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use health::{CollectionHealth, IndexHealth, LibraryHealth};
pub use manage::{Decision, Statistics};
pub use search::{Answer, MOST_PASSAGES, Search};
pub use sync::SyncReport;
pub(crate) use sync::{NO_DOCUMENT, TOO_LARGE};

use crate::{
    DocumentId, Error, FileSource, Generation, LibraryRow, Result,
    chunk::{TokenCount, about_tokens},
    store,
};

const TALK: Permission = Permission::new("bot.talk");
const READ: Permission = Permission::new("knowledge.read");
const MANAGE: Permission = Permission::new("knowledge.manage");

/// What makes vectors for a bot with these settings; `None` for words only.
pub type Embedders = Arc<dyn Fn(BotId, &BotConfig) -> Option<Arc<dyn Embedder>> + Send + Sync>;

/// What the service needs.
pub struct KnowledgeDeps {
    /// The database, migrated.
    pub db: Db,
    /// Whose documents they are.
    pub org_id: OrgId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Who may do what.
    pub authorizer: Arc<dyn Authorizer>,
    /// Where passages are found.
    pub index: Arc<dyn SearchIndex>,
    /// What reads documents.
    pub extractor: Arc<dyn DocumentExtractor>,
    /// What makes vectors.
    pub embedders: Embedders,
    /// The settings of a bot that has none of its own.
    pub defaults: Arc<BotConfig>,
    /// How the work is done.
    pub options: KnowledgeOptions,
}

/// How the work is done.
#[derive(Clone)]
pub struct KnowledgeOptions {
    /// Documents that are read at once.
    pub at_once: usize,
    /// What one document may cost.
    pub limits: ExtractLimits,
    /// How many tokens a text has.
    pub tokens: Arc<TokenCount>,
    /// How long a document that is being read may show no progress.
    pub lease: Duration,
    /// How long to wait before the first repetition; doubled with each.
    pub back_off: Duration,
}

impl Default for KnowledgeOptions {
    fn default() -> Self {
        Self {
            at_once: 2,
            limits: ExtractLimits::default(),
            tokens: Arc::new(about_tokens),
            lease: Duration::from_mins(3),
            back_off: Duration::from_secs(10),
        }
    }
}

/// How paths become collections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// A sub-folder each; files beside them belong to one named like the library.
    Folders,
    /// Everything is one collection named like the library.
    One,
}

/// Documents of a bot, or of a folder by itself.
#[derive(Clone)]
pub struct Library {
    /// The bot.
    pub bot_id: BotId,
    /// Its name.
    pub name: Arc<str>,
    /// Its settings.
    pub config: Arc<BotConfig>,
    /// Its documents.
    pub files: Arc<dyn FileSource>,
    /// How paths become collections.
    pub layout: Layout,
    /// The path, if it is a folder by itself.
    pub folder: Option<String>,
}

/// Documents, their passages and the questions to them. Clones share everything.
#[derive(Clone)]
pub struct Knowledge(Arc<Inner>);

struct Inner {
    deps: KnowledgeDeps,
    attached: RwLock<BTreeMap<BotId, Arc<Attached>>>,
    /// Names of collections, for warnings of scripts; the table has the truth.
    names: RwLock<HashMap<BotId, HashSet<String>>>,
    /// What is being read, to be stopped.
    reading: Mutex<HashMap<DocumentId, CancellationToken>>,
    kick: Notify,
}

/// A library that is looked after.
struct Attached {
    library: Library,
    /// One listing at a time.
    syncing: tokio::sync::Mutex<()>,
    /// Who changes the indexes, and what is left to do with them.
    tending: Arc<tokio::sync::Mutex<Tending>>,
    /// Set by whoever cannot wait for the lock above.
    alarm: Arc<Mutex<Alarm>>,
}

/// What somebody has noticed about the indexes.
#[derive(Debug, Default)]
struct Alarm {
    /// They must be compared with the table.
    check: bool,
    /// This one is damaged.
    damaged: Option<String>,
}

/// What is left to do with the indexes of a library.
#[derive(Debug, Default)]
struct Tending {
    /// Documents that the serving index lacks.
    missing: VecDeque<Uuid>,
    /// Documents that the next one lacks.
    next_missing: VecDeque<Uuid>,
}

impl Knowledge {
    /// Opens the room over a migrated database. Nothing runs before [`Knowledge::run`].
    pub async fn open(deps: KnowledgeDeps) -> Result<Self> {
        let own = Self(Arc::new(Inner {
            deps,
            attached: RwLock::default(),
            names: RwLock::default(),
            reading: Mutex::default(),
            kick: Notify::new(),
        }));
        // Whoever worked before is dead. Should another server live on the same database, it reads a document twice at
        // worst: what is finished counts once.
        let org = own.org();
        own.write("ending old leases", move |tx| Box::pin(async move { store::work::end_leases(tx, org).await }))
            .await?;
        Ok(own)
    }

    /// Looks after a library from now on; again with other settings replaces them.
    pub async fn attach(&self, library: Library) -> Result<()> {
        let known = store::libraries::find(self.0.deps.db.read(), self.org(), library.bot_id).await?;
        let (org, now) = (self.org(), self.now());
        match known {
            None => {
                let row = LibraryRow {
                    bot_id: library.bot_id,
                    org_id: org,
                    name: library.name.clone(),
                    folder: library.folder.clone(),
                    serving: Generation {
                        index: index_name(library.bot_id, 1),
                        embedder: String::new(),
                        dimensions: 0,
                    },
                    building: None,
                    generation: 1,
                    rebuilding: false,
                    problems: Vec::new(),
                };
                self.write("adding a library", move |tx| {
                    Box::pin(async move { store::libraries::insert(tx, &row, now).await })
                })
                .await?;
            }
            Some(known) if known.name != library.name => {
                let (bot, name) = (library.bot_id, library.name.clone());
                self.write("renaming a library", move |tx| {
                    Box::pin(async move { store::libraries::rename(tx, org, bot, &name).await })
                })
                .await?;
            }
            Some(_) => {}
        }
        let bot = library.bot_id;
        let names = store::collections::list(self.0.deps.db.read(), org, bot).await?;
        self.remember_names(bot, names.into_iter().map(|own| own.name));
        let mut attached = self.0.attached.write();
        let before = attached.get(&bot);
        let alarm = before.map(|own| own.alarm.clone()).unwrap_or_default();
        alarm.lock().check = true;
        let tending = before.map(|own| own.tending.clone()).unwrap_or_default();
        attached.insert(bot, Arc::new(Attached { library, syncing: tokio::sync::Mutex::default(), tending, alarm }));
        drop(attached);
        self.0.kick.notify_one();
        Ok(())
    }

    /// Looks after a library no more; what is known of it stays.
    pub fn detach(&self, bot_id: BotId) {
        self.0.attached.write().remove(&bot_id);
    }

    /// The bot, or the folder that was indexed by itself, of that name; bots come first, case does not count.
    pub async fn find(&self, name: &str) -> Result<Option<LibraryRow>> {
        let all = store::libraries::list(self.0.deps.db.read(), self.org()).await?;
        Ok(all.into_iter().find(|own| own.name.to_lowercase() == name.trim().to_lowercase()))
    }

    /// True if a bot has a collection of that name, as far as is known here.
    pub fn has_collection(&self, bot_id: BotId, name: &str) -> bool {
        self.0.names.read().get(&bot_id).is_some_and(|names| names.contains(&name.to_lowercase()))
    }

    /// The names of a bot's collections, in lower case, as far as is known here.
    pub fn collection_names(&self, bot_id: BotId) -> Vec<String> {
        let mut names: Vec<String> = self.0.names.read().get(&bot_id).into_iter().flatten().cloned().collect();
        names.sort_unstable();
        names
    }

    fn remember_names(&self, bot_id: BotId, names: impl Iterator<Item = String>) {
        self.0.names.write().insert(bot_id, names.map(|name| name.to_lowercase()).collect());
    }

    fn attached(&self, bot_id: BotId) -> Option<Arc<Attached>> {
        self.0.attached.read().get(&bot_id).cloned()
    }

    fn all_attached(&self) -> Vec<Arc<Attached>> {
        self.0.attached.read().values().cloned().collect()
    }

    /// The settings of a bot, or the server's.
    fn config(&self, bot_id: BotId) -> Arc<BotConfig> {
        self.attached(bot_id).map_or_else(|| self.0.deps.defaults.clone(), |own| own.library.config.clone())
    }

    fn org(&self) -> OrgId {
        self.0.deps.org_id
    }

    fn now(&self) -> i64 {
        self.0.deps.clock.now_ms()
    }

    async fn authorize(&self, principal: &Principal, permission: &Permission, bot: BotId) -> Result<()> {
        let resource = Resource { org_id: self.org(), kind: "bot", id: Some(bot.uuid()), owner: None };
        Ok(self.0.deps.authorizer.authorize(principal, permission, &resource).await?)
    }

    async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a botserver_db::Tx) -> botserver_db::WriteFuture<'a, T, sea_orm::DbErr> + Send + 'static,
    {
        self.0
            .deps
            .db
            .write(name, move |tx| {
                let work = work(tx);
                Box::pin(async move { work.await.map_err(Error::statement(name)) })
            })
            .await
    }
}

impl Attached {
    fn alarm(&self, change: impl FnOnce(&mut Alarm)) {
        change(&mut self.alarm.lock());
    }
}

impl Generation {
    fn spec(&self) -> IndexSpec {
        IndexSpec { name: self.index.clone(), dimensions: self.dimensions }
    }
}

/// `kb_0192…_3`: one per library and generation.
fn index_name(bot_id: BotId, generation: i64) -> String {
    format!("{}{generation}", index_prefix(bot_id))
}

fn index_prefix(bot_id: BotId) -> String {
    format!("kb_{}_", bot_id.uuid().simple())
}
