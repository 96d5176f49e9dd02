//! What could stand at the cursor: decided from the pieces before it, for completion.

use crate::{
    cursor::{Cursor, Governing},
    forms::Part,
    line::{self, Kind, Piece},
    resolve::{has_columns, word_in},
    view::View,
};

/// A kind of thing that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Keywords and statements that begin with these words.
    Statements(String),
    /// Variables, functions, keywords that give a value, procedures.
    Values,
    /// Names of tables.
    Tables,
    /// Columns of a table.
    Columns(String),
    Scripts,
    Collections,
    Labels,
    Procedures,
    Variables,
    /// Fields of a variable.
    Fields(String, usize),
    /// These words.
    Words(Vec<String>),
}

/// What fits, and where it goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) wants: Vec<Want>,
    /// The first byte of what is replaced; the cursor is its end.
    pub(crate) from: usize,
    /// Names go between quotes that are already there.
    pub(crate) in_quotes: bool,
    /// Their closing quote is missing.
    pub(crate) unclosed: bool,
}

const PARAM_TYPES: &[&str] = &[
    "string", "integer", "number", "boolean", "date", "datetime", "email", "phone", "file", "image", "array", "object",
];
const COLUMN_TYPES: &[&str] = &[
    "string", "text", "integer", "bigint", "number", "decimal", "double", "boolean", "date", "datetime", "time",
    "uuid", "json", "binary",
];

/// What could stand at the cursor.
pub(crate) fn wanted(cursor: &Cursor<'_>, view: &View) -> Wanted {
    let nothing = Wanted { from: cursor.offset, ..Wanted::default() };
    if cursor.in_block || cursor.in_comment() {
        return nothing;
    }
    let end = cursor.before();
    if let Some(piece) = cursor.quoted {
        return quoted(cursor, view, piece, end);
    }
    let typed = cursor.pieces.get(end).filter(|piece| piece.start < cursor.offset && piece.end >= cursor.offset);
    if typed.is_some_and(|piece| piece.kind == Kind::Number) {
        return nothing;
    }
    let from = typed.map_or(cursor.offset, |piece| piece.start);
    let mut wanted = Wanted { from, ..Wanted::default() };
    if end.checked_sub(1).is_some_and(|last| cursor.is_dot(last)) {
        if let Some((base, fields)) = cursor.chain(end - 1) {
            wanted.wants.push(Want::Fields(base.text(cursor.text).to_owned(), fields.len()));
        }
        return wanted;
    }
    let start = if cursor.in_code { 0 } else { cursor.segment(end) };
    let segment = &cursor.pieces[start..end];
    if !cursor.in_code && special(cursor, segment, &mut wanted) {
        return wanted;
    }
    if !cursor.in_code && segment.iter().all(|piece| piece.kind == Kind::Word) {
        let words: Vec<String> = segment.iter().map(|piece| piece.text(cursor.text).to_uppercase()).collect();
        let written = words.join(" ").replace('_', " ");
        if begins_phrase(cursor, &written) {
            wanted.from = segment.first().map_or(from, |first| first.start);
            wanted.wants.push(Want::Statements(written));
            if segment.is_empty() {
                wanted.wants.push(Want::Variables);
                wanted.wants.push(Want::Procedures);
                return wanted;
            }
        }
    }
    let begun = wanted.wants.iter().any(|want| matches!(want, Want::Statements(_)));
    match cursor.governing(end) {
        Some(own) => arguments(cursor, &own, end, &mut wanted),
        None if !begun && (!segment.is_empty() || cursor.in_code) => wanted.wants.push(Want::Values),
        None => {}
    }
    wanted
}

/// True if some keyword or statement begins with these words and has more.
fn begins_phrase(cursor: &Cursor<'_>, written: &str) -> bool {
    if written.is_empty() {
        return true;
    }
    let more = |phrase: &str| phrase.strip_prefix(written).is_some_and(|rest| rest.starts_with(' '));
    cursor.language.phrases().any(|(phrase, _, _)| more(phrase))
        || crate::core_words::CORE.iter().any(|own| more(own.phrase))
}

/// Statements of the language itself that say what follows; true if nothing else fits.
fn special(cursor: &Cursor<'_>, segment: &[Piece], wanted: &mut Wanted) -> bool {
    let upper: Vec<String> = segment.iter().map(|piece| piece.text(cursor.text).to_uppercase()).collect();
    let words: Vec<&str> = upper.iter().map(String::as_str).collect();
    match words[..] {
        ["GOTO" | "GOSUB"] | ["ON", "ERROR", "GOTO"] => wanted.wants.push(Want::Labels),
        ["RESUME"] => wanted.wants.extend([Want::Words(vec!["NEXT".to_owned()]), Want::Labels]),
        [.., "GOTO" | "GOSUB"] if words.first() == Some(&"IF") => wanted.wants.push(Want::Labels),
        ["CALL"] => wanted.wants.extend([Want::Procedures, Want::Scripts]),
        ["RUN" | "INCLUDE"] => wanted.wants.push(Want::Scripts),
        ["ON", "INSERT" | "UPDATE" | "DELETE", "OF"] => wanted.wants.push(Want::Tables),
        ["HEAR", .., "AS"] => {
            let names = botserver_basic_types::HearType::names().map(str::to_owned).collect();
            wanted.wants.extend([Want::Words(names), Want::Variables]);
        }
        ["PARAM", .., "AS"] => wanted.wants.push(words_of(PARAM_TYPES)),
        ["PARAM", _] => wanted.wants.push(words_of(&["AS"])),
        ["PARAM", _, "AS", ..] => {
            wanted.wants.push(words_of(&["LIKE", "DESCRIPTION", "OPTIONAL", "DEFAULT", "ENUM"]));
        }
        ["FOR", "EACH", _] => wanted.wants.push(words_of(&["IN"])),
        ["SUB" | "FUNCTION" | "TABLE" | "WEBHOOK" | "DESCRIPTION", ..] | ["FOR"] => {}
        [_] if in_table(cursor.text, cursor.statement.start) => wanted.wants.push(words_of(COLUMN_TYPES)),
        [] if in_table(cursor.text, cursor.statement.start) => wanted.wants.push(words_of(&["END TABLE"])),
        _ => return false,
    }
    true
}

fn words_of(words: &[&str]) -> Want {
    Want::Words(words.iter().map(|word| (*word).to_owned()).collect())
}

/// True between a TABLE and its end.
fn in_table(text: &str, offset: usize) -> bool {
    /// Longer tables are not declared by people.
    const MOST: usize = 300;
    for line in text.get(..line::line_start(text, offset)).unwrap_or("").lines().rev().take(MOST) {
        let mut words = line.split_whitespace();
        match (words.next().map(str::to_uppercase).as_deref(), words.next()) {
            (Some("TABLE"), Some(name)) if !name.starts_with('=') => return true,
            (Some("END"), Some(what)) if what.eq_ignore_ascii_case("table") => return false,
            (Some("TALK" | "IF" | "FOR" | "SUB" | "FUNCTION"), _) => return false,
            _ => {}
        }
    }
    false
}

/// What a keyword takes at the cursor.
fn arguments(cursor: &Cursor<'_>, own: &Governing<'_>, end: usize, wanted: &mut Wanted) {
    let takes_words = end > own.args;
    match own.form.parts.get(own.walk.at) {
        Some(Part::Choice(options)) => wanted.wants.push(Want::Words(options.clone())),
        Some(Part::Arg { name, kind }) => {
            if own.form.is_table(own.walk.at) {
                wanted.wants.push(Want::Tables);
            }
            match (name.as_str(), kind.as_str()) {
                (_, "script") => wanted.wants.push(Want::Scripts),
                ("collection", _) => wanted.wants.push(Want::Collections),
                (_, kind) if has_columns(kind) => {
                    wanted.wants.extend(cursor.table_of(own).map(|table| Want::Columns(table.to_owned())));
                }
                _ => {}
            }
            wanted.wants.push(Want::Values);
        }
        Some(Part::Words(_) | Part::Symbol(_)) => wanted.wants.push(Want::Values),
        None => {}
    }
    if takes_words {
        let mut words: Vec<String> = Vec::new();
        for (keyword, form) in own.forms {
            let Some(form) = cursor.language.forms.get(*keyword).and_then(|forms| forms.get(*form)) else { continue };
            for (at, part) in form.parts.iter().enumerate() {
                let used = form.label == own.form.label && own.walk.used.contains(&at);
                if let Part::Words(clause) = part
                    && !used
                    && !words.contains(&clause.join(" "))
                {
                    words.push(clause.join(" "));
                }
            }
        }
        words.extend(["AND", "OR", "NOT"].map(str::to_owned));
        wanted.wants.push(Want::Words(words));
    }
}

/// What a text holds.
fn quoted(cursor: &Cursor<'_>, view: &View, piece: Piece, end: usize) -> Wanted {
    let inside = piece.inside();
    let unclosed = matches!(piece.kind, Kind::Text { closed: false });
    let mut wanted = Wanted { from: inside.start, in_quotes: true, unclosed, ..Wanted::default() };
    if let Some(own) = cursor.governing(end) {
        let Some(Part::Arg { name, kind }) = own.form.parts.get(own.walk.at) else { return wanted };
        let columns = || Some(cursor.table_of(&own)?.to_owned()).filter(|table| view.table(table).is_some());
        match (name.as_str(), kind.as_str()) {
            _ if own.form.is_table(own.walk.at) => wanted.wants.push(Want::Tables),
            (_, "script") => wanted.wants.push(Want::Scripts),
            ("collection", _) => wanted.wants.push(Want::Collections),
            (_, "variable") => wanted.wants.push(Want::Variables),
            (_, "filter" | "cond" | "order" | "columns") | ("column" | "key" | "group", _) => {
                let typed = word_in(cursor.text, inside.start..cursor.offset, cursor.offset);
                wanted.from = typed.map_or(cursor.offset, |(place, _)| place.start);
                wanted.unclosed = false;
                wanted.wants.extend(columns().map(Want::Columns));
            }
            _ => {}
        }
        return wanted;
    }
    let start = cursor.segment(end);
    let upper: Vec<String> =
        cursor.pieces[start..end].iter().map(|piece| piece.text(cursor.text).to_uppercase()).collect();
    match upper.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["CALL" | "RUN" | "INCLUDE"] => wanted.wants.push(Want::Scripts),
        ["ON", "INSERT" | "UPDATE" | "DELETE", "OF"] => wanted.wants.push(Want::Tables),
        _ => {}
    }
    wanted
}
