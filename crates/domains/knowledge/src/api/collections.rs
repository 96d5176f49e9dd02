//! Collections: how they are, and what their owner decides about them.

use axum::{extract::State, http::StatusCode};
use botserver_web::{Caller, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Done, Room, bot, done, rfc3339};
use crate::{Collection, CollectionId, Decision, LibraryRow};

/// A collection of documents.
#[derive(Debug, Serialize, ToSchema)]
pub struct CollectionView {
    /// `col_…`
    id: String,
    /// The sub-folder's name.
    name: String,
    /// `ready`, `indexing`, `held` (most files vanished at once; decide with `release`) or `empty`.
    state: &'static str,
    documents: i64,
    passages: i64,
    /// Documents that could not be read.
    failed: i64,
    /// Documents that are not finished.
    waiting: i64,
    /// Bytes of all documents.
    bytes: i64,
    /// What made the vectors that answer now; null when words alone decide.
    embedder: Option<String>,
    /// When held: how many files vanished.
    missing: Option<i64>,
    /// Documents that are kept although their files are gone; `release` with `forget` takes that back.
    kept: i64,
    /// RFC 3339.
    updated_at: String,
}

impl CollectionView {
    /// As clients see it.
    pub fn new(own: Collection, library: &LibraryRow) -> Self {
        let embedder = Some(library.serving.embedder.clone()).filter(|name| !name.is_empty());
        Self {
            state: own.state().word(),
            id: own.id.to_string(),
            name: own.name,
            documents: own.documents,
            passages: own.passages,
            failed: own.failed,
            waiting: own.waiting,
            bytes: own.bytes,
            embedder,
            missing: (own.missing > 0).then_some(own.missing),
            kept: own.kept,
            updated_at: rfc3339(own.updated_at_ms),
        }
    }
}

/// The collections of a bot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CollectionList {
    /// By name.
    items: Vec<CollectionView>,
    /// What the owner should know: a permissions file that cannot be read, collections that are left out.
    problems: Vec<String>,
    /// True while a damaged index is built anew; searches find what is there already.
    rebuilding: bool,
    /// The embedder for which a new index is being built, which will answer when it is complete.
    next_embedder: Option<String>,
    /// Always absent: a bot has few collections.
    next_cursor: Option<String>,
}

/// The collections of a bot.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/collections", tag = "knowledge", params(("bot" = String, Path)),
    responses((status = 200, body = CollectionList)))]
pub(super) async fn list_collections(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(name): Path<String>,
) -> Result<Json<CollectionList>, Problem> {
    let bot = bot(&knowledge, &name).await.map_err(Problem::from)?;
    let (library, all) = knowledge.collections(&principal, bot).await.map_err(Problem::from)?;
    Ok(Json(CollectionList {
        items: all.into_iter().map(|own| CollectionView::new(own, &library)).collect(),
        rebuilding: library.rebuilding,
        next_embedder: library.building.map(|own| own.embedder),
        problems: library.problems,
        next_cursor: None,
    }))
}

/// Reads all documents of a collection again.
#[utoipa::path(post, path = "/api/v1/collections/{id}/reindex", tag = "knowledge", params(("id" = String, Path)),
    responses((status = 202)))]
pub(super) async fn reindex(State(knowledge): Room, Caller(principal): Caller, Path(id): Path<CollectionId>) -> Done {
    done(knowledge.reindex(&principal, id), StatusCode::ACCEPTED).await
}

/// What becomes of documents whose files vanished at once, or were kept before.
#[derive(Deserialize, ToSchema)]
pub(super) struct Release {
    /// `remove`: they were meant to go. `keep`: they can still be found. `forget`: those kept before shall go.
    decision: Choice,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Choice {
    Remove,
    Keep,
    Forget,
}

/// Decides about a collection that is held, or takes back that documents without files are kept.
#[utoipa::path(post, path = "/api/v1/collections/{id}/release", tag = "knowledge", params(("id" = String, Path)),
    request_body = Release, responses((status = 204)))]
pub(super) async fn release(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<CollectionId>,
    Json(body): Json<Release>,
) -> Done {
    let decision = match body.decision {
        Choice::Remove => Decision::Remove,
        Choice::Keep => Decision::Keep,
        Choice::Forget => Decision::Forget,
    };
    done(knowledge.release(&principal, id, decision), StatusCode::NO_CONTENT).await
}
