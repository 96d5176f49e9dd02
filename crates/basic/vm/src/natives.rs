//! The function library as the machine uses it: `basic/std`, and for FILTER and MAP the parser of
//! condition texts, which that crate does not know.

use std::sync::LazyLock;

use botserver_basic_std::records;
use botserver_basic_syntax::parse_filter;
use botserver_basic_types::{BasicError, DataExpr, FunctionDecl, Heap, NativeFn, Result, Val};

/// FILTER and MAP with conditions in text.
static WITH_CONDITIONS: LazyLock<Vec<FunctionDecl>> = LazyLock::new(|| {
    let with = |name, run: NativeFn| botserver_basic_std::find(name).map(|decl| FunctionDecl { run, ..decl.clone() });
    [with("FILTER", filter), with("MAP", map)].into_iter().flatten().collect()
});

/// The function of a name.
pub(crate) fn find(name: &str) -> Option<&'static FunctionDecl> {
    let found = botserver_basic_std::find(name)?;
    Some(WITH_CONDITIONS.iter().find(|decl| decl.name == found.name).unwrap_or(found))
}

fn filter(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    records::filter_with(heap, args, condition)
}

fn map(heap: &mut Heap, args: &[Val]) -> Result<Val> {
    records::map_with(heap, args, condition)
}

fn condition(text: &str) -> Result<DataExpr> {
    parse_filter(text).map_err(|error| BasicError::invalid(format!("in \"{text}\": {error}")))
}
