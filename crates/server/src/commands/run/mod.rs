//! `botserver run`: one script with the keywords of the whole build, without a server and without a package. What it
//! says goes to stdout; HEAR reads stdin.

mod compile;
mod drive;

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use botserver_basic_types::{Diagnostic, Severity, Value};
use botserver_data::{Actor, DataService, Seeds};
use botserver_http::HttpClient;
use botserver_kernel::{BotId, Clock, IdSource, Principal, RandomIds, SystemClock};
use botserver_packages::{Language, PackageVersion};
use botserver_runtime::{CallContext, KeywordRegistry, function_signatures};
use bytes::Bytes;
use uuid::Uuid;

use self::drive::Run;
use super::{Ending, show_log};
use crate::{
    bootstrap,
    command_line::{Common, RunOptions},
    data_dir::{HeldDir, Taken},
    installation::Installation,
    modules,
    settings::{self, Overrides},
    tables::Declared,
};

/// Tables of scripts that belong to no bot are kept under ids made from the script's name in this namespace.
const SCRIPTS: Uuid = Uuid::from_u128(0x6f0c_9b52_7d1e_4c1a_9d39_3a52_7fd0_51c4);

pub(crate) async fn run(common: &Common, options: &RunOptions) -> Result<Ending> {
    // PRINT and LOG_INFO are the script's own lines.
    show_log("warn,botserver_runtime=info")?;
    let installation = open(common).await?;
    let ending = run_in(&installation, options).await;
    installation.close().await;
    ending
}

/// The data directory that was asked for; otherwise one that is gone afterwards.
async fn open(common: &Common) -> Result<Installation> {
    let Some(dir) = &common.data else { return Installation::temporary(common).await };
    let settings = settings::load(common, &Overrides::default())?;
    match HeldDir::try_take(dir)? {
        Taken::Held(held) => Installation::open(settings, held).await,
        Taken::By(holder) => bail!(
            "a server ({}) uses the data directory {}; stop it, or leave --data away to run with tables in memory",
            holder.name(),
            dir.display()
        ),
    }
}

async fn run_in(installation: &Installation, options: &RunOptions) -> Result<Ending> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let assembled = &installation.assembled;
    let client = Arc::new(HttpClient::new(bootstrap::outbound(&installation.settings)?));
    let folder = options.script.parent().map(Path::to_owned).unwrap_or_default();
    let data = DataService::new(assembled.db.clone(), ids.clone(), Arc::new(FolderSeeds(folder)));
    let mut rooms = modules::rooms_with_keywords(&data, &assembled.documents.knowledge, &assembled.llm, &client);
    let keywords = Arc::new(KeywordRegistry::new(modules::keywords(&mut rooms, &clock, &ids, &client))?);
    let language = Language::new(&keywords.declarations(), &function_signatures())?;

    let compiled = compile::compile(&options.script, &language, &installation.settings.bot_defaults)?;
    // What an INCLUDE brings that has mistakes is told at the INCLUDE; a CALL tells when it is reached.
    let own = compiled.version.diagnostics.iter().filter(|found| found.diagnostic.span.file == compiled.name);
    for found in own {
        show(&found.diagnostic, &compiled.version);
    }
    if compiled.version.broken.contains(&compiled.name) {
        return Ok(Ending::Failure);
    }
    if let Some((name, _)) = options.params.iter().find(|(name, _)| !compiled.declares(name)) {
        bail!("the script has no PARAM `{name}`");
    }

    let package = package_of(&options.script);
    // Whose tables it shares: those of its package, else its own.
    let alone = || options.script.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let bot_name: Arc<str> = package.clone().unwrap_or_else(alone).into();
    let bot_id = match assembled.packages.find_by_name(&bot_name) {
        Some(id) => id,
        None => BotId::new(Uuid::new_v5(&SCRIPTS, bot_name.as_bytes())),
    };
    let config = compiled.version.config.clone();
    let context = CallContext {
        principal: Principal::system(assembled.auth.org_id()),
        bot_id,
        bot_name,
        package_version: compiled.version.hash.clone(),
        conversation_id: None,
        time_zone: config.time_zone(),
        config,
        locale: "en".into(),
        turn: "run".into(),
        now: clock.now(),
    };
    let declared = match package {
        Some(_) => Declared::by(&compiled.version),
        None => Declared::by_script(&compiled.version, &compiled.name),
    };
    if make_tables(&data, &context, &compiled.version, &declared).await? == Ending::Failure {
        return Ok(Ending::Failure);
    }
    let run = Run {
        db: assembled.db.clone(),
        clock,
        ids,
        keywords,
        version: &compiled.version,
        script: compiled.name.clone(),
        context,
    };
    let params = options.params.iter().map(|(name, value)| (name.clone(), Value::text(value.clone())));
    run.until_it_ends(params.collect()).await
}

/// The package that the script lies in, if it lies in one.
fn package_of(script: &Path) -> Option<String> {
    let folders = std::path::absolute(script).unwrap_or_else(|_| script.to_owned());
    folders.ancestors().skip(1).find_map(botserver_packages::bot_name).map(|name| name.to_lowercase())
}

/// The tables of the script: of its package, or else those that it declares and that the scripts it uses declare. Other
/// scripts that happen to lie beside it are not its business.
async fn make_tables(
    data: &DataService,
    context: &CallContext,
    version: &PackageVersion,
    declared: &Declared<'_>,
) -> Result<Ending> {
    let actor = Actor {
        principal: &context.principal,
        bot_id: context.bot_id,
        now: context.now,
        offset_minutes: (context.time_zone.to_offset(context.now).seconds() / 60) as i16,
        max_rows: u64::MAX,
    };
    let made = declared.make(data, actor).await;
    let (_, found) = made.context("the tables cannot be made")?;
    for problem in &found {
        show(&problem.diagnostic, version);
    }
    Ok(Ending::of(found.iter().all(|problem| problem.diagnostic.severity != Severity::Error)))
}

fn show(diagnostic: &Diagnostic, version: &PackageVersion) {
    let source = version.sources.get(&diagnostic.span.file).map_or("", |text| text);
    crate::terminal::tell(botserver_basic_syntax::render(diagnostic, source).trim_end());
}

/// CSV files beside the script, and rows for its tables.
struct FolderSeeds(PathBuf);

#[async_trait]
impl Seeds for FolderSeeds {
    async fn read(&self, _: BotId, path: &str) -> std::io::Result<Option<Bytes>> {
        let relative = Path::new(path.trim_start_matches('/'));
        // A script reads what lies beside it, nothing else on this machine.
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(None);
        }
        let folder = if self.0.as_os_str().is_empty() { Path::new(".") } else { &self.0 };
        let (Ok(root), Ok(file)) = (folder.canonicalize(), folder.join(relative).canonicalize()) else {
            return Ok(None);
        };
        if !file.starts_with(&root) || !file.is_file() {
            return Ok(None);
        }
        tokio::fs::read(file).await.map(|bytes| Some(bytes.into()))
    }
}
