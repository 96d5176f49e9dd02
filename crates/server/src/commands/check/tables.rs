//! What is wrong with a package's tables: the declarations are tried out, with the rows of its seed files, in a database
//! that is thrown away.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use botserver_basic_syntax::{
    CodeInfo,
    ast::{IndexDecl, TableDecl},
};
use botserver_basic_types::{Diagnostic, Severity, Span};
use botserver_data::{Actor, DataService, Seeds, TableProblem};
use botserver_db::Db;
use botserver_kernel::{BotId, Clock, OrgId, Principal, RandomIds, SystemClock};
use botserver_packages::{Listed, PackageVersion};
use bytes::Bytes;
use uuid::Uuid;

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

/// The findings, each with its place.
pub(super) async fn findings(db: &Db, org_id: OrgId, version: &PackageVersion) -> Vec<Listed> {
    let scripts = version.image.scripts();
    let tables: Vec<TableDecl> = scripts.iter().flat_map(|script| script.tables.clone()).collect();
    let indexes: Vec<IndexDecl> = scripts.iter().flat_map(|script| script.indexes.clone()).collect();
    if tables.is_empty() {
        return Vec::new();
    }
    let data = DataService::new(db.clone(), Arc::new(RandomIds), Arc::new(PackageFiles::of(version)));
    let principal = Principal::system(org_id);
    let bot_id = BotId::new(Uuid::nil());
    let actor = Actor { principal: &principal, bot_id, now: SystemClock.now(), offset_minutes: 0, max_rows: u64::MAX };
    match data.apply_tables(actor, &tables, &indexes).await {
        Ok(report) => report.problems.iter().map(|problem| declaration(version, problem)).collect(),
        Err(error) => vec![seed(version, &error.to_string())],
    }
}

/// A problem of a declaration, in the script that has it.
fn declaration(version: &PackageVersion, problem: &TableProblem) -> Listed {
    let scripts = version.image.scripts();
    let declares = |table: &TableDecl| table.name == problem.table && table.loc.start <= problem.loc.start;
    let script = scripts.iter().find(|script| script.tables.iter().any(declares)).or_else(|| scripts.first());
    let file = script.map(|script| script.file.clone()).unwrap_or_default();
    let text = version.sources.get(&file).cloned().unwrap_or_default();
    let before = text.get(..problem.loc.start as usize).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let span = Span {
        file,
        start: problem.loc.start,
        end: problem.loc.end,
        line: before.matches('\n').count() as u32 + 1,
        column: line.chars().count() as u32 + 1,
    };
    let source = text.lines().nth(span.line as usize - 1).map(str::to_owned);
    let (severity, message) = (problem.severity, problem.message.clone());
    Listed { diagnostic: Diagnostic { code: DECLARATION.into(), severity, message, span, help: None }, source }
}

/// A row that does not fit. The message begins with the name of the file, and names the line if there is one.
fn seed(version: &PackageVersion, message: &str) -> Listed {
    let named = |file: &str| message.strip_prefix(file.rsplit('/').next().unwrap_or(file)).map(str::to_owned);
    let found = version.seeds.iter().find_map(|seed| Some((seed.path.clone(), named(&seed.path)?)));
    let (file, rest) = found.unwrap_or_else(|| (Arc::default(), message.to_owned()));
    let numbered = rest.strip_prefix(", line ").and_then(|rest| rest.split_once(": "));
    let numbered = numbered.and_then(|(line, rest)| Some((line.parse().ok()?, rest)));
    let (line, message) = numbered.unwrap_or((1, rest.trim_start_matches([':', ' '])));
    let span = Span { file, start: 0, end: 0, line, column: 1 };
    let diagnostic =
        Diagnostic { code: SEED.into(), severity: Severity::Error, message: message.to_owned(), span, help: None };
    Listed { diagnostic, source: None }
}

/// The files of the package's data folder, by the names scripts know them by.
struct PackageFiles(BTreeMap<String, PathBuf>);

impl PackageFiles {
    fn of(version: &PackageVersion) -> Self {
        let inside = |path: &str| path.split_once('/').map(|(_, inside)| inside.to_lowercase());
        Self(version.seeds.iter().filter_map(|seed| Some((inside(&seed.path)?, seed.file.clone()))).collect())
    }
}

#[async_trait]
impl Seeds for PackageFiles {
    async fn read(&self, _: BotId, path: &str) -> std::io::Result<Option<Bytes>> {
        match self.0.get(&path.trim_start_matches('/').to_lowercase()) {
            Some(file) => tokio::fs::read(file).await.map(|bytes| Some(bytes.into())),
            None => Ok(None),
        }
    }
}
