//! What is wrong with scripts, as it is shown and corrected in an editor.

use serde_json::{Value, json};

use crate::client::{Client, edited, text_of, uri};

fn codes(found: &[Value]) -> Vec<String> {
    found.iter().map(|own| text_of(&own["code"])).collect()
}

#[test]
fn mistakes_have_the_codes_of_the_command_line_and_exact_places() {
    let mut client = Client::new(&[]);
    let version = client.open("start.bas", "TALK \"ä😀\": TALKK 1\nx = UPPPER(\"a\")\n");
    let found = client.diagnostics("start.bas", version);
    assert_eq!(codes(&found), ["B0103", "B0104"], "{found:?}");
    assert_eq!(
        found[0]["range"],
        json!({ "start": { "line": 0, "character": 12 }, "end": { "line": 0, "character": 17 } })
    );
    assert_eq!(found[0]["severity"], 1);
    assert_eq!(found[0]["source"], "botserver");
    assert!(text_of(&found[0]["message"]).ends_with("Did you mean `TALK`?"), "{found:?}");
}

#[test]
fn what_is_corrected_goes_away_and_unsaved_texts_count() {
    let mut client = Client::new(&[("start.bas", "TALKK 1\n")]);
    let version = client.open("start.bas", "TALKK 1\n");
    assert_eq!(codes(&client.diagnostics("start.bas", version)), ["B0103"]);
    let range = json!({ "start": { "line": 0, "character": 4 }, "end": { "line": 0, "character": 5 } });
    let version = client.change("start.bas", &json!([{ "range": range, "text": "" }]));
    assert_eq!(codes(&client.diagnostics("start.bas", version)), Vec::<String>::new());
    // Another open file uses what is not saved anywhere.
    let version = client.open("other.bas", "CALL \"fresh\"\n");
    assert_eq!(codes(&client.diagnostics("other.bas", version)), ["B0704"]);
    let fresh = client.open("fresh.bas", "TALK 1\n");
    assert_eq!(client.diagnostics("fresh.bas", fresh), Vec::<Value>::new());
    let found = client.heard("textDocument/publishDiagnostics", |own| {
        own["uri"] == uri("other.bas") && own["diagnostics"].as_array().is_some_and(Vec::is_empty)
    });
    assert_eq!(found["version"], version);
}

#[test]
fn files_that_are_not_open_are_shown_too_and_cleared_at_the_end() {
    let mut client = Client::new(&[("other.bas", "\u{feff}TALKK 1\r\n")]);
    let version = client.open("start.bas", "TALK 1\n");
    client.diagnostics("start.bas", version);
    let name = uri("other.bas");
    let shown = client.heard("textDocument/publishDiagnostics", |own| own["uri"] == name);
    assert_eq!(shown["diagnostics"][0]["range"]["start"], json!({ "line": 0, "character": 0 }));
    assert_eq!(shown["diagnostics"][0]["range"]["end"], json!({ "line": 0, "character": 5 }));
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri("start.bas") } }));
    client.heard("textDocument/publishDiagnostics", |own| own["uri"] == name && own["diagnostics"] == json!([]));
}

#[test]
fn a_finding_names_the_other_place_that_it_is_about() {
    let table = "TABLE teas\n  id integer key\n  name string\nEND TABLE\n";
    let mut client = Client::new(&[("tables.bas", table)]);
    let text = "SUB a()\nEND SUB\nSUB a()\nEND SUB\n";
    let version = client.open("start.bas", text);
    let found = client.diagnostics("start.bas", version);
    let twice = found.iter().find(|own| own["code"] == "B0208").expect("twice");
    let related = &twice["relatedInformation"][0];
    assert_eq!(related["message"], "first defined here");
    assert_eq!(related["location"]["range"]["start"], json!({ "line": 0, "character": 4 }));
    let version = client.change("start.bas", &json!([{ "text": "x = FIND \"teas\" WHERE nmae = 1\nTALK x\n" }]));
    let found = client.diagnostics("start.bas", version);
    let column = found.iter().find(|own| own["code"] == "B0253").expect("a column");
    assert_eq!(column["relatedInformation"][0]["location"]["uri"], uri("tables.bas"));
}

#[test]
fn a_suggestion_is_an_action_with_the_corrected_line() {
    let table = "TABLE teas\n  id integer key\n  name string\nEND TABLE\n";
    let mut client = Client::new(&[("tables.bas", table), ("find-tea.bas", "TALK 1\n")]);
    for (text, made) in [
        ("  TALKK \"hi\"\n", "  TALK \"hi\"\n"),
        ("SET BOT MEMRY \"a\", 1\n", "SET BOT MEMORY \"a\", 1\n"),
        ("IF TRUE THEN\n  TALK 1\nEND FI\n", "IF TRUE THEN\n  TALK 1\nEND IF\n"),
        ("x = UPPPER(\"ä😀\")\nTALK x\n", "x = UPPER(\"ä😀\")\nTALK x\n"),
        ("x = FIND \"teas\" WHERE nmae = 1\nTALK x\n", "x = FIND \"teas\" WHERE name = 1\nTALK x\n"),
        ("total = 1\nTALK totl\n", "total = 1\nTALK total\n"),
        ("CALL \"fnd-tea.bas\"\n", "CALL \"find-tea\"\n"),
        ("HEAR x AS EMAL\n", "HEAR x AS EMAIL\n"),
    ] {
        let version = client.open("start.bas", text);
        let found = client.diagnostics("start.bas", version);
        let shown = found
            .iter()
            .find(|own| text_of(&own["message"]).contains("Did you mean"))
            .unwrap_or_else(|| panic!("{found:?}"));
        let actions = client.request(
            "textDocument/codeAction",
            json!({ "textDocument": { "uri": uri("start.bas") }, "range": shown["range"], "context": { "diagnostics": [shown] } }),
        );
        let action = &actions[0];
        let line = made.lines().zip(text.lines()).find(|(new, old)| new != old).expect("a change").0;
        assert_eq!(text_of(&action["title"]), format!("Change to: {}", line.trim()), "{actions}");
        assert_eq!(edited(text, &action["edit"]["changes"][uri("start.bas")]), made);
    }
}

#[test]
fn a_check_that_breaks_does_not_end_the_session() {
    let mut client = Client::new(&[]);
    client.open("start.bas", "' BREAK THE CHECK\n");
    let version = client.change("start.bas", &json!([{ "text": "TALKK 1\n" }]));
    assert_eq!(codes(&client.diagnostics("start.bas", version)), ["B0103"]);
}

#[test]
fn files_that_change_behind_the_editor_are_read_again() {
    let mut client = Client::new(&[]);
    let version = client.open("start.bas", "CALL \"late\"\n");
    assert_eq!(codes(&client.diagnostics("start.bas", version)), ["B0704"]);
    client.packages.write("/bots/shop.gbai/late.bas", "TALK 1\n");
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri("late.bas"), "type": 1 }] }));
    client.heard("textDocument/publishDiagnostics", |own| own["diagnostics"] == json!([]));
}
