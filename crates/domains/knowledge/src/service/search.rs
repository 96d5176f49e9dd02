//! Questions: the best passages among those that the asking person may read.

use std::time::Duration;

use botserver_kernel::{BotId, Principal};
use botserver_ports::{EmbedKind, Fusion, IndexError, IndexHit, IndexQuery};
use tokio::time::{Instant, timeout};

use super::{Knowledge, MANAGE, TALK, evidence};
use crate::{
    CollectionId, DocumentId, Error, FoundPassage, Generation, Result, grants_of,
    speech::{ground, leans},
    store,
};

/// So many passages a question can ask for; nobody reads more.
pub const MOST_PASSAGES: usize = 200;
/// For each passage that is wanted so many are looked at, and at least so many altogether.
const SPARE: usize = 3;
const LEAST_LOOKED_AT: usize = 30;
/// Nobody asks more.
const LONGEST_QUESTION: usize = 2_000;
/// A question is answered by its words when its meaning takes longer.
const EMBED_TIME: Duration = Duration::from_secs(5);

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Its text.
    pub question: String,
    /// Only in these collections, by name; in all without.
    pub collections: Option<Vec<String>>,
    /// How many passages; `rag-top-k` without.
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The passages, best first.
    pub passages: Vec<FoundPassage>,
    /// What the meaning was compared with; `None` when words alone decided.
    pub embedder: Option<String>,
    /// Why the answer may be worse than it could be.
    pub warnings: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl Knowledge {
    /// The best passages that a person may read.
    pub async fn search(&self, principal: &Principal, bot_id: BotId, search: &Search) -> Result<Answer> {
        self.search_after(principal, bot_id, search, &[]).await
    }

    /// The same in a conversation: what leans on the questions before it (newest first) is searched with them too.
    pub async fn search_after(
        &self,
        principal: &Principal,
        bot_id: BotId,
        search: &Search,
        before: &[String],
    ) -> Result<Answer> {
        self.authorize(principal, &TALK, bot_id).await?;
        self.find_passages(bot_id, grants_of(principal), search, before).await
    }

    /// The best passages that somebody with these grants may read; for the owner, who tests what people see.
    pub async fn search_as(
        &self,
        principal: &Principal,
        bot_id: BotId,
        grants: Vec<String>,
        search: &Search,
    ) -> Result<Answer> {
        self.authorize(principal, &MANAGE, bot_id).await?;
        let own = grants_of(principal);
        let others: Vec<String> = grants.iter().filter(|grant| !own.contains(grant)).cloned().collect();
        let unused = self.granted_nowhere(bot_id, others).await?;
        let mut answer = self.find_passages(bot_id, grants, search, &[]).await?;
        answer.warnings.extend(unused);
        Ok(answer)
    }

    async fn find_passages(
        &self,
        bot_id: BotId,
        grants: Vec<String>,
        search: &Search,
        before: &[String],
    ) -> Result<Answer> {
        let began = Instant::now();
        let mut answer = Answer::default();
        if let Some(limit) = search.limit.filter(|limit| !(1..=MOST_PASSAGES).contains(limit)) {
            return Err(Error::Invalid(format!(
                "a question can ask for 1 to {MOST_PASSAGES} passages, not for {limit}"
            )));
        }
        let question: String = search.question.chars().take(LONGEST_QUESTION).collect();
        let row = store::libraries::find(self.0.deps.db.read(), self.org(), bot_id).await?;
        let Some(row) = row.filter(|_| !question.trim().is_empty()) else { return Ok(answer) };
        let Some(collections) = self.collections_named(bot_id, search.collections.as_deref(), &mut answer).await?
        else {
            answer.took = began.elapsed();
            return Ok(answer);
        };
        let config = self.config(bot_id);
        let number = |key: &str, usual: f64| config.number(key).unwrap_or(usual) as f32;
        let top = usize::try_from(config.integer("rag-top-k").unwrap_or(10)).unwrap_or(10);
        let limit = search.limit.unwrap_or(top).clamp(1, MOST_PASSAGES);
        let hybrid = config.boolean("rag-hybrid-enabled");
        let words = config.boolean("bm25-enabled");
        // The question by itself, and, when it leans on what was asked before, also with that.
        let mut questions = vec![question.clone()];
        let ground = if leans(&question) { ground(before) } else { String::new() };
        if !ground.trim().is_empty() {
            let ground: String = ground.chars().take(LONGEST_QUESTION).collect();
            questions.push(format!("{ground}\n{question}"));
        }
        let vectors = self.question_vectors(bot_id, &row.serving, &questions, &mut answer).await;
        if row.rebuilding {
            answer.warnings.push("the search index is being built anew; it does not have everything yet".to_owned());
        }
        answer.embedder = vectors.as_ref().map(|_| row.serving.embedder.clone());
        let mut rankings = Vec::with_capacity(2);
        for (place, text) in questions.iter().enumerate() {
            let vector = vectors.as_ref().and_then(|vectors| vectors.get(place).cloned());
            let query = IndexQuery {
                // Without vectors the words are all there is.
                text: if vector.is_some() && (!hybrid || !words) { String::new() } else { text.clone() },
                language: None,
                vector,
                collections: collections.iter().map(|(id, _)| id.uuid()).collect(),
                grants: grants.clone(),
                // More than are wanted, so that headings and what was asked before can bring one up.
                limit: (limit * SPARE).clamp(LEAST_LOOKED_AT, MOST_PASSAGES),
                fusion: Fusion { vector: number("rag-dense-weight", 0.7), lexical: number("rag-sparse-weight", 0.3) },
            };
            match self.0.deps.index.search(&row.serving.spec(), query).await {
                Ok(hits) => rankings.push(hits),
                Err(error @ (IndexError::Damaged { .. } | IndexError::Dimensions { .. })) => {
                    if let Some(attached) = self.attached(bot_id) {
                        self.alarmed(&attached, &error);
                    }
                    answer.warnings.push(format!("{error}; it is being built anew"));
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !rankings.is_empty() {
            self.look_after(bot_id, &row.serving).await;
        }
        let hits = evidence::merged(rankings);
        let least = number("rag-min-score", 0.0);
        let says_nothing = evidence::says_nothing(&hits);
        let found = self.passages_found(hits, &collections, &grants, least).await?;
        answer.passages = evidence::headed_first(found, &question, says_nothing);
        answer.passages.truncate(limit);
        answer.took = began.elapsed();
        Ok(answer)
    }

    /// Has an index built anew whose files somebody has taken away; what is open goes on answering.
    async fn look_after(&self, bot_id: BotId, serving: &Generation) {
        if self.0.deps.index.vanished(&serving.spec()).await
            && let Some(attached) = self.attached(bot_id)
        {
            let reason = "its files are gone".to_owned();
            self.alarmed(&attached, &IndexError::Damaged { index: serving.index.clone(), reason });
        }
    }

    /// A sentence for each role, group or person that no document of the bot names: a mistake, most likely.
    async fn granted_nowhere(&self, bot_id: BotId, mut named: Vec<String>) -> Result<Vec<String>> {
        named.retain(|grant| grant.contains(':') && grant != "role:owner");
        if named.is_empty() {
            return Ok(named);
        }
        let granted = store::documents::grants(self.0.deps.db.read(), self.org(), bot_id).await?;
        named.retain(|grant| !granted.contains(grant));
        Ok(named.into_iter().map(|grant| format!("no document of this bot is opened by `{grant}`")).collect())
    }

    /// The collections that are searched, with their names; `None` when there are none to search.
    async fn collections_named(
        &self,
        bot_id: BotId,
        names: Option<&[String]>,
        answer: &mut Answer,
    ) -> Result<Option<Vec<(CollectionId, String)>>> {
        let mut chosen = store::collections::names(self.0.deps.db.read(), self.org(), bot_id).await?;
        if let Some(names) = names {
            let same = |left: &str, right: &str| left.to_lowercase() == right.to_lowercase();
            for name in names {
                if !chosen.iter().any(|(_, own)| same(own, name)) {
                    answer.warnings.push(format!("there is no collection `{name}`"));
                }
            }
            chosen.retain(|(_, own)| names.iter().any(|name| same(own, name)));
        }
        Ok((!chosen.is_empty()).then_some(chosen))
    }

    async fn question_vectors(
        &self,
        bot_id: BotId,
        serving: &Generation,
        questions: &[String],
        answer: &mut Answer,
    ) -> Option<Vec<Vec<f32>>> {
        if serving.dimensions == 0 {
            return None;
        }
        let embedder = (self.0.deps.embedders)(bot_id, &self.config(bot_id));
        let Some(embedder) = embedder.filter(|own| own.name() == serving.embedder) else {
            answer.warnings.push("the documents are being embedded anew; words alone decide until then".to_owned());
            return None;
        };
        let embedded = timeout(EMBED_TIME, embedder.embed(questions, EmbedKind::Query)).await;
        let whole = |vectors: &Vec<Vec<f32>>| {
            vectors.len() == questions.len() && vectors.iter().all(|own| own.len() == serving.dimensions)
        };
        let reason = match embedded {
            Ok(Ok(vectors)) if whole(&vectors) => return Some(vectors),
            Ok(Ok(_)) => "the embedder gave something else than a vector".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the embedder took too long".to_owned(),
        };
        tracing::warn!(reason, "a question is answered by its words only");
        answer.warnings.push(format!("words alone decided: {reason}"));
        None
    }

    /// The passages as they are in SQL. What the index does not know yet (a document that is gone, readers that are
    /// others now) counts here.
    async fn passages_found(
        &self,
        hits: Vec<IndexHit>,
        collections: &[(CollectionId, String)],
        grants: &[String],
        least: f32,
    ) -> Result<Vec<FoundPassage>> {
        let mut ids: Vec<DocumentId> = hits.iter().map(|hit| DocumentId::new(hit.document)).collect();
        ids.sort();
        ids.dedup();
        let documents = store::documents::these(self.0.deps.db.read(), self.org(), &ids).await?;
        let wanted: Vec<(DocumentId, i64, u32)> = hits
            .iter()
            .filter_map(|hit| Some((DocumentId::new(hit.document), documents.get(&hit.document)?.served?, hit.number)))
            .collect();
        let mut passages = store::passages::these(self.0.deps.db.read(), self.org(), &wanted).await?;
        let mut found = Vec::new();
        for hit in hits {
            let Some(document) = documents.get(&hit.document) else { continue };
            let by = document.grants.iter().find(|own| grants.contains(own));
            let collection = collections.iter().find(|(id, _)| *id == document.collection_id);
            let (Some(by), Some((_, collection))) = (by, collection) else { continue };
            // Words are evidence enough; what was found by its meaning alone must be near.
            if hit.lexical.is_none() && hit.cosine.is_some_and(|cosine| cosine < least) {
                continue;
            }
            let Some(passage) = passages.remove(&(hit.document, hit.number)) else { continue };
            found.push(FoundPassage {
                document: document.id,
                title: document.shown_title(),
                path: document.path.clone(),
                collection: collection.clone(),
                passage,
                score: hit.score,
                lexical: hit.lexical,
                cosine: hit.cosine,
                fit: evidence::fit(&hit),
                why: why(&hit, by),
            });
        }
        Ok(found)
    }
}

fn why(hit: &IndexHit, by: &str) -> String {
    let reason = match (hit.lexical, hit.cosine) {
        (Some(words), Some(meaning)) => format!("words (BM25 {words:.2}) and meaning (cosine {meaning:.2})"),
        (Some(words), None) => format!("words (BM25 {words:.2})"),
        (None, Some(meaning)) => format!("meaning (cosine {meaning:.2})"),
        (None, None) => "rank".to_owned(),
    };
    format!("{reason}; readable by {by}")
}

/// A collection that questions name must exist.
impl Knowledge {
    /// The collections of a bot, or an error that names the one it does not have.
    pub async fn check_collections(&self, bot_id: BotId, names: &[String]) -> Result<()> {
        let all = store::collections::names(self.0.deps.db.read(), self.org(), bot_id).await?;
        for name in names {
            if !all.iter().any(|(_, own)| own.to_lowercase() == name.to_lowercase()) {
                return Err(Error::Invalid(format!("there is no collection `{name}`")));
            }
        }
        Ok(())
    }
}
