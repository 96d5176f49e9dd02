//! From the trees of a package's scripts to its image. Scripts with errors stay in the image as broken,
//! with their first error, so that calling one says why. Knows no keyword by name.

mod binder;
mod condition;
mod emit;
mod expr;
mod fold;
mod keyword;
mod loops;
mod lvalue;
mod operators;
mod script;
mod stmt;
mod tables;
mod traps;

use std::sync::Arc;

use botserver_basic_syntax::{
    ast::{Loc, Script},
    nearest,
};
use botserver_basic_types::{Diagnostic, Severity};

use crate::{
    image::{Image, ScriptCode},
    info::ScriptInfo,
};

/// By name, in order of appearance.
type IndexMap<K, V> = indexmap::IndexMap<K, V, foldhash::fast::RandomState>;

/// One parsed file with what the parser said about it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The tree.
    pub script: &'a Script,
    /// The parser's diagnostics; with an error among them the script is not compiled.
    pub diagnostics: &'a [Diagnostic],
}

/// The outcome of compiling a package.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// All scripts, the broken ones without code.
    pub image: Arc<Image>,
    /// What the compiler itself found, beside the parser's diagnostics.
    pub diagnostics: Vec<Diagnostic>,
}

/// How a package is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileOptions {
    /// Fold constants, compare and jump in one instruction, put small numbers into instructions, append texts in place.
    /// What scripts do is the same without; the tests run everything both ways.
    pub optimize: bool,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self { optimize: true }
    }
}

/// [`compile_with`] everything that makes scripts faster.
pub fn compile(sources: &[Source<'_>]) -> Compiled {
    compile_with(sources, CompileOptions::default())
}

/// Compiles the scripts of one package version. Of two scripts with the same stem the first one has the
/// name, so the caller puts the one nearest to the root first.
pub fn compile_with(sources: &[Source<'_>], options: CompileOptions) -> Compiled {
    compile_all(sources, options, &[])
}

/// As [`compile`]; besides, these variables belong to the first script, also those that it does not mention: it is
/// something that a person typed, and goes on with what there is.
pub fn compile_input(sources: &[Source<'_>], variables: &[Arc<str>]) -> Compiled {
    compile_all(sources, CompileOptions::default(), variables)
}

fn compile_all(sources: &[Source<'_>], options: CompileOptions, variables: &[Arc<str>]) -> Compiled {
    let mut tables = tables::Tables::default();
    let mut infos: Vec<ScriptInfo> = Vec::with_capacity(sources.len());
    let mut codes = Vec::with_capacity(sources.len());
    let mut diagnostics = Vec::new();
    for (index, source) in sources.iter().enumerate().take(usize::from(u16::MAX)) {
        let broken = source.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
        let mut info = script::declarations(source.script);
        if let Some(diagnostic) = broken {
            info.broken = Some(diagnostic.clone());
            codes.push(ScriptCode::default());
        } else {
            let mut problems = Problems { script: source.script, found: Vec::new() };
            let more = if index == 0 { variables } else { &[] };
            let code = script::compile(&mut tables, &mut problems, (sources, index), (options, more), &mut info);
            info.broken = problems.found.iter().find(|found| found.severity == Severity::Error).cloned();
            codes.push(if info.broken.is_some() { ScriptCode::default() } else { code });
            diagnostics.append(&mut problems.found);
        }
        infos.push(info);
    }
    let image = Image::new(tables.into_body(codes), infos);
    for (source, info) in sources.iter().zip(image.scripts()) {
        diagnostics.extend(missing_scripts(source.script, &image));
        diagnostics.extend(unreadable_schedules(source.script, info));
    }
    Compiled { image: Arc::new(image), diagnostics }
}

/// The scripts that are named and are not there. Warnings: the line may never run.
fn missing_scripts(script: &Script, image: &Image) -> Vec<Diagnostic> {
    let missing = script.called.iter().filter(|(name, _)| image.script(name).is_none());
    missing
        .map(|(name, loc)| {
            let known = image.scripts().iter().map(|own| &*own.name);
            Diagnostic {
                code: Arc::from(MISSING_SCRIPT),
                severity: Severity::Warning,
                message: if name.is_empty() {
                    "the name of a script is empty".to_owned()
                } else {
                    format!("no script of the package is named `{name}`")
                },
                span: script.span(*loc),
                help: nearest(&script::stem(name), known).map(|near| format!("Did you mean `{near}`?")),
            }
        })
        .collect()
}

/// Schedules whose time nobody understands. Warnings: the script itself may be sound.
fn unreadable_schedules(script: &Script, info: &ScriptInfo) -> Vec<Diagnostic> {
    let unread = script.schedules.iter().zip(&info.schedules).filter(|(_, info)| info.cron().is_none());
    let help =
        "Write a cron expression such as `0 9 * * 1-5`, or `every 5 minutes`, `every day at 9am`, `weekdays at 8:30`.";
    unread
        .map(|(declared, _)| Diagnostic {
            code: Arc::from(BAD_SCHEDULE),
            severity: Severity::Warning,
            message: "nobody can tell from this when it runs".to_owned(),
            span: script.span(declared.loc),
            help: Some(help.to_owned()),
        })
        .collect()
}

/// What goes wrong while compiling one script.
pub(crate) struct Problems<'a> {
    script: &'a Script,
    found: Vec<Diagnostic>,
}

impl Problems<'_> {
    /// An error: the script will be broken.
    pub(crate) fn error(&mut self, code: &'static str, loc: Loc, message: impl Into<String>) {
        // One error is enough to break a script; the list stays short for machine-made scripts.
        if self.found.len() < 100 {
            self.found.push(Diagnostic {
                code: Arc::from(code),
                severity: Severity::Error,
                message: message.into(),
                span: self.script.span(loc),
                help: None,
            });
        }
    }
}

/// The codes that the compiler adds to the parser's.
pub const CODES: &[botserver_basic_syntax::CodeInfo] = &[
    botserver_basic_syntax::CodeInfo {
        code: TOO_LARGE,
        title: "The script is too large",
        explanation: "A procedure or package has limits on variables, fields and functions that no script written by \
                      people comes near. Split it over several scripts.",
    },
    botserver_basic_syntax::CodeInfo {
        code: MISSING_INCLUDE,
        title: "An INCLUDE that does not exist",
        explanation: "The file named by INCLUDE is not part of the package, or has errors of its own.",
    },
    botserver_basic_syntax::CodeInfo {
        code: MISSING_SCRIPT,
        title: "A script that does not exist",
        explanation: "A CALL, a tool or a suggestion names a script by a fixed name, and the package has no file of that \
                      name. A CALL fails when it is reached, a suggestion when it is pressed, and a tool is not offered to \
                      the model. Correct the name, or add the file; its ending `.bas` may be left away.",
    },
    botserver_basic_syntax::CodeInfo {
        code: BAD_SCHEDULE,
        title: "A schedule that cannot be read",
        explanation: "SET SCHEDULE needs a cron expression of five fields (minute, hour, day, month, day of the week), or of \
                      six with the second first, or one of the phrases: `every 5 minutes`, `every 2 hours`, `every day at \
                      9:30am`, `every monday at noon`, `weekdays at 8am`, `every hour from 9am to 5pm`, `every 30 minutes \
                      during business hours`, `hourly`, `daily`, `weekly`, `monthly`, `yearly`.",
    },
    botserver_basic_syntax::CodeInfo {
        code: UNKNOWN_PROCEDURE,
        title: "A procedure that does not exist",
        explanation: "Neither this script nor its INCLUDEs declare a SUB or FUNCTION of that name with that many \
                      parameters.",
    },
    botserver_basic_syntax::CodeInfo {
        code: NOT_ON_COLUMNS,
        title: "This cannot be computed over columns",
        explanation: "Conditions and assignments that name columns are worked out by the database. Put the part that \
                      needs the script into a variable first.",
    },
];

pub(crate) const TOO_LARGE: &str = "B0700";
pub(crate) const MISSING_INCLUDE: &str = "B0701";
pub(crate) const UNKNOWN_PROCEDURE: &str = "B0702";
pub(crate) const NOT_ON_COLUMNS: &str = "B0703";
pub(crate) const MISSING_SCRIPT: &str = "B0704";
const BAD_SCHEDULE: &str = "B0705";
