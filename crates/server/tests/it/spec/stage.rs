//! A server with one bot for each script of the pages, and somebody who talks with it.

use std::{fmt::Write as _, time::Duration};

use botserver_basic_spec::{Example, Expected};
use botserver_testkit::{FakeAnswer, FakeModel};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::{
    dialogue::{Act, Plan, Turn, heard},
    outside::Service,
};
use crate::live::{Live, Setup, Socket, Visitor, message_id};

/// What the pages write for the web service and for the language model.
const SERVICE: &str = "https://api.example.com";
const MODELS: &str = "https://models.example.com/v1";
const PATIENCE: Duration = Duration::from_secs(40);
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A script and the name of its bot.
pub(super) struct Case {
    bot: String,
    example: Example,
}

pub(super) struct Stage {
    live: Live,
    owner: Visitor,
    model: FakeModel,
    _service: Service,
    cases: Vec<Case>,
}

impl Stage {
    pub(super) async fn open(setup: Setup, scripts: Vec<Example>) -> Self {
        let (service, model) = (Service::start().await, FakeModel::start().await.expect("the fake model"));
        let of_this_machine =
            |text: &str| text.replace(SERVICE, &format!("http://{}", service.address)).replace(MODELS, &model.url());
        let allowed = format!("{},{}", service.address, model.address());
        let mut setup = setup.set("OUTBOUND__ALLOW", &allowed).set("LOG__LEVEL", "info,botserver_engines=debug");
        let mut cases = Vec::new();
        for example in scripts {
            let place: String = example.place.chars().filter(char::is_ascii_alphanumeric).collect();
            let bot = example.bot.clone().unwrap_or(place);
            for (name, text) in &example.files {
                setup = setup.file(&format!("{bot}.gbai/{name}"), &of_this_machine(text));
            }
            cases.push(Case { bot, example });
        }
        let live = setup.start();
        let owner = live.owner().await;
        Self { live, owner, model, _service: service, cases }
    }

    pub(super) fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Plays a script; what is different from its page.
    pub(super) async fn play(&self, case: &Case) -> Result<(), String> {
        let Example { place, expected, files, .. } = &case.example;
        let Expected::Dialogue(expected) = expected else { return Ok(()) };
        let plan = Plan::read(expected);
        self.is_there(&case.bot, files.iter().any(|(name, _)| name.contains(".gbkb/"))).await;
        let asked = self.model.requests().len();
        for turn in &plan.model {
            self.model.answer(match &turn.answer {
                Ok(text) => FakeAnswer::text(*text),
                Err((name, arguments)) => FakeAnswer::calls([(*name, arguments.clone())]),
            });
        }
        // Only owners are told where a script failed.
        let as_owner = expected.contains("Error in line");
        let visitor = if as_owner { self.owner.same() } else { self.live.visitor().await };
        let mut talk = Talk::begin(visitor, &case.bot).await;
        for act in &plan.acts {
            talk.does(&self.live, &case.bot, act).await;
        }
        let mut wrong = String::new();
        if !plan.fits(&talk.lines) {
            let _ = writeln!(wrong, "--- page\n{}\n--- is\n{}", plan.lines.join("\n"), talk.lines.join("\n"));
        }
        wrong.push_str(&self.asked_otherwise(asked, &plan.model));
        for line in &plan.log {
            wrong.push_str(&self.not_logged(line).await);
        }
        if wrong.is_empty() { Ok(()) } else { Err(format!("{place}\n{wrong}")) }
    }

    /// What the model was asked, beside what it should have been.
    fn asked_otherwise(&self, from: usize, turns: &[Turn<'_>]) -> String {
        let requests = self.model.requests().split_off(from);
        let mut wrong = String::new();
        if requests.len() != turns.len() {
            let _ = writeln!(wrong, "the model was asked {} times, not {}", requests.len(), turns.len());
        }
        for (request, turn) in requests.iter().zip(turns) {
            let whole = format!("{}\n{}", json!(request.messages()), request.tools().join("\n"));
            let has = |part: &str| whole.contains(json!(part).to_string().trim_matches('"'));
            for part in turn.told.iter().filter(|part| !has(part)) {
                let _ = writeln!(wrong, "the model is not told `{part}`, but\n{whole}");
            }
            for part in turn.not_told.iter().filter(|part| has(part)) {
                let _ = writeln!(wrong, "the model is told `{part}`");
            }
        }
        wrong
    }

    async fn not_logged(&self, line: &str) -> String {
        let (level, message) = line.split_once(' ').expect("a level and a message");
        let began = Instant::now();
        loop {
            let log = self.live.server().log();
            if log.lines().any(|own| own.contains(level) && own.contains(message)) {
                return String::new();
            }
            if began.elapsed() > PATIENCE {
                return format!("the log has no line `{line}`\n");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits for a bot, and for its documents if it has any.
    async fn is_there(&self, bot: &str, has_documents: bool) {
        let path =
            if has_documents { format!("/api/v1/bots/{bot}/collections") } else { format!("/api/v1/bots/{bot}") };
        let began = Instant::now();
        loop {
            let found = self.owner.get(&path).await;
            let ready = |own: &Json| own["state"] == "ready" && own["documents"] != 0;
            let read = |items: &Json| items.as_array().is_some_and(|own| !own.is_empty() && own.iter().all(ready));
            if found.status.is_success() && (!has_documents || read(&found.json()["items"])) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{bot}: {}\n{}", found.text(), self.live.server().log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Somebody in a conversation.
struct Talk {
    visitor: Visitor,
    socket: Socket,
    conversation: String,
    /// The buttons that are there.
    buttons: Vec<Json>,
    /// What was heard and done.
    lines: Vec<String>,
}

impl Talk {
    async fn begin(visitor: Visitor, bot: &str) -> Self {
        let (socket, conversation) = enter(&visitor, bot).await;
        let mut talk = Self { visitor, socket, conversation, buttons: Vec::new(), lines: Vec::new() };
        talk.hear().await;
        talk
    }

    async fn hear(&mut self) {
        let events = self.socket.turn().await;
        let chips = events.iter().map(|frame| &frame["event"]).rfind(|event| event["kind"] == "suggestions");
        if let Some(items) = chips.and_then(|event| event["items"].as_array()) {
            self.buttons.clone_from(items);
        }
        self.lines.extend(heard(&events));
    }

    async fn does(&mut self, live: &Live, bot: &str, act: &Act<'_>) {
        let mut frame = json!({"type": "message", "id": message_id()});
        match act {
            Act::Says(text) => {
                self.lines.push(format!("You: {text}"));
                frame["text"] = json!(text);
            }
            Act::Presses(label) => {
                self.lines.push(format!("You press: {label}"));
                let Some(chip) = self.buttons.iter().find(|chip| chip["label"] == *label) else { return };
                frame["text"] = chip["text"].clone();
                if chip["action"].is_string() {
                    frame["action"] = chip["action"].clone();
                }
            }
            Act::Attaches(file) => {
                self.lines.push(format!("You attach: {file}"));
                let name = file.split_once(" (").map_or(*file, |(name, _)| name);
                let stored = self.visitor.upload(&self.conversation, name, PICTURE).await.expect(201).json();
                frame["attachments"] = json!([stored["id"]]);
            }
            Act::BeginsAnew | Act::Leaves => {
                let another = matches!(act, Act::Leaves);
                self.lines.push(if another { "(another person)" } else { "(another conversation)" }.to_owned());
                if another {
                    self.visitor = live.visitor().await;
                }
                (self.socket, self.conversation) = enter(&self.visitor, bot).await;
                return self.hear().await;
            }
        }
        self.socket.send(frame).await;
        self.hear().await;
    }
}

/// Opens the page of a bot in a conversation of its own.
async fn enter(visitor: &Visitor, bot: &str) -> (Socket, String) {
    let conversation = visitor.begin(bot).await;
    let (socket, _) = visitor.socket(bot, json!({"conversation": conversation, "visible": true})).await;
    (socket, conversation)
}
