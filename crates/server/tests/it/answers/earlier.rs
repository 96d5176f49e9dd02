//! What a model is told of the tools that it called for earlier messages: each call with its result, as long as it counts.

use botserver_testkit::{FakeAnswer, FakeCall, FakeRequest, FakeStep};
use serde_json::{Value as Json, json};

use super::clerk::{clerk, clerk_with, fake, of_kind, page, said};
use crate::live::{Body, Setup, message_id, on_both};

/// The calls of a request with their results: `track({"number":1}) = Order 1 …`.
fn calls(request: &FakeRequest) -> Vec<String> {
    let all = request.messages();
    let calls = all.iter().flat_map(|own| own["tool_calls"].as_array().cloned().unwrap_or_default());
    let result = |id: &Json| all.iter().find(|own| own["tool_call_id"] == *id).map(|own| own["content"].clone());
    let text = |value: &Json| value.as_str().expect("a text").to_owned();
    let told = calls.map(|own| {
        let function = &own["function"];
        let result = result(&own["id"]).expect("a result");
        format!("{}({}) = {}", text(&function["name"]), text(&function["arguments"]), text(&result))
    });
    told.collect()
}

on_both! {
    /// Calls of earlier messages, those that failed too, stand where they were made, with roles of their own.
    async fn earlier_calls_and_results_are_in_the_next_request(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::stream([
            FakeStep::text("One moment."),
            FakeStep::Calls(vec![
                FakeCall { name: "track".to_owned(), arguments: json!({"number": 4711}), id: None },
                FakeCall { name: "slow".to_owned(), arguments: json!({}), id: None },
            ]),
        ]));
        model.answer(FakeAnswer::text("It is in Lisbon."));
        model.answer(FakeAnswer::calls([("track", json!({"number": 4712}))]));
        model.answer(FakeAnswer::text("So is that one."));
        model.answer(FakeAnswer::text("Goodbye."));
        let mut live = clerk(setup, &model).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        socket.say("Where is 4711?").await;
        socket.turn().await;
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        let (mut socket, ready) = visitor.socket("clerk", json!({"conversation": conversation, "visible": true})).await;
        socket.until(|frame| frame["seq"] == ready["seq"]).await;
        socket.say("And the second one?").await;
        assert_eq!(said(&socket.turn().await), ["So is that one."]);
        socket.say("Thanks").await;
        socket.turn().await;
        let requests = model.requests();
        let earlier = ["system", "assistant", "user", "assistant", "assistant", "tool", "assistant", "tool", "assistant", "user"];
        assert_eq!(requests[2].roles(), earlier);
        let told = calls(&requests[2]);
        assert_eq!(told[0], "track({\"number\":4711}) = Order 4711 is in Lisbon");
        assert!(told[1].starts_with("slow({}) = error: ") && told.len() == 2, "{told:?}");
        // The newest call of all has the ids of no earlier one: the fake looks at that.
        assert_eq!(requests[3].roles(), [&earlier[..], &["assistant", "tool"]].concat());
        assert_eq!(calls(&requests[4])[2], "track({\"number\":4712}) = Order 4712 is in Lisbon");
        assert_eq!(requests[4].last_text(), "Thanks");
    }

    /// What was made anew does not count, its calls as little as its text.
    async fn calls_of_an_answer_that_was_made_anew_are_not_told(setup: Setup) {
        let model = fake().await;
        for number in [1, 2] {
            model.answer(FakeAnswer::calls([("track", json!({"number": number}))]));
            model.answer(FakeAnswer::text(format!("Answer {number}.")));
        }
        model.answer(FakeAnswer::text("Goodbye."));
        let live = clerk(setup, &model).start();
        let (_, mut socket, _) = page(&live).await;
        let id = socket.say("Where is it?").await;
        assert_eq!(said(&socket.turn().await), ["Answer 1."]);
        socket.send(json!({"type": "regenerate", "id": message_id(), "message": id})).await;
        assert_eq!(said(&socket.turn().await), ["Answer 2."]);
        assert_eq!(calls(&model.requests()[2]), Vec::<String>::new());
        socket.say("Thanks").await;
        socket.turn().await;
        assert_eq!(calls(&model.requests()[4]), ["track({\"number\":2}) = Order 2 is in Lisbon"]);
    }

    /// A tool that asked, was stopped, and an answer that was stopped behind a tool: what is known is told, and between a
    /// result and the person's next message there is an answer.
    async fn calls_of_a_stopped_answer_are_told(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("note", json!({"what": "a"}))]));
        model.answer(FakeAnswer::stream([FakeStep::Gate, FakeStep::text("Never said")]));
        model.answer(FakeAnswer::calls([("book", json!({"room": "Blue"}))]));
        model.answer(FakeAnswer::text("As you wish."));
        model.answer(FakeAnswer::text("Goodbye."));
        let live = clerk(setup, &model).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        socket.say("A note, please").await;
        model.until_gates(1).await;
        visitor.call("POST", &format!("/api/v1/conversations/{conversation}/cancel"), Body::None).await.expect(202);
        let events = socket.turn().await;
        assert_eq!(of_kind(&events, "turn.end")[0]["outcome"], "cancelled");
        socket.say("Book the blue room").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        socket.send(json!({"type": "cancel"})).await;
        assert_eq!(said(&socket.turn().await), ["As you wish."]);
        socket.say("Thanks").await;
        socket.turn().await;
        let requests = model.requests();
        assert_eq!(requests[2].roles(), ["system", "assistant", "user", "assistant", "tool", "assistant", "user"]);
        assert_eq!(calls(&requests[2]), ["note({\"what\":\"a\"}) = note 1"]);
        assert_eq!(requests[2].messages()[5]["content"], "Stopped.");
        let told = calls(&requests[4]);
        assert!(told[1].starts_with("book({\"room\":\"Blue\"}) = The person declined to answer"), "{told:?}");
    }

    /// A provider that fails behind a tool leaves a result without an answer; some providers refuse a person's message there.
    async fn between_a_result_and_the_next_message_is_an_answer(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("note", json!({"what": "a"}))]));
        model.answer(FakeAnswer::error(401, "invalid_api_key", "no"));
        model.answer(FakeAnswer::text("It is written."));
        let live = clerk(setup, &model).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("A note, please").await;
        assert_eq!(of_kind(&socket.turn().await, "error").len(), 1);
        socket.say("Is it written?").await;
        assert_eq!(said(&socket.turn().await), ["It is written."]);
        let request = model.requests().remove(2);
        assert_eq!(request.roles(), ["system", "assistant", "user", "assistant", "tool", "assistant", "user"]);
        assert_eq!(request.messages()[5]["content"], "[This answer ended before it had a text.]");
    }

    /// Of a long result the beginning is kept; in a window that is full calls go before the messages.
    async fn calls_are_limited_and_go_first_when_space_is_short(setup: Setup) {
        let long = ("track", "PARAM number AS INTEGER\nDESCRIPTION \"Tells where an order is\"\nRETURN \"far \" + REPEAT(\"away \", 3000)\n");
        let model = fake().await;
        model.answer(FakeAnswer::calls([("track", json!({"number": 1}))]));
        model.answer(FakeAnswer::text("Far away."));
        model.answer(FakeAnswer::text("Indeed."));
        let live = clerk_with(setup, &model, "llm-context-window,16000\n", &[long]).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Where is it?").await;
        socket.turn().await;
        socket.say("Really?").await;
        socket.turn().await;
        let told = calls(&model.requests()[2]);
        assert!(told[0].ends_with("[the rest was left out]") && told[0].len() < 2_200, "{told:?}");
    }

    /// See above: the same with a small window, and what the owner reads of it.
    async fn a_small_window_keeps_messages_and_drops_calls(setup: Setup) {
        let long = ("track", "PARAM number AS INTEGER\nDESCRIPTION \"Tells where an order is\"\nRETURN \"far \" + REPEAT(\"away \", 350)\n");
        let model = fake().await;
        model.answer(FakeAnswer::calls([("track", json!({"number": 1}))]));
        model.answer(FakeAnswer::text("Far away."));
        model.answer(FakeAnswer::text("Indeed."));
        let live = clerk_with(setup, &model, "llm-context-window,1100\nllm-max-tokens,200\n", &[long]).start();
        let (_, mut socket, conversation) = page(&live).await;
        socket.say("Where is it?").await;
        socket.turn().await;
        socket.say("Really?").await;
        let events = socket.turn().await;
        let request = model.requests().remove(2);
        assert_eq!(request.roles(), ["system", "assistant", "user", "assistant", "user"]);
        let answer = of_kind(&events, "message").last().expect("an answer")["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/conversations/{conversation}/messages/{answer}/trace");
        let trace = live.owner().await.get(&path).await.expect(200).json();
        let call = trace["parts"].as_array().expect("parts").iter().find(|own| own["kind"] == "call").expect("a call").clone();
        assert_eq!((&call["included"], &call["name"]), (&json!(false), &json!("track")), "{call}");
        assert!(call["reason"].as_str().is_some_and(|why| why.contains("messages come before calls")), "{call}");
    }

    /// The button of the owner's page says of a model that its server does not list it, and which names are near.
    async fn the_test_of_a_model_looks_into_the_list(setup: Setup) {
        let model = fake().await;
        model.set_models(&["fake-1", "else"]);
        model.always(FakeAnswer::text("Hello."));
        let live = clerk(setup, &model).start();
        let owner = live.owner().await;
        let tested = owner.post("/api/v1/models/test", json!({"bot": "clerk"})).await.expect(200).json();
        assert_eq!((&tested["ok"], &tested["fault"]), (&json!(false), &json!("no_model")), "{tested}");
        let said = tested["unlisted"].as_str().unwrap_or_default();
        assert!(said.contains("does not list a model `fake-model`; it lists `fake-1`"), "{tested}");
        model.set_models(&["fake-model"]);
        let tested = owner.post("/api/v1/models/test", json!({"bot": "clerk"})).await.expect(200).json();
        assert_eq!((&tested["ok"], &tested["unlisted"]), (&json!(true), &Json::Null), "{tested}");
    }
}
