//! What is kept of every call of a model: tokens and time for the bill, and how the window was put together for the
//! owner who asks "why did it see this?". Calls of a turn are rows of the turn's own commit.

use botserver_context::Window;
use botserver_db::{OrgScope, Statements};
use botserver_engines::{CommitExtension, Note, TurnCommit};
use botserver_kernel::{ConversationId, MessageId, OrgId};
use botserver_ports::{ModelFault, ModelUsage};
use sea_orm::DbErr;
use sea_query::{Expr, ExprTrait, Query};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

pub(crate) const CALLS: &str = "llm_calls";
pub(crate) const TRACES: &str = "llm_traces";
const CALL: &str = "llm.call";
const TRACE: &str = "llm.trace";
/// Rows per INSERT: below SQLite's limit of bound values.
const ROWS: usize = 1_000;

/// A call of a model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) id: Uuid,
    /// The person's message that it served, `msg_…`.
    pub(crate) message: Option<String>,
    pub(crate) model: String,
    pub(crate) provider: String,
    pub(crate) usage: Option<ModelUsage>,
    pub(crate) ms: u64,
    pub(crate) first_ms: Option<u64>,
    /// `ok`, `stopped`, or the word of what failed.
    pub(crate) outcome: String,
}

#[derive(Serialize, Deserialize)]
struct Trace {
    message: String,
    rounds: u32,
    window: Window,
}

/// The word of a failure in rows and wire formats.
pub(crate) fn word(fault: ModelFault) -> String {
    // A fieldless variant serialises as its name.
    serde_json::to_value(fault).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(crate) fn call_note(call: &Call) -> Note {
    Note { kind: CALL, value: json!(call) }
}

pub(crate) fn trace_note(message: &str, window: &Window, rounds: u32) -> Note {
    let trace = Trace { message: message.to_owned(), rounds, window: window.clone() };
    Note { kind: TRACE, value: json!(trace) }
}

/// Adds the calls and traces of turns to their commits.
pub struct ModelRecords;

impl CommitExtension for ModelRecords {
    fn extend(&self, turns: &[(&TurnCommit, i64)], statements: &mut Statements) -> Result<(), DbErr> {
        let notes = |kind| {
            turns.iter().flat_map(move |(turn, _)| {
                turn.notes.iter().filter(move |note| note.kind == kind).map(move |note| (*turn, note))
            })
        };
        let calls: Vec<_> = notes(CALL).collect();
        for chunk in calls.chunks(ROWS) {
            let mut insert = Query::insert();
            insert.into_table(CALLS).columns(CALL_COLUMNS);
            for (turn, note) in chunk {
                let call = Call::deserialize(&note.value).map_err(|error| DbErr::Type(error.to_string()))?;
                insert.values_panic(call.row(turn)?);
            }
            statements.push(&insert);
        }
        let traces: Vec<_> = notes(TRACE).collect();
        for chunk in traces.chunks(ROWS) {
            let mut insert = Query::insert();
            insert.into_table(TRACES).columns(["message_id", "org_id", "conversation_id", "rounds", "parts", "at_ms"]);
            for (turn, note) in chunk {
                let trace = Trace::deserialize(&note.value).map_err(|error| DbErr::Type(error.to_string()))?;
                let window = serde_json::to_string(&trace.window).map_err(|error| DbErr::Type(error.to_string()))?;
                insert.values_panic([
                    Expr::value(message_uuid(&trace.message)?),
                    Expr::value(turn.org_id.uuid()),
                    Expr::value(turn.lane_id.0),
                    Expr::value(trace.rounds as i32),
                    // PostgreSQL cannot store a zero character, not even an escaped one in every tool that reads it.
                    Expr::value(window.replace("\\u0000", "")),
                    Expr::value(turn.at_ms),
                ]);
            }
            statements.push(&insert);
        }
        Ok(())
    }
}

pub(crate) const CALL_COLUMNS: [&str; 15] = [
    "id",
    "org_id",
    "bot_id",
    "person_id",
    "conversation_id",
    "message_id",
    "model",
    "provider",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "duration_ms",
    "first_ms",
    "outcome",
    "at_ms",
];

impl Call {
    fn row(&self, turn: &TurnCommit) -> Result<[Expr; 15], DbErr> {
        let message = self.message.as_deref().map(message_uuid).transpose()?;
        Ok(self.values(
            turn.org_id.uuid(),
            turn.bot_id.uuid(),
            turn.person_id.map(botserver_kernel::Id::uuid),
            message,
            Some(turn.lane_id.0),
            turn.at_ms,
        ))
    }

    pub(crate) fn values(
        &self,
        org: Uuid,
        bot: Uuid,
        person: Option<Uuid>,
        message: Option<Uuid>,
        conversation: Option<Uuid>,
        at_ms: i64,
    ) -> [Expr; 15] {
        let usage = self.usage.unwrap_or_default();
        let known = |tokens: u64| self.usage.is_some().then_some(tokens as i64);
        [
            Expr::value(self.id),
            Expr::value(org),
            Expr::value(bot),
            Expr::value(person),
            Expr::value(conversation),
            Expr::value(message),
            Expr::value(self.model.replace('\0', "")),
            Expr::value(self.provider.as_str()),
            Expr::value(known(usage.input)),
            Expr::value(known(usage.output)),
            Expr::value(known(usage.cached)),
            Expr::value(self.ms as i64),
            Expr::value(self.first_ms.map(|ms| ms as i64)),
            Expr::value(self.outcome.as_str()),
            Expr::value(at_ms),
        ]
    }
}

fn message_uuid(id: &str) -> Result<Uuid, DbErr> {
    id.parse::<MessageId>().map(botserver_kernel::Id::uuid).map_err(|error| DbErr::Type(error.to_string()))
}

/// Removes what is kept about the answers of a conversation. What was used stays on the bill, without the conversation.
pub fn delete_traces(org: OrgId, conversation: ConversationId, statements: &mut Statements) {
    let mut traces = OrgScope(org).delete(TRACES);
    traces.and_where(Expr::col("conversation_id").eq(conversation.uuid()));
    statements.push(&traces);
    let mut calls = OrgScope(org).update(CALLS);
    calls
        .value("conversation_id", Option::<Uuid>::None)
        .value("message_id", Option::<Uuid>::None)
        .and_where(Expr::col("conversation_id").eq(conversation.uuid()));
    statements.push(&calls);
}
