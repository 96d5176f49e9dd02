//! A bot with a folder of documents, an index in memory, and an extractor that can be told to fail.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use botserver_config::BotConfig;
use botserver_db::Db;
use botserver_kernel::{BotId, Clock, OrgId, PageRequest, PersonId, Principal, RandomIds, Role};
use botserver_knowledge::{
    Answer, Collection, Document, DocumentId, FolderFiles, Knowledge, KnowledgeDeps, KnowledgeOptions, Layout, Library,
    Search, SyncReport,
};
use botserver_ports::{
    Block, DocumentExtractor, Embedder, ExtractError, ExtractProgress, ExtractRequest, Extracted, IndexChange,
    IndexError, IndexHit, IndexQuery, IndexSpec, IndexStats, SearchIndex,
};
use botserver_testkit::{FixedClock, MemoryIndex, OpenDoor};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub(crate) const BOT: BotId = BotId::new(uuid::Uuid::from_u128(11));
pub(crate) const ORG: OrgId = OrgId::new(uuid::Uuid::from_u128(7));

/// An index in memory that can be damaged; whoever drops it repairs it.
#[derive(Default)]
pub(crate) struct Index {
    inner: MemoryIndex,
    damaged: Mutex<Option<String>>,
    /// Its files were taken away while it was open.
    gone: Mutex<Option<String>>,
}

impl Index {
    fn check(&self, index: &IndexSpec) -> Result<(), IndexError> {
        if self.damaged.lock().as_ref() == Some(&index.name) {
            return Err(IndexError::Damaged { index: index.name.clone(), reason: "a bit fell over".to_owned() });
        }
        Ok(())
    }

    fn check_files(&self, index: &IndexSpec) -> Result<(), IndexError> {
        if self.gone.lock().as_ref() == Some(&index.name) {
            return Err(IndexError::Damaged { index: index.name.clone(), reason: "its files are gone".to_owned() });
        }
        self.check(index)
    }
}

#[async_trait]
impl SearchIndex for Index {
    async fn apply(&self, index: &IndexSpec, changes: Vec<IndexChange>) -> Result<(), IndexError> {
        self.check_files(index)?;
        self.inner.apply(index, changes).await
    }

    async fn search(&self, index: &IndexSpec, query: IndexQuery) -> Result<Vec<IndexHit>, IndexError> {
        self.check(index)?;
        self.inner.search(index, query).await
    }

    async fn documents(&self, index: &IndexSpec) -> Result<Vec<uuid::Uuid>, IndexError> {
        self.check_files(index)?;
        self.inner.documents(index).await
    }

    async fn stats(&self, index: &IndexSpec) -> Result<IndexStats, IndexError> {
        self.check_files(index)?;
        self.inner.stats(index).await
    }

    async fn vanished(&self, index: &IndexSpec) -> bool {
        self.gone.lock().as_ref() == Some(&index.name)
    }

    async fn list(&self) -> Result<Vec<String>, IndexError> {
        self.inner.list().await
    }

    async fn drop_index(&self, name: &str) -> Result<(), IndexError> {
        self.inner.drop_index(name).await
    }
}

/// Markdown with headings only; counts what it reads, and fails as it is told.
#[derive(Default)]
pub(crate) struct Reader {
    pub(crate) read: AtomicUsize,
    pub(crate) errors: Mutex<HashMap<String, ExtractError>>,
    /// Waits until it is cancelled.
    pub(crate) hangs: AtomicBool,
    /// The same for this document alone.
    pub(crate) hangs_on: Mutex<Option<String>>,
}

#[async_trait]
impl DocumentExtractor for Reader {
    async fn extract(
        &self,
        request: ExtractRequest,
        progress: ExtractProgress,
        cancel: CancellationToken,
    ) -> Result<Extracted, ExtractError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        let slow = self.hangs_on.lock().as_ref() == Some(&request.name);
        if slow || self.hangs.load(Ordering::SeqCst) {
            cancel.cancelled().await;
            return Err(ExtractError::Cancelled);
        }
        if let Some(error) = self.errors.lock().get(&request.name) {
            return Err(error.clone());
        }
        progress(1, Some(1));
        let text = std::fs::read_to_string(&request.path).map_err(|error| ExtractError::Damaged(error.to_string()))?;
        let blocks = text.lines().filter(|line| !line.is_empty()).map(|line| match line.strip_prefix("# ") {
            Some(heading) => Block::Heading { level: 1, text: heading.to_owned() },
            None => Block::Text { text: line.to_owned() },
        });
        Ok(Extracted { blocks: blocks.collect(), ..Extracted::default() })
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["md", "txt"]
    }
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) knowledge: Knowledge,
    pub(crate) index: Arc<Index>,
    pub(crate) reader: Arc<Reader>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) embedder: Arc<Mutex<Option<Arc<dyn Embedder>>>>,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new(db: Db) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("shop.gbai/shop.gbkb")).unwrap();
        let index = Arc::new(Index::default());
        let reader = Arc::new(Reader::default());
        let clock = Arc::new(FixedClock::default());
        let embedder = Arc::default();
        let knowledge = open(&db, &index, &reader, &clock, &embedder, ORG).await;
        let world = Self { db, knowledge, index, reader, clock, embedder, folder };
        world.attach(&BotConfig::default()).await;
        world
    }

    /// The process dies and another begins: only the database, the index and the folder are still there.
    pub(crate) async fn restarted(mut self) -> Self {
        self.knowledge = open(&self.db, &self.index, &self.reader, &self.clock, &self.embedder, ORG).await;
        self.attach(&BotConfig::default()).await;
        self
    }

    /// The same installation as another organisation sees it.
    pub(crate) async fn elsewhere(&self, org: OrgId) -> Knowledge {
        open(&self.db, &self.index, &self.reader, &self.clock, &self.embedder, org).await
    }

    pub(crate) async fn attach(&self, config: &BotConfig) {
        let library = Library {
            bot_id: BOT,
            name: "shop".into(),
            config: Arc::new(config.clone()),
            files: Arc::new(FolderFiles::package(self.package())),
            layout: Layout::Folders,
            folder: None,
        };
        self.knowledge.attach(library).await.unwrap();
    }

    /// The folder of the package, one below the temporary folder, so that a test can take it away.
    pub(crate) fn package(&self) -> PathBuf {
        self.folder.path().join("shop.gbai")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.package().join("shop.gbkb").join(name)
    }

    pub(crate) fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn delete(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    pub(crate) async fn sync(&self) -> SyncReport {
        self.knowledge.sync(BOT).await.unwrap()
    }

    pub(crate) async fn settle(&self) {
        self.knowledge.settle(&CancellationToken::new()).await.unwrap();
    }

    /// Takes in what is on disk and works until nothing is left to do.
    pub(crate) async fn take(&self) -> SyncReport {
        let report = self.sync().await;
        self.settle().await;
        report
    }

    pub(crate) async fn ask(&self, who: &Principal, question: &str) -> Answer {
        let search = Search { question: question.to_owned(), ..Search::default() };
        self.knowledge.search(who, BOT, &search).await.unwrap()
    }

    /// The paths of what a visitor finds.
    pub(crate) async fn found(&self, question: &str) -> String {
        paths(&self.ask(&visitor(), question).await)
    }

    pub(crate) async fn collections(&self) -> Vec<Collection> {
        self.knowledge.collections(&owner(), BOT).await.unwrap().1
    }

    pub(crate) async fn documents(&self) -> Vec<Document> {
        let mut all = Vec::new();
        for own in self.collections().await {
            let page = PageRequest { limit: 200, after: None };
            all.extend(self.knowledge.documents(&owner(), own.id, None, &page).await.unwrap().items);
        }
        all
    }

    /// `path state error` of each document, a line each.
    pub(crate) async fn states(&self) -> String {
        let line = |own: &Document| {
            let error = own.error.as_deref().map(|error| format!(": {error}")).unwrap_or_default();
            format!("{} {}{error}", own.path, own.state.word())
        };
        self.documents().await.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    pub(crate) async fn document(&self, path: &str) -> DocumentId {
        self.documents().await.into_iter().find(|own| own.path == path).unwrap().id
    }

    pub(crate) fn damage(&self, index: &str) {
        *self.index.damaged.lock() = Some(index.to_owned());
    }

    /// Takes the files of an index away while it is open.
    pub(crate) fn lose(&self, index: &str) {
        *self.index.gone.lock() = Some(index.to_owned());
    }

    /// The documents in the index that answers.
    pub(crate) async fn indexed(&self) -> usize {
        let (library, _) = self.knowledge.collections(&owner(), BOT).await.unwrap();
        let serving = library.serving;
        let spec = IndexSpec { name: serving.index, dimensions: serving.dimensions };
        self.index.documents(&spec).await.unwrap().len()
    }
}

async fn open(
    db: &Db,
    index: &Arc<Index>,
    reader: &Arc<Reader>,
    clock: &Arc<FixedClock>,
    embedder: &Arc<Mutex<Option<Arc<dyn Embedder>>>>,
    org_id: OrgId,
) -> Knowledge {
    let embedder = embedder.clone();
    Knowledge::open(KnowledgeDeps {
        db: db.clone(),
        org_id,
        clock: clock.clone() as Arc<dyn Clock>,
        ids: Arc::new(RandomIds),
        authorizer: Arc::new(OpenDoor),
        index: index.clone(),
        extractor: reader.clone(),
        embedders: Arc::new(move |_, _| embedder.lock().clone()),
        defaults: Arc::new(BotConfig::default()),
        options: KnowledgeOptions::default(),
    })
    .await
    .unwrap()
}

pub(crate) fn paths(answer: &Answer) -> String {
    answer.passages.iter().map(|own| own.path.as_str()).collect::<Vec<_>>().join(" ")
}

fn principal(role: Role) -> Principal {
    Principal { org_id: ORG, person_id: PersonId::new(uuid::Uuid::from_u128(3)), role }
}

pub(crate) fn visitor() -> Principal {
    principal(Role::Visitor)
}

pub(crate) fn owner() -> Principal {
    principal(Role::Owner)
}
