//! Makes the tables that a package declares before its version serves, with the rows of its seed files, and says what is
//! wrong with them in the words of a diagnostic.

use std::{
    collections::{BTreeMap, HashMap},
    io::ErrorKind as IoKind,
    path::PathBuf,
    sync::Arc,
};

use async_trait::async_trait;
use botserver_basic_syntax::{
    CodeInfo,
    ast::{IndexDecl, Loc, TableDecl},
};
use botserver_basic_types::{Diagnostic, Severity, Span};
use botserver_basic_vm::ScriptInfo;
use botserver_data::{Actor, ApplyReport, DataService, Place, Seeds, TableProblem};
use botserver_kernel::{BotId, Clock, ErrorKind, Fault as _, OrgId, Principal};
use botserver_packages::{Listed, LoadedPackage, PackageVersion, Preparation, SeedFile};
use bytes::Bytes;
use parking_lot::RwLock;

const DECLARATION: &str = "T0001";
const SEED: &str = "T0002";

/// The codes of these findings.
pub(crate) const CODES: &[CodeInfo] = &[
    CodeInfo {
        code: DECLARATION,
        title: "A TABLE that cannot be made, or not as it is written",
        explanation: "Names of tables and columns are words of letters, digits and `_`, each once. A column keeps its \
                      type for ever, because it has rows; give a column of another type another name.",
    },
    CodeInfo {
        code: SEED,
        title: "Rows that do not fit their table",
        explanation: "`TABLE.csv` in the .gbdata folder holds the first rows of a table: its header names columns of the \
                      table, and every value fits the type of its column. Until it does, the table is not made.",
    },
];

/// What of a package concerns its tables.
pub(crate) struct Declared<'a> {
    scripts: Vec<&'a ScriptInfo>,
    sources: &'a BTreeMap<Arc<str>, Arc<str>>,
    seeds: &'a [SeedFile],
}

impl<'a> Declared<'a> {
    /// Of a package that does not serve.
    pub(crate) fn by(version: &'a PackageVersion) -> Self {
        let scripts = version.image.scripts().iter().collect();
        Self { scripts, sources: &version.sources, seeds: &version.seeds }
    }

    /// Of one script and those that it uses.
    pub(crate) fn by_script(version: &'a PackageVersion, script: &str) -> Self {
        Self { scripts: version.image.with_what_it_uses(script), ..Self::by(version) }
    }

    /// Of one script and nothing else.
    pub(crate) fn alone(script: &'a ScriptInfo, sources: &'a BTreeMap<Arc<str>, Arc<str>>) -> Self {
        Self { scripts: vec![script], sources, seeds: &[] }
    }

    /// Makes the tables and adds the columns that are missing; what is wrong comes back, and with an error among it
    /// nothing was done. An `Err` says that the database could not be asked.
    pub(crate) async fn apply(
        &self,
        data: &DataService,
        actor: Actor<'_>,
    ) -> Result<(ApplyReport, Vec<Listed>), botserver_db::Error> {
        match self.make(data, actor).await {
            Err(botserver_data::Error::Db(error)) if error.kind() == ErrorKind::Unavailable => Err(error),
            Err(error) => Ok((ApplyReport::default(), vec![self.rows(&error)])),
            Ok(made) => Ok(made),
        }
    }

    /// As [`Self::apply`], but rows that do not fit are an `Err` too.
    pub(crate) async fn make(
        &self,
        data: &DataService,
        actor: Actor<'_>,
    ) -> botserver_data::Result<(ApplyReport, Vec<Listed>)> {
        let tables: Vec<TableDecl> = self.scripts.iter().flat_map(|script| script.tables.clone()).collect();
        let indexes: Vec<IndexDecl> = self.scripts.iter().flat_map(|script| script.indexes.clone()).collect();
        if tables.is_empty() {
            return Ok((ApplyReport::default(), Vec::new()));
        }
        let report = data.apply_tables(actor, &tables, &indexes).await?;
        let found = report.problems.iter().map(|problem| self.declaration(problem)).collect();
        Ok((report, found))
    }

    /// A problem of a declaration, in the script that has it.
    fn declaration(&self, problem: &TableProblem) -> Listed {
        let span = self.span(problem.place, problem.loc);
        let text = self.sources.get(&span.file).cloned().unwrap_or_default();
        let source = text.lines().nth(span.line as usize - 1).map(str::to_owned);
        let (severity, mut message) = (problem.severity, problem.message.clone());
        if let Some(place @ Place::Table(number)) = problem.earlier {
            let loc = self.scripts.iter().flat_map(|script| &script.tables).nth(number).map(|table| table.loc);
            let earlier = self.span(place, loc.unwrap_or_default());
            message = format!("{message}, first at {}:{}:{}", earlier.file, earlier.line, earlier.column);
        }
        Listed { diagnostic: Diagnostic { code: DECLARATION.into(), severity, message, span, help: None }, source }
    }

    /// The full place of something in a declaration.
    fn span(&self, place: Place, loc: Loc) -> Span {
        let (number, count): (usize, fn(&ScriptInfo) -> usize) = match place {
            Place::Table(number) => (number, |script| script.tables.len()),
            Place::Index(number) => (number, |script| script.indexes.len()),
        };
        let mut files = self.scripts.iter().flat_map(|script| std::iter::repeat_n(&script.file, count(script)));
        let file = files.nth(number).cloned().unwrap_or_default();
        let text = self.sources.get(&file).cloned().unwrap_or_default();
        let before = text.get(..loc.start as usize).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Span {
            file,
            start: loc.start,
            end: loc.end,
            line: before.matches('\n').count() as u32 + 1,
            column: line.chars().count() as u32 + 1,
        }
    }

    /// A row that does not fit. The message begins with the name of the file, and names the line if there is one.
    fn rows(&self, error: &botserver_data::Error) -> Listed {
        let message = error.to_string();
        let named = |file: &str| message.strip_prefix(file.rsplit('/').next().unwrap_or(file)).map(str::to_owned);
        let found = self.seeds.iter().find_map(|seed| Some((seed.path.clone(), named(&seed.path)?)));
        let (file, rest) = found.unwrap_or_else(|| (self.first_file(), message.clone()));
        let numbered = rest.strip_prefix(", line ").and_then(|rest| rest.split_once(": "));
        let numbered = numbered.and_then(|(line, rest)| Some((line.parse().ok()?, rest)));
        let (line, text) = numbered.unwrap_or((1, rest.trim_start_matches([':', ' '])));
        // What the database says of a statement is the only hint at what it does not like about a declaration.
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        let span = Span { file, start: 0, end: 0, line, column: 1 };
        let (severity, message) = (Severity::Error, format!("{text}{cause}"));
        Listed { diagnostic: Diagnostic { code: SEED.into(), severity, message, span, help: None }, source: None }
    }

    /// The first script that declares a table.
    fn first_file(&self) -> Arc<str> {
        let mut scripts = self.scripts.iter();
        scripts.find(|script| !script.tables.is_empty()).map(|script| script.file.clone()).unwrap_or_default()
    }
}

/// The files with rows of the packages that serve, by the names that scripts know them by. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct PackageFiles(Arc<RwLock<HashMap<BotId, Files>>>);

type Files = BTreeMap<String, PathBuf>;

impl PackageFiles {
    /// Only those of one package, for whichever bot asks.
    pub(crate) fn of(bot_id: BotId, seeds: &[SeedFile]) -> Self {
        let files = Self::default();
        files.set(bot_id, Some(Self::named(seeds)));
        files
    }

    /// `shop.gbdata/products.csv` is `products.csv` to scripts.
    fn named(seeds: &[SeedFile]) -> Files {
        let inside = |path: &str| path.split_once('/').map(|(_, inside)| inside.to_lowercase());
        seeds.iter().filter_map(|seed| Some((inside(&seed.path)?, seed.file.clone()))).collect()
    }

    /// Replaces those of a bot; gives back what was there.
    fn set(&self, bot_id: BotId, files: Option<Files>) -> Option<Files> {
        match files {
            Some(files) => self.0.write().insert(bot_id, files),
            None => self.0.write().remove(&bot_id),
        }
    }
}

#[async_trait]
impl Seeds for PackageFiles {
    async fn read(&self, bot_id: BotId, path: &str) -> std::io::Result<Option<Bytes>> {
        let wanted = path.trim_start_matches('/').to_lowercase();
        let Some(file) = self.0.read().get(&bot_id).and_then(|files| files.get(&wanted)).cloned() else {
            return Ok(None);
        };
        match tokio::fs::read(file).await {
            Ok(bytes) => Ok(Some(bytes.into())),
            // It has just gone; the package that lacks it is taken in a moment.
            Err(error) if error.kind() == IoKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Makes the tables that packages declare. Clones share everything.
#[derive(Clone)]
pub(crate) struct Tables {
    data: DataService,
    files: PackageFiles,
    principal: Principal,
    clock: Arc<dyn Clock>,
}

impl Tables {
    /// Over the data service that reads from these files.
    pub(crate) fn new(data: DataService, files: PackageFiles, org_id: OrgId, clock: Arc<dyn Clock>) -> Self {
        Self { data, files, principal: Principal::system(org_id), clock }
    }

    /// The package of a bot is gone.
    pub(crate) fn forget_files(&self, bot_id: BotId) {
        self.files.set(bot_id, None);
    }
}

#[async_trait]
impl Preparation for Tables {
    async fn prepare(
        &self,
        package: &LoadedPackage,
        seeds: &Arc<[SeedFile]>,
    ) -> botserver_packages::Result<Vec<Listed>> {
        let now = self.clock.now();
        let actor = Actor {
            principal: &self.principal,
            bot_id: package.bot_id,
            now,
            offset_minutes: (package.config.time_zone().to_offset(now).seconds() / 60) as i16,
            max_rows: u64::MAX,
        };
        let before = self.files.set(package.bot_id, Some(PackageFiles::named(seeds)));
        let scripts = package.image.scripts().iter().collect();
        let declared = Declared { scripts, sources: &package.sources, seeds };
        let applied = declared.apply(&self.data, actor).await;
        let refused = |found: &[Listed]| found.iter().any(|own| own.diagnostic.severity == Severity::Error);
        if applied.as_ref().map_or(true, |(_, found)| refused(found)) {
            // What serves goes on with its own files.
            self.files.set(package.bot_id, before);
        }
        let (report, found) = applied?;
        let bot = &*package.name;
        for (table, rows) in report.created {
            tracing::info!(bot, table = &*table, rows, "a table was made");
        }
        for column in report.added {
            tracing::info!(bot, column, "a column was added");
        }
        Ok(found)
    }
}
