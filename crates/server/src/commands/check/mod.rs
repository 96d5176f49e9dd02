//! `botserver check`: what is wrong with a package, without a server.

pub(crate) mod collections;
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
    let installation = Installation::temporary(common).await?;
    let assembled = &installation.assembled;
    let language = Language::new(&assembled.turns.keywords.declarations(), &function_signatures())?;
    let reserved = |name: &str| assembled.reserved.contains(name);
    let checked = botserver_packages::check(&options.package, &language, &defaults, &reserved);
    let tables = match &checked {
        Ok(version) => tables::findings(&assembled.db, assembled.auth.org_id(), 0, version).await?,
        Err(_) => Vec::new(),
    };
    installation.close().await;
    let mut version = checked?;
    version.diagnostics.extend(tables);
    version.diagnostics.extend(collections::findings(&options.package, &version).await);
    for (found, text) in super::test::findings(&options.package) {
        version.sources.insert(found.diagnostic.span.file.clone(), text.into());
        version.diagnostics.push(found);
    }
    version.diagnostics.sort_by(|one, other| {
        let (one, other) = (&one.diagnostic.span, &other.diagnostic.span);
        (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
    });
    let errors = count(&version, Severity::Error);
    let warnings = count(&version, Severity::Warning);
    match options.output {
        Output::Json => {
            let diagnostics: Vec<Value> =
                version.diagnostics.iter().map(|found| as_json(&options.package, found)).collect();
            let report = json!({
                "package": options.package, "bot": &*version.name, "errors": errors, "warnings": warnings,
                "diagnostics": diagnostics,
            });
            terminal::print(&serde_json::to_string_pretty(&report)?)?;
        }
        Output::Text => {
            for found in &version.diagnostics {
                terminal::print(&rendered(&options.package, &version, found))?;
            }
            terminal::tell(&summary(&version, errors, warnings));
        }
    }
    Ok(Ending::of(errors == 0 && !version.unusable))
}

/// How many findings of one kind a version has.
fn count(version: &PackageVersion, severity: Severity) -> usize {
    version.diagnostics.iter().filter(|found| found.diagnostic.severity == severity).count()
}

fn summary(version: &PackageVersion, errors: usize, warnings: usize) -> String {
    let scripts = version.image.scripts().len();
    let many = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) => format!("{}: no mistakes in {}.", version.name, many(scripts, "script")),
        _ => format!("{}: {}, {}.", version.name, many(errors, "error"), many(warnings, "warning")),
    }
}

/// The path as the person can open it from where they are.
fn path_of(package: &Path, diagnostic: &Diagnostic) -> String {
    let file = &*diagnostic.span.file;
    if file.is_empty() { package.display().to_string() } else { package.join(file).display().to_string() }
}

fn rendered(package: &Path, version: &PackageVersion, found: &Listed) -> String {
    let mut diagnostic = found.diagnostic.clone();
    diagnostic.span.file = path_of(package, &found.diagnostic).into();
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

fn as_json(package: &Path, found: &Listed) -> Value {
    let Diagnostic { code, severity, message, span, help } = &found.diagnostic;
    json!({
        "path": path_of(package, &found.diagnostic), "line": span.line, "column": span.column, "code": &**code,
        "severity": severity, "message": message, "help": help, "source": found.source,
    })
}
