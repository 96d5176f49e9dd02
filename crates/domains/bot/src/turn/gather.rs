//! What the model is told besides the message: the conversation so far, and the day.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_kernel::{ConversationId, OrgId, Principal, Timestamp};
use botserver_llm::{Gather, Gathered, Question};
use botserver_packages::LoadedPackage;
use botserver_session::SessionService;
use botserver_ui_tree::plain_text;

/// Messages of the conversation that are read when the settings do not say how many.
const HISTORY: u64 = 50;

/// Reads it for one question.
pub(super) struct BotGather {
    pub(super) sessions: Arc<SessionService>,
    pub(super) conversation: ConversationId,
    pub(super) org_id: OrgId,
    pub(super) package: Arc<LoadedPackage>,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Gather for BotGather {
    async fn gather(&self, question: &Question) -> Result<Gathered, String> {
        let config = &self.package.config;
        let limit = config.integer("history-limit").and_then(|limit| u64::try_from(limit).ok()).unwrap_or(HISTORY);
        let system = Principal::system(self.org_id);
        let mut messages = self
            .sessions
            .newest_messages(&system, self.conversation, None, limit + 1)
            .await
            .map_err(|error| error.to_string())?;
        // The message itself is committed already; it comes last and by itself.
        if let Some(own) = messages.iter().position(|own| own.id.to_string() == question.message) {
            messages.truncate(own);
        }
        let history = messages.iter().map(|own| (own.role, plain_text(&own.parts)));
        let history = history.filter(|(_, text)| !text.trim().is_empty()).collect();
        let zone = config.time_zone();
        let today = self.now.to_zoned(zone).strftime("Today is %A, %-d %B %Y, %H:%M (%Q).").to_string();
        Ok(Gathered { history, today, ..Gathered::default() })
    }
}
