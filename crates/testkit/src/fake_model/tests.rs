//! The fake by itself: over a plain connection, so that no client's kindness hides a fault.

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{FakeAnswer, FakeModel, FakeRule, FakeStep, check::check};

async fn post(model: &FakeModel, body: &serde_json::Value) -> TcpStream {
    let mut stream = TcpStream::connect(model.address()).await.unwrap();
    let body = body.to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn rest(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn hello() -> serde_json::Value {
    json!({ "model": "m", "messages": [{ "role": "user", "content": "hello" }], "stream": true,
            "stream_options": { "include_usage": true } })
}

#[tokio::test]
async fn an_answer_streams_and_ends_as_documented() {
    let model = FakeModel::start().await.unwrap();
    model.answer(FakeAnswer::pieces(["Good ", "day"]));
    let text = rest(post(&model, &hello()).await).await;
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part} in {text}"));
    assert!(at("HTTP/1.1 200") < at("text/event-stream"));
    assert!(at(r#""role":"assistant""#) < at(r#""content":"Good ""#));
    assert!(at(r#""content":"day""#) < at(r#""finish_reason":"stop""#));
    assert!(at(r#""finish_reason":"stop""#) < at(r#""prompt_tokens":12"#));
    assert!(at(r#""prompt_tokens":12"#) < at("data: [DONE]"));
    assert_eq!(model.requests()[0].roles(), ["user"]);
    model.until("the end", |seen| seen.sent == 1).await;
}

#[tokio::test]
async fn a_gate_holds_a_stream_and_a_client_that_leaves_is_noticed() {
    let model = FakeModel::start().await.unwrap();
    model.always(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Gate, FakeStep::text("two")]));
    let held = post(&model, &hello()).await;
    model.until_gates(1).await;
    assert_eq!(model.seen().disconnects, 0);
    drop(held);
    model.until_disconnects(1).await;
    let passed = post(&model, &hello()).await;
    model.release();
    assert!(rest(passed).await.contains("[DONE]"));

    model.when(FakeRule::new([FakeAnswer::Silent]).contains("hell").last("user"));
    drop(post(&model, &hello()).await);
    model.until_disconnects(2).await;
}

#[tokio::test]
async fn a_cut_stream_and_a_hung_up_one_have_no_proper_end() {
    let model = FakeModel::start().await.unwrap();
    model.answer(FakeAnswer::stream([FakeStep::text("one"), FakeStep::Cut]));
    model.answer(FakeAnswer::HangUp);
    let text = rest(post(&model, &hello()).await).await;
    // Whole chunked bodies end with a chunk of no bytes.
    assert!(text.contains("one") && !text.ends_with("\r\n0\r\n\r\n"), "{text}");
    let text = rest(post(&model, &hello()).await).await;
    assert!(!text.contains("data:"), "{text}");
}

#[tokio::test]
async fn a_request_that_breaks_the_protocol_is_refused_and_remembered() {
    let model = FakeModel::start().await.unwrap();
    let mut wrong = hello();
    wrong["messages"] = json!([{ "role": "tool", "tool_call_id": "c1", "content": "x" }]);
    let text = rest(post(&model, &wrong).await).await;
    assert!(text.contains("HTTP/1.1 400"), "{text}");
    assert_eq!(model.take_wrongs(), ["request 1: message 0 answers the call `c1`, which is not open"]);
    // Nothing is scripted either.
    assert!(rest(post(&model, &hello()).await).await.contains("HTTP/1.1 400"));
    assert_eq!(model.take_wrongs(), ["request 2: the script has no answer for it"]);
}

#[test]
fn the_check_knows_the_documented_format() {
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let user = json!({ "role": "user", "content": "x" });
    let calls = json!({ "role": "assistant", "content": null, "tool_calls": [call("a"), call("b")] });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "" });
    let with = |messages: serde_json::Value| {
        let mut body = hello();
        body["messages"] = messages;
        check(&body)
    };
    assert_eq!(
        with(json!([{ "role": "system", "content": "s" }, user, calls, result("b"), result("a"), user])),
        Ok(())
    );
    let picture = |url: &str| json!({ "type": "image_url", "image_url": { "url": url } });
    let seen = json!([{ "type": "text", "text": "What is it?" }, picture("data:image/gif;base64,R0lGODlh")]);
    assert_eq!(with(json!([{ "role": "user", "content": seen }])), Ok(()));
    let refused = [
        (json!([]), "list with messages"),
        (json!([user, calls, result("a"), user]), "before the results"),
        (json!([user, calls, result("a"), result("b"), result("b")]), "not open"),
        (json!([user, calls]), "no results"),
        (json!([user, { "role": "system", "content": "s" }]), "after the conversation began"),
        (json!([{ "role": "system", "content": "s" }, { "role": "system", "content": "s" }, user]), "more than one"),
        (json!([user, { "role": "assistant", "content": "" }]), "no content"),
        (json!([{ "role": "bot", "content": "x" }]), "the role `bot`"),
        (json!([{ "role": "user", "content": [picture("https://h.example/a.png")] }]), "no `data:"),
        (json!([{ "role": "user", "content": [picture("data:image/png;base64,R0lGODlh")] }]), "bytes are no image/png"),
        (json!([{ "role": "user", "content": [picture("data:image/bmp;base64,Qk0=")] }]), "not taken"),
        (json!([{ "role": "user", "content": [{ "type": "audio" }] }]), "no text and no picture"),
        (json!([user, { "role": "assistant", "tool_calls": [call("a"), call("a")] }]), "an id of its own"),
    ];
    for (messages, reason) in refused {
        let found = with(messages.clone()).unwrap_err();
        assert!(found.contains(reason), "{messages}: {found}");
    }
    let tool = |schema: serde_json::Value| {
        let mut body = hello();
        body["tools"] = json!([{ "type": "function", "function": { "name": "f", "parameters": schema } }]);
        check(&body)
    };
    assert_eq!(tool(json!({ "type": "object", "properties": { "n": {} }, "required": ["n"] })), Ok(()));
    assert!(tool(json!({ "type": "string" })).is_err());
    assert!(tool(json!({ "type": "object", "properties": {}, "required": ["n"] })).is_err());
    let mut body = hello();
    body["response_format"] = json!({ "type": "json_object" });
    assert!(check(&body).unwrap_err().contains("the word JSON"));
    body["prompt"] = json!("x");
    assert!(check(&body).unwrap_err().contains("`prompt` is no field"));
}
