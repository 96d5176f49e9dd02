//! The verbs: the only door for other rooms.

use std::{sync::Arc, time::Duration};

use botserver_db::{Db, Statements};
use botserver_engines::{Engine, LaneId};
use botserver_kernel::{
    AttachmentId, BotId, Clock, ConversationId, IdSource, MessageId, OrgId, Page, PageRequest, Permission, Principal,
};
use botserver_ports::{Authorizer, ByteStream, ObjectStore, Resource};
use futures_util::StreamExt;

use crate::{
    Attachment, Conversation, Error, FoundMessage, Rating, Result, StoredMessage, media::media_type,
    model::plain_filename, store,
};

/// Conversations, their messages, files and ratings.
pub struct SessionService {
    pub(crate) db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    objects: Arc<dyn ObjectStore>,
    authorizer: Arc<dyn Authorizer>,
    engine: Engine,
    upload_limit: UploadLimit,
    deleted_with: Vec<DeletedWith>,
    /// Conversations in which somebody wrote just now.
    recent: moka::sync::Cache<ConversationId, Conversation>,
}

/// The largest file, in bytes, that a person may send to a bot.
pub type UploadLimit = Arc<dyn Fn(BotId) -> u64 + Send + Sync>;

/// Adds the statements that remove what another room keeps about a conversation.
pub type DeletedWith = Arc<dyn Fn(OrgId, ConversationId, &mut Statements) + Send + Sync>;

/// A file that is being uploaded.
pub struct NewAttachment {
    /// The name the person's computer gives it.
    pub filename: String,
    /// The media type it claims.
    pub declared_type: Option<String>,
    /// The bytes.
    pub body: ByteStream,
}

const READ: Permission = Permission::new("conversation.read");
const WRITE: Permission = Permission::new("conversation.write");
const DELETE: Permission = Permission::new("conversation.delete");
const CREATE: Permission = Permission::new("conversation.create");
const LONGEST_TITLE: usize = 200;
const RECENT: u64 = 10_000;
/// How long another node's deletion may go unseen by whoever writes there; their message then finds no conversation.
const RECENT_FOR: Duration = Duration::from_secs(10);

impl SessionService {
    /// The service over its ports.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        objects: Arc<dyn ObjectStore>,
        authorizer: Arc<dyn Authorizer>,
        engine: Engine,
        upload_limit: UploadLimit,
    ) -> Self {
        let recent = moka::sync::Cache::builder().max_capacity(RECENT).time_to_live(RECENT_FOR).build();
        Self { db, clock, ids, objects, authorizer, engine, upload_limit, deleted_with: Vec::new(), recent }
    }

    /// Also removes what another room keeps about a conversation when it is deleted.
    pub fn deleting_with(mut self, other: DeletedWith) -> Self {
        self.deleted_with.push(other);
        self
    }

    /// Begins a conversation; the same idempotency key gives the same one again.
    pub async fn begin(
        &self,
        principal: &Principal,
        bot_id: BotId,
        idempotency_key: Option<String>,
    ) -> Result<Conversation> {
        self.begin_with(principal, bot_id, idempotency_key, None).await
    }

    async fn begin_with(
        &self,
        principal: &Principal,
        bot_id: BotId,
        idempotency_key: Option<String>,
        version: Option<String>,
    ) -> Result<Conversation> {
        let bot = Resource { org_id: principal.org_id, kind: "bot", id: Some(bot_id.uuid()), owner: None };
        self.authorizer.authorize(principal, &CREATE, &bot).await?;
        let now = self.clock.now_ms();
        let new = Conversation {
            id: ConversationId::new(self.ids.next_uuid()),
            org_id: principal.org_id,
            bot_id,
            person_id: principal.person_id,
            title: None,
            spoken: false,
            created_at_ms: now,
            updated_at_ms: now,
        };
        let (row, key) = (new.clone(), idempotency_key.clone());
        let inserted = self
            .db
            .write("beginning a conversation", move |tx| {
                Box::pin(async move {
                    let inserted = store::insert(tx, &row, key.as_deref(), version.as_deref()).await;
                    inserted.map_err(Error::statement("beginning a conversation"))
                })
            })
            .await;
        match (inserted, idempotency_key) {
            (Err(Error::Db(botserver_db::Error::Duplicate { .. })), Some(key)) => {
                let found = store::find_by_key(self.db.read(), principal.org_id, principal.person_id, &key)
                    .await?
                    .ok_or(Error::NotFound("conversation"))?;
                // A key stands for one request; with another bot it is another request.
                if found.bot_id == bot_id { Ok(found) } else { Err(Error::KeyUsed) }
            }
            (Err(error), _) => Err(error),
            (Ok(()), _) => Ok(new),
        }
    }

    /// The conversation with this version of a bot that a person has opened but not written in, or a new one.
    pub async fn begin_or_take_up(&self, principal: &Principal, bot_id: BotId, version: &str) -> Result<Conversation> {
        match store::find_unspoken(self.db.read(), principal.org_id, principal.person_id, bot_id, version).await? {
            Some(found) => Ok(found),
            None => self.begin_with(principal, bot_id, None, Some(version.to_owned())).await,
        }
    }

    /// A conversation the caller may read.
    pub async fn load(&self, principal: &Principal, id: ConversationId) -> Result<Conversation> {
        self.load_for(principal, id, &READ).await
    }

    /// A conversation the caller may write in.
    pub async fn load_to_write(&self, principal: &Principal, id: ConversationId) -> Result<Conversation> {
        self.load_for(principal, id, &WRITE).await
    }

    /// A conversation the caller wants to say something in. Whose it is never changes, so it may come from memory;
    /// its title may be some seconds old.
    pub async fn load_to_speak(&self, principal: &Principal, id: ConversationId) -> Result<Conversation> {
        let Some(found) = self.recent.get(&id).filter(|found| found.org_id == principal.org_id) else {
            let found = self.load_for(principal, id, &WRITE).await?;
            self.recent.insert(id, found.clone());
            return Ok(found);
        };
        self.allow(principal, &found, &WRITE).await?;
        Ok(found)
    }

    async fn load_for(
        &self,
        principal: &Principal,
        id: ConversationId,
        permission: &Permission,
    ) -> Result<Conversation> {
        let found = store::find(self.db.read(), principal.org_id, id).await?.ok_or(Error::NotFound("conversation"))?;
        self.allow(principal, &found, permission).await?;
        Ok(found)
    }

    async fn allow(&self, principal: &Principal, found: &Conversation, permission: &Permission) -> Result<()> {
        let (id, owner) = (Some(found.id.uuid()), Some(found.person_id));
        let resource = Resource { org_id: found.org_id, kind: "conversation", id, owner };
        // Whoever may not see it does not learn that it exists.
        self.authorizer.authorize(principal, permission, &resource).await.map_err(|_| Error::NotFound("conversation"))
    }

    /// The caller's conversations, newest first; `words` searches titles and texts.
    pub async fn list(
        &self,
        principal: &Principal,
        bot: Option<BotId>,
        words: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Conversation>> {
        store::list(self.db.read(), principal.org_id, principal.person_id, bot, words, page).await
    }

    /// Gives a conversation a title.
    pub async fn rename(&self, principal: &Principal, id: ConversationId, title: &str) -> Result<Conversation> {
        let found = self.load_for(principal, id, &WRITE).await?;
        let title = title.replace('\0', "").trim().to_owned();
        if title.is_empty() || title.chars().count() > LONGEST_TITLE {
            return Err(Error::Invalid(format!("a title has 1 to {LONGEST_TITLE} characters")));
        }
        let (org, new) = (found.org_id, title.clone());
        self.db
            .write("renaming a conversation", move |tx| {
                Box::pin(async move {
                    store::rename(tx, org, id, &new).await.map_err(Error::statement("renaming a conversation"))
                })
            })
            .await?;
        Ok(Conversation { title: Some(title), ..found })
    }

    /// Deletes a conversation with its messages and files.
    pub async fn delete(&self, principal: &Principal, id: ConversationId) -> Result<()> {
        let found = self.load_for(principal, id, &DELETE).await?;
        let files = store::attachments_of(self.db.read(), found.org_id, id).await?;
        let (org, others) = (found.org_id, self.deleted_with.clone());
        self.db
            .write("deleting a conversation", move |tx| {
                Box::pin(async move {
                    let mut statements = Statements::new(tx);
                    for other in &others {
                        other(org, id, &mut statements);
                    }
                    let deleting = async {
                        statements.run(tx).await?;
                        store::delete(tx, org, id).await
                    };
                    deleting.await.map_err(Error::statement("deleting a conversation"))
                })
            })
            .await?;
        self.recent.invalidate(&id);
        self.engine.forget(LaneId(id.uuid())).await;
        // The rows are gone: a file that stays behind after a crash here can be read by nobody.
        for file in files {
            self.objects.delete(&object_key(&found, file.id)).await?;
        }
        Ok(())
    }

    /// The messages of a conversation, oldest first.
    pub async fn messages(
        &self,
        principal: &Principal,
        id: ConversationId,
        page: &PageRequest,
    ) -> Result<Page<StoredMessage>> {
        let found = self.load(principal, id).await?;
        store::messages(self.db.read(), found.org_id, id, page).await
    }

    /// The newest messages that count, oldest first; with `before`, those before that number.
    pub async fn newest_messages(
        &self,
        principal: &Principal,
        id: ConversationId,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<StoredMessage>> {
        let conversation = self.load(principal, id).await?;
        store::newest_messages(self.db.read(), conversation.org_id, id, before, limit).await
    }

    /// What is known of one message of a conversation, whether or not it still counts.
    pub async fn find_message(&self, conversation: &Conversation, message: MessageId) -> Result<Option<FoundMessage>> {
        store::find_message(self.db.read(), conversation.org_id, conversation.id, message).await
    }

    /// The messages that count from this one on, oldest first; none if it is not there or does not count.
    pub async fn messages_from(
        &self,
        principal: &Principal,
        id: ConversationId,
        message: MessageId,
    ) -> Result<Vec<StoredMessage>> {
        let conversation = self.load(principal, id).await?;
        store::messages_from(self.db.read(), conversation.org_id, id, message).await
    }

    /// Rates a message of the bot, or takes the rating back.
    pub async fn rate(
        &self,
        principal: &Principal,
        id: ConversationId,
        message: MessageId,
        rating: Option<Rating>,
        reason: Option<String>,
    ) -> Result<()> {
        let found = self.load_to_write(principal, id).await?;
        let reason = reason.map(|text| text.replace('\0', ""));
        if reason.as_ref().is_some_and(|text| text.chars().count() > 2_000) {
            return Err(Error::Invalid("a reason has at most 2,000 characters".to_owned()));
        }
        let rated = self
            .db
            .write("rating a message", move |tx| {
                Box::pin(async move {
                    store::rate(tx, found.org_id, id, message, rating, reason.as_deref())
                        .await
                        .map_err(Error::statement("rating a message"))
                })
            })
            .await?;
        if rated { Ok(()) } else { Err(Error::NotFound("message of the bot")) }
    }

    /// Stores a file of a conversation.
    pub async fn attach(
        &self,
        principal: &Principal,
        id: ConversationId,
        mut new: NewAttachment,
    ) -> Result<Attachment> {
        let found = self.load_to_write(principal, id).await?;
        let first = match new.body.next().await {
            Some(chunk) => chunk?,
            None => return Err(Error::Invalid("the file is empty".to_owned())),
        };
        if first.is_empty() {
            return Err(Error::Invalid("the file is empty".to_owned()));
        }
        let mime_type = media_type(&first, new.declared_type.as_deref(), &new.filename);
        let body = futures_util::stream::once(std::future::ready(Ok(first))).chain(new.body);
        let mut attachment = Attachment {
            id: AttachmentId::new(self.ids.next_uuid()),
            conversation_id: id,
            filename: plain_filename(&new.filename),
            mime_type,
            size: 0,
        };
        let key = object_key(&found, attachment.id);
        attachment.size = self.objects.put_new(&key, Box::pin(body), (self.upload_limit)(found.bot_id)).await?;
        let (row, now) = (attachment.clone(), self.clock.now_ms());
        self.db
            .write("storing a file", move |tx| {
                Box::pin(async move {
                    store::insert_attachment(tx, found.org_id, &row, now)
                        .await
                        .map_err(Error::statement("storing a file"))
                })
            })
            .await?;
        Ok(attachment)
    }

    /// A file the caller may read, with its bytes.
    pub async fn open_attachment(&self, principal: &Principal, id: AttachmentId) -> Result<(Attachment, ByteStream)> {
        let found = store::attachments(self.db.read(), principal.org_id, &[id]).await?;
        let attachment = found.into_iter().next().ok_or(Error::NotFound("file"))?;
        let conversation =
            self.load(principal, attachment.conversation_id).await.map_err(|_| Error::NotFound("file"))?;
        let body = self.objects.get(&object_key(&conversation, id), 0).await?;
        Ok((attachment, body))
    }

    /// The files of a message that is being sent: all of them must belong to the conversation.
    pub async fn attachments_of_message(
        &self,
        conversation: &Conversation,
        ids: &[AttachmentId],
    ) -> Result<Vec<Attachment>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let found = store::attachments(self.db.read(), conversation.org_id, ids).await?;
        ids.iter()
            .map(|id| {
                found
                    .iter()
                    .find(|file| file.id == *id && file.conversation_id == conversation.id)
                    .cloned()
                    .ok_or(Error::NotFound("file in this conversation"))
            })
            .collect()
    }

    /// How many conversations each bot has, for the owner's page: numbers, never texts.
    pub async fn counts(&self, principal: &Principal) -> Result<Vec<(BotId, i64)>> {
        let system = Resource { org_id: principal.org_id, kind: "system", id: None, owner: None };
        self.authorizer.authorize(principal, &Permission::new("system.read"), &system).await?;
        store::counts(self.db.read(), principal.org_id).await
    }
}

fn object_key(conversation: &Conversation, id: AttachmentId) -> String {
    format!("{}/conversations/{}/{}", conversation.org_id.uuid(), conversation.id.uuid(), id.uuid())
}
