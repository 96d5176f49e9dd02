//! Knowledge: documents of a bot become passages that people may find.
//!
//! Invariants: what is found lies in SQL, an index only points to it and can be made anew from it at any time; a
//! document is shown only to who holds one of its grants, by the index and once more by the table; whatever is not
//! finished goes on after a crash; nothing vanishes because a disk was not there.

mod api;
mod chunk;
mod error;
mod keywords;
mod language;
#[path = "../migrations/m0001_knowledge.rs"]
mod m0001_knowledge;
mod model;
mod permissions;
mod reader;
mod remedy;
mod service;
mod source;
mod speech;
mod store;

use botserver_db::Migration;
use botserver_module::Module;

pub use api::{AnswerView, CollectionView, FoundView};
pub use chunk::{TokenCount, about_tokens};
pub use error::{Error, Result};
pub use keywords::{ActiveCollections, find_in_collection};
pub use model::{
    Collection, CollectionId, CollectionState, Document, DocumentId, DocumentState, Fit, FoundPassage, Generation,
    LibraryRow, Passage, kinds,
};
pub use permissions::{EVERYBODY, Permissions, PermissionsFinding, SIGNED_IN};
pub use reader::{check_grants, grants_as, grants_of};
pub use service::{
    Answer, CollectionHealth, Decision, Embedders, IndexHealth, Knowledge, KnowledgeDeps, KnowledgeOptions, Layout,
    Library, LibraryHealth, MOST_PASSAGES, Search, Statistics, SyncReport,
};
pub use source::{FetchedFile, FileSource, FolderFiles, ListedFile, Listing, PERMISSIONS_FILE, SourceError};
pub use speech::language_of;

/// The tables of this room.
pub const MIGRATIONS: &[Migration] = &[m0001_knowledge::MIGRATION];

/// The room as the server plugs it in. Run [`MIGRATIONS`] before [`Knowledge::open`].
pub fn module(knowledge: &Knowledge) -> Module {
    Module {
        name: "knowledge",
        routes: api::routes(knowledge.clone()),
        keywords: keywords::keywords(knowledge),
        migrations: MIGRATIONS.to_vec(),
    }
}
