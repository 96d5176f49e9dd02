//! A question to the documents, and the passages as people read them.

use anyhow::Result;
use serde_json::Value as Json;

use super::{Ask, ask};
use crate::{
    command_line::{Common, KbSearchOptions, Output},
    commands::Ending,
    terminal,
};

/// Characters of a passage that are shown to people.
const SHOWN: usize = 400;

pub(super) async fn search(common: &Common, options: &KbSearchOptions) -> Result<Ending> {
    let question = Ask::Search {
        name: options.name.clone(),
        question: options.question.clone(),
        limit: options.limit,
        reader: options.reader.clone(),
    };
    let found = ask(common, question).await?;
    if options.output == Output::Json {
        terminal::print(&serde_json::to_string_pretty(&found)?)?;
        return Ok(Ending::Success);
    }
    let items = found.get("items").and_then(Json::as_array).cloned().unwrap_or_default();
    for (index, own) in items.iter().enumerate() {
        terminal::print(&passage(index + 1, own))?;
    }
    for warning in found.get("warnings").and_then(Json::as_array).into_iter().flatten() {
        terminal::tell(warning.as_str().unwrap_or_default());
    }
    if items.is_empty() {
        terminal::tell("Nothing was found.");
    }
    Ok(Ending::Success)
}

fn passage(number: usize, own: &Json) -> String {
    let text = |key: &str| own.get(key).and_then(Json::as_str).unwrap_or_default();
    let mut place = text("path").to_owned();
    if !text("place").is_empty() {
        place.push_str(" › ");
        place.push_str(text("place"));
    }
    for (key, word) in [("page", "page"), ("row", "row")] {
        if let Some(number) = own.get(key).and_then(Json::as_u64) {
            place.extend([", ", word, " ", &number.to_string()]);
        }
    }
    if !text("sheet").is_empty() {
        place.extend([", sheet ", text("sheet")]);
    }
    let score = own.get("score").and_then(Json::as_f64).unwrap_or_default();
    let whole = text("text");
    let mut shown: String = whole.chars().take(SHOWN).collect();
    if shown.len() < whole.len() {
        shown.push('…');
    }
    format!("{number}. {place}  ({score:.4}; {})\n   {}", text("why"), shown.replace('\n', "\n   "))
}
