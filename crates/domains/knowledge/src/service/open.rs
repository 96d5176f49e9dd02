//! The file of a document, for whoever may read the document.

use botserver_kernel::Principal;

use super::{Knowledge, TALK};
use crate::{Document, DocumentId, Error, FetchedFile, Result, grants_of};

impl Knowledge {
    /// A document that can be found, and its file. Whoever may not read the document now is told that there is none,
    /// the owner of the bot too.
    pub async fn open_file(&self, principal: &Principal, document: DocumentId) -> Result<(Document, FetchedFile)> {
        let nothing = || Error::NotFound("document");
        let own = self.document(principal, document).await?;
        match self.authorize(principal, &TALK, own.bot_id).await {
            Err(Error::Denied(_)) => return Err(nothing()),
            other => other?,
        }
        let held = grants_of(principal);
        if own.served.is_none() || !own.grants.iter().any(|grant| held.contains(grant)) {
            return Err(nothing());
        }
        let attached = self.attached(own.bot_id).ok_or_else(nothing)?;
        let file = attached.library.files.fetch(&own.path).await?;
        file.map(|file| (own, file)).ok_or(Error::NotFound("file any more"))
    }
}
