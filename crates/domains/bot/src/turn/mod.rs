//! One message walks through: what a turn does, from the committed inbox item to the events it leaves.

mod answer;
mod calls;
mod gather;
mod quote;

use std::sync::Arc;

use async_trait::async_trait;
use botserver_basic_types::FileHandle;
use botserver_context::{ConversationContext, ToolCall};
use botserver_engines::{Announcer, Drive, Execution, Failure, ItemKind, Turn, TurnEnd, TurnError, TurnHandler};
use botserver_kernel::{Clock, ConversationId, IdSource, MessageId, PersonId, Principal, Role};
use botserver_knowledge::Knowledge;
use botserver_llm::Llm;
use botserver_packages::{LoadedPackage, Packages};
use botserver_ports::Cache;
use botserver_runtime::{
    Answer, CallContext, HTTP_HEADERS, KeywordRegistry, ScriptProgram, StartError, failure_to_script_error,
};
use botserver_session::SessionService;
use botserver_ui_tree::{ChatEvent, Part, ScriptError, Speaker};
use serde::de::DeserializeOwned;
use serde_json::json;

use self::{
    answer::{AGENT, as_text},
    quote::QUOTE,
};
use crate::{
    message::{InboxMessage, InboxOpen, InboxRename},
    sentences::sentence,
};

/// The key of this room in the state document.
const KEY: &str = "bot";
/// The kind of the execution that greets.
const GREETING: &str = "start";
/// The kind of an execution that runs a tool from a suggestion.
const TOOL: &str = "tool";

/// The number of the error of calling a script that does not compile.
const BROKEN_SCRIPT: i64 = 9005;

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
    /// Tells who listens what an answer says while it is written.
    pub announcer: Announcer,
    /// Keeps it for those who join.
    pub cache: Arc<dyn Cache>,
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
                ItemKind::Event => renamed(turn)?,
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
        if let (Some(replaced), None) = (&message.replaces, &waiting) {
            self.replace(turn, replaced).await?;
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
        }
        self.reply(turn, &message).await
    }

    /// A waiting HEAR takes the message.
    async fn answer(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        message: &InboxMessage,
    ) -> Result<TurnEnd, TurnError> {
        let package = self.pinned(turn, &execution).await?;
        let mut program = self.restore(turn, &package, &execution)?;
        let files = message.files.iter().map(|file| FileHandle {
            url: file.url.as_str().into(),
            filename: file.filename.as_str().into(),
            mime_type: file.mime_type.as_str().into(),
            size: file.size,
        });
        let answer = Answer { text: message.text.clone(), files: files.collect() };
        program.answer(&answer, &mut turn.buffer);
        self.drive_on(turn, execution, program, &package).await
    }

    /// Drives a script that had waited or was interrupted; if it is a tool that a model called, the model goes on
    /// with its result.
    async fn drive_on(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        program: ScriptProgram,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        match execution.parent_id {
            Some(parent) => {
                let end = self.drive_call(turn, execution, program, package).await?;
                self.go_on(turn, parent, end, package).await
            }
            None => self.drive(turn, execution, program, package).await,
        }
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
        if let Some(end) = self.answer_freely(turn, as_text(message), id).await? {
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

    /// The tool of a suggestion.
    async fn run_tool(&self, turn: &mut Turn<'_>, call: &ToolCall) -> Result<TurnEnd, TurnError> {
        let Some(package) = self.packages.current(turn.lane().bot_id) else { return Ok(TurnEnd::Done) };
        let Some(script) = package.script(&call.tool) else {
            let message = format!("a suggestion runs the script `{}`, which the package does not have", call.tool);
            let failure = Failure { message, detail: json!({"number": BROKEN_SCRIPT}) };
            self.fail(turn, &package.name, &failure, None);
            return Ok(TurnEnd::Failed);
        };
        let names = script.params.iter().map(|param| param.name.to_string());
        let params = names.zip(call.with.iter().cloned()).collect();
        let name = script.name.clone();
        self.start(turn, &package, &name, TOOL, params).await
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
            let message: InboxMessage = payload(turn)?;
            return self.reply(turn, &message).await;
        }
        Ok(end)
    }

    async fn start(
        &self,
        turn: &mut Turn<'_>,
        package: &Arc<LoadedPackage>,
        script: &str,
        kind: &str,
        params: Vec<(String, botserver_basic_types::Value)>,
    ) -> Result<TurnEnd, TurnError> {
        // Headers stick for one run (SET HEADER); they may hold tokens that the next script has no business with.
        turn.buffer.state_changed |= turn.buffer.state.remove(HTTP_HEADERS).is_some();
        let execution = Execution::start(turn.item(), nth(kind), kind, script, &package.hash);
        let context = self.context(turn, package);
        let started = ScriptProgram::start(
            package.image.clone(),
            script,
            params,
            self.keywords.clone(),
            self.ids.clone(),
            context,
        );
        match started {
            Ok(program) => self.drive(turn, execution, program, package).await,
            Err(StartError::Script(mut error)) => {
                // A script that does not compile has a place too: that of its first mistake.
                let broken = package.script(script).and_then(|own| own.broken.as_ref());
                error.span = error.span.or_else(|| broken.map(|found| found.span.clone()));
                let failure = Failure { message: error.message.clone(), detail: json!(error) };
                self.fail(turn, &package.name, &failure, Some(package));
                Ok(TurnEnd::Failed)
            }
            Err(error @ StartError::Snapshot(_)) => Err(TurnError::Internal(error.to_string())),
        }
    }

    async fn drive(
        &self,
        turn: &mut Turn<'_>,
        execution: Execution,
        mut program: ScriptProgram,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        let tool = execution.kind == TOOL;
        let drive = turn.drive(execution, &mut program).await?;
        set_state_flag(turn, "secret", program.is_hearing_secret());
        match drive {
            Drive::Done(value) => {
                // A tool that only RETURNs speaks through its value; for a person that is its text.
                if tool && !program.has_spoken() && !value.is_null() {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    self.say(turn, &text);
                }
                Ok(TurnEnd::Done)
            }
            Drive::Waiting => Ok(TurnEnd::Waiting),
            Drive::Failed(failure) => {
                self.fail(turn, &package.name, &failure, Some(package));
                Ok(TurnEnd::Failed)
            }
            Drive::Cancelled => Ok(self.stopped(turn)),
        }
    }

    /// A person has stopped the turn.
    fn stopped(&self, turn: &mut Turn<'_>) -> TurnEnd {
        turn.buffer.events.push(ChatEvent::Hear { input: None }.to_json());
        self.say(turn, sentence("stopped", &locale(turn)));
        TurnEnd::Cancelled
    }

    /// The package version an execution is pinned to.
    async fn pinned(&self, turn: &Turn<'_>, execution: &Execution) -> Result<Arc<LoadedPackage>, TurnError> {
        self.packages
            .version(turn.lane().bot_id, &execution.program_version)
            .await
            .map_err(|error| TurnError::Internal(error.to_string()))
    }

    fn restore(
        &self,
        turn: &Turn<'_>,
        package: &Arc<LoadedPackage>,
        execution: &Execution,
    ) -> Result<ScriptProgram, TurnError> {
        let saved = execution.snapshot.as_deref().unwrap_or_default();
        let context = self.context(turn, package);
        ScriptProgram::restore(package.image.clone(), saved, self.keywords.clone(), self.ids.clone(), context)
            .map_err(|error| TurnError::Internal(format!("{}: {error}", execution.program)))
    }

    fn context(&self, turn: &Turn<'_>, package: &Arc<LoadedPackage>) -> CallContext {
        let lane = turn.lane();
        CallContext {
            principal: principal(turn),
            bot_id: lane.bot_id,
            bot_name: package.name.clone(),
            package_version: package.hash.clone(),
            conversation_id: Some(ConversationId::new(lane.id.0)),
            config: package.config.clone(),
            locale: locale(turn).into(),
            time_zone: package.config.time_zone(),
            turn: turn_name(turn).into(),
            now: self.clock.now(),
        }
    }

    fn say(&self, turn: &mut Turn<'_>, text: &str) {
        let id = MessageId::new(self.ids.next_uuid()).to_string();
        let parts = vec![Part::Text { text: text.to_owned() }];
        let event = ChatEvent::message(id, Speaker::Bot, parts, turn_name(turn));
        turn.buffer.events.push(event.to_json());
    }

    /// Tells the person in plain words, the owner with file, line and caret, and the log.
    fn fail(&self, turn: &mut Turn<'_>, bot: &str, failure: &Failure, package: Option<&Arc<LoadedPackage>>) {
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

/// For whom the turn acts.
fn principal(turn: &Turn<'_>) -> Principal {
    let lane = turn.lane();
    Principal {
        org_id: lane.org_id,
        person_id: lane.person_id.unwrap_or_else(|| PersonId::new(uuid::Uuid::nil())),
        role: if lane.person_id.is_some() { Role::Visitor } else { Role::System },
    }
}

/// What a person can tell support about a failure.
fn reference(id: MessageId) -> String {
    id.uuid().simple().to_string().chars().skip(20).collect()
}

fn renamed(turn: &mut Turn<'_>) -> Result<TurnEnd, TurnError> {
    let rename: InboxRename = payload(turn)?;
    turn.buffer.events.push(ChatEvent::Conversation { title: rename.title }.to_json());
    Ok(TurnEnd::Done)
}

fn payload<T: DeserializeOwned>(turn: &Turn<'_>) -> Result<T, TurnError> {
    serde_json::from_value(turn.item().payload.clone())
        .map_err(|error| TurnError::Internal(format!("an inbox item cannot be read: {error}")))
}

fn turn_name(turn: &Turn<'_>) -> String {
    turn.item().id.simple().to_string()
}

/// The person's message becomes part of the transcript in the commit of the turn that takes it.
fn show(turn: &mut Turn<'_>, message: &InboxMessage, secret: bool) {
    let id = turn.item().channel_message_id.clone();
    let event = ChatEvent::message(id, Speaker::Person, message.parts(secret), turn_name(turn));
    turn.buffer.events.push(event.to_json());
}

fn state_flag(turn: &Turn<'_>, name: &str) -> bool {
    turn.buffer.state.get(KEY).and_then(|own| own.get(name)?.as_bool()).unwrap_or(false)
}

fn set_state_flag(turn: &mut Turn<'_>, name: &str, on: bool) {
    if state_flag(turn, name) != on {
        set_state(turn, name, json!(on));
    }
}

fn set_state(turn: &mut Turn<'_>, name: &str, value: serde_json::Value) {
    let own = turn.buffer.state_mut(KEY);
    if !own.is_object() {
        *own = json!({});
    }
    own[name] = value;
}

fn locale(turn: &Turn<'_>) -> String {
    let stored = turn.buffer.state.get(KEY).and_then(|own| own.get("locale")?.as_str());
    stored.unwrap_or("en").to_owned()
}

fn remember_locale(turn: &mut Turn<'_>, given: &str) {
    if !given.is_empty() && locale(turn) != given {
        set_state(turn, "locale", json!(given));
    }
}
