//! The browser tests: the real server on a free port, with the tests' bots and an empty data folder, and a
//! real Chromium.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
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

/// Runs `npm test` in `tests/browser` against a fresh server with the bots of `tests/browser/bots`.
///
/// The tests find its address in `BASE_URL`, the owner's one-time link in `OWNER_URL` and the browser in
/// `CHROMIUM`.
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
    let bots = folder.path().join("bots");
    run(command("cp", &["-R"]).arg(tests.join("bots")).arg(&bots))?;
    let server = Server::start(program, folder.path(), &bots)?;
    let outcome = run(npm(&["test"])
        .env("BASE_URL", &server.chat)
        .env("OWNER_URL", &server.owner)
        .env("CHROMIUM", chromium)
        .env(SERVER_BINARY, program));
    if outcome.is_err() {
        eprintln!("the server's log:\n{}", server.log());
    }
    outcome
}

struct Server {
    process: Child,
    /// Its address, without a slash at the end.
    chat: String,
    owner: String,
    folder: PathBuf,
}

impl Server {
    fn start(program: &Path, folder: &Path, bots: &Path) -> Result<Self> {
        let process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("data"))
            .arg("--bots")
            .arg(bots)
            // Where specs/embed.test.mjs pretends that a page of somebody else is.
            .env("BOTSERVER_SERVER__CORS_ALLOWED_ORIGINS", "http://127.0.0.1:47113")
            // The model that the specs play.
            .env("BOTSERVER_OUTBOUND__ALLOW", "127.0.0.1:47114")
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("stdout"))?)
            .stderr(fs::File::create(folder.join("log"))?)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut server = Self { process, chat: String::new(), owner: String::new(), folder: folder.to_owned() };
        server.wait_until_ready()?;
        Ok(server)
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < START {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended at once ({status}):\n{}", self.log());
            }
            let printed = fs::read_to_string(self.folder.join("stdout"))?;
            if let (Some(chat), Some(owner)) = (link(&printed, "Chat:"), link(&printed, "Owner:"))
                && is_ready(&chat)
            {
                (self.chat, self.owner) = (chat, owner);
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the server was not ready within {} s:\n{}", START.as_secs(), self.log())
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The tests are over and the data is thrown away: no need to wait for a drain.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The address on a whole line that begins with a label.
fn link(printed: &str, label: &str) -> Option<String> {
    let mut whole = printed.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let address = whole.find_map(|line| line.strip_prefix(label)?.split_whitespace().next())?;
    Some(address.trim_end_matches('/').to_owned())
}

fn is_ready(base: &str) -> bool {
    let host = base.trim_start_matches("http://");
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(host)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_from_whole_lines() {
        let printed = "Chat:  http://127.0.0.1:4711/\nOwner: http://127.0.0.1:4711/owner?t=abc   (works once)\n";
        assert_eq!(link(printed, "Chat:").as_deref(), Some("http://127.0.0.1:4711"));
        assert_eq!(link(printed, "Owner:").as_deref(), Some("http://127.0.0.1:4711/owner?t=abc"));
        assert_eq!(link("Chat:  http://127.0.0.1:47", "Chat:"), None);
    }
}
