//! A question as any person would ask it, with scores and reasons.

use axum::extract::State;
use botserver_web::{Caller, Json, Path, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Room, bot};
use crate::{Answer, Error, FoundPassage, Search, check_grants, grants_as, grants_of};

/// A passage that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundView {
    /// `doc_…`
    document: String,
    title: String,
    /// Of the document, below the folder of the documents.
    path: String,
    collection: String,
    /// Where the document can be opened, at its page if it has any.
    url: String,
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
            url: own.url(),
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

/// A question to the documents.
#[derive(Deserialize, ToSchema)]
pub(super) struct Asked {
    question: String,
    /// How many passages, 1 to 200; `rag-top-k` without.
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
pub(super) enum Reader {
    Name(String),
    Grants(Vec<String>),
}

/// Finds passages as any person would, with scores and reasons.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/knowledge/search", tag = "knowledge", params(("bot" = String, Path)),
    request_body = Asked, responses((status = 200, body = AnswerView)))]
pub(super) async fn search(
    State(knowledge): Room,
    Caller(principal): Caller,
    Path(name): Path<String>,
    Json(body): Json<Asked>,
) -> Result<Json<AnswerView>, Problem> {
    let bot = bot(&knowledge, &name).await.map_err(Problem::from)?;
    let grants = match body.reader {
        None => Ok(grants_of(&principal)),
        Some(Reader::Grants(grants)) => check_grants(&grants).map(|()| grants),
        Some(Reader::Name(name)) => grants_as(&name),
    };
    let grants = grants.map_err(Error::Invalid).map_err(Problem::from)?;
    let search = Search { question: body.question, collections: body.collections, limit: body.limit };
    Ok(Json(knowledge.search_as(&principal, bot, grants, &search).await.map_err(Problem::from)?.into()))
}
