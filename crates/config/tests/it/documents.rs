//! The tables of settings in the book are those of this build.

use std::{fmt::Write as _, fs, path::Path};

use botserver_config::{Kind, Works, bot_key_groups, server_keys};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

/// The rows of tables that begin with a name.
fn rows(tables: &str) -> Vec<&str> {
    tables.lines().filter(|line| line.starts_with("| `")).collect()
}

fn word(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Integer { min: 0, max: i64::MAX } => "whole number".to_owned(),
        Kind::Integer { min: 1, max: i64::MAX } => "whole number from 1".to_owned(),
        Kind::PORT => "port".to_owned(),
        Kind::Integer { min, max } => format!("{min} to {max}"),
        Kind::Number { max: f64::MAX, .. } => "number".to_owned(),
        Kind::Number { min, max } => format!("{min} to {max}"),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Seconds => "duration".to_owned(),
        Kind::Bytes => "size".to_owned(),
        Kind::Colour => "colour".to_owned(),
        Kind::Url => "address".to_owned(),
        Kind::Secret => "secret".to_owned(),
        Kind::List => "list".to_owned(),
        Kind::Origins => "origins".to_owned(),
        Kind::TimeZone => "time zone".to_owned(),
        other => format!("{other:?}"),
    }
}

fn quoted(default: Option<&str>) -> String {
    default.filter(|text| !text.is_empty()).map(|text| format!("`{text}`")).unwrap_or_default()
}

#[track_caller]
fn assert_same(page: &str, rows: &[&str], expected: &[String]) {
    if rows == expected {
        return;
    }
    let mut text = String::new();
    for row in expected.iter().filter(|row| !rows.contains(&row.as_str())) {
        writeln!(text, "missing:  {row}").unwrap();
    }
    for row in rows.iter().filter(|row| !expected.iter().any(|own| own == *row)) {
        writeln!(text, "outdated: {row}").unwrap();
    }
    panic!("docs/{page} has other settings, or in another order:\n{text}");
}

#[test]
fn every_key_of_a_bot_is_in_the_book() {
    let page = page("packages.md");
    let (_, keys) = page.split_once("## Known keys").unwrap();
    let expected: Vec<String> = bot_key_groups()
        .iter()
        .flat_map(|group| group.keys)
        .map(|key| {
            let works = match key.works {
                Works::NotYet => "",
                Works::Everywhere => "**works**",
                Works::ForOperators => "**works**, operator only",
            };
            let cells = [format!("`{}`", key.name), word(key.kind), quoted(key.default), works.to_owned()];
            cells.iter().fold("|".to_owned(), |row, cell| format!("{row} {cell} |"))
        })
        .collect();
    let titles: Vec<&str> = keys.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(titles, bot_key_groups().iter().map(|group| group.title).collect::<Vec<_>>());
    assert_same("packages.md", &rows(keys), &expected);
}

#[test]
fn every_setting_of_the_server_is_in_the_book() {
    let page = page("operations.md");
    let (_, table) = page.split_once("| setting | default | meaning |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let expected: Vec<String> =
        server_keys().iter().map(|key| format!("| `{}` | {} | {} |", key.name, quoted(key.default), key.doc)).collect();
    assert_same("operations.md", &rows(table), &expected);
}

/// The source texts of everything that is not this crate.
fn sources(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.is_dir() && !["config", "tests", "target", "snapshots"].contains(&name.as_str()) {
            sources(&entry, texts);
        } else if entry.extension().is_some_and(|end| end == "rs") {
            texts.push_str(&fs::read_to_string(entry).unwrap());
        }
    }
}

#[test]
fn every_setting_of_the_server_is_read() {
    let mut texts = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src"), &mut texts);
    texts.retain(|c| !c.is_whitespace());
    // What is locked is applied where `config.csv` is read, which is here.
    for key in server_keys().iter().filter(|key| key.name != "locked.keys") {
        assert!(texts.contains(&format!("settings.{}", key.name)), "nothing reads `{}`", key.name);
    }
}

#[test]
fn a_key_works_if_and_only_if_something_reads_it() {
    let mut texts = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), &mut texts);
    // One key for each kind of document.
    texts = texts.replace("kb-{extension}-max-size", "kb-pdf-max-size");
    // This crate gives it as what it means.
    texts = texts.replace("config.time_zone()", "config.text(\"time-zone\")");
    for key in bot_key_groups().iter().flat_map(|group| group.keys).filter(|key| !key.name.contains('*')) {
        let quoted = format!("\"{}\"", key.name);
        let reads = ["text", "get", "integer", "number", "boolean", "seconds", "bytes", "list"];
        let read = reads.iter().any(|read| texts.contains(&format!("config.{read}({quoted})")));
        let works = key.works != Works::NotYet;
        assert!(!read || works, "`{}` is read and works", key.name);
        assert!(!works || texts.contains(&quoted), "nothing reads `{}`, which is said to work", key.name);
    }
}
