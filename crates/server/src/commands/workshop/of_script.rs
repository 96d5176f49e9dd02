//! A stage for one script: with the scripts and CSV files that lie beside it, and the tables that it uses.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use async_trait::async_trait;
use botserver_basic_types::{Diagnostic, Severity};
use botserver_data::{Actor, DataService, Seeds};
use botserver_http::HttpClient;
use botserver_kernel::{BotId, Clock, IdSource, Principal, RandomIds, SystemClock};
use botserver_packages::{Language, PackageVersion};
use botserver_runtime::{CallContext, KeywordRegistry, function_signatures};
use bytes::Bytes;
use uuid::Uuid;

use super::{Stage, compile};
use crate::{bootstrap, installation::Installation, modules, tables::Declared};

/// Tables of scripts that belong to no bot are kept under ids made from the script's name in this namespace.
const SCRIPTS: Uuid = Uuid::from_u128(0x6f0c_9b52_7d1e_4c1a_9d39_3a52_7fd0_51c4);

/// A script that is ready to run.
pub(crate) struct Prepared {
    pub(crate) stage: Stage,
    /// By which the image knows the script.
    pub(crate) name: Arc<str>,
}

impl Prepared {
    /// True if the script has a PARAM of that name.
    pub(crate) fn declares(&self, param: &str) -> bool {
        let script = self.stage.image.script(&self.name);
        script.is_some_and(|script| script.params.iter().any(|own| own.name.eq_ignore_ascii_case(param)))
    }
}

/// Compiles the script and makes its tables; `None` when it cannot run. What is wrong is told to `show`, rendered.
pub(crate) async fn of_script(
    installation: &Installation,
    script: &Path,
    show: &mut (dyn FnMut(&str) + Send),
) -> Result<Option<Prepared>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(RandomIds);
    let assembled = &installation.assembled;
    let client = Arc::new(HttpClient::new(bootstrap::outbound(&installation.settings)?));
    let folder = script.parent().map(Path::to_owned).unwrap_or_default();
    let data = DataService::new(assembled.db.clone(), ids.clone(), Arc::new(FolderSeeds(folder.clone())));
    let mut rooms = modules::rooms_with_keywords(&data, &assembled.documents.knowledge, &assembled.llm, &client);
    let keywords = Arc::new(KeywordRegistry::new(modules::keywords(&mut rooms, &clock, &ids, &client))?);
    let language = Language::new(&keywords.declarations(), &function_signatures())?;

    let compiled = compile::compile(script, &language, &installation.settings.bot_defaults)?;
    // What an INCLUDE brings that has mistakes is told at the INCLUDE; a CALL tells when it is reached.
    let own = compiled.version.diagnostics.iter().filter(|found| found.diagnostic.span.file == compiled.name);
    for found in own {
        show(&rendered(&found.diagnostic, &compiled.version));
    }
    if compiled.version.broken.contains(&compiled.name) {
        return Ok(None);
    }

    let package = package_of(script);
    // Whose tables it shares: those of its package, else its own.
    let alone = || script.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
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
    if !make_tables(&data, &context, &compiled.version, &declared, show).await? {
        return Ok(None);
    }
    let stage = Stage {
        db: assembled.db.clone(),
        data,
        clock,
        ids,
        keywords,
        grammar: language.grammar(),
        image: compiled.version.image,
        sources: compiled.version.sources,
        context,
        root: folder,
    };
    Ok(Some(Prepared { stage, name: compiled.name }))
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
    show: &mut (dyn FnMut(&str) + Send),
) -> Result<bool> {
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
        show(&rendered(&problem.diagnostic, version));
    }
    Ok(found.iter().all(|problem| problem.diagnostic.severity != Severity::Error))
}

fn rendered(diagnostic: &Diagnostic, version: &PackageVersion) -> String {
    let source = version.sources.get(&diagnostic.span.file).map_or("", |text| text);
    botserver_basic_syntax::render(diagnostic, source).trim_end().to_owned()
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
