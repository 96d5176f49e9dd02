//! The rules of this repository that no compiler checks. Each rule is a pure function over what
//! `repository` has read; findings name the file and say what to do.

mod image;
mod layers;
mod manifests;
mod repository;
mod sources;

use std::fmt;

use anyhow::{Result, bail};

use repository::Repository;

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    severity: Severity,
    place: String,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Severity {
    Warning,
    Error,
}

impl Finding {
    fn error(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place: place.into(), text: text.into() }
    }

    fn warning(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, place: place.into(), text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(out, "{}: {severity}: {}", self.place, self.text)
    }
}

/// Checks everything; prints the findings.
pub(crate) fn run() -> Result<()> {
    let repository = Repository::read()?;
    let mut findings = layers::check(&repository.layers, &repository.metadata);
    findings.extend(manifests::check(&repository.manifests));
    if let Some(ignored) = repository.sources.get(image::IGNORED) {
        findings.extend(image::check(ignored, repository.manifests.get("Cargo.toml")));
    }
    findings.extend(sources::check(&repository.sources));
    for finding in &findings {
        eprintln!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        bail!("tidy found {errors} errors");
    }
    eprintln!("tidy: {} files, {} crates", repository.sources.len(), repository.manifests.len() - 1);
    Ok(())
}
