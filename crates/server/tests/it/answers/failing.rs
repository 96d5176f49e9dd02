//! Providers that fail: what the person is told, what the owner and the log know, and what is kept.

use botserver_testkit::{FakeAnswer, FakeStep};
use serde_json::json;

use super::clerk::{clerk, fake, of_kind, page, said};
use crate::live::{Setup, message_id, on_both};

on_both! {
    /// Whatever a provider does, the person gets a plain sentence and may ask again, and the owner learns the cause.
    async fn a_provider_that_fails_ends_in_a_sentence(setup: Setup) {
        let model = fake().await;
        let failures: Vec<(&str, Vec<FakeAnswer>, &str)> = vec![
            ("no such key", vec![FakeAnswer::error(401, "invalid_api_key", "Incorrect API key: sk-secret-key-of-the-bot").header("x-request-id", "req_first")], "could not answer"),
            ("too much", vec![FakeAnswer::error(429, "rate_limit_exceeded", "slow down").retry_after("60")], "too much to do"),
            ("broken", vec![FakeAnswer::error(500, "server_error", "oops"), FakeAnswer::error(500, "server_error", "oops")], "could not answer"),
            ("cut", vec![cut(), cut()], "broke off"),
            ("not json", vec![FakeAnswer::reply(200, "text/html", "<html>Sign in</html>"), FakeAnswer::reply(200, "text/html", "<html>Sign in</html>")], "could not answer"),
            ("error with 200", vec![FakeAnswer::reply(200, "application/json", "{\"error\":{\"message\":\"no\"}}"); 2], "could not answer"),
        ];
        let live = clerk(setup, &model).start();
        let (_, mut socket, _) = page(&live).await;
        for (what, answers, sentence) in failures {
            for answer in answers {
                model.answer(answer);
            }
            let id = socket.say(what).await;
            let events = socket.turn().await;
            let error = of_kind(&events, "error")[0];
            assert!(error["detail"].as_str().expect("a sentence").contains(sentence), "{what}: {error}");
            assert_eq!((&error["retry"], &error["message"]), (&json!(true), &json!(id)), "{what}");
            assert_eq!(of_kind(&events, "turn.end")[0]["outcome"], "failed");
        }
        let overview = live.owner().await.get("/api/v1/system/overview").await.expect(200).json();
        let problems: Vec<&str> = overview["problems"].as_array().expect("a list").iter()
            .filter_map(|own| own["message"].as_str()).filter(|text| text.contains("language model")).collect();
        assert_eq!(problems.len(), 6, "{problems:?}");
        assert!(!overview.to_string().contains("sk-secret"), "{overview}");
        // The log names who, where and how, once each, and nothing that anybody wrote.
        let log = live.server().log();
        assert!(!log.contains("sk-secret") && !log.contains("Incorrect API key"), "{log}");
        let told: Vec<&str> = log.lines().filter(|line| line.contains("the language model did not answer")).collect();
        assert_eq!(told.len(), 6, "{log}");
        for part in ["WARN", "clerk", "fake-model", "127.0.0.1", "refused", "401", "req_first"] {
            assert!(told[0].contains(part), "{part}: {}", told[0]);
        }
        assert!(told[1].contains("rate_limited") && told[3].contains("cut"), "{told:?}");
        assert!(!log.contains("no such key") && !log.contains("Half") && !log.contains("slow down"), "{log}");
    }

    /// What came before the connection broke is kept and marked, and asking again puts a whole answer in its place.
    async fn half_an_answer_is_kept_marked_and_made_anew(setup: Setup) {
        let model = fake().await;
        let reset = "data: {\"error\":{\"message\":\"GPU lost\",\"type\":\"server_error\"}}\n\n".to_owned();
        model.answer(cut());
        model.answer(FakeAnswer::stream([FakeStep::text("Half an ans"), FakeStep::Raw(reset)]));
        model.answer(FakeAnswer::text("A whole answer."));
        let mut live = clerk(setup, &model).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        let id = socket.say("Tell me").await;
        let events = socket.turn().await;
        let half = of_kind(&events, "message").pop().expect("what came").clone();
        assert_eq!((&half["cut"], &half["parts"][0]["text"]), (&json!(true), &json!("Half an ans")), "{half}");
        let error = of_kind(&events, "error")[0];
        assert_eq!((&error["retry"], &error["message"]), (&json!(true), &json!(id)));
        assert_eq!(of_kind(&events, "turn.end")[0]["outcome"], "failed");
        live.kill();
        live.start();
        let visitor = visitor.at(&live);
        assert_eq!(visitor.transcript(&conversation).await, ["bot: Hello.", "person: Tell me", "bot: Half an ans"]);
        let (mut socket, ready) = visitor.socket("clerk", json!({"conversation": conversation, "visible": true})).await;
        socket.until(|frame| frame["seq"] == ready["seq"]).await;
        socket.send(json!({"type": "regenerate", "id": message_id(), "message": id})).await;
        let events = socket.turn().await;
        assert_eq!(said(&events), ["A whole answer."]);
        assert!(of_kind(&events, "superseded")[0]["messages"].to_string().contains(half["id"].as_str().expect("an id")));
        assert_eq!(visitor.transcript(&conversation).await, ["bot: Hello.", "person: Tell me", "bot: A whole answer."]);
        // What was half is not shown to the model as its own words.
        assert_eq!(model.requests().remove(2).roles(), ["system", "assistant", "user"]);
    }

    /// A bot that has used up its calls says so plainly, the owner reads which setting it was, and LLM can trap it.
    async fn a_bot_answers_only_as_often_as_it_may(setup: Setup) {
        let model = fake().await;
        model.always(FakeAnswer::text("Good day."));
        let config = format!("llm-url,{}\nllm-model,fake-model\nllm-rate-limit,1\n", model.url());
        let live = clerk(setup, &model).file("clerk.gbai/clerk.gbot/config.csv", &config).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Hello").await;
        assert_eq!(said(&socket.turn().await), ["Good day."]);
        let id = socket.say("Hello again").await;
        let events = socket.turn().await;
        let error = of_kind(&events, "error")[0];
        assert!(error["detail"].as_str().expect("a sentence").contains("too much to do"), "{error}");
        assert_eq!((&error["retry"], &error["message"]), (&json!(true), &json!(id)));
        assert_eq!(model.requests().len(), 1);
        let overview = live.owner().await.get("/api/v1/system/overview").await.expect(200).json();
        assert!(overview["problems"].to_string().contains("1 times a minute (`llm-rate-limit`)"), "{overview}");
    }
}

fn cut() -> FakeAnswer {
    FakeAnswer::stream([FakeStep::text("Half"), FakeStep::Cut])
}
