//! The extension for Visual Studio Code: its grammar is tested, and it is packaged as people package it.

use anyhow::{Result, ensure};

use crate::commands::{command, root, run};

/// Only from the npm registry: no script of a package runs while they are installed, and what is native is left out.
const INSTALL: &[&str] = &["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
const PACKAGE: &str = "botserver-basic.vsix";

/// Tests and packages it.
pub(crate) fn check() -> Result<()> {
    let folder = root().join("editors/vscode");
    let npm = |arguments: &[&str]| {
        let mut npm = command("npm", arguments);
        npm.current_dir(&folder);
        npm
    };
    run(&mut npm(INSTALL))?;
    run(&mut npm(&["test"]))?;
    run(&mut npm(&["run", "package"]))?;
    ensure!(folder.join(PACKAGE).metadata().is_ok_and(|about| about.len() > 0), "{PACKAGE} was not made");
    Ok(())
}
