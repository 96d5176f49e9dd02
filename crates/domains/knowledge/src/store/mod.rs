//! All queries of the room. Every one is limited to one organisation.

pub(crate) mod collections;
pub(crate) mod documents;
pub(crate) mod libraries;
pub(crate) mod passages;
pub(crate) mod work;

use botserver_db::{QueryResult, row};
use botserver_kernel::BotId;
use sea_orm::DbErr;

use crate::{CollectionId, Document, DocumentId, DocumentState};

const COLLECTIONS: &str = "knowledge_collections";
const DOCUMENTS: &str = "knowledge_documents";
const LIBRARIES: &str = "knowledge_libraries";
const PASSAGES: &str = "knowledge_passages";

/// Rows per INSERT: below SQLite's limit of bound values.
const ROWS: usize = 200;

/// The columns of [`read_document`].
const DOCUMENT: [&str; 21] = [
    "id",
    "bot_id",
    "collection_id",
    "path",
    "size",
    "modified_ns",
    "hash",
    "title",
    "language",
    "state",
    "pages_done",
    "pages",
    "passages",
    "error",
    "warnings",
    "grants",
    "attempts",
    "revision",
    "served",
    "kept",
    "updated_at_ms",
];

fn read_document(found: &QueryResult) -> Result<Document, DbErr> {
    let state: String = row(found, "state")?;
    Ok(Document {
        id: DocumentId::new(row(found, "id")?),
        bot_id: BotId::new(row(found, "bot_id")?),
        collection_id: CollectionId::new(row(found, "collection_id")?),
        path: row(found, "path")?,
        size: row(found, "size")?,
        modified_ns: row(found, "modified_ns")?,
        hash: row(found, "hash")?,
        title: row(found, "title")?,
        language: row(found, "language")?,
        state: DocumentState::from_word(&state)
            .ok_or_else(|| DbErr::Type(format!("`{state}` is no state of a document")))?,
        pages_done: row(found, "pages_done")?,
        pages: row(found, "pages")?,
        passages: row(found, "passages")?,
        error: row(found, "error")?,
        warnings: words(found, "warnings")?,
        grants: words(found, "grants")?,
        attempts: row(found, "attempts")?,
        revision: row(found, "revision")?,
        served: row(found, "served")?,
        kept: row(found, "kept")?,
        updated_at_ms: row(found, "updated_at_ms")?,
    })
}

/// A list of texts that is stored as JSON.
fn words(found: &QueryResult, column: &str) -> Result<Vec<String>, DbErr> {
    let text: String = row(found, column)?;
    serde_json::from_str(&text).map_err(|error| DbErr::Type(format!("{column}: {error}")))
}

/// A list of texts as it is stored.
pub(crate) fn json(words: &[String]) -> String {
    serde_json::Value::from(words).to_string()
}

/// PostgreSQL cannot store a zero character, and no document means one.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "")
}

fn uuids<'a, K: botserver_kernel::Kind>(
    ids: impl IntoIterator<Item = &'a botserver_kernel::Id<K>>,
) -> Vec<sea_query::Value> {
    ids.into_iter().map(|id| sea_query::Value::from(id.uuid())).collect()
}
