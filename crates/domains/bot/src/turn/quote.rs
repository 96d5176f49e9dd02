//! An answer without a model: the passages of the documents that fit best, as they stand there.

use async_trait::async_trait;
use botserver_engines::{
    Drive, Execution, LocalFailure, LocalWork, Outcome, Program, Step, Turn, TurnBuffer, TurnEnd, TurnError,
};
use botserver_kernel::{BotId, MessageId, Principal};
use botserver_knowledge::{ActiveCollections, FoundPassage, Knowledge, Search};
use botserver_ui_tree::{ChatEvent, Part, Source, Speaker};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{BotTurns, locale, principal, turn_name};
use crate::sentences::sentence;

/// The kind of its execution.
pub(super) const QUOTE: &str = "quote";
/// Passages that are quoted.
const QUOTED: usize = 3;
/// A passage that shares no word with the question must be this near in meaning.
const NEAR: f32 = 0.4;

/// A search and its telling; durable like everything that may take a while.
pub(super) struct Quote {
    knowledge: Knowledge,
    principal: Principal,
    bot_id: BotId,
    wish: Wish,
    /// The id of the message that the answer becomes.
    answer: String,
    turn: String,
    found: Option<Result<Vec<Source>, String>>,
}

/// What its snapshot holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Wish {
    question: String,
    collections: Option<Vec<String>>,
    locale: String,
    choices: bool,
}

#[async_trait]
impl Program for Quote {
    fn step(&mut self, turn: &mut TurnBuffer) -> Step {
        let Some(found) = self.found.take() else { return Step::Read { slow: true } };
        let (passages, problem) = match found {
            Ok(passages) => (passages, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        if let Some(problem) = problem {
            return Step::Failed(botserver_engines::Failure { message: problem, detail: Json::Null });
        }
        let locale = &self.wish.locale;
        let mut parts = Vec::with_capacity(2);
        if passages.is_empty() {
            let key = if self.wish.choices { "not_found_choices" } else { "not_found" };
            parts.push(Part::Text { text: sentence(key, locale).to_owned() });
        } else {
            let quoted = passages.iter().map(|own| format!("{} [{}]", as_quote(&own.text), own.number));
            let text = std::iter::once(sentence("quoted", locale).to_owned()).chain(quoted).collect::<Vec<_>>();
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
        let found = self.knowledge.search(&self.principal, self.bot_id, &search).await;
        let found = found.map_err(|error| error.to_string()).map(|answer| {
            let fits = |own: &FoundPassage| own.lexical.is_some() || own.cosine.is_some_and(|near| near >= NEAR);
            let fitting = answer.passages.iter().filter(|own| fits(own));
            (1..).zip(fitting).map(|(number, own)| Source { number, ..source(own) }).collect::<Vec<_>>()
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
    /// Quotes the documents; `None` when the bot has none.
    pub(super) async fn quote(
        &self,
        turn: &mut Turn<'_>,
        question: String,
        choices: bool,
    ) -> Result<Option<TurnEnd>, TurnError> {
        let bot_id = turn.lane().bot_id;
        let names = self.knowledge.collection_names(bot_id);
        if names.is_empty() || question.trim().is_empty() {
            return Ok(None);
        }
        let Some(package) = self.packages.current(bot_id) else { return Ok(None) };
        let collections = ActiveCollections::load(&turn.buffer).names(names.into_iter());
        let wish = Wish { question, collections, locale: locale(turn), choices };
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
            principal: principal(turn),
            bot_id: turn.lane().bot_id,
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
