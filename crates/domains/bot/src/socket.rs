//! The chat socket: one task per open page, speaking `docs/chat-protocol.md`, version 1.

use std::{sync::Arc, time::Duration};

use botserver_engines::{CommittedEvent, EventText, LaneId, LaneNotice};
use botserver_kernel::{AttachmentId, ConversationId, Fault, MessageId, Principal, Role, Timestamp};
use botserver_packages::LoadedPackage;
use botserver_ports::Subscription;
use botserver_session::Conversation;
use botserver_web::{CloseFrame, MAX_FRAME_BYTES, Message, WebSocket, was_cut_off};
use futures_util::SinkExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    Error, SendMessage,
    service::{ChatService, EVENTS_PER_PAGE, hide_owner_parts},
};

/// The WebSocket subprotocol.
pub(crate) const PROTOCOL: &str = "botserver.chat.v1";
/// How long a client may take to say hello.
const HELLO: Duration = Duration::from_secs(10);
/// A client that says nothing for this long (they ping every 25 s) is gone.
const SILENCE: Duration = Duration::from_secs(75);
/// A client that does not take what it is sent for this long is gone.
const SLOW: Duration = Duration::from_secs(20);

/// How long a client that sends far too much may take to read why. What it sends meanwhile is not read, and closing
/// over that resets the connection, with the words in it.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What came.
enum Incoming {
    Text(String),
    /// Frames are texts.
    Binary,
    /// More than a frame may have; all of it if it could be read.
    TooLong(Option<String>),
}

/// What a client sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Hello {
        conversation: Option<ConversationId>,
        #[serde(default)]
        after: i64,
        #[serde(default)]
        visible: bool,
        #[serde(default)]
        locale: String,
    },
    Message {
        id: MessageId,
        #[serde(default)]
        text: String,
        #[serde(default)]
        attachments: Vec<AttachmentId>,
        action: Option<String>,
        replaces: Option<MessageId>,
    },
    Regenerate {
        id: MessageId,
        message: MessageId,
    },
    Withdraw {
        id: MessageId,
    },
    Cancel,
    Visible,
    Typing,
    Ping,
}

/// Why a socket ends.
enum End {
    /// The client went away, or does not take what it is sent.
    Gone,
    /// We close it, with a code of the protocol.
    Close(u16, &'static str),
}

type Ended<T> = Result<T, End>;

/// Talks with one client until either side goes.
pub(crate) async fn talk(
    service: Arc<ChatService>,
    principal: Principal,
    bot: Arc<LoadedPackage>,
    mut socket: WebSocket,
    shutdown: CancellationToken,
) {
    // What happens now and then lives in a box for as long as it lasts; the rest is paid for by every open page.
    let end = match Box::pin(greet(&service, &principal, &bot, &mut socket)).await {
        Ok(mut page) => page.run(&mut socket, &shutdown).await,
        Err(end) => Err(end),
    };
    match end {
        Err(End::Close(code, reason)) => {
            let _ = socket.send(Message::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
            if code == 1009 {
                tokio::select! {
                    () = tokio::time::sleep(LAST_WORDS) => {}
                    () = shutdown.cancelled() => {}
                }
            }
        }
        Ok(()) | Err(End::Gone) => {}
    }
}

/// Waits for hello, finds or begins the conversation, and sends what the client has not seen.
async fn greet(
    service: &Arc<ChatService>,
    principal: &Principal,
    bot: &LoadedPackage,
    socket: &mut WebSocket,
) -> Ended<Page> {
    let first = timeout(HELLO, next_text(socket)).await.map_err(|_| End::Close(4408, "no hello within 10 seconds"))?;
    let text = first.ok_or(End::Gone)??;
    let text = match text {
        Incoming::Text(text) => text,
        // No hello either.
        Incoming::Binary => String::new(),
        Incoming::TooLong(text) => {
            too_long(socket, text.as_deref()).await?;
            return Err(End::Close(1009, "the first frame is too large"));
        }
    };
    let Ok(Frame::Hello { conversation, after, visible, locale }) = serde_json::from_str(&text) else {
        send(socket, &bad_frame("the first frame must be a hello")).await?;
        return Err(End::Close(1008, "the first frame must be a hello"));
    };
    let found = match conversation {
        Some(id) => service.sessions().load_to_write(principal, id).await,
        None => service.sessions().begin_or_take_up(principal, bot.bot_id, &bot.hash).await,
    };
    let conversation = match found {
        Ok(conversation) if conversation.bot_id == bot.bot_id => conversation,
        Ok(_) | Err(botserver_session::Error::NotFound(_)) => {
            return Err(End::Close(4404, "no such conversation"));
        }
        Err(error) => {
            send(socket, &refusal(&Error::Session(error), None)).await?;
            return Err(End::Close(1011, "the conversation cannot be opened"));
        }
    };
    // Listening begins before reading, so that nothing falls in between.
    let listener = service.follow(&conversation).await.map_err(|_| End::Close(1011, "try again"))?;
    let mut page = Page {
        service: service.clone(),
        principal: principal.clone(),
        conversation,
        locale: locale.chars().take(35).collect(),
        listener,
        seen: after.max(0),
        greeted: false,
    };
    page.ready(socket, bot).await?;
    page.catch_up(socket).await?;
    page.stream(socket).await?;
    if visible {
        page.visible(socket).await?;
    }
    Ok(page)
}

/// One open page.
struct Page {
    service: Arc<ChatService>,
    principal: Principal,
    conversation: Conversation,
    locale: String,
    listener: Box<dyn Subscription>,
    /// The newest event that was sent.
    seen: i64,
    greeted: bool,
}

impl Page {
    async fn run(&mut self, socket: &mut WebSocket, shutdown: &CancellationToken) -> Ended<()> {
        loop {
            tokio::select! {
                notice = self.listener.next() => Box::pin(self.notice(socket, notice.as_deref())).await?,
                frame = timeout(SILENCE, next_text(socket)) => match frame {
                    Ok(Some(incoming)) => match incoming? {
                        Incoming::Text(text) => Box::pin(self.frame(socket, &text)).await?,
                        Incoming::Binary => send(socket, &bad_frame("frames are JSON texts; this one was binary")).await?,
                        Incoming::TooLong(text) => Box::pin(too_long(socket, text.as_deref())).await?,
                    },
                    Ok(None) => return Ok(()),
                    Err(_) => return Err(End::Close(1001, "nothing heard for too long")),
                },
                () = shutdown.cancelled() => {
                    // The last turns have just been committed; whoever looks sees their end before the goodbye.
                    Box::pin(self.catch_up(socket)).await?;
                    send(socket, &json!({"type": "bye", "reason": "restart"})).await?;
                    return Err(End::Close(1001, "the server stops"));
                }
            }
        }
    }

    async fn ready(&mut self, socket: &mut WebSocket, bot: &LoadedPackage) -> Ended<()> {
        let lane = LaneId(self.conversation.id.uuid());
        let newest = self.service.newest_seq(&self.conversation).await.map_err(|_| End::Close(1011, "try again"))?;
        // Whoever has more than there is (a backup was brought back) must not wait until the numbers come round again.
        self.seen = self.seen.min(newest);
        send(
            socket,
            &json!({
                "type": "ready", "protocol": 1, "conversation": self.conversation.id, "seq": newest,
                "owner": self.principal.role == Role::Owner, "title": self.conversation.title,
                "bot": {
                    "id": bot.bot_id, "name": bot.name, "title": bot.look.title, "welcome": bot.look.welcome,
                    "version": bot.hash,
                },
                "queued": queued(&self.service.engine().queue(lane)),
                "working": self.service.engine().is_working(lane),
            }),
        )
        .await
    }

    /// Sends the committed events after the newest one the client has.
    async fn catch_up(&mut self, socket: &mut WebSocket) -> Ended<()> {
        loop {
            let found = self
                .service
                .events_loaded(&self.principal, &self.conversation, self.seen, EVENTS_PER_PAGE)
                .await
                .map_err(|_| End::Close(1011, "events cannot be read; reconnect"))?;
            if found.is_empty() {
                return flush(socket).await;
            }
            for event in found {
                self.feed(socket, event).await?;
            }
        }
    }

    /// Adds an event to what leaves with the next [`flush`].
    async fn feed(&mut self, socket: &mut WebSocket, event: CommittedEvent) -> Ended<()> {
        self.seen = event.seq;
        let at = Timestamp::from_millisecond(event.at_ms).map(|at| at.to_string()).unwrap_or_default();
        let frame = EventFrame { kind: "event", seq: event.seq, at, event: &event.event };
        // Plain data with text keys always serialises.
        let text = serde_json::to_string(&frame).unwrap_or_default();
        in_time(socket.feed(Message::text(text))).await
    }

    async fn notice(&mut self, socket: &mut WebSocket, bytes: Option<&[u8]>) -> Ended<()> {
        match bytes.and_then(LaneNotice::decode) {
            Some(LaneNotice::Events(events)) => {
                for mut event in events {
                    if event.seq <= self.seen {
                        continue;
                    }
                    if event.seq > self.seen + 1 {
                        // A notice overtook another, or was lost; the outbox has them in order.
                        return self.catch_up(socket).await;
                    }
                    hide_owner_parts(&mut event.event, &self.principal);
                    self.feed(socket, event).await?;
                }
                flush(socket).await
            }
            Some(LaneNotice::Working(on)) => send(socket, &json!({"type": "working", "on": on})).await,
            Some(LaneNotice::Queue(items)) => send(socket, &json!({"type": "queue", "items": queued(&items)})).await,
            Some(LaneNotice::Delta(delta)) => {
                let mut frame = json!(delta);
                frame["type"] = json!("delta");
                send(socket, &frame).await
            }
            Some(LaneNotice::Deleted) => Err(End::Close(4409, "the conversation was deleted")),
            None => {
                self.catch_up(socket).await?;
                self.stream(socket).await
            }
        }
    }

    async fn frame(&mut self, socket: &mut WebSocket, text: &str) -> Ended<()> {
        let frame = match serde_json::from_str::<Frame>(text) {
            Ok(frame) => frame,
            Err(error) => {
                let detail = format!("this frame is not one of the protocol: {error}");
                return send(socket, &bad_frame(&detail)).await;
            }
        };
        match frame {
            Frame::Message { id, text, attachments, action, replaces } => {
                let message =
                    SendMessage { id: Some(id), text, attachments, action, replaces, ..SendMessage::default() };
                self.accept(socket, id, message).await
            }
            Frame::Regenerate { id, message } => {
                let wish = SendMessage { id: Some(id), regenerate: Some(message), ..SendMessage::default() };
                self.accept(socket, id, wish).await
            }
            Frame::Withdraw { id } => match self.service.withdraw(&self.principal, self.conversation.id, id).await {
                Ok(()) => Ok(()),
                Err(error) => send(socket, &refusal(&error, Some(id))).await,
            },
            // The events tell when it is stopped.
            Frame::Cancel => match self.service.cancel(&self.principal, self.conversation.id).await {
                Ok(_) => Ok(()),
                Err(error) => send(socket, &refusal(&error, None)).await,
            },
            Frame::Visible => self.visible(socket).await,
            Frame::Ping => send(socket, &json!({"type": "pong"})).await,
            Frame::Typing => Ok(()),
            Frame::Hello { .. } => send(socket, &bad_frame("hello was said already")).await,
        }
    }

    /// Hands a message in and acknowledges it.
    async fn accept(&mut self, socket: &mut WebSocket, id: MessageId, message: SendMessage) -> Ended<()> {
        let message = SendMessage { locale: self.locale.clone(), ..message };
        let answer = match self.service.send_loaded(&self.principal, &self.conversation, message).await {
            Ok(sent) => json!({
                "type": "ack", "id": sent.id, "state": acknowledged(&sent), "ahead": sent.accepted.ahead,
            }),
            Err(error) => refusal(&error, Some(id)),
        };
        send(socket, &answer).await
    }

    /// The answer that is being written, for a client that joins in the middle of it.
    async fn stream(&mut self, socket: &mut WebSocket) -> Ended<()> {
        let Some(so_far) = self.service.so_far(&self.conversation).await else { return Ok(()) };
        let mut frame = json!(so_far);
        frame["type"] = json!("stream");
        send(socket, &frame).await
    }

    /// A person looks at the page: the bot greets, once per conversation.
    async fn visible(&mut self, socket: &mut WebSocket) -> Ended<()> {
        if std::mem::replace(&mut self.greeted, true) || self.seen > 0 {
            return Ok(());
        }
        match self.service.open_loaded(&self.conversation, &self.locale).await {
            Ok(()) => Ok(()),
            Err(error) => send(socket, &refusal(&error, None)).await,
        }
    }
}

fn queued(items: &[(String, Json)]) -> Vec<Json> {
    let view = |(id, payload): &(String, Json)| {
        let mut item = json!({"id": id, "text": payload.get("text").cloned().unwrap_or_default()});
        if let Some(message) = payload.get("regenerate") {
            // No message of its own: the wish to have this one answered anew.
            item["regenerates"] = message.clone();
        }
        item
    };
    items.iter().map(view).collect()
}

fn acknowledged(sent: &crate::Sent) -> &'static str {
    match sent.accepted.state {
        botserver_engines::ItemState::Queued => "queued",
        _ => "taken",
    }
}

fn refusal(error: &Error, id: Option<MessageId>) -> Json {
    let mut detail = error.to_string();
    if error.kind() == botserver_kernel::ErrorKind::Internal {
        tracing::error!(error = %error, "a frame failed");
        "the server failed to do this; try again".clone_into(&mut detail);
    }
    let code = match error.code() {
        code @ ("rate_limited" | "queue_full" | "already_taken" | "not_found" | "empty_message" | "too_large"
        | "id_taken" | "not_yours" | "superseded" | "still_queued" | "cannot_regenerate" | "busy"
        | "waiting_for_answer") => code,
        _ => "unavailable",
    };
    let mut frame = json!({"type": "error", "code": code, "title": "Not done", "detail": detail});
    if let Some(seconds) = error.retry_after_seconds() {
        frame["retry_after"] = json!(seconds);
    }
    if let Some(id) = id {
        frame["id"] = json!(id);
    }
    frame
}

fn bad_frame(detail: &str) -> Json {
    json!({"type": "error", "code": "bad_frame", "title": "Bad frame", "detail": detail})
}

/// Tells a client that a frame was too large, and which message it was, so that it does not send it for ever.
async fn too_long(socket: &mut WebSocket, text: Option<&str>) -> Ended<()> {
    let detail = format!(
        "a frame may have at most {MAX_FRAME_BYTES} bytes, so nothing of it was taken; send a shorter message, or the \
         text as a file"
    );
    let mut frame =
        json!({"type": "error", "code": "too_large", "title": "Too long", "detail": detail, "limit": MAX_FRAME_BYTES});
    if let Some(Ok(Frame::Message { id, .. })) = text.map(serde_json::from_str) {
        frame["id"] = json!(id);
    }
    send(socket, &frame).await?;
    if text.is_some() { Ok(()) } else { Err(End::Close(1009, "the frame is too large")) }
}

/// A committed event as clients see it.
#[derive(Serialize)]
struct EventFrame<'e> {
    #[serde(rename = "type")]
    kind: &'static str,
    seq: i64,
    at: String,
    event: &'e EventText,
}

async fn send(socket: &mut WebSocket, frame: &Json) -> Ended<()> {
    in_time(socket.send(Message::text(frame.to_string()))).await
}

async fn flush(socket: &mut WebSocket) -> Ended<()> {
    in_time(socket.flush()).await
}

/// What a client does not take in time is its last.
async fn in_time<E>(sending: impl Future<Output = Result<(), E>>) -> Ended<()> {
    match timeout(SLOW, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// The next text frame; `None` when the client has closed.
async fn next_text(socket: &mut WebSocket) -> Option<Ended<Incoming>> {
    loop {
        return match socket.recv().await {
            Some(Ok(Message::Text(text))) if text.len() > MAX_FRAME_BYTES => {
                Some(Ok(Incoming::TooLong(Some(text.to_string()))))
            }
            Some(Ok(Message::Text(text))) => Some(Ok(Incoming::Text(text.to_string()))),
            Some(Ok(Message::Binary(_))) => Some(Ok(Incoming::Binary)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Err(error)) if was_cut_off(&error) => Some(Ok(Incoming::TooLong(None))),
            // Whatever else broke the connection, it is over.
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function of five arguments returns.
    fn size_of_output<A, B, C, D, E, F>(_: fn(A, B, C, D, E) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_page_that_rests_is_small() {
        let bytes = size_of_output(talk);
        assert!(bytes <= 2_048, "every open page pays for {bytes} bytes");
    }
}
