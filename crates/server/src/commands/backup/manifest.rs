//! What a backup says about itself.

use anyhow::{Result, bail};
use botserver_db::{AppliedMigration, DbUrl};
use serde::{Deserialize, Serialize};

use super::{POSTGRES, SQLITE};

/// Grows when an older release could not read what this one writes.
const FORMAT: u32 = 1;

/// The first entry of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The version of this layout.
    pub(super) format: u32,
    /// RFC 3339.
    pub(super) created_at: String,
    /// The release that wrote it.
    pub(super) botserver: String,
    /// Which database it holds a copy of.
    pub(super) database: Database,
    /// `domain/number name` of each migration that the database has seen.
    pub(super) migrations: Vec<String>,
}

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(super) const fn of(url: &DbUrl) -> Self {
        match url {
            DbUrl::Sqlite(_) => Self::Sqlite,
            DbUrl::Postgres { .. } => Self::Postgres,
        }
    }

    /// Its entry in the archive.
    pub(super) const fn entry(self) -> &'static str {
        match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        }
    }
}

/// Only the part that every format has.
#[derive(Deserialize)]
struct AnyManifest {
    format: u32,
    #[serde(default)]
    botserver: String,
}

impl Manifest {
    pub(super) fn new(created_at: String, database: Database, history: &[AppliedMigration]) -> Self {
        Self {
            format: FORMAT,
            created_at,
            botserver: env!("CARGO_PKG_VERSION").to_owned(),
            database,
            migrations: history.iter().map(|own| format!("{}/{} {}", own.domain, own.number, own.name)).collect(),
        }
    }

    /// Reads a manifest; one of a newer format is refused with the release that wrote it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let Ok(any) = serde_json::from_slice::<AnyManifest>(bytes) else { bail!("manifest.json cannot be read") };
        if any.format > FORMAT {
            bail!(
                "the backup has format {}, this release reads up to {FORMAT}; restore it with BotServer {} or newer",
                any.format,
                any.botserver
            );
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let error = Manifest::parse(br#"{"format": 2, "botserver": "3.1.0", "shape": []}"#).expect_err("newer");
        assert_eq!(
            error.to_string(),
            "the backup has format 2, this release reads up to 1; restore it with BotServer 3.1.0 or newer"
        );
    }

    #[test]
    fn what_is_written_is_read() {
        let history = [AppliedMigration { domain: "engine".to_owned(), number: 1, name: "tables".to_owned() }];
        let manifest = Manifest::new("2026-11-22T10:00:00Z".to_owned(), Database::Postgres, &history);
        assert_eq!(manifest.migrations, ["engine/1 tables"]);
        assert_eq!(Manifest::parse(&serde_json::to_vec(&manifest).expect("JSON")).expect("our own"), manifest);
        assert!(Manifest::parse(b"[]").is_err());
    }
}
