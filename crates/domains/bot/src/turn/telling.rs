//! What the person and the owner are told: sentences, failures, the person's own message.

use std::sync::Arc;

use botserver_engines::{Failure, ItemKind, Turn, TurnEnd};
use botserver_kernel::MessageId;
use botserver_packages::LoadedPackage;
use botserver_runtime::failure_to_script_error;
use botserver_ui_tree::{ChatEvent, Part, Speaker};

use super::{
    BotTurns,
    state::{locale, turn_name},
};
use crate::{message::InboxMessage, sentences::sentence};

/// The number of the error of calling a script that does not compile.
pub(super) const BROKEN_SCRIPT: i64 = 9005;

impl BotTurns {
    /// A person has stopped the turn.
    pub(super) fn stopped(&self, turn: &mut Turn<'_>) -> TurnEnd {
        turn.buffer.events.push(ChatEvent::Hear { input: None }.to_json());
        self.say(turn, sentence("stopped", &locale(turn)));
        TurnEnd::Cancelled
    }

    pub(super) fn say(&self, turn: &mut Turn<'_>, text: &str) {
        let id = MessageId::new(self.ids.next_uuid()).to_string();
        let parts = vec![Part::Text { text: text.to_owned() }];
        let event = ChatEvent::message(id, Speaker::Bot, parts, turn_name(turn));
        turn.buffer.events.push(event.to_json());
    }

    /// Tells the person in plain words, the owner with file, line and caret, and the log.
    pub(super) fn fail(&self, turn: &mut Turn<'_>, bot: &str, failure: &Failure, package: Option<&Arc<LoadedPackage>>) {
        let id = MessageId::new(self.ids.next_uuid());
        let reference = reference(id);
        let script = package.and_then(|package| {
            failure_to_script_error(failure, |file| package.sources.get(file).map(ToString::to_string))
        });
        self.problems.script_failed(bot, &reference, &failure.message, script.as_ref());
        let language = locale(turn);
        let is_broken = failure.detail.get("number").and_then(serde_json::Value::as_i64) == Some(BROKEN_SCRIPT);
        let detail = if is_broken { "broken_script" } else { "failed_detail" };
        let message = (turn.item().kind == ItemKind::Message).then(|| turn.item().channel_message_id.clone());
        turn.buffer.events.push(ChatEvent::Hear { input: None }.to_json());
        let event = ChatEvent::Error {
            id: id.to_string(),
            title: sentence("failed_title", &language).to_owned(),
            detail: sentence(detail, &language).to_owned(),
            reference,
            message,
            script,
            retry: false,
        };
        turn.buffer.events.push(event.to_json());
    }
}

/// What a person can tell support about a failure.
pub(super) fn reference(id: MessageId) -> String {
    id.uuid().simple().to_string().chars().skip(20).collect()
}

/// The person's message becomes part of the transcript in the commit of the turn that takes it.
pub(super) fn show(turn: &mut Turn<'_>, message: &InboxMessage, secret: bool) {
    let id = turn.item().channel_message_id.clone();
    let event = ChatEvent::message(id, Speaker::Person, message.parts(secret), turn_name(turn));
    turn.buffer.events.push(event.to_json());
}
