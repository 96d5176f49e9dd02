//! A private PostgreSQL for tests and daily work: a fresh cluster in a temporary folder, on a free port,
//! with a random password and fsync on, gone when we are gone.

use std::{
    fmt::Write as _,
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    commands::{command, output, run, succeeds},
    tools,
};

/// Where tests look for the server's address.
pub(crate) const VARIABLE: &str = "TEST_POSTGRES_URL";
const ROLE: &str = "botserver";
const START: Duration = Duration::from_mins(1);

/// Holds the server by a pipe: when the pipe closes, because we close it or because we were killed, `cat`
/// ends, the server is stopped and the folder removed. `$1` programs, `$2` folder, `$3` port.
const LEASH: &str = r#"
trap '' INT HUP TERM
"$1/postgres" -D "$2/data" -p "$3" \
  -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 -c fsync=on \
  >"$2/log" 2>&1 </dev/null &
server=$!
(trap - INT HUP; exec cat >/dev/null)
kill -INT "$server"
wait "$server"
cd / && rm -rf "$2"
"#;

/// A running server.
pub(crate) struct Postgres {
    /// Its address, with the password.
    pub(crate) url: String,
    leash: Child,
}

impl Postgres {
    /// Makes a cluster and starts a server on it.
    pub(crate) fn start() -> Result<Self> {
        let programs = tools::postgres()?;
        let account = account()?;
        let folder = cluster(&programs, account.as_deref())?;
        // Another program may take the port between our choice and the server's start: then choose again.
        for _ in 0..3 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            let leash = as_account(account.as_deref(), "sh")
                .args(["-c", LEASH, "sh"])
                .args([programs.as_os_str(), folder.path.as_os_str()])
                .arg(port.to_string())
                .current_dir(&folder.path)
                .stdin(Stdio::piped())
                .spawn()
                .context("cannot start PostgreSQL")?;
            let url = format!("postgres://{ROLE}:{}@127.0.0.1:{port}/postgres", folder.password);
            let server = Self { url, leash };
            if Self::is_ready(&programs, port, &folder.path.join("log"))? {
                return Ok(server);
            }
        }
        bail!("found no free port for PostgreSQL")
    }

    /// False if the port was taken meanwhile.
    fn is_ready(programs: &Path, port: u16, log: &Path) -> Result<bool> {
        let port = port.to_string();
        let started = Instant::now();
        while started.elapsed() < START {
            if succeeds(Command::new(programs.join("pg_isready")).args(["-q", "-h", "127.0.0.1", "-p", &port])) {
                return Ok(true);
            }
            if fs::read_to_string(log).is_ok_and(|log| log.contains("could not create any TCP/IP sockets")) {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = fs::read_to_string(log).unwrap_or_default();
        bail!("PostgreSQL did not start within {} s; its log:\n{log}", START.as_secs())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.leash.stdin.take());
        // Nothing is left to do about a server that does not stop; it has been told.
        let _ = self.leash.wait();
    }
}

/// The address in the environment, or a server of our own.
pub(crate) fn given_or_started() -> Result<(String, Option<Postgres>)> {
    if let Some(url) = std::env::var_os(VARIABLE).and_then(|url| url.into_string().ok()) {
        eprintln!("using the server that {VARIABLE} names");
        return Ok((url, None));
    }
    let server = Postgres::start()?;
    Ok((server.url.clone(), Some(server)))
}

/// A server until Ctrl-C.
pub(crate) fn until_stopped() -> Result<()> {
    let server = Postgres::start()?;
    writeln!(std::io::stdout(), "{VARIABLE}={}", server.url)?;
    eprintln!("PostgreSQL runs until Ctrl-C");
    loop {
        std::thread::park();
    }
}

/// A server around one command.
pub(crate) fn around(program: &str, arguments: &[&str]) -> Result<()> {
    let (url, _server) = given_or_started()?;
    run(command(program, arguments).env(VARIABLE, url))
}

struct Cluster {
    path: PathBuf,
    password: String,
}

fn cluster(programs: &Path, account: Option<&str>) -> Result<Cluster> {
    // The server's account must be able to walk to the folder, which a root user's TMPDIR may not allow.
    let parent = if account.is_some() { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    let path = tempfile::Builder::new().prefix("botserver-postgres-").tempdir_in(parent)?.keep();
    let password = random_word()?;
    let secret = path.join("password");
    fs::write(&secret, &password)?;
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
    if let Some(account) = account {
        let id = |flag| output(&mut command("id", &[flag, account]))?.parse::<u32>().context("`id` gave no number");
        let (user, group) = (id("-u")?, id("-g")?);
        for file in [&path, &secret] {
            std::os::unix::fs::chown(file, Some(user), Some(group))?;
        }
    }
    let mut initdb = as_account(account, programs.join("initdb"));
    initdb
        .current_dir(&path)
        .args(["--username", ROLE, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"])
        .args(["--no-sync", "--pwfile", "password", "--pgdata", "data"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if version(programs).is_some_and(|version| version >= 15) {
        // Text sorts as it does in real installations, not by its bytes as in SQLite.
        initdb.args(["--locale-provider", "icu", "--icu-locale", "en-US"]);
    }
    run(&mut initdb)?;
    Ok(Cluster { path, password })
}

fn version(programs: &Path) -> Option<u32> {
    let text = output(Command::new(programs.join("postgres")).arg("--version")).ok()?;
    text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())
}

/// The account that the server runs under: ours, unless we are root, whom PostgreSQL refuses.
fn account() -> Result<Option<String>> {
    if !tools::is_root() {
        return Ok(None);
    }
    let exists = |name: &&str| succeeds(&mut command("id", &["-u", *name]));
    match ["postgres", "nobody"].into_iter().find(exists) {
        Some(name) => Ok(Some(name.to_owned())),
        None => bail!("PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody`"),
    }
}

fn as_account(account: Option<&str>, program: impl AsRef<std::ffi::OsStr>) -> Command {
    match account {
        Some(account) => {
            let mut command = Command::new("runuser");
            command.args(["-u", account, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn random_word() -> Result<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut word, byte| {
        // Writing to a String cannot fail.
        let _ = write!(word, "{byte:02x}");
        word
    }))
}
