//! Asking again and editing: what is refused, what stays, and where the earlier versions are.

use botserver_testkit::{FakeAnswer, FakeStep};
use serde_json::{Value as Json, json};

use super::clerk::{clerk, clerk_with, fake, newest, of_kind, page, said};
use crate::live::{Setup, Socket, Visitor, message_id, on_both};

/// What is wished for an earlier message.
#[derive(Clone, Copy)]
enum Wish {
    Regenerate,
    Replace,
}

/// Over HTTP and over the socket it is refused with the same code, and nothing of it is in the conversation.
async fn refused(
    (visitor, socket, conversation): (&Visitor, &mut Socket, &str),
    wish: Wish,
    message: &str,
    (status, code): (u16, &str),
) {
    let before = newest(visitor, conversation).await;
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let answer = match wish {
        Wish::Regenerate => visitor.post(&format!("{path}/{message}/regenerate"), json!({})).await,
        Wish::Replace => visitor.post(&path, json!({"text": "Say it again", "replaces": message})).await,
    };
    let sentence = answer.problem(status, code);
    let id = message_id();
    socket
        .send(match wish {
            Wish::Regenerate => json!({"type": "regenerate", "id": id, "message": message}),
            Wish::Replace => json!({"type": "message", "id": id, "text": "Say it again", "replaces": message}),
        })
        .await;
    let error = socket.next("error").await;
    let detail = error["detail"].as_str().expect("a sentence");
    assert!(sentence.trim_end_matches('.').eq_ignore_ascii_case(detail), "{sentence} {detail}");
    assert_eq!((&error["code"], &error["id"]), (&json!(code), &json!(id)), "{error}");
    assert!(sentence.contains("; "), "it says what to do: {sentence}");
    assert_eq!(newest(visitor, conversation).await, before, "{code}");
}

on_both! {
    async fn what_cannot_be_said_again_is_refused(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::text("First."));
        model.answer(FakeAnswer::calls([("book", json!({"room": "Blue"}))]));
        model.answer(FakeAnswer::text("Booked."));
        model.answer(FakeAnswer::stream([FakeStep::text("Long "), FakeStep::Gate, FakeStep::text("story.")]));
        model.answer(FakeAnswer::text("Short story."));
        let ask = [("ask", "HEAR n AS INTEGER WITH \"How many?\"\nTALK \"You said ${n}.\"\n"),
            ("start", "ADD TOOL \"book\"\nADD SUGGESTION TOOL \"ask\" AS \"Ask\"\nTALK \"Hello.\"\n")];
        let live = clerk_with(setup, &model, "", &ask).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        let other = live.visitor().await;
        let theirs = other.begin("clerk").await;
        let messages = format!("/api/v1/conversations/{conversation}/messages");
        let greeting = visitor.get(&messages).await.expect(200).json()["items"][0]["id"].as_str().expect("an id").to_owned();
        let first = socket.say("Say something").await;
        socket.turn().await;
        // The bot's, nobody's, and somebody else's.
        for wish in [Wish::Regenerate, Wish::Replace] {
            refused((&visitor, &mut socket, &conversation), wish, &greeting, (409, "not_yours")).await;
            refused((&visitor, &mut socket, &conversation), wish, &message_id(), (404, "not_found")).await;
        }
        other.post(&format!("/api/v1/conversations/{theirs}/messages/{first}/regenerate"), json!({})).await.problem(404, "not_found");
        other.post(&format!("/api/v1/conversations/{theirs}/messages"), json!({"text": "x", "replaces": first})).await.problem(404, "not_found");
        // A dialog waits, then a tool of the model.
        let pressed = socket.say("Ask").await;
        assert_eq!(said(&socket.turn().await), ["How many?"]);
        for wish in [Wish::Regenerate, Wish::Replace] {
            refused((&visitor, &mut socket, &conversation), wish, &first, (409, "waiting_for_answer")).await;
        }
        let answered = socket.say("3").await;
        assert_eq!(said(&socket.turn().await), ["You said 3."]);
        let booking = socket.say("Book the blue room").await;
        assert_eq!(said(&socket.turn().await), ["For which day?"]);
        for wish in [Wish::Regenerate, Wish::Replace] {
            refused((&visitor, &mut socket, &conversation), wish, &booking, (409, "waiting_for_answer")).await;
        }
        let day = socket.say("2026-12-24").await;
        assert_eq!(said(&socket.turn().await), ["Noted.", "Booked."]);
        // What scripts took.
        for message in [&pressed, &answered, &day] {
            refused((&visitor, &mut socket, &conversation), Wish::Regenerate, message, (409, "cannot_regenerate")).await;
        }
        // While the bot answers.
        let running = socket.say("Tell me a story").await;
        model.until_gates(1).await;
        let busy = visitor.post(&format!("{messages}/{running}/regenerate"), json!({})).await;
        assert!(busy.problem(409, "busy").contains("stop it"));
        model.release();
        assert_eq!(said(&socket.turn().await), ["Long story."]);
        // Sent twice, it is one; and what it set aside does not come back.
        let id = message_id();
        for _ in 0..2 {
            let edited = json!({"id": id, "text": "A short one", "replaces": running});
            let answer = visitor.post(&format!("{messages}?wait=30"), edited).await.expect(200).json();
            assert_eq!(answer["turn"]["outcome"], "done", "{answer}");
        }
        refused((&visitor, &mut socket, &conversation), Wish::Replace, &running, (409, "superseded")).await;
        let lines = visitor.transcript(&conversation).await;
        assert_eq!(&lines[lines.len() - 2..], ["person: A short one", "bot: Short story."]);
        assert!(!lines.iter().any(|line| line.contains("again")), "{lines:?}");
    }

    /// Where nobody opens a page the greeting stands behind the first message. It answers nothing, so it stays.
    async fn the_greeting_stays_when_the_first_answer_is_made_anew(setup: Setup) {
        let model = fake().await;
        for text in ["First.", "Second.", "Third."] {
            model.answer(FakeAnswer::text(text));
        }
        let live = clerk(setup, &model).start();
        let visitor = live.visitor().await;
        let conversation = visitor.begin("clerk").await;
        let sent = visitor.say(&conversation, "Hi").await;
        let first = sent["id"].as_str().expect("an id").to_owned();
        assert_eq!(visitor.transcript(&conversation).await, ["person: Hi", "bot: Hello.", "bot: First."]);
        let (mut socket, ready) = visitor.socket("clerk", json!({"conversation": conversation})).await;
        socket.until(|frame| frame["seq"] == ready["seq"]).await;
        socket.send(json!({"type": "regenerate", "id": message_id(), "message": first})).await;
        let events = socket.turn().await;
        assert_eq!(said(&events), ["Second."]);
        assert_eq!(of_kind(&events, "superseded")[0]["messages"].as_array().expect("a list").len(), 1);
        assert_eq!(visitor.transcript(&conversation).await, ["person: Hi", "bot: Hello.", "bot: Second."]);
        socket.send(json!({"type": "message", "id": message_id(), "text": "Good day", "replaces": first})).await;
        assert_eq!(said(&socket.turn().await), ["Third."]);
        assert_eq!(visitor.transcript(&conversation).await, ["bot: Hello.", "person: Good day", "bot: Third."]);
        assert_eq!(model.requests().remove(2).roles(), ["system", "assistant", "user"]);
    }

    /// However often something is answered anew or edited, every version is among the events, and they say which count.
    async fn every_version_can_be_read(setup: Setup) {
        let model = fake().await;
        for number in 1..=6 {
            model.answer(FakeAnswer::text(format!("Answer {number}.")));
        }
        let mut live = clerk(setup, &model).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        let mut asked = socket.say("Question 1").await;
        socket.turn().await;
        for step in ["again", "again", "Question 2", "again", "Question 3"] {
            let id = message_id();
            if step == "again" {
                socket.send(json!({"type": "regenerate", "id": id, "message": asked})).await;
            } else {
                socket.send(json!({"type": "message", "id": id, "text": step, "replaces": asked})).await;
                asked = id;
            }
            socket.turn().await;
        }
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        let path = format!("/api/v1/conversations/{conversation}/events");
        let events = visitor.get(&path).await.expect(200).json()["items"].as_array().expect("a list").clone();
        let all: Vec<String> = of_kind(&events, "message").iter().filter_map(|own| own["parts"][0]["text"].as_str().map(str::to_owned)).collect();
        assert_eq!(all, ["Hello.", "Question 1", "Answer 1.", "Answer 2.", "Answer 3.", "Question 2", "Answer 4.", "Answer 5.", "Question 3", "Answer 6."]);
        // What counts, as the document tells a client to find it, is what the list of messages holds.
        let mut counting: Vec<(i64, String, String)> = Vec::new();
        let mut named: Vec<Json> = Vec::new();
        for own in &events {
            let (seq, event) = (own["seq"].as_i64().expect("a number"), &own["event"]);
            if event["kind"] == "message" {
                let text = format!("{}: {}", event["role"].as_str().expect("a role"), event["parts"][0]["text"].as_str().expect("a text"));
                counting.push((seq, event["id"].as_str().expect("an id").to_owned(), text));
            } else if event["kind"] == "superseded" {
                let (from, until) = (event["from"].as_i64().expect("a number"), event["until"].as_i64().unwrap_or(seq));
                let gone = |(at, ..): &(i64, String, String)| *at >= from && *at <= until;
                let ids: Vec<_> = counting.iter().filter(|own| gone(own)).map(|own| json!(own.1)).collect();
                assert_eq!(event["messages"], json!(ids));
                named.extend(ids);
                counting.retain(|own| !gone(own));
            }
        }
        assert_eq!(named.len(), 7);
        let lines: Vec<String> = counting.into_iter().map(|(.., line)| line).collect();
        assert_eq!(lines, ["bot: Hello.", "person: Question 3", "bot: Answer 6."]);
        assert_eq!(visitor.transcript(&conversation).await, lines);
        // The socket has them all, too.
        let (mut socket, ready) = visitor.socket("clerk", json!({"conversation": conversation})).await;
        let frames = socket.until(|frame| frame["seq"] == ready["seq"]).await;
        assert_eq!(of_kind(&frames, "message").len(), all.len());
    }
}
