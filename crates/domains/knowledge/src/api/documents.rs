//! Documents: their stages, their passages, and the work on them.

use axum::{extract::State, http::StatusCode};
use botserver_kernel::{Page, PageRequest};
use botserver_web::{Caller, Json, PageParameters, PageQuery, Path, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Done, Room, done, rfc3339};
use crate::{CollectionId, Document, DocumentId, DocumentState, Error, Passage};

/// A document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentView {
    /// `doc_…`
    id: String,
    name: String,
    /// Below the folder of the documents.
    path: String,
    title: String,
    /// Bytes.
    size: i64,
    media_type: String,
    /// ISO 639-1, once it was read.
    language: Option<String>,
    /// `waiting`, `reading`, `embedding`, `indexed`, `failed` or `cancelled`.
    state: &'static str,
    pages_done: i32,
    pages: Option<i32>,
    passages: i32,
    /// True if it is kept although its file is gone.
    kept: bool,
    /// Why it failed, or why it is tried again.
    error: Option<String>,
    /// If it failed: what its owner can do about it.
    remedy: Option<&'static str>,
    /// What was left out and why.
    warnings: Vec<String>,
    /// Who may read it: `all`, `authenticated`, `role:…`, `group:…`, `user:…`.
    grants: Vec<String>,
    /// RFC 3339.
    updated_at: String,
}

impl From<Document> for DocumentView {
    fn from(own: Document) -> Self {
        Self {
            id: own.id.to_string(),
            name: own.file_name().to_owned(),
            title: own.shown_title(),
            media_type: own.media_type(),
            remedy: own.remedy(),
            path: own.path,
            size: own.size,
            language: own.language,
            state: own.state.word(),
            pages_done: own.pages_done,
            pages: own.pages,
            passages: own.passages,
            kept: own.kept,
            error: own.error,
            warnings: own.warnings,
            grants: own.grants,
            updated_at: rfc3339(own.updated_at_ms),
        }
    }
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DocumentPage {
    /// By path.
    items: Vec<DocumentView>,
    /// Give this as `cursor` for the next page; absent on the last one.
    next_cursor: Option<String>,
}

/// A passage of a document.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PassageView {
    /// From 0.
    number: u32,
    /// The headings above it.
    place: String,
    page: Option<u32>,
    sheet: Option<String>,
    /// The first row of a table that it holds.
    row: Option<u32>,
    text: String,
    tokens: u32,
}

impl From<Passage> for PassageView {
    fn from(own: Passage) -> Self {
        let Passage { number, place, page, sheet, row, text, tokens } = own;
        Self { number, place, page, sheet, row, text, tokens }
    }
}

/// A page of passages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PassagePage {
    /// In the order of the document.
    items: Vec<PassageView>,
    /// Give this as `cursor` for the next page; absent on the last one.
    next_cursor: Option<String>,
}

/// Which documents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only those in this state.
    state: Option<String>,
}

/// The documents of a collection, by path.
#[utoipa::path(get, path = "/api/v1/collections/{id}/documents", tag = "knowledge",
    params(("id" = String, Path), Filter, PageParameters), responses((status = 200, body = DocumentPage)))]
pub(super) async fn list_documents(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<CollectionId>,
    Query(filter): Query<Filter>,
    PageQuery(page): PageQuery,
) -> Result<Json<DocumentPage>, Problem> {
    let state = filter.state.as_deref().map(|word| {
        DocumentState::from_word(word).ok_or_else(|| Error::Invalid(format!("`{word}` is no state of a document")))
    });
    let state = state.transpose().map_err(Problem::from)?;
    let Page { items, next_cursor } = knowledge.documents(&principal, id, state, &page).await.map_err(Problem::from)?;
    Ok(Json(DocumentPage {
        items: items.into_iter().map(Into::into).collect(),
        next_cursor: next_cursor.map(|cursor| cursor.encode()),
    }))
}

/// The passages of a document, in its order.
#[utoipa::path(get, path = "/api/v1/documents/{id}/passages", tag = "knowledge",
    params(("id" = String, Path), PageParameters), responses((status = 200, body = PassagePage)))]
pub(super) async fn list_passages(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<DocumentId>,
    PageQuery(PageRequest { limit, after }): PageQuery,
) -> Result<Json<PassagePage>, Problem> {
    let from = match after {
        None => Ok(0),
        Some(cursor) => cursor.0.parse().map_err(|_| Error::Invalid("`cursor` is not one of ours".to_owned())),
    };
    let from = from.map_err(Problem::from)?;
    let mut items = knowledge.passages(&principal, id, from, limit + 1).await.map_err(Problem::from)?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = items.last().filter(|_| more).map(|last| botserver_kernel::Cursor((last.number + 1).to_string()));
    Ok(Json(PassagePage {
        items: items.into_iter().map(Into::into).collect(),
        next_cursor: next.map(|cursor| cursor.encode()),
    }))
}

/// Stops the work on a document.
#[utoipa::path(post, path = "/api/v1/documents/{id}/cancel", tag = "knowledge", params(("id" = String, Path)),
    responses((status = 204)))]
pub(super) async fn cancel(State(knowledge): Room, Caller(principal): Caller, Path(id): Path<DocumentId>) -> Done {
    done(knowledge.cancel(&principal, id), StatusCode::NO_CONTENT).await
}

/// Tries a document again that failed or was cancelled.
#[utoipa::path(post, path = "/api/v1/documents/{id}/retry", tag = "knowledge", params(("id" = String, Path)),
    responses((status = 204)))]
pub(super) async fn retry(State(knowledge): Room, Caller(principal): Caller, Path(id): Path<DocumentId>) -> Done {
    done(knowledge.retry(&principal, id), StatusCode::NO_CONTENT).await
}
