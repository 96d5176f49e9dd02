//! Documents of the bots: which ports the room gets, whose folders it looks after, and who hears of changed packages.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use botserver_config::{BotConfig, Settings};
use botserver_documents::ChildExtractor;
use botserver_kernel::{BotId, Clock, IdSource, OrgId};
use botserver_knowledge::{
    Embedders, FolderFiles, Knowledge, KnowledgeDeps, KnowledgeOptions, Layout, Library, LibraryRow,
};
use botserver_packages::{PACKAGE_SUFFIX, PackageEvent, Packages};
use botserver_ports::Authorizer;
use botserver_search::FolderIndex;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

/// The folder of the search indexes, in the data directory. It can be deleted: it is made anew from the database.
pub(crate) const INDEXES: &str = "index";

/// What the room gets from outside.
pub(crate) struct Outside {
    pub(crate) db: botserver_db::Db,
    pub(crate) org_id: OrgId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) authorizer: Arc<dyn Authorizer>,
    pub(crate) embedders: Embedders,
}

/// Opens the room.
pub(crate) async fn open(settings: &Settings, outside: Outside) -> Result<Knowledge> {
    let Outside { db, org_id, clock, ids, authorizer, embedders } = outside;
    let program = std::env::current_exe().context("this program does not know where it lies")?;
    Ok(Knowledge::open(KnowledgeDeps {
        db,
        org_id,
        clock,
        ids,
        authorizer,
        index: Arc::new(FolderIndex::open(&settings.data_dir.join(INDEXES))),
        extractor: Arc::new(ChildExtractor::new(program, ["extract"])),
        embedders,
        defaults: Arc::new(BotConfig::from_defaults(&settings.bot_defaults)),
        options: KnowledgeOptions::default(),
    })
    .await?)
}

/// Documents of the packages and of folders that were indexed by themselves. Clones share everything.
#[derive(Clone)]
pub(crate) struct Documents {
    pub(crate) knowledge: Knowledge,
    packages: Packages,
    org_id: OrgId,
    defaults: Arc<BotConfig>,
    ids: Arc<dyn IdSource>,
    /// Cancelled once everything that was known at the start is looked after.
    attached: CancellationToken,
}

impl Documents {
    pub(crate) fn new(
        knowledge: Knowledge,
        packages: Packages,
        org_id: OrgId,
        settings: &Settings,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        let defaults = Arc::new(BotConfig::from_defaults(&settings.bot_defaults));
        Self { knowledge, packages, org_id, defaults, ids, attached: CancellationToken::new() }
    }

    /// Looks after everything that is known, until `stop`.
    pub(crate) async fn follow(&self, mut events: Receiver<PackageEvent>, stop: CancellationToken) {
        self.attach_all().await;
        let working = self.knowledge.run(stop.clone());
        let watching = self.knowledge.watch(stop.clone());
        let following = async {
            loop {
                let event = tokio::select! {
                    event = events.recv() => event,
                    () = stop.cancelled() => return,
                };
                match event {
                    Ok(PackageEvent::Published { bot_id, .. }) => self.attach(bot_id).await,
                    Ok(PackageEvent::Removed { bot_id, .. }) => self.knowledge.detach(bot_id),
                    Ok(PackageEvent::Refused { .. }) => {}
                    Err(RecvError::Lagged(_)) => self.attach_all().await,
                    Err(RecvError::Closed) => return,
                }
            }
        };
        tokio::join!(working, watching, following);
    }

    /// Waits until every bot that serves, and every folder, is looked after: before that they are not known here.
    pub(crate) async fn are_attached(&self) {
        self.attached.cancelled().await;
    }

    /// Looks after every bot that serves, and every folder that was indexed by itself.
    pub(crate) async fn attach_all(&self) {
        for (package, _) in self.packages.serving() {
            self.attach(package.bot_id).await;
        }
        match self.knowledge.libraries(&botserver_kernel::Principal::system(self.org_id)).await {
            Ok(all) => {
                for row in all {
                    if let Some(folder) = row.folder.clone()
                        && let Err(error) = self.knowledge.attach(self.folder(&row, &folder)).await
                    {
                        tracing::error!(%error, folder, "the folder cannot be looked after");
                    }
                }
            }
            Err(error) => tracing::error!(%error, "indexed folders cannot be looked after"),
        }
        self.attached.cancel();
    }

    async fn attach(&self, bot_id: BotId) {
        let Some(package) = self.packages.current(bot_id) else { return };
        // A command that only asks has not read the packages.
        let folder = self.packages.folder(bot_id);
        let folder = folder.unwrap_or_else(|| self.packages.dir().join(format!("{}{PACKAGE_SUFFIX}", package.name)));
        let library = Library {
            bot_id,
            name: package.name.clone(),
            config: package.config.clone(),
            files: Arc::new(FolderFiles::package(folder)),
            layout: Layout::Folders,
            folder: None,
        };
        if let Err(error) = self.knowledge.attach(library).await {
            tracing::error!(%error, bot = &*package.name, "the bot's documents cannot be looked after");
        }
    }

    fn folder(&self, row: &LibraryRow, folder: &str) -> Library {
        Library {
            bot_id: row.bot_id,
            name: row.name.clone(),
            config: self.defaults.clone(),
            files: Arc::new(FolderFiles::folder(folder.into())),
            layout: Layout::One,
            folder: Some(folder.to_owned()),
        }
    }

    /// Makes a folder a collection named like it; the same folder again is the same collection.
    pub(crate) async fn add_folder(&self, folder: &Path) -> Result<LibraryRow> {
        let real = std::fs::canonicalize(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        if !real.is_dir() {
            bail!("{} is no folder", folder.display());
        }
        let path = real.display().to_string();
        let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.is_empty() {
            bail!("{} has no name that a collection could have", folder.display());
        }
        let bot_id = match self.knowledge.find(&name).await? {
            Some(known) if known.folder.is_none() => {
                bail!("there is a bot named `{name}`; give the folder another name, or put its files into the bot")
            }
            Some(known) if known.folder.as_ref() != Some(&path) => bail!(
                "the collection `{name}` is made of {}; give one of the folders another name",
                known.folder.unwrap_or_default()
            ),
            Some(known) => known.bot_id,
            None => BotId::new(self.ids.next_uuid()),
        };
        let library = Library {
            bot_id,
            name: name.as_str().into(),
            config: self.defaults.clone(),
            files: Arc::new(FolderFiles::folder(real)),
            layout: Layout::One,
            folder: Some(path),
        };
        self.knowledge.attach(library).await?;
        self.knowledge.find(&name).await?.context("the collection is gone again")
    }
}
