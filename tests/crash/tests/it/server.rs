//! The server as a process: started, killed and started again on the same port and data.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Server {
    program: PathBuf,
    folder: TempDir,
    bots: Option<PathBuf>,
    database: Option<String>,
    settings: Vec<(String, String)>,
    address: String,
    process: Option<Child>,
}

impl Server {
    /// A server that has not begun, with an empty data folder.
    pub(crate) fn new(database: Option<String>) -> Result<Self> {
        let program = std::env::var_os("BOTSERVER_BIN").map(PathBuf::from);
        let program = program.context(
            "BOTSERVER_BIN is not set: run `make test`, or build the server and set it to the program's path",
        )?;
        ensure!(program.is_file(), "BOTSERVER_BIN names {}, which is no file", program.display());
        Ok(Self {
            program,
            folder: tempfile::tempdir()?,
            bots: None,
            database,
            settings: Vec::new(),
            address: "127.0.0.1:0".to_owned(),
            process: None,
        })
    }

    /// Serves these packages instead of the samples.
    pub(crate) fn with_bots(mut self, from: &Path) -> Result<Self> {
        let bots = self.folder.path().join("bots");
        copy(from, &bots)?;
        self.bots = Some(bots);
        Ok(self)
    }

    /// Writes a file of a package.
    pub(crate) fn write(&self, path: &str, text: &str) -> Result<()> {
        let place = self.bots.as_ref().context("no packages of ours")?.join(path);
        fs::create_dir_all(place.parent().context("a file in a folder")?)?;
        Ok(fs::write(place, text)?)
    }

    pub(crate) fn with_setting(mut self, variable: &str, value: &str) -> Self {
        self.settings.push((variable.to_owned(), value.to_owned()));
        self
    }

    /// `127.0.0.1:PORT`; the port is known after the first start.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Starts the process and waits until it prints where it listens.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let printed = fs::read_to_string(self.folder.path().join("stdout"))?;
            let whole = printed.lines().find_map(|line| line.strip_prefix("Chat:")).filter(|_| printed.ends_with('\n'));
            if let Some(link) = whole {
                let address = link.trim().trim_start_matches("http://").trim_end_matches('/');
                self.address = address.to_owned();
                return Ok(());
            }
            if let Some(process) = &mut self.process
                && let Some(status) = process.try_wait()?
            {
                bail!("the server ended at once ({status}):\n{}", self.log_end());
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("the server did not start within {} s:\n{}", PATIENCE.as_secs(), self.log_end())
    }

    /// Starts the process and does not wait for anything.
    pub(crate) fn spawn(&mut self) -> Result<()> {
        let folder = self.folder.path();
        let log = OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        let mut command = Command::new(&self.program);
        command.args(["serve", "--listen", &self.address, "--data"]).arg(folder.join("data"));
        if let Some(bots) = &self.bots {
            command.arg("--bots").arg(bots);
        }
        if let Some(database) = &self.database {
            command.args(["--database", database]);
        }
        command.envs(self.settings.iter().map(|(variable, value)| (variable, value)));
        command.stdin(Stdio::null()).stdout(fs::File::create(folder.join("stdout"))?).stderr(log);
        self.process = Some(command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?);
        Ok(())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// Leaves the data for somebody to look at.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The data is thrown away: no need to wait for a drain.
        let _ = self.kill();
    }
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
