//! Ways out of a question that a tool asks, when a model has called the tool.

use botserver_testkit::{FakeAnswer, FakeStep};
use serde_json::{Value as Json, json};

use super::clerk::{clerk, clerk_with, fake, of_kind, page, said, state, until_end_of};
use crate::live::{Body, Setup, on_both};

const NOTHING: &str = "Nothing that comes after that question was done.";

on_both! {
    /// A word for it ends the tool; the model learns it and answers; killed before and after.
    async fn a_person_may_decline_what_a_tool_asks(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("book", json!({"room": "Blue"})), ("note", json!({"what": "asked"}))]));
        model.answer(FakeAnswer::stream([FakeStep::text("As you "), FakeStep::Gate, FakeStep::text("like.")]));
        model.answer(FakeAnswer::text("As you wish."));
        let mut live = clerk(setup, &model).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        let id = socket.say("Book the blue room").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        let (mut socket, _) = until_end_of(&live, &visitor, &conversation, &id).await;
        let id = socket.say("Never mind!").await;
        model.until_gates(1).await;
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        let (mut socket, events) = until_end_of(&live, &visitor, &conversation, &id).await;
        assert_eq!(said(&events), ["Hello.", "For which day?", "As you wish."]);
        let tools: Vec<_> = of_kind(&events, "tool").iter().map(|own| (own["name"].clone(), own["state"].clone())).collect();
        let expected = [("book", "running"), ("book", "failed"), ("note", "running"), ("note", "done")];
        assert_eq!(tools, expected.map(|(name, state)| (json!(name), json!(state))));
        assert_eq!(of_kind(&events, "hear").last().expect("one")["input"], Json::Null);
        assert_eq!(of_kind(&events, "turn.end").last().expect("one")["outcome"], "done");
        let request = model.requests().pop().expect("one");
        let results: Vec<&str> = request.messages().iter().filter(|own| own["role"] == "tool")
            .map(|own| own["content"].as_str().expect("a text")).collect();
        assert_eq!(results[0], format!("The person declined to answer the question \"For which day?\", so this tool was ended there. {NOTHING}"));
        assert_eq!(results[1], "note 1");
        assert_eq!(state(&mut socket).await, "1 notes, 0 bookings, 0 refunds");
    }

    /// Stopping ends it too, over the socket and over HTTP; the next call begins from its beginning.
    async fn a_question_may_be_stopped(setup: Setup) {
        let model = fake().await;
        for _ in 0..3 {
            model.answer(FakeAnswer::calls([("book", json!({"room": "Blue"}))]));
            model.answer(FakeAnswer::text("Tell me when."));
        }
        let mut live = clerk(setup, &model).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        socket.say("Book the blue room").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        socket.send(json!({"type": "cancel"})).await;
        let events = socket.turn().await;
        assert_eq!(said(&events), ["Tell me when."]);
        assert_eq!(of_kind(&events, "hear")[0]["input"], Json::Null);
        // What is stopped already is not stopped again.
        socket.send(json!({"type": "cancel"})).await;
        let id = socket.say("Now book it").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        let (mut socket, _) = until_end_of(&live, &visitor, &conversation, &id).await;
        let path = format!("/api/v1/conversations/{conversation}/cancel");
        visitor.call("POST", &path, Body::None).await.expect(202);
        assert_eq!(said(&socket.turn().await), ["Tell me when."]);
        visitor.call("POST", &path, Body::None).await.expect(202);
        assert!(model.requests().pop().expect("one").last_text().starts_with("The person declined"));
        socket.say("Book it, really").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        socket.say("2026-12-24").await;
        assert_eq!(said(&socket.turn().await), ["Noted.", "Tell me when."]);
        assert_eq!(state(&mut socket).await, "0 notes, 1 bookings, 0 refunds");
    }

    /// Three answers that are none end the tool: it does not go on with a value that nobody gave.
    async fn a_tool_does_not_go_on_with_what_nobody_said(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("book", json!({"room": "Blue"}))]));
        model.answer(FakeAnswer::text("Let us do that later."));
        let live = clerk(setup, &model).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Book the blue room").await;
        socket.turn().await;
        socket.say("soon").await;
        let again = said(&socket.turn().await).concat();
        assert!(again.starts_with("Please type a date") && again.ends_with("Or type “cancel” if you do not want to answer."), "{again}");
        socket.say("later").await;
        socket.turn().await;
        socket.say("some day").await;
        assert_eq!(said(&socket.turn().await), ["Let us do that later."]);
        let heard = model.requests().pop().expect("one").last_text().to_owned();
        assert_eq!(heard, format!("The person gave no usable answer to the question \"For which day?\" in 3 attempts, so this tool was ended there. {NOTHING}"));
        assert_eq!(state(&mut socket).await, "0 notes, 0 bookings, 0 refunds");
    }

    /// Nobody answers in the time that the bot gives: the model is told, and speaks.
    async fn a_question_that_nobody_answers_ends(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("book", json!({"room": "Blue"}))]));
        model.answer(FakeAnswer::text("Come back when you know the day."));
        let live = clerk_with(setup, &model, "hear-timeout-secs,1\n", &[]).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Book the blue room").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        let events = socket.turn().await;
        assert_eq!(said(&events), ["Come back when you know the day."]);
        let heard = model.requests().pop().expect("one").last_text().to_owned();
        assert_eq!(heard, format!("The person did not answer a question of this tool in time, so this tool was ended there. {NOTHING}"));
        assert_eq!(state(&mut socket).await, "0 notes, 0 bookings, 0 refunds");
    }
}
