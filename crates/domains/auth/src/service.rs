//! The verbs: who sends a request, owner links, sign-ins. The only place where identities are made.

use std::sync::Arc;

use async_trait::async_trait;
use axum_extra::extract::cookie::CookieJar;
use botserver_db::{Db, OrgScope};
use botserver_kernel::{Clock, IdSource, OrgId, Permission, PersonId, Principal, Role, Secret};
use botserver_ports::{Authorizer, Resource};
use botserver_web::{
    Authenticated, Authenticator, Problem, RateLimiter, RatePolicy, RequestFacts, SignIn, address_key,
};
use http::{HeaderMap, HeaderValue};

use crate::{
    Error, Result,
    authorizer::TableAuthorizer,
    cookies::{Cookies, Transport, VisitorCookie},
    keyring::Keyring,
    model::{AuthSettings, OwnerLink, OwnerSession, OwnerSessionId, Token, millis, random},
    store::{self, StoredSession},
};

/// Attempts with an owner link of one address.
const ATTEMPTS: RatePolicy = RatePolicy::per_minute("owner-links", 10);
/// And of all addresses together.
const ALL_ATTEMPTS: RatePolicy = RatePolicy::per_minute("all-owner-links", 100);
/// How exactly the last request of a sign-in is known: a write per request would be too much.
const SEEN_EVERY_MS: i64 = 60_000;
/// But always in so many steps of the time after which it ends.
const SEEN_STEPS: i64 = 10;

/// What this room needs from the server.
#[derive(Clone)]
pub struct AuthDeps {
    /// The database, migrated.
    pub db: Db,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Counts attempts.
    pub limiter: RateLimiter,
    /// How long things last.
    pub settings: AuthSettings,
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    deps: AuthDeps,
    org: OrgScope,
    keys: Keyring,
    cookies: Cookies,
}

/// A browser that has just become an owner's.
pub(crate) struct Entered {
    pub(crate) set_cookie: Option<HeaderValue>,
}

impl Auth {
    /// Opens the room; the first time it makes the organisation and the signing key.
    pub async fn open(deps: AuthDeps) -> Result<Self> {
        let now_ms = deps.clock.now_ms();
        let org_id = store::ensure_org(&deps.db, OrgId::new(deps.ids.next_uuid()), now_ms).await?;
        let org = OrgScope(org_id);
        let keys = store::ensure_keys(&deps.db, org, random::<32>()?.to_vec(), now_ms).await?;
        let keys = Keyring::new(org_id, keys).ok_or(Error::Randomness)?;
        Ok(Self(Arc::new(Inner { deps, org, keys, cookies: Cookies::new(org_id) })))
    }

    /// The organisation of this installation.
    pub fn org_id(&self) -> OrgId {
        self.0.org.0
    }

    /// Decides who may do what.
    pub fn authorizer(&self) -> Arc<dyn Authorizer> {
        Arc::new(TableAuthorizer)
    }

    /// Finds out who sends a request.
    pub fn authenticator(&self) -> Arc<dyn Authenticator> {
        Arc::new(self.clone())
    }

    /// Makes a one-time link; for whoever runs the server's own command line.
    pub async fn issue_owner_link(&self) -> Result<OwnerLink> {
        let Inner { deps, org, .. } = &*self.0;
        let (now_ms, org) = (deps.clock.now_ms(), *org);
        let expires_at_ms = now_ms.saturating_add(millis(deps.settings.link_life));
        let token = Token::random(deps.ids.next_uuid())?;
        let (id, hash) = (token.id, token.hash());
        let insert = deps.db.write("auth.issue_owner_link", move |tx| {
            Box::pin(async move {
                store::delete_spent_links(tx, org, now_ms).await?;
                store::insert_link(tx, org, id, hash, now_ms, expires_at_ms).await
            })
        });
        insert.await?;
        tracing::info!("an owner link was made");
        Ok(OwnerLink { path: Secret::new(format!("/owner/enter?token={}", token.encode())), expires_at_ms })
    }

    /// Uses an owner link up: this browser is an owner's from now on.
    pub(crate) async fn enter(
        &self,
        visitor: &Principal,
        token: &str,
        client: &str,
        facts: &RequestFacts,
    ) -> Result<Entered> {
        let Inner { deps, org, keys, cookies } = &*self.0;
        let address = facts.address.map_or_else(|| "in-process".to_owned(), address_key);
        deps.limiter.check(ATTEMPTS, &address).await?;
        deps.limiter.check(ALL_ATTEMPTS, "").await?;
        let link = Token::decode(token).ok_or(Error::BadOwnerLink)?;
        let now_ms = deps.clock.now_ms();
        let session_token = Token::random(deps.ids.next_uuid())?;
        let stored = StoredSession {
            session: OwnerSession {
                id: OwnerSessionId::new(session_token.id),
                person_id: visitor.person_id,
                client: client.chars().take(200).collect(),
                created_at_ms: now_ms,
                seen_at_ms: now_ms,
                expires_at_ms: now_ms.saturating_add(millis(deps.settings.session_life)),
            },
            secret_hash: session_token.hash(),
        };
        let (this, org) = (self.clone(), *org);
        let used = deps.db.write("auth.enter", move |tx| {
            Box::pin(async move {
                let found = store::find_link(tx, org, link.id).await?.ok_or(Error::BadOwnerLink)?;
                let right = this.0.keys.same(&found.secret_hash, &link.hash()) && now_ms < found.expires_at_ms;
                if !right || !store::use_link(tx, org, link.id, now_ms).await? {
                    return Err(Error::BadOwnerLink);
                }
                store::insert_session(tx, org, &stored).await?;
                Ok::<_, Error>(stored.session.id)
            })
        });
        let session = used.await?;
        tracing::info!(%session, "an owner signed in");
        let seconds = millis(deps.settings.session_life) / 1000;
        Ok(Entered { set_cookie: cookies.set_owner(&session_token, keys, transport(facts), seconds) })
    }

    /// Ends a sign-in; the browser forgets its cookie.
    pub(crate) async fn sign_out(&self, sign_in: SignIn, facts: &RequestFacts) -> Result<Option<HeaderValue>> {
        let Inner { deps, org, cookies, .. } = &*self.0;
        let session = OwnerSessionId::new(uuid::Uuid::from_u128(sign_in.0));
        store::end_session(&deps.db, *org, session, deps.clock.now_ms()).await?;
        tracing::info!(%session, "an owner signed out");
        Ok(cookies.clear_owner(transport(facts)))
    }

    /// The sign-ins that hold, the newest first.
    pub async fn list_sessions(&self, principal: &Principal) -> Result<Vec<OwnerSession>> {
        self.authorize(principal, Permission::new("owner.read")).await?;
        let Inner { deps, org, .. } = &*self.0;
        let now_ms = deps.clock.now_ms();
        let stored = store::list_sessions(&deps.db, *org, now_ms).await?;
        let live = stored.into_iter().map(|stored| stored.session);
        Ok(live.filter(|session| session.is_live(now_ms, deps.settings.session_idle)).collect())
    }

    /// Ends any owner's sign-in, at once.
    pub async fn revoke_session(&self, principal: &Principal, id: OwnerSessionId) -> Result<()> {
        self.authorize(principal, Permission::new("owner.write")).await?;
        let Inner { deps, org, .. } = &*self.0;
        if !store::end_session(&deps.db, *org, id, deps.clock.now_ms()).await? {
            return Err(Error::NoSession);
        }
        tracing::info!(session = %id, "a sign-in was revoked");
        Ok(())
    }

    async fn authorize(&self, principal: &Principal, permission: Permission) -> Result<()> {
        let resource = Resource { org_id: self.org_id(), kind: "owner", id: None, owner: None };
        Ok(TableAuthorizer.authorize(principal, &permission, &resource).await?)
    }

    /// The sign-in that this cookie proves, unless it ended.
    async fn live_session(&self, token: &Token) -> Result<Option<OwnerSession>> {
        let Inner { deps, org, keys, .. } = &*self.0;
        let Some(stored) = store::find_session(&deps.db, *org, OwnerSessionId::new(token.id)).await? else {
            return Ok(None);
        };
        let now_ms = deps.clock.now_ms();
        let StoredSession { session, secret_hash } = stored;
        if !keys.same(&secret_hash, &token.hash()) || !session.is_live(now_ms, deps.settings.session_idle) {
            return Ok(None);
        }
        let every_ms = SEEN_EVERY_MS.min(millis(deps.settings.session_idle) / SEEN_STEPS);
        if now_ms - session.seen_at_ms >= every_ms {
            store::touch_session(&deps.db, *org, session.id, now_ms).await?;
        }
        Ok(Some(session))
    }
}

fn transport(facts: &RequestFacts) -> Transport {
    Transport { secure: facts.secure, embed: facts.embed }
}

#[async_trait]
impl Authenticator for Auth {
    async fn authenticate(&self, headers: &HeaderMap, facts: &RequestFacts) -> Result<Authenticated, Problem> {
        let Inner { deps, org, keys, cookies } = &*self.0;
        let jar = CookieJar::from_headers(headers);
        let transport = transport(facts);
        let now = deps.clock.now().as_second();
        let mut set_cookies = Vec::new();

        // A forged cookie, or one of another installation, is as good as none.
        let known = cookies.visitor(&jar, keys, transport);
        let person_id = known.map_or_else(|| PersonId::new(deps.ids.next_uuid()), |visitor| visitor.person_id);
        if known.is_none_or(|visitor| visitor.is_old(now)) {
            set_cookies.extend(cookies.set_visitor(VisitorCookie::new(person_id, now), keys, transport));
        }
        // An owner is the visitor of their browser with more rights: their own chats stay where they are.
        let session = match cookies.owner(&jar, keys, transport) {
            Some(token) => self.live_session(&token).await?,
            None => None,
        };
        let role = if session.is_some() { Role::Owner } else { Role::Visitor };
        Ok(Authenticated {
            principal: Principal { org_id: org.0, person_id, role },
            sign_in: session.map(|session| SignIn(session.id.uuid().as_u128())),
            set_cookies,
        })
    }
}
