//! `botserver check`: what is wrong with a package, without a server.

pub(crate) mod collections;
mod script;
pub(crate) mod tables;

use std::path::Path;

use anyhow::Result;
use botserver_basic_types::{Diagnostic, Severity};
use botserver_packages::{Language, Listed, PackageVersion};
use botserver_runtime::function_signatures;
use serde_json::{Value, json};

use super::Ending;
use crate::{
    command_line::{CheckOptions, Common, Output},
    installation::Installation,
    settings::{self, Overrides},
    terminal,
};

pub(crate) async fn run(common: &Common, options: &CheckOptions) -> Result<Ending> {
    let defaults = settings::load(common, &Overrides::default())?.bot_defaults;
    let single = script::Single::of(&options.package)?;
    let package = single.as_ref().map_or(&*options.package, |single| &*single.package);
    let installation = Installation::temporary(common).await?;
    let assembled = &installation.assembled;
    let language = Language::new(&assembled.turns.keywords.declarations(), &function_signatures())?;
    let reserved = |name: &str| assembled.reserved.contains(name);
    let checked = botserver_packages::check(package, &language, &defaults, &reserved);
    let tables = match &checked {
        Ok(version) => tables::findings(&assembled.db, assembled.auth.org_id(), 0, version).await?,
        Err(_) => Vec::new(),
    };
    installation.close().await;
    let mut version = checked?;
    version.diagnostics.extend(tables);
    version.diagnostics.extend(collections::findings(package, &version).await);
    for (found, text) in super::test::findings(package) {
        version.sources.insert(found.diagnostic.span.file.clone(), text.into());
        version.diagnostics.push(found);
    }
    version.diagnostics.sort_by(|one, other| {
        let (one, other) = (&one.diagnostic.span, &other.diagnostic.span);
        (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
    });
    if let Some(single) = &single {
        version.diagnostics.retain(|found| single.concerns(found));
    }
    let shown = |diagnostic: &Diagnostic| match &single {
        Some(single) => single.path.display().to_string(),
        None => path_of(package, diagnostic),
    };
    let errors = count(&version, Severity::Error);
    let warnings = count(&version, Severity::Warning);
    match options.output {
        Output::Json => {
            let diagnostics: Vec<Value> =
                version.diagnostics.iter().map(|found| as_json(&shown(&found.diagnostic), found)).collect();
            let report = json!({
                "package": options.package, "bot": &*version.name, "errors": errors, "warnings": warnings,
                "diagnostics": diagnostics,
            });
            terminal::print(&serde_json::to_string_pretty(&report)?)?;
        }
        Output::Text => {
            for found in &version.diagnostics {
                terminal::print(&rendered(shown(&found.diagnostic), &version, found))?;
            }
            let name = single.as_ref().map_or_else(|| version.name.to_string(), |own| own.path.display().to_string());
            let scripts = if single.is_some() { 1 } else { version.image.scripts().len() };
            terminal::tell(&summary(&name, scripts, errors, warnings));
        }
    }
    Ok(Ending::of(errors == 0 && !version.unusable))
}

/// How many findings of one kind a version has.
fn count(version: &PackageVersion, severity: Severity) -> usize {
    version.diagnostics.iter().filter(|found| found.diagnostic.severity == severity).count()
}

fn summary(name: &str, scripts: usize, errors: usize, warnings: usize) -> String {
    let many = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => format!("{name}: no mistakes in {}.", many(scripts, "script")),
        _ => format!("{name}: {}, {}.", many(errors, "error"), many(warnings, "warning")),
    }
}

/// The path as the person can open it from where they are.
fn path_of(package: &Path, diagnostic: &Diagnostic) -> String {
    let file = &*diagnostic.span.file;
    if file.is_empty() { package.display().to_string() } else { package.join(file).display().to_string() }
}

fn rendered(path: String, version: &PackageVersion, found: &Listed) -> String {
    let mut diagnostic = found.diagnostic.clone();
    diagnostic.span.file = path.into();
    // Whether a line may be shown was decided where the finding was made: those of config.csv may hold secrets.
    let source = found.source.as_ref().and_then(|_| version.sources.get(&found.diagnostic.span.file));
    let text = botserver_basic_syntax::render(&diagnostic, source.map_or("", |text| text));
    if source.is_some() {
        return text;
    }
    let mut lines: Vec<&str> = text.lines().take(1).collect();
    lines.extend(text.lines().filter(|line| line.trim_start().starts_with("= help:")));
    lines.join("\n")
}

fn as_json(path: &str, found: &Listed) -> Value {
    let Diagnostic { code, severity, message, span, help } = &found.diagnostic;
    json!({
        "path": path, "line": span.line, "column": span.column, "code": &**code,
        "severity": severity, "message": message, "help": help, "source": found.source,
    })
}
