//! Where things are: definitions, references, outline, layout.

use serde_json::{Value, json};

use crate::client::{Client, edited, text_of, uri};

const TABLES: &str = "' tables\nTABLE customers\n  id integer key\n  name string(40)\nEND TABLE\n";
const HELPERS: &str = "FUNCTION discount(price)\n  RETURN price\nEND FUNCTION\n";

fn package() -> Client {
    Client::new(&[
        ("tables.bas", TABLES),
        ("helpers.bas", HELPERS),
        ("find-product.bas", "PARAM what AS string\nTALK what\n"),
    ])
}

/// File, line and character of a definition.
fn defined(text: &str) -> (String, u64, u64) {
    let place = package().at("textDocument/definition", "start.bas", text);
    let file = text_of(&place["uri"]).rsplit('/').next().unwrap_or("").to_owned();
    let start = &place["range"]["start"];
    (file, start["line"].as_u64().unwrap_or(99), start["character"].as_u64().unwrap_or(99))
}

fn at(file: &str, line: u64, character: u64) -> (String, u64, u64) {
    (file.to_owned(), line, character)
}

#[test]
fn definitions_are_found_in_the_script_and_in_the_package() {
    assert_eq!(defined("x = 1\nTotal = 2\nTALK tot¦al\n"), at("start.bas", 1, 0));
    assert_eq!(defined("😀\nPARAM a AS string\na = 1\nTALK a¦\n"), at("start.bas", 1, 6));
    assert_eq!(defined("gre¦et 1\nSUB greet(who)\n  TALK who\nEND SUB\n"), at("start.bas", 1, 4));
    assert_eq!(defined("SUB greet(who)\n  TALK wh¦o\nEND SUB\n"), at("start.bas", 0, 10));
    assert_eq!(defined("again:\nTALK 1\nGOTO aga¦in\n"), at("start.bas", 0, 0));
    assert_eq!(defined("INCLUDE \"helpers.bas\"\nTALK disc¦ount(1)\n"), at("helpers.bas", 0, 9));
    assert_eq!(defined("INCLUDE \"help¦ers.bas\"\n"), at("helpers.bas", 0, 0));
    assert_eq!(defined("CALL \"find-¦product\", 1\n"), at("find-product.bas", 0, 0));
    assert_eq!(defined("USE TOOL \"find-¦product.bas\"\n"), at("find-product.bas", 0, 0));
    assert_eq!(defined("x = FIND \"Cust¦omers\"\n"), at("tables.bas", 1, 6));
    assert_eq!(defined("x = FIND \"customers\" WHERE na¦me = 1\n"), at("tables.bas", 3, 2));
    assert_eq!(defined("TALK shop¦key\n"), at("config.csv", 2, 0));
    // In a statement that cannot be read, too.
    assert_eq!(defined("total = 1\nTALKK (tot¦al\n"), at("start.bas", 0, 0));
    assert_eq!(defined("TALK LE¦N(1)\n"), at("", 99, 99));
}

#[test]
fn references_are_found_in_every_script_that_includes_a_procedure() {
    let mut client = package();
    client.open("user.bas", "INCLUDE \"helpers\"\nTALK discount(2)\n");
    let (text, place) = crate::client::cursor("INCLUDE \"helpers\"\nx = disc¦ount(1)\nTALK discount(x)\n");
    client.open("start.bas", &text);
    let found = client.request(
        "textDocument/references",
        json!({ "textDocument": { "uri": uri("start.bas") }, "position": place, "context": { "includeDeclaration": true } }),
    );
    let mut places: Vec<String> = found
        .as_array()
        .expect("places")
        .iter()
        .map(|own| {
            format!("{}:{}", text_of(&own["uri"]).rsplit('/').next().unwrap_or(""), own["range"]["start"]["line"])
        })
        .collect();
    places.sort();
    assert_eq!(places, ["helpers.bas:0", "start.bas:1", "start.bas:2", "user.bas:1"]);
    let found = client.at("textDocument/documentHighlight", "start.bas", "a = 1\nTALK a¦ + A\n");
    assert_eq!(found.as_array().map(Vec::len), Some(3));
}

#[test]
fn the_outline_has_everything_that_has_a_name() {
    let text = "PARAM what AS string\nTABLE teas\n  id integer key\n  name string\nEND TABLE\nSUB greet(who)\n  mine = 1\nEND SUB\n\
        ON INSERT OF \"teas\"\n  TALK 1\nEND ON\nagain:\ntotal = 1\ntotal = 2\n";
    let mut client = package();
    client.open("start.bas", text);
    let found = client.request("textDocument/documentSymbol", json!({ "textDocument": { "uri": uri("start.bas") } }));
    let symbols = found.as_array().expect("symbols");
    let names: Vec<String> = symbols.iter().map(|own| text_of(&own["name"])).collect();
    assert_eq!(names, ["what", "teas", "greet", "ON INSERT OF teas", "again", "total"]);
    let teas = &symbols[1];
    assert_eq!(teas["range"]["end"], json!({ "line": 4, "character": 9 }));
    assert_eq!(teas["children"][1]["name"], "name");
    assert_eq!(symbols[2]["range"]["end"], json!({ "line": 7, "character": 7 }));
    assert_eq!(symbols[2]["detail"], "SUB greet(who)");
}

fn laid_out(client: &mut Client, text: &str) -> Value {
    client.open("start.bas", text);
    let params =
        json!({ "textDocument": { "uri": uri("start.bas") }, "options": { "tabSize": 4, "insertSpaces": true } });
    client.request("textDocument/formatting", params)
}

#[test]
fn scripts_are_laid_out_line_by_line() {
    let mut client = package();
    let text = "x=1\r\nif x=1 then\r\ntalk \"ä😀\"+x\r\nend if\r\n";
    let edits = laid_out(&mut client, text);
    assert_eq!(edited(text, &edits), "x = 1\r\nIF x = 1 THEN\r\n    TALK \"ä😀\" + x\r\nEND IF\r\n");
    assert_eq!(laid_out(&mut client, "x = 1\n"), json!([]));
    // A script with mistakes stays as it is, and the log says why.
    assert_eq!(laid_out(&mut client, "x=1\nTALKK 1\n"), Value::Null);
    client.heard("window/logMessage", |own| text_of(&own["message"]).contains("it has mistakes"));
}
