//! USE KB, CLEAR KB, THINK KB and the numbers of a bot's documents. Which collections a conversation uses is a part of
//! its state document; while no script has said anything, it uses all.

use std::sync::Arc;

use botserver_basic_types::{Arg, Args, BasicError, Effect, KeywordDecl, Rows, Value};
use botserver_engines::LogLine;
use botserver_runtime::{CallContext, Handler, KNOWLEDGE_STATE, Keyword, TurnBuffer, raising};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{Answer, Error, FoundPassage, Knowledge, Search, Statistics};

/// Passages that FIND and THINK KB give at most.
const MOST: usize = 100;
const DAY_MS: i64 = 86_400_000;

/// The collections that a conversation uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActiveCollections {
    /// The chosen ones, in lower case; all while nobody has chosen.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    chosen: Option<Vec<String>>,
    /// Those that were taken away from all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without: Vec<String>,
}

impl ActiveCollections {
    /// Reads it from a turn's state; what cannot be read counts as never said.
    pub fn load(turn: &TurnBuffer) -> Self {
        turn.state.get(KNOWLEDGE_STATE).and_then(|own| serde_json::from_value(own.clone()).ok()).unwrap_or_default()
    }

    /// The names to search in, of those that there are; `None` for all.
    pub fn names(&self, all: impl Iterator<Item = String>) -> Option<Vec<String>> {
        match &self.chosen {
            Some(chosen) => Some(chosen.clone()),
            None if self.without.is_empty() => None,
            None => Some(all.filter(|name| !self.without.contains(&name.to_lowercase())).collect()),
        }
    }

    fn change(turn: &mut TurnBuffer, change: impl FnOnce(&mut Self)) {
        let mut own = Self::load(turn);
        change(&mut own);
        // Plain data with text keys always serialises.
        *turn.state_mut(KNOWLEDGE_STATE) = serde_json::to_value(own).unwrap_or(Json::Null);
    }
}

/// A collection as scripts write it; `None` for the whole of a bot's documents (`"edu.gbkb"`).
fn collection(args: &Args) -> Result<Option<String>, BasicError> {
    let name = args.required_text("collection")?.trim().trim_matches('/').to_lowercase();
    let whole = std::path::Path::new(&name).extension().is_some_and(|end| end == "gbkb");
    Ok((!whole).then_some(name))
}

/// All keywords of this room.
pub(crate) fn keywords(knowledge: &Knowledge) -> Vec<Keyword> {
    let all = vec![
        use_kb(knowledge.clone()),
        clear_kb(),
        think_kb(knowledge.clone()),
        read(
            knowledge,
            "KB STATISTICS",
            "The numbers of the bot's documents as JSON text.",
            "numbers = JSON_PARSE(KB STATISTICS)",
            |_, own| Value::text(statistics(own).to_string()),
        ),
        read(
            knowledge,
            "KB LIST COLLECTIONS",
            "The names of the bot's collections.",
            "names = KB LIST COLLECTIONS",
            |_, own| Value::Array(own.collections.iter().map(|own| Value::text(&own.name)).collect()),
        ),
        read(
            knowledge,
            "KB DOCUMENTS COUNT",
            "How many documents the bot has.",
            "TALK KB DOCUMENTS COUNT",
            |_, own| Value::Int(own.collections.iter().map(|own| own.documents).sum()),
        ),
        read(
            knowledge,
            "KB STORAGE SIZE",
            "How large the bot's documents are together, in MB.",
            "TALK KB STORAGE SIZE",
            |_, own| Value::Float(megabytes(own.collections.iter().map(|own| own.bytes).sum())),
        ),
        collection_stats(knowledge.clone()),
        added_since(knowledge.clone()),
    ];
    raising(all, &[1000, 3001, 4000])
}

fn use_kb(knowledge: Knowledge) -> Keyword {
    let decl = KeywordDecl::new(
        "USE KB",
        &["USE KB collection:expr", "ADD KB collection:expr", "SET KB collection:expr"],
        Effect::Say,
        "Answers of this conversation search this collection; the first use leaves out all others.",
        "USE KB \"policies\"",
    );
    Keyword::say(decl, move |cx, turn, args| {
        let name = collection(&args)?;
        if let Some(name) = name.as_ref().filter(|name| !knowledge.has_collection(cx.bot_id, name)) {
            turn.log.push(LogLine {
                level: tracing::Level::WARN,
                source: cx.bot_name.clone(),
                message: format!("USE KB: the bot has no collection `{name}` (yet)"),
            });
        }
        ActiveCollections::change(turn, |own| match name {
            None => *own = ActiveCollections::default(),
            Some(name) => {
                own.without.retain(|other| *other != name);
                let chosen = own.chosen.get_or_insert_default();
                if !chosen.contains(&name) {
                    chosen.push(name);
                }
            }
        });
        Ok(Value::Null)
    })
}

fn clear_kb() -> Keyword {
    let decl = KeywordDecl::new(
        "CLEAR KB",
        &["CLEAR KB ALL", "CLEAR KB [collection:expr]"],
        Effect::Say,
        "Answers of this conversation do not search this collection any more; without a name, none at all.",
        "CLEAR KB \"policies\"",
    );
    Keyword::say(decl, |_, turn, args| {
        let name = if args.get("collection").is_some() { collection(&args)? } else { None };
        ActiveCollections::change(turn, |own| match (name, &mut own.chosen) {
            (None, _) => *own = ActiveCollections { chosen: Some(Vec::new()), without: Vec::new() },
            (Some(name), Some(chosen)) => chosen.retain(|other| *other != name),
            (Some(name), None) if !own.without.contains(&name) => own.without.push(name),
            (Some(_), None) => {}
        });
        Ok(Value::Null)
    })
}

fn think_kb(knowledge: Knowledge) -> Keyword {
    let decl = KeywordDecl::new(
        "THINK KB",
        &["THINK KB question:expr"],
        Effect::Read,
        "The best passages for a question, from the collections that the conversation uses.",
        "found = THINK KB \"How long may I return tea?\"",
    )
    .returning();
    Keyword::slow_read(decl, move |cx, args| {
        let knowledge = knowledge.clone();
        Box::pin(async move {
            let question = args.required_text("question")?;
            let active: ActiveCollections = match args.get(KNOWLEDGE_STATE) {
                Some(Arg::Value(value)) => serde_json::from_value(value.to_json()).unwrap_or_default(),
                _ => ActiveCollections::default(),
            };
            let all = knowledge.statistics(&cx.principal, cx.bot_id).await.map_err(failed)?.collections;
            let collections = active.names(all.into_iter().map(|own| own.name));
            let search = Search { question: question.clone(), collections, limit: None };
            let answer = knowledge.search(&cx.principal, cx.bot_id, &search).await.map_err(failed)?;
            Ok(Value::from_json(&thought(&question, &answer)))
        })
    })
}

/// How sure a passage is, from 0 to 1.
fn relevance(own: &FoundPassage) -> f64 {
    let share = match own.cosine {
        Some(cosine) => f64::from(cosine.clamp(0.0, 1.0)),
        // BM25 has no upper end; beyond ten nobody doubts.
        None => own.lexical.map_or(0.0, |words| f64::from(words / (words + 5.0))),
    };
    (share * 1_000.0).round() / 1_000.0
}

/// Passages as scripts see them.
fn results(answer: &Answer) -> Vec<Json> {
    let one = |own: &FoundPassage| {
        json!({
            "content": own.passage.text, "source": own.path, "kb_name": own.collection, "relevance": relevance(own),
            "title": own.title, "place": own.passage.place, "page": own.passage.page,
        })
    };
    answer.passages.iter().map(one).collect()
}

/// What THINK KB gives.
fn thought(question: &str, answer: &Answer) -> Json {
    let mut sources: Vec<&str> = Vec::new();
    for own in &answer.passages {
        if !sources.contains(&own.path.as_str()) {
            sources.push(&own.path);
        }
    }
    json!({
        "query": question, "results": results(answer), "total": answer.passages.len(),
        "confidence": answer.passages.iter().map(relevance).fold(0.0, f64::max), "sources": sources,
    })
}

/// A keyword that gives a number of the bot's documents.
fn read(
    knowledge: &Knowledge,
    name: &'static str,
    doc: &'static str,
    example: &'static str,
    value: fn(&CallContext, &Statistics) -> Value,
) -> Keyword {
    let knowledge = knowledge.clone();
    let decl = KeywordDecl::new(name, &[name], Effect::Read, doc, example).returning();
    Keyword::read(decl, move |cx, _| {
        let knowledge = knowledge.clone();
        Box::pin(async move {
            let own = knowledge.statistics(&cx.principal, cx.bot_id).await.map_err(failed)?;
            Ok(value(cx, &own))
        })
    })
}

fn collection_stats(knowledge: Knowledge) -> Keyword {
    let decl = KeywordDecl::new(
        "KB COLLECTION STATS",
        &["KB COLLECTION STATS collection:expr"],
        Effect::Read,
        "The numbers of one collection.",
        "policies = KB COLLECTION STATS \"policies\"",
    )
    .returning();
    Keyword::read(decl, move |cx, args| {
        let knowledge = knowledge.clone();
        Box::pin(async move {
            let name = args.required_text("collection")?;
            let own = knowledge.statistics(&cx.principal, cx.bot_id).await.map_err(failed)?;
            let found = own.collections.iter().find(|own| own.name.to_lowercase() == name.to_lowercase());
            found.map(|one| Value::from_json(&of_collection(one, own.has_vectors))).ok_or_else(|| no_collection(&name))
        })
    })
}

fn added_since(knowledge: Knowledge) -> Keyword {
    let decl = KeywordDecl::new(
        "KB DOCUMENTS ADDED SINCE",
        &["KB DOCUMENTS ADDED SINCE days:expr"],
        Effect::Read,
        "How many documents came in the last so many days.",
        "TALK KB DOCUMENTS ADDED SINCE 7",
    )
    .returning();
    Keyword::read(decl, move |cx, args| {
        let knowledge = knowledge.clone();
        Box::pin(async move {
            let days = match args.value("days") {
                Value::Int(days) => days as f64,
                Value::Float(days) => days,
                other => botserver_basic_types::ops::to_text(&other).trim().parse().unwrap_or(f64::NAN),
            };
            if !days.is_finite() || days < 0.0 {
                return Err(BasicError::type_mismatch("`days` must be a number of days"));
            }
            let since = cx.now.as_millisecond().saturating_sub((days * DAY_MS as f64) as i64);
            let count = knowledge.added_since(&cx.principal, cx.bot_id, since).await.map_err(failed)?;
            Ok(Value::Int(count))
        })
    })
}

fn statistics(own: &Statistics) -> Json {
    let sum = |of: fn(&crate::Collection) -> i64| own.collections.iter().map(of).sum::<i64>();
    json!({
        "total_documents": sum(|own| own.documents),
        "total_passages": sum(|own| own.passages),
        "total_vectors": if own.has_vectors { sum(|own| own.passages) } else { 0 },
        "total_disk_size_mb": megabytes(sum(|own| own.bytes)),
        "total_collections": own.collections.len(),
        "documents_added_last_week": own.last_week,
        "documents_added_last_month": own.last_month,
        "collections": own.collections.iter().map(|one| of_collection(one, own.has_vectors)).collect::<Vec<_>>(),
    })
}

fn of_collection(own: &crate::Collection, has_vectors: bool) -> Json {
    json!({
        "name": own.name, "status": own.state().word(), "documents": own.documents, "passages": own.passages,
        "vectors": if has_vectors { own.passages } else { 0 },
        "failed": own.failed, "waiting": own.waiting, "disk_size_mb": megabytes(own.bytes),
    })
}

fn megabytes(bytes: i64) -> f64 {
    (bytes as f64 / f64::from(1 << 20) * 1_000.0).round() / 1_000.0
}

fn no_collection(name: &str) -> BasicError {
    BasicError::new(3001, format!("there is no collection `{name}`"))
}

/// What `FIND question IN COLLECTION name` does: rows of passages, best first.
pub fn find_in_collection(knowledge: &Knowledge) -> Handler {
    let knowledge = knowledge.clone();
    Handler::Read {
        slow: true,
        run: Arc::new(move |cx, args| {
            let knowledge = knowledge.clone();
            Box::pin(async move { find(&knowledge, cx, &args).await })
        }),
    }
}

async fn find(knowledge: &Knowledge, cx: &CallContext, args: &Args) -> Result<Value, BasicError> {
    let question = args.required_text("question")?;
    let names = vec![args.required_text("collection")?];
    let all = knowledge.statistics(&cx.principal, cx.bot_id).await.map_err(failed)?.collections;
    if !all.iter().any(|own| own.name.to_lowercase() == names[0].to_lowercase()) {
        return Err(no_collection(&names[0]));
    }
    let limit = match args.value("limit") {
        Value::Int(limit) => Some(usize::try_from(limit).unwrap_or_default().clamp(1, MOST)),
        _ => None,
    };
    let search = Search { question: question.clone(), collections: Some(names), limit };
    let answer = knowledge.search(&cx.principal, cx.bot_id, &search).await.map_err(failed)?;
    let rows = results(&answer).into_iter().filter_map(|row| match Value::from_json(&row) {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Ok(Value::Rows(Rows { rows: rows.collect(), single: false }))
}

fn failed(error: Error) -> BasicError {
    match error {
        Error::Invalid(message) => BasicError::invalid(message),
        other => BasicError::new(1000, format!("the documents cannot be searched now: {other}")),
    }
}
