//! A person of a test with their conversation: what they do, and what they have heard that no line has looked at yet.

use std::collections::VecDeque;

use anyhow::Result;
use botserver_bot::SendMessage;
use botserver_engines::{LaneId, Rest};
use botserver_kernel::{Clock as _, Principal, Role};
use botserver_session::Conversation;
use botserver_ui_tree::{ChatEvent, HearInput, Part, ScriptError, Speaker, Suggestion, ToolEvent, ToolState};
use serde_json::Value as Json;

use super::stage::Stage;

/// Events read per query.
const PAGE: u64 = 500;

/// Something that the bot did and that a test must expect.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// It said something.
    Said(String),
    /// It sent a file of this name.
    Sent(String),
    /// A script failed.
    Failed {
        /// What people are told.
        told: String,
        /// Where and why.
        script: Option<ScriptError>,
    },
}

/// A person with one conversation.
pub(super) struct Voice {
    pub(super) name: String,
    pub(super) principal: Principal,
    conversation: Conversation,
    seen: i64,
    /// What no line has expected yet.
    pub(super) heard: VecDeque<Heard>,
    pub(super) buttons: Vec<Suggestion>,
    /// What the bot waits for.
    pub(super) input: Option<HearInput>,
    /// The tools that the model has called since the person spoke.
    pub(super) tools: Vec<ToolEvent>,
    /// A line says that anything may come now.
    pub(super) anything: bool,
    /// The greeting has not been looked at.
    pub(super) unheard_greeting: bool,
}

impl Voice {
    /// Opens the page of the bot: it greets.
    pub(super) async fn begin(stage: &Stage, name: &str, principal: Principal, language: &str) -> Result<Self> {
        let assembled = stage.assembled();
        let conversation = assembled.sessions.begin(&principal, stage.bot_id(), None).await?;
        assembled.chat.open(&principal, conversation.id, language).await?;
        let mut voice = Self {
            name: name.to_owned(),
            principal,
            conversation,
            seen: 0,
            heard: VecDeque::new(),
            buttons: Vec::new(),
            input: None,
            tools: Vec::new(),
            anything: false,
            unheard_greeting: true,
        };
        voice.listen(stage).await?;
        Ok(voice)
    }

    /// Sends a message and waits until the bot has done everything about it.
    pub(super) async fn say(&mut self, stage: &Stage, message: SendMessage) -> Result<Result<(), String>> {
        self.heard.clear();
        self.tools.clear();
        self.anything = false;
        self.unheard_greeting = false;
        let sent = stage.assembled().chat.send(&self.principal, self.conversation.id, message).await;
        if let Err(error) = sent {
            return Ok(Err(error.to_string()));
        }
        self.listen(stage).await?;
        Ok(Ok(()))
    }

    /// Waits for the end of what runs, and takes in what was said. A script that sleeps for a short while is not waited
    /// for: the clock goes to when it wakes.
    pub(super) async fn listen(&mut self, stage: &Stage) -> Result<()> {
        let engine = &stage.assembled().engine;
        let lane = LaneId(self.conversation.id.uuid());
        while engine.rest(lane).await == Rest::Asleep {
            let Some((_, due_ms)) = engine.next_timer().await? else { break };
            stage.clock.set(due_ms.max(stage.clock.now_ms()));
            engine.fire_timers().await?;
        }
        self.catch_up(stage).await
    }

    /// Takes in what was said.
    pub(super) async fn catch_up(&mut self, stage: &Stage) -> Result<()> {
        // Whoever writes a test may know why a script failed.
        let owner = Principal { role: Role::Owner, ..self.principal.clone() };
        loop {
            let chat = &stage.assembled().chat;
            let events = chat.events(&owner, self.conversation.id, self.seen, PAGE).await?;
            let Some(last) = events.last() else { return Ok(()) };
            self.seen = last.seq;
            for event in events {
                // An event of the engine itself is none of the chat's.
                if let Ok(event) = event.event.read::<Json>()
                    && let Ok(event) = serde_json::from_value(event)
                {
                    self.take(event);
                }
            }
        }
    }

    fn take(&mut self, event: ChatEvent) {
        match event {
            ChatEvent::Message { role: Speaker::Bot, parts, .. } => self.message(parts),
            ChatEvent::Suggestions { items } => self.buttons = items,
            ChatEvent::Hear { input } => self.input = input,
            ChatEvent::Error { title, detail, script, .. } => {
                self.heard.push_back(Heard::Failed { told: format!("{title}: {detail}"), script });
            }
            ChatEvent::Tool(tool) => {
                self.tools.retain(|own| own.id != tool.id);
                self.tools.push(tool);
            }
            ChatEvent::Message { .. } | ChatEvent::Superseded { .. } | ChatEvent::Conversation { .. } => {}
        }
    }

    fn message(&mut self, parts: Vec<Part>) {
        let texts = parts.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        });
        let text = texts.collect::<Vec<_>>().join("\n");
        if !text.trim().is_empty() {
            self.heard.push_back(Heard::Said(text));
        }
        for part in parts {
            if let Part::File(file) = part {
                self.heard.push_back(Heard::Sent(file.filename));
                self.heard.extend(file.caption.map(Heard::Said));
            }
        }
    }

    pub(super) const fn conversation(&self) -> &Conversation {
        &self.conversation
    }
}

/// A call in a few words, for messages.
pub(super) fn call(tool: &ToolEvent) -> String {
    let given = tool.arguments.as_object().into_iter().flatten();
    let given: Vec<String> = given.map(|(name, value)| format!("{name} = {}", argument(value))).collect();
    let with = if given.is_empty() { String::new() } else { format!(" with {}", given.join(", ")) };
    let state = if tool.state == ToolState::Failed { " (failed)" } else { "" };
    format!("{}{with}{state}", tool.name)
}

/// The value of an argument as a test writes it.
pub(super) fn argument(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
