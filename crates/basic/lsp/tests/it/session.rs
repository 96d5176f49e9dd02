//! The beginning and the end of a session, what is taken back, what nobody understands.

use std::fmt::Write as _;

use botserver_basic_lsp::Ended;
use lsp_server::{Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use crate::client::{Client, text_of, uri};

#[test]
fn the_life_of_a_session_is_as_the_protocol_says() {
    let mut client = Client::fresh(&[]);
    let early = client.try_request("textDocument/hover", json!({})).expect_err("too early");
    assert_eq!(early.code, -32002);
    let can = client.request("initialize", json!({ "capabilities": {} }));
    assert_eq!(can["capabilities"]["textDocumentSync"]["change"], 2);
    assert_eq!(client.try_request("initialize", json!({ "capabilities": {} })).expect_err("twice").code, -32600);
    assert_eq!(client.try_request("textDocument/unknown", json!({})).expect_err("unknown").code, -32601);
    assert_eq!(client.try_request("textDocument/hover", json!({ "x": 1 })).expect_err("wrong").code, -32602);
    client.notify("$/unknown", json!({}));
    assert_eq!(client.request("shutdown", Value::Null), Value::Null);
    assert_eq!(client.try_request("textDocument/hover", json!({})).expect_err("over").code, -32600);
    assert_eq!(client.end(), Ended::Properly);
    let mut client = Client::new(&[]);
    assert_eq!(client.end(), Ended::Abruptly);
}

#[test]
fn a_request_that_is_taken_back_is_answered_with_that() {
    let mut client = Client::new(&[]);
    client.open("start.bas", "TALK 1\n");
    // All of these arrive while the server is busy with the first one, or they are answered: both are right.
    let params = json!({ "textDocument": { "uri": uri("start.bas") }, "position": { "line": 0, "character": 2 } });
    let ids: Vec<RequestId> = (0..50).map(|_| client.ask("textDocument/hover", params.clone())).collect();
    for id in ids.iter().skip(1) {
        client.notify("$/cancelRequest", json!({ "id": id }));
    }
    let answers: Vec<_> = ids.iter().map(|id| client.answer(id)).collect();
    for answer in answers {
        match answer {
            Ok(hover) => assert!(text_of(&hover["contents"]["value"]).contains("TALK"), "{hover}"),
            Err(error) => assert_eq!(error.code, -32800),
        }
    }
}

#[test]
fn garbage_is_survived() {
    let mut client = Client::new(&[]);
    client.send(Message::Response(Response::new_ok(RequestId::from(77), 1)));
    for params in [json!(null), json!([]), json!({ "textDocument": { "uri": "not a uri" } }), json!("x")] {
        for method in ["textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "$/cancelRequest"] {
            client.send(Message::Notification(Notification { method: method.to_owned(), params: params.clone() }));
        }
        client.send(Message::Request(Request { id: 9.into(), method: "textDocument/hover".to_owned(), params }));
    }
    let far = json!({ "line": 4_000_000_000u32, "character": 4_000_000_000u32 });
    for text in
        ["", "\u{feff}", "\"", "${", "TALK \"${", "x.", ".", "FIND (((((", "END END END", "\r\r\n\n", "é😀", "GOTO"]
    {
        client.open("start.bas", text);
        for method in ["completion", "hover", "definition", "signatureHelp", "prepareRename", "documentHighlight"] {
            for place in [json!({ "line": 0, "character": 0 }), json!({ "line": 0, "character": 1 }), far.clone()] {
                let params = json!({ "textDocument": { "uri": uri("start.bas") }, "position": place });
                if let Err(error) = client.try_request(&format!("textDocument/{method}"), params) {
                    assert_ne!(error.code, -32603, "{text:?} {method}: {error:?}");
                }
            }
        }
    }
    let range = json!({ "start": far, "end": { "line": 0, "character": 0 } });
    client.change("start.bas", &json!([{ "range": range, "text": "x" }]));
    let closed = json!({ "textDocument": { "uri": uri("closed.bas") }, "position": { "line": 0, "character": 0 } });
    assert_eq!(client.request("textDocument/hover", closed), Value::Null);
}

#[test]
fn bytes_are_counted_when_the_client_can() {
    let mut client = Client::fresh(&[]);
    let can = json!({ "capabilities": { "general": { "positionEncodings": ["utf-8", "utf-16"] } } });
    assert_eq!(client.request("initialize", can)["capabilities"]["positionEncoding"], "utf-8");
    let version = client.open("start.bas", "x = \"ä😀\" + UPPPER(1)\n");
    let found = client.diagnostics("start.bas", version);
    assert_eq!(found[0]["range"]["start"]["character"], 15);
}

#[test]
fn texts_change_piece_by_piece() {
    let mut client = Client::new(&[]);
    client.open("start.bas", "TALK \"ä😀\"\r\nx = 1\r\n");
    let at = |line: u32, from: u32, to: u32| json!({ "start": { "line": line, "character": from }, "end": { "line": line, "character": to } });
    // After the text in units of UTF-16, then a line that the first change made.
    let version = client.change(
        "start.bas",
        &json!([
            { "range": at(0, 10, 10), "text": " + y\r\nTALKK 1" },
            { "range": at(1, 4, 5), "text": "" },
            { "range": at(2, 0, 1), "text": "y" },
        ]),
    );
    assert_eq!(client.diagnostics("start.bas", version), Vec::<Value>::new());
}

#[test]
fn a_script_of_ten_thousand_lines_is_typed_in() {
    let mut text = String::new();
    for number in 0..10_000 {
        let _ = writeln!(text, "value_{} = \"text {number}\" + UPPER(value_{})", number % 700, (number + 1) % 700);
    }
    let mut client = Client::new(&[]);
    client.open("start.bas", &text);
    // A few hundred keys with completion at each: quadratic work would take minutes here.
    let mut character = 0;
    for letter in "IF value_1 = 1 THEN TALK LEFT(value_2, 3) ".repeat(2).chars() {
        let place = json!({ "line": 5_000, "character": character });
        client.change("start.bas", &json!([{ "range": { "start": place, "end": place }, "text": letter.to_string() }]));
        character += 1;
        let place = json!({ "line": 5_000, "character": character });
        client.request(
            "textDocument/completion",
            json!({ "textDocument": { "uri": uri("start.bas") }, "position": place }),
        );
    }
}
