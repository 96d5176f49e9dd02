//! The transcript as rows of the turn's own commit: multi-row statements for a whole batch of turns.

use botserver_db::Statements;
use botserver_engines::{CommitExtension, Note, TurnCommit};
use botserver_kernel::MessageId;
use botserver_ui_tree::{ChatEvent, Speaker, plain_text};
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, Query, Value};
use serde::Deserialize as _;
use serde_json::Value as Json;

use crate::model::title_from;

/// Adds messages to the history and moves conversations to the top of the list.
pub struct History;

/// The note of a turn about a message that no script took.
const FREE_TEXT: &str = "session.free_text";

/// Says of a message of the person (`msg_…`) that no script took it: only then its answer can be made anew.
pub fn free_text(message: &str) -> Note {
    Note { kind: FREE_TEXT, value: Json::from(message) }
}

/// Rows per INSERT: below SQLite's limit of bound values.
const ROWS: usize = 1_000;

impl CommitExtension for History {
    fn extend(&self, turns: &[(&TurnCommit, i64)], statements: &mut Statements) -> Result<(), DbErr> {
        let mut messages = Vec::new();
        let mut touched = Vec::new();
        let mut superseded = Vec::new();
        for (turn, first_seq) in turns {
            let mut said = false;
            let mut title = None;
            for (event, seq) in turn.events.iter().map(|event| &event.value).zip(*first_seq..) {
                match event.get("kind").and_then(Json::as_str) {
                    Some("message") => {}
                    Some("superseded") => {
                        let number = |name: &str| event.get(name).and_then(Json::as_i64);
                        let until = number("until").map_or(seq, |last| Ord::min(last.saturating_add(1), seq));
                        superseded.push((turn, number("from").unwrap_or(i64::MAX), until));
                        continue;
                    }
                    _ => continue,
                }
                let Ok(ChatEvent::Message { id, role, parts, .. }) = ChatEvent::deserialize(event) else {
                    return Err(DbErr::Type("a message event does not have the shape of one".to_owned()));
                };
                // PostgreSQL cannot store a zero character; one that a script says must not hold up the turn.
                let text = plain_text(&parts).replace('\0', "");
                if role == Speaker::Person && !std::mem::replace(&mut said, true) {
                    title = title_from(&text);
                }
                messages.push((turn, seq, id, role, event, text));
            }
            if !turn.events.is_empty() {
                touched.push(Touched { turn, said, title });
            }
        }
        for chunk in messages.chunks(ROWS) {
            let mut insert = Query::insert();
            insert.into_table("session_messages").columns([
                "conversation_id",
                "seq",
                "id",
                "org_id",
                "role",
                "parts",
                "search_text",
                "at_ms",
                "free_text",
            ]);
            for (turn, seq, id, role, event, text) in chunk {
                let is_free = notes(turn).any(|free| free == id);
                let id: MessageId =
                    id.parse().map_err(|error: botserver_kernel::IdError| DbErr::Type(error.to_string()))?;
                insert.values_panic([
                    Expr::value(turn.lane_id.0),
                    Expr::value(*seq),
                    Expr::value(id.uuid()),
                    Expr::value(turn.org_id.uuid()),
                    Expr::value(if *role == Speaker::Person { "person" } else { "bot" }),
                    Expr::value(event.get("parts").map(ToString::to_string).unwrap_or_default()),
                    Expr::value(text.to_lowercase()),
                    Expr::value(turn.at_ms),
                    Expr::value(is_free),
                ]);
            }
            statements.push(&insert);
        }
        // A message whose turn has begun before: a checkpoint stored it without the word.
        for (turn, _) in turns {
            let stored = |own: &&str| !messages.iter().any(|(_, _, id, ..)| id == *own);
            let ids = notes(turn).filter(stored).filter_map(|id| id.parse::<MessageId>().ok());
            let ids: Vec<_> = ids.map(|id| Value::from(id.uuid())).collect();
            if !ids.is_empty() {
                let mut update = Query::update();
                update
                    .table("session_messages")
                    .value("free_text", true)
                    .and_where(Expr::col("conversation_id").eq(turn.lane_id.0))
                    .and_where(Expr::col("id").is_in(ids));
                statements.push(&update);
            }
        }
        touch(statements, &touched);
        for (turn, from, until) in superseded {
            let mut update = Query::update();
            update
                .table("session_messages")
                .value("superseded", true)
                .and_where(Expr::col("conversation_id").eq(turn.lane_id.0))
                .and_where(Expr::col("seq").gte(from))
                .and_where(Expr::col("seq").lt(until));
            statements.push(&update);
        }
        Ok(())
    }
}

/// The messages that a turn says no script took.
fn notes(turn: &TurnCommit) -> impl Iterator<Item = &str> {
    turn.notes.iter().filter(|note| note.kind == FREE_TEXT).filter_map(|note| note.value.as_str())
}

/// A conversation that a turn changed.
struct Touched<'a> {
    turn: &'a TurnCommit,
    /// The person wrote in it.
    said: bool,
    /// Their first words.
    title: Option<String>,
}

/// One `UPDATE … FROM (VALUES …)` for all conversations of the batch.
fn touch(statements: &mut Statements, touched: &[Touched<'_>]) {
    for chunk in touched.chunks(ROWS) {
        let postgres = statements.backend() == sea_orm::DbBackend::Postgres;
        let mut rows = Vec::with_capacity(chunk.len());
        let mut values: Vec<Value> = Vec::with_capacity(chunk.len() * 4);
        for (index, Touched { turn, said, title }) in chunk.iter().enumerate() {
            let n = index * 4;
            rows.push(if postgres {
                format!("(${}::uuid,${}::bigint,${}::boolean,${}::text)", n + 1, n + 2, n + 3, n + 4)
            } else {
                "(?,?,?,?)".to_owned()
            });
            values.extend([turn.lane_id.0.into(), turn.at_ms.into(), (*said).into(), title.clone().into()]);
        }
        let sql = format!(
            "WITH step(conversation, at, said, words) AS (VALUES {}) \
             UPDATE session_conversations SET updated_at_ms = step.at, spoken = spoken OR step.said, \
             title = COALESCE(title, step.words) FROM step WHERE session_conversations.id = step.conversation",
            rows.join(",")
        );
        statements.push_sql(sql, values);
    }
}
