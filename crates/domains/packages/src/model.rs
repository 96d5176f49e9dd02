//! The nouns: a bot, the folder it is read from, a version of it, and what is wrong with one.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use botserver_basic_types::{Diagnostic, Severity};
use botserver_basic_vm::{Image, ScriptInfo};
use botserver_config::BotConfig;
use botserver_kernel::BotId;
use serde::{Deserialize, Serialize};

/// What a file of a package is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileRole {
    /// A script.
    Dialog,
    /// `config.csv`.
    Config,
    /// The system prompt.
    Prompt,
    /// A file of the theme.
    Theme,
    /// Rows for a table.
    Seed,
    /// Anything else; counted, not read.
    Other,
}

impl FileRole {
    /// True for what a version is made of: a change of it is a new version.
    pub const fn is_versioned(self) -> bool {
        matches!(self, Self::Dialog | Self::Config | Self::Prompt)
    }
}

/// A file of a package, as it was when the folder was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// What it is for.
    pub role: FileRole,
    /// Its size.
    pub size: u64,
    /// Its time of change, in nanoseconds.
    pub modified: i128,
    /// Its bytes; `None` for files that are only counted, and for files with an error.
    pub content: Option<Arc<[u8]>>,
}

/// A package as it lies on disk.
#[derive(Clone, Debug, Default)]
pub struct PackageSource {
    /// The bot's name: the folder's name without `.gbai`, lower case.
    pub name: Arc<str>,
    /// Where it was read from.
    pub root: PathBuf,
    /// Its files by path with `/`, relative to the folder.
    pub files: BTreeMap<Arc<str>, SourceFile>,
    /// Its folders, without those whose changes do not concern the package; for the watcher.
    pub folders: Vec<PathBuf>,
    /// What is wrong with the files themselves.
    pub diagnostics: Vec<Diagnostic>,
    /// True if the package cannot be used at all (too large, unreadable).
    pub unusable: bool,
}

impl PackageSource {
    /// The text of a file that has been read.
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?.content.as_deref()?).ok()
    }

    /// Puts a text in the place of a file, as an editor has it before it is saved; what was wrong with the file's bytes
    /// no longer counts.
    pub fn put(&mut self, path: &str, text: &str) {
        let role = crate::source::role_of(path);
        let content = Some(Arc::from(text.as_bytes()));
        let file = SourceFile { role, size: text.len() as u64, modified: 0, content };
        self.diagnostics.retain(|found| *found.span.file != *path);
        self.files.insert(path.into(), file);
    }

    /// Two readings with equal stamps saw the same files.
    pub fn same_files(&self, other: &Self) -> bool {
        self.files == other.files && self.diagnostics == other.diagnostics && self.unusable == other.unusable
    }
}

/// A file with rows for a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeedFile {
    /// The table: the file's stem.
    pub table: Arc<str>,
    /// Path inside the package.
    pub path: Arc<str>,
    /// Where it lies.
    pub file: PathBuf,
    /// Its size.
    pub size: u64,
    /// Its time of change, in nanoseconds: with the size it tells whether it was imported already.
    pub modified: i128,
}

/// How the bot looks and presents itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The title of the page.
    pub title: Arc<str>,
    /// One sentence.
    pub description: Option<Arc<str>>,
    /// Shown before the first message.
    pub welcome: Option<Arc<str>>,
    /// Main colour.
    pub accent: Option<Arc<str>>,
    /// Second colour.
    pub accent2: Option<Arc<str>>,
    /// Path of the logo inside the theme.
    pub logo: Option<Arc<str>>,
}

/// A version of a package, ready to run. It never changes.
#[derive(Debug)]
pub struct LoadedPackage {
    /// The bot.
    pub bot_id: BotId,
    /// Its name.
    pub name: Arc<str>,
    /// Hash of the version.
    pub hash: Arc<str>,
    /// The compiled scripts.
    pub image: Arc<Image>,
    /// The settings.
    pub config: Arc<BotConfig>,
    /// The system prompt.
    pub prompt: Option<Arc<str>>,
    /// Dialogs, `config.csv` and prompt by path: to show the line of an error.
    pub sources: BTreeMap<Arc<str>, Arc<str>>,
    /// The paths that have errors.
    pub broken: BTreeSet<Arc<str>>,
    /// How it looks.
    pub look: Look,
}

impl LoadedPackage {
    /// A script by stem, file name or path.
    pub fn script(&self, name: &str) -> Option<&ScriptInfo> {
        self.image.script(name)
    }

    /// The script that begins a conversation, if there is one.
    pub fn start_script(&self) -> Option<&ScriptInfo> {
        self.script(self.config.text("start-dialog").unwrap_or("start"))
    }

    /// The scripts that can be offered as tools: with PARAM or DESCRIPTION, but not what begins a conversation, runs
    /// by a schedule or answers a webhook.
    pub fn tools(&self) -> impl Iterator<Item = &ScriptInfo> {
        let start = self.start_script().map(|script| script.name.clone());
        self.image.scripts().iter().filter(move |script| {
            script.tool
                && Some(&script.name) != start.as_ref()
                && &*script.name != "tables"
                && script.schedules.is_empty()
                && script.webhooks.is_empty()
        })
    }

    /// The text of a line (from 1) of one of its files.
    pub fn line(&self, path: &str, line: u32) -> Option<&str> {
        self.sources.get(path)?.lines().nth((line as usize).checked_sub(1)?)
    }
}

/// What a bot is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BotState {
    /// It answers.
    Serving,
    /// It has never worked: see its diagnostics.
    Refused,
    /// Its folder is gone.
    Removed,
}

impl BotState {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Refused => "refused",
            Self::Removed => "removed",
        }
    }

    /// From what is stored.
    pub fn from_stored(text: &str) -> Self {
        match text {
            "serving" => Self::Serving,
            "removed" => Self::Removed,
            _ => Self::Refused,
        }
    }
}

/// A diagnostic with the line it speaks of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What is wrong, and where.
    #[serde(flatten)]
    pub diagnostic: Diagnostic,
    /// The source line, if there is one.
    pub source: Option<String>,
}

/// A bot, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// Its id, for ever.
    pub id: BotId,
    /// Its name, in lower case: its address.
    pub name: Arc<str>,
    /// What it does.
    pub state: BotState,
    /// The version that serves.
    pub version: Option<Arc<str>>,
    /// When that version began to serve, in Unix milliseconds.
    pub loaded_at_ms: Option<i64>,
    /// True if the folder holds a change that was refused.
    pub change_refused: bool,
    /// What is wrong with the folder as it is now.
    pub diagnostics: Vec<Listed>,
}

impl Bot {
    /// How many errors its folder has.
    pub fn error_count(&self) -> usize {
        self.diagnostics.iter().filter(|listed| listed.diagnostic.severity == Severity::Error).count()
    }
}
