//! What follows from a change of a package: versions that nobody needs are forgotten, and the rest of the server learns
//! which files and sites belong to the bot.

use std::collections::HashSet;

use botserver_db::Db;
use botserver_engines::waiting_versions;
use botserver_kernel::{BotId, OrgId};
use botserver_packages::{Error, PackageEvent, Packages};
use botserver_web::AllowedOrigins;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::tables::Tables;

/// Follows the packages. Clones share everything.
#[derive(Clone)]
pub(crate) struct Upkeep {
    packages: Packages,
    tables: Tables,
    db: Db,
    org_id: OrgId,
    origins: AllowedOrigins,
}

impl Upkeep {
    pub(crate) const fn new(
        packages: Packages,
        tables: Tables,
        db: Db,
        org_id: OrgId,
        origins: AllowedOrigins,
    ) -> Self {
        Self { packages, tables, db, org_id, origins }
    }

    /// Looks at everything once, then follows the events until `stop`.
    pub(crate) async fn follow(&self, mut events: Receiver<PackageEvent>, stop: CancellationToken) {
        self.all().await;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = stop.cancelled() => return,
            };
            match event {
                Ok(PackageEvent::Published { bot_id, name, new_version, .. }) => {
                    self.sites(bot_id, &name);
                    if new_version {
                        self.forget_versions().await;
                    }
                }
                Ok(PackageEvent::Removed { bot_id, name }) => {
                    self.sites(bot_id, &name);
                    self.tables.forget_files(bot_id);
                }
                Ok(PackageEvent::Refused { .. }) => {}
                Err(RecvError::Lagged(_)) => self.all().await,
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn all(&self) {
        for (package, _) in self.packages.serving() {
            self.sites(package.bot_id, &package.name);
        }
        self.forget_versions().await;
    }

    /// The sites that may show the bot in a frame. Its settings were checked when they were read.
    fn sites(&self, bot_id: BotId, name: &str) {
        let package = self.packages.current(bot_id);
        let sites = package.as_deref().map(|package| package.config.list("cors-allowed-origins"));
        let _ = self.origins.set_bot(name, sites.unwrap_or_default());
    }

    /// Forgets versions that no conversation waits in and nobody will go back to.
    async fn forget_versions(&self) {
        let in_use = async |bot_id: BotId| -> Result<HashSet<String>, Error> {
            match waiting_versions(self.db.read(), self.org_id, bot_id).await {
                Ok(versions) => Ok(versions.into_iter().collect()),
                Err(botserver_engines::Error::Db(error)) => Err(error.into()),
                Err(_) => Err(Error::Stopping),
            }
        };
        match self.packages.prune(in_use).await {
            Ok(0) => {}
            Ok(versions) => tracing::info!(versions, "old versions of packages were forgotten"),
            // The next change tries again.
            Err(error) => tracing::warn!(%error, "old versions of packages cannot be forgotten now"),
        }
    }
}
