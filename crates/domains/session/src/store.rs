//! All queries of the room.

use botserver_db::{ConnectionTrait, OrgScope, QueryResult, Tx, row};
use botserver_engines::{LaneId, NewLane};
use botserver_kernel::{AttachmentId, BotId, ConversationId, Cursor, MessageId, OrgId, Page, PageRequest, PersonId};
use botserver_ui_tree::Speaker;
use sea_orm::DbErr;
use sea_query::{Cond, Expr, ExprTrait, LikeExpr, Order, Query};
use uuid::Uuid;

use crate::{Attachment, Conversation, Error, FoundMessage, Rating, Result, StoredMessage};

const CONVERSATIONS: &str = "session_conversations";
const MESSAGES: &str = "session_messages";
const ATTACHMENTS: &str = "session_attachments";
const COLUMNS: [&str; 8] = ["id", "org_id", "bot_id", "person_id", "title", "spoken", "created_at_ms", "updated_at_ms"];

fn read_conversation(found: &QueryResult) -> Result<Conversation, DbErr> {
    Ok(Conversation {
        id: ConversationId::new(row(found, "id")?),
        org_id: OrgId::new(row(found, "org_id")?),
        bot_id: BotId::new(row(found, "bot_id")?),
        person_id: PersonId::new(row(found, "person_id")?),
        title: row(found, "title")?,
        spoken: row(found, "spoken")?,
        created_at_ms: row(found, "created_at_ms")?,
        updated_at_ms: row(found, "updated_at_ms")?,
    })
}

/// Makes a conversation and its lane.
pub(crate) async fn insert(
    tx: &Tx,
    new: &Conversation,
    idempotency_key: Option<&str>,
    opened_with: Option<&str>,
) -> Result<(), DbErr> {
    let scope = OrgScope(new.org_id);
    let mut insert = scope.insert(
        CONVERSATIONS,
        &["id", "bot_id", "person_id", "spoken", "idempotency_key", "opened_with", "created_at_ms", "updated_at_ms"],
    );
    insert.values_panic(scope.values([
        new.id.uuid().into(),
        new.bot_id.uuid().into(),
        new.person_id.uuid().into(),
        false.into(),
        idempotency_key.into(),
        opened_with.into(),
        new.created_at_ms.into(),
        new.updated_at_ms.into(),
    ]));
    tx.execute(&insert).await?;
    let lane = NewLane {
        id: LaneId(new.id.uuid()),
        org_id: new.org_id,
        bot_id: new.bot_id,
        person_id: Some(new.person_id),
        kind: "conversation",
        channel: "web".to_owned(),
    };
    botserver_engines::insert_lane(tx, &lane, new.created_at_ms).await
}

pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    id: ConversationId,
) -> Result<Option<Conversation>> {
    let mut select = OrgScope(org_id).select(CONVERSATIONS);
    select.columns(COLUMNS).and_where(Expr::col("id").eq(id.uuid()));
    let found = connection.query_one(&select).await.map_err(Error::statement("finding a conversation"))?;
    found.as_ref().map(read_conversation).transpose().map_err(Error::statement("finding a conversation"))
}

/// The one made earlier under the same key.
pub(crate) async fn find_by_key(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    person: PersonId,
    key: &str,
) -> Result<Option<Conversation>> {
    let mut select = OrgScope(org_id).select(CONVERSATIONS);
    select
        .columns(COLUMNS)
        .and_where(Expr::col("person_id").eq(person.uuid()))
        .and_where(Expr::col("idempotency_key").eq(key));
    let found = connection.query_one(&select).await.map_err(Error::statement("finding a conversation"))?;
    found.as_ref().map(read_conversation).transpose().map_err(Error::statement("finding a conversation"))
}

/// The newest conversation, opened with this version of the bot, in which the person has not written yet.
pub(crate) async fn find_unspoken(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    person: PersonId,
    bot: BotId,
    version: &str,
) -> Result<Option<Conversation>> {
    let mut select = OrgScope(org_id).select(CONVERSATIONS);
    select
        .columns(COLUMNS)
        .and_where(Expr::col("person_id").eq(person.uuid()))
        .and_where(Expr::col("bot_id").eq(bot.uuid()))
        .and_where(Expr::col("spoken").eq(false))
        .and_where(Expr::col("opened_with").eq(version))
        .order_by("updated_at_ms", Order::Desc)
        .limit(1);
    let found = connection.query_one(&select).await.map_err(Error::statement("finding a conversation"))?;
    found.as_ref().map(read_conversation).transpose().map_err(Error::statement("finding a conversation"))
}

/// The person's conversations in which they have written, newest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    person: PersonId,
    bot: Option<BotId>,
    words: Option<&str>,
    page: &PageRequest,
) -> Result<Page<Conversation>> {
    let mut select = OrgScope(org_id).select(CONVERSATIONS);
    select
        .columns(COLUMNS)
        .and_where(Expr::col("person_id").eq(person.uuid()))
        .and_where(Expr::col("spoken").eq(true))
        .and_where_option(bot.map(|bot| Expr::col("bot_id").eq(bot.uuid())))
        .order_by("updated_at_ms", Order::Desc)
        .order_by("id", Order::Desc)
        .limit(u64::from(page.limit) + 1);
    if let Some(words) = words.map(str::trim).filter(|words| !words.is_empty()) {
        let like = || LikeExpr::new(format!("%{}%", escape_like(&words.to_lowercase()))).escape('\\');
        let mut said = Query::select();
        said.column("conversation_id")
            .from(MESSAGES)
            .and_where(Expr::col((MESSAGES, "org_id")).eq(org_id.uuid()))
            .and_where(Expr::col((MESSAGES, "conversation_id")).equals((CONVERSATIONS, "id")))
            .and_where(Expr::col((MESSAGES, "superseded")).eq(false))
            .and_where(Expr::col((MESSAGES, "search_text")).like(like()));
        let titled = Expr::expr(sea_query::Func::lower(Expr::col("title"))).like(like());
        select.cond_where(Cond::any().add(titled).add(Expr::exists(said)));
    }
    if let Some((at, id)) = page.after.as_ref().and_then(|cursor| cursor.0.split_once('/')) {
        let (Ok(at), Ok(id)) = (at.parse::<i64>(), id.parse::<Uuid>()) else {
            return Err(Error::Invalid("`cursor` is not one of ours".to_owned()));
        };
        select.cond_where(
            Cond::any()
                .add(Expr::col("updated_at_ms").lt(at))
                .add(Cond::all().add(Expr::col("updated_at_ms").eq(at)).add(Expr::col("id").lt(id))),
        );
    }
    let rows = connection.query_all(&select).await.map_err(Error::statement("listing conversations"))?;
    let mut items = rows
        .iter()
        .map(read_conversation)
        .collect::<Result<Vec<_>, DbErr>>()
        .map_err(Error::statement("listing conversations"))?;
    let more = items.len() > page.limit as usize;
    items.truncate(page.limit as usize);
    let next_cursor = match items.last() {
        Some(last) if more => Some(Cursor(format!("{}/{}", last.updated_at_ms, last.id.uuid()))),
        _ => None,
    };
    Ok(Page { items, next_cursor })
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

pub(crate) async fn rename(tx: &Tx, org_id: OrgId, id: ConversationId, title: &str) -> Result<(), DbErr> {
    let mut update = OrgScope(org_id).update(CONVERSATIONS);
    update.value("title", title).and_where(Expr::col("id").eq(id.uuid()));
    tx.execute(&update).await.map(drop)
}

/// Removes a conversation with everything in it.
pub(crate) async fn delete(tx: &Tx, org_id: OrgId, id: ConversationId) -> Result<(), DbErr> {
    let scope = OrgScope(org_id);
    for table in [MESSAGES, ATTACHMENTS] {
        tx.execute(scope.delete(table).and_where(Expr::col("conversation_id").eq(id.uuid()))).await?;
    }
    tx.execute(scope.delete(CONVERSATIONS).and_where(Expr::col("id").eq(id.uuid()))).await?;
    botserver_engines::delete_lanes(tx, org_id, &[LaneId(id.uuid())]).await
}

/// The messages, oldest first.
pub(crate) async fn messages(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    conversation: ConversationId,
    page: &PageRequest,
) -> Result<Page<StoredMessage>> {
    let after = match &page.after {
        Some(cursor) => cursor.0.parse().map_err(|_| Error::Invalid("`cursor` is not one of ours".to_owned()))?,
        None => 0_i64,
    };
    let mut select = OrgScope(org_id).select(MESSAGES);
    select
        .columns(["id", "seq", "role", "parts", "at_ms", "rating"])
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()))
        .and_where(Expr::col("superseded").eq(false))
        .and_where(Expr::col("seq").gt(after))
        .order_by("seq", Order::Asc)
        .limit(u64::from(page.limit) + 1);
    let rows = connection.query_all(&select).await.map_err(Error::statement("reading messages"))?;
    let mut items = rows
        .iter()
        .map(read_message)
        .collect::<Result<Vec<_>, DbErr>>()
        .map_err(Error::statement("reading messages"))?;
    let more = items.len() > page.limit as usize;
    items.truncate(page.limit as usize);
    let next_cursor = match items.last() {
        Some(last) if more => Some(Cursor(last.seq.to_string())),
        _ => None,
    };
    Ok(Page { items, next_cursor })
}

/// The newest messages that count, oldest first; with `before`, those before that number.
pub(crate) async fn newest_messages(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    conversation: ConversationId,
    before: Option<i64>,
    limit: u64,
) -> Result<Vec<StoredMessage>> {
    let broken = || Error::statement("reading the newest messages");
    let mut select = OrgScope(org_id).select(MESSAGES);
    select
        .columns(["id", "seq", "role", "parts", "at_ms", "rating"])
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()))
        .and_where(Expr::col("superseded").eq(false))
        .and_where_option(before.map(|seq| Expr::col("seq").lt(seq)))
        .order_by("seq", Order::Desc)
        .limit(limit);
    let rows = connection.query_all(&select).await.map_err(broken())?;
    rows.iter().rev().map(read_message).collect::<Result<_, DbErr>>().map_err(broken())
}

/// One message, whether or not it counts.
pub(crate) async fn find_message(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Option<FoundMessage>> {
    let broken = || Error::statement("finding a message");
    let mut select = OrgScope(org_id).select(MESSAGES);
    select
        .columns(["role", "superseded", "free_text"])
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()))
        .and_where(Expr::col("id").eq(message.uuid()));
    let found = connection.query_one(&select).await.map_err(broken())?;
    let read = |found: &QueryResult| {
        let role: String = row(found, "role")?;
        let role = if role == "person" { Speaker::Person } else { Speaker::Bot };
        Ok(FoundMessage { role, superseded: row(found, "superseded")?, free_text: row(found, "free_text")? })
    };
    found.as_ref().map(read).transpose().map_err(broken())
}

/// The messages that count from a message on, oldest first; none if it does not count itself.
pub(crate) async fn messages_from(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    conversation: ConversationId,
    message: MessageId,
) -> Result<Vec<StoredMessage>> {
    let broken = || Error::statement("reading messages");
    let mut first = OrgScope(org_id).select(MESSAGES);
    first
        .column("seq")
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()))
        .and_where(Expr::col("id").eq(message.uuid()))
        .and_where(Expr::col("superseded").eq(false));
    let mut select = OrgScope(org_id).select(MESSAGES);
    select
        .columns(["id", "seq", "role", "parts", "at_ms", "rating"])
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()))
        .and_where(Expr::col("superseded").eq(false))
        .and_where(Expr::col("seq").gte(Expr::SubQuery(None, Box::new(first.into()))))
        .order_by("seq", Order::Asc);
    let rows = connection.query_all(&select).await.map_err(broken())?;
    rows.iter().map(read_message).collect::<Result<_, DbErr>>().map_err(broken())
}

fn read_message(found: &QueryResult) -> Result<StoredMessage, DbErr> {
    let parts: String = row(found, "parts")?;
    let role: String = row(found, "role")?;
    let rating: Option<i16> = row(found, "rating")?;
    Ok(StoredMessage {
        id: MessageId::new(row(found, "id")?),
        seq: row(found, "seq")?,
        role: if role == "person" { Speaker::Person } else { Speaker::Bot },
        parts: serde_json::from_str(&parts).map_err(|error| DbErr::Type(error.to_string()))?,
        at_ms: row(found, "at_ms")?,
        rating: rating.map(|rating| if rating > 0 { Rating::Up } else { Rating::Down }),
    })
}

/// Rates a message of the bot; false when there is none of that id.
pub(crate) async fn rate(
    tx: &Tx,
    org_id: OrgId,
    conversation: ConversationId,
    message: MessageId,
    rating: Option<Rating>,
    reason: Option<&str>,
) -> Result<bool, DbErr> {
    let number = rating.map(|rating| match rating {
        Rating::Up => 1_i16,
        Rating::Down => -1,
    });
    let mut update = OrgScope(org_id).update(MESSAGES);
    update
        .value("rating", number)
        .value("rating_reason", reason.filter(|_| rating.is_some()))
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()))
        .and_where(Expr::col("id").eq(message.uuid()))
        .and_where(Expr::col("role").eq("bot"));
    Ok(tx.execute(&update).await?.rows_affected() == 1)
}

pub(crate) async fn insert_attachment(
    tx: &Tx,
    org_id: OrgId,
    attachment: &Attachment,
    now_ms: i64,
) -> Result<(), DbErr> {
    let scope = OrgScope(org_id);
    let mut insert =
        scope.insert(ATTACHMENTS, &["id", "conversation_id", "filename", "mime_type", "size_bytes", "created_at_ms"]);
    insert.values_panic(scope.values([
        attachment.id.uuid().into(),
        attachment.conversation_id.uuid().into(),
        attachment.filename.clone().into(),
        attachment.mime_type.clone().into(),
        (attachment.size as i64).into(),
        now_ms.into(),
    ]));
    tx.execute(&insert).await.map(drop)
}

/// The files of those ids, in no order.
pub(crate) async fn attachments(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    ids: &[AttachmentId],
) -> Result<Vec<Attachment>> {
    let filter = Expr::col("id").is_in(ids.iter().map(|id| sea_query::Value::from(id.uuid())));
    select_attachments(connection, org_id, filter).await
}

/// The files of a conversation.
pub(crate) async fn attachments_of(
    connection: &impl ConnectionTrait,
    org_id: OrgId,
    conversation: ConversationId,
) -> Result<Vec<Attachment>> {
    select_attachments(connection, org_id, Expr::col("conversation_id").eq(conversation.uuid())).await
}

async fn select_attachments(connection: &impl ConnectionTrait, org_id: OrgId, filter: Expr) -> Result<Vec<Attachment>> {
    let mut select = OrgScope(org_id).select(ATTACHMENTS);
    select.columns(["id", "conversation_id", "filename", "mime_type", "size_bytes"]).and_where(filter);
    let rows = connection.query_all(&select).await.map_err(Error::statement("finding files"))?;
    rows.iter()
        .map(|found| {
            Ok(Attachment {
                id: AttachmentId::new(row(found, "id")?),
                conversation_id: ConversationId::new(row(found, "conversation_id")?),
                filename: row(found, "filename")?,
                mime_type: row(found, "mime_type")?,
                size: row::<i64>(found, "size_bytes")?.unsigned_abs(),
            })
        })
        .collect::<Result<_, DbErr>>()
        .map_err(Error::statement("finding files"))
}

/// How many conversations each bot has in which a person has written.
pub(crate) async fn counts(connection: &impl ConnectionTrait, org_id: OrgId) -> Result<Vec<(BotId, i64)>> {
    let mut select = OrgScope(org_id).select(CONVERSATIONS);
    select
        .column("bot_id")
        .expr_as(Expr::col("id").count(), "conversations")
        .and_where(Expr::col("spoken").eq(true))
        .group_by_col("bot_id");
    let rows = connection.query_all(&select).await.map_err(Error::statement("counting conversations"))?;
    rows.iter()
        .map(|found| Ok((BotId::new(row(found, "bot_id")?), row(found, "conversations")?)))
        .collect::<Result<_, DbErr>>()
        .map_err(Error::statement("counting conversations"))
}
