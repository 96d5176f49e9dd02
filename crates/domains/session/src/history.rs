//! The transcript as rows of the turn's own commit: multi-row statements for a whole batch of turns.

use async_trait::async_trait;
use botserver_db::{ConnectionTrait, Tx};
use botserver_engines::{CommitExtension, TurnCommit};
use botserver_kernel::MessageId;
use botserver_ui_tree::{ChatEvent, Speaker, plain_text};
use sea_orm::{DbErr, Statement};
use sea_query::{Expr, Query, Value};

use crate::model::title_from;

/// Adds messages to the history and moves conversations to the top of the list.
pub struct History;

/// Rows per INSERT: below SQLite's limit of bound values.
const ROWS: usize = 1_000;

#[async_trait]
impl CommitExtension for History {
    async fn extend(&self, tx: &Tx, turns: &[(&TurnCommit, i64)]) -> Result<(), DbErr> {
        let mut messages = Vec::new();
        let mut touched = Vec::new();
        for (turn, first_seq) in turns {
            let mut said = false;
            let mut title = None;
            for (event, seq) in turn.events.iter().zip(*first_seq..) {
                if event.get("kind").and_then(serde_json::Value::as_str) != Some("message") {
                    continue;
                }
                let Ok(ChatEvent::Message { id, role, parts, .. }) = serde_json::from_value(event.clone()) else {
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
            tx.execute(&insert).await?;
        }
        touch(tx, &touched).await
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
async fn touch(tx: &Tx, touched: &[Touched<'_>]) -> Result<(), DbErr> {
    for chunk in touched.chunks(ROWS) {
        let postgres = tx.get_database_backend() == sea_orm::DbBackend::Postgres;
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
        tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    }
    Ok(())
}
