//! What is too much: a tool that never ends, a result as long as a book, a history that does not fit.

use botserver_testkit::FakeAnswer;
use serde_json::json;

use super::clerk::{clerk_with, fake, of_kind, page, said};
use crate::live::{Setup, on_both};

const START: &str = "ADD TOOL \"endless\"\nADD TOOL \"book-of-books\"\nTALK \"Hello.\"\n";
const ENDLESS: &str = "DESCRIPTION \"Never ends\"\nTALK \"I begin.\"\nn = 0\nWHILE TRUE\nn = n + 1\nWEND\nRETURN n\n";
/// Eight megabytes of letters of two bytes, with one byte before them, so that a cut in the middle of a letter is near.
const BOOK: &str = "DESCRIPTION \"Tells everything\"\ns = \"é\"\nFOR i = 1 TO 22\ns = s + s\nNEXT\nRETURN \"x\" + s\n";

on_both! {
    /// The model is told that it took too long, and the person has an answer.
    async fn a_tool_that_never_ends_is_ended(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("endless", json!({}))]));
        model.answer(FakeAnswer::text("It took too long."));
        let settings = "tool-timeout,1\nloop-max-iterations,2000000000\n";
        let live = clerk_with(setup, &model, settings, &[("start", START), ("endless", ENDLESS), ("book-of-books", BOOK)]).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Count for ever").await;
        let events = socket.turn().await;
        assert_eq!(said(&events), ["I begin.", "It took too long."]);
        assert_eq!(of_kind(&events, "tool")[1]["state"], "failed");
        let heard = model.requests().pop().expect("one").last_text().to_owned();
        assert_eq!(heard, "error: the tool took longer than 1 seconds and was ended; what it had done until then stays done");
        // The owner finds it among the problems.
        let overview = live.owner().await.get("/api/v1/system/overview").await.expect(200).json();
        assert!(overview["problems"].to_string().contains("the tool `endless`"), "{overview}");
    }

    /// The model gets the beginning, at the border of a letter, and how much is missing.
    async fn a_result_that_is_too_long_is_cut(setup: Setup) {
        let model = fake().await;
        model.answer(FakeAnswer::calls([("book-of-books", json!({}))]));
        model.answer(FakeAnswer::text("That is a lot."));
        let live = clerk_with(setup, &model, "", &[("start", START), ("endless", ENDLESS), ("book-of-books", BOOK)]).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Tell me everything").await;
        let events = socket.turn().await;
        assert_eq!(said(&events), ["That is a lot."]);
        let heard = model.requests().pop().expect("one").last_text().to_owned();
        let (text, mark) = heard.split_once("\n[").expect("a mark");
        let left: usize = mark.strip_suffix(" more bytes were left out]").expect("a mark").parse().expect("a number");
        assert!(text.len() <= 16 << 10 && text.len() > 10_000, "{}", text.len());
        assert_eq!(text.len() + left, 1 + (2 << 22));
        assert!(text.starts_with('x') && text.chars().skip(1).all(|c| c == 'é'));
        // People see even less of it.
        let shown = of_kind(&events, "tool")[1]["result"].as_str().expect("a text").to_owned();
        assert_eq!(shown.chars().count(), 2_000);
    }

    /// The instructions and the message are always there, the newest of the history as far as it fits; the owner reads
    /// what was left out, and why.
    async fn a_history_that_does_not_fit_is_cut_and_told(setup: Setup) {
        const ROUNDS: usize = 12;
        let model = fake().await;
        for number in 0..=ROUNDS {
            model.answer(FakeAnswer::text(format!("Answer-{number} {}", "of many words ".repeat(20))));
        }
        let live = clerk_with(setup, &model, "llm-context-window,1600\nllm-max-tokens,200\n", &[]).start();
        let (visitor, mut socket, conversation) = page(&live).await;
        for number in 0..ROUNDS {
            socket.say(&format!("Question-{number} {}", "with a long story ".repeat(25))).await;
            socket.turn().await;
        }
        socket.say("Question-last?").await;
        let events = socket.turn().await;
        let request = model.requests().pop().expect("one");
        assert_eq!((request.roles()[0], request.roles().iter().filter(|role| **role == "system").count()), ("system", 1));
        let system = request.messages()[0]["content"].as_str().expect("a text");
        assert!(system.starts_with("You are the clerk of a shop.") && system.contains("We are open from 9 to 18."), "{system}");
        assert_eq!(request.last_text(), "Question-last?");
        assert_eq!(request.tools().len(), 4);
        let sent = request.body["messages"].to_string();
        assert!(sent.contains("Answer-11") && !sent.contains("Question-0 "), "{sent}");

        let answer = of_kind(&events, "message").last().expect("an answer")["id"].as_str().expect("an id").to_owned();
        let path = format!("/api/v1/conversations/{conversation}/messages/{answer}/trace");
        visitor.get(&path).await.problem(404, "not_found");
        let trace = live.owner().await.get(&path).await.expect(200).json();
        let number = |name: &str| trace[name].as_u64().unwrap_or_else(|| panic!("{name}: {trace}"));
        assert_eq!((number("window"), number("reserved")), (1600, 200));
        assert!(number("used") <= 1400, "{trace}");
        let parts = trace["parts"].as_array().expect("parts");
        let tokens: u64 = parts.iter().filter(|own| own["included"] == true).map(|own| own["tokens"].as_u64().expect("a size")).sum();
        assert_eq!(tokens, number("used"));
        let history: Vec<_> = parts.iter().filter(|own| own["kind"] == "history").collect();
        // The greeting, and a question and an answer for each round.
        assert_eq!(history.len(), 1 + 2 * ROUNDS);
        for (own, is_sent) in history.iter().map(|own| (own, sent.contains(own["text"].as_str().expect("a text").trim()))) {
            assert_eq!(own["included"], is_sent, "{own}");
            assert_eq!(own["reason"].as_str().is_some_and(|reason| reason.starts_with("left out: the window is full")), !is_sent, "{own}");
        }
        let included: Vec<bool> = history.iter().map(|own| own["included"] == true).collect();
        assert!(included.is_sorted() && !included[0] && included[included.len() - 1], "{included:?}");
        for kind in ["prompt", "message"] {
            assert!(parts.iter().any(|own| own["kind"] == kind && own["included"] == true), "{kind}");
        }
    }
}
