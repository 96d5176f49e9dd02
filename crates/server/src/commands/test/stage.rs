//! A stage: a temporary installation with one bot, a clock that stands, dice that repeat, and a tape in the place of the
//! network. Tests are played on it one after the other, and each finds it as the first did.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use botserver_bot_tests::{ChanceIds, CountedIds, ManualClock, Mode, Secrets, SeededDice, Tape};
use botserver_config::{Durability, Origin, Settings};
use botserver_data::Actor;
use botserver_kernel::{BotId, Clock as _, IdSource as _, Principal};
use botserver_packages::{LoadedPackage, Outcome};
use botserver_runtime::Dice;
use jiff::civil::DateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    bootstrap::{Assembled, World},
    command_line::Common,
    installation::Installation,
    modules::Chance,
};

/// The moment at which tests begin that name none: a Monday morning.
const BEGINS: DateTime = DateTime::constant(2026, 1, 5, 9, 0, 0, 0);
/// What random numbers begin with in tests that name nothing.
const SEED: u64 = 1;
/// More rows than a test looks at.
const MOST_ROWS: u64 = 1_000_000;

/// What a stage is made of.
pub(super) struct StagePlan {
    pub(super) common: Common,
    pub(super) package: PathBuf,
    /// Settings of the bot that the test file has, in the place of those in `config.csv`.
    pub(super) config: Vec<(String, String)>,
    /// Settings of the bot from the command line, above all others.
    pub(super) set: Vec<(String, String)>,
    pub(super) mode: Mode,
}

/// A stage.
pub(super) struct Stage {
    installation: Installation,
    pub(super) package: Arc<LoadedPackage>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) tape: Arc<Tape>,
    dice: Arc<SeededDice>,
    chance: Arc<ChanceIds>,
    ids: Arc<CountedIds>,
    system: Principal,
}

/// The dice of a test as scripts roll them.
struct Rolled(Arc<SeededDice>);

impl Dice for Rolled {
    fn roll(&self) -> u64 {
        self.0.roll()
    }
}

impl Stage {
    /// Builds it: the package is loaded as a server would.
    pub(super) async fn open(plan: &StagePlan) -> Result<Self> {
        let clock = Arc::new(ManualClock::new(utc_ms(BEGINS)));
        let (dice, chance) = (Arc::new(SeededDice::default()), Arc::new(ChanceIds::default()));
        let (tape, ids) = (Arc::new(Tape::new(plan.mode)), Arc::new(CountedIds::default()));
        let world = World {
            clock: clock.clone(),
            ids: ids.clone(),
            chance: Chance { dice: Arc::new(Rolled(dice.clone())), ids: chance.clone() },
            tape: Some(tape.clone()),
        };
        let mut installation =
            Installation::temporary_in(world, &plan.common, |settings| adjust(settings, &plan.set)).await?;
        match mounted(&installation, plan).await {
            Ok(package) => {
                installation.run_turns().await?;
                let system = Principal::system(installation.assembled.auth.org_id());
                let stage = Self { installation, package, clock, tape, dice, chance, ids, system };
                stage.assembled().data.keep_copies(stage.actor(&stage.system)).await?;
                Ok(stage)
            }
            Err(error) => {
                installation.close().await;
                Err(error)
            }
        }
    }

    pub(super) const fn assembled(&self) -> &Assembled {
        &self.installation.assembled
    }

    pub(super) fn bot_name(&self) -> String {
        self.package.name.to_string()
    }

    pub(super) fn bot_id(&self) -> BotId {
        self.package.bot_id
    }

    /// Somebody with whom this installation is theirs to look at.
    pub(super) const fn system(&self) -> &Principal {
        &self.system
    }

    /// An id that nothing else has.
    pub(super) fn next_id(&self) -> Uuid {
        self.ids.next_uuid()
    }

    /// Whose data is looked at or changed, and when.
    pub(super) fn actor<'p>(&self, principal: &'p Principal) -> Actor<'p> {
        let now = self.clock.now();
        let offset_minutes = (self.package.config.time_zone().to_offset(now).seconds() / 60) as i16;
        Actor { principal, bot_id: self.bot_id(), now, offset_minutes, max_rows: MOST_ROWS }
    }

    /// Everything as it was before the first test.
    pub(super) async fn reset(&self, clock: Option<DateTime>, seed: Option<u64>) -> Result<()> {
        self.set_clock(clock.unwrap_or(BEGINS))?;
        self.dice.seed(seed.unwrap_or(SEED));
        self.chance.seed(seed.unwrap_or(SEED));
        // What the conversations of other tests wait for must not happen in this one.
        self.assembled().engine.disarm_timers().await?;
        self.assembled().data.bring_copies_back(self.actor(&self.system)).await?;
        Ok(())
    }

    /// Sets the bot's wall clock.
    pub(super) fn set_clock(&self, wall: DateTime) -> Result<()> {
        let zone = self.package.config.time_zone();
        let moment = zone.to_ambiguous_timestamp(wall).compatible().context("there is no such moment")?;
        self.clock.set(moment.as_millisecond());
        Ok(())
    }

    /// The values of the bot's settings that are nobody's business.
    pub(super) fn secrets(&self) -> Secrets {
        let config = &self.package.config;
        let entries = config.entries(&self.package.name);
        let hidden = entries.iter().filter(|entry| entry.secret);
        Secrets::new(hidden.filter_map(|entry| config.get(&entry.key)).map(str::to_owned))
    }

    pub(super) async fn close(self) {
        self.installation.close().await;
    }
}

/// A test has no limits that come from how fast a person types, and no disk to wait for.
fn adjust(settings: &mut Settings, set: &[(String, String)]) {
    settings.storage.durability = Durability::Off;
    settings.limits.messages_per_minute = u32::MAX;
    if settings.bot_defaults.entries().iter().all(|entry| entry.key != "time-zone") {
        // The same time on every machine.
        settings.bot_defaults.set("time-zone", "UTC", Origin::Default);
    }
    for (key, value) in set {
        settings.bot_defaults.set(key, value.as_str(), Origin::Flag { flag: "--set".into() });
        settings.bot_defaults.lock(key);
    }
}

/// Publishes the package, and has its documents read.
async fn mounted(installation: &Installation, plan: &StagePlan) -> Result<Arc<LoadedPackage>> {
    let assembled = &installation.assembled;
    let real = fs::canonicalize(&plan.package).with_context(|| format!("cannot read {}", plan.package.display()))?;
    let folder = if plan.config.is_empty() {
        real
    } else {
        let name = real.file_name().unwrap_or_default();
        let copy = installation.settings.data_dir.join("package").join(name);
        copy_package(&real, &copy, true)?;
        write_config(&copy, &plan.config)?;
        copy
    };
    let taken = assembled.packages.take(&folder).await?;
    let name = botserver_packages::bot_name(&folder).unwrap_or_default().to_lowercase();
    let package = assembled.packages.find_by_name(&name).and_then(|id| assembled.packages.current(id));
    let (Outcome::Published, Some(package)) = (taken.outcome, package) else {
        bail!("the package cannot be used; `botserver check {}` tells why", plan.package.display());
    };
    if has_documents(&folder) {
        assembled.documents.attach_all().await;
        assembled.documents.knowledge.sync(package.bot_id).await?;
        assembled.documents.knowledge.settle(&CancellationToken::new()).await?;
    }
    Ok(package)
}

fn has_documents(folder: &Path) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.any(|entry| entry.path().extension().is_some_and(|end| end.eq_ignore_ascii_case("gbkb")))
}

/// Copies a package without its tests and without people's files.
fn copy_package(from: &Path, to: &Path, is_root: bool) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let text = name.to_string_lossy().to_lowercase();
        if text.starts_with('.') || text.ends_with(".gbdrive") || (is_root && text == "tests") {
            continue;
        }
        let (path, target) = (entry.path(), to.join(&name));
        if kind.is_dir() {
            copy_package(&path, &target, false)?;
        } else if kind.is_file() {
            fs::copy(&path, &target).with_context(|| format!("cannot read {}", path.display()))?;
        }
    }
    Ok(())
}

/// Adds settings to the `config.csv` of a copy: the last line of a key counts.
fn write_config(package: &Path, config: &[(String, String)]) -> Result<()> {
    let path = config_path(package)?;
    let mut text = fs::read_to_string(&path).unwrap_or_else(|_| "name,value\n".to_owned());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for (key, value) in config {
        text.extend([key.as_str(), ",\"", &value.replace('"', "\"\""), "\"\n"]);
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn config_path(package: &Path) -> Result<PathBuf> {
    let named = |folder: &Path| {
        let mut files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
        files
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().eq_ignore_ascii_case("config.csv")))
    };
    let mut folders = fs::read_dir(package)?.filter_map(Result::ok).map(|entry| entry.path());
    let settings =
        folders.find(|path| path.is_dir() && path.extension().is_some_and(|end| end.eq_ignore_ascii_case("gbot")));
    if let Some(found) = settings.as_deref().and_then(named).or_else(|| named(package)) {
        return Ok(found);
    }
    let folder = settings.unwrap_or_else(|| package.join("test.gbot"));
    fs::create_dir_all(&folder)?;
    Ok(folder.join("config.csv"))
}

/// A wall clock at Greenwich, in Unix milliseconds.
fn utc_ms(wall: DateTime) -> i64 {
    jiff::tz::TimeZone::UTC.to_timestamp(wall).map_or(0, jiff::Timestamp::as_millisecond)
}
