//! The programs under measurement as processes of their own: our server, and the peers under Node.js.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::machine::{cpu_of, resident};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where things are.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The release binary.
    pub(crate) server: PathBuf,
    /// This folder of the repository.
    pub(crate) bench: PathBuf,
    /// Where data folders are made: on a disk, not in memory, or fsync would cost nothing.
    pub(crate) scratch: PathBuf,
    /// The address of a PostgreSQL server, with fsync on.
    pub(crate) postgres: Option<String>,
}

impl Places {
    /// The sample bots.
    pub(crate) fn samples(&self) -> PathBuf {
        self.bench.join("../bots")
    }

    /// The port of the PostgreSQL server.
    pub(crate) fn postgres_port(&self) -> Option<u16> {
        let address = self.postgres.as_deref()?.split(['?', '/']).nth(2)?;
        address.rsplit_once(':')?.1.parse().ok()
    }
}

/// A program that listens.
pub(crate) struct Running {
    child: Child,
    pid: u32,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    /// From the start of the process to the line that says where it listens.
    pub(crate) start: Duration,
    /// What it logged, to be shown when it fails.
    log: PathBuf,
    /// Holds the log, and the data unless they are kept elsewhere.
    folder: Option<TempDir>,
}

impl Running {
    /// Starts a command and waits for the line that begins with `mark` and ends with the address.
    async fn start(mut command: Command, mark: &str, log: PathBuf) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(fs::File::create(&log)?).kill_on_drop(true);
        let began = Instant::now();
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix(mark) {
                    let address = address.trim().trim_start_matches("http://").trim_end_matches('/');
                    return anyhow::Ok(Some((address.to_owned(), began.elapsed())));
                }
            }
            Ok(None)
        };
        let Some((address, start)) = timeout(PATIENCE, listening).await.context("it did not start in a minute")??
        else {
            bail!("it ended at once:\n{}", fs::read_to_string(&log).unwrap_or_default());
        };
        // A pipe that nobody reads would stop it some day.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let pid = child.id().context("it has ended")?;
        Ok(Self { child, pid, address, start, log, folder: None })
    }

    pub(crate) fn cpu(&self) -> Result<Duration> {
        cpu_of(self.pid).with_context(|| format!("it is gone:\n{}", self.log()))
    }

    pub(crate) fn resident(&self) -> Result<u64> {
        resident(self.pid).with_context(|| format!("it is gone:\n{}", self.log()))
    }

    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Where its data and its bots are, unless they are kept elsewhere.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// SIGTERM, and the end of the process.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(pid, Signal::TERM)?;
        timeout(PATIENCE, self.child.wait()).await.context("it does not stop")??;
        drop(self.folder.take());
        Ok(())
    }
}

/// How our server is started.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Serve the bots of the benches instead of the samples.
    pub(crate) bench_bots: bool,
    pub(crate) durable: bool,
    pub(crate) database: Option<String>,
    /// The data folder; a fresh one otherwise.
    pub(crate) data: Option<PathBuf>,
    /// An address of this machine that it may call.
    pub(crate) outbound: Option<String>,
}

impl Server {
    /// With the bots of the benches, on SQLite, durable, on a fresh folder.
    pub(crate) const fn echo() -> Self {
        Self { bench_bots: true, durable: true, database: None, data: None, outbound: None }
    }

    pub(crate) async fn start(&self, places: &Places) -> Result<Running> {
        let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&places.scratch)?;
        let data = self.data.clone().unwrap_or_else(|| folder.path().join("data"));
        let mut command = Command::new(&places.server);
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        if self.bench_bots {
            let bots = folder.path().join("bots");
            copy(&places.bench.join("bots"), &bots)?;
            command.arg("--bots").arg(bots);
        }
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        // A load generator is more talkative than a person. No peer writes a log line per request.
        command
            .env("BOTSERVER_LIMITS__MESSAGES_PER_MINUTE", "1000000")
            .env("BOTSERVER_LIMITS__QUEUED_MESSAGES", "1000")
            .env("BOTSERVER_LOG__LEVEL", "warn");
        if let Some(address) = &self.outbound {
            command.env("BOTSERVER_OUTBOUND__ALLOW", address);
        }
        if !self.durable {
            command.env("BOTSERVER_STORAGE__DURABILITY", "off");
        }
        let mut running = Running::start(command, "Chat:", folder.path().join("log")).await?;
        running.folder = Some(folder);
        Ok(running)
    }
}

/// Starts one of the peers.
pub(crate) async fn peer(places: &Places, file: &str) -> Result<Running> {
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(&places.scratch)?;
    let mut command = Command::new("node");
    command.arg(places.bench.join("peers").join(file));
    let mut running = Running::start(command, "listening ", folder.path().join("log")).await?;
    running.folder = Some(folder);
    Ok(running)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}
