//! The routes of the owner's page (collections, documents, passages, decisions, and a question as any person) and the
//! file of a document, for whoever may read it.

mod collections;
mod documents;
mod file;
mod search;

use std::future::Future;

use axum::{extract::State, http::StatusCode};
use botserver_kernel::{BotId, Timestamp};
use botserver_web::Problem;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use collections::CollectionView;
pub use search::{AnswerView, FoundView};

use crate::{Error, Knowledge, Result};

type Room = State<Knowledge>;

/// What a handler answers that only does something.
type Done = Result<StatusCode, Problem>;

/// All routes of this room.
pub(crate) fn routes(knowledge: Knowledge) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(collections::list_collections))
        .routes(routes!(documents::list_documents))
        .routes(routes!(documents::list_passages))
        .routes(routes!(documents::cancel))
        .routes(routes!(documents::retry))
        .routes(routes!(collections::reindex))
        .routes(routes!(collections::release))
        .routes(routes!(search::search))
        .routes(routes!(file::open_file))
        .with_state(knowledge)
}

/// Does it, and says so with this status.
async fn done<T>(work: impl Future<Output = Result<T>>, status: StatusCode) -> Done {
    work.await.map(|_| status).map_err(Problem::from)
}

fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

/// A bot by name or by `bot_…`.
async fn bot(knowledge: &Knowledge, name: &str) -> Result<BotId> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let found = knowledge.find(name).await?.filter(|own| own.folder.is_none());
    found.map(|own| own.bot_id).ok_or(Error::NotFound("bot"))
}
