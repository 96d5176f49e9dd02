//! The verbs: ask a model once, tell what was used, and show what a model saw.

use std::{sync::Arc, time::Duration};

use botserver_context::Window;
use botserver_db::Db;
use botserver_kernel::{BotId, Clock, ConversationId, IdSource, MessageId, OrgId, Permission, Principal};
use botserver_ports::{
    AnswerFormat, Authorizer, ChatModel, ModelError, ModelFault, ModelLimits, ModelMessage, ModelPiece, ModelRequest,
    ModelUsage, Resource,
};
use futures_util::StreamExt;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Error, ModelSettings, Result, UsageRow, failures,
    pace::{Pace, Paced},
    records::{self, Call},
    store,
};

/// Models, for the other rooms.
#[derive(Clone)]
pub struct Llm {
    own: Arc<LlmDeps>,
    pace: Arc<Pace>,
}

/// What the service stands on.
pub struct LlmDeps {
    /// The database.
    pub db: Db,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Speaks with models.
    pub model: Arc<dyn ChatModel>,
    /// Decides who may look.
    pub authorizer: Arc<dyn Authorizer>,
}

/// For whom a model is asked outside of the agent.
#[derive(Clone, Debug)]
pub struct AskedBy {
    /// Whose bot.
    pub org_id: OrgId,
    /// The bot.
    pub bot_id: BotId,
    /// Its name, for the log.
    pub bot: Arc<str>,
    /// The person, if there is one.
    pub person: Option<Uuid>,
    /// The conversation, if there is one.
    pub conversation: Option<ConversationId>,
}

/// An answer in one piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// Tokens, if the provider told.
    pub usage: Option<ModelUsage>,
    /// Milliseconds.
    pub ms: u64,
}

impl Llm {
    /// The service over its dependencies.
    pub fn new(own: LlmDeps) -> Self {
        Self { own: Arc::new(own), pace: Arc::default() }
    }

    /// What speaks with models for a bot, as often as its settings allow.
    pub fn model_of(&self, bot: BotId, settings: &ModelSettings) -> Arc<dyn ChatModel> {
        let (model, pace) = (self.own.model.clone(), self.pace.clone());
        Arc::new(Paced { model, pace, bot, limit: settings.calls_per_minute })
    }

    /// Asks once and waits for the whole answer, at most `patience`.
    pub async fn complete(
        &self,
        settings: &ModelSettings,
        messages: Vec<ModelMessage>,
        patience: Duration,
        by: AskedBy,
    ) -> Result<Completion> {
        let started = Instant::now();
        let request = ModelRequest {
            endpoint: settings.endpoint.clone(),
            messages,
            tools: Vec::new(),
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            format: AnswerFormat::Text,
            limits: ModelLimits { total: settings.limits.total.min(patience), ..settings.limits },
        };
        let model = self.model_of(by.bot_id, settings);
        let answered = tokio::time::timeout(patience, collect(&*model, request)).await.unwrap_or_else(|_| {
            let message = format!("the model took longer than {} seconds", patience.as_secs());
            Err(ModelError::new(ModelFault::TimedOut, message))
        });
        let ms = started.elapsed().as_millis() as u64;
        if let Err(error) = &answered {
            failures::log(&by.bot, &settings.endpoint, error, false);
        }
        let call = Call {
            id: self.own.ids.next_uuid(),
            message: None,
            model: settings.endpoint.model.clone(),
            provider: settings.endpoint.provider.clone(),
            usage: answered.as_ref().ok().and_then(|(_, usage)| *usage),
            ms,
            first_ms: None,
            outcome: answered.as_ref().map_or_else(|error| records::word(error.fault), |_| "ok".to_owned()),
        };
        self.record(call, by).await?;
        let (text, usage) = answered?;
        Ok(Completion { text, usage, ms })
    }

    async fn record(&self, call: Call, by: AskedBy) -> Result<()> {
        let at_ms = self.own.clock.now_ms();
        let whose = (by.org_id, by.bot_id, by.person, by.conversation.map(botserver_kernel::Id::uuid));
        let recorded = self.own.db.write("recording a call of a model", move |tx| {
            Box::pin(async move {
                store::insert_call(tx, &call, whose, at_ms)
                    .await
                    .map_err(|source| botserver_db::Error::statement("recording a call of a model", source))
            })
        });
        Ok(recorded.await?)
    }

    /// What was used in the last days, today included.
    pub async fn usage(&self, principal: &Principal, days: u32) -> Result<Vec<UsageRow>> {
        self.authorize(principal, "usage.read", "usage", None).await?;
        let today = self.own.clock.now_ms().div_euclid(86_400_000);
        let from = (today - i64::from(days.max(1)) + 1) * 86_400_000;
        store::usage(self.own.db.read(), principal.org_id, from).await
    }

    /// How the window of an answer was put together, and the number of the model's answers behind it.
    pub async fn trace(
        &self,
        principal: &Principal,
        conversation: ConversationId,
        message: MessageId,
    ) -> Result<(Window, i32)> {
        // Who may not read it may not even know of it.
        let may = self.authorize(principal, "trace.read", "trace", Some(conversation.uuid())).await;
        may.map_err(|_| Error::NotFound("trace"))?;
        let found = store::trace(self.own.db.read(), principal.org_id, conversation.uuid(), message).await?;
        found.ok_or(Error::NotFound("trace"))
    }

    /// May this principal see and test models?
    pub async fn may_test(&self, principal: &Principal) -> Result<()> {
        self.authorize(principal, "model.test", "model", None).await
    }

    async fn authorize(
        &self,
        principal: &Principal,
        permission: &'static str,
        kind: &'static str,
        id: Option<Uuid>,
    ) -> Result<()> {
        let resource = Resource { org_id: principal.org_id, kind, id, owner: None };
        self.own.authorizer.authorize(principal, &Permission::new(permission), &resource).await?;
        Ok(())
    }
}

/// The text of a whole answer.
async fn collect(model: &dyn ChatModel, request: ModelRequest) -> Result<(String, Option<ModelUsage>), ModelError> {
    let mut pieces = model.ask(request).await?;
    let mut text = String::new();
    while let Some(piece) = pieces.next().await {
        match piece? {
            ModelPiece::Text(more) => text.push_str(&more),
            ModelPiece::End { usage, .. } => return Ok((text.trim().replace('\0', ""), usage)),
            ModelPiece::Reasoning(_) | ModelPiece::Call(_) => {}
        }
    }
    Err(ModelError::new(ModelFault::Cut, "the answer of the model broke off"))
}
