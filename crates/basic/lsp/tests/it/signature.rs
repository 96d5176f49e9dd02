//! The form of what is being written.

use serde_json::Value;

use crate::client::{Client, text_of};

/// The signature that counts and the argument in it that comes next.
fn shown(text: &str) -> (String, String) {
    let mut client =
        Client::new(&[("helpers.bas", "FUNCTION discount(price, percent)\n  RETURN price\nEND FUNCTION\n")]);
    let help = client.at("textDocument/signatureHelp", "start.bas", text);
    if help == Value::Null {
        return (String::new(), String::new());
    }
    let own = &help["signatures"][help["activeSignature"].as_u64().expect("a number") as usize];
    let label = text_of(&own["label"]);
    let param = &own["parameters"][help["activeParameter"].as_u64().expect("a number") as usize]["label"];
    let param = match param.as_array() {
        Some(places) => {
            let place = |at: usize| places[at].as_u64().expect("a place") as usize;
            label[place(0)..place(1)].to_owned()
        }
        None => text_of(param),
    };
    (label, param)
}

#[test]
fn functions_procedures_and_keywords_show_what_comes_next() {
    let (label, param) = shown("x = LEFT(\"abc\", ¦");
    assert!(label.starts_with("LEFT("), "{label}");
    assert_eq!(param, "count");
    assert_eq!(shown("x = \"abc\".left(¦").1, "count");
    assert_eq!(
        shown("SUB greet(who, how)\nEND SUB\ngreet(1, ¦)\n"),
        ("SUB greet(who, how)".to_owned(), "how".to_owned())
    );
    assert_eq!(shown("INCLUDE \"helpers\"\nx = discount(¦").1, "price");
    assert_eq!(
        shown("SET BOT MEMORY \"rate\", ¦"),
        ("SET BOT MEMORY key:word , value:expr".to_owned(), "value:expr".to_owned())
    );
    assert_eq!(shown("x = FIND \"t\" WHERE a = 1 AND ¦").1, "where:cond");
    assert_eq!(shown("x = FIND \"t\" WHERE a = 1 LIMIT ¦").1, "limit:expr");
    assert_eq!(shown("x = FIND \"what\" IN COLLECTION ¦").1, "collection:expr");
    assert_eq!(shown("TALK LEN(UPPER(¦").0.split('(').next(), Some("UPPER"));
    assert_eq!(shown("TALK LEN(\"a\") + ¦").1, "text:expr");
    assert_eq!(shown("x = 1 + ¦").0, "");
    assert_eq!(shown("' TALK ¦").0, "");
}

#[test]
fn a_file_with_errors_is_no_hindrance() {
    assert_eq!(shown("TALKK 1\ny = (\nEND FI\nx = LEFT(\"abc\", ¦").1, "count");
}
