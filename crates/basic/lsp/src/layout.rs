//! The usual layout of a script, as edits of the lines that change: the cursor stays where it is.

use std::ops::Range;

use botserver_basic_syntax::{ParseOptions, format};
use botserver_basic_types::Diagnostic;

use crate::{language::Language, script::Script, text::Lines, view::View};

/// The bytes that change, each with what comes there; or the mistakes that keep the script as it is.
pub(crate) fn edits(
    own: &Script,
    lines: &Lines,
    view: &View,
    language: &Language,
) -> Result<Vec<(Range<usize>, String)>, Vec<Diagnostic>> {
    let brought = view.with_includes(own).into_iter().skip(1);
    let procedures =
        brought.flat_map(|other| other.tree.procedures.iter().map(|one| one.name.key.to_string())).collect();
    let variables = view.settings.iter().map(|setting| setting.name.clone()).collect();
    let text = own.text();
    let laid_out = format(own.path(), text, &language.grammar, &ParseOptions { variables, procedures })?;
    if laid_out == text {
        return Ok(Vec::new());
    }
    let after = Lines::of(&laid_out);
    if after.count() != lines.count() {
        return Ok(vec![(0..text.len(), laid_out)]);
    }
    let changed = (0..lines.count()).filter_map(|line| {
        let (before, after) = (lines.line(text, line), after.line(&laid_out, line));
        let new = laid_out.get(after)?;
        (text.get(before.clone())? != new).then(|| (before, new.to_owned()))
    });
    Ok(changed.collect())
}
