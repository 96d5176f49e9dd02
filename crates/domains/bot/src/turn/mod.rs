//! One message walks through: what a turn does, from the committed inbox item to the events it leaves.

mod again;
mod answer;
mod calls;
mod gather;
mod hearing;
mod pictures;
mod quote;
mod scripts;
mod state;
mod telling;

use std::sync::Arc;

use async_trait::async_trait;
use botserver_context::{ConversationContext, ToolCall};
use botserver_data::DataService;
use botserver_engines::{Announcer, Execution, Failure, ItemKind, Turn, TurnEnd, TurnError, TurnHandler};
use botserver_kernel::{Clock, IdSource};
use botserver_knowledge::Knowledge;
use botserver_llm::Llm;
use botserver_packages::Packages;
use botserver_ports::Cache;
use botserver_runtime::{KeywordRegistry, debug::Debuggers};
use botserver_session::SessionService;
use botserver_ui_tree::{ChatEvent, ScriptError};
use serde_json::json;

use self::{
    again::note_greeting,
    answer::{AGENT, as_text},
    quote::QUOTE,
    state::{locale, payload, principal, remember_locale, set_state_flag, state_flag, turn_name},
    telling::{reference, show},
};
use crate::{
    message::{InboxEvent, InboxMessage, InboxOpen},
    sentences::sentence,
};

/// The kind of the execution that greets.
const GREETING: &str = "start";
/// The kind of an execution that runs a tool from a suggestion.
const TOOL: &str = "tool";

/// The place of a run among those of one item: a first message may begin the greeting and then run a tool.
fn nth(kind: &str) -> u32 {
    match kind {
        TOOL => 1,
        AGENT => 2,
        QUOTE => 3,
        _ => 0,
    }
}

/// Told about every script that failed, for the owner's page and the log.
pub trait ScriptProblem: Send + Sync {
    /// A script failed.
    fn script_failed(&self, bot: &str, reference: &str, message: &str, script: Option<&ScriptError>);
}

/// Runs the turns of conversations.
pub struct BotTurns {
    /// The packages.
    pub packages: Packages,
    /// The keywords of this build.
    pub keywords: Arc<KeywordRegistry>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who hears of failures.
    pub problems: Arc<dyn ScriptProblem>,
    /// Conversations, for what was said before.
    pub sessions: Arc<SessionService>,
    /// Language models.
    pub llm: Llm,
    /// Documents.
    pub knowledge: Knowledge,
    /// What scripts keep of people.
    pub data: DataService,
    /// Tells who listens what an answer says while it is written.
    pub announcer: Announcer,
    /// Keeps it for those who join.
    pub cache: Arc<dyn Cache>,
    /// Who may look into scripts while they run.
    pub debuggers: Arc<Debuggers>,
}

#[async_trait]
impl TurnHandler for BotTurns {
    async fn run(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        let end = match turn.interrupted() {
            Some(execution) => self.take_up(turn, execution).await?,
            None => match turn.item().kind {
                ItemKind::Message => self.message(turn).await?,
                ItemKind::Open => self.open(turn).await?,
                ItemKind::Timer => self.timer(turn).await?,
                ItemKind::Event => self.event(turn).await?,
                ItemKind::Call => TurnEnd::Done,
            },
        };
        if let Some(items) = ConversationContext::take_unshown(&mut turn.buffer) {
            turn.buffer.events.push(ChatEvent::Suggestions { items }.to_json());
        }
        Ok(end)
    }

    fn broke(&self, turn: &mut Turn<'_>, reason: &str) {
        let failure = Failure { message: reason.to_owned(), detail: json!(null) };
        self.fail(turn, "", &failure, None);
    }
}

impl BotTurns {
    /// A person wrote.
    async fn message(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        let message: InboxMessage = payload(turn)?;
        remember_locale(turn, &message.locale);
        if let Some(asked) = &message.regenerate {
            return self.regenerate(turn, asked).await;
        }
        let waiting = turn.waiting_for_input();
        if let Some(replaced) = &message.replaces
            && (waiting.is_some() || !self.replace(turn, replaced).await?)
        {
            return Ok(TurnEnd::Refused);
        }
        let secret = waiting.is_some() && state_flag(turn, "secret");
        show(turn, &message, secret);
        if let Some(execution) = waiting {
            return self.answer(turn, execution, &message).await;
        }
        if self.packages.current(turn.lane().bot_id).is_none() {
            // Its folder was taken away; the dialogs that waited then are finished, and nothing new begins.
            self.say(turn, sentence("switched_off", &locale(turn)));
            return Ok(TurnEnd::Done);
        }
        if !state_flag(turn, "greeted") {
            // Elsewhere than on the web nobody opens a page: the first message begins the conversation.
            let end = self.greet(turn).await?;
            if end != TurnEnd::Done {
                return Ok(end);
            }
            note_greeting(turn);
        }
        self.reply(turn, &message).await
    }

    /// What no waiting script takes: a suggestion's tool, else the model, and without one an honest sentence.
    async fn reply(&self, turn: &mut Turn<'_>, message: &InboxMessage) -> Result<TurnEnd, TurnError> {
        let context = ConversationContext::load(&turn.buffer);
        let action = message.action.clone().filter(|action| context.offers(action)).or_else(|| {
            let typed = message.text.trim();
            let chips = context.suggestions.iter();
            chips.filter(|chip| chip.label.eq_ignore_ascii_case(typed)).find_map(|chip| chip.action.clone())
        });
        if let Some(action) = action {
            if let Some(call) = ToolCall::from_action(&action) {
                return self.run_tool(turn, &call).await;
            }
            if let Some(name) = action.strip_prefix("context:") {
                let name = name.to_owned();
                ConversationContext::change(&mut turn.buffer, |own| own.selected = Some(name));
            }
        }
        let id = turn.item().channel_message_id.clone();
        turn.buffer.notes.push(botserver_session::free_text(&id));
        let pictures = pictures::of_files(&message.files);
        if let Some(end) = self.answer_freely(turn, as_text(message), pictures, id).await? {
            return Ok(end);
        }
        if let Some(end) = self.quote(turn, message.text.clone(), !context.suggestions.is_empty()).await? {
            return Ok(end);
        }
        let files = message.file_names();
        let key = match (message.text.trim().is_empty() && !files.is_empty(), context.suggestions.is_empty()) {
            (true, true) => "received",
            (true, false) => "received_choices",
            (false, true) => "no_answer",
            (false, false) => "no_answer_choices",
        };
        self.say(turn, &sentence(key, &locale(turn)).replace("{files}", &files));
        Ok(TurnEnd::Done)
    }

    /// Something happened to the conversation besides a message.
    async fn event(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        match payload(turn)? {
            InboxEvent::Rename(rename) => {
                turn.buffer.events.push(ChatEvent::Conversation { title: rename.title }.to_json());
                Ok(TurnEnd::Done)
            }
            InboxEvent::Leave(leave) => self.leave_asked(turn, &leave).await,
        }
    }

    /// A person opened the page.
    async fn open(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        let open: InboxOpen = payload(turn)?;
        remember_locale(turn, &open.locale);
        if state_flag(turn, "greeted") { Ok(TurnEnd::Done) } else { self.greet(turn).await }
    }

    /// `start.bas`, once per conversation.
    async fn greet(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        set_state_flag(turn, "greeted", true);
        let Some(package) = self.packages.current(turn.lane().bot_id) else { return Ok(TurnEnd::Done) };
        let Some(name) = package.start_script().map(|script| script.name.clone()) else { return Ok(TurnEnd::Done) };
        self.start(turn, &package, &name, GREETING, Vec::new()).await
    }

    /// A WAIT is over, or a HEAR has waited too long.
    async fn timer(&self, turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
        // A timer whose script has gone on meanwhile is not about anything any more.
        let Some(execution) = turn.waiting_for_timer() else { return Ok(TurnEnd::Done) };
        if turn.was_stopped() {
            turn.cancel_one(execution.id);
            // A tool that slept had an answer of the model waiting for it.
            if let Some(parent) = execution.parent_id {
                turn.cancel_one(parent);
            }
            return Ok(self.stopped(turn));
        }
        let package = self.pinned(turn, &execution).await?;
        let mut program = self.restore(turn, &package, &execution)?;
        if turn.item().payload.get("kind").and_then(|kind| kind.as_str()) == Some("timeout") {
            program.hear_timed_out(&mut turn.buffer);
        } else {
            program.woke();
        }
        self.drive_on(turn, execution, program, &package).await
    }

    /// The server died in the middle of this turn: the script goes on from its last checkpoint.
    async fn take_up(&self, turn: &mut Turn<'_>, execution: Execution) -> Result<TurnEnd, TurnError> {
        let package = self.pinned(turn, &execution).await?;
        if execution.kind == AGENT {
            let agent = self.restore_agent(turn, &package, &execution)?;
            return self.run_agent(turn, execution, agent, &package).await;
        }
        if execution.kind == QUOTE {
            return self.quote_again(turn, execution).await;
        }
        let program = self.restore(turn, &package, &execution)?;
        let greeting = execution.kind == GREETING && execution.began_with(turn.item(), nth(GREETING));
        let end = self.drive_on(turn, execution, program, &package).await?;
        if greeting && end == TurnEnd::Done && turn.item().kind == ItemKind::Message {
            // It was the first message that began the conversation; it still wants its answer.
            note_greeting(turn);
            let message: InboxMessage = payload(turn)?;
            return self.reply(turn, &message).await;
        }
        Ok(end)
    }
}
