//! Another name for a variable, a procedure or a label. Case does not count in the language. What comes out is read
//! again, and refused if any other name would mean something else.

use std::{ops::Range, sync::Arc};

use botserver_basic_syntax::{ParseOptions, walk::Scope};
use botserver_basic_types::Severity;

use crate::{
    language::Language,
    line::{self, Kind as PieceKind},
    navigate::{block_end, with_procedure},
    resolve::Target,
    script::{Kind, Occurrence, Script},
    view::View,
};

/// The places to change in one script.
#[derive(Debug)]
pub(crate) struct Edits {
    pub(crate) path: Arc<str>,
    pub(crate) places: Vec<Range<usize>>,
}

/// The name that can be changed, or why it cannot.
pub(crate) fn name_of<'t>(target: &'t Target, own: &Script, view: &View) -> Result<(Kind, &'t str), String> {
    match target {
        Target::Name(found) if found.kind == Kind::Variable && view.setting(&found.key).is_some() => {
            Err(is_setting(&found.key))
        }
        Target::Name(found) if own.definition(found).is_none() => {
            Err(format!("nothing in this script gives `{}` a value, so it is not the script's to rename", found.key))
        }
        Target::Name(found) => Ok((found.kind, &*found.key)),
        Target::Included(name) => Ok((Kind::Procedure, name.as_str())),
        Target::Setting(name) => Err(is_setting(name)),
        Target::Table(_) | Target::Column { .. } => {
            Err("tables and columns hold data under their names and keep them".to_owned())
        }
        _ => Err("only variables, procedures and labels can be renamed".to_owned()),
    }
}

fn is_setting(name: &str) -> String {
    format!("`{name}` is the setting `param-{name}`; rename it in config.csv first")
}

/// What to change so that a thing has a new name.
pub(crate) fn rename(
    target: &Target,
    new: &str,
    own: &Script,
    view: &View,
    language: &Language,
) -> Result<Vec<Edits>, String> {
    let (kind, key) = name_of(target, own, view)?;
    check_word(new, key, language)?;
    let new_key = new.to_lowercase();
    let scripts = if kind == Kind::Procedure { with_procedure(own, view, key) } else { vec![own] };
    let mut changes = Vec::new();
    for script in scripts {
        if new_key != *key {
            clashes(script, view, &new_key, new)?;
        }
        let same: Vec<&Occurrence> = match target {
            Target::Name(found) if kind != Kind::Procedure => script.same(found).collect(),
            _ => script.occurrences.iter().filter(|at| at.kind == kind && *at.key == *key).collect(),
        };
        let places = places(script, kind, key, &same)?;
        let renamed = rewritten(script.text(), &places, new);
        let mut procedures = Vec::new();
        for procedure in view.with_includes(script).into_iter().skip(1).flat_map(|other| &other.tree.procedures) {
            let own = &*procedure.name.key;
            let is_renamed = kind == Kind::Procedure && own == key;
            procedures.push(if is_renamed { new_key.clone() } else { own.to_owned() });
        }
        let variables = view.settings.iter().map(|setting| setting.name.clone()).collect();
        let after = Script::read(language, script.path(), &renamed, &ParseOptions { variables, procedures });
        if !same_meaning(script, &after, &same, &new_key) {
            return Err(format!("with the name `{new}` the script {} would mean something else", script.path()));
        }
        changes.push(Edits { path: script.path().clone(), places });
    }
    Ok(changes)
}

/// A name that can be written and is no word of the language.
fn check_word(new: &str, key: &str, language: &Language) -> Result<(), String> {
    let plain = new.strip_suffix('$').unwrap_or(new);
    let starts = plain.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if !starts || !plain.chars().all(line::is_word_char) {
        return Err(format!("`{new}` is no name: letters, digits and `_`, and no digit at the beginning"));
    }
    let known = language.phrase_at(new, &line::pieces(new, 0..new.len())).is_some() || language.function(new).is_some();
    if known && new.to_lowercase() != key {
        return Err(format!("`{}` is a word of the language", new.to_uppercase()));
    }
    Ok(())
}

fn clashes(script: &Script, view: &View, key: &str, new: &str) -> Result<(), String> {
    let path = script.path();
    if let Some(other) = script.occurrences.iter().find(|at| *at.key == *key) {
        let (what, line) = (what(other.kind), script.tree.position(other.loc).0);
        return Err(format!("`{new}` is already {what} of {path}, line {line}"));
    }
    if view.setting(key).is_some() {
        return Err(format!("`{new}` is already a setting of the package"));
    }
    if let Some((home, _)) = view.procedure(script, key) {
        return Err(format!("`{new}` is already a procedure of {}", home.path()));
    }
    Ok(())
}

const fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Variable => "a variable",
        Kind::Procedure => "a procedure",
        Kind::Label => "a label",
    }
}

/// The bytes of the name at each place, also those that the tree does not keep: `NEXT i`.
fn places(script: &Script, kind: Kind, key: &str, same: &[&Occurrence]) -> Result<Vec<Range<usize>>, String> {
    let text = script.text();
    let mut places = Vec::new();
    for at in same {
        let range = at.loc.start as usize..at.loc.end as usize;
        let own = text.get(range.clone()).unwrap_or("");
        if own.to_lowercase() == key {
            places.push(range);
        } else if let Some(inside) = own.strip_prefix('"').and_then(|rest| rest.get(..key.len()))
            && inside.to_lowercase() == key
        {
            // A text that names the variable: `GET TOOL PARAM "name"`.
            places.push(range.start + 1..range.start + 1 + key.len());
        } else {
            let line = script.tree.position(at.loc).0;
            return Err(format!("line {line} names `{key}` in a way that cannot be changed here"));
        }
    }
    if kind == Kind::Variable {
        next_names(script, key, same, &mut places);
    }
    unread(script, key, &places)?;
    places.sort_by_key(|place| place.start);
    places.dedup();
    Ok(places)
}

/// The names behind NEXT, in the part of the script that the variable stands in.
fn next_names(script: &Script, key: &str, same: &[&Occurrence], places: &mut Vec<Range<usize>>) {
    let Some(owner) = same.first().map(|at| at.owner) else { return };
    let text = script.text();
    let procedures: Vec<Range<usize>> = script
        .tree
        .procedures
        .iter()
        .map(|own| own.loc.start as usize..block_end(text, own.loc.start as usize, &["sub", "function"]))
        .collect();
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let trimmed = whole.trim_start();
        if trimmed.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("next")) {
            let scope = procedures.iter().position(|own| own.contains(&start)).map_or(Scope::Body, Scope::Procedure);
            let local = matches!(owner, Scope::Procedure(_));
            let pieces = line::pieces(text, start..start + whole.len());
            if !local || scope == owner {
                let named = pieces.iter().skip(1).filter(|piece| piece.text(text).to_lowercase() == key);
                places.extend(named.map(|piece| piece.start..piece.end));
            }
        }
        start += whole.len();
    }
}

/// Refuses when a statement that cannot be read has the name.
fn unread(script: &Script, key: &str, places: &[Range<usize>]) -> Result<(), String> {
    let text = script.text();
    for error in script.diagnostics.iter().filter(|found| found.severity == Severity::Error) {
        let statement = line::statement(text, (error.span.start as usize).min(text.len()));
        let missed = line::pieces(text, statement).into_iter().any(|piece| {
            piece.kind == PieceKind::Word
                && piece.text(text).to_lowercase() == key
                && !places.iter().any(|place| place.start == piece.start)
        });
        if missed {
            return Err(format!("line {} has a mistake and names `{key}`; correct it first", error.span.line));
        }
    }
    Ok(())
}

/// The text with a new name at each place.
pub(crate) fn rewritten(text: &str, places: &[Range<usize>], new: &str) -> String {
    let mut made = String::with_capacity(text.len() + places.len() * new.len());
    let mut at = 0;
    for place in places {
        made.push_str(text.get(at..place.start).unwrap_or(""));
        made.push_str(new);
        at = place.end;
    }
    made.push_str(text.get(at..).unwrap_or(""));
    made
}

/// True if every name means the same as before, the renamed one under its new name.
fn same_meaning(before: &Script, after: &Script, renamed: &[&Occurrence], new_key: &str) -> bool {
    let codes = |script: &Script| -> Vec<Arc<str>> { script.diagnostics.iter().map(|own| own.code.clone()).collect() };
    let names = |script: &Script, rename: bool| -> Vec<(Kind, String, Scope)> {
        let key = |at: &Occurrence| {
            let is_renamed = rename && renamed.iter().any(|own| own.loc == at.loc && own.kind == at.kind);
            if is_renamed { new_key.to_owned() } else { at.key.to_string() }
        };
        script.occurrences.iter().map(|at| (at.kind, key(at), at.owner)).collect()
    };
    codes(before) == codes(after) && names(before, true) == names(after, false)
}
