//! What happens in a conversation, in the words of the pages' dialogues.
//!
//! | line | meaning |
//! |---|---|
//! | `Bot: …` | a text of the bot; its further lines are indented |
//! | `Bot sends: photo.png (image/png)` | a file of the bot; a caption follows behind a colon |
//! | `Buttons: a \| b`, `Choices: a \| b` | suggestions, options of HEAR |
//! | `Sources: policies/returns.md` | the documents that the bot refers to |
//! | `Tool: name {"argument": 1} > result` | a call of the model |
//! | `Error in line 3: …` | a script that failed, as its owner is told |
//! | `You: …`, `You press: …`, `You attach: photo.png (image/png)` | what the person does |
//! | `(another conversation)`, `(another person)` | with the same bot |
//! | `Model: …`, `Model calls: name {"argument": 1}` | what the model answers, in order |
//! | `Model is told: …`, `Model is not told: …` | what is, or is not, in the request that the next answer is for |
//! | `Log: INFO …` | a line in the log of the server |
//!
//! `…` in what is expected is any text.

use serde_json::Value as Json;

/// What the person does.
#[derive(Debug)]
pub(super) enum Act<'p> {
    Says(&'p str),
    Presses(&'p str),
    Attaches(&'p str),
    BeginsAnew,
    Leaves,
}

/// What the model answers.
#[derive(Debug)]
pub(super) struct Turn<'p> {
    /// A text, or the name of a tool with its arguments.
    pub(super) answer: Result<&'p str, (&'p str, Json)>,
    pub(super) told: Vec<&'p str>,
    pub(super) not_told: Vec<&'p str>,
}

/// An expected dialogue.
#[derive(Debug, Default)]
pub(super) struct Plan<'p> {
    pub(super) acts: Vec<Act<'p>>,
    pub(super) model: Vec<Turn<'p>>,
    pub(super) log: Vec<&'p str>,
    /// What is heard and done, line by line.
    pub(super) lines: Vec<&'p str>,
}

impl<'p> Plan<'p> {
    pub(super) fn read(dialogue: &'p str) -> Self {
        let mut plan = Self::default();
        let (mut told, mut not_told) = (Vec::new(), Vec::new());
        for line in dialogue.lines() {
            let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
            let mut answered = |answer| {
                let (told, not_told) = (std::mem::take(&mut told), std::mem::take(&mut not_told));
                plan.model.push(Turn { answer, told, not_told });
            };
            match word {
                "Model" => answered(Ok(rest)),
                "Model calls" => {
                    let (name, arguments) = rest.split_once(' ').unwrap_or((rest, "{}"));
                    answered(Err((name, serde_json::from_str(arguments).expect("arguments in JSON"))));
                }
                "Model is told" => told.push(rest),
                "Model is not told" => not_told.push(rest),
                "Log" => plan.log.push(rest),
                _ => {
                    plan.acts.extend(match word {
                        "You" => Some(Act::Says(rest)),
                        "You press" => Some(Act::Presses(rest)),
                        "You attach" => Some(Act::Attaches(rest)),
                        "(another conversation)" => Some(Act::BeginsAnew),
                        "(another person)" => Some(Act::Leaves),
                        _ => None,
                    });
                    plan.lines.push(line);
                }
            }
        }
        assert!(told.is_empty() && not_told.is_empty(), "the model is told something and answers nothing");
        plan
    }

    /// Whether that is what was heard and done.
    pub(super) fn fits(&self, heard: &[String]) -> bool {
        self.lines.len() == heard.len() && self.lines.iter().zip(heard).all(|(wanted, own)| fits(wanted, own))
    }
}

/// Whether a line is as expected; `…` is any text.
pub(super) fn fits(wanted: &str, own: &str) -> bool {
    let mut parts = wanted.split('…');
    let Some(mut rest) = own.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}

/// The events of a turn, line by line.
pub(super) fn heard(events: &[Json]) -> Vec<String> {
    let mut lines = Vec::new();
    for event in events.iter().map(|frame| &frame["event"]) {
        match event["kind"].as_str().unwrap_or_default() {
            "message" if event["role"] == "bot" => {
                event["parts"].as_array().into_iter().flatten().for_each(|part| said(&mut lines, part));
            }
            "suggestions" => {
                let labels = labels(&event["items"], |own| &own["label"]);
                lines.push(format!("Buttons: {}", if labels.is_empty() { "none" } else { &labels }));
            }
            "hear" => {
                let options = labels(&event["input"]["options"], |own| own);
                if !options.is_empty() {
                    lines.push(format!("Choices: {options}"));
                }
            }
            "tool" if event["state"] != "running" => {
                let (name, result) = (text(&event["name"]), text(&event["result"]));
                lines.push(format!("Tool: {name} {} > {result}", event["arguments"]));
            }
            "error" => {
                let script = &event["script"];
                if script.is_object() {
                    lines.push(format!("Error in line {}: {}", script["line"], text(&script["message"])));
                    lines.extend(script["help"].as_str().map(|help| format!("Help: {help}")));
                } else {
                    lines.push(format!("Error: {}", text(&event["detail"])));
                }
            }
            _ => {}
        }
    }
    lines
}

fn said(lines: &mut Vec<String>, part: &Json) {
    match part["type"].as_str().unwrap_or_default() {
        "text" => {
            let mut own = text(&part["text"]).lines();
            lines.push(format!("Bot: {}", own.next().unwrap_or_default()));
            lines.extend(own.map(|line| format!("     {line}").trim_end().to_owned()));
        }
        "file" => {
            let caption = part["caption"].as_str().map(|caption| format!(": {caption}")).unwrap_or_default();
            lines.push(format!("Bot sends: {} ({}){caption}", text(&part["filename"]), text(&part["mime_type"])));
        }
        "sources" => lines.push(format!("Sources: {}", labels(&part["items"], |own| &own["title"]))),
        _ => {}
    }
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

fn labels(items: &Json, label: impl Fn(&Json) -> &Json) -> String {
    let labels: Vec<&str> = items.as_array().into_iter().flatten().map(|own| text(label(own))).collect();
    labels.join(" | ")
}

#[test]
fn any_text_stands_for_any_text() {
    assert!(fits("Bot: …", "Bot: a"));
    assert!(fits("Bot: 20…-…:00", "Bot: 2026-11:00"));
    assert!(fits("Bot: a", "Bot: a"));
    assert!(!fits("Bot: a", "Bot: ab"));
    assert!(!fits("Bot: 20…-…:00", "Bot: 2026-11:01"));
    assert!(!fits("Bot: …", "Error: a"));
}
