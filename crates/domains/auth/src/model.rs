//! The nouns: settings, owner links, sign-ins and the random secrets that prove them.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use botserver_kernel::{Id, Kind, PersonId, Secret};
use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use uuid::Uuid;

use crate::{Error, Result};

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub struct AuthSettings {
    /// A sign-in ends after this time without a request.
    pub session_idle: Duration,
    /// And after this time in any case.
    pub session_life: Duration,
    /// An owner link works for this long.
    pub link_life: Duration,
}

impl Default for AuthSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self { session_idle: Duration::from_mins(30), session_life: 30 * DAY, link_life: DAY }
    }
}

/// Marks the ids of sign-ins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OwnerSessionKind;

impl Kind for OwnerSessionKind {
    const PREFIX: &'static str = "ses";
}

/// The id of a sign-in.
pub type OwnerSessionId = Id<OwnerSessionKind>;

/// A sign-in of an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerSession {
    /// Its id.
    pub id: OwnerSessionId,
    /// Who signed in: the visitor that this browser was.
    pub person_id: PersonId,
    /// The browser's own description.
    pub client: String,
    /// Unix milliseconds.
    pub created_at_ms: i64,
    /// Unix milliseconds of a recent request.
    pub seen_at_ms: i64,
    /// Unix milliseconds when it ends in any case.
    pub expires_at_ms: i64,
}

impl OwnerSession {
    /// Does it still hold?
    pub fn is_live(&self, now_ms: i64, idle: Duration) -> bool {
        now_ms < self.expires_at_ms && now_ms < self.seen_at_ms.saturating_add(millis(idle))
    }
}

pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A link that makes whoever opens it first an owner.
#[derive(Debug)]
pub struct OwnerLink {
    /// Path and query, to be put behind the server's address. Whoever has it is the owner: print it, do not log it.
    pub path: Secret<String>,
    /// Unix milliseconds.
    pub expires_at_ms: i64,
}

/// Something random that only its holder knows, with the id under which its hash is stored.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) id: Uuid,
    secret: [u8; 32],
}

impl Token {
    pub(crate) fn random(id: Uuid) -> Result<Self> {
        Ok(Self { id, secret: random()? })
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self { id: Uuid::from_bytes(*id), secret: secret.try_into().ok()? })
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.id.as_bytes().as_slice(), &self.secret].concat()
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        Self::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?)
    }

    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes())
    }

    /// What the database holds. The secret has 256 random bits, so a plain hash cannot be searched.
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest::digest(&digest::SHA256, &self.secret).as_ref().to_vec()
    }
}

pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Randomness)?;
    Ok(bytes)
}
