//! The two cookies: who a visitor is, and an owner's sign-in. Their names end with a mark of the
//! installation, because servers on several ports of one machine share one cookie jar.

use axum_extra::extract::cookie::CookieJar;
use botserver_kernel::{OrgId, PersonId};
use http::HeaderValue;
use uuid::Uuid;

use crate::{
    keyring::{Keyring, Purpose},
    model::Token,
};

/// The longest life that browsers grant.
const VISITOR_SECONDS: i64 = 400 * 24 * 60 * 60;
/// A visitor's cookie that is older than this is given anew.
const RENEW_SECONDS: i64 = 30 * 24 * 60 * 60;

/// How the request came, as far as it matters for cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transport {
    pub(crate) secure: bool,
    pub(crate) embed: bool,
}

/// A visitor as their cookie shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VisitorCookie {
    pub(crate) person_id: PersonId,
    /// Unix seconds.
    issued_at: i64,
}

impl VisitorCookie {
    pub(crate) const fn new(person_id: PersonId, issued_at: i64) -> Self {
        Self { person_id, issued_at }
    }

    pub(crate) const fn is_old(&self, now: i64) -> bool {
        now.saturating_sub(self.issued_at) > RENEW_SECONDS
    }

    fn bytes(&self) -> Vec<u8> {
        [self.person_id.uuid().as_bytes().as_slice(), &self.issued_at.to_be_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (person, issued) = bytes.split_first_chunk::<16>()?;
        let issued_at = i64::from_be_bytes(issued.try_into().ok()?);
        Some(Self { person_id: PersonId::new(Uuid::from_bytes(*person)), issued_at })
    }
}

/// The names of one installation's cookies.
pub(crate) struct Cookies {
    mark: String,
}

impl Cookies {
    pub(crate) fn new(org_id: OrgId) -> Self {
        let text = org_id.uuid().simple().to_string();
        // The end of the id is random; its beginning is the time.
        Self { mark: text.get(24..).unwrap_or_default().to_owned() }
    }

    /// `__Host-` makes browsers refuse the cookie from a sibling domain; they grant it over https only.
    fn name(&self, word: &str, secure: bool) -> String {
        format!("{}bs_{word}_{}", if secure { "__Host-" } else { "" }, self.mark)
    }

    pub(crate) fn visitor(&self, jar: &CookieJar, keys: &Keyring, transport: Transport) -> Option<VisitorCookie> {
        // In another site's frame browsers send only the partitioned one; where both come, the first wins
        // on every request, so that page and API agree.
        ["visitor", "embed"].into_iter().find_map(|word| {
            let cookie = jar.get(&self.name(word, transport.secure))?;
            VisitorCookie::from_bytes(&keys.verify(Purpose::Visitor, cookie.value())?)
        })
    }

    pub(crate) fn set_visitor(
        &self,
        visitor: VisitorCookie,
        keys: &Keyring,
        transport: Transport,
    ) -> Option<HeaderValue> {
        // Without https no browser keeps a cookie in another site's frame; then the ordinary one is tried.
        let framed = transport.embed && transport.secure;
        let name = self.name(if framed { "embed" } else { "visitor" }, transport.secure);
        let value = keys.sign(Purpose::Visitor, &visitor.bytes());
        let attributes = if framed { "SameSite=None; Secure; Partitioned" } else { first_party(transport.secure) };
        set_cookie(&name, &value, VISITOR_SECONDS, attributes)
    }

    pub(crate) fn owner(&self, jar: &CookieJar, keys: &Keyring, transport: Transport) -> Option<Token> {
        let cookie = jar.get(&self.name("owner", transport.secure))?;
        Token::from_bytes(&keys.verify(Purpose::OwnerSession, cookie.value())?)
    }

    pub(crate) fn set_owner(
        &self,
        token: &Token,
        keys: &Keyring,
        transport: Transport,
        seconds: i64,
    ) -> Option<HeaderValue> {
        let value = keys.sign(Purpose::OwnerSession, &token.bytes());
        set_cookie(&self.name("owner", transport.secure), &value, seconds, first_party(transport.secure))
    }

    pub(crate) fn clear_owner(&self, transport: Transport) -> Option<HeaderValue> {
        set_cookie(&self.name("owner", transport.secure), "", 0, first_party(transport.secure))
    }
}

fn set_cookie(name: &str, value: &str, seconds: i64, attributes: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; {attributes}")).ok()
}

const fn first_party(secure: bool) -> &'static str {
    if secure { "SameSite=Lax; Secure" } else { "SameSite=Lax" }
}
