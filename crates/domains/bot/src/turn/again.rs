//! What is said in the place of something else: an answer that is made anew, a message that was edited. The service has
//! refused what cannot be; what has become impossible since then ends the turn without a word.

use botserver_engines::{Turn, TurnEnd, TurnError};
use botserver_kernel::{ConversationId, Principal};
use botserver_session::StoredMessage;
use botserver_ui_tree::{ChatEvent, Speaker};
use serde_json::json;

use super::{
    BotTurns, pictures,
    state::{locale, set_state, state_number},
};
use crate::sentences::sentence;

/// The number of the last event of a greeting that a person's first message began: it stands behind that message, and
/// is no answer to it.
const GREETED_UNTIL: &str = "greeted_until";

impl BotTurns {
    /// Answers a message of the person anew: the answer that it had, and what was said after it, does not count any
    /// more.
    pub(super) async fn regenerate(&self, turn: &mut Turn<'_>, message: &str) -> Result<TurnEnd, TurnError> {
        if turn.waiting_for_input().is_some() {
            return Ok(TurnEnd::Refused);
        }
        let found = self.messages_from(turn, message).await?;
        let Some((asked, later)) = found.split_first().filter(|(asked, _)| asked.role == Speaker::Person) else {
            return Ok(TurnEnd::Refused);
        };
        let from = answer_begins(turn, asked);
        turn.buffer.events.push(superseded(from, None, later.iter().filter(|own| own.seq >= from)));
        turn.buffer.notes.push(botserver_session::free_text(message));
        let (text, pictures) = (pictures::as_text(&asked.parts), pictures::of_parts(&asked.parts));
        if let Some(end) = self.answer_freely(turn, text.clone(), pictures, message.to_owned()).await? {
            return Ok(end);
        }
        if let Some(end) = self.quote(turn, text, false).await? {
            return Ok(end);
        }
        self.say(turn, sentence("no_answer", &locale(turn)));
        Ok(TurnEnd::Done)
    }

    /// The person's new message takes the place of an earlier one: from that one on nothing counts any more, except the
    /// greeting. False when it cannot.
    pub(super) async fn replace(&self, turn: &mut Turn<'_>, replaced: &str) -> Result<bool, TurnError> {
        let found = self.messages_from(turn, replaced).await?;
        let Some(first) = found.first().filter(|first| first.role == Speaker::Person) else { return Ok(false) };
        let from = answer_begins(turn, first);
        if from > first.seq + 1 {
            turn.buffer.events.push(superseded(first.seq, Some(first.seq), std::iter::once(first)));
            turn.buffer.events.push(superseded(from, None, found.iter().filter(|own| own.seq >= from)));
        } else {
            turn.buffer.events.push(superseded(first.seq, None, found.iter()));
        }
        Ok(true)
    }

    async fn messages_from(&self, turn: &Turn<'_>, message: &str) -> Result<Vec<StoredMessage>, TurnError> {
        let Ok(message) = message.parse() else { return Ok(Vec::new()) };
        let system = Principal::system(turn.lane().org_id);
        let conversation = ConversationId::new(turn.lane().id.0);
        let found = self.sessions.messages_from(&system, conversation, message).await;
        found.map_err(|error| TurnError::Internal(error.to_string()))
    }
}

/// Remembers where the greeting ends that this turn, of a person's first message, has said.
pub(super) fn note_greeting(turn: &mut Turn<'_>) {
    let last = turn.lane().last_seq + turn.buffer.events.len() as i64;
    set_state(turn, GREETED_UNTIL, json!(last));
}

/// The number from which on what was said answers a message.
fn answer_begins(turn: &Turn<'_>, asked: &StoredMessage) -> i64 {
    state_number(turn, GREETED_UNTIL).unwrap_or_default().max(asked.seq) + 1
}

fn superseded<'m>(
    from: i64,
    until: Option<i64>,
    messages: impl Iterator<Item = &'m StoredMessage>,
) -> serde_json::Value {
    let messages = messages.map(|own| own.id.to_string()).collect();
    ChatEvent::Superseded { from, until, messages }.to_json()
}
