//! The keywords about models, as a dialog uses them.

use botserver_testkit::{FakeAnswer, FakeRule};

use super::clerk::{clerk_with, fake, page, said};
use crate::live::{Setup, on_both};

const START: &str = "ADD TOOL \"track\"\nADD TOOL \"note\"\nSET CONTEXT \"hours\" AS \"We are open from 9 to 18.\"\n\
    ADD SUGGESTION TOOL \"ask\" AS \"Ask\"\nADD SUGGESTION TOOL \"fast\" AS \"Fast\"\nADD SUGGESTION TOOL \"auto\" AS \"Auto\"\n\
    ADD SUGGESTION TOOL \"bare\" AS \"Bare\"\nTALK \"Hello.\"\n";
/// The text of an answer, and an answer as an object.
const ASK: &str = "TALK LLM \"Say it in one word\"\norder = LLM \"Give me the order as JSON\"\n\
    TALK order.city + \" \" + COUNT(order.items)\nFOR EACH thing IN order.items\nTALK thing.name + \" x\" + (thing.count + 1)\nNEXT\n";
const FAST: &str = "TALK GET CURRENT MODEL\nUSE MODEL \"fast\"\nTALK GET CURRENT MODEL\nnames = LIST MODELS\nTALK JOIN(names, \", \")\n\
    TALK LLM \"Which one are you?\"\n";
const AUTO: &str = "USE MODEL \"auto\"\nTALK GET CURRENT MODEL\n";
const BARE: &str = "CLEAR TOOLS\ntools = LIST TOOLS\nTALK COUNT(tools) + \" tools\"\n";

on_both! {
    async fn a_dialog_asks_and_chooses_models(setup: Setup) {
        let model = fake().await;
        model.set_models(&["fake-model", "quick-model"]);
        model.when(FakeRule::new([FakeAnswer::text("Certainly.")]).contains("in one word"));
        let json = "{\"city\": \"Lisbon\", \"items\": [{\"name\": \"tea\", \"count\": 2}, {\"name\": \"cup\", \"count\": 5}]}";
        model.when(FakeRule::new([FakeAnswer::text(json)]).contains("as JSON"));
        model.when(FakeRule::new([FakeAnswer::text("The quick one.")]).contains("Which one"));
        model.when(FakeRule::new([FakeAnswer::text("Free.")]).contains("Free text").repeating());
        let scripts = [("start", START), ("ask", ASK), ("fast", FAST), ("auto", AUTO), ("bare", BARE)];
        let live = clerk_with(setup, &model, "model-fast,quick-model\n", &scripts).start();
        let (_, mut socket, _) = page(&live).await;
        socket.say("Ask").await;
        assert_eq!(said(&socket.turn().await), ["Certainly.", "Lisbon 2", "tea x3", "cup x6"]);
        let request = model.requests().remove(0);
        assert_eq!(request.roles(), ["system", "user"]);
        assert_eq!(request.messages()[0]["content"], "We are open from 9 to 18.");
        assert_eq!((request.last_text(), request.tools().len()), ("Say it in one word", 0));

        socket.say("Free text").await;
        assert_eq!(said(&socket.turn().await), ["Free."]);
        socket.say("Fast").await;
        let told = said(&socket.turn().await);
        assert_eq!(told, ["fake-model", "quick-model", "fake-model, quick-model", "The quick one."]);
        socket.say("Free text again").await;
        socket.turn().await;
        socket.say("Auto").await;
        assert_eq!(said(&socket.turn().await), ["fake-model"]);
        socket.say("Bare").await;
        assert_eq!(said(&socket.turn().await), ["0 tools"]);
        socket.say("Free text, the third").await;
        socket.turn().await;
        let asked: Vec<_> = model.requests().iter()
            .map(|own| (own.body["model"].as_str().expect("a name").to_owned(), own.tools().len())).collect();
        let expected = [("fake-model", 0), ("fake-model", 0), ("fake-model", 2), ("quick-model", 0), ("quick-model", 2), ("fake-model", 0)];
        assert_eq!(asked, expected.map(|(name, tools)| (name.to_owned(), tools)));
    }
}
