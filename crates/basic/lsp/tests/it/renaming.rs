//! New names, and why some cannot be had.

use serde_json::json;

use crate::client::{Client, cursor, edited, text_of, uri};

const HELPERS: &str = "FUNCTION discount(price)\n  discount = price * 0.9\nEND FUNCTION\n";

fn rename(client: &mut Client, text: &str, new: &str) -> Result<String, String> {
    let (text, place) = cursor(text);
    client.open("start.bas", &text);
    let params = json!({ "textDocument": { "uri": uri("start.bas") }, "position": place, "newName": new });
    let answer = client.try_request("textDocument/rename", params).map_err(|error| error.message)?;
    Ok(edited(&text, &answer["changes"][uri("start.bas")]))
}

fn renamed(text: &str, new: &str) -> Result<String, String> {
    rename(&mut Client::new(&[]), text, new)
}

#[test]
fn variables_are_renamed_wherever_they_stand() {
    let made = renamed(
        "Total = 1\r\nTALK \"ä😀 ${TOTAL} total\" + tot¦al\r\nFOR total = 1 TO 3\r\n  TALK row.total + {total: 1}.total\r\nNEXT total\r\n",
        "sum_of",
    );
    let wanted = "sum_of = 1\r\nTALK \"ä😀 ${sum_of} total\" + sum_of\r\nFOR sum_of = 1 TO 3\r\n  TALK row.total + {total: 1}.total\r\nNEXT sum_of\r\n";
    assert_eq!(made.as_deref(), Ok(wanted));
    // What only a procedure assigns is its own.
    let text = "SUB a()\n  own = 1\n  TALK ow¦n\nEND SUB\nSUB b()\n  own = 2\n  TALK own\nEND SUB\n";
    let wanted = "SUB a()\n  mine = 1\n  TALK mine\nEND SUB\nSUB b()\n  own = 2\n  TALK own\nEND SUB\n";
    assert_eq!(renamed(text, "mine").as_deref(), Ok(wanted));
    let text = "shared = 1\nSUB a()\n  sha¦red = 2\nEND SUB\nTALK shared\n";
    assert_eq!(renamed(text, "all").as_deref(), Ok("all = 1\nSUB a()\n  all = 2\nEND SUB\nTALK all\n"));
    assert_eq!(renamed("a = 1\nTALK a¦\n", "A").as_deref(), Ok("A = 1\nTALK A\n"));
    assert_eq!(
        renamed("PARAM wh¦at AS string\nx = GET TOOL PARAM \"what\"\n", "which").as_deref(),
        Ok("PARAM which AS string\nx = GET TOOL PARAM \"which\"\n")
    );
}

#[test]
fn labels_and_procedures_are_renamed() {
    assert_eq!(
        renamed("aga¦in:\nTALK 1\nIF TRUE THEN GOTO again\nON ERROR GOTO AGAIN\n", "once_more").as_deref(),
        Ok("once_more:\nTALK 1\nIF TRUE THEN GOTO once_more\nON ERROR GOTO once_more\n")
    );
    let mut client = Client::new(&[("helpers.bas", HELPERS), ("other.bas", "INCLUDE \"helpers\"\nTALK Discount(3)\n")]);
    let (text, place) = cursor("INCLUDE \"helpers.bas\"\nTALK disc¦ount(1)\n");
    client.open("start.bas", &text);
    let params = json!({ "textDocument": { "uri": uri("start.bas") }, "position": place, "newName": "cheaper" });
    let prepared = client.request(
        "textDocument/prepareRename",
        json!({ "textDocument": { "uri": uri("start.bas") }, "position": params["position"] }),
    );
    assert_eq!(prepared["placeholder"], "discount");
    let changes = client.request("textDocument/rename", params)["changes"].clone();
    assert_eq!(edited(&text, &changes[uri("start.bas")]), "INCLUDE \"helpers.bas\"\nTALK cheaper(1)\n");
    assert_eq!(edited(HELPERS, &changes[uri("helpers.bas")]), HELPERS.replace("discount", "cheaper"));
    assert_eq!(text_of(&changes[uri("other.bas")][0]["newText"]), "cheaper");
}

#[test]
fn clashes_are_refused() {
    for (text, new, why) in [
        ("a = 1\nb = 2\nTALK a¦ + b\n", "B", "`B` is already a variable of start.bas, line 2"),
        ("SUB greet()\nEND SUB\nx¦ = 1\n", "greet", "already a procedure"),
        ("again:\nx¦ = 1\nGOTO again\n", "again", "already a label"),
        ("x¦ = 1\n", "left", "`LEFT` is a word of the language"),
        ("x¦ = 1\n", "find", "`FIND` is a word of the language"),
        ("x¦ = 1\n", "if", "`IF` is a word of the language"),
        ("x¦ = 1\n", "shopkey", "already a setting of the package"),
        ("x¦ = 1\n", "2x", "is no name"),
        ("x¦ = 1\n", "a b", "is no name"),
        ("TALK shop¦key\n", "other", "is the setting `param-shopkey`"),
        ("TALK FI¦ND(\"t\")\n", "other", "only variables, procedures and labels"),
        ("total = 1\nTALK tot¦al\nTALKK (total\n", "other", "line 3 has a mistake and names `total`; correct it first"),
    ] {
        let refused = renamed(text, new).expect_err(text);
        assert!(refused.contains(why), "{text:?}: {refused}");
    }
}
