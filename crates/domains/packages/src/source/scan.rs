//! One reading of a package folder. It follows no link out of the folder, opens nothing that is no plain file, and
//! ends early when the folder is larger than a package may be.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use botserver_basic_types::{Diagnostic, Severity, Span};
use botserver_config::{BotConfig, BotDefaults};

use super::{bot_name, roles};
use crate::{FileRole, PackageSource, SourceFile};

/// How large a package may be, by the operator's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLimits {
    /// All files together, without documents and the drive.
    pub package_bytes: u64,
    /// Their number.
    pub files: usize,
    /// One script, `config.csv` or prompt.
    pub script_bytes: u64,
    /// One file of the theme: themes are served from memory.
    pub theme_file_bytes: u64,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self::from_defaults(&BotDefaults::default())
    }
}

impl ScanLimits {
    /// From the server's settings. A package cannot raise its own limits.
    pub fn from_defaults(defaults: &BotDefaults) -> Self {
        let config = BotConfig::from_defaults(defaults);
        Self {
            package_bytes: config.bytes("package-max-size").unwrap_or(100 << 20),
            files: usize::try_from(config.integer("user-file-count").unwrap_or(1_000)).unwrap_or(1_000),
            script_bytes: config.bytes("script-max-size").unwrap_or(1 << 20),
            theme_file_bytes: 2 << 20,
        }
    }
}

/// The deepest folder that is looked into.
const DEEPEST: usize = 16;

/// Reads a package. It never fails: what is wrong becomes diagnostics.
pub fn scan(folder: &Path, limits: &ScanLimits) -> PackageSource {
    let mut scanner = Scanner::new(folder, *limits, true);
    scanner.run();
    scanner.source
}

/// The same walk without opening files: sizes and times only.
pub(crate) fn stamp(folder: &Path, limits: &ScanLimits) -> PackageSource {
    let mut scanner = Scanner::new(folder, *limits, false);
    scanner.run();
    scanner.source
}

/// When something in a package changed last, in Unix milliseconds of the system's clock; `None` if nothing can be read.
pub(crate) fn last_change(folder: &Path, limits: &ScanLimits) -> Option<i64> {
    let mut scanner = Scanner::new(folder, *limits, false);
    scanner.run();
    scanner.last_change_ms
}

struct Scanner {
    limits: ScanLimits,
    /// The folder with links resolved: what is outside of it is not read.
    real_root: PathBuf,
    source: PackageSource,
    bytes: u64,
    reading: bool,
    last_change_ms: Option<i64>,
}

impl Scanner {
    fn new(folder: &Path, limits: ScanLimits, reading: bool) -> Self {
        let name = bot_name(folder).unwrap_or_default().to_lowercase();
        let source = PackageSource { name: name.into(), root: folder.to_owned(), ..PackageSource::default() };
        Self { limits, real_root: folder.to_owned(), source, bytes: 0, reading, last_change_ms: None }
    }

    fn run(&mut self) {
        match fs::canonicalize(&self.source.root) {
            Ok(real) => self.real_root = real,
            Err(error) => return self.unusable("P0001", format!("the folder cannot be read: {error}")),
        }
        if let Ok(about) = fs::metadata(&self.real_root) {
            self.note(&about);
        }
        self.folder(&self.real_root.clone(), "", 0);
        if !self.source.unusable && self.bytes > self.limits.package_bytes {
            let most = self.limits.package_bytes >> 20;
            self.unusable("P0003", format!("the package is larger than {most} MB (`package-max-size`)"));
        }
    }

    fn note(&mut self, about: &fs::Metadata) {
        self.last_change_ms = self.last_change_ms.max(Some(changed_ms(about)));
    }

    fn report(&mut self, code: &'static str, severity: Severity, path: &str, message: String, help: Option<&str>) {
        let span = Span { file: path.into(), start: 0, end: 0, line: 1, column: 1 };
        let help = help.map(str::to_owned);
        self.source.diagnostics.push(Diagnostic { code: code.into(), severity, message, span, help });
    }

    fn unusable(&mut self, code: &'static str, message: String) {
        self.report(code, Severity::Error, "", message, None);
        self.source.unusable = true;
    }

    fn folder(&mut self, folder: &Path, relative: &str, depth: usize) {
        if self.source.unusable {
            return;
        }
        if depth > DEEPEST {
            let message = format!("folders are nested deeper than {DEEPEST}; nothing below is used");
            return self.report("P0004", Severity::Warning, relative, message, None);
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            // The top folder is the package; without it there is nothing.
            Err(error) if depth == 0 => return self.unusable("P0001", format!("the folder cannot be read: {error}")),
            Err(error) => {
                return self.report(
                    "P0001",
                    Severity::Error,
                    relative,
                    format!("the folder cannot be read: {error}"),
                    None,
                );
            }
        };
        self.source.folders.push(folder.to_owned());
        let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let os_name = entry.file_name();
            let Some(name) = os_name.to_str().filter(|name| !name.contains(|c: char| c.is_control() || c == '\\'))
            else {
                let shown = os_name.to_string_lossy().escape_debug().to_string();
                let at = join(relative, &shown);
                self.report(
                    "P0005",
                    Severity::Error,
                    &at,
                    "the file's name is not plain UTF-8 text".to_owned(),
                    Some("Rename the file."),
                );
                continue;
            };
            if roles::is_litter(name) {
                continue;
            }
            self.entry(&entry.path(), &join(relative, name), name, depth);
            if self.source.unusable {
                return;
            }
        }
    }

    fn entry(&mut self, path: &Path, relative: &str, name: &str, depth: usize) {
        // A file that vanishes between listing and looking was being replaced; the next reading sees it.
        let Ok(mut about) = fs::symlink_metadata(path) else { return };
        self.note(&about);
        if about.is_symlink() {
            match fs::canonicalize(path) {
                Ok(target) if target.starts_with(&self.real_root) && target.is_file() => match fs::metadata(&target) {
                    Ok(target) => about = target,
                    Err(_) => return,
                },
                Ok(target) if target.starts_with(&self.real_root) => {
                    let message = "a link to a folder is not followed".to_owned();
                    return self.report("P0006", Severity::Warning, relative, message, Some("Copy the folder."));
                }
                Ok(_) => {
                    let message = "the link leads out of the package and is not followed".to_owned();
                    return self.report(
                        "P0006",
                        Severity::Error,
                        relative,
                        message,
                        Some("Copy the file into the package."),
                    );
                }
                Err(_) => {
                    let message = "the link leads nowhere".to_owned();
                    return self.report("P0006", Severity::Error, relative, message, None);
                }
            }
        }
        if about.is_dir() {
            if !roles::is_apart(name) {
                self.folder(path, relative, depth + 1);
            }
            return;
        }
        if !about.is_file() {
            let message = "this is no plain file (a pipe, a socket or a device)".to_owned();
            return self.report("P0007", Severity::Warning, relative, message, None);
        }
        if self.source.files.len() >= self.limits.files {
            return self.unusable("P0002", format!("the package has more than {} files", self.limits.files));
        }
        self.bytes = self.bytes.saturating_add(about.len());
        let role = roles::role_of(relative);
        let content = if self.reading { self.content(path, relative, role, about.len()) } else { None };
        let file = SourceFile { role, size: about.len(), modified: modified(&about), content };
        self.source.files.insert(relative.into(), file);
    }

    fn content(&mut self, path: &Path, relative: &str, role: FileRole, size: u64) -> Option<Arc<[u8]>> {
        let limit = match role {
            FileRole::Dialog | FileRole::Config | FileRole::Prompt => self.limits.script_bytes,
            FileRole::Theme => self.limits.theme_file_bytes,
            FileRole::Seed | FileRole::Other => return None,
        };
        let severity = if role == FileRole::Theme { Severity::Warning } else { Severity::Error };
        let too_large = format!("the file is larger than {} KB and is not used", limit >> 10);
        if size > limit {
            self.report("P0008", severity, relative, too_large, None);
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        // The file may grow while it is read.
        let read = fs::File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
        if let Err(error) = read {
            self.report("P0001", severity, relative, format!("the file cannot be read: {error}"), None);
            return None;
        }
        if bytes.len() as u64 > limit {
            self.report("P0008", severity, relative, too_large, None);
            return None;
        }
        // config.csv is checked line by line by its own reader.
        if matches!(role, FileRole::Dialog | FileRole::Prompt)
            && let Err(error) = std::str::from_utf8(&bytes)
        {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let line = good.matches('\n').count() as u32 + 1;
            let column = good.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
            let start = error.valid_up_to() as u32;
            let span = Span { file: relative.into(), start, end: start + 1, line, column };
            self.source.diagnostics.push(Diagnostic {
                code: "P0009".into(),
                severity,
                message: "the file is not UTF-8 text".to_owned(),
                span,
                help: Some("Save the file as UTF-8.".to_owned()),
            });
            return None;
        }
        Some(bytes.into())
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn modified(about: &fs::Metadata) -> i128 {
    let Ok(time) = about.modified() else { return 0 };
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
        Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
    }
}

/// When the file came here or changed: a copy may bring its old time of modification along.
#[cfg(unix)]
fn changed_ms(about: &fs::Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    about.ctime().saturating_mul(1_000).saturating_add(about.ctime_nsec() / 1_000_000)
}

#[cfg(not(unix))]
fn changed_ms(about: &fs::Metadata) -> i64 {
    i64::try_from(modified(about) / 1_000_000).unwrap_or(i64::MAX)
}
