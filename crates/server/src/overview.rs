//! The owner's page: bots and their mistakes, settings with their origin, problems, disk and memory. Numbers of
//! conversations, never their texts.

use std::{path::PathBuf, sync::Arc};

use axum::extract::State;
use botserver_basic_types::{Diagnostic, Severity};
use botserver_config::{Entry, Settings};
use botserver_db::Db;
use botserver_kernel::{Clock, Permission, SystemClock, Timestamp};
use botserver_packages::Packages;
use botserver_ports::{Authorizer, Resource};
use botserver_session::SessionService;
use botserver_web::{Caller, Json, Problem as HttpProblem};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::problems::{Problem, Problems};

/// What the page shows, and where it comes from.
pub(crate) struct Overview {
    started_at: String,
    data_dir: PathBuf,
    database: String,
    listen: String,
    settings: Vec<Entry>,
    packages: Packages,
    sessions: Arc<SessionService>,
    authorizer: Arc<dyn Authorizer>,
    problems: Problems,
}

impl Overview {
    pub(crate) fn new(
        settings: &Settings,
        db: &Db,
        packages: Packages,
        sessions: Arc<SessionService>,
        authorizer: Arc<dyn Authorizer>,
        problems: Problems,
    ) -> Self {
        Self {
            started_at: SystemClock.now().to_string(),
            data_dir: settings.data_dir.clone(),
            database: db.url().display(),
            listen: settings.server.listen.to_string(),
            settings: settings.entries(),
            packages,
            sessions,
            authorizer,
            problems,
        }
    }
}

pub(crate) fn routes(overview: Overview) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(show)).with_state(Arc::new(overview))
}

#[derive(Serialize, ToSchema)]
struct View {
    server: ServerView,
    bots: Vec<BotView>,
    /// Folders that cannot be a bot, and why.
    rejected: Vec<RejectedView>,
    settings: Vec<SettingView>,
    /// The newest first, at most 200.
    problems: Vec<Problem>,
    disk: DiskView,
    memory: MemoryView,
}

#[derive(Serialize, ToSchema)]
struct ServerView {
    version: &'static str,
    started_at: String,
    data_dir: String,
    database: String,
    listen: String,
}

#[derive(Serialize, ToSchema)]
struct BotView {
    id: String,
    name: String,
    title: String,
    version: Option<String>,
    /// `serving`, `partly`, `refused` or `broken`.
    state: &'static str,
    loaded_at: Option<String>,
    conversations: i64,
    diagnostics: Vec<DiagnosticView>,
    scripts: Vec<ScriptView>,
}

#[derive(Serialize, ToSchema)]
struct RejectedView {
    folder: String,
    reason: String,
}

#[derive(Serialize, ToSchema)]
struct DiagnosticView {
    severity: &'static str,
    code: String,
    message: String,
    file: String,
    line: u32,
    column: u32,
    source: String,
    caret: String,
    help: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct ScriptView {
    name: String,
    kind: &'static str,
    /// `ok` or `broken`.
    state: &'static str,
}

#[derive(Serialize, ToSchema)]
struct SettingView {
    key: String,
    /// Dots instead of a secret; null when it is not set.
    value: Option<String>,
    origin: String,
    /// True if the value is hidden as a whole; of an address only the password is.
    secret: bool,
    /// `server`, or the bot's name.
    scope: String,
}

fn setting_view(entry: &Entry) -> SettingView {
    SettingView {
        key: entry.key.clone(),
        value: entry.value.clone(),
        origin: entry.origin.to_string(),
        secret: entry.secret,
        scope: entry.scope.to_string(),
    }
}

#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "units belong into the names")]
struct DiskView {
    /// Bytes of the disk with the data directory; null when the system does not tell.
    total_bytes: Option<u64>,
    free_bytes: Option<u64>,
    /// Bytes of the database file; null with a database server.
    data_bytes: Option<u64>,
}

#[derive(Serialize, ToSchema)]
struct MemoryView {
    /// Bytes of this process in memory.
    resident_bytes: Option<u64>,
}

/// What runs here, for the owner.
#[utoipa::path(get, path = "/api/v1/system/overview", tag = "system", responses((status = 200, body = View)))]
async fn show(State(overview): State<Arc<Overview>>, Caller(principal): Caller) -> Result<Json<View>, HttpProblem> {
    let system = Resource { org_id: principal.org_id, kind: "system", id: None, owner: None };
    overview.authorizer.authorize(&principal, &Permission::new("system.read"), &system).await?;
    let (bots, rejected) = overview.packages.overview(&principal).await?;
    let counts = overview.sessions.counts(&principal).await?;
    let bot_settings: Vec<Entry> = bots
        .iter()
        .filter_map(|bot| overview.packages.current(bot.id))
        .flat_map(|package| package.config.entries(&package.name))
        .collect();
    let bots = bots
        .into_iter()
        .map(|bot| {
            let conversations = counts.iter().find(|(id, _)| *id == bot.id).map_or(0, |(_, count)| *count);
            bot_view(&bot, overview.packages.current(bot.id).as_deref(), conversations)
        })
        .collect();
    let data_dir = overview.data_dir.clone();
    let (disk, memory) = tokio::task::spawn_blocking(move || (disk(&data_dir), memory()))
        .await
        .map_err(|error| HttpProblem::internal(&error))?;
    Ok(Json(View {
        server: ServerView {
            version: env!("CARGO_PKG_VERSION"),
            started_at: overview.started_at.clone(),
            data_dir: overview.data_dir.display().to_string(),
            database: overview.database.clone(),
            listen: overview.listen.clone(),
        },
        bots,
        rejected: rejected.into_iter().map(|own| RejectedView { folder: own.folder, reason: own.reason }).collect(),
        settings: overview.settings.iter().chain(&bot_settings).map(setting_view).collect(),
        problems: overview.problems.list(),
        disk,
        memory,
    }))
}

fn bot_view(
    bot: &botserver_packages::Bot,
    current: Option<&botserver_packages::LoadedPackage>,
    conversations: i64,
) -> BotView {
    let broken = bot.error_count() > 0;
    let state = match (current.is_some(), bot.change_refused) {
        (true, true) => "refused",
        (true, false) if broken => "partly",
        (true, false) => "serving",
        (false, _) => "broken",
    };
    let scripts = current.map(|package| {
        let start = package.start_script().map(|script| script.name.clone());
        let scripts = package.image.scripts().iter();
        scripts
            .map(|script| ScriptView {
                name: script.name.to_string(),
                kind: match script {
                    own if Some(&own.name) == start.as_ref() => "start",
                    own if !own.schedules.is_empty() => "schedule",
                    own if !own.webhooks.is_empty() => "webhook",
                    own if !own.tables.is_empty() => "tables",
                    own if own.tool => "tool",
                    _ => "dialog",
                },
                state: if script.broken.is_some() { "broken" } else { "ok" },
            })
            .collect()
    });
    BotView {
        id: bot.id.to_string(),
        name: bot.name.to_string(),
        title: current.map_or_else(|| bot.name.to_string(), |package| package.look.title.to_string()),
        version: bot.version.as_deref().map(str::to_owned),
        state,
        loaded_at: bot.loaded_at_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|at| at.to_string()),
        conversations,
        diagnostics: bot
            .diagnostics
            .iter()
            .map(|listed| diagnostic_view(&listed.diagnostic, listed.source.as_deref().unwrap_or_default()))
            .collect(),
        scripts: scripts.unwrap_or_default(),
    }
}

fn diagnostic_view(own: &Diagnostic, line: &str) -> DiagnosticView {
    let column = own.span.column.max(1);
    let before = column as usize - 1;
    let wide =
        (own.span.end.saturating_sub(own.span.start) as usize).min(line.chars().count().saturating_sub(before)).max(1);
    DiagnosticView {
        severity: match own.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: own.code.to_string(),
        message: own.message.clone(),
        file: own.span.file.to_string(),
        line: own.span.line,
        column,
        source: line.to_owned(),
        caret: format!("{}{}", " ".repeat(before), "^".repeat(wide)),
        help: own.help.clone(),
    }
}

/// Free bytes of the disk that holds a folder, if the system tells.
pub(crate) fn free_bytes(dir: &std::path::Path) -> Option<u64> {
    disk(dir).free_bytes
}

fn disk(data_dir: &std::path::Path) -> DiskView {
    let disks = sysinfo::Disks::new_with_refreshed_list().ok();
    let absolute = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    // The mount point with the longest path that holds the directory.
    let holding = disks
        .iter()
        .flat_map(|disks| disks.iter())
        .filter(|disk| absolute.starts_with(disk.mount_point()))
        .max_by_key(|disk| disk.mount_point().as_os_str().len());
    let file = |name: &str| std::fs::metadata(data_dir.join(name)).map(|meta| meta.len()).ok();
    DiskView {
        total_bytes: holding.map(sysinfo::Disk::total_space),
        free_bytes: holding.map(sysinfo::Disk::available_space),
        data_bytes: file("botserver.db").map(|size| size + file("botserver.db-wal").unwrap_or(0)),
    }
}

fn memory() -> MemoryView {
    let own = sysinfo::Pid::from_u32(std::process::id());
    let Ok(mut system) = sysinfo::System::new() else { return MemoryView { resident_bytes: None } };
    let wanted = sysinfo::ProcessesToUpdate::Some(&[own]);
    let _ = system.refresh_processes_specifics(wanted, true, sysinfo::ProcessRefreshKind::nothing().with_memory());
    MemoryView { resident_bytes: system.process(own).map(sysinfo::Process::memory) }
}
