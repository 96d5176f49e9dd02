//! Keeps the tables of bots in step with their packages: what scripts declare is made when a version begins to
//! serve, and rows come from the package's seed files.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use botserver_basic_syntax::ast::{IndexDecl, TableDecl};
use botserver_data::{Actor, DataService, Seeds};
use botserver_kernel::{BotId, Clock, OrgId, Principal};
use botserver_packages::{LoadedPackage, PackageEvent, Packages};
use bytes::Bytes;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

/// Finds seed files in the packages that serve.
#[derive(Clone, Default)]
pub(crate) struct PackageSeeds(Arc<OnceLock<Packages>>);

impl PackageSeeds {
    /// The packages exist only after the language, which needs the keywords, which need the seeds.
    pub(crate) fn follow(&self, packages: Packages) {
        // Set once by the start order; a second call would be a mistake that changes nothing.
        let _ = self.0.set(packages);
    }
}

#[async_trait]
impl Seeds for PackageSeeds {
    async fn read(&self, bot_id: BotId, path: &str) -> std::io::Result<Option<Bytes>> {
        let Some(packages) = self.0.get() else { return Ok(None) };
        let wanted = path.trim_start_matches('/').to_lowercase();
        let file = packages
            .serving()
            .into_iter()
            .filter(|(package, _)| package.bot_id == bot_id)
            .flat_map(|(_, seeds)| seeds.iter().map(|seed| (seed.path.clone(), seed.file.clone())).collect::<Vec<_>>())
            // `shop.gbdata/products.csv` is `products.csv` to scripts.
            .find(|(path, _)| path.split_once('/').is_some_and(|(_, inside)| inside.to_lowercase() == wanted));
        match file {
            Some((_, file)) => tokio::fs::read(file).await.map(|bytes| Some(bytes.into())),
            None => Ok(None),
        }
    }
}

/// Makes the tables that packages declare. Clones share everything.
#[derive(Clone)]
pub(crate) struct Tables {
    packages: Packages,
    data: DataService,
    principal: Principal,
    clock: Arc<dyn Clock>,
}

impl Tables {
    pub(crate) fn new(packages: Packages, data: DataService, org_id: OrgId, clock: Arc<dyn Clock>) -> Self {
        Self { packages, data, principal: Principal::system(org_id), clock }
    }

    /// The tables of every bot that serves.
    pub(crate) async fn make_all(&self) {
        for (package, _) in self.packages.serving() {
            self.make(&package).await;
        }
    }

    /// Follows the packages until `stop`.
    pub(crate) async fn follow(&self, mut events: Receiver<PackageEvent>, stop: CancellationToken) {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = stop.cancelled() => return,
            };
            match event {
                Ok(PackageEvent::Published { bot_id, .. }) => {
                    if let Some(package) = self.packages.current(bot_id) {
                        self.make(&package).await;
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => self.make_all().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn make(&self, package: &LoadedPackage) {
        let tables: Vec<TableDecl> = package.tables().into_iter().cloned().collect();
        let indexes: Vec<IndexDecl> = package.indexes().cloned().collect();
        if tables.is_empty() {
            return;
        }
        let now = self.clock.now();
        let actor = Actor {
            principal: &self.principal,
            bot_id: package.bot_id,
            now,
            offset_minutes: (package.config.time_zone().to_offset(now).seconds() / 60) as i16,
            max_rows: u64::MAX,
        };
        let bot = &*package.name;
        match self.data.apply_tables(actor, &tables, &indexes).await {
            Ok(report) => {
                for (table, rows) in report.created {
                    tracing::info!(bot, table = &*table, rows, "a table was made");
                }
                for column in report.added {
                    tracing::info!(bot, column, "a column was added");
                }
                for problem in report.problems {
                    tracing::warn!(bot, table = &*problem.table, problem = problem.message, "a table needs attention");
                }
            }
            Err(error) => tracing::error!(bot, %error, "the tables could not be made"),
        }
    }
}
