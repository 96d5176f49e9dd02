//! The transcript as rows of the turn's own commit: multi-row statements for a whole batch of turns.

use botserver_db::Statements;
use botserver_engines::{CommitExtension, TurnCommit};
use botserver_kernel::MessageId;
use botserver_ui_tree::{ChatEvent, Speaker, plain_text};
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, Query, Value};
use serde::Deserialize as _;

use crate::model::title_from;

/// Adds messages to the history and moves conversations to the top of the list.
pub struct History;

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
                match event.get("kind").and_then(serde_json::Value::as_str) {
                    Some("message") => {}
                    Some("superseded") => {
                        let from = event.get("from").and_then(serde_json::Value::as_i64).unwrap_or(i64::MAX);
                        superseded.push((turn, from, seq));
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
            ]);
            for (turn, seq, id, role, event, text) in chunk {
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
                ]);
            }
            statements.push(&insert);
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
