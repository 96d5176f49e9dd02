//! The folder of the packages, and what is wrong with each of them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use botserver_basic_types::Severity;
use botserver_config::Settings;
use botserver_packages::Language;
use botserver_runtime::function_signatures;

use super::{Finding, models::Configured};
use crate::{command_line::Common, installation::Installation};

const BOTS: &str = "bots";

/// Is the folder there, and does every package compile? Also the settings of those that could be read.
pub(super) async fn examine(common: &Common, settings: &Settings) -> (Vec<Finding>, Vec<Configured>) {
    let dir = &settings.bots.dir;
    if !dir.exists() {
        let message = format!("{} does not exist yet; the first start puts the sample bots there", dir.display());
        return (vec![Finding::ok(BOTS, message)], Vec::new());
    }
    let packages = match packages(dir) {
        Ok(packages) => packages,
        Err(error) => {
            let message = format!("{} cannot be read: {error}", dir.display());
            let remedy = "Correct bots.dir, or the permissions of that folder.";
            return (vec![Finding::problem(BOTS, message, remedy)], Vec::new());
        }
    };
    if packages.is_empty() {
        let message = format!("there is no package in {}", dir.display());
        return (vec![Finding::warning(BOTS, message, "Make one: botserver bot new NAME")], Vec::new());
    }
    match check(common, settings, &packages).await {
        Ok(found) => found,
        Err(error) => {
            let message = format!("the packages cannot be checked: {error:#}");
            let remedy = "Make room in the folder for temporary files.";
            (vec![Finding::problem(BOTS, message, remedy)], Vec::new())
        }
    }
}

pub(super) fn packages(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() && botserver_packages::bot_name(&path).is_some() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

async fn check(common: &Common, settings: &Settings, packages: &[PathBuf]) -> Result<(Vec<Finding>, Vec<Configured>)> {
    let installation = Installation::temporary(common).await?;
    let assembled = &installation.assembled;
    let language = Language::new(&assembled.turns.keywords.declarations(), &function_signatures())?;
    let reserved = |name: &str| assembled.reserved.contains(name);
    let (mut findings, mut configured) = (Vec::new(), Vec::new());
    let mut sound = 0;
    for path in packages {
        let remedy = format!("botserver check {}", path.display());
        match botserver_packages::check(path, &language, &settings.bot_defaults, &reserved) {
            Err(error) => findings.push(Finding::problem(BOTS, error.to_string(), "Rename or remove the folder.")),
            Ok(version) => {
                configured.push((version.name.clone(), version.config.clone()));
                let of =
                    |severity| version.diagnostics.iter().filter(|own| own.diagnostic.severity == severity).count();
                let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
                if errors > 0 {
                    findings.push(Finding::problem(BOTS, format!("{} has {errors} errors", version.name), remedy));
                } else if warnings > 0 {
                    findings.push(Finding::warning(BOTS, format!("{} has {warnings} warnings", version.name), remedy));
                } else {
                    sound += 1;
                }
            }
        }
    }
    installation.close().await;
    findings.insert(0, Finding::ok(BOTS, format!("{sound} of {} packages have no mistakes", packages.len())));
    Ok((findings, configured))
}
