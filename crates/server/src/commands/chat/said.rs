//! What the bot said as lines of a terminal, or as a line of JSON for a program. Knows nothing of the conversation.

use botserver_ui_tree::{Part, Source, plain_text};
use serde_json::json;

use crate::command_line::Output;

/// A message, and below it the passages that it rests on.
pub(super) fn message(parts: &[Part], output: Output) -> String {
    let text = plain_text(parts);
    let sources: Vec<&Source> = parts
        .iter()
        .flat_map(|part| match part {
            Part::Sources { items } => items.as_slice(),
            _ => &[],
        })
        .collect();
    match output {
        Output::Json => json!({"type": "message", "text": text, "sources": sources}).to_string(),
        Output::Text if sources.is_empty() => text,
        Output::Text => {
            let lines: Vec<String> = sources.into_iter().map(line).collect();
            format!("{text}\n\n{}", lines.join("\n"))
        }
    }
}

/// What can be said next.
pub(super) fn choices<'a>(labels: impl Iterator<Item = &'a str>, output: Output) -> Vec<String> {
    let labels: Vec<&str> = labels.collect();
    match output {
        Output::Text => labels.into_iter().map(|label| format!("> {label}")).collect(),
        Output::Json if labels.is_empty() => Vec::new(),
        Output::Json => vec![json!({"type": "choices", "labels": labels}).to_string()],
    }
}

/// `[1] Handbook › Holidays, page 3 (manuals)`
fn line(source: &Source) -> String {
    let mut line = format!("[{}] {}", source.number, source.title);
    let place =
        source.place.strip_prefix(&source.title).map_or(source.place.as_str(), |rest| rest.trim_start_matches(" › "));
    if !place.is_empty() {
        line.push_str(" › ");
        line.push_str(place);
    }
    let sheet = source.sheet.as_ref().map(|sheet| format!(", sheet {sheet}"));
    let page = source.page.map(|page| format!(", page {page}"));
    line.extend(sheet.into_iter().chain(page));
    if !source.collection.is_empty() {
        line.extend([" (", &source.collection, ")"]);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<Part> {
        let source = |number, place: &str, page| Source {
            number,
            title: "Handbook".to_owned(),
            collection: "manuals".to_owned(),
            place: place.to_owned(),
            page,
            ..Source::default()
        };
        let items = vec![source(1, "Handbook › Holidays", None), source(2, "", Some(3))];
        vec![Part::Text { text: "Thirty days [1].".to_owned() }, Part::Sources { items }]
    }

    #[test]
    fn sources_stand_below_with_their_place() {
        let shown = message(&parts(), Output::Text);
        assert_eq!(shown, "Thirty days [1].\n\n[1] Handbook › Holidays (manuals)\n[2] Handbook, page 3 (manuals)");
        assert_eq!(message(&parts()[..1], Output::Text), "Thirty days [1].");
    }

    #[test]
    fn a_program_gets_a_line_of_json() {
        let shown: serde_json::Value = serde_json::from_str(&message(&parts(), Output::Json)).expect("JSON");
        assert_eq!((&shown["text"], &shown["sources"][1]["page"]), (&json!("Thirty days [1]."), &json!(3)));
        let labels: serde_json::Value =
            serde_json::from_str(&choices(["Yes", "No"].into_iter(), Output::Json)[0]).expect("JSON");
        assert_eq!(labels, json!({"type": "choices", "labels": ["Yes", "No"]}));
        assert!(choices(std::iter::empty(), Output::Json).is_empty());
    }
}
