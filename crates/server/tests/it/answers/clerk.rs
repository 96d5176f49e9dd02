//! The bot of these tests, and what is read of its answers.

use botserver_testkit::FakeModel;
use serde_json::{Value as Json, json};

use crate::live::{Live, Setup, Socket, Visitor};

const START: &str = "ADD TOOL \"track\"\nADD TOOL \"book\"\nADD TOOL \"note\"\nADD TOOL \"slow\"\n\
    SET CONTEXT \"hours\" AS \"We are open from 9 to 18.\"\nTALK \"Hello.\"\n";
const TRACK: &str = "PARAM number AS INTEGER LIKE 4711 DESCRIPTION \"The order's number\"\n\
    PARAM carrier AS STRING ENUM [\"DHL\", \"UPS\"] OPTIONAL\nDESCRIPTION \"Tells where an order is\"\n\
    RETURN \"Order \" + number + \" is in Lisbon\"\n";
const BOOK: &str = "PARAM room AS STRING\nDESCRIPTION \"Books a room\"\n\
    HEAR day AS DATE WITH \"For which day?\"\nSAVE \"bookings\", { room: room, day: day }\n\
    TALK \"Noted.\"\nRETURN \"booked \" + room\n";
const NOTE: &str = "PARAM what AS STRING\nDESCRIPTION \"Writes a note\"\n\
    SAVE \"notes\", { what: what }\nrows = FIND \"notes\"\nRETURN \"note \" + COUNT(rows)\n";
const SLOW: &str = "DESCRIPTION \"Fails\"\nx = 0\nRETURN 1 / x\n";
const REFUND: &str = "DESCRIPTION \"Pays money back\"\nSAVE \"refunds\", { amount: 100 }\nRETURN \"paid\"\n";
const TABLES: &str = "TABLE bookings\n id number key\n room string(50)\n day date\nEND TABLE\n\
    TABLE notes\n id number key\n what string(50)\nEND TABLE\nTABLE refunds\n id number key\n amount number\nEND TABLE\n";
/// Tells what is in the tables, without a model.
const STATE: &str = "n = FIND \"notes\"\nb = FIND \"bookings\"\nr = FIND \"refunds\"\n\
    TALK COUNT(n) + \" notes, \" + COUNT(b) + \" bookings, \" + COUNT(r) + \" refunds\"\n";

/// A bot whose model is the fake.
pub(super) fn clerk(setup: Setup, model: &FakeModel) -> Setup {
    clerk_with(setup, model, "", &[])
}

/// The same with more settings and scripts; one of the same name takes the place of ours.
pub(super) fn clerk_with(setup: Setup, model: &FakeModel, settings: &str, scripts: &[(&str, &str)]) -> Setup {
    let config = format!("llm-url,{}\nllm-model,fake-model\nllm-key,sk-secret-key-of-the-bot\n{settings}", model.url());
    let dialogs = [
        ("start", &format!("ADD SUGGESTION TOOL \"state\" AS \"State\"\n{START}")[..]),
        ("track", TRACK),
        ("book", BOOK),
        ("note", NOTE),
        ("slow", SLOW),
        ("refund", REFUND),
        ("state", STATE),
        ("tables", TABLES),
    ];
    let setup = setup
        .set("OUTBOUND__ALLOW", &model.address().to_string())
        .file("clerk.gbai/clerk.gbot/config.csv", &config)
        .file("clerk.gbai/clerk.gbot/PROMPT.md", "You are the clerk of a shop.");
    dialogs
        .iter()
        .chain(scripts)
        .fold(setup, |setup, (name, text)| setup.file(&format!("clerk.gbai/clerk.gbdialog/{name}.bas"), text))
}

pub(super) async fn fake() -> FakeModel {
    FakeModel::start().await.expect("the fake model")
}

/// An open page, greeted.
pub(super) async fn page(live: &Live) -> (Visitor, Socket, String) {
    let visitor = live.visitor().await;
    let (mut socket, ready) = visitor.socket("clerk", json!({"visible": true})).await;
    socket.turn().await;
    let conversation = ready["conversation"].as_str().expect("an id").to_owned();
    (visitor, socket, conversation)
}

/// The events of a kind.
pub(super) fn of_kind<'e>(events: &'e [Json], kind: &str) -> Vec<&'e Json> {
    events.iter().map(|frame| &frame["event"]).filter(|event| event["kind"] == kind).collect()
}

/// What the bot said.
pub(super) fn said(events: &[Json]) -> Vec<String> {
    let own = of_kind(events, "message").into_iter().filter(|event| event["role"] == "bot");
    own.flat_map(|event| event["parts"].as_array().expect("parts").clone())
        .filter(|part| part["type"] == "text")
        .map(|part| part["text"].as_str().expect("a text").to_owned())
        .collect()
}

/// What the tables hold, as the bot tells without its model.
pub(super) async fn state(socket: &mut Socket) -> String {
    socket.say("State").await;
    said(&socket.turn().await).concat()
}

/// The same person and conversation after a restart, with everything that was said up to the end of an item's turn.
pub(super) async fn until_end_of(
    live: &Live,
    visitor: &Visitor,
    conversation: &str,
    item: &str,
) -> (Socket, Vec<Json>) {
    let (mut socket, _) = visitor.socket("clerk", json!({"conversation": conversation, "visible": true})).await;
    let ended = |frame: &Json| frame["event"]["kind"] == "turn.end" && frame["event"]["item"] == item;
    let frames = socket.until(ended).await;
    assert!(!live.server().log().contains("panicked"));
    (socket, frames.into_iter().filter(|frame| frame["type"] == "event").collect())
}

/// The numbers of the events of a conversation.
pub(super) async fn newest(visitor: &Visitor, conversation: &str) -> i64 {
    let path = format!("/api/v1/conversations/{conversation}/events");
    visitor.get(&path).await.expect(200).json()["next_after"].as_i64().expect("a number")
}
