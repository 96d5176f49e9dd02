//! Tables as a language model asks for them (`SET ANSWER MODE "sql"`): described in words, and read with a filter and
//! an order that it writes in the language of FIND. What the person may not read is neither described nor found.

use std::fmt::Write as _;

use botserver_basic_syntax::{parse_filter_with, parse_order};
use serde_json::{Map, Value as Json};

use super::{Actor, DataService, Find, rows::readable};
use crate::{Error, Result, fold::fold};

/// Rows that one question gives at most.
const MOST_ROWS: u64 = 50;

/// Nobody typed a part of it.
const NOTHING_TYPED: &[&str] = &[];

/// What a model asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableQuestion {
    /// The table.
    pub table: String,
    /// As behind FIND: `price < 10 AND name LIKE "%tea%"`; empty for all rows.
    pub filter: String,
    /// As behind ORDER BY; empty for the order of insertion.
    pub order: String,
    /// Rows; 50 at most.
    pub limit: Option<u64>,
}

impl DataService {
    /// One line for each table that the person may read: its name, its columns and their types.
    pub async fn describe_tables(&self, actor: Actor<'_>) -> Result<String> {
        let mut text = String::new();
        for table in self.tables(actor).await?.iter().filter(|own| own.may_read(actor.principal).is_ok()) {
            let columns = readable(table, actor);
            let columns: Vec<String> = columns.iter().map(|own| format!("{} {}", own.name, own.kind.word())).collect();
            let _ = writeln!(text, "{} ({})", table.name, columns.join(", "));
        }
        Ok(text)
    }

    /// The rows, as a list of objects; `rows` of `rows_in_all` if there are more.
    pub async fn ask_table(&self, actor: Actor<'_>, question: &TableQuestion) -> Result<Json> {
        let unreadable =
            |what: &str, error: &dyn std::fmt::Display| Error::Invalid(format!("the {what} cannot be read: {error}"));
        let filter = match question.filter.trim() {
            "" => None,
            text => {
                let filter = parse_filter_with(text, NOTHING_TYPED).map_err(|error| unreadable("filter", &error))?;
                Some(fold(&filter, actor)?)
            }
        };
        let order = match question.order.trim() {
            "" => Vec::new(),
            text => parse_order(text).map_err(|error| unreadable("order", &error))?,
        };
        let most = question.limit.unwrap_or(MOST_ROWS).clamp(1, MOST_ROWS);
        let find = Find { filter, order, limit: Some(most + 1), offset: None, join: None };
        let mut rows = self.find(actor, &question.table, &find).await?.rows;
        let more = rows.len() as u64 > most;
        rows.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        let rows = rows.iter().map(|row| Json::Object(row.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect()));
        let mut answer = Map::new();
        answer.insert("rows".to_owned(), rows.collect());
        answer.insert("more".to_owned(), Json::Bool(more));
        Ok(Json::Object(answer))
    }
}
