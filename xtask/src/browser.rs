//! The browser tests: the real server on a free port with an empty data folder, and a real Chromium.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    commands::{command, root, run},
    tools,
};

/// Where tests that start servers of their own find the program.
pub(crate) const SERVER_BINARY: &str = "BOTSERVER_BIN";
const START: Duration = Duration::from_mins(1);

/// Runs `npm test` in `tests/browser` against a fresh server.
///
/// The tests find its address in `BASE_URL`, its data folder in `SERVER_DATA`, what it prints (the owner's
/// one-time link, for one) in the file `SERVER_LOG`, and the browser in `CHROMIUM`.
pub(crate) fn run_tests(program: &Path) -> Result<()> {
    let chromium = tools::chromium()?;
    let tests = root().join("tests/browser");
    let npm = |arguments: &[&str]| {
        let mut npm = command("npm", arguments);
        npm.current_dir(&tests);
        npm
    };
    run(&mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    let folder = tempfile::Builder::new().prefix("botserver-browser-").tempdir()?;
    let server = Server::start(program, folder.path())?;
    let outcome = run(npm(&["test"])
        .env("BASE_URL", format!("http://{}", server.address))
        .env("SERVER_DATA", &server.data)
        .env("SERVER_LOG", &server.log)
        .env(SERVER_BINARY, program)
        .env("CHROMIUM", chromium));
    if outcome.is_err() {
        eprintln!("the server printed:\n{}", server.printed());
    }
    outcome
}

struct Server {
    address: SocketAddr,
    data: PathBuf,
    log: PathBuf,
    process: Child,
}

impl Server {
    fn start(program: &Path, folder: &Path) -> Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let (data, log) = (folder.join("data"), folder.join("log"));
        let printed = fs::File::create(&log)?;
        let process = Command::new(program)
            .arg("serve")
            .arg("--data")
            .arg(&data)
            .args(["--listen", &address.to_string()])
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Self { address, data, log, process };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended at once ({status}):\n{}", self.printed());
            }
            if is_ready(self.address) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the server was not ready within {} s:\n{}", START.as_secs(), self.printed())
    }

    fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The tests are over and the data is thrown away: no need to wait for a drain.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn is_ready(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
