//! What the model is told besides the message: the conversation so far, and the day.

use std::sync::Arc;

use async_trait::async_trait;
use botserver_basic_types::ops::to_text;
use botserver_data::DataService;
use botserver_kernel::{AttachmentId, ConversationId, Principal, Timestamp};
use botserver_knowledge::{Knowledge, Search};
use botserver_llm::{Earlier, EarlierCall, Gather, Gathered, Question, is_shown};
use botserver_packages::LoadedPackage;
use botserver_ports::ModelPicture;
use botserver_session::{SessionService, StoredMessage};
use botserver_ui_tree::{Source, Speaker};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::{pictures, quote::source};
use crate::sentences::courtesy;

/// Messages of the conversation that are read when the settings do not say how many.
const HISTORY: u64 = 50;
/// Questions before this one that it may lean on.
const ASKED_BEFORE: usize = 3;

/// What the person has asked until now, newest first.
pub(super) fn asked_before(history: &[(Speaker, String)]) -> Vec<String> {
    let own = history.iter().rev().filter(|(role, text)| *role == Speaker::Person && courtesy(text, "").is_none());
    own.take(ASKED_BEFORE).map(|(_, text)| text.clone()).collect()
}

/// Reads it for one question.
pub(super) struct BotGather {
    pub(super) sessions: Arc<SessionService>,
    pub(super) knowledge: Knowledge,
    pub(super) data: DataService,
    pub(super) principal: Principal,
    pub(super) conversation: ConversationId,
    pub(super) package: Arc<LoadedPackage>,
    pub(super) now: Timestamp,
}

#[async_trait]
impl Gather for BotGather {
    async fn gather(&self, question: &Question) -> Result<Gathered, String> {
        let config = &self.package.config;
        let limit = config.integer("history-limit").and_then(|limit| u64::try_from(limit).ok()).unwrap_or(HISTORY);
        let system = Principal::system(self.principal.org_id);
        let mut messages = self
            .sessions
            .newest_messages(&system, self.conversation, None, limit + 1)
            .await
            .map_err(|error| error.to_string())?;
        // The message itself is committed already; it comes last and by itself.
        let own = messages.iter().position(|own| own.id.to_string() == question.message);
        let until = own.and_then(|own| messages.get(own)).map_or(i64::MAX, |own| own.seq);
        messages.truncate(own.unwrap_or(messages.len()));
        messages.retain(|own| !pictures::as_text(&own.parts).trim().is_empty());
        let calls = self.calls(question, &messages, until).await?;
        let history = messages.iter().map(|own| Earlier {
            speaker: own.role,
            text: pictures::as_text(&own.parts),
            pictures: if own.role == Speaker::Person { pictures::of_parts(&own.parts) } else { Vec::new() },
        });
        let history: Vec<Earlier> = history.collect();
        let said: Vec<_> = history.iter().map(|own| (own.speaker, own.text.clone())).collect();
        let before = asked_before(&said);
        let zone = config.time_zone();
        let today = self.now.to_zoned(zone).strftime("Today is %A, %-d %B %Y, %H:%M (%Q).").to_string();
        let facts = self.facts().await?;
        let passages = if question.searched { self.passages(question, &before).await } else { Vec::new() };
        Ok(Gathered { history, calls, facts, passages, searched: question.searched, today })
    }

    async fn picture(&self, picture: &ModelPicture) -> Result<Bytes, String> {
        let id = picture.id.parse::<AttachmentId>().map_err(|error| error.to_string())?;
        let system = Principal::system(self.principal.org_id);
        let opened = self.sessions.open_attachment(&system, id).await.map_err(|error| error.to_string())?;
        let (attachment, mut body) = opened;
        if attachment.conversation_id != self.conversation || !is_shown(&attachment.mime_type, attachment.size) {
            return Err("it is no picture of this conversation".to_owned());
        }
        let mut whole = BytesMut::new();
        while let Some(part) = body.next().await {
            whole.extend_from_slice(&part.map_err(|error| error.to_string())?);
        }
        Ok(whole.freeze())
    }
}

impl BotGather {
    /// What scripts have remembered of the person.
    async fn facts(&self) -> Result<Vec<(String, String)>, String> {
        let found = self.data.facts(&self.principal, self.package.bot_id, self.now.as_millisecond()).await;
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|(name, value)| (name, to_text(&value))).collect())
    }

    /// The calls of tools among these messages, up to an event.
    async fn calls(
        &self,
        question: &Question,
        messages: &[StoredMessage],
        until: i64,
    ) -> Result<Vec<EarlierCall>, String> {
        let Some(oldest) = messages.first().filter(|_| !question.tools.is_empty()) else { return Ok(Vec::new()) };
        let system = Principal::system(self.principal.org_id);
        let found = self.sessions.tool_calls(&system, self.conversation, oldest.seq, until).await;
        let found = found.map_err(|error| error.to_string())?;
        let calls = found.iter().filter_map(|call| {
            let after = messages.partition_point(|message| message.seq < call.seq);
            EarlierCall::of(&call.tool, after, &question.tools)
        });
        Ok(calls.collect())
    }

    /// The passages that the person may read and that fit the question. A search that fails is no reason to leave the
    /// person without an answer; the log has the cause.
    async fn passages(&self, question: &Question, before: &[String]) -> Vec<Source> {
        let search = Search { question: question.text.clone(), collections: question.collections.clone(), limit: None };
        match self.knowledge.search_after(&self.principal, self.package.bot_id, &search, before).await {
            Ok(found) => found.passages.iter().map(source).collect(),
            Err(error) => {
                tracing::error!(%error, bot = %self.package.name, "the documents could not be searched");
                Vec::new()
            }
        }
    }
}
