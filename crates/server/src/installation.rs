//! An installation that a command opens by itself: the data directory under the same lock as the server's, or a
//! temporary one. The same start order as the server's, without a listener.

use std::time::Duration;

use anyhow::Result;
use botserver_config::Settings;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    bootstrap::{self, Assembled, World},
    command_line::Common,
    data_dir::HeldDir,
    problems::Problems,
    samples, settings,
};

/// How long running turns may take when the command ends; what is left goes on when somebody opens it again.
const DRAIN: Duration = Duration::from_secs(10);

/// An open installation.
pub(crate) struct Installation {
    pub(crate) settings: Settings,
    pub(crate) assembled: Assembled,
    pub(crate) problems: Problems,
    stop: CancellationToken,
    keeping: TaskTracker,
    running: bool,
    _held: Option<HeldDir>,
    _folder: Option<TempDir>,
}

impl Installation {
    /// A data directory that this process holds.
    pub(crate) async fn open(settings: Settings, held: HeldDir) -> Result<Self> {
        Self::assemble(World::real(), settings, Some(held), None).await
    }

    /// One that is gone when the command ends.
    pub(crate) async fn temporary(common: &Common) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("botserver-").tempdir()?;
        let settings = settings::load_temporary(common, folder.path())?;
        Self::assemble(World::real(), settings, None, Some(folder)).await
    }

    /// A temporary one in a world of its own; `adjust` has the last word on its settings.
    pub(crate) async fn temporary_in(
        world: World,
        common: &Common,
        adjust: impl FnOnce(&mut Settings) + Send,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("botserver-").tempdir()?;
        let mut settings = settings::load_temporary(common, folder.path())?;
        adjust(&mut settings);
        Self::assemble(world, settings, None, Some(folder)).await
    }

    async fn assemble(
        world: World,
        settings: Settings,
        held: Option<HeldDir>,
        folder: Option<TempDir>,
    ) -> Result<Self> {
        let stop = CancellationToken::new();
        let problems = Problems::default();
        let assembled = bootstrap::assemble_in(world, &settings, &problems, &stop).await?;
        let keeping = TaskTracker::new();
        keeping.spawn(problems.clone().keep(assembled.db.clone(), assembled.auth.org_id(), stop.clone()));
        Ok(Self { settings, assembled, problems, stop, keeping, running: false, _held: held, _folder: folder })
    }

    /// Publishes the packages and lets turns run.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let quiet = samples::quiet(samples::copy_at_first_start(&self.settings.bots.dir)?);
        self.assembled.packages.mount_all(quiet).await?;
        self.run_turns().await
    }

    /// Lets turns run.
    pub(crate) async fn run_turns(&mut self) -> Result<()> {
        self.assembled.engine.start(self.assembled.turns.clone()).await?;
        self.running = true;
        Ok(())
    }

    /// Lets running turns finish and closes the database.
    pub(crate) async fn close(self) {
        if self.running {
            self.assembled.engine.stop(DRAIN).await;
        }
        self.stop.cancel();
        self.keeping.close();
        self.keeping.wait().await;
        self.assembled.db.close().await;
    }
}
