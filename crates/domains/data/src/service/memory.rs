//! Memory of bots and people: values keep their types, some of them for a time.

use botserver_basic_types::Value;
use botserver_db::Tx;
use botserver_kernel::{BotId, Principal};
use sha2::{Digest, Sha256};

use super::{Actor, DataService};
use crate::{
    Error, Result,
    store::{Entry, Owner},
};

/// Longest key, in characters.
const MAX_KEY: usize = 200;
/// Largest value, in bytes of JSON.
const MAX_VALUE: usize = 1024 * 1024;
/// Keys per owner, unless `user-memory-max-keys` says otherwise.
pub(crate) const MAX_KEYS: u64 = 10_000;

/// Facts of a person that are told, the newest.
const MOST_FACTS: u64 = 100;
/// Begins the keys of facts without a name; no name does.
const UNNAMED: &str = "\u{1}";

/// Whose memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryOwner {
    /// The bot's: everybody who talks with it shares it.
    Bot,
    /// The person's, with every bot.
    Person,
    /// The person's with this bot (REMEMBER).
    PersonWithBot,
    /// What the bot's model is told of the person (SET USER FACT).
    Facts,
}

impl MemoryOwner {
    const fn stored(self, actor: &Actor<'_>) -> Owner {
        match self {
            Self::Bot => Owner::Bot(actor.bot_id),
            Self::Person => Owner::Person(actor.principal.person_id),
            Self::PersonWithBot => Owner::Recall(actor.bot_id, actor.principal.person_id),
            Self::Facts => Owner::Facts(actor.bot_id, actor.principal.person_id),
        }
    }
}

impl DataService {
    /// What is kept under a key, if anything.
    pub async fn recall(&self, actor: Actor<'_>, owner: MemoryOwner, key: &str) -> Result<Option<Value>> {
        let now_ms = actor.now.as_millisecond();
        let owner = owner.stored(&actor);
        let found = self.store().recall(self.db.read(), actor.principal.org_id, owner, key_text(key)?, now_ms).await?;
        found.map(|text| read(key, &text)).transpose()
    }

    /// What the bot's model is told of a person, the newest first: a name, empty for what has none, and the fact.
    pub async fn facts(&self, person: &Principal, bot_id: BotId, now_ms: i64) -> Result<Vec<(String, Value)>> {
        let owner = Owner::Facts(bot_id, person.person_id);
        let found = self.store().list_memory(self.db.read(), person.org_id, owner, now_ms, MOST_FACTS).await?;
        let facts = found.into_iter().map(|(key, text)| Ok((fact_name(&key).to_owned(), read(&key, &text)?)));
        facts.collect()
    }

    /// Keeps a value under a key, for some milliseconds or for good. A value of null forgets the key.
    pub async fn remember(
        &self,
        tx: &Tx,
        actor: Actor<'_>,
        owner: MemoryOwner,
        (key, value): (&str, &Value),
        lifetime_ms: Option<i64>,
        max_keys: u64,
    ) -> Result<()> {
        let (store, org, now_ms) = (self.store(), actor.principal.org_id, actor.now.as_millisecond());
        let owner = owner.stored(&actor);
        let key = key_text(key)?;
        if value.is_null() {
            store.forget(tx, org, owner, Some(key)).await?;
            return Ok(());
        }
        if holds_secret(value) {
            return Err(Error::Invalid("a secret is not kept in memory".into()));
        }
        let text = serde_json::to_string(value)
            .map_err(|error| Error::Invalid(format!("the value of `{key}` cannot be kept: {error}")))?;
        if text.len() > MAX_VALUE {
            return Err(Error::Invalid(format!("the value of `{key}` is larger than {} MB", MAX_VALUE / 1024 / 1024)));
        }
        let is_new = store.recall(tx, org, owner, key, now_ms).await?.is_none();
        if is_new && store.count_memory(tx, org, owner, now_ms).await? >= max_keys {
            return Err(Error::Invalid(format!("memory holds at most {max_keys} keys")));
        }
        let expires_at_ms = lifetime_ms.map(|lifetime| now_ms.saturating_add(lifetime));
        store.remember(tx, org, owner, key, Entry { value: text, expires_at_ms }, now_ms).await
    }

    /// Forgets everything of an owner; gives the number of keys.
    pub async fn forget_all(&self, tx: &Tx, actor: Actor<'_>, owner: MemoryOwner) -> Result<u64> {
        self.store().forget(tx, actor.principal.org_id, owner.stored(&actor), None).await
    }
}

fn read(key: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Error::Invalid(format!("the value kept under `{key}` cannot be read: {error}")))
}

/// The key of a fact without a name: the same sentence is kept once.
pub(crate) fn unnamed_fact(text: &str) -> String {
    let digest = Sha256::digest(text.trim().as_bytes());
    digest.iter().take(16).fold(UNNAMED.to_owned(), |key, byte| key + &format!("{byte:02x}"))
}

fn fact_name(key: &str) -> &str {
    if key.starts_with(UNNAMED) { "" } else { key }
}

fn key_text(key: &str) -> Result<&str> {
    let key = key.trim();
    if key.is_empty() || key.chars().count() > MAX_KEY || key.contains('\0') {
        return Err(Error::Invalid(format!("a key of memory has 1 to {MAX_KEY} characters")));
    }
    Ok(key)
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::Array(items) => items.iter().any(holds_secret),
        Value::Object(fields) => fields.values().any(holds_secret),
        Value::Rows(rows) => rows.rows.iter().flat_map(|row| row.values()).any(holds_secret),
        _ => false,
    }
}
