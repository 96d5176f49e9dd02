//! What `make check` and `make test` are made of, in order.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::{
    browser,
    commands::{cargo, command, output, root, run},
    editors, embedded, embedding_model, language_model, postgres,
    steps::Steps,
    tidy, tools,
};

/// Formatting, lints, and the rules of this repository.
pub(crate) fn check() -> Result<()> {
    let mut steps = Steps::new();
    check_steps(&mut steps);
    steps.finish()
}

fn check_steps(steps: &mut Steps) {
    steps.step("format", || run(&mut cargo(&["fmt", "--all", "--check"])));
    steps.step("tidy", tidy::run);
    steps.step("clippy", || {
        run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"]))
    });
}

/// Everything.
pub(crate) fn test() -> Result<()> {
    let mut steps = Steps::new();
    let tools = steps.step("tools", || tools::node().and_then(|()| tools::nextest()));
    // The binary embeds the web app, so nothing compiles before it is built.
    if !tools || !steps.step("web app", || run(&mut command("make", &["--no-print-directory", "web"]))) {
        return steps.finish();
    }
    check_steps(&mut steps);
    steps.step("embedded app", embedded::check);
    let server = steps.value("build", || {
        run(&mut cargo(&["build", "--locked", "--package", "botserver-server"]))?;
        server_binary()
    });
    if let Some(server) = &server {
        steps.step("bot tests", || bot_tests(server));
        rust_tests(&mut steps, server);
    } else {
        steps.skip("bot tests", "the server does not build");
        steps.skip("rust tests", "the server does not build");
    }
    steps.step("web tests", web_tests);
    steps.step("editors", editors::check);
    if root().join("tests/browser/package.json").is_file() {
        match &server {
            Some(server) => {
                steps.step("browser tests", || browser::run_tests(server));
            }
            None => steps.skip("browser tests", "the server does not build"),
        }
    }
    match &server {
        Some(server) => {
            steps.step("debug adapter tests", || debug_adapter_tests(server));
        }
        None => steps.skip("debug adapter tests", "the server does not build"),
    }
    steps.finish()
}

fn rust_tests(steps: &mut Steps, server: &PathBuf) {
    let Some((url, _server)) = steps.value("postgres", postgres::given_or_started) else {
        return steps.skip("rust tests", "no PostgreSQL");
    };
    let Some((model, _model)) = steps.value("language model", language_model::given_or_started) else {
        return steps.skip("rust tests", "no language model");
    };
    let Some(wheels) = steps.value("embedding model", embedding_model::wheels) else {
        return steps.skip("rust tests", "no embedding model");
    };
    steps.step("rust tests", || {
        let mut nextest = cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
        run(nextest
            .env(postgres::VARIABLE, url)
            .env(language_model::VARIABLE, model)
            .env(embedding_model::VARIABLE, wheels)
            .env(browser::SERVER_BINARY, server))
    });
}

/// The conversations that the sample bots ship with.
fn bot_tests(server: &Path) -> Result<()> {
    let bots = root().join("bots");
    let entries = fs::read_dir(&bots).with_context(|| format!("cannot read {}", bots.display()))?;
    let mut packages: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    packages.sort();
    for package in packages {
        let mut test = command(server, &["test"]);
        run(test.arg(&package))?;
    }
    Ok(())
}

fn web_tests() -> Result<()> {
    for script in ["check", "test"] {
        run(&mut command("npm", &["--prefix", "web", "run", script]))?;
    }
    Ok(())
}

/// The debug adapter under the client that VS Code's own adapters are tested with.
fn debug_adapter_tests(server: &Path) -> Result<()> {
    let npm = |arguments: &[&str]| {
        let mut npm = command("npm", arguments);
        npm.current_dir(root().join("tests/dap"));
        npm
    };
    run(&mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    run(npm(&["test"]).env(browser::SERVER_BINARY, server))
}

fn server_binary() -> Result<PathBuf> {
    let metadata = output(&mut cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target).join("debug/botserver"))
}
