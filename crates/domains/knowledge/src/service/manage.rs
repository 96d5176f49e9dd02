//! What the owner sees and decides: collections, documents, passages, what failed and what vanished.

use botserver_kernel::{BotId, Page, PageRequest, Principal};

use super::{Knowledge, MANAGE, READ, TALK};
use crate::{
    Collection, CollectionId, Document, DocumentId, DocumentState, Error, LibraryRow, Passage, Result,
    store::{self, work::Again},
};

/// What becomes of documents whose files vanished at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They were meant to go.
    Remove,
    /// They can still be found.
    Keep,
    /// Those that were kept are not kept any more.
    Forget,
}

/// The numbers of a bot's documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Whether the index that answers has vectors, or words only.
    pub has_vectors: bool,
    /// The collections.
    pub collections: Vec<Collection>,
    /// Documents that came in the last seven days.
    pub last_week: i64,
    /// Documents that came in the last thirty days.
    pub last_month: i64,
}

const DAY_MS: i64 = 86_400_000;

impl Knowledge {
    /// The collections of a bot, and its indexes.
    pub async fn collections(&self, principal: &Principal, bot_id: BotId) -> Result<(LibraryRow, Vec<Collection>)> {
        self.authorize(principal, &READ, bot_id).await?;
        let library = store::libraries::find(self.0.deps.db.read(), self.org(), bot_id).await?;
        let library = library.ok_or(Error::NotFound("bot"))?;
        Ok((library, store::collections::list(self.0.deps.db.read(), self.org(), bot_id).await?))
    }

    /// All bots and folders with documents, for the owner.
    pub async fn libraries(&self, principal: &Principal) -> Result<Vec<LibraryRow>> {
        let all = store::libraries::list(self.0.deps.db.read(), self.org()).await?;
        for own in &all {
            self.authorize(principal, &READ, own.bot_id).await?;
        }
        Ok(all)
    }

    /// The numbers of a bot's documents; whoever may talk to the bot may know them.
    pub async fn statistics(&self, principal: &Principal, bot_id: BotId) -> Result<Statistics> {
        self.authorize(principal, &TALK, bot_id).await?;
        let now = self.now();
        let since = async |days: i64| {
            store::documents::added_since(self.0.deps.db.read(), self.org(), bot_id, now - days * DAY_MS).await
        };
        let library = store::libraries::find(self.0.deps.db.read(), self.org(), bot_id).await?;
        Ok(Statistics {
            has_vectors: library.is_some_and(|own| !own.serving.embedder.is_empty()),
            collections: store::collections::list(self.0.deps.db.read(), self.org(), bot_id).await?,
            last_week: since(7).await?,
            last_month: since(30).await?,
        })
    }

    /// What makes vectors may be another one now: every index is looked at again soon. A new one is built in the
    /// background while the old one answers.
    pub fn look_again(&self) {
        for attached in self.all_attached() {
            attached.alarm(|alarm| alarm.check = true);
        }
        self.0.kick.notify_one();
    }

    /// How many documents came since a moment.
    pub async fn added_since(&self, principal: &Principal, bot_id: BotId, since_ms: i64) -> Result<i64> {
        self.authorize(principal, &TALK, bot_id).await?;
        store::documents::added_since(self.0.deps.db.read(), self.org(), bot_id, since_ms).await
    }

    /// The documents of a collection by path.
    pub async fn documents(
        &self,
        principal: &Principal,
        collection: CollectionId,
        state: Option<DocumentState>,
        page: &PageRequest,
    ) -> Result<Page<Document>> {
        let own = self.collection(principal, collection).await?;
        self.authorize(principal, &READ, own.bot_id).await?;
        store::documents::page(self.0.deps.db.read(), self.org(), collection, state, page).await
    }

    /// The passages of a document by which it is found, from a number on.
    pub async fn passages(
        &self,
        principal: &Principal,
        document: DocumentId,
        from: u32,
        limit: u32,
    ) -> Result<Vec<Passage>> {
        let own = self.document(principal, document).await?;
        self.authorize(principal, &READ, own.bot_id).await?;
        let revision = own.served.unwrap_or(own.revision);
        store::passages::list(self.0.deps.db.read(), self.org(), document, revision, from, limit.into()).await
    }

    /// Stops the work on a document.
    pub async fn cancel(&self, principal: &Principal, document: DocumentId) -> Result<()> {
        let own = self.document(principal, document).await?;
        self.authorize(principal, &MANAGE, own.bot_id).await?;
        let (org, now) = (self.org(), self.now());
        let cancelled = self
            .write("cancelling a document", move |tx| {
                Box::pin(async move { store::work::cancel(tx, org, document, now).await })
            })
            .await?;
        self.stop_reading(document);
        if cancelled { Ok(()) } else { Err(Error::Invalid("nobody works on this document".to_owned())) }
    }

    /// Tries a document again that failed or was cancelled.
    pub async fn retry(&self, principal: &Principal, document: DocumentId) -> Result<()> {
        let own = self.document(principal, document).await?;
        self.authorize(principal, &MANAGE, own.bot_id).await?;
        if self.again(Again::Document(document)).await? == 0 {
            return Err(Error::Invalid("only a document that failed or was cancelled can be tried again".to_owned()));
        }
        Ok(())
    }

    /// Reads all documents of a collection again.
    pub async fn reindex(&self, principal: &Principal, collection: CollectionId) -> Result<u64> {
        let own = self.collection(principal, collection).await?;
        self.authorize(principal, &MANAGE, own.bot_id).await?;
        self.again(Again::Collection(collection)).await
    }

    /// Reads all documents of a bot again.
    pub async fn reindex_all(&self, principal: &Principal, bot_id: BotId) -> Result<u64> {
        self.authorize(principal, &MANAGE, bot_id).await?;
        self.again(Again::Bot(bot_id)).await
    }

    async fn again(&self, which: Again) -> Result<u64> {
        let (org, now) = (self.org(), self.now());
        let documents = self
            .write("reading documents again", move |tx| {
                Box::pin(async move { store::work::again(tx, org, which, now).await })
            })
            .await?;
        self.0.kick.notify_one();
        Ok(documents)
    }

    /// Decides about a collection whose files vanished at once, or takes an earlier decision to keep them back.
    pub async fn release(&self, principal: &Principal, collection: CollectionId, decision: Decision) -> Result<()> {
        let own = self.collection(principal, collection).await?;
        self.authorize(principal, &MANAGE, own.bot_id).await?;
        if own.missing == 0 && decision != Decision::Forget {
            return Err(Error::Invalid("no files of this collection wait for a decision".to_owned()));
        }
        let attached = self.attached(own.bot_id).ok_or(Error::NotFound("library"))?;
        let turn = attached.syncing.lock().await;
        // Files may have come back since; only what is still missing is decided about.
        let listing = attached.library.files.list().await?;
        let there: std::collections::HashSet<&str> = listing.files.iter().map(|file| file.path.as_str()).collect();
        let known = store::documents::known(self.0.deps.db.read(), self.org(), own.bot_id).await?;
        let gone: Vec<DocumentId> = known
            .iter()
            .filter(|known| known.collection_id == collection && !there.contains(known.path.as_str()))
            .filter(|known| known.kept == (decision == Decision::Forget))
            .map(|known| known.id)
            .collect();
        if gone.is_empty() && decision == Decision::Forget {
            return Err(Error::Invalid("no documents of this collection are kept without their files".to_owned()));
        }
        let (org, now, ids) = (self.org(), self.now(), gone.clone());
        self.write("deciding about documents", move |tx| {
            Box::pin(async move {
                match decision {
                    Decision::Remove => store::documents::delete(tx, org, &ids).await?,
                    Decision::Keep => store::documents::set_kept(tx, org, &ids, true).await?,
                    Decision::Forget => return store::documents::delete(tx, org, &ids).await,
                }
                store::collections::set_missing(tx, org, collection, 0, now).await
            })
        })
        .await?;
        if decision != Decision::Keep {
            self.remove_from_indexes(&attached, &gone).await;
            self.forget_empty(own.bot_id).await?;
        }
        drop(turn);
        self.0.kick.notify_one();
        Ok(())
    }

    /// A collection that the caller may know of.
    async fn collection(&self, principal: &Principal, id: CollectionId) -> Result<Collection> {
        let found = store::collections::find(self.0.deps.db.read(), principal.org_id, id).await?;
        found.ok_or(Error::NotFound("collection"))
    }

    /// A document that the caller may know of.
    pub(super) async fn document(&self, principal: &Principal, id: DocumentId) -> Result<Document> {
        let found = store::documents::find(self.0.deps.db.read(), principal.org_id, id).await?;
        found.ok_or(Error::NotFound("document"))
    }
}
