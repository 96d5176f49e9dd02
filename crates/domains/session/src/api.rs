//! The routes of conversations.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use botserver_kernel::{AttachmentId, BotId, ConversationId, MessageId, Page, Timestamp};
use botserver_ports::ObjectError;
use botserver_ui_tree::Part;
use botserver_web::{Caller, Json, PageParameters, PageQuery, Path, Problem, Query};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Attachment, Conversation, NewAttachment, Rating, SessionService, StoredMessage};

type Service = State<Arc<SessionService>>;

pub(crate) fn routes(service: Arc<SessionService>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, delete))
        .routes(routes!(messages))
        .routes(routes!(rate))
        .routes(routes!(upload))
        .routes(routes!(download))
        .with_state(service)
}

/// A conversation as clients see it.
#[derive(Serialize, ToSchema)]
struct ConversationView {
    /// `cnv_…`
    id: String,
    /// `bot_…`
    bot: String,
    title: Option<String>,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339.
    updated_at: String,
}

impl From<Conversation> for ConversationView {
    fn from(own: Conversation) -> Self {
        Self {
            id: own.id.to_string(),
            bot: own.bot_id.to_string(),
            title: own.title,
            created_at: rfc3339(own.created_at_ms),
            updated_at: rfc3339(own.updated_at_ms),
        }
    }
}

/// A message as clients see it.
#[derive(Serialize, ToSchema)]
struct MessageView {
    /// `msg_…`
    id: String,
    /// The number of its event.
    seq: i64,
    /// `person` or `bot`.
    #[schema(value_type = String)]
    role: botserver_ui_tree::Speaker,
    /// See the chat protocol.
    #[schema(value_type = Vec<Object>)]
    parts: Vec<Part>,
    /// RFC 3339.
    at: String,
    /// `up`, `down` or null.
    feedback: Option<&'static str>,
}

impl From<StoredMessage> for MessageView {
    fn from(own: StoredMessage) -> Self {
        Self {
            id: own.id.to_string(),
            seq: own.seq,
            role: own.role,
            parts: own.parts,
            at: rfc3339(own.at_ms),
            feedback: own.rating.map(|rating| match rating {
                Rating::Up => "up",
                Rating::Down => "down",
            }),
        }
    }
}

/// A stored file.
#[derive(Serialize, ToSchema)]
struct AttachmentView {
    /// `att_…`
    id: String,
    url: String,
    filename: String,
    mime_type: String,
    /// Bytes.
    size: u64,
}

impl From<Attachment> for AttachmentView {
    fn from(own: Attachment) -> Self {
        let url = own.url();
        Self { id: own.id.to_string(), url, filename: own.filename, mime_type: own.mime_type, size: own.size }
    }
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
struct ConversationPage {
    items: Vec<ConversationView>,
    next_cursor: Option<String>,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
struct MessagePage {
    items: Vec<MessageView>,
    next_cursor: Option<String>,
}

pub(crate) fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

fn problem(error: crate::Error) -> Problem {
    Problem::from(error)
}

/// Which conversations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// `bot_…`: only with this bot.
    #[param(value_type = Option<String>)]
    bot: Option<BotId>,
    /// Words that the title or a message contains.
    q: Option<String>,
}

/// The caller's conversations in which they have written, newest first.
#[utoipa::path(get, path = "/api/v1/conversations", tag = "conversations", params(Filter, PageParameters),
    responses((status = 200, body = ConversationPage)))]
async fn list(
    State(service): Service,
    Caller(principal): Caller,
    Query(filter): Query<Filter>,
    PageQuery(page): PageQuery,
) -> Result<Json<ConversationPage>, Problem> {
    let page = service.list(&principal, filter.bot, filter.q.as_deref(), &page).await.map_err(problem)?;
    let Page { items, next_cursor } = page;
    Ok(Json(ConversationPage {
        items: items.into_iter().map(Into::into).collect(),
        next_cursor: next_cursor.map(|cursor| cursor.encode()),
    }))
}

/// One conversation.
#[utoipa::path(get, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path)), responses((status = 200, body = ConversationView)))]
async fn show(
    State(service): Service,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
) -> Result<Json<ConversationView>, Problem> {
    Ok(Json(service.load(&principal, id).await.map_err(problem)?.into()))
}

/// Deletes a conversation with its messages and files.
#[utoipa::path(delete, path = "/api/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete(
    State(service): Service,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    service.delete(&principal, id).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The messages of a conversation, oldest first.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages", tag = "conversations",
    params(("id" = String, Path), PageParameters), responses((status = 200, body = MessagePage)))]
async fn messages(
    State(service): Service,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
    PageQuery(page): PageQuery,
) -> Result<Json<MessagePage>, Problem> {
    let Page { items, next_cursor } = service.messages(&principal, id, &page).await.map_err(problem)?;
    Ok(Json(MessagePage {
        items: items.into_iter().map(Into::into).collect(),
        next_cursor: next_cursor.map(|cursor| cursor.encode()),
    }))
}

/// What the person thinks of a message.
#[derive(Deserialize, ToSchema)]
struct Feedback {
    /// `up`, `down`, or null to take it back.
    rating: Option<Thumb>,
    /// At most 2,000 characters.
    reason: Option<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Thumb {
    Up,
    Down,
}

/// Rates a message of the bot.
#[utoipa::path(put, path = "/api/v1/conversations/{id}/messages/{message}/feedback", tag = "conversations",
    params(("id" = String, Path), ("message" = String, Path)), request_body = Feedback, responses((status = 204)))]
async fn rate(
    State(service): Service,
    Caller(principal): Caller,
    Path((id, message)): Path<(ConversationId, MessageId)>,
    Json(body): Json<Feedback>,
) -> Result<StatusCode, Problem> {
    let rating = body.rating.map(|thumb| match thumb {
        Thumb::Up => Rating::Up,
        Thumb::Down => Rating::Down,
    });
    service.rate(&principal, id, message, rating, body.reason).await.map_err(problem)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The name of an uploaded file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadName {
    /// With extension, without folders.
    filename: String,
}

/// Uploads a file to a conversation: the body is the file.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/attachments", tag = "conversations",
    params(("id" = String, Path), UploadName), request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = AttachmentView)))]
async fn upload(
    State(service): Service,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
    Query(name): Query<UploadName>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AttachmentView>), Problem> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = body.into_data_stream().map(|chunk| chunk.map_err(|error| ObjectError::Interrupted(error.to_string())));
    let new = NewAttachment { filename: name.filename, declared_type: declared, body: Box::pin(body) };
    let stored = service.attach(&principal, id, new).await.map_err(problem)?;
    Ok((StatusCode::CREATED, Json(stored.into())))
}

/// A file, to whoever may read its conversation. Only harmless pictures, sound and video open in the browser.
#[utoipa::path(get, path = "/api/v1/attachments/{id}", tag = "conversations",
    params(("id" = String, Path)), responses((status = 200, description = "The file.")))]
async fn download(
    State(service): Service,
    Caller(principal): Caller,
    Path(id): Path<AttachmentId>,
) -> Result<Response, Problem> {
    let (attachment, body) = service.open_attachment(&principal, id).await.map_err(problem)?;
    let shown = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]
        .contains(&attachment.mime_type.as_str())
        || ["audio/", "video/"].iter().any(|kind| attachment.mime_type.starts_with(kind));
    let disposition = if shown { "inline" } else { "attachment" };
    let encoded: String = attachment
        .filename
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let named = format!("{disposition}; filename*=UTF-8''{encoded}");
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    let header_value =
        |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, header_value(&attachment.mime_type));
    headers.insert(header::CONTENT_DISPOSITION, header_value(&named));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(attachment.size));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    Ok(response)
}
