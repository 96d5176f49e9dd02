//! Text in, text out: scripts and what the parser makes of them.

mod declarations;
mod filters;
mod format;
mod grammar;
mod lint;
mod mistakes;
mod robust;
mod snippets;

pub(crate) use botserver_basic_syntax::render;
use botserver_basic_syntax::{Parsed, print};

/// Parses with the tests' own keywords.
pub(crate) fn parse(source: &str) -> Parsed {
    botserver_basic_syntax::parse("test.bas", source, grammar::grammar())
}

/// The tree, then the diagnostics as people see them.
pub(crate) fn check(source: &str) -> String {
    let parsed = parse(source);
    let diagnostics: String = parsed.diagnostics.iter().map(|diagnostic| render(diagnostic, source)).collect();
    format!("{}{diagnostics}", print(&parsed.script))
}
