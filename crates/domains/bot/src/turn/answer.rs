//! Free text: what the model is asked with, driving the agent, and what the person and the owner are told when the
//! model does not answer.

use std::sync::Arc;

use botserver_context::ConversationContext;
use botserver_data::actor;
use botserver_engines::{Drive, Execution, Failure, Turn, TurnEnd, TurnError};
use botserver_kernel::{ConversationId, MessageId};
use botserver_knowledge::ActiveCollections;
use botserver_llm::{Agent, AgentDeps, AnswerMode, ModelSettings, Question, Tool, chosen_model};
use botserver_packages::LoadedPackage;
use botserver_ports::ModelPicture;
use botserver_ui_tree::ChatEvent;
use serde_json::json;

use super::{BotTurns, calls::CallEnd, gather::BotGather, locale, pictures, principal, scripts::may_run, turn_name};
use crate::{message::InboxMessage, sentences::sentence, stream::Stream};

/// The kind of the execution that answers free text.
pub(super) const AGENT: &str = "agent";
/// The instructions of a bot that has none.
const PROMPT: &str = "You are the assistant of {title}. Answer in the language of the person's message, briefly and in \
    plain words. Say so when you do not know something.";
/// Added by `SET ANSWER MODE "document"`.
const FROM_DOCUMENTS: &str = "\n\nAnswer from the passages of documents only. When they do not contain the answer, say \
    that the documents do not contain it.";

impl BotTurns {
    /// Answers with the model; `None` when none is configured.
    pub(super) async fn answer_freely(
        &self,
        turn: &mut Turn<'_>,
        text: String,
        pictures: Vec<ModelPicture>,
        message: String,
    ) -> Result<Option<TurnEnd>, TurnError> {
        let Some(package) = self.packages.current(turn.lane().bot_id) else { return Ok(None) };
        let chosen = chosen_model(&turn.buffer);
        if ModelSettings::resolve(&package.config, chosen.as_deref()).is_none() {
            return Ok(None);
        }
        let mode = AnswerMode::of(&turn.buffer, &package.config);
        let names = self.knowledge.collection_names(package.bot_id);
        let searched = !names.is_empty() && mode != AnswerMode::Direct;
        let collections = ActiveCollections::load(&turn.buffer).names(names.into_iter());
        let question = question(turn, &package, chosen, text, message);
        let mut question = Question { searched, collections, pictures, ..question };
        if searched && offers_search(&package, &question.tools) {
            question.tools.push(Tool::search_documents());
        }
        match mode {
            AnswerMode::Documents => question.prompt.push_str(FROM_DOCUMENTS),
            AnswerMode::Tables => {
                let tables = self.data.describe_tables(actor(&self.context(turn, &package))).await;
                let tables =
                    tables.map_err(|error| TurnError::Internal(format!("the tables are not known: {error}")))?;
                question.tools.push(Tool::read_tables(&tables));
            }
            AnswerMode::Usual | AnswerMode::Direct => {}
        }
        let execution = Execution::start(turn.item(), super::nth(AGENT), AGENT, AGENT, &package.hash);
        let Some(deps) = self.agent_deps(turn, &package, &execution, &question) else { return Ok(None) };
        let agent = Agent::start(question, deps);
        self.run_agent(turn, execution, agent, &package).await.map(Some)
    }

    /// Takes an agent up from its snapshot.
    pub(super) fn restore_agent(
        &self,
        turn: &Turn<'_>,
        package: &Arc<LoadedPackage>,
        execution: &Execution,
    ) -> Result<Agent, TurnError> {
        let saved = execution.snapshot.as_deref().unwrap_or_default();
        Agent::restore(saved, |question| self.agent_deps(turn, package, execution, question))
            .map_err(|reason| TurnError::Internal(format!("the saved state of an answer cannot be used: {reason}")))
    }

    fn agent_deps(
        &self,
        turn: &Turn<'_>,
        package: &Arc<LoadedPackage>,
        execution: &Execution,
        question: &Question,
    ) -> Option<AgentDeps> {
        let settings = ModelSettings::resolve(&package.config, question.chosen.as_deref())?;
        Some(AgentDeps {
            model: self.llm.model_of(package.bot_id, &settings),
            settings,
            bot: package.name.clone(),
            gather: Arc::new(BotGather {
                sessions: self.sessions.clone(),
                knowledge: self.knowledge.clone(),
                data: self.data.clone(),
                principal: principal(turn),
                conversation: ConversationId::new(turn.lane().id.0),
                package: package.clone(),
                now: self.clock.now(),
            }),
            sink: Arc::new(self.stream(turn)),
            ids: self.ids.clone(),
            clock: self.clock.clone(),
            execution: execution.id,
            turn: turn_name(turn),
        })
    }

    fn stream(&self, turn: &Turn<'_>) -> Stream {
        Stream { lane: turn.lane().id, announcer: self.announcer.clone(), cache: self.cache.clone() }
    }

    /// Drives the agent and the tools that it calls, until it has answered or a tool waits for the person.
    pub(super) async fn run_agent(
        &self,
        turn: &mut Turn<'_>,
        mut execution: Execution,
        mut agent: Agent,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        let id = execution.id;
        loop {
            let drive = turn.drive(execution, &mut agent).await;
            if !matches!(drive, Ok(Drive::Waiting)) {
                self.stream(turn).end().await;
            }
            match drive? {
                Drive::Waiting => {}
                Drive::Done(_) => return Ok(TurnEnd::Done),
                Drive::Failed(failure) => return Ok(self.unanswered(turn, &package.name, &failure, agent.question())),
                Drive::Cancelled if agent.stopped(&mut turn.buffer) => return Ok(TurnEnd::Cancelled),
                Drive::Cancelled => return Ok(self.stopped(turn)),
            }
            let parent = waiting(turn, id)?;
            match self.begin_call(turn, &mut agent, &parent, package).await? {
                CallEnd::Result(result) => agent.answer_call(result, &mut turn.buffer),
                CallEnd::Waiting => return Ok(TurnEnd::Waiting),
                CallEnd::Stopped => return Ok(self.stop_agent(turn, id)),
            }
            execution = waiting(turn, id)?;
        }
    }

    /// A tool that the agent waited for has ended.
    pub(super) async fn go_on(
        &self,
        turn: &mut Turn<'_>,
        parent: uuid::Uuid,
        end: CallEnd,
        package: &Arc<LoadedPackage>,
    ) -> Result<TurnEnd, TurnError> {
        let result = match end {
            CallEnd::Result(result) => result,
            CallEnd::Waiting => return Ok(TurnEnd::Waiting),
            CallEnd::Stopped => return Ok(self.stop_agent(turn, parent)),
        };
        let execution = waiting(turn, parent)?;
        let mut agent = self.restore_agent(turn, package, &execution)?;
        agent.answer_call(result, &mut turn.buffer);
        self.run_agent(turn, execution, agent, package).await
    }

    fn stop_agent(&self, turn: &mut Turn<'_>, id: uuid::Uuid) -> TurnEnd {
        turn.cancel_one(id);
        self.stopped(turn)
    }

    /// The model did not answer: a plain sentence for the person, the cause for the owner.
    fn unanswered(&self, turn: &mut Turn<'_>, bot: &str, failure: &Failure, question: &Question) -> TurnEnd {
        let id = MessageId::new(self.ids.next_uuid());
        let reference = super::reference(id);
        let cause = format!("the language model did not answer: {}", failure.message);
        self.problems.script_failed(bot, &reference, &cause, None);
        let language = locale(turn);
        let detail = match failure.detail.get("fault").and_then(serde_json::Value::as_str) {
            Some("rate_limited" | "limited") => "model_busy",
            Some("timed_out") => "model_slow",
            Some("too_long") => "model_too_long",
            Some("cut") => "model_cut",
            _ => "model_failed",
        };
        let event = ChatEvent::Error {
            id: id.to_string(),
            title: sentence("model_title", &language).to_owned(),
            detail: sentence(detail, &language).to_owned(),
            reference,
            message: Some(question.message.clone()),
            script: None,
            retry: true,
        };
        turn.buffer.events.push(event.to_json());
        TurnEnd::Failed
    }
}

/// The agent as the lane holds it while it waits for a tool.
fn waiting(turn: &Turn<'_>, id: uuid::Uuid) -> Result<Execution, TurnError> {
    turn.find_execution(id).ok_or_else(|| TurnError::Internal("an answer left its conversation".to_owned()))
}

/// What the model is asked with, from the conversation's state and the package.
fn question(
    turn: &Turn<'_>,
    package: &LoadedPackage,
    chosen: Option<String>,
    text: String,
    message: String,
) -> Question {
    let context = ConversationContext::load(&turn.buffer);
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let prompt = context
        .system_prompt
        .as_deref()
        .and_then(given)
        .or_else(|| package.prompt.as_deref().and_then(given))
        .or_else(|| package.config.text("system-prompt").and_then(given))
        .unwrap_or_else(|| PROMPT.replace("{title}", &package.look.title));
    let selected = context.selected.as_deref().filter(|name| context.contexts.contains_key(*name));
    let wanted = |name: &str| selected.is_none_or(|selected| name == selected || name == "default");
    let tools = context.tools.iter().filter_map(|name| package.script(name));
    // A tool that is not for this person is not the model's to call for them.
    let tools = tools.filter(|script| script.broken.is_none() && may_run(turn, &script.allowed_roles));
    let tools = tools.map(Tool::of).collect();
    Question {
        text,
        message,
        prompt,
        contexts: context
            .contexts
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(n, t)| (n.clone(), t.clone()))
            .collect(),
        tools,
        chosen,
        locale: locale(turn),
        searched: false,
        collections: None,
        pictures: Vec::new(),
    }
}

/// Whether the model may search the documents with words of its own: as `rag-search-tool` says, else when it has other
/// tools, because not every model can call any.
fn offers_search(package: &LoadedPackage, tools: &[Tool]) -> bool {
    let search = Tool::search_documents();
    let is_free = tools.iter().all(|own| own.spec.name != search.spec.name);
    let config = &package.config;
    is_free && if config.is_set("rag-search-tool") { config.boolean("rag-search-tool") } else { !tools.is_empty() }
}

/// A message as the model reads it: its text, the names of its files, and a mark for each picture.
pub(super) fn as_text(message: &InboxMessage) -> String {
    let (pictures, files): (Vec<_>, Vec<_>) = message.files.iter().cloned().partition(pictures::is_picture);
    let files = InboxMessage { files, ..InboxMessage::default() }.file_names();
    let text = match (message.text.trim(), files.is_empty()) {
        (text, true) => text.to_owned(),
        ("", false) => files,
        (text, false) => format!("{text}\n\n({files})"),
    };
    let marks = pictures.iter().map(pictures::mark);
    std::iter::once(text).filter(|text| !text.is_empty()).chain(marks).collect::<Vec<_>>().join("\n")
}

/// For owners' eyes: the failure of a script that a model called.
pub(super) fn tool_failure(tool: &str, failure: &Failure) -> Failure {
    Failure { message: format!("the tool `{tool}`: {}", failure.message), detail: json!(failure.detail) }
}
