//! Typed ids: UUIDs (version 7, so that they sort by time) inside, `prefix_` and 32 hex digits at the edge.

use std::{fmt, hash::Hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// What an id names; gives it its prefix at the edge.
pub trait Kind: Copy + Eq + Ord + Hash + fmt::Debug + Send + Sync + 'static {
    /// The prefix without `_`, such as `cnv`.
    const PREFIX: &'static str;
}

/// The id of a `K`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K: Kind>(Uuid, PhantomData<K>);

/// A text that is no id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of the form {prefix}_ and 32 hexadecimal digits")]
pub struct IdError {
    /// What was given (shortened).
    pub text: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// Wraps a UUID.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The UUID, as stored.
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<K: Kind> From<Uuid> for Id<K> {
    fn from(uuid: Uuid) -> Self {
        Self::new(uuid)
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}_{}", K::PREFIX, self.0.simple())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .filter(|hex| hex.len() == 32)
            .and_then(|hex| Uuid::try_parse(hex).ok())
            .map(Self::new)
            .ok_or_else(|| IdError { text: text.chars().take(60).collect(), prefix: K::PREFIX })
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $alias:ident $prefix:literal;)*) => {
        /// The kinds of things that have ids.
        pub mod kinds {
            $($(#[$doc])* #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)] pub struct $kind;
            impl super::Kind for $kind { const PREFIX: &'static str = $prefix; })*
        }
        $($(#[$doc])* pub type $alias = Id<kinds::$kind>;)*
    };
}

kinds! {
    /// An organisation.
    Org OrgId "org";
    /// A person: a visitor or an account.
    Person PersonId "usr";
    /// A bot.
    Bot BotId "bot";
    /// A conversation.
    Conversation ConversationId "cnv";
    /// A message of a conversation.
    Message MessageId "msg";
    /// A file that came with a message.
    Attachment AttachmentId "att";
    /// One run of a program.
    Execution ExecutionId "exe";
    /// A durable timer.
    Timer TimerId "tmr";
    /// One request, for logs and support.
    Request RequestId "req";
}

/// Where new ids come from; tests use sequential ones.
pub trait IdSource: Send + Sync {
    /// A new UUID, later than the ones before.
    fn next_uuid(&self) -> Uuid;
}

/// Version-7 UUIDs.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl IdSource for RandomIds {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes ids")]
    fn next_uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

impl dyn IdSource {
    /// A new typed id.
    pub fn next<K: Kind>(&self) -> Id<K> {
        Id::new(self.next_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_and_refuses_other_kinds() {
        let ids: &dyn IdSource = &RandomIds;
        let id: ConversationId = ids.next();
        assert_eq!(id.to_string().parse::<ConversationId>(), Ok(id));
        assert!(id.to_string().parse::<BotId>().is_err());
        for bad in ["", "cnv", "cnv_", "cnv_zz", &"cnv_".repeat(20), "cnv_0190-1"] {
            assert!(bad.parse::<ConversationId>().is_err(), "{bad}");
        }
    }
}
