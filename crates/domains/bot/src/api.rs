//! The routes for talking.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode, response::Response};
use botserver_engines::{CommittedEvent, EventText};
use botserver_kernel::{AttachmentId, ConversationId, MessageId, Timestamp};
use botserver_web::{Caller, Deadline, IdempotencyKey, Json, Locale, Path, Problem, Query, SocketUpgrade, Sockets};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ChatService, SendMessage, Sent,
    service::{EVENTS_PER_PAGE, EventHead},
    socket::{self, PROTOCOL},
};

/// The longest `wait`.
const LONGEST_WAIT: u64 = 60;
/// How long whoever stops a turn over HTTP waits for its end.
const STOPPING: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Api {
    service: Arc<ChatService>,
    sockets: Sockets,
}

pub(crate) fn routes(service: Arc<ChatService>, sockets: Sockets) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(open_socket))
        .routes(routes!(begin))
        .routes(routes!(rename))
        .routes(routes!(open))
        .routes(routes!(cancel))
        .routes(routes!(events))
        .routes(routes!(send))
        .routes(routes!(regenerate))
        .routes(routes!(withdraw))
        .with_state(Api { service, sockets })
}

fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

/// The chat socket; see the chat protocol.
#[utoipa::path(get, path = "/api/v1/bots/{bot}/socket", tag = "chat", params(("bot" = String, Path)),
    responses((status = 101, description = "A WebSocket with the subprotocol `botserver.chat.v1`.")))]
async fn open_socket(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(bot): Path<String>,
    upgrade: SocketUpgrade,
) -> Result<Response, Problem> {
    let bot = api.service.bot(&principal, &bot).await.map_err(Problem::from)?;
    let service = api.service.clone();
    api.sockets
        .accept(upgrade, PROTOCOL, move |socket, shutdown| socket::talk(service, principal, bot, socket, shutdown))
}

/// A conversation that has just begun.
#[derive(Serialize, ToSchema)]
struct Begun {
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

impl From<botserver_session::Conversation> for Begun {
    fn from(own: botserver_session::Conversation) -> Self {
        Self {
            id: own.id.to_string(),
            bot: own.bot_id.to_string(),
            title: own.title,
            created_at: rfc3339(own.created_at_ms),
            updated_at: rfc3339(own.updated_at_ms),
        }
    }
}

/// Begins a conversation.
#[utoipa::path(post, path = "/api/v1/bots/{bot}/conversations", tag = "chat", params(("bot" = String, Path)),
    responses((status = 201, body = Begun)))]
async fn begin(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(bot): Path<String>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<(StatusCode, Json<Begun>), Problem> {
    let bot = api.service.bot(&principal, &bot).await.map_err(Problem::from)?;
    let begun = api.service.sessions().begin(&principal, bot.bot_id, key).await.map_err(Problem::from)?;
    Ok((StatusCode::CREATED, Json(begun.into())))
}

/// A new title.
#[derive(Deserialize, ToSchema)]
struct Rename {
    /// 1 to 200 characters.
    title: String,
}

/// Renames a conversation.
#[utoipa::path(patch, path = "/api/v1/conversations/{id}", tag = "conversations", params(("id" = String, Path)),
    request_body = Rename, responses((status = 200, body = Begun)))]
async fn rename(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
    Json(body): Json<Rename>,
) -> Result<Json<Begun>, Problem> {
    Ok(Json(api.service.rename(&principal, id, &body.title).await.map_err(Problem::from)?.into()))
}

/// A person looks at the conversation: the bot greets, once.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/open", tag = "chat", params(("id" = String, Path)),
    responses((status = 202)))]
async fn open(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
    locale: Locale,
) -> Result<StatusCode, Problem> {
    api.service.open(&principal, id, locale.as_str()).await.map_err(Problem::from)?;
    Ok(StatusCode::ACCEPTED)
}

/// Stops the running turn; or, while a tool that the model called waits for the person's answer, ends that tool: the
/// model is told that the person declined, and goes on. When this is answered, that the turn was stopped is on the disk;
/// only a turn that does not end within ten seconds is not waited for.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/cancel", tag = "chat", params(("id" = String, Path)),
    responses((status = 202)))]
async fn cancel(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
) -> Result<StatusCode, Problem> {
    if let Some(cancelled) = api.service.cancel(&principal, id).await.map_err(Problem::from)? {
        cancelled.committed(STOPPING).await;
    }
    Ok(StatusCode::ACCEPTED)
}

/// A committed event.
#[derive(Serialize, ToSchema)]
struct EventView {
    seq: i64,
    /// RFC 3339.
    at: String,
    /// See the chat protocol.
    #[schema(value_type = Object)]
    event: EventText,
}

impl From<CommittedEvent> for EventView {
    fn from(own: CommittedEvent) -> Self {
        Self { seq: own.seq, at: rfc3339(own.at_ms), event: own.event }
    }
}

/// Events of a conversation.
#[derive(Serialize, ToSchema)]
struct EventPage {
    items: Vec<EventView>,
    /// Give this as `after` for what comes next.
    next_after: i64,
}

/// Where to begin.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// The newest `seq` the client has.
    #[serde(default)]
    after: i64,
}

/// The committed events after a number, at most 500.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/events", tag = "chat",
    params(("id" = String, Path), After), responses((status = 200, body = EventPage)))]
async fn events(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
    Query(After { after }): Query<After>,
) -> Result<Json<EventPage>, Problem> {
    let found = api.service.events(&principal, id, after, EVENTS_PER_PAGE).await.map_err(Problem::from)?;
    let next_after = found.last().map_or(after, |event| event.seq);
    Ok(Json(EventPage { items: found.into_iter().map(Into::into).collect(), next_after }))
}

/// A message to the bot.
#[derive(Deserialize, ToSchema)]
struct NewMessage {
    /// Made by the client (`msg_…`); sending it twice is one message.
    #[schema(value_type = Option<String>)]
    id: Option<MessageId>,
    #[serde(default)]
    text: String,
    /// Files uploaded to this conversation.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    attachments: Vec<AttachmentId>,
    /// The action of a suggestion.
    action: Option<String>,
    /// An earlier message of the person (`msg_…`) that this one takes the place of: from that one on nothing counts any
    /// more. Refused with 404 when there is no such message in the conversation, with 409 when it cannot be set aside.
    #[schema(value_type = Option<String>)]
    replaces: Option<MessageId>,
}

/// How long to wait.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wait {
    /// Seconds to wait for the end of the turn, at most 60.
    wait: Option<u64>,
}

/// What became of a message.
#[derive(Serialize, ToSchema)]
struct MessageSent {
    /// `msg_…`
    id: String,
    /// `queued`, `taken`, `done` or `withdrawn`.
    state: &'static str,
    /// With `wait`, once the turn has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<TurnView>,
    /// With `wait`: what the bot said, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    messages: Option<Vec<EventText>>,
    /// With `wait`: all events of the turn after the message itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventView>>,
}

/// How a turn ended.
#[derive(Serialize, ToSchema)]
struct TurnView {
    /// `done`, `waiting`, `failed`, `cancelled` or `refused`.
    outcome: String,
}

/// Sends a message. Answered once it is committed, or with `wait` once its turn has ended.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/messages", tag = "chat",
    params(("id" = String, Path), Wait), request_body = NewMessage,
    responses((status = 202, body = MessageSent), (status = 200, body = MessageSent),
              (status = 404, description = "no such conversation, or no message that `replaces` names", body = Problem),
              (status = 409, description = "`id_taken`; or what `replaces` names cannot be set aside: `not_yours`, \
                  `superseded`, `still_queued`, `busy`, `waiting_for_answer`", body = Problem)))]
async fn send(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path(id): Path<ConversationId>,
    Query(Wait { wait }): Query<Wait>,
    locale: Locale,
    deadline: Deadline,
    Json(body): Json<NewMessage>,
) -> Result<(StatusCode, Json<MessageSent>), Problem> {
    let message = SendMessage {
        id: body.id,
        text: body.text,
        attachments: body.attachments,
        action: body.action,
        locale: locale.as_str().to_owned(),
        replaces: body.replaces,
        regenerate: None,
    };
    let Some(seconds) = wait.filter(|seconds| *seconds > 0) else {
        let sent = api.service.send(&principal, id, message).await.map_err(Problem::from)?;
        return Ok((StatusCode::ACCEPTED, Json(view(&sent, None))));
    };
    let patience = Duration::from_secs(seconds.min(LONGEST_WAIT));
    deadline.extend(patience);
    let (sent, turn) = api.service.send_and_wait(&principal, id, message, patience).await.map_err(Problem::from)?;
    let status = if turn.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(view(&sent, turn))))
}

/// Answers a message of the person anew; what was said after it does not count any more.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/messages/{message}/regenerate", tag = "chat",
    params(("id" = String, Path), ("message" = String, Path)),
    responses((status = 202, body = MessageSent),
              (status = 404, description = "no such message in this conversation", body = Problem),
              (status = 409, description = "it cannot be answered anew: `not_yours`, `superseded`, `still_queued`, \
                  `busy`, `waiting_for_answer`, `cannot_regenerate`", body = Problem)))]
async fn regenerate(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path((id, message)): Path<(ConversationId, MessageId)>,
    locale: Locale,
) -> Result<(StatusCode, Json<MessageSent>), Problem> {
    let wish = SendMessage { regenerate: Some(message), locale: locale.as_str().to_owned(), ..SendMessage::default() };
    let sent = api.service.send(&principal, id, wish).await.map_err(Problem::from)?;
    Ok((StatusCode::ACCEPTED, Json(view(&sent, None))))
}

fn view(sent: &Sent, turn: Option<Vec<CommittedEvent>>) -> MessageSent {
    let mut answer = MessageSent {
        id: sent.id.to_string(),
        state: sent.accepted.state_word(),
        turn: None,
        messages: None,
        events: None,
    };
    if let Some(events) = turn {
        let read = |event: &CommittedEvent| event.event.read::<EventHead>().unwrap_or_default();
        answer.state = "done";
        answer.turn = events.last().map(|end| TurnView { outcome: read(end).outcome });
        let said = events.iter().filter(|event| {
            let head = read(event);
            head.kind == "message" && head.role == "bot"
        });
        answer.messages = Some(said.map(|event| event.event.clone()).collect());
        answer.events = Some(events.into_iter().map(Into::into).collect());
    }
    answer
}

/// Takes back a message that no turn has taken.
#[utoipa::path(delete, path = "/api/v1/conversations/{id}/messages/{message}", tag = "chat",
    params(("id" = String, Path), ("message" = String, Path)), responses((status = 204)))]
async fn withdraw(
    State(api): State<Api>,
    Caller(principal): Caller,
    Path((id, message)): Path<(ConversationId, MessageId)>,
) -> Result<StatusCode, Problem> {
    api.service.withdraw(&principal, id, message).await.map_err(Problem::from)?;
    Ok(StatusCode::NO_CONTENT)
}
