//! `botserver doctor`: looks at everything that a server needs and tells what must be done. It changes nothing, and may
//! be used while the server runs.

mod bots;
mod documents;
mod models;
mod port;
mod storage;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use super::Ending;
use crate::{
    command_line::{Common, DoctorOptions, Output},
    data_dir,
    settings::{self, Overrides},
    terminal,
};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Warning,
    /// Something must be done.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    /// What: `settings`, `data directory`, `database` …
    check: &'static str,
    level: Level,
    message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, message: message.into(), remedy: None }
    }

    fn warning(check: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, level: Level::Warning, message: message.into(), remedy: Some(remedy.into()) }
    }

    fn problem(check: &'static str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, level: Level::Problem, message: message.into(), remedy: Some(remedy.into()) }
    }
}

pub(crate) async fn run(common: &Common, options: &DoctorOptions) -> Result<Ending> {
    let findings = examine(common, options).await;
    let problems = findings.iter().filter(|found| found.level == Level::Problem).count();
    let warnings = findings.iter().filter(|found| found.level == Level::Warning).count();
    match options.output {
        Output::Json => {
            let report = json!({"problems": problems, "warnings": warnings, "findings": findings});
            terminal::print(&serde_json::to_string_pretty(&report)?)?;
        }
        Output::Text => {
            for found in &findings {
                terminal::print(&line(found))?;
            }
            if problems == 0 {
                terminal::tell("Nothing must be done.");
            }
        }
    }
    Ok(Ending::of(problems == 0))
}

fn line(found: &Finding) -> String {
    let word = match found.level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Problem => "PROBLEM",
    };
    let mut text = format!("{word:<8} {}: {}", found.check, found.message);
    if let Some(remedy) = &found.remedy {
        text.push_str("\n         → ");
        text.push_str(remedy);
    }
    text
}

async fn examine(common: &Common, options: &DoctorOptions) -> Vec<Finding> {
    let overrides = Overrides { bots: options.bots.clone(), listen: options.listen.clone(), database: None };
    let settings = match settings::load(common, &overrides) {
        Ok(settings) => settings,
        Err(error) => {
            let problem = |own: &botserver_config::Problem| {
                let remedy = own.help.clone().unwrap_or_else(|| "Correct it, or remove it.".to_owned());
                Finding::problem("settings", format!("{}: {}", own.origin, own.message), remedy)
            };
            // Without settings nobody knows where to look.
            return error.problems.iter().map(problem).collect();
        }
    };
    let mut findings = vec![Finding::ok("settings", settings_found(common))];
    let holder = data_dir::holder_of(&settings.data_dir);
    findings.extend(storage::data_dir(&settings.data_dir));
    findings.push(storage::database(&settings).await);
    findings.push(storage::objects(&settings));
    findings.extend(port::examine(&settings, holder.as_ref()).await);
    let (found, configured) = bots::examine(common, &settings).await;
    findings.extend(found);
    findings.extend(documents::examine(&settings, holder.as_ref()).await);
    findings.extend(models::examine(&settings, &configured).await);
    findings
}

fn settings_found(common: &Common) -> String {
    let file = common.config.clone().unwrap_or_else(|| common.data_dir().join("config.toml"));
    if file.is_file() {
        format!("{} and the environment are fine", file.display())
    } else {
        format!("defaults and the environment are fine; there is no {}", file.display())
    }
}
