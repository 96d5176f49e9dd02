//! The routes of the owner's page: collections, documents, passages, decisions, and a question as any person.

use axum::{extract::State, http::StatusCode};
use botserver_kernel::{BotId, Page, PageRequest, Timestamp};
use botserver_web::{Caller, Json, PageParameters, PageQuery, Path, Problem, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    Answer, Collection, CollectionId, Decision, Document, DocumentId, DocumentState, Error, FoundPassage, Knowledge,
    LibraryRow, Passage, Result, Search, grants_of,
};

type Room = State<Knowledge>;

/// All routes of this room.
pub(crate) fn routes(knowledge: Knowledge) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list_collections))
        .routes(routes!(list_documents))
        .routes(routes!(list_passages))
        .routes(routes!(cancel))
        .routes(routes!(retry))
        .routes(routes!(reindex))
        .routes(routes!(release))
        .routes(routes!(search))
        .with_state(knowledge)
}

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
            updated_at: rfc3339(own.updated_at_ms),
        }
    }
}

/// The collections of a bot.
#[derive(Debug, Serialize, ToSchema)]
struct CollectionList {
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

/// A document.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentView {
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
    /// Why it failed, or why it is tried again.
    error: Option<String>,
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
            path: own.path,
            size: own.size,
            language: own.language,
            state: own.state.word(),
            pages_done: own.pages_done,
            pages: own.pages,
            passages: own.passages,
            error: own.error,
            warnings: own.warnings,
            grants: own.grants,
            updated_at: rfc3339(own.updated_at_ms),
        }
    }
}

/// A page of documents.
#[derive(Debug, Serialize, ToSchema)]
struct DocumentPage {
    /// By path.
    items: Vec<DocumentView>,
    /// Give this as `cursor` for the next page; absent on the last one.
    next_cursor: Option<String>,
}

/// A passage of a document.
#[derive(Debug, Serialize, ToSchema)]
struct PassageView {
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
struct PassagePage {
    /// In the order of the document.
    items: Vec<PassageView>,
    /// Give this as `cursor` for the next page; absent on the last one.
    next_cursor: Option<String>,
}

/// A passage that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundView {
    /// `doc_…`
    document: String,
    title: String,
    /// Of the document, below the folder of the documents.
    path: String,
    collection: String,
    /// Its place among the document's passages, from 0.
    number: u32,
    /// The headings above it.
    place: String,
    page: Option<u32>,
    sheet: Option<String>,
    row: Option<u32>,
    text: String,
    /// What it was ranked by; comparable within one answer only.
    score: f32,
    /// BM25, if its words were found.
    lexical: Option<f32>,
    /// Cosine, if its meaning was near.
    cosine: Option<f32>,
    /// Why it was found.
    why: String,
}

impl From<FoundPassage> for FoundView {
    fn from(own: FoundPassage) -> Self {
        Self {
            document: own.document.to_string(),
            title: own.title,
            path: own.path,
            collection: own.collection,
            number: own.passage.number,
            place: own.passage.place,
            page: own.passage.page,
            sheet: own.passage.sheet,
            row: own.passage.row,
            text: own.passage.text,
            score: own.score,
            lexical: own.lexical,
            cosine: own.cosine,
            why: own.why,
        }
    }
}

/// What a question found.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerView {
    /// Best first.
    items: Vec<FoundView>,
    took_ms: f64,
    /// What the meaning was compared with; null when words alone decided.
    embedder: Option<String>,
    /// Why the answer may be worse than it could be.
    warnings: Vec<String>,
}

impl From<Answer> for AnswerView {
    fn from(own: Answer) -> Self {
        Self {
            items: own.passages.into_iter().map(Into::into).collect(),
            took_ms: (own.took.as_secs_f64() * 1e6).round() / 1e3,
            embedder: own.embedder,
            warnings: own.warnings,
        }
    }
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

/// The collections of a bot.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/collections", tag = "knowledge", params(("bot" = String, Path)),
    responses((status = 200, body = CollectionList)))]
async fn list_collections(
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

/// Which documents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Only those in this state.
    state: Option<String>,
}

/// The documents of a collection, by path.
#[utoipa::path(get, path = "/api/v1/collections/{id}/documents", tag = "knowledge",
    params(("id" = String, Path), Filter, PageParameters), responses((status = 200, body = DocumentPage)))]
async fn list_documents(
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
async fn list_passages(
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
async fn cancel(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, Problem> {
    knowledge.cancel(&principal, id).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a document again that failed or was cancelled.
#[utoipa::path(post, path = "/api/v1/documents/{id}/retry", tag = "knowledge", params(("id" = String, Path)),
    responses((status = 204)))]
async fn retry(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<DocumentId>,
) -> Result<StatusCode, Problem> {
    knowledge.retry(&principal, id).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads all documents of a collection again.
#[utoipa::path(post, path = "/api/v1/collections/{id}/reindex", tag = "knowledge", params(("id" = String, Path)),
    responses((status = 202)))]
async fn reindex(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<CollectionId>,
) -> Result<StatusCode, Problem> {
    knowledge.reindex(&principal, id).await.map_err(Problem::from)?;
    Ok(StatusCode::ACCEPTED)
}

/// What becomes of documents whose files vanished at once.
#[derive(Deserialize, ToSchema)]
struct Release {
    /// `remove`: they were meant to go. `keep`: they can still be found.
    decision: Choice,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Remove,
    Keep,
}

/// Decides about a collection that is held.
#[utoipa::path(post, path = "/api/v1/collections/{id}/release", tag = "knowledge", params(("id" = String, Path)),
    request_body = Release, responses((status = 204)))]
async fn release(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(id): Path<CollectionId>,
    Json(body): Json<Release>,
) -> Result<StatusCode, Problem> {
    let decision = match body.decision {
        Choice::Remove => Decision::Remove,
        Choice::Keep => Decision::Keep,
    };
    knowledge.release(&principal, id, decision).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// A question to the documents.
#[derive(Deserialize, ToSchema)]
struct Asked {
    question: String,
    /// How many passages; `rag-top-k` without.
    limit: Option<usize>,
    /// Only in these collections, by name.
    collections: Option<Vec<String>>,
    /// As whom: `visitor`, `owner`, or a list of grants such as `["all", "role:staff"]`. As oneself without.
    #[serde(rename = "as")]
    #[schema(rename = "as", value_type = Option<Object>)]
    reader: Option<Reader>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Reader {
    Name(String),
    Grants(Vec<String>),
}

/// Finds passages as any person would, with scores and reasons.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/knowledge/search", tag = "knowledge", params(("bot" = String, Path)),
    request_body = Asked, responses((status = 200, body = AnswerView)))]
async fn search(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(name): Path<String>,
    Json(body): Json<Asked>,
) -> Result<Json<AnswerView>, Problem> {
    let bot = bot(&knowledge, &name).await.map_err(Problem::from)?;
    let grants = match body.reader {
        None => grants_of(&principal),
        Some(Reader::Grants(grants)) => grants,
        Some(Reader::Name(name)) => grants_as(&name),
    };
    let search = Search { question: body.question, collections: body.collections, limit: body.limit };
    Ok(Json(knowledge.search_as(&principal, bot, grants, &search).await.map_err(Problem::from)?.into()))
}

/// The grants of a person who is named as in `--as`: `visitor`, `owner`, or grants with commas between them.
pub fn grants_as(name: &str) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match name.trim() {
        "visitor" | "" => words(&[crate::EVERYBODY]),
        "owner" => words(&[crate::EVERYBODY, crate::SIGNED_IN, "role:owner"]),
        other => {
            let mut grants: Vec<String> = other.split(',').map(|grant| grant.trim().to_owned()).collect();
            grants.retain(|grant| !grant.is_empty());
            // Whoever holds something is signed in.
            for usual in [crate::EVERYBODY, crate::SIGNED_IN] {
                if !grants.iter().any(|grant| grant == usual) {
                    grants.push(usual.to_owned());
                }
            }
            grants
        }
    }
}
