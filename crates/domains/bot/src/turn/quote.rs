//! An answer without a model: the passages of the documents that fit best, as they stand there.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_engines::{
    Drive, Execution, LocalFailure, LocalWork, Outcome, Program, Step, Turn, TurnBuffer, TurnEnd, TurnError,
};
use botserver_kernel::{BotId, ConversationId, MessageId, Principal};
use botserver_knowledge::{ActiveCollections, Fit, FoundPassage, Knowledge, Search, language_of};
use botserver_session::SessionService;
use botserver_ui_tree::{ChatEvent, Part, Source, Speaker, plain_text};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{BotTurns, gather::asked_before, locale, principal, turn_name};
use crate::{
    message::InboxMessage,
    sentences::{courtesy, sentence},
};

/// The kind of its execution.
pub(super) const QUOTE: &str = "quote";
/// Passages that are quoted when they answer the question, and when they only come near it.
const QUOTED: usize = 3;
const NEAREST: usize = 2;
/// Messages of the conversation that are looked through for questions that this one may lean on.
const LOOKED_BACK: u64 = 12;

/// A search and its telling; durable like everything that may take a while.
pub(super) struct Quote {
    knowledge: Knowledge,
    sessions: Arc<SessionService>,
    principal: Principal,
    bot_id: BotId,
    conversation: ConversationId,
    wish: Wish,
    /// The id of the message that the answer becomes.
    answer: String,
    turn: String,
    found: Option<Result<Found, String>>,
}

/// What a search is worth telling.
#[derive(Default, Serialize, Deserialize)]
struct Found {
    passages: Vec<Source>,
    /// Whether the first answers the question, rather than coming near it.
    sure: bool,
}

/// What its snapshot holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wish {
    question: String,
    collections: Option<Vec<String>>,
    /// The language of the sentences around the quotations: that of the question, where it shows.
    locale: String,
    choices: bool,
    /// The id of the message that asks.
    #[serde(default)]
    message: String,
}

#[async_trait]
impl Program for Quote {
    fn step(&mut self, turn: &mut TurnBuffer) -> Step {
        let Some(found) = self.found.take() else { return Step::Read { slow: true } };
        let Found { passages, sure } = match found {
            Ok(found) => found,
            Err(message) => return Step::Failed(botserver_engines::Failure { message, detail: Json::Null }),
        };
        let locale = &self.wish.locale;
        let mut parts = Vec::with_capacity(2);
        if passages.is_empty() {
            let key = if self.wish.choices { "not_found_choices" } else { "not_found" };
            parts.push(Part::Text { text: sentence(key, locale).to_owned() });
        } else {
            let frame = if sure { "quoted" } else { "quoted_nearest" };
            let quoted = passages.iter().map(|own| format!("{} [{}]", as_quote(&own.text), own.number));
            let text = std::iter::once(sentence(frame, locale).to_owned()).chain(quoted).collect::<Vec<_>>();
            parts.push(Part::Text { text: text.join("\n\n") });
            parts.push(Part::Sources { items: passages });
        }
        let event = ChatEvent::message(self.answer.clone(), Speaker::Bot, parts, self.turn.clone());
        turn.events.push(event.to_json());
        Step::Done(Json::Null)
    }

    async fn read(&mut self) -> Outcome {
        let search = Search {
            question: self.wish.question.clone(),
            collections: self.wish.collections.clone(),
            limit: Some(QUOTED),
        };
        let before = self.before().await;
        let found = self.knowledge.search_after(&self.principal, self.bot_id, &search, &before).await;
        let found = found.map_err(|error| error.to_string()).map(|answer| {
            let best = answer.passages.first().map_or(Fit::Poor, |first| first.fit);
            let most = match best {
                Fit::Poor => 0,
                Fit::Near => NEAREST,
                Fit::Good => QUOTED,
            };
            // What fits less than the best comes after it by chance.
            let fitting = answer.passages.iter().take_while(|own| own.fit >= best).take(most);
            let passages = (1..).zip(fitting).map(|(number, own)| Source { number, ..source(own) }).collect();
            Found { passages, sure: best == Fit::Good }
        });
        // Plain data with text keys always serialises.
        serde_json::to_string(&found).unwrap_or_default()
    }

    fn local(&mut self) -> LocalWork {
        Box::new(|_| Box::pin(async { Err(LocalFailure::Script("a quotation changes nothing".to_owned())) }))
    }

    async fn write(&mut self, _: &str) -> Outcome {
        String::new()
    }

    fn resume(&mut self, outcome: Outcome) {
        let broken = |error: serde_json::Error| Err(format!("a recorded search cannot be read: {error}"));
        self.found = Some(serde_json::from_str(&outcome).unwrap_or_else(broken));
    }

    fn snapshot(&mut self) -> Vec<u8> {
        serde_json::to_vec(&self.wish).unwrap_or_default()
    }
}

impl Quote {
    /// What the person asked before this message, newest first. Without it the question stands by itself.
    async fn before(&self) -> Vec<String> {
        let system = Principal::system(self.principal.org_id);
        let newest = self.sessions.newest_messages(&system, self.conversation, None, LOOKED_BACK).await;
        let mut messages = newest.unwrap_or_else(|error| {
            tracing::warn!(%error, "a question is searched without those before it");
            Vec::new()
        });
        // The message itself is committed already, and when it is answered anew, others after it.
        if let Some(own) = messages.iter().position(|own| own.id.to_string() == self.wish.message) {
            messages.truncate(own);
        }
        asked_before(&messages.iter().map(|own| (own.role, plain_text(&own.parts))).collect::<Vec<_>>())
    }
}

/// A passage as an answer refers to it; whoever numbers it knows its number.
pub(super) fn source(found: &FoundPassage) -> Source {
    Source {
        number: 0,
        document: found.document.to_string(),
        collection: found.collection.clone(),
        title: found.title.clone(),
        place: found.passage.place.clone(),
        page: found.passage.page,
        sheet: found.passage.sheet.clone(),
        text: found.passage.text.clone(),
        url: Some(found.url()),
    }
}

/// A text as a Markdown quotation.
fn as_quote(text: &str) -> String {
    text.lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n")
}

impl BotTurns {
    /// Answers thanks and greetings, and quotes the documents; `None` when the bot has none.
    pub(super) async fn quote(
        &self,
        turn: &mut Turn<'_>,
        question: String,
        choices: bool,
    ) -> Result<Option<TurnEnd>, TurnError> {
        let usual = locale(turn);
        if let Some(said) = courtesy(&question, &usual) {
            self.say(turn, said);
            return Ok(Some(TurnEnd::Done));
        }
        let bot_id = turn.lane().bot_id;
        let names = self.knowledge.collection_names(bot_id);
        if names.is_empty() || question.trim().is_empty() {
            return Ok(None);
        }
        let Some(package) = self.packages.current(bot_id) else { return Ok(None) };
        let collections = ActiveCollections::load(&turn.buffer).names(names.into_iter());
        let locale = language_of(&question).map_or(usual, str::to_owned);
        let asked: Option<InboxMessage> = serde_json::from_value(turn.item().payload.clone()).ok();
        let message = asked.and_then(|own| own.regenerate).unwrap_or_else(|| turn.item().channel_message_id.clone());
        let wish = Wish { question, collections, locale, choices, message };
        let execution = Execution::start(turn.item(), super::nth(QUOTE), QUOTE, QUOTE, &package.hash);
        self.run_quote(turn, execution, wish).await.map(Some)
    }

    /// Takes one up that was interrupted.
    pub(super) async fn quote_again(&self, turn: &mut Turn<'_>, execution: Execution) -> Result<TurnEnd, TurnError> {
        let saved = execution.snapshot.as_deref().unwrap_or_default();
        let wish = serde_json::from_slice(saved)
            .map_err(|error| TurnError::Internal(format!("a saved search cannot be read: {error}")))?;
        self.run_quote(turn, execution, wish).await
    }

    async fn run_quote(&self, turn: &mut Turn<'_>, execution: Execution, wish: Wish) -> Result<TurnEnd, TurnError> {
        let mut program = Quote {
            knowledge: self.knowledge.clone(),
            sessions: self.sessions.clone(),
            principal: principal(turn),
            bot_id: turn.lane().bot_id,
            conversation: ConversationId::new(turn.lane().id.0),
            wish,
            answer: MessageId::new(self.ids.next_uuid()).to_string(),
            turn: turn_name(turn),
            found: None,
        };
        match turn.drive(execution, &mut program).await? {
            Drive::Done(_) | Drive::Waiting => Ok(TurnEnd::Done),
            Drive::Cancelled => Ok(self.stopped(turn)),
            Drive::Failed(failure) => {
                self.fail(turn, "", &failure, None);
                Ok(TurnEnd::Failed)
            }
        }
    }
}
