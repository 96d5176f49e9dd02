//! What is offered where.

use crate::client::{Client, edited, text_of, uri};

const TABLES: &str = "TABLE customers\n  id integer key\n  name string(40)\n  city string\nEND TABLE\n\
    TABLE orders\n  id integer key\n  total decimal(10,2)\nEND TABLE\n";
const TOOL: &str = "DESCRIPTION \"Finds a product.\"\nPARAM what AS string DESCRIPTION \"What to find\"\nTALK what\n";

fn package() -> Client {
    Client::new(&[
        ("shop.gbdialog/tables.bas", TABLES),
        ("shop.gbdialog/find-product.bas", TOOL),
        ("shop.gbdialog/helpers.bas", "FUNCTION discount(price, percent)\n  RETURN price\nEND FUNCTION\n"),
        ("shop.gbkb/policies/returns.md", "x"),
        ("shop.gbkb/teas/list.md", "x"),
    ])
}

fn offers(text: &str) -> Vec<String> {
    package().completion("shop.gbdialog/start.bas", text)
}

fn has(found: &[String], wanted: &[&str]) {
    for name in wanted {
        assert!(found.iter().any(|own| own == name), "{name} is not among {found:?}");
    }
}

fn has_none(found: &[String], unwanted: &[&str]) {
    for name in unwanted {
        assert!(!found.iter().any(|own| own == name), "{name} is among {found:?}");
    }
}

#[test]
fn a_statement_begins_with_keywords_variables_and_procedures() {
    let found = offers("total = 1\nSUB greet(who)\n  TALK who\nEND SUB\n¦\n");
    has(&found, &["TALK", "SET BOT MEMORY", "IF", "FOR EACH", "HEAR", "total", "greet"]);
    // What this build cannot do is not offered.
    has_none(&found, &["WHISPER"]);
    let found = offers("set bo¦\n");
    assert_eq!(found, ["SET BOT MEMORY"]);
}

#[test]
fn words_of_a_phrase_are_replaced_together() {
    let mut client = package();
    let path = "shop.gbdialog/start.bas";
    for (text, made) in [("set bo¦", "SET BOT MEMORY"), ("IF 1 = 1 THEN set_b¦", "IF 1 = 1 THEN SET BOT MEMORY")] {
        let answer = client.at("textDocument/completion", path, text);
        let item = answer["items"].as_array().expect("items").iter().find(|item| item["label"] == "SET BOT MEMORY");
        let item = item.unwrap_or_else(|| panic!("{text}: {answer}"));
        assert_eq!(edited(&text.replace('¦', ""), &serde_json::json!([item["textEdit"]])), made);
    }
}

#[test]
fn texts_hold_tables_tools_and_collections_of_the_package() {
    has(&offers("rows = FIND \"¦"), &["customers", "orders"]);
    has(&offers("SAVE \"¦\", id"), &["customers", "orders"]);
    has(&offers("rows = FIND cu¦"), &["customers"]);
    assert_eq!(offers("USE KB \"¦\""), ["policies", "teas"]);
    assert_eq!(offers("x = FIND \"how long\" IN COLLECTION \"¦\""), ["policies", "teas"]);
    let tools = offers("USE TOOL \"¦");
    // Tools come before other scripts.
    assert_eq!(tools, ["find-product", "helpers", "tables"]);
    assert_eq!(offers("CALL \"fi¦"), ["find-product", "helpers", "tables"]);
    assert_eq!(offers("INCLUDE \"¦\""), ["find-product", "helpers", "tables"]);
    assert_eq!(offers("ON INSERT OF \"¦\""), ["customers", "orders"]);
    // Other texts hold anything.
    assert_eq!(offers("TALK \"cust¦"), Vec::<String>::new());
}

#[test]
fn a_quote_that_is_missing_is_added_and_one_that_stands_is_kept() {
    let mut client = package();
    for (text, made) in [
        ("USE KB \"po¦", "USE KB \"policies\""),
        ("USE KB \"po¦\"", "USE KB \"policies\""),
        ("TALK 1: USE KB ¦", "TALK 1: USE KB \"policies\""),
    ] {
        let answer = client.at("textDocument/completion", "shop.gbdialog/start.bas", text);
        let item = answer["items"].as_array().expect("items").iter().find(|item| item["label"] == "policies");
        let item = item.unwrap_or_else(|| panic!("{text}: {answer}"));
        assert_eq!(edited(&text.replace('¦', ""), &serde_json::json!([item["textEdit"]])), made);
    }
}

#[test]
fn columns_come_after_a_dot_and_in_conditions() {
    let rows = "rows = FIND \"customers\"\nFOR EACH row IN rows\n  TALK row.¦\nNEXT\n";
    assert_eq!(offers(rows)[..3], ["city", "id", "name"]);
    assert_eq!(offers("one = FIND ONE \"orders\" WHERE id = 1\nTALK \"${one.¦}\"\n")[..2], ["id", "total"]);
    has(&offers("x = FIND \"customers\" WHERE ¦"), &["city", "name"]);
    has(&offers("x = FIND \"customers\", \"na¦"), &["city", "name"]);
    has(&offers("x = FIND \"customers\" WHERE id = 1 ORDER BY ¦"), &["city", "name"]);
    has(&offers("x = FIND \"customers\" WHERE id = 1 ¦"), &["ORDER BY", "LIMIT", "AND"]);
    has_none(&offers("x = FIND \"customers\" WHERE id = 1 ¦"), &["WHERE"]);
    // Fields that the script itself uses.
    has(&offers("order = {total: 1, buyer: \"Ada\"}\norder.note = \"x\"\nTALK order.¦\n"), &["total", "buyer", "note"]);
}

#[test]
fn labels_types_and_procedures_come_where_they_fit() {
    assert_eq!(offers("again:\nTALK 1\nGOTO ¦\n"), ["again"]);
    has(&offers("HEAR mail AS ¦\n"), &["EMAIL", "INTEGER", "DATE"]);
    has(&offers("PARAM what AS ¦\n"), &["string", "integer"]);
    has(&offers("TABLE t\n  id ¦\n"), &["integer", "string"]);
    let found = offers("INCLUDE \"helpers.bas\"\nprice = 5\nTALK disc¦\n");
    has(&found, &["discount", "price", "LEN", "GET BOT MEMORY", "shopkey"]);
    has(&offers("TALK \"Hello ${na¦}\"\nname = 1\n"), &["name"]);
    has(&offers("BEGIN TALK\nHello ${na¦\nEND TALK\nname = 1\n"), &["name"]);
    assert_eq!(offers("BEGIN TALK\nHello na¦\nEND TALK\n"), Vec::<String>::new());
    assert_eq!(offers("' a comment ¦\n"), Vec::<String>::new());
}

#[test]
fn a_half_typed_statement_in_a_file_with_three_errors_is_completed() {
    let text = "TALKK \"typo\"\nx = (1 + \nrows = FIND \"customers\"\nIF rows\n  TALK 1\nEND FI\n\
        FOR EACH row IN rows\n  TALK row.¦\n";
    assert_eq!(offers(text)[..3], ["city", "id", "name"]);
    has(&offers(&text.replace("row.¦", "ro¦")), &["row", "rows", "x"]);
    has(&offers(&text.replace("TALK row.¦", "USE KB \"¦")), &["policies"]);
    has(&offers(&text.replace("TALK row.¦", "more = FIND \"customers\", \"ci¦")), &["city"]);
    // A quote that is open swallows nothing.
    let open = "name = \"Ada\"\nTALK \"Hello ${na¦\nother = \"x\"\nSUB late()\nEND SUB\n";
    has(&offers(open), &["name", "other", "late"]);
}

#[test]
fn umlauts_and_emoji_shift_nothing() {
    let mut client = package();
    let text = "größe = 1: TALK \"😀 ä\" + grö¦ + \"😀\"\r\n";
    let answer = client.at("textDocument/completion", "shop.gbdialog/start.bas", text);
    let item = answer["items"].as_array().expect("items").iter().find(|item| item["label"] == "größe");
    let item = item.unwrap_or_else(|| panic!("{answer}"));
    let made = edited(&text.replace('¦', ""), &serde_json::json!([item["textEdit"]]));
    assert_eq!(made, "größe = 1: TALK \"😀 ä\" + größe + \"😀\"\r\n");
    // A mark at the beginning of the file.
    has(&client.completion("shop.gbdialog/start.bas", "\u{feff}name = 1\r\nTALK na¦\r\n"), &["name"]);
}

#[test]
fn the_page_of_an_item_is_sent_when_it_is_looked_at() {
    let mut client = package();
    let answer = client.at("textDocument/completion", "shop.gbdialog/start.bas", "x = ¦");
    let items = answer["items"].as_array().expect("items").clone();
    for (label, part) in [("FIND", "The rows of a table"), ("LEN", "LEN(")] {
        let item = items.iter().find(|item| item["label"] == label).expect("an item").clone();
        let resolved = client.request("completionItem/resolve", item);
        assert!(text_of(&resolved["documentation"]["value"]).contains(part), "{resolved}");
    }
    // What is open and not saved counts as the rest of the package.
    client.open("shop.gbdialog/more.bas", "TABLE invoices\n  id integer key\nEND TABLE\n");
    has(&client.completion("shop.gbdialog/start.bas", "x = FIND \"¦"), &["invoices", "orders"]);
    assert!(!uri("x").is_empty());
}
