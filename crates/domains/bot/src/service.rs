//! The verbs of talking: open, send, withdraw, stop, read and follow a conversation.

use std::{sync::Arc, time::Duration};

use botserver_db::Db;
use botserver_engines::{
    Accepted, Cancelled, CommittedEvent, Engine, EventText, Hearing, ItemKind, ItemState, LaneId, LaneNotice, NewItem,
    events, hearing,
};
use botserver_kernel::{Clock, ConversationId, IdSource, MessageId, Principal, Role};
use botserver_llm::SoFar;
use botserver_packages::{LoadedPackage, Packages};
use botserver_ports::{Cache, Subscription};
use botserver_session::{Conversation, SessionService};
use botserver_ui_tree::Speaker;
use botserver_web::{RateLimiter, RatePolicy};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::{
    Error, Result, SendMessage,
    message::{InboxLeave, InboxMessage, InboxOpen, InboxRename},
    stream,
};

/// What the service stands on.
pub struct ChatDependencies {
    /// The database, for reading events.
    pub db: Db,
    /// The engine.
    pub engine: Engine,
    /// Conversations.
    pub sessions: Arc<SessionService>,
    /// Bots.
    pub packages: Packages,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Counts messages.
    pub limiter: RateLimiter,
    /// How many a visitor may send.
    pub messages: RatePolicy,
    /// Keeps the text of answers that are being written.
    pub cache: Arc<dyn Cache>,
}

/// Talking with bots.
pub struct ChatService {
    own: ChatDependencies,
}

/// A message that is committed.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub accepted: Accepted,
}

/// Events read per query.
pub(crate) const EVENTS_PER_PAGE: u64 = 500;
const CHANNEL: &str = "web";
/// A bot's own limit of messages a minute.
const BOT_RATE: &str = "session-rate-limit";

impl ChatService {
    /// The service over its dependencies.
    pub const fn new(own: ChatDependencies) -> Self {
        Self { own }
    }

    pub(crate) fn sessions(&self) -> &SessionService {
        &self.own.sessions
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.own.engine
    }

    /// A bot that serves, by name.
    pub async fn bot(&self, principal: &Principal, name: &str) -> Result<Arc<LoadedPackage>> {
        Ok(self.own.packages.get(principal, name).await?.1)
    }

    /// A person looks at the conversation: `start.bas` greets, once.
    pub async fn open(&self, principal: &Principal, id: ConversationId, locale: &str) -> Result<()> {
        let conversation = self.own.sessions.load_to_write(principal, id).await?;
        self.open_loaded(&conversation, locale).await
    }

    pub(crate) async fn open_loaded(&self, conversation: &Conversation, locale: &str) -> Result<()> {
        let payload = json!(InboxOpen { locale: locale.to_owned() });
        // The id makes the second opening a no-op.
        let new = item(conversation, ItemKind::Open, "open", conversation.id.to_string(), payload);
        self.own.engine.accept(new).await?;
        Ok(())
    }

    /// Sends a message; answered once it is committed.
    pub async fn send(&self, principal: &Principal, id: ConversationId, message: SendMessage) -> Result<Sent> {
        let conversation = self.own.sessions.load_to_speak(principal, id).await?;
        self.send_loaded(principal, &conversation, message).await
    }

    pub(crate) async fn send_loaded(
        &self,
        principal: &Principal,
        conversation: &Conversation,
        message: SendMessage,
    ) -> Result<Sent> {
        message.check()?;
        if principal.role != Role::Owner {
            self.count(principal, conversation).await?;
        }
        self.check_place(conversation, &message).await?;
        let files = self.own.sessions.attachments_of_message(conversation, &message.attachments).await?;
        let id = message.id.unwrap_or_else(|| MessageId::new(self.own.ids.next_uuid()));
        let payload = json!(InboxMessage {
            text: message.storable_text(),
            files: files.iter().map(botserver_session::Attachment::part).collect(),
            action: message.action,
            locale: message.locale,
            replaces: message.replaces.map(|id| id.to_string()),
            regenerate: message.regenerate.map(|id| id.to_string()),
        });
        let new = item(conversation, ItemKind::Message, CHANNEL, id.to_string(), payload);
        let accepted = self.own.engine.accept(new).await?;
        if accepted.lane_id.0 != conversation.id.uuid() {
            return Err(Error::IdTaken);
        }
        Ok(Sent { id, accepted })
    }

    /// Refuses what cannot be said in the place of something else.
    async fn check_place(&self, conversation: &Conversation, message: &SendMessage) -> Result<()> {
        let Some(other) = message.replaces.or(message.regenerate) else { return Ok(()) };
        let (org, lane) = (conversation.org_id, LaneId(conversation.id.uuid()));
        if let Some(id) = message.id
            && self.own.engine.find_item(org, lane, CHANNEL, &id.to_string()).await?.is_some()
        {
            // It is sent again: what it asked for may be done already.
            return Ok(());
        }
        let Some(found) = self.own.sessions.find_message(conversation, other).await? else {
            let item = self.own.engine.find_item(org, lane, CHANNEL, &other.to_string()).await?;
            return Err(match item {
                Some((_, ItemState::Queued)) => Error::StillQueued,
                Some((_, ItemState::Taken)) => Error::Busy,
                _ => Error::NoSuchMessage,
            });
        };
        if found.role != Speaker::Person {
            return Err(Error::NotYours);
        }
        if found.superseded {
            return Err(Error::Superseded);
        }
        if hearing(self.own.db.read(), org, lane).await?.is_some() {
            return Err(Error::WaitingForAnswer);
        }
        if message.regenerate.is_some() {
            if self.own.engine.is_working(lane) || !self.own.engine.queue(lane).is_empty() {
                return Err(Error::Busy);
            }
            if !found.free_text {
                return Err(Error::CannotRegenerate);
            }
        }
        Ok(())
    }

    /// Counts a message against the visitor's minute, and against that of a bot which wants fewer.
    async fn count(&self, principal: &Principal, conversation: &Conversation) -> Result<()> {
        let person = principal.person_id.to_string();
        let package = self.own.packages.current(conversation.bot_id);
        let own = package.filter(|package| package.config.is_set(BOT_RATE));
        let own = own.and_then(|package| u64::try_from(package.config.integer(BOT_RATE)?).ok());
        if let Some(quota) = own.filter(|quota| (1..self.own.messages.quota).contains(quota)) {
            let policy = RatePolicy::per_minute("messages-to-bot", quota);
            self.own.limiter.check(policy, &format!("{}/{person}", conversation.bot_id)).await?;
        }
        self.own.limiter.check(self.own.messages, &person).await?;
        Ok(())
    }

    /// Takes back a message that no turn has taken.
    pub async fn withdraw(&self, principal: &Principal, id: ConversationId, message: MessageId) -> Result<()> {
        let conversation = self.own.sessions.load_to_write(principal, id).await?;
        let lane = LaneId(conversation.id.uuid());
        let item = self.own.engine.find_item(conversation.org_id, lane, CHANNEL, &message.to_string()).await?;
        match item {
            Some((item, ItemState::Queued)) => Ok(self.own.engine.withdraw(conversation.org_id, lane, item).await?),
            Some((_, ItemState::Withdrawn)) => Ok(()),
            Some(_) => Err(botserver_engines::Error::AlreadyTaken.into()),
            None => Err(Error::NotQueued),
        }
    }

    /// Stops the running turn, or ends a tool that the model called and that waits for the person; nothing happens when
    /// there is neither. Gives the turn that was asked to stop, if there is one.
    pub async fn cancel(&self, principal: &Principal, id: ConversationId) -> Result<Option<Cancelled>> {
        let conversation = self.own.sessions.load_to_write(principal, id).await?;
        let lane = LaneId(conversation.id.uuid());
        if let Some(cancelled) = self.own.engine.cancel(lane).await? {
            return Ok(Some(cancelled));
        }
        let asking = hearing(self.own.db.read(), conversation.org_id, lane).await?;
        if let Some(Hearing { execution, turn, is_child: true }) = asking {
            let payload = json!(InboxLeave { execution, turn });
            // The id makes stopping the same question twice a no-op.
            let unique = format!("{}-{turn}", execution.simple());
            self.own.engine.accept(item(&conversation, ItemKind::Event, "leave", unique, payload)).await?;
        }
        Ok(None)
    }

    /// Renames a conversation and tells everybody who looks at it.
    pub async fn rename(&self, principal: &Principal, id: ConversationId, title: &str) -> Result<Conversation> {
        let renamed = self.own.sessions.rename(principal, id, title).await?;
        let payload = json!(InboxRename { title: renamed.title.clone().unwrap_or_default() });
        let unique = self.own.ids.next_uuid().simple().to_string();
        self.own.engine.accept(item(&renamed, ItemKind::Event, "rename", unique, payload)).await?;
        Ok(renamed)
    }

    /// The committed events after a number, as this caller may see them.
    pub async fn events(
        &self,
        principal: &Principal,
        id: ConversationId,
        after: i64,
        limit: u64,
    ) -> Result<Vec<CommittedEvent>> {
        let conversation = self.own.sessions.load(principal, id).await?;
        self.events_loaded(principal, &conversation, after, limit).await
    }

    pub(crate) async fn events_loaded(
        &self,
        principal: &Principal,
        conversation: &Conversation,
        after: i64,
        limit: u64,
    ) -> Result<Vec<CommittedEvent>> {
        let lane = LaneId(conversation.id.uuid());
        let mut found = events(self.own.db.read(), conversation.org_id, lane, after, limit).await?;
        for event in &mut found {
            hide_owner_parts(&mut event.event, principal);
        }
        Ok(found)
    }

    /// The answer that is being written in a conversation.
    pub(crate) async fn so_far(&self, conversation: &Conversation) -> Option<SoFar> {
        stream::so_far(self.own.cache.as_ref(), LaneId(conversation.id.uuid())).await
    }

    pub(crate) async fn follow(&self, conversation: &Conversation) -> Result<Box<dyn Subscription>> {
        Ok(self.own.engine.subscribe(LaneId(conversation.id.uuid())).await?)
    }

    /// Sends a message and waits for the end of its turn; `None` when that takes longer than `patience`.
    pub async fn send_and_wait(
        &self,
        principal: &Principal,
        id: ConversationId,
        message: SendMessage,
        patience: Duration,
    ) -> Result<(Sent, Option<Vec<CommittedEvent>>)> {
        let conversation = self.own.sessions.load_to_speak(principal, id).await?;
        // Listening begins before sending, so that a fast turn is not missed.
        let mut listener = self.follow(&conversation).await?;
        let sent = self.send_loaded(principal, &conversation, message).await?;
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        let mut events = Vec::new();
        if sent.accepted.duplicate {
            events = self.all_events(principal, &conversation).await?;
        }
        loop {
            if let Some(turn) = turn_of(&events, sent.id) {
                return Ok((sent, Some(turn)));
            }
            tokio::select! {
                notice = listener.next() => match notice.as_deref().map(LaneNotice::decode) {
                    Some(Some(LaneNotice::Events(mut new))) => {
                        for event in &mut new {
                            hide_owner_parts(&mut event.event, principal);
                        }
                        events.extend(new);
                    }
                    Some(Some(LaneNotice::Deleted)) => return Ok((sent, None)),
                    Some(_) => {}
                    // Some notices were lost: the outbox has everything.
                    None => events = self.all_events(principal, &conversation).await?,
                },
                () = &mut deadline => return Ok((sent, None)),
            }
        }
    }

    async fn all_events(&self, principal: &Principal, conversation: &Conversation) -> Result<Vec<CommittedEvent>> {
        let mut all: Vec<CommittedEvent> = Vec::new();
        loop {
            let after = all.last().map_or(0, |event| event.seq);
            let page = self.events_loaded(principal, conversation, after, EVENTS_PER_PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The number of the newest event.
    pub(crate) async fn newest_seq(&self, conversation: &Conversation) -> Result<i64> {
        let lane = LaneId(conversation.id.uuid());
        Ok(botserver_engines::newest_seq(self.own.db.read(), conversation.org_id, lane).await?)
    }
}

fn item(
    conversation: &Conversation,
    kind: ItemKind,
    channel: &str,
    channel_message_id: String,
    payload: Json,
) -> NewItem {
    NewItem {
        org_id: conversation.org_id,
        lane_id: LaneId(conversation.id.uuid()),
        kind,
        channel: channel.to_owned(),
        channel_message_id,
        payload,
    }
}

/// The events of the turn of a message, once it has ended.
fn turn_of(events: &[CommittedEvent], message: MessageId) -> Option<Vec<CommittedEvent>> {
    let id = message.to_string();
    // What does not name the message is not even read.
    let mut named = events.iter().enumerate().filter_map(|(index, event)| {
        let head = event.event.as_str().contains(&id).then(|| event.event.read::<EventHead>());
        Some((index, head?.ok()?))
    });
    let ends = |head: &EventHead| head.kind == "turn.end" && head.item.as_ref() == Some(&id);
    let (first, head) =
        named.find(|(_, head)| ends(head) || (head.kind == "message" && head.id.as_ref() == Some(&id)))?;
    if ends(&head) {
        // It was refused: nothing of it is in the transcript.
        return events.get(first..=first).map(<[CommittedEvent]>::to_vec);
    }
    let (end, _) = named.find(|(_, head)| ends(head))?;
    events.get(first + 1..=end).map(<[CommittedEvent]>::to_vec)
}

/// The fields by which events are told apart.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct EventHead {
    pub(crate) kind: String,
    pub(crate) role: String,
    pub(crate) outcome: String,
    id: Option<String>,
    item: Option<String>,
}

/// Removes what only the owner may see.
pub(crate) fn hide_owner_parts(event: &mut EventText, principal: &Principal) {
    // A look at the text spares nearly every event from being read.
    if principal.role != Role::Owner
        && event.as_str().contains(r#""script""#)
        && let Ok(mut fields) = event.read::<Map<String, Json>>()
        && fields.remove("script").is_some()
        && let Ok(rest) = EventText::new(&Json::Object(fields))
    {
        *event = rest;
    }
}
