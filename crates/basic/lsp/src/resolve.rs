//! What the word or text under the cursor means: by the tree where the statement is whole, by its pieces where it is
//! not.

use std::{ops::Range, sync::Arc};

use botserver_basic_types::FunctionDecl;

use crate::{
    core_words::CoreWord,
    cursor::Cursor,
    language::What,
    line::{self, Kind},
    script::{self, Occurrence, Script},
    view::View,
};

/// A thing that the cursor is on.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A variable, procedure or label of the script.
    Name(Occurrence),
    /// A procedure that an INCLUDE brings.
    Included(String),
    Keyword(usize),
    Core(&'static CoreWord),
    Function(&'static FunctionDecl),
    Table(String),
    Column {
        table: String,
        column: String,
    },
    /// A field of a variable that holds no rows.
    Field {
        variable: Arc<str>,
    },
    Script(String),
    Collection(String),
    Setting(String),
}

/// What is at the cursor, and its bytes.
pub(crate) fn target(cursor: &Cursor<'_>, own: &Script, view: &View) -> Option<(Range<usize>, Target)> {
    if let Some(found) = by_tree(cursor, own, view) {
        return Some(found);
    }
    if cursor.in_comment() || cursor.in_block {
        return None;
    }
    let (index, piece) = cursor.piece()?;
    let range = piece.start..piece.end;
    match piece.kind {
        Kind::Text { .. } => quoted(cursor, view, index),
        Kind::Word => word(cursor, own, view, index).map(|target| (range, target)),
        _ => None,
    }
}

/// By the tree: a name that the statement, as it is read, has there.
fn by_tree(cursor: &Cursor<'_>, own: &Script, view: &View) -> Option<(Range<usize>, Target)> {
    let found = own.occurrence_at(cursor.offset)?;
    let range = found.loc.start as usize..found.loc.end as usize;
    let text = cursor.text.get(range.clone())?;
    if text.to_lowercase() != *found.key {
        return None;
    }
    let target = match found.kind {
        script::Kind::Procedure if own.procedure(&found.key).is_none() => Target::Included(found.key.to_string()),
        script::Kind::Variable if own.definition(found).is_none() && view.setting(&found.key).is_some() => {
            Target::Setting(found.key.to_string())
        }
        // Read and never set: the user, the session and their like have a page.
        script::Kind::Variable if own.definition(found).is_none() => {
            let phrase = cursor.language.phrase_at(text, &line::pieces(text, 0..text.len()));
            match phrase.map(|phrase| phrase.what) {
                Some(What::Keyword([(keyword, _), ..])) => Target::Keyword(*keyword),
                _ => Target::Name(found.clone()),
            }
        }
        _ => Target::Name(found.clone()),
    };
    Some((range, target))
}

/// A text that names a table, a script, a collection, or holds a condition.
fn quoted(cursor: &Cursor<'_>, view: &View, index: usize) -> Option<(Range<usize>, Target)> {
    let piece = cursor.pieces[index];
    let range = piece.inside();
    let name = cursor.text.get(range.clone())?.to_owned();
    if let Some(own) = cursor.governing(index + 1)
        && let Some(part) = own.walk.parts.get(index.checked_sub(own.args)?).copied().flatten()
    {
        let (arg, kind) = own.form.arg(part)?;
        if own.form.is_table(part) {
            return Some((range, Target::Table(name)));
        }
        return match (arg, kind) {
            (_, "script") => Some((range, Target::Script(name))),
            ("collection", _) => Some((range, Target::Collection(name))),
            (_, "filter" | "order" | "columns") => {
                let table = cursor.table_of(&own)?;
                let (place, word) = word_in(cursor.text, range, cursor.offset)?;
                view.column(table, word)?;
                Some((place, Target::Column { table: table.to_owned(), column: word.to_owned() }))
            }
            _ => None,
        };
    }
    let start = cursor.segment(index);
    let words: Vec<String> =
        cursor.pieces[start..index].iter().map(|piece| piece.text(cursor.text).to_uppercase()).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["CALL" | "RUN" | "INCLUDE"] => Some((range, Target::Script(name))),
        ["ON", "INSERT" | "UPDATE" | "DELETE", "OF"] => Some((range, Target::Table(name))),
        _ => None,
    }
}

/// The word of a text that the cursor is in.
pub(crate) fn word_in(text: &str, within: Range<usize>, offset: usize) -> Option<(Range<usize>, &str)> {
    let inside = text.get(within.clone())?;
    let at = offset.checked_sub(within.start)?.min(inside.len());
    let start = inside.get(..at)?.rfind(|letter| !line::is_word_char(letter));
    let start = start.map_or(0, |found| found + inside[found..].chars().next().map_or(1, char::len_utf8));
    let end = inside[at..].find(|letter| !line::is_word_char(letter)).map_or(inside.len(), |found| at + found);
    let word = inside.get(start..end).filter(|word| !word.is_empty())?;
    Some((within.start + start..within.start + end, word))
}

fn word(cursor: &Cursor<'_>, own: &Script, view: &View, index: usize) -> Option<Target> {
    let name = cursor.pieces[index].text(cursor.text);
    if index.checked_sub(1).is_some_and(|before| cursor.is_dot(before)) {
        return member(cursor, own, view, index, name);
    }
    let governing = cursor.governing(index + 1);
    if let Some(governing) = &governing
        && index >= governing.args
        && let Some(part) = governing.walk.parts.get(index - governing.args).copied().flatten()
    {
        if governing.form.is_table(part) && view.table(name).is_some() {
            return Some(Target::Table(name.to_owned()));
        }
        if let Some(table) = cursor.table_of(governing)
            && governing.form.arg(part).is_some_and(|(_, kind)| has_columns(kind))
            && view.column(table, name).is_some()
        {
            return Some(Target::Column { table: table.to_owned(), column: name.to_owned() });
        }
    }
    let is_variable = own.is_variable(name) || cursor.around.is_variable(name);
    if !is_variable && let Some(found) = phrase(cursor, index) {
        return Some(found);
    }
    if let Some(target) = name_of(own, view, name).or_else(|| name_of(cursor.around, view, name)) {
        return Some(target);
    }
    if is_variable && let Some(found) = phrase(cursor, index) {
        return Some(found);
    }
    if let Some(function) = cursor.language.function(name) {
        return Some(Target::Function(function));
    }
    // A clause of the keyword: WHERE, ORDER BY.
    let clause = governing.filter(|own| own.args <= index && own.walk.parts.get(index - own.args) == Some(&None))?;
    Some(Target::Keyword(clause.keyword))
}

/// The keyword or statement whose words these are.
fn phrase(cursor: &Cursor<'_>, index: usize) -> Option<Target> {
    let start = cursor.segment(index);
    let found = (start..=index).find_map(|first| {
        let dotted = first.checked_sub(1).is_some_and(|before| cursor.is_dot(before));
        let own = cursor.language.phrase_at(cursor.text, &cursor.pieces[first..]).filter(|_| !dotted)?;
        (first + own.pieces > index).then_some(own.what)
    })?;
    match found {
        What::Keyword(forms) => forms.first().map(|(keyword, _)| Target::Keyword(*keyword)),
        What::Core(core) => Some(Target::Core(core)),
    }
}

/// A name in a statement that cannot be read: whatever has that name elsewhere in the script.
fn name_of(script: &Script, view: &View, name: &str) -> Option<Target> {
    let key = name.to_lowercase();
    let named = script.occurrences.iter().filter(|own| *own.key == *key);
    if let Some(found) = named.min_by_key(|own| (own.role, own.loc.start)) {
        return Some(Target::Name(found.clone()));
    }
    if view.setting(name).is_some() {
        return Some(Target::Setting(name.to_owned()));
    }
    view.procedure(script, name).map(|_| Target::Included(key))
}

/// A field: a column, if the variable holds rows of a table; else a function written as a method.
fn member(cursor: &Cursor<'_>, own: &Script, view: &View, index: usize, name: &str) -> Option<Target> {
    let called = cursor.pieces.get(index + 1).is_some_and(|next| next.is(cursor.text, "("));
    let function = cursor.language.function(name).filter(|_| called).map(Target::Function);
    let Some((base, fields)) = cursor.chain(index - 1) else { return function };
    let variable: Arc<str> = base.text(cursor.text).to_lowercase().into();
    let shape = own.shapes.get(&variable).or_else(|| cursor.around.shapes.get(&variable));
    if let Some(table) = shape.and_then(|shape| shape.table.as_deref()).filter(|_| fields.is_empty())
        && view.column(table, name).is_some()
    {
        return Some(Target::Column { table: table.to_owned(), column: name.to_owned() });
    }
    function.or_else(|| shape.is_some().then_some(Target::Field { variable }))
}

/// True for arguments in which bare names may be columns.
pub(crate) fn has_columns(kind: &str) -> bool {
    matches!(kind, "cond" | "filter" | "order" | "columns" | "assigns" | "values" | "word")
}
