//! What a line expects of tables and memory.

use anyhow::Result;
use botserver_basic_types::{Rows, Value, ops::to_text};
use botserver_bot_tests::{Amount, Captures, MemoryScope, Pattern, RowsWanted};
use botserver_data::{Error, Find, MemoryOwner, Row};
use botserver_kernel::Principal;

use super::{
    play::{Checked, Wrong},
    stage::Stage,
};

/// Rows of a table that are shown when others were expected.
const SHOWN: usize = 10;

/// How many rows a table has.
pub(super) async fn amount(stage: &Stage, table: &str, amount: &Amount, kept: &Captures) -> Checked {
    let rows = match all(stage, table).await? {
        Ok(rows) => rows,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let columns: Vec<&str> = amount.with.iter().map(|(column, _)| column.as_str()).collect();
    if let Err(wrong) = known(stage, table, &columns).await? {
        return Ok(Err(wrong));
    }
    let wanted = |row: &&Row| amount.with.iter().all(|(column, value)| fits(row, column, value, &mut kept.clone()));
    let found = rows.rows.iter().filter(wanted).count();
    if found == amount.rows {
        return Ok(Ok(()));
    }
    let message = format!("`{table}` has {}, not {}", many(found), amount.rows);
    Ok(Err(Wrong::with(message, shown(&rows, &columns))))
}

/// Which rows a table has.
pub(super) async fn rows(stage: &Stage, table: &str, wanted: &RowsWanted, kept: &mut Captures) -> Checked {
    let there = match all(stage, table).await? {
        Ok(rows) => rows,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let columns: Vec<&str> = wanted.columns.iter().map(String::as_str).collect();
    if let Err(wrong) = known(stage, table, &columns).await? {
        return Ok(Err(wrong));
    }
    let mut left: Vec<&Row> = there.rows.iter().collect();
    for row in &wanted.rows {
        let mut with = kept.clone();
        let found = left.iter().position(|own| {
            with.clone_from(kept);
            columns.iter().zip(row).all(|(column, cell)| fits(own, column, cell, &mut with))
        });
        let Some(at) = found else {
            let message = format!("`{table}` has no row | {} |", row.join(" | "));
            return Ok(Err(Wrong::with(message, shown(&there, &columns))));
        };
        left.remove(at);
        *kept = with;
    }
    if wanted.only && !left.is_empty() {
        let message = format!("`{table}` has {} more", many(left.len()));
        return Ok(Err(Wrong::with(message, shown(&there, &columns))));
    }
    Ok(Ok(()))
}

/// What a memory keeps.
pub(super) async fn memory(
    stage: &Stage,
    principal: &Principal,
    (scope, key): (MemoryScope, &str),
    wanted: Option<&Pattern>,
    kept: &mut Captures,
) -> Checked {
    let found = stage.assembled().data.recall(stage.actor(principal), owner(scope), key).await?;
    let found = found.filter(|value| !value.is_null()).map(|value| to_text(&value));
    let same = match (wanted, &found) {
        (Some(pattern), Some(text)) => pattern.fits(text, kept),
        (None, None) => true,
        _ => false,
    };
    if same {
        return Ok(Ok(()));
    }
    let wanted = wanted.map_or("nothing", |own| own.written.as_str());
    let found = found.unwrap_or_else(|| "nothing".to_owned());
    let message = format!("`{}` keeps something else under `{key}`", scope.word());
    Ok(Err(Wrong::with(message, format!("expected   {wanted}\nkeeps      {found}\n"))))
}

/// Whose memory is meant.
pub(super) const fn owner(scope: MemoryScope) -> MemoryOwner {
    match scope {
        MemoryScope::Bot => MemoryOwner::Bot,
        MemoryScope::User => MemoryOwner::Person,
        MemoryScope::Remembered => MemoryOwner::PersonWithBot,
    }
}

async fn all(stage: &Stage, table: &str) -> Result<Result<Rows, Wrong>> {
    let found = stage.assembled().data.find(stage.actor(stage.system()), table, &Find::default()).await;
    of_the_test(found)
}

/// A table or column that is not there is the test's mistake, anything else ours.
pub(super) fn of_the_test<T>(found: Result<T, Error>) -> Result<Result<T, Wrong>> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(Error::Db(error)) => Err(error.into()),
        Err(error) => Ok(Err(Wrong::new(error.to_string()))),
    }
}

async fn known(stage: &Stage, table: &str, columns: &[&str]) -> Result<Result<(), Wrong>> {
    if botserver_data::is_csv(table) {
        return Ok(Ok(()));
    }
    let found = stage.assembled().data.table(stage.actor(stage.system()), table).await;
    Ok(of_the_test(found)?.and_then(|table| {
        let unknown = columns.iter().try_for_each(|column| table.need_column(column).map(drop));
        unknown.map_err(|error| Wrong::new(error.to_string()))
    }))
}

fn cell(row: &Row, column: &str) -> Value {
    let own = row.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
    own.map_or(Value::Null, |(_, value)| value.clone())
}

/// Numbers are compared as numbers: `12.5` is `12.50`.
fn fits(row: &Row, column: &str, wanted: &str, kept: &mut Captures) -> bool {
    let text = to_text(&cell(row, column));
    let wanted = Pattern::filled(wanted, kept);
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let same_number = number(&text).zip(number(&wanted)).is_some_and(|(one, other)| one.total_cmp(&other).is_eq());
    same_number || Pattern::text(wanted.as_str()).fits(&text, kept)
}

fn many(number: usize) -> String {
    format!("{number} row{}", if number == 1 { "" } else { "s" })
}

/// The rows that there are, the columns in question only.
fn shown(rows: &Rows, columns: &[&str]) -> String {
    if rows.rows.is_empty() {
        return "There are no rows.\n".to_owned();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let all: Vec<String> = match rows.rows.first() {
        Some(first) if columns.is_empty() => first.keys().map(ToString::to_string).collect(),
        _ => columns.iter().map(|&column| column.to_owned()).collect(),
    };
    let mut text = String::from("There are:\n");
    text.push_str(&line(all.clone()));
    for row in rows.rows.iter().take(SHOWN) {
        text.push_str(&line(all.iter().map(|column| to_text(&cell(row, column)).replace('\n', " ")).collect()));
    }
    if rows.rows.len() > SHOWN {
        text.extend(["… and ", &(rows.rows.len() - SHOWN).to_string(), " more\n"]);
    }
    text
}
