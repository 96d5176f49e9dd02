//! Answers as they should be, in every form that real servers give them.

use botserver_ports::{AnswerFormat, ChatModel as _, EndReason, ModelRequest, ModelUsage};
use botserver_testkit::{FakeAnswer, FakeCall, FakeModel, FakeStep, FakeStyle, FakeUsage};
use serde_json::{Value as Json, json};

use crate::{DOT, KEY, answered, assistant, call, endpoint, models, request, result, shown, system, user, weather};

/// Every style alone, and all that go together; each also cut at every few bytes.
fn styles() -> Vec<FakeStyle> {
    let plain = FakeStyle::default;
    let mut all = vec![
        plain(),
        FakeStyle { crlf: true, ..plain() },
        FakeStyle { tight: true, ..plain() },
        FakeStyle { comments: true, ..plain() },
        FakeStyle { repeated_ids: true, ..plain() },
        FakeStyle { no_ids: true, ..plain() },
        FakeStyle { no_index: true, ..plain() },
        FakeStyle { interleaved: true, ..plain() },
        FakeStyle { whole_arguments: true, no_ids: true, no_index: true, ..plain() },
        FakeStyle { no_finish: true, ..plain() },
        FakeStyle { no_done: true, ..plain() },
        FakeStyle { usage_with_finish: true, ..plain() },
        FakeStyle { plain_reasoning: true, ..plain() },
        FakeStyle { crlf: true, tight: true, comments: true, interleaved: true, no_done: true, ..plain() },
    ];
    let whole = all.clone();
    for size in [1, 3, 7, 50] {
        for style in &whole {
            all.push(FakeStyle { cut_every: Some(size), ..style.clone() });
        }
    }
    all
}

#[tokio::test]
async fn text_reasoning_calls_and_usage_arrive_in_every_style() {
    let model = FakeModel::start().await.unwrap();
    for style in styles() {
        model.answer(
            FakeAnswer::stream([
                FakeStep::reasoning("Let me "),
                FakeStep::reasoning("think …"),
                FakeStep::text("Grüße – "),
                FakeStep::text("😀 and \"quotes\"\n"),
                FakeStep::Calls(vec![
                    FakeCall { name: "weather".into(), arguments: json!({ "city": "Köln \"am\" Rhein" }), id: None },
                    FakeCall { name: "weather".into(), arguments: json!({ "city": "Bonn" }), id: None },
                ]),
                FakeStep::Usage(FakeUsage { input: 100, output: 20, cached: 64 }),
            ])
            .styled(style.clone()),
        );
        let answer = answered(ModelRequest { tools: vec![weather()], ..request(&model.url()) }).await;
        assert_eq!(answer.reasoning, "Let me think …", "{style:?}");
        assert_eq!(answer.text, "Grüße – 😀 and \"quotes\"\n", "{style:?}");
        let expected = [("weather", r#"{"city":"Köln \"am\" Rhein"}"#), ("weather", r#"{"city":"Bonn"}"#)];
        assert_eq!(answer.called(), expected, "{style:?}");
        assert_ne!(answer.calls[0].id, answer.calls[1].id, "{style:?}");
        // Without a last chunk there is nowhere to tell it.
        let usage = ModelUsage { input: 100, output: 20, cached: 64 };
        assert_eq!(answer.end, Some((EndReason::Calls, Some(usage))), "{style:?}");
    }
}

#[tokio::test]
async fn a_conversation_goes_out_with_its_roles() {
    let model = FakeModel::start().await.unwrap();
    model.require_key(KEY);
    model.answer(FakeAnswer::text("It rains."));
    let messages = vec![
        system("You help."),
        system("You are brief."),
        assistant("Welcome!", Vec::new()),
        user("Weather?"),
        assistant("", vec![call("a", "weather", r#"{"city":"Bonn"}"#), call("b", "weather", "{broken")]),
        result("a", "weather", "rain"),
        result("b", "weather", "no such city"),
        assistant("", Vec::new()),
        user("So?"),
    ];
    let sent = ModelRequest {
        messages,
        tools: vec![weather()],
        temperature: Some(0.25),
        max_tokens: Some(100),
        ..request(&model.url())
    };
    assert_eq!(answered(sent).await.text, "It rains.");
    let body = &model.requests()[0].body;
    let expected = json!([
        { "role": "system", "content": "You help.\n\nYou are brief." },
        { "role": "assistant", "content": "Welcome!" },
        { "role": "user", "content": "Weather?" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "a", "type": "function", "function": { "name": "weather", "arguments": r#"{"city":"Bonn"}"# } },
            { "id": "b", "type": "function", "function": { "name": "weather", "arguments": r#"{"unreadable":"{broken"}"# } },
        ] },
        { "role": "tool", "tool_call_id": "a", "content": "rain" },
        { "role": "tool", "tool_call_id": "b", "content": "no such city" },
        { "role": "user", "content": "So?" },
    ]);
    assert_eq!(body["messages"], expected);
    let function = json!({ "name": "weather", "description": "The weather of a city", "parameters": weather().schema });
    assert_eq!(body["tools"], json!([{ "type": "function", "function": function }]));
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(0.25), &json!(100)));
    assert_eq!((&body["stream"], &body["stream_options"]), (&json!(true), &json!({ "include_usage": true })));
}

#[tokio::test]
async fn a_form_can_be_asked_for() {
    let model = FakeModel::start().await.unwrap();
    let sent = async |format: AnswerFormat| -> Json {
        model.answer(FakeAnswer::text("{}"));
        answered(ModelRequest { format, ..request(&model.url()) }).await;
        model.requests().last().unwrap().body.clone()
    };
    let body = sent(AnswerFormat::Json).await;
    assert_eq!(body["response_format"], json!({ "type": "json_object" }));
    assert_eq!(body["messages"][0]["role"], "system");
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let body = sent(AnswerFormat::Schema(schema.clone())).await;
    let expected = json!({ "name": "answer", "schema": schema, "strict": false });
    assert_eq!(body["response_format"], json!({ "type": "json_schema", "json_schema": expected }));
}

#[tokio::test]
async fn what_a_local_model_thinks_is_no_answer() {
    let model = FakeModel::start().await.unwrap();
    let style = FakeStyle { cut_every: Some(5), ..FakeStyle::default() };
    model.answer(FakeAnswer::pieces(["<thi", "nk>\nA or B?", "</th", "ink>\n\nB"]).styled(style));
    let answer = answered(request(&model.url())).await;
    assert_eq!((answer.reasoning.as_str(), answer.text.as_str()), ("\nA or B?", "B"));
}

#[tokio::test]
async fn each_end_is_told() {
    let model = FakeModel::start().await.unwrap();
    for (word, expected) in [
        ("stop", EndReason::Stop),
        ("length", EndReason::Length),
        ("content_filter", EndReason::Filtered),
        ("tool_calls", EndReason::Stop),
        ("eos", EndReason::Stop),
    ] {
        model.answer(FakeAnswer::stream([FakeStep::text("x"), FakeStep::Finish(word.to_owned())]));
        assert_eq!(answered(request(&model.url())).await.reason(), expected, "{word}");
    }
    // Calls that end with `stop`, and a call that the limit of tokens cut.
    let weather_in = |arguments: Json| FakeStep::Calls(vec![FakeCall { name: "weather".into(), arguments, id: None }]);
    model.answer(FakeAnswer::stream([weather_in(json!({})), FakeStep::Finish("stop".to_owned())]));
    assert_eq!(answered(request(&model.url())).await.reason(), EndReason::Calls);
    model.answer(FakeAnswer::stream([weather_in(json!("{\"city\":\"K")), FakeStep::Finish("length".to_owned())]));
    let answer = answered(request(&model.url())).await;
    assert_eq!((answer.reason(), answer.calls.len()), (EndReason::Length, 0));
    // Wrong arguments are the model's, and go to whoever runs the tool.
    model.answer(FakeAnswer::stream([weather_in(json!("not json"))]));
    assert_eq!(answered(request(&model.url())).await.called(), [("weather", "not json")]);
}

#[tokio::test]
async fn an_answer_may_be_empty() {
    let model = FakeModel::start().await.unwrap();
    for style in [FakeStyle::default(), FakeStyle { no_done: true, ..FakeStyle::default() }] {
        model.answer(FakeAnswer::text("").styled(style));
        let answer = answered(request(&model.url())).await;
        assert_eq!((answer.text.as_str(), answer.reason()), ("", EndReason::Stop));
    }
}

#[tokio::test]
async fn an_id_that_was_used_before_is_not_used_again() {
    let model = FakeModel::start().await.unwrap();
    let again = FakeCall { name: "weather".into(), arguments: json!({}), id: Some("call_0".into()) };
    model.answer(FakeAnswer::stream([FakeStep::Calls(vec![again])]));
    let earlier =
        vec![user("a"), assistant("", vec![call("call_0", "weather", "{}")]), result("call_0", "weather", "x")];
    let answer = answered(ModelRequest { messages: earlier, ..request(&model.url()) }).await;
    assert_ne!(answer.calls[0].id, "call_0");
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let model = FakeModel::start().await.unwrap();
    let whole = json!({ "id": "x", "object": "chat.completion", "choices": [{ "index": 0, "finish_reason": "tool_calls",
        "message": { "role": "assistant", "content": "One moment.", "reasoning_content": "hm", "tool_calls": [
            { "id": "c1", "type": "function", "function": { "name": "weather", "arguments": { "city": "Bonn" } } }] } }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 4 } });
    model.answer(FakeAnswer::reply(200, "application/json", whole.to_string()));
    let answer = answered(request(&model.url())).await;
    assert_eq!((answer.text.as_str(), answer.reasoning.as_str()), ("One moment.", "hm"));
    assert_eq!(answer.called(), [("weather", r#"{"city":"Bonn"}"#)]);
    assert_eq!(answer.end, Some((EndReason::Calls, Some(ModelUsage { input: 3, output: 4, cached: 0 }))));
}

#[tokio::test]
async fn models_are_listed() {
    let model = FakeModel::start().await.unwrap();
    model.set_models(&["small", "large"]);
    model.require_key(KEY);
    assert_eq!(models().models(&endpoint(&model.url())).await.unwrap(), ["small", "large"]);
}

#[tokio::test]
async fn a_picture_goes_out_with_its_question() {
    let model = FakeModel::start().await.unwrap();
    model.always(FakeAnswer::text("A dot."));
    let sent = vec![shown("What is it?"), assistant("A dot.", Vec::new()), shown("")];
    assert_eq!(answered(ModelRequest { messages: sent, ..request(&model.url()) }).await.text, "A dot.");
    let seen = model.requests().remove(0);
    let address = format!("data:image/gif;base64,{DOT}");
    assert_eq!(seen.pictures(), [&address, &address]);
    let picture = json!({ "type": "image_url", "image_url": { "url": address } });
    let question = json!({ "type": "text", "text": "What is it?" });
    assert_eq!(seen.messages()[0]["content"], json!([question, picture]));
    assert_eq!(seen.messages()[2]["content"], json!([picture]));
}
