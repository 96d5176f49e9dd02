//! `botserver serve`: from the command line to a server that listens, and back out in order.

use std::{net::SocketAddr, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use botserver_config::{LogFormat, Settings};
use botserver_web::{ServeLimits, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    bootstrap::{self, Assembled},
    command_line::{Common, ServeOptions},
    control::{self, Control},
    data_dir::HeldDir,
    debugging::Door,
    embedders,
    problems::Problems,
    samples,
    settings::{self, Overrides},
    terminal,
};

/// How long running turns may take after the shutdown began; what is left goes on after the next start.
const DRAIN: Duration = Duration::from_secs(30);

/// Runs the server until SIGINT or SIGTERM.
pub(crate) async fn run(common: &Common, options: &ServeOptions) -> Result<()> {
    let overrides =
        Overrides { listen: options.listen.clone(), bots: options.bots.clone(), database: options.database.clone() };
    let settings = settings::load(common, &overrides)?;
    let problems = Problems::default();
    start_log(&settings, &problems)?;
    let held = HeldDir::take(&settings.data_dir)?;
    let listener = listen(settings.server.listen).await?;
    let address = listener.local_addr()?;
    let copied = samples::copy_at_first_start(&settings.bots.dir)?;
    if copied {
        tracing::info!(dir = %settings.bots.dir.display(), "the sample bots were copied here");
    }
    let stop = CancellationToken::new();
    let assembled = bootstrap::assemble(&settings, &problems, &stop).await?;
    if let Some(copy) = &assembled.migrated.copy {
        eprintln!("The database was copied to {} before it was brought up to date.", copy.display());
    }
    let watching = tokio_util::task::TaskTracker::new();
    watching.spawn(problems.keep(assembled.db.clone(), assembled.auth.org_id(), stop.clone()));
    let events = assembled.packages.subscribe();
    assembled.packages.mount_all(samples::quiet(copied)).await?;
    assembled.engine.start(assembled.turns.clone()).await?;
    let (packages, watch_stop) = (assembled.packages.clone(), stop.clone());
    watching.spawn(async move { botserver_packages::watch::watch(&packages, watch_stop).await });
    let (upkeep, upkeep_stop) = (assembled.upkeep.clone(), stop.clone());
    watching.spawn(async move { upkeep.follow(events, upkeep_stop).await });
    let (documents, documents_stop) = (assembled.documents.clone(), stop.clone());
    let events = assembled.packages.subscribe();
    watching.spawn(async move { documents.follow(events, documents_stop).await });

    let base = base_url(&settings, address);
    if options.dev {
        assembled.debuggers.open();
        tracing::info!("a server for development: debuggers are let in");
    }
    let door = Door { debuggers: assembled.debuggers.clone(), packages: assembled.packages.clone() };
    let (auth, documents) = (assembled.auth.clone(), assembled.documents.clone());
    match Control::open(&settings.data_dir, auth, documents, door, base.clone()) {
        Ok(control) => drop(watching.spawn(control.serve(stop.clone()))),
        // A path of a socket may have a hundred characters only.
        Err(error) => tracing::warn!(%error, "commands cannot ask this server; `owner link` needs it stopped"),
    }
    held.announce(address)?;
    greet(&settings, &base, &assembled, options).await?;
    tracing::info!(%address, "listening");
    let limits = ServeLimits { max_connections: settings.server.max_connections, ..ServeLimits::default() };
    let server = tokio::task::JoinSet::from_iter([serve(listener, assembled.router.clone(), limits, stop.clone())]);
    signal().await?;
    tracing::info!("stopping: running turns finish first");
    drain(&assembled, server, &stop).await;
    watching.close();
    watching.wait().await;
    assembled.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn drain(assembled: &Assembled, mut server: tokio::task::JoinSet<usize>, stop: &CancellationToken) {
    // A turn that somebody holds would never end.
    assembled.debuggers.close();
    // Turns first, so that who waits for an answer still gets it; then the connections.
    assembled.engine.stop(DRAIN).await;
    stop.cancel();
    let _ = tokio::time::timeout(DRAIN, assembled.sockets.drained()).await;
    while let Some(ended) = server.join_next().await {
        if let Ok(cut_off @ 1..) = ended {
            tracing::warn!(connections = cut_off, "connections were cut off");
        }
    }
}

fn start_log(settings: &Settings, problems: &Problems) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log.level)
        .with_context(|| format!("log.level: `{}` cannot be read", settings.log.level))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.log.format {
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Text => lines.with_ansi(terminal::may_colour()).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(problems.clone()).init();
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let owner = owner_of(address.port()).map_or_else(String::new, |owner| format!(" by {owner}"));
            bail!(
                "the port {} is in use{owner}; stop that program, or choose another address with --listen {}:PORT",
                address.port(),
                address.ip()
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// The program that listens on a port, as Linux tells it to whoever may know.
pub(crate) fn owner_of(port: u16) -> Option<String> {
    let mut inodes = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = std::fs::read_to_string(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // local address, state 0A (listening), inode
            if let (Some(local), Some(&"0A"), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9))
                && local.rsplit(':').next().and_then(|hex| u16::from_str_radix(hex, 16).ok()) == Some(port)
            {
                inodes.push(format!("socket:[{inode}]"));
            }
        }
    }
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Ok(pid) = process.file_name().to_string_lossy().parse::<u32>() else { continue };
        let Ok(open) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let mut links = open.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
        if links.any(|link| inodes.iter().any(|inode| Path::new(inode) == link)) {
            let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {pid})", name.trim()));
        }
    }
    None
}

/// The address that people use.
pub(crate) fn base_url(settings: &Settings, listening: SocketAddr) -> String {
    match &settings.server.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None if listening.ip().is_unspecified() => format!("http://127.0.0.1:{}", listening.port()),
        None => format!("http://{listening}"),
    }
}

/// Tells whoever started the server where it is: links on stdout, everything else on stderr.
async fn greet(settings: &Settings, base: &str, assembled: &Assembled, options: &ServeOptions) -> Result<()> {
    let owner = control::owner_link(&assembled.auth, base).await?.link;
    let works = terminal::in_words(settings.auth.owner_link_lifetime);
    // The links are what this command gives. Whoever started it may have stopped reading; the server goes on.
    if let Some(hint) = embedders::hint(settings) {
        eprintln!("{hint}");
    }
    let _ = terminal::print(&format!("Chat:  {base}/\nOwner: {owner}   (works once, for {works})"));
    if options.open {
        open_browser(&owner);
    }
    Ok(())
}

fn open_browser(link: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(error) = std::process::Command::new(program).arg(link).spawn() {
        tracing::warn!(%error, "the browser could not be opened; use the link above");
    }
}

async fn signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
