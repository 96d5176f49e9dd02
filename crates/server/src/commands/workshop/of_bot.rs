//! A stage for the scripts of a package: one that lies somewhere, one that a data directory has, or none at all.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use botserver_kernel::{BotId, IdSource, Principal, RandomIds, SystemClock};
use botserver_packages::{LoadedPackage, Outcome, PACKAGE_SUFFIX, PackageSource, compile};
use botserver_runtime::CallContext;
use uuid::Uuid;

use super::Stage;
use crate::installation::Installation;

/// A package folder, taken into an installation as it is now.
pub(crate) async fn of_package(installation: &Installation, folder: &Path) -> Result<(Stage, Arc<LoadedPackage>)> {
    let folder = std::fs::canonicalize(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let Some(name) = botserver_packages::bot_name(&folder).map(|name| name.to_lowercase()) else {
        bail!("{} is no package: give a folder whose name ends with {PACKAGE_SUFFIX}", folder.display());
    };
    let packages = &installation.assembled.packages;
    let taken = packages.take(&folder).await?;
    let id = packages.find_by_name(&name);
    let current = id.and_then(|id| packages.current(id));
    match (taken.outcome, current) {
        (Outcome::Published | Outcome::Unchanged, Some(package)) => {
            Ok((stage(installation, &package, &folder), package))
        }
        _ => bail!("{} cannot be used; `botserver check` says why", folder.display()),
    }
}

/// A bot of the data directory.
pub(crate) async fn of_bot(installation: &Installation, bot: &str) -> Result<(Stage, Arc<LoadedPackage>)> {
    let packages = &installation.assembled.packages;
    let folder = installation.settings.bots.dir.join(format!("{bot}{PACKAGE_SUFFIX}"));
    if folder.is_dir() {
        return of_package(installation, &folder).await;
    }
    let id = packages.find_by_name(&bot.to_lowercase());
    match id.and_then(|id| packages.current(id)) {
        Some(package) => Ok((stage(installation, &package, &folder), package)),
        None => bail!("there is no bot `{bot}` in {}", installation.settings.bots.dir.display()),
    }
}

/// No package: only the words of the language.
pub(crate) fn of_nothing(installation: &Installation) -> Stage {
    let source = PackageSource { name: "repl".into(), ..PackageSource::default() };
    let assembled = &installation.assembled;
    let version = compile(&source, &assembled.language, &installation.settings.bot_defaults);
    let package = LoadedPackage {
        bot_id: BotId::new(Uuid::nil()),
        name: version.name,
        hash: version.hash,
        image: version.image,
        config: version.config,
        prompt: version.prompt,
        sources: version.sources,
        broken: version.broken,
        look: version.look,
    };
    stage(installation, &package, Path::new(""))
}

fn stage(installation: &Installation, package: &LoadedPackage, root: &Path) -> Stage {
    let assembled = &installation.assembled;
    let clock = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let now = botserver_kernel::Clock::now(&*clock);
    Stage {
        db: assembled.db.clone(),
        data: assembled.data.clone(),
        keywords: assembled.keywords.clone(),
        grammar: assembled.language.grammar(),
        image: package.image.clone(),
        sources: package.sources.clone(),
        context: CallContext {
            principal: Principal::system(assembled.auth.org_id()),
            bot_id: package.bot_id,
            bot_name: package.name.clone(),
            package_version: package.hash.clone(),
            conversation_id: None,
            time_zone: package.config.time_zone(),
            config: package.config.clone(),
            locale: "en".into(),
            turn: "run".into(),
            now,
        },
        root: root.to_owned(),
        clock,
        ids,
    }
}
