//! The proof that the web app is inside a binary as a release has it: the part that answers with it, built to embed it, is
//! asked for every file while the built app lies where it is not looked for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::commands::{cargo, command, output, root, run};

/// What decides whether the files are compiled in or read: without debug assertions, in a release as here, they are
/// compiled in. Only these are compiled again for it: the crate with the app, and the library that decides.
const AS_IN_A_RELEASE: [&str; 3] = ["botserver-web", "rust-embed", "rust-embed-utils"];
const TEST: &str = "embedded::every_file_of_the_app_is_at_its_address";

/// Builds, hides the built app, asks.
pub(crate) fn check() -> Result<()> {
    let dist = root().join("web/dist");
    bring_back(&dist)?;
    ensure!(dist.join("index.html").is_file(), "the web app is not built; run `make web` first");
    let mut build = cargo(&["test", "--no-run", "--locked", "--package", "botserver-web", "--test", "it"]);
    build.args(["--message-format", "json-render-diagnostics"]);
    for package in AS_IN_A_RELEASE {
        build.args(["--config", &format!("profile.dev.package.{package}.debug-assertions=false")]);
    }
    let built = output(&mut build)?;
    let is_test = |message: &Value| message["target"]["kind"][0] == "test" && message["executable"].is_string();
    let mut messages = built.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let test = messages.find(is_test).context("cargo names no test binary")?;
    let test = test["executable"].as_str().unwrap_or_default().to_owned();
    let hidden = Hidden::hide(dist)?;
    run(command(test, &["--exact", TEST]).env("WEB_APP_TO_COMPARE", &hidden.away))
}

/// What a run that was killed left behind.
fn bring_back(dist: &Path) -> Result<()> {
    let away = dist.with_extension("away");
    if away.is_dir() {
        if dist.join("index.html").is_file() {
            // Somebody has built it anew meanwhile.
            fs::remove_dir_all(&away)?;
        } else {
            // The build makes an empty one where there is none.
            fs::remove_dir_all(dist).or_else(|error| if dist.exists() { Err(error) } else { Ok(()) })?;
            fs::rename(&away, dist)?;
        }
    }
    Ok(())
}

/// The built app under another name; it comes back when dropped.
struct Hidden {
    dist: PathBuf,
    away: PathBuf,
}

impl Hidden {
    fn hide(dist: PathBuf) -> Result<Self> {
        let away = dist.with_extension("away");
        fs::rename(&dist, &away)?;
        Ok(Self { dist, away })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Err(error) = fs::rename(&self.away, &self.dist) {
            eprintln!("cannot rename {} back: {error}", self.away.display());
        }
    }
}
