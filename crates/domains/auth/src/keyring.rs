//! Signed values: what we give to a browser and recognise when it comes back. The newest key signs, all
//! keys verify, so that keys can be changed without signing anybody out.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use botserver_kernel::OrgId;
use ring::hmac;

/// What a signed value is for; a value signed for one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Visitor,
    OwnerSession,
}

impl Purpose {
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Visitor => b"botserver visitor\0",
            Self::OwnerSession => b"botserver owner session\0",
        }
    }
}

pub(crate) struct Keyring {
    org_id: OrgId,
    /// By number, the newest last; never empty.
    keys: Vec<(i32, hmac::Key)>,
}

impl Keyring {
    /// `None` without any key.
    pub(crate) fn new(org_id: OrgId, mut secrets: Vec<(i32, Vec<u8>)>) -> Option<Self> {
        secrets.sort_unstable_by_key(|(number, _)| *number);
        let keys: Vec<_> =
            secrets.into_iter().map(|(number, secret)| (number, hmac::Key::new(hmac::HMAC_SHA256, &secret))).collect();
        (!keys.is_empty()).then_some(Self { org_id, keys })
    }

    /// `payload.key.signature`, in characters that a cookie may have.
    pub(crate) fn sign(&self, purpose: Purpose, payload: &[u8]) -> String {
        let Some((number, key)) = self.keys.last() else { return String::new() };
        let signature = hmac::sign(key, &self.message(purpose, payload));
        format!("{}.{number}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(signature))
    }

    /// The payload, if we signed it for this purpose. The comparison takes the same time whatever is wrong.
    pub(crate) fn verify(&self, purpose: Purpose, text: &str) -> Option<Vec<u8>> {
        // Nothing that we sign comes near this.
        if text.len() > 300 {
            return None;
        }
        let mut parts = text.split('.');
        let (payload, number, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let number: i32 = number.parse().ok()?;
        let (_, key) = self.keys.iter().find(|(known, _)| *known == number)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(key, &self.message(purpose, &payload), &signature).ok()?;
        Some(payload)
    }

    /// Compares two hashes in a time that does not tell where they differ.
    pub(crate) fn same(&self, one: &[u8], other: &[u8]) -> bool {
        self.keys.last().is_some_and(|(_, key)| hmac::verify(key, one, hmac::sign(key, other).as_ref()).is_ok())
    }

    fn message(&self, purpose: Purpose, payload: &[u8]) -> Vec<u8> {
        [purpose.word(), self.org_id.uuid().as_bytes(), payload].concat()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn ring(org: u128, secrets: &[(i32, u8)]) -> Keyring {
        let secrets = secrets.iter().map(|(number, byte)| (*number, vec![*byte; 32])).collect();
        Keyring::new(OrgId::new(Uuid::from_u128(org)), secrets).expect("a key")
    }

    #[test]
    fn only_what_we_signed_for_this_purpose_is_believed() {
        let ours = ring(1, &[(1, 7)]);
        let text = ours.sign(Purpose::Visitor, b"anna");
        assert_eq!(ours.verify(Purpose::Visitor, &text).as_deref(), Some(b"anna".as_slice()));
        assert_eq!(ours.verify(Purpose::OwnerSession, &text), None);
        assert_eq!(ring(2, &[(1, 7)]).verify(Purpose::Visitor, &text), None, "another organisation");
        assert_eq!(ring(1, &[(1, 8)]).verify(Purpose::Visitor, &text), None, "another installation");
        assert_eq!(ring(1, &[(2, 7)]).verify(Purpose::Visitor, &text), None, "another key number");
    }

    #[test]
    fn every_changed_character_is_noticed() {
        let ours = ring(1, &[(1, 7)]);
        let text = ours.sign(Purpose::Visitor, b"anna");
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).expect("ASCII");
            assert_eq!(ours.verify(Purpose::Visitor, &forged), None, "{forged}");
            assert_eq!(ours.verify(Purpose::Visitor, &text[..at]), None, "cut at {at}");
        }
        for bad in ["", ".", "..", "...", "a.1.b", "é.1.é", &"a".repeat(10_000)] {
            assert_eq!(ours.verify(Purpose::Visitor, bad), None, "{bad}");
        }
    }

    #[test]
    fn an_old_key_still_verifies_and_the_newest_signs() {
        let old = ring(1, &[(1, 7)]).sign(Purpose::Visitor, b"anna");
        let both = ring(1, &[(2, 9), (1, 7)]);
        assert!(both.verify(Purpose::Visitor, &old).is_some());
        assert!(both.sign(Purpose::Visitor, b"anna").contains(".2."));
        assert!(both.same(b"x", b"x") && !both.same(b"x", b"y") && !both.same(b"x", b""));
    }
}
